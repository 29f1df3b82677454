#include "control/current_limits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "battery/battery.h"
#include "control/cells.h"

namespace bmsd {
namespace {

constexpr double kEqual = 0.001;  // A: limits that differ by less have the same reason
// A cell that cannot be believed may be the highest or the lowest one, so the others alone must not decide.
constexpr double kShareWithoutCells = 0.25;

// What one direction is computed from.
struct Direction {
  double configured;  // A
  const char* configured_reason;
  const CurrentTables& tables;
  std::optional<double> of_bms;        // A
  std::optional<double> extreme_cell;  // V: the highest when charging, the lowest when discharging
  bool cells_in_doubt;                 // some are implausible
  std::optional<bool> fet_on;
  bool stopped;  // by a protection
};

struct Candidate {
  double current;  // A
  const char* reason;
};

// In the order in which reasons are named.
using Candidates = std::array<std::optional<Candidate>, 5>;

struct Temperatures {
  std::optional<double> lowest, highest;  // degrees Celsius
};

Temperatures temperatures_of(const Battery& battery) {
  if (const auto& sensors = battery.cell_temperatures(); sensors && !sensors->empty()) {
    const auto [lowest, highest] = std::minmax_element(sensors->begin(), sensors->end());
    return {*lowest, *highest};
  }
  const auto pack = battery.get(Field::pack_temperature);
  return {pack, pack};
}

// The lower share of the table at the given inputs; nothing if none is known.
std::optional<double> lowest_share(bool enabled, const Table& table,
                                   std::initializer_list<std::optional<double>> inputs) {
  std::optional<double> share;
  if (!enabled) return share;
  for (const auto& input : inputs) {
    if (input) share = std::min(share.value_or(1), fraction_at(table, *input));
  }
  return share;
}

Candidates candidates_of(const Direction& way, const Battery& battery) {
  const auto [coldest, hottest] = temperatures_of(battery);
  const CurrentTables& tables = way.tables;
  auto by_cells = lowest_share(tables.by_cell_voltage, tables.cell_voltage, {way.extreme_cell});
  if (way.cells_in_doubt && tables.by_cell_voltage) by_cells = std::min(by_cells.value_or(1), kShareWithoutCells);
  const auto by_temperature = lowest_share(tables.by_temperature, tables.temperature, {coldest, hottest});
  const auto by_mosfet =
      lowest_share(tables.by_mos_temperature, tables.mos_temperature, {battery.get(Field::mos_temperature)});
  const auto by_soc = lowest_share(tables.by_soc, tables.soc, {battery.get(Field::soc)});

  Candidates candidates;
  if (by_cells) candidates[0] = {way.configured * *by_cells, "Cell Voltage"};
  if (by_temperature) candidates[1] = {way.configured * *by_temperature, "Temp"};
  if (by_mosfet) candidates[2] = {way.configured * *by_mosfet, "MOSFET"};
  if (by_soc) candidates[3] = {way.configured * *by_soc, "SoC"};
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

CurrentLimit limit(const Direction& way, const Battery& battery, bool tells_fets) {
  const Candidates candidates = candidates_of(way, battery);
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

double sane_maximum(double configured) { return std::isfinite(configured) ? std::max(configured, 0.0) : 0; }

}  // namespace

CurrentLimit charge_limit(const ControlConfig& config, const Battery& battery, bool tells_fets) {
  const auto cells = cell_range(battery, config.max_cell_voltage);
  return limit({.configured = sane_maximum(config.max_battery_charge_current),
                .configured_reason = "Max Battery Charge Current",
                .tables = config.charge,
                .of_bms = battery.get(Field::max_charge_current),
                .extreme_cell = cells ? std::optional(cells->highest) : std::nullopt,
                .cells_in_doubt = cells ? cells->implausible > 0 : battery.cell_voltages().has_value(),
                .fet_on = battery.flag(Field::charge_fet_on),
                .stopped = battery.alarms().blocks_charge()},
               battery, tells_fets);
}

CurrentLimit discharge_limit(const ControlConfig& config, const Battery& battery, bool tells_fets) {
  const auto cells = cell_range(battery, config.max_cell_voltage);
  return limit({.configured = sane_maximum(config.max_battery_discharge_current),
                .configured_reason = "Max Battery Discharge Current",
                .tables = config.discharge,
                .of_bms = battery.get(Field::max_discharge_current),
                .extreme_cell = cells ? std::optional(cells->lowest) : std::nullopt,
                .cells_in_doubt = cells ? cells->implausible > 0 : battery.cell_voltages().has_value(),
                .fet_on = battery.flag(Field::discharge_fet_on),
                .stopped = battery.alarms().blocks_discharge()},
               battery, tells_fets);
}

}  // namespace bmsd
