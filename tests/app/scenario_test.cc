#include "app/scenario.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bmsd {
namespace {

using Json = nlohmann::json;

// The last step of a scenario.
Json last_step(const char* scenario) {
  const Json said = Json::parse(run_scenario(Json::parse(scenario)).dump());
  EXPECT_FALSE(said.contains("error")) << said.dump();
  return said["steps"].back();
}

TEST(Scenario, SettingsMayBeNumbersTextsListsAndSwitches) {
  for (const char* config : {R"({"CELL_VOLTAGES_WHILE_CHARGING": [3.6, 3.5], "MAX_CHARGE_CURRENT_CV_FRACTION": "0, 1",
                                "CVCM_ENABLE": false, "MAX_BATTERY_CHARGE_CURRENT": 80})",
                             R"({"CELL_VOLTAGES_WHILE_CHARGING": "3.6, 3.5", "MAX_CHARGE_CURRENT_CV_FRACTION": [0, 1],
                                "CVCM_ENABLE": "False", "MAX_BATTERY_CHARGE_CURRENT": "80.0"})"}) {
    const std::string scenario =
        std::string(R"({"cell_count": 16, "steps": [{"t": 0, "cell_v": 3.55, "soc_percent": 50}],
                                               "config": )") +
        config + "}";
    const Json step = last_step(scenario.c_str());
    EXPECT_DOUBLE_EQ(step["ccl_a"], 40);
    EXPECT_EQ(step["mode"], "always_max");
  }
}

TEST(Scenario, WhatIsMissingOrNullIsNotKnown) {
  const Json step = last_step(R"({"cell_count": 16, "capacity_ah": null, "steps": [{"t": 0, "cell_v": 3.3,
      "current_a": null, "charge_fet": null, "temps_c": [null, null], "balance_fet": null}]})");
  for (const char* key : {"current_a", "power_w", "soc_percent", "capacity_remain_ah", "temperature_c", "allow_balance",
                          "time_to_go_s"}) {
    EXPECT_TRUE(step[key].is_null()) << key;
  }
  EXPECT_EQ(step["allow_charge"], false);
  EXPECT_EQ(step["allow_discharge"], true);
  EXPECT_DOUBLE_EQ(step["cvl_v"], 55.2);
}

TEST(Scenario, SwitchesMayBeNumbers) {
  const Json step = last_step(R"({"cell_count": 8, "steps": [{"t": 0, "cell_v": 3.3, "current_a": 5, "soc_percent": 50,
      "charge_fet": 0, "discharge_fet": 1, "fet_as_int": true, "balance_fet": 1, "heating": 1}]})");
  EXPECT_EQ(step["ccl_a"], 0);
  EXPECT_EQ(step["current_a"], 0);
  EXPECT_EQ(step["allow_balance"], true);
  EXPECT_EQ(step["mode_text"], "Bulk + Heating │ Linear Mode");
}

TEST(Scenario, AMissingSensorDoesNotMoveTheOthers) {
  const Json step = last_step(R"({"cell_count": 16, "config": {"TEMPERATURE_SOURCE_BATTERY": "1, 3",
      "TEMPERATURE_3_ADJUST": "-3, 1"}, "steps": [{"t": 0, "cell_v": 3.3, "temps_c": [null, 40, 30, 50]}]})");
  EXPECT_DOUBLE_EQ(step["temperature_c"], 27);
}

TEST(Scenario, ACellThatIsMissingIsNotCounted) {
  const Json step = last_step(R"({"cell_count": 4, "steps": [{"t": 0, "cells_v": [3.3, null, 19.4, 3.31],
      "soc_percent": 50}]})");
  EXPECT_DOUBLE_EQ(step["cell_sum_v"], 6.61);
  EXPECT_EQ(step["cell_max_id"], "C4");
  EXPECT_DOUBLE_EQ(step["ccl_a"], 12.5) << "the cells that count may be the missing ones";
}

TEST(Scenario, LimitsAndAlarmsOfTheBmsStayUntilTheyAreSaidAnew) {
  const Json step = last_step(R"({"cell_count": 16, "steps": [
      {"t": 0, "cell_v": 3.3, "bms_max_charge_a": 20, "alarms": {"low_cell_voltage": 2}},
      {"t": 1, "cell_v": 3.3}]})");
  EXPECT_DOUBLE_EQ(step["ccl_a"], 20);
  EXPECT_EQ(step["low_cell_voltage_alarm"], 2);
}

TEST(Scenario, HistoryOfTheBmsIsNotCounted) {
  const Json named = last_step(R"({"cell_count": 16, "history_from_bms": ["total_ah_drawn", "minimum_voltage"],
      "steps": [{"t": 0, "cell_v": 3.3, "current_a": -60}, {"t": 60, "cell_v": 3.3, "current_a": -60}]})");
  EXPECT_TRUE(named["history"]["TotalAhDrawn"].is_null());
  EXPECT_TRUE(named["history"]["MinimumVoltage"].is_null());
  EXPECT_DOUBLE_EQ(named["history"]["MaximumVoltage"], 52.8);
  const Json said = last_step(R"({"cell_count": 16, "history_from_bms": {"charge_cycles": 12, "total_ah_drawn": 3500},
      "steps": [{"t": 0, "cell_v": 3.3, "current_a": -60}]})");
  EXPECT_DOUBLE_EQ(said["history"]["ChargeCycles"], 12);
  EXPECT_DOUBLE_EQ(said["history"]["TotalAhDrawn"], -3500);
}

TEST(Scenario, ActionsComeBeforeTheCycle) {
  const Json step =
      last_step(R"({"cell_count": 16, "capacity_ah": 100, "config": {"SOC_CALCULATION": "True"}, "steps": [
      {"t": 0, "cell_v": 3.3, "current_a": 0, "soc_percent": 40},
      {"t": 1, "cell_v": 3.3, "current_a": 0, "soc_percent": 40, "actions": [["reset_soc_to", "80"], ["history_clear", 1]]}]})");
  EXPECT_DOUBLE_EQ(step["soc_percent"], 80);
  EXPECT_EQ(step["history"]["TotalAhDrawn"], 0);
}

TEST(Scenario, WhatCannotBeUnderstoodIsAnErrorAndNotTheEnd) {
  for (const char* scenario :
       {"[]", "3", R"({"steps": 5})", R"({"steps": [3]})", R"({"config": [1], "steps": [{"t": 0}]})",
        R"({"steps": [{"t": "x", "temps_c": 3, "alarms": 7, "actions": [3, []]}]})"}) {
    const Json said = Json::parse(run_scenario(Json::parse(scenario)).dump());
    EXPECT_TRUE(said.contains("error") || said.contains("steps")) << scenario;
  }
}

}  // namespace
}  // namespace bmsd
