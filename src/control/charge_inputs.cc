#include "control/charge_inputs.h"

#include <algorithm>
#include <cmath>

#include "battery/battery.h"
#include "control/cells.h"

namespace bmsd {
namespace {

bool usable(double volts) { return std::isfinite(volts) && volts > 0; }

double pack_voltage(double count, double per_cell) { return std::round(count * per_cell * 100) / 100; }

// A cell that reads higher than is believed of it lowers the charge voltage at once. How far the charge is, which `sum` and
// `difference` tell, is not decided by what may be a glitch.
void look_at_pending(const Battery& battery, double max_cell_voltage, ChargeCells& cells) {
  const std::vector<double>& volts = battery.pending().highest_cells();
  if (volts.size() != cells.volts.size()) return;
  const auto highest = std::max_element(volts.begin(), volts.end());
  if (!plausible_cell(*highest, max_cell_voltage)) return;
  cells.volts = volts;
  cells.highest = *highest;
  cells.highest_cell = static_cast<std::uint8_t>(highest - volts.begin() + 1);
}

std::optional<ChargeCells> cells_of(const Battery& battery, double count, double max_cell_voltage) {
  if (const auto& volts = battery.cell_voltages()) {
    const auto range = cell_range(battery, max_cell_voltage);
    if (!range || range->implausible > 0 || static_cast<double>(volts->size()) != count) return std::nullopt;
    ChargeCells cells{*volts,
                      count,
                      range->sum,
                      range->highest,
                      range->highest - range->lowest,
                      static_cast<std::uint8_t>(range->highest_cell)};
    look_at_pending(battery, max_cell_voltage, cells);
    return cells;
  }
  const auto pack = battery.get(Field::voltage);
  if (!pack || !usable(*pack) || !plausible_cell(*pack / count, max_cell_voltage)) return std::nullopt;
  if (const auto range = cell_range(battery, max_cell_voltage)) {
    double highest = range->highest;
    if (const auto waits = battery.pending().get(Field::cell_voltage_max);
        waits && plausible_cell(*waits, max_cell_voltage))
      highest = std::max(highest, *waits);
    return ChargeCells{{}, count, *pack, highest, range->highest - range->lowest};
  }
  const bool doubtful = battery.get(Field::cell_voltage_max) || battery.get(Field::cell_voltage_min);
  if (doubtful) return std::nullopt;
  return ChargeCells{{}, count, *pack, *pack / count, 0};
}

}  // namespace

ChargeInputs charge_inputs(const ControlConfig& config, const Battery& battery) {
  ChargeInputs inputs;
  inputs.count = number_of_cells(battery);
  if (inputs.count) inputs.cells = cells_of(battery, *inputs.count, config.max_cell_voltage);
  inputs.capacity = battery.get(Field::capacity_full);
  inputs.bms_limit = cell_limit_of_bms(battery, inputs.count);
  inputs.charge_fet_off = battery.flag(Field::charge_fet_on) == false || battery.pending().is_off(Field::charge_fet_on);
  inputs.balancing = battery.balancing_cells() && battery.balancing_cells()->any();
  return inputs;
}

std::optional<ChargeBounds> charge_bounds(const ControlConfig& config, const ChargeInputs& inputs, bool raised) {
  const ChargeStageConfig& stages = config.stages;
  if (!inputs.count || !usable(config.max_cell_voltage)) return std::nullopt;
  const double empty = usable(config.min_cell_voltage) ? config.min_cell_voltage : 0;
  const auto& said = inputs.bms_limit;
  const bool bms_limits = said && usable(*said) && *said >= empty;
  const auto limited = [&](double per_cell) { return bms_limits ? std::min(per_cell, *said) : per_cell; };
  const double regular = config.max_cell_voltage;
  double most = regular;
  if (stages.soc_reset_after_days && usable(stages.soc_reset_cell_voltage)) {
    most = std::max(most, stages.soc_reset_cell_voltage);
  }
  const double full = limited(raised ? most : regular);
  const double floating = usable(config.float_cell_voltage) ? config.float_cell_voltage : regular;

  ChargeBounds bounds;
  bounds.cell_limit = full;
  bounds.configured = pack_voltage(*inputs.count, raised ? most : regular);
  if (bms_limits) bounds.of_bms = pack_voltage(*inputs.count, *said);
  bounds.ceiling = pack_voltage(*inputs.count, limited(most));
  bounds.highest = pack_voltage(*inputs.count, full);
  bounds.lowest = std::min(pack_voltage(*inputs.count, empty), bounds.highest);
  bounds.float_voltage = std::clamp(pack_voltage(*inputs.count, limited(floating)), bounds.lowest, bounds.highest);
  return bounds;
}

}  // namespace bmsd
