#include "control/cells.h"

#include <algorithm>
#include <cmath>

#include "battery/battery.h"

namespace bmsd {

bool plausible_cell(double voltage, double max_cell_voltage) { return voltage >= 0 && voltage <= 2 * max_cell_voltage; }

std::optional<CellRange> cell_range(const Battery& battery, double max_cell_voltage) {
  if (!battery.cell_voltages()) return std::nullopt;
  const auto& cells = *battery.cell_voltages();
  CellRange range;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double cell = cells[i];
    if (!plausible_cell(cell, max_cell_voltage)) {
      ++range.implausible;
      continue;
    }
    range.sum += cell;
    if (range.lowest_cell == 0 || cell < range.lowest) {
      range.lowest = cell;
      range.lowest_cell = i + 1;
    }
    if (range.highest_cell == 0 || cell > range.highest) {
      range.highest = cell;
      range.highest_cell = i + 1;
    }
  }
  if (range.lowest_cell == 0) return std::nullopt;
  return range;
}

std::optional<double> number_of_cells(const Battery& battery) {
  std::optional<double> count;
  if (const auto said = battery.get(Field::cell_count); said && *said >= 1) count = std::floor(*said);
  if (battery.cell_voltages() && !battery.cell_voltages()->empty()) {
    const auto listed = static_cast<double>(battery.cell_voltages()->size());
    count = count ? std::min(*count, listed) : listed;
  }
  return count;
}

}  // namespace bmsd
