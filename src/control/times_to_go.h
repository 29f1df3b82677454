// How long the battery lasts, and when it will have a given SoC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/config.h"
#include "control/surroundings.h"

namespace bmsd {

struct TimesToGo {
  struct Point {
    std::int64_t percent = 0;             // as configured
    std::optional<std::int64_t> seconds;  // until the SoC is there; negative: since it was

    bool operator==(const Point&) const = default;
  };

  std::optional<std::int64_t> to_go;  // s, until full or until the lowest SoC that is used
  std::vector<Point> to_soc;          // by TIME_TO_SOC_POINTS, in that order

  bool operator==(const TimesToGo&) const = default;
};

// If the current stays as it was in the mean. soc: percent, capacity: Ah, mean_current: A. Nothing where one of them is
// unknown.
//   to_go    until 100 % while charging; while discharging until what the ESS keeps, or until SOC_LOW_WARNING: 0 below
//            it. Nothing while hardly any current flows (0.1 A)
//   to_soc   nothing for a point that the SoC is at or goes away from, unless `passed_points` wants those too
TimesToGo times_to_go(const ControlConfig& config, const std::optional<Ess>& ess, std::optional<double> soc,
                      std::optional<double> capacity, std::optional<double> mean_current);

// The two largest units, without those that are zero: "1d 2h", "29m 47s", "1h", "0s", "-5m".
std::string duration_text(std::int64_t seconds);

// As TIME_TO_SOC_VALUE_TYPE 2 and 3 show it: "3h 15m", "11700 [3h 15m]". Type 1 is the number itself.
std::string time_to_soc_text(TimesShown shown, std::int64_t seconds);

}  // namespace bmsd
