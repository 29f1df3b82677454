#include "battery/plausibility.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bmsd {
namespace {

bool inside(const FieldInfo& field, double value) {
  return std::isfinite(value) && value >= field.lowest && value <= field.highest;
}

Error implausible(const char* rule) { return {Errc::implausible, rule, 0, {}}; }

}  // namespace

const char* broken_rule(Field field, double value) { return inside(info(field), value) ? nullptr : "out_of_range"; }

bool plausible_temperatures(const std::vector<double>& sensors) {
  return std::all_of(sensors.begin(), sensors.end(), [](double t) { return inside(kCellTemperatures, t); });
}

bool usual_cell(double volts, std::optional<Chemistry> chemistry) {
  struct Range {
    double lowest, highest;  // V
  };
  // What data sheets of common cells discharge and charge them to, and 0.15 V or more beyond; in the order of Chemistry.
  constexpr Range kOfAny = {1.35, 4.35};
  constexpr std::array<Range, 3> kOf = {{{1.85, 3.8}, {2.35, 4.35}, {1.35, 2.95}}};
  const Range& range = chemistry ? kOf[static_cast<std::size_t>(*chemistry)] : kOfAny;
  return volts >= range.lowest && volts <= range.highest;
}

std::optional<Error> refuse(const Reading& reading) {
  for (const Field field : {Field::voltage, Field::current, Field::soc}) {
    const auto value = reading.get(field);
    if (value && broken_rule(field, *value) != nullptr) return implausible("out_of_range");
  }
  if (!reading.cell_voltages) return std::nullopt;

  const auto& cells = *reading.cell_voltages;
  if (cells.empty() || cells.size() > kMaxCells) return implausible("cell_count");
  if (const auto count = reading.get(Field::cell_count); count && *count != static_cast<double>(cells.size())) {
    return implausible("cell_count");
  }
  double sum = 0;
  for (const double cell : cells) {
    if (!inside(kCellVoltages, cell)) return implausible("cell_out_of_range");
    sum += cell;
  }
  if (sum == 0) return implausible("all_cells_zero");
  if (const auto voltage = reading.get(Field::voltage)) {
    if (std::abs(*voltage - sum) > std::max(0.02 * sum, 0.5)) return implausible("sum_of_cells");
  }
  return std::nullopt;
}

}  // namespace bmsd
