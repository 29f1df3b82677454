// A battery as tests of control need it, filled by the way that real readings take.
#pragma once

#include <cstddef>
#include <vector>

#include "battery/battery.h"
#include "control/limiter.h"
#include "control/measured_current.h"

namespace bmsd {

inline Reading reading_of(std::vector<double> cells, double temperature = 25) {
  Reading reading;
  reading.cell_voltages = std::move(cells);
  reading.cell_temperatures = std::vector<double>{temperature, temperature};
  reading.set(Field::current, 10);
  reading.set(Field::soc, 60);
  reading.set(Field::charge_fet_on, 1);
  reading.set(Field::discharge_fet_on, 1);
  return reading;
}

inline Reading reading_of(std::size_t cells, double volts, double temperature = 25) {
  return reading_of(std::vector<double>(cells, volts), temperature);
}

inline Battery battery_of(const Reading& reading) {
  Battery battery;
  (void)battery.merge(reading, 0, Instant());
  return battery;
}

// As the BMS says it.
inline Believed believed(const Battery& battery, const ControlConfig& config = {}) {
  return {measured_current(config, battery, {}), battery.get(Field::soc)};
}

// Sixteen cells at 3.3 V, 25 degrees, both FETs on: nothing limits.
inline Battery calm_battery() { return battery_of(reading_of(16, 3.3)); }

}  // namespace bmsd
