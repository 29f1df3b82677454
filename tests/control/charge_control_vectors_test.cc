// The scenarios of tests/vectors/charge-control.json, step by step through Disconnect, ChargeStage and Limiter. What is checked of
// each: the charge voltage with its stages, current limits with their reasons, allow flags, the lost connection, cells,
// temperatures, the current.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "control/cells.h"
#include "control/charge_stage.h"
#include "control/disconnect.h"
#include "control/limiter.h"
#include "control/measured_current.h"
#include "control/sensors.h"
#include "control/shown_alarm.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

// Scenarios, or keys of all of them, that need what is not built yet.
const std::map<std::string, const char*> kScenariosNotRun = {
    {"defect_implausible_cell_counts_in_sum",
     "a reading with a cell of 19.4 V is refused as a whole: plausibility_test.cc"},
};
const std::map<std::string, const char*> kKeysNotRun = {
    {"soc_percent", "SoC counter"},
    {"soc_calc_percent", "SoC counter"},
    {"soc_bms_percent", "SoC counter"},
    {"capacity_remain_ah", "SoC counter"},
    {"consumed_ah", "SoC counter"},
    {"current_avg_a", "mean_current_test.cc: samples count by time, not by number"},
    {"time_to_go_s", "time to go"},
    {"time_to_soc", "time to SoC"},
    {"history", "history"},
    {"mid_voltage_v", "midpoint_test.cc"},
    {"mid_voltage_deviation_percent", "midpoint_test.cc"},
    {"state", "the sink's: tests/venus"},
    {"device_state", "the sink's: tests/venus"},
    {"allow_balance", "the balancer's switch is not decoded"},
    {"balancing", "the sink's: tests/venus"},
    {"driver_exit", "nothing ends the program"},
    {"voltage_v", "the sink's: only whether it is known"},
    {"power_w", "the sink's"},
};
// Configuration that changes a checked value and is not built yet: value -> keys.
const std::map<std::string, std::set<std::string>> kNeedsConfig = {
    {"current_a", {"CURRENT_REPORTED_BY_BMS", "EXTERNAL_SENSOR_DBUS_DEVICE"}},
};

Json scenarios() {
  std::ifstream file(std::string(BMSD_TESTS_DIR) + "/vectors/charge-control.json");
  return Json::parse(file);
}

std::vector<double> numbers(const Json& value) {
  if (value.is_array()) return value.get<std::vector<double>>();
  std::istringstream text(value.get<std::string>());
  std::vector<double> list;
  for (std::string number; std::getline(text, number, ',');) list.push_back(std::stod(number));
  return list;
}

ControlConfig configuration(const Json& keys) {
  ControlConfig config;
  const std::map<std::string, bool*> flags = {
      {"CCCM_CV_ENABLE", &config.charge.by_cell_voltage},
      {"DCCM_CV_ENABLE", &config.discharge.by_cell_voltage},
      {"CCCM_T_ENABLE", &config.charge.by_temperature},
      {"DCCM_T_ENABLE", &config.discharge.by_temperature},
      {"CCCM_T_MOSFET_ENABLE", &config.charge.by_mos_temperature},
      {"DCCM_T_MOSFET_ENABLE", &config.discharge.by_mos_temperature},
      {"CCCM_SOC_ENABLE", &config.charge.by_soc},
      {"DCCM_SOC_ENABLE", &config.discharge.by_soc},
      {"BLOCK_ON_DISCONNECT", &config.block_on_disconnect},
      {"CVCM_ENABLE", &config.stages.enabled},
  };
  const std::map<std::string, double*> reals = {
      {"VOLTAGE_DROP", &config.voltage_drop},
      {"CCL_RECOVERY_HOLD_SEC", &config.charge_recovery.hold_s},
      {"CCL_RECOVERY_RATE_A_PER_SEC", &config.charge_recovery.rate_a_per_s},
      {"DCL_RECOVERY_HOLD_SEC", &config.discharge_recovery.hold_s},
      {"DCL_RECOVERY_RATE_A_PER_SEC", &config.discharge_recovery.rate_a_per_s},
      {"SWITCH_TO_FLOAT_WAIT_FOR_SEC", &config.stages.float_wait_s},
      {"CVL_RECOVERY_HOLD_SEC", &config.stages.recovery_hold_s},
      {"CVL_RECOVERY_RATE_V_PER_SEC", &config.stages.recovery_v_per_s},
  };
  const auto adjustment = [](const Json& value) { return Adjustment{numbers(value)[0], numbers(value)[1]}; };
  for (const auto& [key, value] : keys.items()) {
    if (const auto flag = flags.find(key); flag != flags.end()) *flag->second = value == "True";
    if (const auto real = reals.find(key); real != reals.end()) *real->second = value;
    if (key == "CHARGE_MODE") config.steps = value == 2;
    if (key == "CVL_CONTROLLER_MODE") config.stages.controller = static_cast<CellController>(value.get<int>());
    if (key == "SOC_RESET_AFTER_DAYS") config.stages.soc_reset_after_days = value.get<double>();
    if (key == "CELL_VOLTAGES_WHILE_CHARGING") config.charge.cell_voltage.inputs = numbers(value);
    if (key == "TEMPERATURE_1_ADJUST") config.sensors.adjust[0] = adjustment(value);
    if (key == "TEMPERATURE_MOS_ADJUST") config.sensors.adjust_mos = adjustment(value);
    if (key == "TEMPERATURE_SOURCE_BATTERY") {
      config.sensors.source.clear();
      for (const double sensor : numbers(value)) config.sensors.source.push_back(static_cast<int>(sensor));
    }
  }
  return config;
}

Reading reading_of(const Json& step, std::size_t cells) {
  Reading reading;
  reading.cell_voltages = step.contains("cells_v") ? step["cells_v"].get<std::vector<double>>()
                                                   : std::vector<double>(cells, step["cell_v"]);
  std::vector<double> sensors;
  const Json told = step.value("temps_c", Json::array({25, 25}));
  for (const Json& sensor : told) {
    if (!sensor.is_null()) sensors.push_back(sensor);
  }
  reading.cell_temperatures = sensors;
  const auto set = [&](Field field, const char* key) {
    if (step.contains(key) && !step[key].is_null()) reading.set(field, step[key]);
  };
  reading.set_unknown(Field::mos_temperature);  // absent unless the step has it
  reading.set_unknown(Field::soc);
  set(Field::current, "current_a");
  set(Field::soc, "soc_percent");
  set(Field::mos_temperature, "mos_temp_c");
  set(Field::max_charge_current, "bms_max_charge_a");
  set(Field::max_discharge_current, "bms_max_discharge_a");
  reading.set(Field::charge_fet_on, step.value("charge_fet", Json(true)) != false);
  reading.set(Field::discharge_fet_on, step.value("discharge_fet", Json(true)) != false);
  reading.balancing_cells = CellSet();
  const Json balancing = step.value("balancing_cells", Json::array());
  for (const Json& cell : balancing) reading.balancing_cells->set(cell.get<std::size_t>() - 1);
  if (step.contains("alarms")) {
    const auto level = [&](const char* key) { return static_cast<Severity>(step["alarms"].value(key, 0)); };
    reading.alarms = Alarms();
    reading.alarms->level[static_cast<std::size_t>(Alarm::high_voltage)] = level("high_voltage");
    reading.alarms->level[static_cast<std::size_t>(Alarm::high_cell_voltage)] = level("high_cell_voltage");
  }
  return reading;
}

constexpr std::int64_t kStart = 1'750'000'000;  // wall clock at t = 0

KeptCharge restored(const Json& initial) {
  KeptCharge kept;
  kept.may_reach_max = initial.value("allow_max_voltage", true);
  if (const auto age = initial.find("max_voltage_start_age_s"); age != initial.end()) {
    kept.full_since = kStart - age->get<std::int64_t>();
  }
  if (const auto age = initial.find("soc_reset_last_reached_age_s"); age != initial.end()) {
    kept.soc_reset_last_reached = kStart - age->get<std::int64_t>();
  }
  return kept;
}

const char* word_of(ChargeStageName stage) {
  constexpr const char* kWords[] = {"bulk", "absorption", "float_transition", "float", "always_max", "error"};
  return kWords[static_cast<std::size_t>(stage)];
}

Json flags_of(const ChargeMode& mode) {
  Json flags = Json::array();
  if (mode.cell_ovp_holds) flags.push_back("cell_ovp_hold");
  if (mode.cell_ovp_rises) flags.push_back("cell_ovp_ramp");
  if (mode.soc_reset) flags.push_back("soc_reset");
  if (mode.balancing) flags.push_back("balancing");
  if (mode.heating) flags.push_back("heating");
  return flags;
}

// One battery on its way through a scenario.
class Passage {
 public:
  explicit Passage(const Json& scenario) : scenario_(scenario), config_(configuration(scenario["config"])) {
    stage_.restore(restored(scenario.value("initial", Json::object())));
  }

  // What the steps say, by the keys of `expect`.
  Json step(const Json& step) {
    const Instant now = Instant() + std::chrono::seconds(step["t"].get<int>());
    if (step.value("read_ok", true)) {
      Reading reading = reading_of(step, scenario_["cell_count"]);
      reading.set(Field::capacity_full, scenario_.value("capacity_ah", 280.0));
      EXPECT_TRUE(battery_.merge(reading, 0, now)) << step.dump();
      disconnect_.round_good(now);
    } else {
      disconnect_.round_failed(battery_, config_, now);
    }
    const Presence presence = disconnect_.presence(config_, now);
    wall_jump_ += step.value("wall_clock_jump_s", 0);
    const WallTime wall = {kStart + step["t"].get<int>() + wall_jump_};
    const Json charging = charge(step, presence, wall, now);
    const Limits limits = limiter_.evaluate(config_, battery_, presence, true, wall, now);
    return {{"charging", charging},
            {"ccl_a", limits.charge.value},
            {"charge_limit_reason", limits.charge.reason},
            {"allow_charge", limits.charge.allowed},
            {"dcl_a", limits.discharge.value},
            {"discharge_limit_reason", limits.discharge.reason},
            {"allow_discharge", limits.discharge.allowed},
            {"battery_low_voltage_v", known(limits.low_voltage)},
            {"bms_cable_alarm", static_cast<int>(presence.cable_alarm)},
            {"modules_online", presence.measurements_valid ? 1 : 0},
            {"connection_text", presence.text},
            {"current_a", presence.measurements_valid ? known(measured_current(battery_)) : Json()},
            {"measurements_known", presence.measurements_valid},
            {"cells", cells()},
            {"temperatures", temperatures()}};
  }

 private:
  // Where SoC and heating come from is not the business of the stages.
  Json charge(const Json& step, const Presence& presence, WallTime wall, Instant now) {
    ChargeInputs inputs = charge_inputs(config_, battery_);
    inputs.lost = presence.lost_for > Duration();
    inputs.heating = step.value("heating", 0) == 1;
    const Json outside = step.value("ext_soc_percent", Json());
    if (step.value("ext_present", true) && outside.is_number()) inputs.soc = outside;
    const auto voltage = stage_.evaluate(config_, inputs, wall, now);
    if (!voltage) return Json::object();
    const auto alarm = [&](Alarm kind) {
      const Severity shown = shown_severity(battery_.alarms(), kind, voltage->hides_warnings);
      return static_cast<int>(std::max(shown, Severity::ok));  // before the first one there is none
    };
    return {{"cvl_v", std::round((voltage->cvl + config_.voltage_drop) * 100) / 100},
            {"control_voltage_raw_v", voltage->cvl},
            {"max_charge_cell_voltage_v", voltage->highest / *inputs.count},
            {"mode", word_of(voltage->mode.stage)},
            {"mode_flags", flags_of(voltage->mode)},
            {"mode_text", charge_mode_text(voltage->mode, config_.steps)},
            {"soc_reset_requested", stage_.soc_reset_wanted()},
            {"soc_resets_sent_to_bms", stage_.full_charges()},  // it is set at the end of a full charge
            {"high_voltage_alarm", alarm(Alarm::high_voltage)},
            {"high_cell_voltage_alarm", alarm(Alarm::high_cell_voltage)}};
  }
  template <typename T>
  static Json known(const std::optional<T>& value) {
    return value ? Json(*value) : Json();
  }
  Json cells() const {
    const auto range = cell_range(battery_, config_.max_cell_voltage);
    if (!range) return Json::object();
    return {{"cell_min_v", range->lowest},
            {"cell_max_v", range->highest},
            {"cell_diff_v", range->highest - range->lowest},
            {"cell_sum_v", range->sum},
            {"cell_min_id", "C" + std::to_string(range->lowest_cell)},
            {"cell_max_id", "C" + std::to_string(range->highest_cell)}};
  }
  Json temperatures() const {
    const Temperatures t = temperatures_of(battery_, config_.sensors);
    return {{"temperature_c", known(t.battery)},
            {"min_temp_c", t.coldest ? Json(t.coldest->celsius) : Json()},
            {"max_temp_c", t.hottest ? Json(t.hottest->celsius) : Json()}};
  }

  const Json& scenario_;
  ControlConfig config_;
  Battery battery_;
  Disconnect disconnect_;
  Limiter limiter_;
  ChargeStage stage_;
  std::int64_t wall_jump_ = 0;  // s
};

double tolerance(const std::string& key) {
  if (key == "cell_sum_v" || key == "battery_low_voltage_v" || key == "cvl_v") return 0.011;
  if (key == "control_voltage_raw_v") return 0.002;
  if (key.starts_with("cell_") || key == "max_charge_cell_voltage_v") return 0.0011;
  if (key.ends_with("temp_c") || key == "temperature_c") return 0.06;
  return 0.01;  // A
}

Json expected_of(const Json& scenario, const Json& step) {
  const bool normative = scenario.value("class", "normative") == "normative";
  Json expected = normative ? step.value("expect", Json::object()) : Json::object();
  expected.update(step.value("expect_improved", Json::object()));
  return expected;
}

bool is_built(const Json& scenario, const std::string& key) {
  if (kKeysNotRun.contains(key)) return false;
  const auto needed = kNeedsConfig.find(key);
  if (needed == kNeedsConfig.end()) return true;
  for (const std::string& config : needed->second) {
    if (scenario["config"].contains(config)) return false;
  }
  return true;
}

TEST(ChargeControlVectors, EveryStepOfEveryScenarioHolds) {
  std::map<std::string, int> checked;
  const Json all = scenarios();
  for (const Json& scenario : all) {
    if (kScenariosNotRun.contains(scenario["name"])) continue;
    Passage run(scenario);
    for (const Json& step : scenario["steps"]) {
      const std::string where = scenario["name"].get<std::string>() + " at " + step["t"].dump() + " s: ";
      Json said = run.step(step);
      said.update(said["charging"]);
      said.update(said["cells"]);
      said.update(said["temperatures"]);
      const Json expected = expected_of(scenario, step);
      if (expected.contains("voltage_v")) {
        EXPECT_EQ(said["measurements_known"], !expected["voltage_v"].is_null()) << where;
      }
      for (const auto& [key, value] : expected.items()) {
        if (!is_built(scenario, key)) continue;
        ASSERT_TRUE(said.contains(key)) << where << key;
        if (value.is_number_float() || (value.is_number() && key.ends_with("_a"))) {
          ASSERT_TRUE(said[key].is_number()) << where << key;
          EXPECT_NEAR(said[key].get<double>(), value.get<double>(), tolerance(key)) << where << key;
        } else {
          EXPECT_EQ(said[key], value) << where << key;
        }
        ++checked[key];
      }
    }
  }
  EXPECT_GT(checked["cvl_v"], 440);
  EXPECT_GT(checked["mode_text"], 420);
  EXPECT_GT(checked["high_voltage_alarm"], 10);
  EXPECT_GT(checked["ccl_a"], 450);
  EXPECT_GT(checked["charge_limit_reason"], 430);
  EXPECT_GT(checked["allow_discharge"], 430);
  EXPECT_GT(checked["bms_cable_alarm"], 25);
  EXPECT_GT(checked["connection_text"], 5);
  EXPECT_GT(checked["current_a"], 35);
  EXPECT_GT(checked["temperature_c"], 20);
}

TEST(ChargeControlVectors, TheChargeVoltageIsAlwaysTheMaximumWithoutVoltageManagement) {
  const Json all = scenarios();
  for (const Json& scenario : all) {
    if (scenario["name"] != "cvcm_disabled_always_max") continue;
    for (const Json& step : scenario["steps"]) {
      Battery battery;
      ASSERT_TRUE(battery.merge(reading_of(step, scenario["cell_count"]), 0, Instant()));
      const Limits limits = first_limits({}, battery, {}, true);
      EXPECT_NEAR(*limits.cvl, step["expect"]["cvl_v"].get<double>(), 0.005);
      EXPECT_EQ(limits.charge_mode, step["expect"]["mode_text"]);
    }
    return;
  }
  FAIL() << "the scenario is missing";
}

}  // namespace
}  // namespace bmsd
