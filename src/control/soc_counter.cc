#include "control/soc_counter.h"

#include <algorithm>
#include <cmath>

namespace bmsd {
namespace {

constexpr Duration kEmptyFor = 60s;
constexpr double kNotEmptyAbove = 0.010;  // V above the empty voltage
constexpr double kCalm = 0.3;             // of the capacity, per hour
constexpr double kSecondsPerHour = 3600;

double in_range(double percent) { return std::isfinite(percent) ? std::clamp(percent, 0.0, 100.0) : 100; }

// A, as it changes what is stored.
double stored(const SocConfig& config, double current) {
  return current > 0 ? current * config.charge_efficiency : current;
}

}  // namespace

void SocCounter::restore(double percent) {
  const double saved = in_range(percent);
  if (!percent_) {
    restored_ = saved;
  } else if (began_with_) {
    percent_ = in_range(*percent_ + saved - *began_with_);
    began_with_ = saved;
  }
}

void SocCounter::set(double percent) {
  percent_ = in_range(percent);
  restored_ = began_with_ = std::nullopt;
}

std::optional<double> SocCounter::follow(const SocConfig& config, double min_cell_voltage, const SocInputs& inputs,
                                         Instant now) {
  if (!inputs.capacity || !(*inputs.capacity > 0) || !std::isfinite(*inputs.capacity)) return std::nullopt;
  if (!percent_) {
    percent_ = in_range(restored_ ? *restored_ : inputs.soc_bms.value_or(100));
    began_with_ = percent_;
  }
  if (inputs.lost) {
    empty_since_.reset();
    return percent_;
  }
  if (!counted_to_) {
    counted_to_ = now;
    before_ = inputs;
    return percent_;
  }
  count(config, inputs, now);
  look_for_empty(min_cell_voltage, inputs, now);
  return percent_;
}

void SocCounter::count(const SocConfig& config, const SocInputs& inputs, Instant now) {
  if (!inputs.current) return;
  const Instant to = std::min(now, inputs.current_at + kGap);  // an old value says nothing about today
  const Duration elapsed = to - *counted_to_;
  if (elapsed <= Duration()) return;
  const double ampere_hours = elapsed > kGap ? across_gap(config, inputs, seconds(elapsed))
                                             : stored(config, *inputs.current) * seconds(elapsed) / kSecondsPerHour;
  percent_ = in_range(*percent_ + ampere_hours / *inputs.capacity * 100);
  counted_to_ = to;
  before_ = inputs;
}

double SocCounter::across_gap(const SocConfig& config, const SocInputs& inputs, double gap_s) const {
  if (inputs.remaining_bms && before_.remaining_bms) return *inputs.remaining_bms - *before_.remaining_bms;
  if (inputs.soc_bms && before_.soc_bms) return (*inputs.soc_bms - *before_.soc_bms) / 100 * *inputs.capacity;
  const double mean = (*inputs.current + before_.current.value_or(*inputs.current)) / 2;
  return stored(config, mean) * gap_s / kSecondsPerHour;
}

void SocCounter::look_for_empty(double min_cell_voltage, const SocInputs& inputs, Instant now) {
  if (!inputs.lowest_cell || *inputs.lowest_cell > min_cell_voltage + kNotEmptyAbove) {
    empty_since_.reset();
    return;
  }
  if (*inputs.lowest_cell > min_cell_voltage) return;
  const bool discharges = inputs.current && *inputs.current < 0 && *inputs.current >= -kCalm * *inputs.capacity;
  if (!discharges || !empty_since_) {
    empty_since_ = now;
  } else if (now - *empty_since_ > kEmptyFor && std::round(*percent_) != 0) {
    set(0);
    empty_since_.reset();
  }
}

}  // namespace bmsd
