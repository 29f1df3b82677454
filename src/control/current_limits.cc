#include "control/current_limits.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

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
  bool charging;
  double configured;  // A
  const CurrentTables& tables;
  std::optional<double> of_bms;        // A
  std::optional<double> extreme_cell;  // V: the highest when charging, the lowest when discharging
  std::uint8_t extreme_cell_number;
  std::optional<bool> fet_on;
  bool stopped;  // by a protection
};

struct Input {
  std::optional<double> value;
  std::uint8_t place = 0;
};

// What a table asks for: the lower share at the given inputs, or little where they are in doubt. Nothing if none is
// known.
class TableRule {
 public:
  TableRule(const ControlConfig& config, const Direction& way, Rule rule)
      : reads_(table_of(config, rule, way.charging)), configured_(way.configured) {
    asked_.rule = rule;
  }

  void at(const Input& input) {
    if (!input.value) return;
    const double share = fraction_at(*reads_.table, *input.value, reads_.between);
    if (share_ && share >= *share_) return;
    share_ = share;
    asked_.input = input.value;
    asked_.place = input.place;
  }
  void in_doubt() {
    if (share_ && *share_ <= kShareInDoubt) return;
    share_ = kShareInDoubt;
    asked_.in_doubt = true;
  }
  void add_to(LimitCandidates& candidates) {
    if (!share_) return;
    asked_.value = configured_ * *share_;
    candidates.add(asked_);
  }

 private:
  RuleTable reads_;
  double configured_;
  LimitCandidate asked_;
  std::optional<double> share_;
};

LimitCandidates candidates_of(const Direction& way, const ControlConfig& config, const CurrentInputs& inputs) {
  LimitCandidates candidates;
  candidates.add({.rule = Rule::configured, .value = way.configured});
  if (way.of_bms && *way.of_bms < way.configured) candidates.add({.rule = Rule::bms_limit, .value = *way.of_bms});
  if (way.tables.by_cell_voltage) {
    TableRule rule(config, way, Rule::cell_voltage);
    rule.at({way.extreme_cell, way.extreme_cell_number});
    if (inputs.cells_in_doubt) rule.in_doubt();
    rule.add_to(candidates);
  }
  if (way.tables.by_temperature) {
    TableRule rule(config, way, Rule::temperature);
    rule.at({inputs.coldest, inputs.coldest_sensor});
    rule.at({inputs.hottest, inputs.hottest_sensor});
    if (inputs.temperatures_in_doubt) rule.in_doubt();
    rule.add_to(candidates);
  }
  if (way.tables.by_mos_temperature) {
    TableRule rule(config, way, Rule::mos_temperature);
    rule.at({inputs.mos});
    rule.at({inputs.pending_mos});
    rule.add_to(candidates);
  }
  if (way.tables.by_soc) {
    TableRule rule(config, way, Rule::soc);
    rule.at({inputs.soc});
    rule.at({inputs.pending_soc});
    rule.add_to(candidates);
  }
  if (way.stopped) candidates.add({.rule = Rule::protection});
  if (way.fet_on == false) candidates.add({.rule = Rule::fet_off});
  return candidates;
}

const char* name_of(Rule rule, bool charging) {
  switch (rule) {
    case Rule::configured:
      return charging ? "Max Battery Charge Current" : "Max Battery Discharge Current";
    case Rule::bms_limit:
      return "BMS Settings";
    case Rule::cell_voltage:
      return "Cell Voltage";
    case Rule::temperature:
      return "Temp";
    case Rule::mos_temperature:
      return "MOSFET";
    case Rule::soc:
      return "SoC";
    default:
      return "BMS";
  }
}

bool is_computed(Rule rule) {
  return rule == Rule::cell_voltage || rule == Rule::temperature || rule == Rule::mos_temperature || rule == Rule::soc;
}

// Off as soon as the BMS says so.
std::optional<bool> fet(const Battery& battery, Field field) {
  if (battery.pending().is_off(field)) return false;
  return battery.flag(field);
}

// The names of what is as low as `lowest`: the configured maximum alone; else the BMS's own limit, which hides the four
// computed ones; else all of them.
std::string reasons_of(double lowest, const Direction& way, const LimitCandidates& candidates) {
  std::string reasons;
  bool bms_settings = false;
  const char* before = nullptr;
  for (const LimitCandidate& candidate : candidates.all()) {
    if (candidate.value - lowest >= kEqual || (bms_settings && is_computed(candidate.rule))) continue;
    const char* name = name_of(candidate.rule, way.charging);
    if (candidate.rule == Rule::configured) return name;
    bms_settings = bms_settings || candidate.rule == Rule::bms_limit;
    if (before != nullptr && std::string_view(before) == name) continue;  // FET and protection
    if (!reasons.empty()) reasons += ", ";
    reasons += name;
    before = name;
  }
  return reasons;
}

CurrentLimit limit(const Direction& way, const LimitCandidates& candidates, bool tells_fets) {
  const double ceiling = std::min(way.configured, way.of_bms.value_or(way.configured));
  double lowest = ceiling;
  for (const LimitCandidate& candidate : candidates.all()) lowest = std::min(lowest, candidate.value);
  CurrentLimit result;
  result.value =
      std::min(std::round(lowest * 1000) / 1000, ceiling);  // rounding must not lift it above what was allowed
  result.reason = reasons_of(lowest, way, candidates);
  result.allowed = result.value > 0 && way.fet_on.value_or(!tells_fets) && !way.stopped;
  result.cause.candidates = candidates;
  result.cause.target = result.value;
  return result;
}

// A lower or higher one than is believed, that has been read and waits to be confirmed.
void look_at_pending_cells(const ControlConfig& config, const Battery& battery, CurrentInputs& inputs) {
  const auto look = [&](double volts, std::size_t number) {
    if (!plausible_cell(volts, config.max_cell_voltage)) return;
    const auto place = static_cast<std::uint8_t>(number);
    if (!inputs.highest_cell || volts > *inputs.highest_cell) {
      inputs.highest_cell = volts;
      inputs.highest_cell_number = place;
    }
    if (!inputs.lowest_cell || volts < *inputs.lowest_cell) {
      inputs.lowest_cell = volts;
      inputs.lowest_cell_number = place;
    }
  };
  const Pending& pending = battery.pending();
  if (const auto& cells = pending.cell_voltages()) {
    for (std::size_t i = 0; i < cells->size(); ++i) look((*cells)[i], i + 1);
  }
  for (const Field field : {Field::cell_voltage_max, Field::cell_voltage_min}) {
    if (const auto volts = pending.get(field)) look(*volts, 0);
  }
}

void look_at_temperatures(const Temperatures& temperatures, CurrentInputs& inputs) {
  const auto &coldest = temperatures.coldest, &hottest = temperatures.hottest;
  if (coldest && (!inputs.coldest || coldest->celsius < *inputs.coldest)) {
    inputs.coldest = coldest->celsius;
    inputs.coldest_sensor = static_cast<std::uint8_t>(coldest->sensor);
  }
  if (hottest && (!inputs.hottest || hottest->celsius > *inputs.hottest)) {
    inputs.hottest = hottest->celsius;
    inputs.hottest_sensor = static_cast<std::uint8_t>(hottest->sensor);
  }
}

}  // namespace

RuleTable table_of(const ControlConfig& config, Rule rule, bool charging) {
  const CurrentTables& tables = charging ? config.charge : config.discharge;
  const auto reads = [&config](Between steps) { return config.steps ? steps : Between::line; };
  switch (rule) {
    case Rule::cell_voltage:
      return {&tables.cell_voltage, reads(charging ? Between::lower : Between::upper)};
    case Rule::temperature:
      return {&tables.temperature, reads(charging ? Between::lower : Between::upper)};
    case Rule::mos_temperature:
      return {&tables.mos_temperature, reads(Between::lower)};
    case Rule::soc:
      return {&tables.soc, reads(Between::upper)};
    default:
      return {};
  }
}

void lower_limit(CurrentLimit& limit, double most, Rule rule, const char* reason) {
  limit.value = most;
  limit.reason = reason;
  limit.allowed = limit.allowed && most > 0;
  limit.cause.candidates.add({.rule = rule, .value = most});
  limit.cause.target = most;
}

double usable_maximum(double configured) { return std::isfinite(configured) ? std::max(configured, 0.0) : 0; }

CurrentInputs current_inputs(const ControlConfig& config, const Battery& battery) {
  CurrentInputs inputs;
  if (const auto cells = cell_range(battery, config.max_cell_voltage)) {
    inputs.highest_cell = cells->highest;
    inputs.lowest_cell = cells->lowest;
    inputs.highest_cell_number = static_cast<std::uint8_t>(cells->highest_cell);
    inputs.lowest_cell_number = static_cast<std::uint8_t>(cells->lowest_cell);
    inputs.cells_in_doubt = cells->implausible > 0;
  } else {
    inputs.cells_in_doubt = battery.cell_voltages().has_value();  // it lists cells, and none can be believed
  }
  look_at_pending_cells(config, battery, inputs);
  const Temperatures believed = temperatures_of(battery, config.sensors);
  const Temperatures pending = pending_temperatures_of(battery, config.sensors);
  look_at_temperatures(believed, inputs);
  look_at_temperatures(pending, inputs);
  inputs.mos = believed.mos;
  inputs.pending_mos = pending.mos;
  inputs.soc = battery.get(Field::soc);
  inputs.pending_soc = battery.pending().get(Field::soc);
  return inputs;
}

CurrentLimit charge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                          bool tells_fets) {
  const Direction way = {.charging = true,
                         .configured = usable_maximum(config.max_battery_charge_current),
                         .tables = config.charge,
                         .of_bms = battery.get(Field::max_charge_current),
                         .extreme_cell = inputs.highest_cell,
                         .extreme_cell_number = inputs.highest_cell_number,
                         .fet_on = fet(battery, Field::charge_fet_on),
                         .stopped = battery.alarms().blocks_charge() || battery.pending().blocks_charge()};
  return limit(way, candidates_of(way, config, inputs), tells_fets);
}

CurrentLimit discharge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                             bool tells_fets) {
  const Direction way = {.charging = false,
                         .configured = usable_maximum(config.max_battery_discharge_current),
                         .tables = config.discharge,
                         .of_bms = battery.get(Field::max_discharge_current),
                         .extreme_cell = inputs.lowest_cell,
                         .extreme_cell_number = inputs.lowest_cell_number,
                         .fet_on = fet(battery, Field::discharge_fet_on),
                         .stopped = battery.alarms().blocks_discharge() || battery.pending().blocks_discharge()};
  CurrentLimit result = limit(way, candidates_of(way, config, inputs), tells_fets);
  const double least = least_discharge(config, battery, inputs);
  if (result.value < least && way.fet_on.value_or(!tells_fets)) {
    result.value = result.cause.target = least;
    result.allowed = true;
  }
  return result;
}

double least_discharge(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs) {
  const bool stopped = fet(battery, Field::discharge_fet_on) == false || battery.alarms().blocks_discharge() ||
                       battery.pending().blocks_discharge();
  if (stopped || inputs.cells_in_doubt || !inputs.lowest_cell || !(*inputs.lowest_cell > config.min_cell_voltage))
    return 0;
  const double most =
      std::min(usable_maximum(config.max_battery_discharge_current),
               battery.get(Field::max_discharge_current).value_or(config.max_battery_discharge_current));
  return std::clamp(config.least_discharge_current, 0.0, std::max(most, 0.0));
}

}  // namespace bmsd
