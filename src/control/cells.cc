#include "control/cells.h"

#include <algorithm>
#include <cmath>

#include "battery/battery.h"

namespace bmsd {

bool plausible_cell(double voltage, double max_cell_voltage) { return voltage >= 0 && voltage <= 2 * max_cell_voltage; }

namespace {

std::optional<CellRange> told_extremes(const Battery& battery, double max_cell_voltage) {
  const auto lowest = battery.get(Field::cell_voltage_min), highest = battery.get(Field::cell_voltage_max);
  const auto pack = battery.get(Field::voltage);
  if (!lowest || !highest || !pack || *lowest > *highest || !plausible_cell(*highest, max_cell_voltage)) {
    return std::nullopt;
  }
  CellRange range;
  range.lowest = *lowest;
  range.highest = *highest;
  range.sum = *pack;
  return range;
}

}  // namespace

std::optional<CellRange> cell_range(const Battery& battery, double max_cell_voltage) {
  if (!battery.cell_voltages()) return told_extremes(battery, max_cell_voltage);
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

std::optional<double> cell_limit_of_bms(const Battery& battery, std::optional<double> count) {
  auto limit = battery.get(Field::cell_voltage_max_limit);
  const auto of_pack = battery.get(Field::charge_voltage_limit);
  if (of_pack && count) limit = std::min(limit.value_or(*of_pack / *count), *of_pack / *count);
  return limit;
}

}  // namespace bmsd
