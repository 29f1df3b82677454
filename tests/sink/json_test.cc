#include "sink/json.h"

#include <gtest/gtest.h>

#include "view_fixture.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

TEST(BatteryJson, HasEveryValueRoundedAndNothingThatIsUnknown) {
  const Shown shown = shown_battery();
  const Json expected = Json::parse(R"({
    "id": "ttyUSB0 0x01", "port": "/dev/ttyUSB0", "address": 1, "protocol": "daren-485", "bms_type": "Daren485",
    "identity": "D123456789", "serial_number": "D123456789",
    "voltage_v": 53.27, "current_a": -12.5, "power_w": -665.8, "soc_percent": 87.46, "soc_source": "bms",
    "mean_current_a": -12.5, "capacity_remaining_ah": 87.46, "consumed_ah": -12.54, "capacity_full_ah": 100.0, "cycles": 42,
    "charge_fet_on": true, "discharge_fet_on": false, "temperature_c": 25.3,
    "cell_voltages_v": [3.33, 3.33, 3.301, 3.33, 3.33, 3.33, 3.33, 3.33, 3.33, 3.33, 3.33, 3.345, 3.33, 3.33, 3.33, 3.33],
    "cell_temperatures_c": [24.5, 26.0], "balancing_cells": [12],
    "alarms": ["cell_high_warning"], "alarm_levels": {"BmsCable": 0, "HighCellVoltage": 1, "LowSoc": 0},
    "limits": {"cvl_v": 55.2, "ccl_a": 12.5, "dcl_a": 0.0, "charge_reason": "Cell Voltage", "discharge_reason": "BMS",
               "allow_to_charge": true, "allow_to_discharge": false, "low_voltage_v": 46.4,
               "max_charge_cell_voltage_v": 3.45, "charge_mode": "Keep always max voltage"},
    "history": {},
    "connection": {"state": "connected", "text": "Connected", "lost_for_s": 0.0, "rounds": 1000, "failed_rounds": 2,
                   "exchanges": 4000, "retries": 7, "late_replies": 3, "second_answers": 1,
                   "errors": {"timeout": 3}, "rejected": 1, "held": 0, "last_rejection": "out_of_range",
                   "odd": [{"field": "cycles", "rule": "out_of_range", "rejected": 1, "last": -1.0, "age_s": 0.3}], "period_s": 1.004,
                   "latency_ms": 23.4, "age_s": 0.25, "last_error": "timeout: no_reply"},
    "quality": {"cycles": "rejected", "soh_percent": "unknown"},
    "extras": {"reserve_ah": 1.5, "unset": null, "mode": "a\u001b[2J"}
  })");
  Json json = battery_json(shown.view(), instant_at(100.25));
  EXPECT_EQ(json["limits"]["explanation"]["ccl"]["value_a"], 12.5);  // explanation_json_test.cc looks at the rest
  json["limits"].erase("explanation");
  EXPECT_EQ(json, expected) << "difference: " << Json::diff(expected, json).dump();
}

TEST(BatteryJson, OfABatteryThatHasSaidNothingIsStillComplete) {
  Shown shown;
  shown.identity.address = -1;
  const Json json = battery_json(shown.view(), instant_at(0));
  EXPECT_FALSE(json.contains("address"));
  EXPECT_FALSE(json.contains("voltage_v"));
  EXPECT_FALSE(json.contains("cell_voltages_v"));
  EXPECT_FALSE(json["limits"].contains("cvl_v"));
  EXPECT_FALSE(json["connection"].contains("age_s"));
  EXPECT_EQ(json["alarms"], Json::array());
  EXPECT_EQ(json["quality"], Json::object());
}

TEST(BatteryJson, ALostBatteryHasNoMomentaryValuesButKeepsTheOthers) {
  Shown shown = shown_battery();
  Measured& measured = shown.outputs.measured;
  measured.voltage = measured.current = measured.power = measured.mean_current = std::nullopt;
  shown.presence = {false, true, true, Severity::alarm, 1801s, "Lost for: 30m 1s | Disconnected | Threshold: 30m"};
  const Json json = battery_json(shown.view(), instant_at(1901));
  for (const char* key : {"voltage_v", "current_a", "power_w", "mean_current_a"})
    EXPECT_FALSE(json.contains(key)) << key;
  for (const char* key : {"soc_percent", "cell_voltages_v", "temperature_c"}) EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["connection"]["state"], "blocked");
  EXPECT_EQ(json["connection"]["lost_for_s"], 1801);
  EXPECT_EQ(json["alarm_levels"]["BmsCable"], 2);
}

TEST(BatteryJson, WhatChargeControlKnowsBetterIsToldBesideWhatTheBmsSays) {
  Shown shown = shown_battery();
  Measured& measured = shown.outputs.measured;
  measured.current = 0;
  measured.soc = 91.2;
  measured.soc_bms = 87.456;
  measured.remaining = 91.2;
  measured.remaining_bms = 87.456;
  measured.consumed = -8.8;
  measured.consumed_bms = -12.544;
  shown.outputs.hides_low_soc = true;  // it is counted
  shown.outputs.balancer_may = true;
  const Json json = battery_json(shown.view(), instant_at(100));
  EXPECT_EQ(json["current_a"], 0.0);
  EXPECT_EQ(json["current_bms_a"], -12.5) << "through an open FET";
  EXPECT_EQ(json["soc_percent"], 91.2);
  EXPECT_EQ(json["soc_bms_percent"], 87.46);
  EXPECT_EQ(json["soc_source"], "counted");
  EXPECT_EQ(json["capacity_remaining_ah"], 91.2);
  EXPECT_EQ(json["capacity_remaining_bms_ah"], 87.46);
  EXPECT_EQ(json["consumed_ah"], -8.8);
  EXPECT_EQ(json["consumed_bms_ah"], -12.54);
  EXPECT_EQ(json["balancing_allowed"], true);
  EXPECT_FALSE(json.contains("heating"));
  shown.outputs.hides_low_soc = false;
  EXPECT_EQ(battery_json(shown.view(), instant_at(100))["soc_source"], "sensor");
}

TEST(BatteryJson, TimesAndHistoryHaveTheirUnits) {
  Shown shown = shown_battery();
  shown.outputs.times = {7200, {{100, 4530}, {50, std::nullopt}}};
  HistoryValues& history = shown.outputs.history;
  history.deepest_discharge = 52.35;
  history.charge_cycles = 47.1;
  history.automatic_syncs = 9;
  history.timestamp_last_full_charge = 1'750'000'000;
  history.time_since_last_full_charge = 3600;
  history.minimum_cell_voltage = 2.5555;
  history.charged_energy = 261.056;
  const Json json = battery_json(shown.view(), instant_at(100));
  EXPECT_EQ(json["time_to_go_s"], 7200);
  EXPECT_EQ(json["times_to_soc"], Json::parse(R"([{"soc_percent": 100, "time_s": 4530}, {"soc_percent": 50}])"));
  EXPECT_EQ(json["history"], Json::parse(R"({"deepest_discharge_ah": 52.4, "charge_cycles": 47.1, "automatic_syncs": 9,
      "last_full_charge": 1750000000, "time_since_last_full_charge_s": 3600, "minimum_cell_voltage_v": 2.556,
      "charged_energy_kwh": 261.06})"));
}

TEST(BatteryJson, ATextThatIsNoUtf8IsStillWritten) {
  EXPECT_EQ(json_text({{"name",
                        "a\xff"
                        "b"}}),
            "{\"name\":\"a\xEF\xBF\xBD"
            "b\"}");
}

TEST(BatteryJson, ShowsWhatIsPublishedInThePlaceOfWhatTheBmsSays) {
  Shown shown = shown_battery();
  Measured& measured = shown.outputs.measured;
  measured.current = -11.239;
  measured.power = -598.7;
  measured.mean_current = -10.5;
  measured.soc = 73.5;
  measured.soc_bms = 87.456;
  measured.remaining = 73.5;
  measured.remaining_bms = 87.46;
  shown.outputs.times.to_go = 18360;
  const auto json = battery_json(shown.view(), instant_at(101));
  EXPECT_EQ(json["current_a"], -11.24);
  EXPECT_EQ(json["power_w"], -598.7);
  EXPECT_EQ(json["mean_current_a"], -10.5);
  EXPECT_EQ(json["soc_percent"], 73.5);
  EXPECT_EQ(json["soc_bms_percent"], 87.46);
  EXPECT_EQ(json["capacity_remaining_ah"], 73.5);
  EXPECT_EQ(json["time_to_go_s"], 18360);
}

}  // namespace
}  // namespace bmsd
