#include "sim/charge_plant.h"

#include <algorithm>
#include <cmath>

namespace bmsd {

ChargePlant::ChargePlant(const ChargePlantOptions& options)
    : options_(options), battery_(options.battery), seconds_(options.start_hour * 3600) {}

void ChargePlant::advance(Duration elapsed) {
  double left = seconds(elapsed);
  if (left <= 0) return;
  const double count = std::ceil(left / options_.longest_step);
  for (double i = 0; i < count; ++i) step(left / count);
}

// The sun feeds the house first; what is left charges, what is missing the battery gives. A charger can lower its current until the sun
// gives nothing; it cannot draw the battery down to CVL, the house's load does that.
double ChargePlant::wanted_current() const {
  if (!limits_) return 0;
  const double voltage = std::max(battery_.voltage(), 1.0);
  const double constant_voltage =
      (limits_->cvl + options_.voltage_error - battery_.resting_voltage()) / battery_.resistance();
  const double most = std::min({limits_->ccl, constant_voltage, (flow_.pv - flow_.load) / voltage});
  return std::max({most, -flow_.load / voltage, -limits_->dcl});
}

void ChargePlant::step(double seconds) {
  flow_.pv = fixed_pv_.value_or(pv_power(options_.house, seconds_));
  flow_.load = fixed_load_.value_or(load_power(options_.house, seconds_));
  current_ += (wanted_current() - current_) * (1 - std::exp(-seconds / options_.response_s));
  battery_.step(seconds, current_, room_temperature(options_.house, seconds_));
  current_ = battery_.current();  // an open FET stops it at once
  flow_.battery = battery_.current() * battery_.voltage();
  // What the load gets comes from the sun and the battery.
  flow_.unserved = std::max(0.0, flow_.load - flow_.pv + std::min(0.0, flow_.battery));
  flow_.unused_pv = std::max(0.0, flow_.pv - flow_.load - flow_.battery);
  seconds_ += seconds;
}

}  // namespace bmsd
