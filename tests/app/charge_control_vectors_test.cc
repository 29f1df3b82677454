// The scenarios of tests/vectors/charge-control.json through the same function as `bmsd plan --scenario`. What is
// expected of a scenario that shows a fault of the old driver is only what it says under "expect_improved".
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "app/scenario.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

Json scenarios() {
  std::ifstream file(std::string(BMSD_TESTS_DIR) + "/vectors/charge-control.json");
  return Json::parse(file);
}

double tolerance(const std::string& key) {
  static const std::map<std::string, double> kTolerances = {
      {"cvl_v", 0.011},
      {"voltage_v", 0.011},
      {"cell_sum_v", 0.011},
      {"mid_voltage_v", 0.011},
      {"MinimumVoltage", 0.011},
      {"MaximumVoltage", 0.011},
      {"power_w", 1},
      {"battery_low_voltage_v", 0.011},
      {"ChargeCycles", 0.001},
      {"control_voltage_raw_v", 0.002},
      {"DischargedEnergy", 0.005},
      {"ChargedEnergy", 0.005},
      {"time_to_go_s", 2},
      {"TimeSinceLastFullCharge", 2},
      {"time_to_soc", 2},
      {"mid_voltage_deviation_percent", 0.001},
      {"capacity_remain_ah", 0.05},
      {"consumed_ah", 0.05},
      {"soc_percent", 0.05},
      {"soc_calc_percent", 0.05},
      {"DeepestDischarge", 0.05},
      {"LastDischarge", 0.05},
      {"AverageDischarge", 0.05},
      {"TotalAhDrawn", 0.05},
      {"temperature_c", 0.06},
      {"min_temp_c", 0.06},
      {"max_temp_c", 0.06},
      {"MinimumTemperature", 0.06},
      {"MaximumTemperature", 0.06},
      {"cell_min_v", 0.0011},
      {"cell_max_v", 0.0011},
      {"cell_diff_v", 0.0011},
      {"max_charge_cell_voltage_v", 0.0011},
      {"MinimumCellVoltage", 0.0011},
      {"MaximumCellVoltage", 0.0011},
      {"ccl_a", 0.01},
      {"dcl_a", 0.01},
      {"current_a", 0.01},
      {"current_avg_a", 0.01},
  };
  const auto found = kTolerances.find(key);
  return found == kTolerances.end() ? 0 : found->second;
}

class Comparison {
 public:
  // `key`: of the tolerance, where the value is a number.
  void compare(const std::string& where, const std::string& key, const Json& said, const Json& expected) {
    if (expected.is_object()) {
      for (const auto& [inner, value] : expected.items()) {
        ASSERT_TRUE(said.contains(inner)) << where << key << " " << inner;
        compare(where + key + " ", key == "history" ? inner : key, said[inner], value);
      }
      return;
    }
    ++checked_[key];
    if (expected.is_number() && said.is_number()) {
      EXPECT_NEAR(said.get<double>(), expected.get<double>(), tolerance(key)) << where << key;
    } else {
      EXPECT_EQ(said, expected) << where << key;
    }
  }
  int checked(const std::string& key) const { return checked_.contains(key) ? checked_.at(key) : 0; }

 private:
  std::map<std::string, int> checked_;
};

Json expected_of(const Json& scenario, const Json& step) {
  const bool normative = scenario.value("class", "normative") == "normative";
  Json expected = normative ? step.value("expect", Json::object()) : Json::object();
  expected.update(step.value("expect_improved", Json::object()), true);
  return expected;
}

TEST(ChargeControlVectors, EveryStepOfEveryScenarioHolds) {
  Comparison comparison;
  const Json all = scenarios();
  for (const Json& scenario : all) {
    const Json said = Json::parse(run_scenario(scenario).dump());
    ASSERT_FALSE(said.contains("error")) << said["error"];
    ASSERT_EQ(said["steps"].size(), scenario["steps"].size());
    for (std::size_t i = 0; i < said["steps"].size(); ++i) {
      const Json& step = scenario["steps"][i];
      const std::string where = scenario["name"].get<std::string>() + " at " + step["t"].dump() + " s: ";
      const Json expected = expected_of(scenario, step);
      for (const auto& [key, value] : expected.items()) {
        ASSERT_TRUE(said["steps"][i].contains(key)) << where << key;
        comparison.compare(where, key, said["steps"][i][key], value);
      }
    }
  }
  for (const auto& [key, least] : std::map<std::string, int>{{"cvl_v", 440},
                                                             {"mode_text", 420},
                                                             {"ccl_a", 450},
                                                             {"charge_limit_reason", 430},
                                                             {"soc_percent", 90},
                                                             {"soc_calc_percent", 80},
                                                             {"current_a", 35},
                                                             {"connection_text", 5},
                                                             {"TotalAhDrawn", 10},
                                                             {"time_to_go_s", 10},
                                                             {"time_to_soc", 20},
                                                             {"mid_voltage_v", 50},
                                                             {"voltage_v", 20},
                                                             {"bms_cable_alarm", 25},
                                                             {"high_voltage_alarm", 10},
                                                             {"device_state", 14}}) {
    EXPECT_GE(comparison.checked(key), least) << key;
  }
}

}  // namespace
}  // namespace bmsd
