// The scenarios of tests/vectors/charge-control.json that hold for limits without memory: what the first step of a
// scenario allows is what we allow, and no later step allows more than we do (there, limits that recover are held
// back).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "control/disconnect.h"
#include "control/limits.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

Json scenarios() {
  std::ifstream file(std::string(BMSD_TESTS_DIR) + "/vectors/charge-control.json");
  return Json::parse(file);
}

// Keys of the configuration that we know; a scenario with a key that concerns limits and is not known here is not ours.
bool configure(const Json& keys, ControlConfig& config) {
  static const std::set<std::string> kForeign = {"CHARGE_MODE", "TEMPERATURE_1_ADJUST"};
  for (const auto& [key, value] : keys.items()) {
    const bool on = value == "True";
    if (kForeign.contains(key)) return false;
    if (key == "CCCM_CV_ENABLE") config.charge.by_cell_voltage = on;
    if (key == "DCCM_CV_ENABLE") config.discharge.by_cell_voltage = on;
    if (key == "CCCM_T_ENABLE") config.charge.by_temperature = on;
    if (key == "DCCM_T_ENABLE") config.discharge.by_temperature = on;
    if (key == "CCCM_T_MOSFET_ENABLE") config.charge.by_mos_temperature = on;
    if (key == "DCCM_T_MOSFET_ENABLE") config.discharge.by_mos_temperature = on;
    if (key == "CCCM_SOC_ENABLE") config.charge.by_soc = on;
    if (key == "DCCM_SOC_ENABLE") config.discharge.by_soc = on;
    if (key == "VOLTAGE_DROP") config.voltage_drop = value;
    if (key == "CELL_VOLTAGES_WHILE_CHARGING") config.charge.cell_voltage.inputs = value.get<std::vector<double>>();
  }
  return true;
}

Reading reading_of(const Json& step, std::size_t cells) {
  Reading reading;
  reading.cell_voltages = step.contains("cells_v") ? step["cells_v"].get<std::vector<double>>()
                                                   : std::vector<double>(cells, step["cell_v"]);
  std::vector<double> sensors;
  for (const Json& sensor : step.value("temps_c", Json::array({25, 25}))) {
    if (!sensor.is_null()) sensors.push_back(sensor);
  }
  reading.cell_temperatures = sensors;
  const auto set = [&](Field field, const char* key) {
    if (step.contains(key) && !step[key].is_null()) reading.set(field, step[key]);
  };
  reading.set_unknown(Field::mos_temperature);  // absent unless the step has it
  set(Field::soc, "soc_percent");
  set(Field::mos_temperature, "mos_temp_c");
  set(Field::max_charge_current, "bms_max_charge_a");
  set(Field::max_discharge_current, "bms_max_discharge_a");
  reading.set(Field::charge_fet_on, step.value("charge_fet", Json(true)) != false);
  reading.set(Field::discharge_fet_on, step.value("discharge_fet", Json(true)) != false);
  return reading;
}

void check_step(const Json& step, const Limits& limits, bool first, const std::string& where) {
  Json expect = step.value("expect", Json::object());
  expect.update(step.value("expect_improved", Json::object()));
  const auto direction = [&](const CurrentLimit& limit, const char* value, const char* reason, const char* allow) {
    if (!expect.contains(value) || expect[value].is_null()) return;
    EXPECT_LE(expect[value].get<double>(), limit.value + 0.0011) << where;
    if (!first) return;
    EXPECT_NEAR(limit.value, expect[value].get<double>(), 0.0011) << where;
    EXPECT_EQ(limit.reason, expect.value(reason, limit.reason)) << where;
    EXPECT_EQ(limit.allowed, expect.value(allow, limit.allowed)) << where;
  };
  direction(limits.charge, "ccl_a", "charge_limit_reason", "allow_charge");
  direction(limits.discharge, "dcl_a", "discharge_limit_reason", "allow_discharge");
  ASSERT_TRUE(limits.low_voltage) << where;
  EXPECT_NEAR(*limits.low_voltage, expect.value("battery_low_voltage_v", *limits.low_voltage), 0.0051) << where;
}

TEST(ChargeControlVectors, LimitsAgreeInTheFirstStepAndAreNeverBelowALaterOne) {
  int checked = 0;
  for (const Json& scenario : scenarios()) {
    ControlConfig config;
    if (scenario.value("class", "normative") != "normative" || !configure(scenario["config"], config)) continue;
    Battery battery;
    bool first = true;
    for (const Json& step : scenario["steps"]) {
      if (!step.value("read_ok", true)) break;  // a lost connection: disconnect_test.cc
      const std::string where = scenario["name"].get<std::string>() + " at " + step["t"].dump() + " s";
      ASSERT_TRUE(battery.merge(reading_of(step, scenario["cell_count"]), 0, Instant())) << where;
      check_step(step, first_limits(config, battery, {}, true), first, where);
      first = false;
      ++checked;
    }
  }
  EXPECT_GT(checked, 300);
}

TEST(ChargeControlVectors, TheChargeVoltageIsAlwaysTheMaximumWithoutVoltageManagement) {
  for (const Json& scenario : scenarios()) {
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
