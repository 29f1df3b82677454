// How long the battery lasts, and when it will have a given SoC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

// The two largest units, without those that are zero: "1d 2h", "29m 47s", "1h", "0s", "-5m".
std::string duration_text(std::int64_t seconds);

}  // namespace bmsd
