#include "control/measured_current.h"

#include <algorithm>
#include <cmath>

#include "battery/battery.h"
#include "control/current_map.h"

namespace bmsd {
namespace {

std::optional<double> unclamped(const ControlConfig& config, const Battery& battery, const Surroundings& surroundings) {
  if (const auto& sensor = surroundings.sensor_current; sensor && std::isfinite(*sensor)) {
    return std::round(*sensor * 1000) / 1000;
  }
  const auto said = battery.get(Field::current);
  return said ? std::optional(corrected_current(config.current_map, *said)) : std::nullopt;
}

}  // namespace

std::optional<double> measured_current(const ControlConfig& config, const Battery& battery,
                                       const Surroundings& surroundings) {
  auto current = unclamped(config, battery, surroundings);
  if (!current) return current;
  if (battery.flag(Field::discharge_fet_on) == false) current = std::max(*current, 0.0);
  if (battery.flag(Field::charge_fet_on) == false) current = std::min(*current, 0.0);
  return current;
}

}  // namespace bmsd
