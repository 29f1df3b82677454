#include "app/scenario.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/kept_charge.h"
#include "app/scenario_step.h"
#include "base/time.h"
#include "battery/battery.h"
#include "config/config.h"
#include "control/cells.h"
#include "control/charge_control.h"
#include "control/sensors.h"
#include "control/shown_alarm.h"
#include "sink/json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;
using Out = nlohmann::ordered_json;

constexpr std::int64_t kStart = 1'750'000'000;  // wall clock at t = 0

std::string setting_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (value.is_number()) return to_text(value.get<double>());
  std::string list;
  if (value.is_array()) {
    for (const Json& item : value) list += (list.empty() ? "" : ", ") + setting_text(item);
  }
  return list;
}

// As a file that says the same.
BatteryConfig configuration(const Json& scenario) {
  std::string file = "[DEFAULT]\n";
  const Json keys = scenario.value("config", Json::object());
  for (const auto& [key, value] : keys.items()) file += key + " = " + setting_text(value) + "\n";
  const BatteryName nameless;
  return Config::parse(file).batteries({&nameless, 1}).front();
}

template <typename T>
Out known(const std::optional<T>& value) {
  return value ? Out(*value) : Out();
}

Out rounded_or_null(std::optional<double> value, int decimals) {
  return value ? Out(rounded(*value, decimals)) : Out();
}

KeptControl restored(const Json& scenario) {
  KeptControl kept;
  const Json initial = scenario.value("initial", Json::object());
  kept.charge.may_reach_max = flag_of(initial, "allow_max_voltage").value_or(true);
  if (const auto age = number_of(initial, "max_voltage_start_age_s")) {
    kept.charge.full_since = kStart - std::llround(*age);
  }
  if (const auto age = number_of(initial, "soc_reset_last_reached_age_s")) {
    kept.charge.soc_reset_last_reached = kStart - std::llround(*age);
  }
  kept.soc_calc = number_of(initial, "soc_calc_percent");
  if (const auto history = initial.find("history"); history != initial.end()) {
    kept.history = history_values(history->dump());
  }
  return kept;
}

std::optional<Ess> ess_of(const Json& scenario) {
  const auto found = scenario.find("ess");
  if (found == scenario.end() || !found->is_object()) return std::nullopt;
  const auto whole = [&](const char* key) -> std::optional<std::int64_t> {
    const auto value = number_of(*found, key);
    return value ? std::optional<std::int64_t>(std::llround(*value)) : std::nullopt;
  };
  return Ess{whole("Hub4Mode"), whole("State"), number_of(*found, "MinimumSocLimit"), number_of(*found, "SocLimit")};
}

const char* word_of(ChargeStageName stage) {
  constexpr const char* kWords[] = {"bulk", "absorption", "float_transition", "float", "always_max", "error"};
  return kWords[static_cast<std::size_t>(stage)];
}

Out flags_of(const ChargeMode& mode) {
  Out flags = Out::array();
  if (mode.cell_ovp_holds) flags.push_back("cell_ovp_hold");
  if (mode.cell_ovp_rises) flags.push_back("cell_ovp_ramp");
  if (mode.soc_reset) flags.push_back("soc_reset");
  if (mode.balancing) flags.push_back("balancing");
  if (mode.heating) flags.push_back("heating");
  return flags;
}

Out times_of(const TimesToGo& times, TimesShown shown) {
  Out out = Out::object();
  for (const auto& point : times.to_soc) {
    Out& value = out[std::to_string(point.percent)];
    if (!point.seconds) continue;
    value = shown == TimesShown::seconds ? Out(*point.seconds) : Out(time_to_soc_text(shown, *point.seconds));
  }
  return out;
}

// "deepest_discharge" of the setting is "DeepestDischarge" below /History.
std::string history_name(const std::string& key) {
  if (key == "timestamp_last_full_charge") return "TimeSinceLastFullCharge";
  std::string name;
  bool upper = true;
  for (const char c : key) {
    if (c != '_') name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = c == '_';
  }
  return name;
}

// Shown with a minus.
bool is_drawn(const std::string& name) { return name.ends_with("Discharge") || name == "TotalAhDrawn"; }

// By the names and signs of /History.
Out published(const HistoryValues& values) {
  const auto drawn = [](std::optional<double> value) { return value ? Out(*value == 0 ? 0.0 : -*value) : Out(); };
  return {{"DeepestDischarge", drawn(values.deepest_discharge)},
          {"LastDischarge", drawn(values.last_discharge)},
          {"AverageDischarge", drawn(values.average_discharge)},
          {"TotalAhDrawn", drawn(values.total_ah_drawn)},
          {"ChargeCycles", known(values.charge_cycles)},
          {"FullDischarges", known(values.full_discharges)},
          {"AutomaticSyncs", known(values.automatic_syncs)},
          {"TimeSinceLastFullCharge", known(values.time_since_last_full_charge)},
          {"LowVoltageAlarms", known(values.low_voltage_alarms)},
          {"HighVoltageAlarms", known(values.high_voltage_alarms)},
          {"MinimumVoltage", known(values.minimum_voltage)},
          {"MaximumVoltage", known(values.maximum_voltage)},
          {"MinimumCellVoltage", known(values.minimum_cell_voltage)},
          {"MaximumCellVoltage", known(values.maximum_cell_voltage)},
          {"MinimumTemperature", known(values.minimum_temperature)},
          {"MaximumTemperature", known(values.maximum_temperature)},
          {"DischargedEnergy", known(values.discharged_energy)},
          {"ChargedEnergy", known(values.charged_energy)}};
}

// One battery on its way through a scenario.
class Passage {
 public:
  explicit Passage(const Json& scenario)
      : config_(configuration(scenario)), told_(scenario), ess_(ess_of(scenario)), scenario_(scenario) {
    control_.restore(restored(scenario));
  }

  Out step(const Json& step) {
    const double t = number_of(step, "t").value_or(0);
    const Instant now = Instant() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(t));
    wall_jump_ += std::llround(number_of(step, "wall_clock_jump_s").value_or(0));
    const WallTime wall = {kStart + std::llround(std::floor(t)) + wall_jump_};
    act(step);
    ControlConfig config = config_.control;
    const bool read = flag_of(step, "read_ok").value_or(true) && told_.read(step, battery_, now);
    config.sensors = told_.sensors(config.sensors);
    if (read) {
      control_.round_good(now);
    } else {
      control_.round_failed(battery_, config, now);
    }
    const auto& outputs = control_.evaluate(config, battery_, surroundings(step), true, wall, now);
    Out out = {{"t", step.value("t", Json(0))}};
    out.update(charge(outputs));
    out.update(measured(outputs));
    out.update(cells_and_temperatures(config));
    return out;
  }

 private:
  void act(const Json& step) {
    const Json actions = step.value("actions", Json::array());
    for (const Json& action : actions) {
      if (!action.is_array() || action.size() < 2 || !action[0].is_string()) continue;
      const auto value = number_in(action[1]);
      if (!value) continue;
      if (action[0] == "reset_soc_to") control_.set_soc(*value);
      if (action[0] == "history_clear") control_.clear_history(static_cast<int>(std::clamp(*value, 0.0, 100.0)));
    }
  }

  Surroundings surroundings(const Json& step) const {
    Surroundings around;
    around.ess = ess_;
    around.balancer_may = told_.balancer_may();
    around.heating = told_.heating();
    const ExternalSensor& sensor = config_.display.external_sensor;
    if (sensor.service.empty() || flag_of(step, "ext_present") == false) return around;
    if (!sensor.current_path.empty()) around.sensor_current = number_of(step, "ext_current_a");
    if (!sensor.soc_path.empty()) around.sensor_soc = number_of(step, "ext_soc_percent");
    return around;
  }

  Out charge(const ControlOutputs& outputs) const {
    const Limits& limits = outputs.limits;
    const auto alarm = [&](Alarm kind) {
      const Severity shown =
          shown_severity(battery_.alarms(), kind, limits.hides_high_voltage_warnings, outputs.hides_low_soc);
      return static_cast<int>(std::max(shown, Severity::ok));  // before the first one there is none
    };
    return {{"cvl_v", known(limits.cvl)},
            {"control_voltage_raw_v", known(limits.control_voltage)},
            {"max_charge_cell_voltage_v", known(limits.max_charge_cell_voltage)},
            {"battery_low_voltage_v", known(limits.low_voltage)},
            {"ccl_a", limits.charge.value},
            {"dcl_a", limits.discharge.value},
            {"mode", word_of(limits.mode.stage)},
            {"mode_flags", flags_of(limits.mode)},
            {"mode_text", limits.charge_mode},
            {"charge_limit_reason", limits.charge.reason},
            {"discharge_limit_reason", limits.discharge.reason},
            {"allow_charge", limits.charge.allowed},
            {"allow_discharge", limits.discharge.allowed},
            {"allow_balance", known(outputs.balancer_may)},
            {"balancing", battery_.balancing_cells() && battery_.balancing_cells()->any()},
            {"heating", known(outputs.heating)},
            {"needs_balancing", outputs.needs_balancing},
            {"state", static_cast<int>(outputs.state)},
            {"device_state", static_cast<int>(outputs.device_state)},
            {"soc_reset_requested", limits.soc_reset_wanted},
            {"soc_resets_sent_to_bms", config_.control.auto_reset_soc ? control_.syncs() : 0},
            {"high_voltage_alarm", alarm(Alarm::high_voltage)},
            {"high_cell_voltage_alarm", alarm(Alarm::high_cell_voltage)},
            {"low_voltage_alarm", alarm(Alarm::low_voltage)},
            {"low_cell_voltage_alarm", alarm(Alarm::low_cell_voltage)},
            {"low_soc_alarm", alarm(Alarm::low_soc)},
            {"bms_cable_alarm", static_cast<int>(outputs.presence.cable_alarm)},
            {"modules_online", outputs.presence.measurements_valid ? 1 : 0},
            {"connection_text", outputs.presence.text},
            {"driver_exit", false}};
  }

  Out measured(const ControlOutputs& outputs) const {
    const Measured& measured = outputs.measured;
    const Midpoint* mid = config_.display.midpoint && measured.midpoint ? &*measured.midpoint : nullptr;
    const bool other_source = config_.control.soc.counted || !config_.display.external_sensor.soc_path.empty();
    return {{"voltage_v", rounded_or_null(measured.voltage, 3)},
            {"current_a", rounded_or_null(measured.current, 3)},
            {"power_w", rounded_or_null(measured.power, 3)},
            {"current_avg_a", rounded_or_null(measured.mean_current, 2)},
            {"soc_percent", rounded_or_null(measured.soc, 3)},
            {"soc_calc_percent", config_.control.soc.counted ? rounded_or_null(measured.soc, 3) : Out()},
            {"soc_bms_percent", other_source ? known(battery_.get(Field::soc)) : Out()},
            {"capacity_remain_ah", rounded_or_null(measured.remaining, 3)},
            {"consumed_ah", rounded_or_null(measured.consumed, 3)},
            {"mid_voltage_v", mid ? rounded_or_null(mid->voltage, 3) : Out()},
            {"mid_voltage_deviation_percent", mid ? rounded_or_null(mid->deviation_percent, 6) : Out()},
            {"time_to_go_s", known(outputs.times.to_go)},
            {"time_to_soc", times_of(outputs.times, config_.control.times.shown)},
            {"history", with_history_of_bms(published(outputs.history))}};
  }

  // What the BMS keeps itself is what it says, which is nothing where the scenario has only the name.
  Out with_history_of_bms(Out history) const {
    const Json of_bms = scenario_.value("history_from_bms", Json());
    const auto put = [&](const std::string& key, const Json& value) {
      const std::string name = history_name(key);
      if (!history.contains(name)) return;
      history[name] = value.is_number() && is_drawn(name) ? Out(-std::abs(value.get<double>())) : Out(value);
    };
    if (of_bms.is_array()) {
      for (const Json& key : of_bms) put(key.is_string() ? key.get<std::string>() : std::string(), Json());
    } else if (of_bms.is_object()) {
      for (const auto& [key, value] : of_bms.items()) put(key, value);
    }
    return history;
  }

  Out cells_and_temperatures(const ControlConfig& config) const {
    Out out = Out::object();
    const auto range = cell_range(battery_, config.max_cell_voltage);
    const auto cell = [&](double CellRange::*value) { return range ? rounded_or_null((*range).*value, 3) : Out(); };
    const auto name = [&](std::size_t CellRange::*number) {
      return range ? Out("C" + std::to_string((*range).*number)) : Out();
    };
    out["cell_min_v"] = cell(&CellRange::lowest);
    out["cell_max_v"] = cell(&CellRange::highest);
    out["cell_sum_v"] = cell(&CellRange::sum);
    out["cell_diff_v"] = range ? rounded_or_null(range->highest - range->lowest, 3) : Out();
    out["cell_min_id"] = name(&CellRange::lowest_cell);
    out["cell_max_id"] = name(&CellRange::highest_cell);
    const Temperatures t = temperatures_of(battery_, config.sensors);
    out["temperature_c"] = rounded_or_null(t.battery, 2);
    out["min_temp_c"] = t.coldest ? rounded_or_null(t.coldest->celsius, 2) : Out();
    out["max_temp_c"] = t.hottest ? rounded_or_null(t.hottest->celsius, 2) : Out();
    return out;
  }

  BatteryConfig config_;
  StepReader told_;
  std::optional<Ess> ess_;
  const Json& scenario_;
  Battery battery_;
  ChargeControl control_;
  std::int64_t wall_jump_ = 0;  // s
};

}  // namespace

nlohmann::ordered_json run_scenario(const nlohmann::json& scenario) {
  Out result = Out::object();
  try {
    result["name"] = scenario.value("name", Json());
    Out steps = Out::array();
    Passage passage(scenario);
    const Json told = scenario.value("steps", Json::array());
    for (const Json& step : told) steps.push_back(passage.step(step));
    result["steps"] = std::move(steps);
  } catch (const Json::exception& error) {
    result["error"] = error.what();
  }
  return result;
}

}  // namespace bmsd
