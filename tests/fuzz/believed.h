// What is believed of a battery can be true, whatever came.
#pragma once

#include <cmath>

#include "battery/battery.h"
#include "battery/plausibility.h"
#include "fuzz_input.h"

namespace bmsd {

inline void check_believed(const Battery& battery) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto value = battery.get(field_at(i));
    demand(!value || (std::isfinite(*value) && broken_rule(field_at(i), *value) == nullptr));
  }
  if (const auto& cells = battery.cell_voltages()) {
    demand(!cells->empty() && cells->size() <= kMaxCells);
    for (const double cell : *cells) demand(cell >= kCellVoltages.lowest && cell <= kCellVoltages.highest);
  }
  if (const auto& sensors = battery.cell_temperatures()) {
    for (const double celsius : *sensors)
      demand(celsius >= kCellTemperatures.lowest && celsius <= kCellTemperatures.highest);
  }
  for (const std::string& identity : battery.identities()) demand(!identity.empty());
}

}  // namespace bmsd
