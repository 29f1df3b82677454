#include "venus/path_values.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "control/explain_text.h"
#include "control/shown_alarm.h"
#include "venus/names.h"

namespace bmsd::path_value {
namespace {

BusValue count(std::uint64_t value) {
  return static_cast<std::int32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::int32_t>::max()));
}
BusValue real(std::optional<double> value) { return value ? BusValue(*value) : BusValue(); }
BusValue yes_no(bool value) { return value ? 1 : 0; }
BusValue maybe(std::optional<bool> value) { return value ? yes_no(*value) : BusValue(); }

const std::vector<double>* filled(const std::optional<std::vector<double>>& list) {
  return list && !list->empty() ? &*list : nullptr;
}

bool both_blocked(In in) { return !in.view.limits.charge.allowed && !in.view.limits.discharge.allowed; }

// A corrected configuration is told by /ErrorCode alone: the battery runs.
OperatingState state_of(In in) {
  if (in.view.display.config_state == ConfigState::unusable) return OperatingState::error;
  return in.view.outputs.state;
}

BusValue integer(std::optional<std::int64_t> value) { return value ? integer_value(*value) : BusValue(); }

const Measured& measured(In in) { return in.view.outputs.measured; }
// Whether it is wanted.
const Midpoint* midpoint(In in) {
  return in.view.display.midpoint && measured(in).midpoint ? &*measured(in).midpoint : nullptr;
}

}  // namespace

BusValue field(In in, Field field) { return real(in.view.battery.get(field)); }
BusValue text(In in, Text text) {
  const std::string& said = in.view.battery.text(text);
  return said.empty() ? BusValue() : BusValue(said);
}

namespace {

// Where the BMS lists no cells, in its own words.
BusValue cell_name(In in, std::size_t number, Text told) {
  return number > 0 ? BusValue("C" + std::to_string(number)) : text(in, told);
}

}  // namespace

// --- Who it is

BusValue connection(Who who) {
  const bool is_serial = who.identity.port.find("://") == std::string::npos;
  return (is_serial ? "Serial " : "") + who.identity.port + address_suffix(who.identity);
}
BusValue product_name(Who who) {
  const Identity& identity = who.identity;
  return "SerialBattery " + who.facts.identity + " @ " + identity.port_name + " (" + identity.bms_type + ")";
}

// --- State

BusValue state(In in) { return static_cast<std::int32_t>(state_of(in)); }

BusValue mode(In in) {
  constexpr std::int32_t kModeOn = 3, kModeOff = 4, kModeStandby = 0xFC;
  if (state_of(in) == OperatingState::standby) return kModeOff;
  return both_blocked(in) ? kModeStandby : kModeOn;
}

BusValue device_state(In in) { return static_cast<std::int32_t>(in.view.outputs.device_state); }

// A lost battery has no error of its own; its configuration still may.
BusValue error_code(In in) {
  constexpr std::int32_t kInternalError = 8, kInvalidSettings = 119;
  if (in.view.display.config_state != ConfigState::fine) return kInvalidSettings;
  const bool lost = in.view.presence.lost_for > Duration{};
  return in.internal_errors && !lost ? BusValue(kInternalError) : BusValue();
}

BusValue connection_information(In in) { return in.view.presence.text; }

BusValue alarm(In in, Alarm alarm) {
  const bool hides = in.view.limits.hides_high_voltage_warnings, hides_soc = in.view.outputs.hides_low_soc;
  const Severity level = alarm == Alarm::bms_cable ? in.view.presence.cable_alarm
                                                   : shown_severity(in.view.battery.alarms(), alarm, hides, hides_soc);
  return level == Severity::unsupported ? BusValue() : BusValue(static_cast<std::int32_t>(level));
}

// --- What was not believed

BusValue held(In in) { return count(in.view.battery.held()); }
BusValue rejected(In in) { return count(in.view.battery.rejected()); }
BusValue failed_rounds(In in) { return count(in.view.health.failed_rounds); }
BusValue last_odd(In in) {
  const Oddity* last = nullptr;
  for (const Oddity& odd : in.view.battery.oddities()) {
    if (last == nullptr || odd.at > last->at) last = &odd;
  }
  return last == nullptr ? std::string() : std::string(last->key) + ": " + last->rule;
}

// --- Measurements

BusValue voltage(In in) { return real(measured(in).voltage); }
BusValue current(In in) { return real(measured(in).current); }
BusValue power(In in) { return real(measured(in).power); }
BusValue mean_current(In in) { return real(measured(in).mean_current); }
BusValue mid_voltage(In in) { return midpoint(in) != nullptr ? BusValue(midpoint(in)->voltage) : BusValue(); }
BusValue mid_deviation(In in) {
  return midpoint(in) != nullptr ? BusValue(midpoint(in)->deviation_percent) : BusValue();
}
BusValue soc(In in) { return real(measured(in).soc); }
BusValue soc_bms(In in) { return real(measured(in).soc_bms); }
BusValue capacity(In in) { return real(measured(in).remaining); }
BusValue capacity_bms(In in) { return real(measured(in).remaining_bms); }
BusValue consumed(In in) { return real(measured(in).consumed); }
BusValue consumed_bms(In in) { return real(measured(in).consumed_bms); }
// Consumers take it for an unsigned number.
BusValue time_to_go(In in) {
  const auto seconds = in.view.outputs.times.to_go;
  return seconds && *seconds >= 0 ? integer(seconds) : BusValue();
}

// --- Limits

BusValue charge_voltage(In in) { return real(in.view.limits.cvl); }
BusValue charge_current(In in) { return in.view.limits.charge.value; }
BusValue discharge_current(In in) { return in.view.limits.discharge.value; }
BusValue low_voltage(In in) { return real(in.view.limits.low_voltage); }
BusValue max_cell_voltage(In in) { return real(in.view.limits.max_charge_cell_voltage); }
BusValue charge_mode(In in) { return in.view.limits.charge_mode; }
BusValue charge_limitation(In in) { return in.view.limits.charge.reason; }
BusValue discharge_limitation(In in) { return in.view.limits.discharge.reason; }
BusValue charge_allowed(In in) { return yes_no(in.view.limits.charge.allowed); }
BusValue discharge_allowed(In in) { return yes_no(in.view.limits.discharge.allowed); }
BusValue charge_blocked(In in) { return yes_no(!in.view.limits.charge.allowed); }
BusValue discharge_blocked(In in) { return yes_no(!in.view.limits.discharge.allowed); }

BusValue is_off(In in, Field fet) {
  const auto is_on = in.view.battery.flag(fet);
  return is_on ? yes_no(!*is_on) : BusValue();
}

// --- Explanations

BusValue charge_debug(In in) { return in.explanation ? charge_debug_text(in.view.control, *in.explanation) : ""; }
BusValue float_debug(In in) { return in.explanation ? float_debug_text(in.view.control, *in.explanation) : ""; }
BusValue bulk_debug(In in) { return in.explanation ? bulk_debug_text(in.view.control, *in.explanation) : ""; }
BusValue explained_stage(In in) {
  return in.explanation && in.explanation->stage ? BusValue(stage_text(*in.explanation->stage)) : BusValue();
}
BusValue explained_charge_voltage(In in) {
  return in.explanation && in.explanation->cvl ? BusValue(limit_text(*in.explanation->cvl, LimitName::cvl))
                                               : BusValue();
}
BusValue explained_charge_current(In in) {
  return in.explanation ? BusValue(limit_text(in.explanation->ccl, LimitName::ccl)) : BusValue();
}
BusValue explained_discharge_current(In in) {
  return in.explanation ? BusValue(limit_text(in.explanation->dcl, LimitName::dcl)) : BusValue();
}

// --- Cells

BusValue cell_voltage(In in) {
  const auto* list = filled(in.view.battery.cell_voltages());
  if (!list || in.cell >= list->size()) return {};
  const double voltage = (*list)[in.cell];
  return plausible_cell(voltage, in.view.limits.max_cell_voltage) ? BusValue(voltage) : BusValue();
}
BusValue cell_balances(In in) {
  const auto& balancing = in.view.battery.balancing_cells();
  if (!balancing || in.cell >= balancing->size()) return {};
  return yes_no(balancing->test(in.cell));
}
BusValue balancing(In in) {
  const auto& set = in.view.battery.balancing_cells();
  return set ? yes_no(set->any()) : BusValue();
}
BusValue balancing_allowed(In in) { return maybe(in.view.outputs.balancer_may); }
BusValue heating(In in) { return maybe(in.view.outputs.heating); }
BusValue cell_sum(In in) { return in.cells ? BusValue(in.cells->sum) : BusValue(); }
BusValue lowest_voltage(In in) { return in.cells ? BusValue(in.cells->lowest) : BusValue(); }
BusValue highest_voltage(In in) { return in.cells ? BusValue(in.cells->highest) : BusValue(); }
BusValue cell_difference(In in) { return in.cells ? BusValue(in.cells->highest - in.cells->lowest) : BusValue(); }
BusValue lowest_cell(In in) {
  return in.cells ? cell_name(in, in.cells->lowest_cell, Text::cell_voltage_min_id) : BusValue();
}
BusValue highest_cell(In in) {
  return in.cells ? cell_name(in, in.cells->highest_cell, Text::cell_voltage_max_id) : BusValue();
}
BusValue cell_count(In in) {
  if (const auto* list = filled(in.view.battery.cell_voltages())) return static_cast<std::int32_t>(list->size());
  const auto said = in.view.battery.get(Field::cell_count);
  return said ? BusValue(static_cast<std::int32_t>(*said)) : BusValue();
}
BusValue modules_online(In in) { return yes_no(in.view.presence.measurements_valid); }
BusValue modules_offline(In in) { return yes_no(!in.view.presence.measurements_valid); }

// --- Temperatures

namespace {

BusValue celsius(const std::optional<Temperatures::Extreme>& extreme) {
  return extreme ? BusValue(extreme->celsius) : BusValue();
}
// Where the BMS lists no sensors, in its own words; one temperature alone is nobody's.
BusValue name_of(In in, const std::optional<Temperatures::Extreme>& extreme, Text told) {
  if (!extreme) return {};
  if (extreme->sensor < 1) return text(in, told);
  return sensor_name(in, static_cast<std::size_t>(extreme->sensor) - 1);
}

}  // namespace

BusValue temperature(In in) { return real(in.temperatures.battery); }
BusValue lowest_temperature(In in) { return celsius(in.temperatures.coldest); }
BusValue highest_temperature(In in) { return celsius(in.temperatures.hottest); }
BusValue coldest_sensor(In in) { return name_of(in, in.temperatures.coldest, Text::temperature_min_id); }
BusValue hottest_sensor(In in) { return name_of(in, in.temperatures.hottest, Text::temperature_max_id); }
BusValue mos_temperature(In in) { return real(in.temperatures.mos); }
BusValue sensor(In in, std::size_t index) {
  const auto& sensors = in.temperatures.sensors;
  return index < sensors.size() ? BusValue(sensors[index]) : BusValue();
}
BusValue sensor_name(In in, std::size_t index) {
  if (index >= in.temperatures.sensors.size()) return {};
  const auto& names = in.view.display.temperature_names;
  return index < names.size() ? names[index] : "Temp " + std::to_string(index + 1);
}

// --- History

BusValue history(const std::optional<double>& value) { return real(value); }
BusValue history(const std::optional<std::int64_t>& value) { return integer(value); }
BusValue history_counts(In in) { return yes_no(in.view.control.history); }
BusValue soc_reset_last_reached(In in) { return integer(in.view.outputs.soc_reset_last_reached); }

}  // namespace bmsd::path_value
