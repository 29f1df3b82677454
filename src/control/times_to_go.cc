#include "control/times_to_go.h"

#include <array>
#include <cmath>
#include <cstdlib>

namespace bmsd {
namespace {

constexpr double kHardlyAny = 0.1;  // A

// What the SoC, the capacity and the mean current make of it.
struct Course {
  double soc;            // percent
  double percent_per_s;  // negative: falls
  bool rises() const { return percent_per_s > 0; }

  // s, negative for a target that is behind. Nothing at the target.
  std::optional<std::int64_t> until(double target) const {
    if (target == soc) return std::nullopt;
    const double time = (target - soc) / percent_per_s;
    if (!(std::abs(time) < 1e15)) return std::nullopt;
    return static_cast<std::int64_t>(time + std::copysign(1e-6, time));  // not 3599 of 3599.9999999
  }
};

// percent, down to which the battery is used.
double lowest_used(const ControlConfig& config, const std::optional<Ess>& ess) {
  constexpr std::int64_t kOptimised = 1, kKeepCharged = 9, kLowSocFirst = 10, kLowSocLast = 12;
  if (!ess || ess->hub4_mode != kOptimised || !ess->battery_life_state) return config.soc.low_warning;
  const std::int64_t state = *ess->battery_life_state;
  if (state == kKeepCharged) return config.soc.low_warning;
  const auto& limit = state >= kLowSocFirst && state <= kLowSocLast ? ess->minimum_soc_limit : ess->soc_limit;
  return limit ? std::trunc(*limit) : config.soc.low_warning;
}

}  // namespace

TimesToGo times_to_go(const ControlConfig& config, const std::optional<Ess>& ess, std::optional<double> soc,
                      std::optional<double> capacity, std::optional<double> mean_current) {
  TimesToGo times;
  for (const std::int64_t point : config.times.points) times.to_soc.push_back({point, std::nullopt});
  const bool known = soc && capacity && *capacity > 0 && mean_current && std::isfinite(*mean_current);
  if (!known || *mean_current == 0) return times;
  const Course course = {*soc, *mean_current / *capacity * 100 / 3600};
  for (auto& point : times.to_soc) {
    const auto time = course.until(static_cast<double>(point.percent));
    if (time && (*time >= 0 || config.times.passed_points)) point.seconds = time;
  }
  if (!config.times.to_go || std::abs(*mean_current) <= kHardlyAny) return times;
  times.to_go = course.until(course.rises() ? 100 : lowest_used(config, ess));
  if (times.to_go && *times.to_go < 0) times.to_go = 0;  // below what is used
  return times;
}

std::string time_to_soc_text(TimesShown shown, std::int64_t seconds) {
  const std::string text = duration_text(seconds);
  return shown == TimesShown::both ? std::to_string(seconds) + " [" + text + "]" : text;
}

std::string duration_text(std::int64_t seconds) {
  struct Unit {
    std::int64_t seconds;
    char letter;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  const std::string sign = seconds < 0 ? "-" : "";
  const std::int64_t left = std::abs(seconds);
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (left < kUnits[i].seconds) continue;
    std::string text = sign + std::to_string(left / kUnits[i].seconds) + kUnits[i].letter;
    if (i + 1 == kUnits.size()) return text;
    const std::int64_t rest = left % kUnits[i].seconds / kUnits[i + 1].seconds;
    return rest == 0 ? text : text + ' ' + std::to_string(rest) + kUnits[i + 1].letter;
  }
  return "0s";
}

}  // namespace bmsd
