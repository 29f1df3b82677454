#include "control/current_limits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "battery/battery.h"
#include "control/cells.h"
#include "control/sensors.h"

namespace bmsd {
namespace {

constexpr double kEqual = 0.001;  // A: limits that differ by less have the same reason
// A cell that cannot be believed may be the highest or the lowest one, so the others alone must not decide.
constexpr double kShareInDoubt = 0.25;

// What one direction is computed from.
struct Direction {
  double configured;  // A
  const char* configured_reason;
  const CurrentTables& tables;
  std::optional<double> of_bms;        // A
  std::optional<double> extreme_cell;  // V: the highest when charging, the lowest when discharging
  Between by_cells, by_temperature;    // how these tables are read
  std::optional<bool> fet_on;
  bool stopped;  // by a protection
};

struct Candidate {
  double current;  // A
  const char* reason;
};

// In the order in which reasons are named.
using Candidates = std::array<std::optional<Candidate>, 5>;

// The lower share of the table at the given inputs; nothing if none is known.
std::optional<double> lowest_share(const Table& table, Between between,
                                   std::initializer_list<std::optional<double>> inputs) {
  std::optional<double> share;
  for (const auto& input : inputs) {
    if (input) share = std::min(share.value_or(1), fraction_at(table, *input, between));
  }
  return share;
}

Candidates candidates_of(const Direction& way, const ControlConfig& config, const Battery& battery,
                         const CurrentInputs& inputs) {
  const CurrentTables& tables = way.tables;
  Candidates candidates;
  const auto add = [&](std::size_t place, bool enabled, std::optional<double> share, bool in_doubt,
                       const char* reason) {
    if (in_doubt) share = std::min(share.value_or(1), kShareInDoubt);
    if (enabled && share) candidates[place] = {way.configured * *share, reason};
  };
  add(0, tables.by_cell_voltage, lowest_share(tables.cell_voltage, way.by_cells, {way.extreme_cell}),
      inputs.cells_in_doubt, "Cell Voltage");
  add(1, tables.by_temperature, lowest_share(tables.temperature, way.by_temperature, {inputs.coldest, inputs.hottest}),
      inputs.temperatures_in_doubt, "Temp");
  add(2, tables.by_mos_temperature,
      lowest_share(tables.mos_temperature, config.steps ? Between::lower : Between::line, {inputs.mos}), false,
      "MOSFET");
  add(3, tables.by_soc,
      lowest_share(tables.soc, config.steps ? Between::upper : Between::line, {battery.get(Field::soc)}), false, "SoC");
  if (way.fet_on == false || way.stopped) candidates[4] = {0, "BMS"};
  return candidates;
}

// The names of what is as low as `lowest`: the configured maximum alone; else the BMS's
// own limit, which hides the four computed ones; else all of them.
std::string reasons_of(double lowest, const Direction& way, const Candidates& candidates) {
  const auto as_low = [lowest](double current) { return current - lowest < kEqual; };
  if (as_low(way.configured)) return way.configured_reason;
  std::string reasons;
  const bool bms_settings = way.of_bms && as_low(*way.of_bms);
  if (bms_settings) reasons = "BMS Settings";
  for (std::size_t i = bms_settings ? candidates.size() - 1 : 0; i < candidates.size(); ++i) {
    if (!candidates[i] || !as_low(candidates[i]->current)) continue;
    if (!reasons.empty()) reasons += ", ";
    reasons += candidates[i]->reason;
  }
  return reasons;
}

CurrentLimit limit(const Direction& way, const Candidates& candidates, bool tells_fets) {
  const double ceiling = std::min(way.configured, way.of_bms.value_or(way.configured));
  double lowest = ceiling;
  for (const auto& candidate : candidates) {
    if (candidate) lowest = std::min(lowest, candidate->current);
  }
  CurrentLimit result;
  result.value =
      std::min(std::round(lowest * 1000) / 1000, ceiling);  // rounding must not lift it above what was allowed
  result.reason = reasons_of(lowest, way, candidates);
  result.allowed = result.value > 0 && way.fet_on.value_or(!tells_fets) && !way.stopped;
  return result;
}

}  // namespace

double usable_maximum(double configured) { return std::isfinite(configured) ? std::max(configured, 0.0) : 0; }

CurrentInputs current_inputs(const ControlConfig& config, const Battery& battery) {
  CurrentInputs inputs;
  if (const auto cells = cell_range(battery, config.max_cell_voltage)) {
    inputs.highest_cell = cells->highest;
    inputs.lowest_cell = cells->lowest;
    inputs.cells_in_doubt = cells->implausible > 0;
  } else {
    inputs.cells_in_doubt = battery.cell_voltages().has_value();  // it lists cells, and none can be believed
  }
  const Temperatures temperatures = temperatures_of(battery, config.sensors);
  if (temperatures.coldest) inputs.coldest = temperatures.coldest->celsius;
  if (temperatures.hottest) inputs.hottest = temperatures.hottest->celsius;
  inputs.mos = temperatures.mos;
  return inputs;
}

CurrentLimit charge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                          bool tells_fets) {
  const Between step = config.steps ? Between::lower : Between::line;
  const Direction way = {.configured = usable_maximum(config.max_battery_charge_current),
                         .configured_reason = "Max Battery Charge Current",
                         .tables = config.charge,
                         .of_bms = battery.get(Field::max_charge_current),
                         .extreme_cell = inputs.highest_cell,
                         .by_cells = step,
                         .by_temperature = step,
                         .fet_on = battery.flag(Field::charge_fet_on),
                         .stopped = battery.alarms().blocks_charge()};
  return limit(way, candidates_of(way, config, battery, inputs), tells_fets);
}

CurrentLimit discharge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                             bool tells_fets) {
  const Between step = config.steps ? Between::upper : Between::line;
  const Direction way = {.configured = usable_maximum(config.max_battery_discharge_current),
                         .configured_reason = "Max Battery Discharge Current",
                         .tables = config.discharge,
                         .of_bms = battery.get(Field::max_discharge_current),
                         .extreme_cell = inputs.lowest_cell,
                         .by_cells = step,
                         .by_temperature = step,
                         .fet_on = battery.flag(Field::discharge_fet_on),
                         .stopped = battery.alarms().blocks_discharge()};
  return limit(way, candidates_of(way, config, battery, inputs), tells_fets);
}

}  // namespace bmsd
