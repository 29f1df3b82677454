#include "venus/path_values.h"

#include <algorithm>
#include <utility>

#include "control/measured_current.h"
#include "control/shown_alarm.h"
#include "venus/names.h"

namespace bmsd::path_value {
namespace {

BusValue real(std::optional<double> value) { return value ? BusValue(*value) : BusValue(); }
BusValue yes_no(bool value) { return value ? 1 : 0; }

const std::vector<double>* filled(const std::optional<std::vector<double>>& list) {
  return list && !list->empty() ? &*list : nullptr;
}

std::optional<double> live_voltage(In in) {
  return in.view.presence.measurements_valid ? in.view.battery.get(Field::voltage) : std::nullopt;
}
std::optional<double> live_current(In in) {
  return in.view.presence.measurements_valid ? measured_current(in.view.control, in.view.battery, {}) : std::nullopt;
}

std::optional<double> remaining(In in) {
  if (const auto said = in.view.battery.get(Field::capacity_remaining)) return said;
  const auto full = in.view.battery.get(Field::capacity_full), soc = in.view.battery.get(Field::soc);
  if (!full || !soc) return std::nullopt;
  return *full * *soc / 100;
}

bool both_blocked(In in) { return !in.view.limits.charge.allowed && !in.view.limits.discharge.allowed; }

enum class State : std::int32_t { initialising = 0, running = 9, error = 10, standby = 14 };

// The gravest that applies. A corrected configuration is told by /ErrorCode alone: the battery runs.
State state_of(In in) {
  if (in.view.presence.given_up || in.view.display.config_state == ConfigState::unusable) return State::error;
  if (!in.view.limits.cvl) return State::initialising;
  return both_blocked(in) ? State::standby : State::running;
}

BusValue cell_name(std::size_t number) { return "C" + std::to_string(number); }

}  // namespace

BusValue field(In in, Field field) { return real(in.view.battery.get(field)); }
BusValue text(In in, Text text) {
  const std::string& said = in.view.battery.text(text);
  return said.empty() ? BusValue() : BusValue(said);
}

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
  if (state_of(in) == State::standby) return kModeOff;
  return both_blocked(in) ? kModeStandby : kModeOn;
}

// The first that applies.
BusValue device_state(In in) {
  constexpr std::int32_t kConnected = 0x100, kOverTemperature = 0x101, kTemperatureWarning = 0x102, kFault = 0x103,
                         kBlocked = 0x104, kUnderVoltage = 0x105;
  const Alarms& alarms = in.view.battery.alarms();
  const Severity heat = std::max(alarms.of(Alarm::high_temperature), alarms.of(Alarm::high_charge_temperature));
  if (alarms.of(Alarm::internal_failure) == Severity::alarm) return kFault;
  if (heat == Severity::alarm) return kOverTemperature;
  if (heat == Severity::warning) return kTemperatureWarning;
  if (alarms.of(Alarm::low_voltage) == Severity::alarm) return kUnderVoltage;
  return both_blocked(in) ? kBlocked : kConnected;
}

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

// --- Measurements

BusValue voltage(In in) { return real(live_voltage(in)); }
BusValue current(In in) { return real(live_current(in)); }
BusValue power(In in) {
  const auto volt = live_voltage(in), ampere = live_current(in);
  return volt && ampere ? BusValue(*volt * *ampere) : BusValue();
}
BusValue mean_current(In in) { return in.view.presence.measurements_valid ? real(in.mean_current) : BusValue(); }
BusValue mid_voltage(In in) { return in.midpoint ? BusValue(in.midpoint->voltage) : BusValue(); }
BusValue mid_deviation(In in) { return in.midpoint ? BusValue(in.midpoint->deviation_percent) : BusValue(); }
BusValue capacity(In in) { return real(remaining(in)); }
BusValue consumed(In in) {
  const auto full = in.view.battery.get(Field::capacity_full), left = remaining(in);
  if (!full || !left) return {};
  return std::min(0.0, *left - *full);  // a pack can hold more than it says is full
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
BusValue cell_sum(In in) { return in.cells ? BusValue(in.cells->sum) : BusValue(); }
BusValue lowest_voltage(In in) { return in.cells ? BusValue(in.cells->lowest) : BusValue(); }
BusValue highest_voltage(In in) { return in.cells ? BusValue(in.cells->highest) : BusValue(); }
BusValue cell_difference(In in) { return in.cells ? BusValue(in.cells->highest - in.cells->lowest) : BusValue(); }
BusValue lowest_cell(In in) { return in.cells ? cell_name(in.cells->lowest_cell) : BusValue(); }
BusValue highest_cell(In in) { return in.cells ? cell_name(in.cells->highest_cell) : BusValue(); }
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
// A BMS without such sensors has one temperature, which is nobody's.
BusValue name_of(In in, const std::optional<Temperatures::Extreme>& extreme) {
  if (!extreme || extreme->sensor < 1) return {};
  return sensor_name(in, static_cast<std::size_t>(extreme->sensor) - 1);
}

}  // namespace

BusValue temperature(In in) { return real(in.temperatures.battery); }
BusValue lowest_temperature(In in) { return celsius(in.temperatures.coldest); }
BusValue highest_temperature(In in) { return celsius(in.temperatures.hottest); }
BusValue coldest_sensor(In in) { return name_of(in, in.temperatures.coldest); }
BusValue hottest_sensor(In in) { return name_of(in, in.temperatures.hottest); }
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

BusValue drawn(In in) {
  const auto total = in.view.battery.get(Field::total_discharge);
  return total ? BusValue(-*total) : BusValue();
}
BusValue charge_cycles(In in) {
  if (const auto said = in.view.battery.get(Field::cycles)) return *said;
  const auto total = in.view.battery.get(Field::total_discharge), full = in.view.battery.get(Field::capacity_full);
  return total && full && *full > 0 ? BusValue(*total / *full) : BusValue();
}

}  // namespace bmsd::path_value
