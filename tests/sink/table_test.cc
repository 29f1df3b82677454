#include "sink/table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "sink/json.h"
#include "sink/text.h"
#include "view_fixture.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

Json two_batteries() {
  Shown second = shown_battery();
  second.identity.id = "ttyUSB0 0x02";
  second.presence = {
      false, false, false, Severity::warning, 75s, "Lost for: 1m 15s | Disconnect in: 28m 45s | Threshold: 30m"};
  Measured& measured = second.outputs.measured;
  measured.voltage = measured.current = measured.power = measured.mean_current = std::nullopt;
  second.limits.charge = {50, "Max Battery Charge Current", true};
  second.limits.discharge = {60, "Max Battery Discharge Current", true};
  return {battery_json(shown_battery().view(), instant_at(100)), battery_json(second.view(), instant_at(175))};
}

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, columns(line));
  return longest;
}

TEST(BatteryTable, ShowsABatteryPerLineWithWhatMustNotBeMissed) {
  EXPECT_EQ(battery_table(two_batteries(), {100, false}),
            R"(Battery      State        V      A      W SoC %   °C  Min cell  Max cell  mV CVL V CCL A DCL A
──────────────────────────────────────────────────────────────────────────────────────────────
ttyUSB0 0x01 ok       53.27  -12.5   -666  87.5 25.3  C3 3.301 C12 3.345  44 55.20  12.5   0.0
  ! High cell voltage: warning
  charge limited by: Cell Voltage   discharge limited by: BMS
ttyUSB0 0x02 lost 1m      -      -      -  87.5 25.3  C3 3.301 C12 3.345  44 55.20  50.0  60.0
  ! BMS cable: warning, High cell voltage: warning
  Lost for: 1m 15s | Disconnect in: 28m 45s | Threshold: 30m
)");
}

TEST(BatteryTable, IsNeverWiderThanAskedFor) {
  for (std::size_t width = 1; width < 140; ++width) {
    EXPECT_LE(longest_line(battery_table(two_batteries(), {width, false})), width);
    EXPECT_LE(longest_line(battery_sheet(two_batteries()[0], {width, false})), width);
  }
}

TEST(BatteryTable, ANarrowOneKeepsNameStateAndCharge) {
  const std::string table = battery_table(two_batteries(), {40, false});
  for (const char* word : {"ttyUSB0 0x02", "lost 1m", "SoC %", "87.5"})
    EXPECT_NE(table.find(word), std::string::npos) << word;
  EXPECT_EQ(table.find("Min cell"), std::string::npos);
}

TEST(BatteryTable, ColoursComeOnlyWhereWished) {
  EXPECT_EQ(battery_table(two_batteries(), {100, false}).find('\x1b'), std::string::npos);
  EXPECT_NE(battery_table(two_batteries(), {100, true}).find("\x1b[33m"), std::string::npos);
}

TEST(BatteryTable, WithoutBatteriesSaysSo) {
  EXPECT_EQ(battery_table(Json::array(), {}), "No battery has answered yet.\n");
  EXPECT_EQ(battery_table(nullptr, {}), "No battery has answered yet.\n");
}

TEST(BatterySheet, ShowsEveryValueWithItsUnit) {
  EXPECT_EQ(battery_sheet(two_batteries()[0], {100, false}),
            R"(ttyUSB0 0x01  ·  Daren485  ·  D123456789  ·  /dev/ttyUSB0
────────────────────────────────────────────────────────────────────────────────────────────────────

Battery
  Voltage                               53.27 V
  Current, + charges                    -12.50 A
  Power                                 -665.8 W
  State of charge                       87.46 %
  State of health                       -   (unknown to the BMS)
  Full charge capacity                  100.00 Ah
  Remaining capacity                    87.46 Ah
  Charge cycles                         42   (the last one was implausible and rejected)
  Charge FET                            on
  Discharge FET                         off
  Temperature                           25.3 °C
  Mean current of 5 minutes             -12.50 A
  Consumed                              -12.54 Ah
  Serial number                         D123456789

Cells: 16 in V, spread 44 mV, lowest C3 3.301, highest C12 3.345
   C1  3.330       C2  3.330       C3  3.301 ↓     C4  3.330
   C5  3.330       C6  3.330       C7  3.330       C8  3.330
   C9  3.330       C10 3.330       C11 3.330       C12 3.345 ↑ ≈
   C13 3.330       C14 3.330       C15 3.330       C16 3.330
  Balancing (≈)                         C12

Temperature sensors in °C
   T1  24.5   T2  26.0

Limits
  Charge voltage (CVL)                  55.20 V   (Keep always max voltage)
  Charge current (CCL)                  12.500 A   allowed   (Cell Voltage)
  Discharge current (DCL)               0.000 A   not allowed   (BMS)
  Low voltage                           46.40 V
  CCL 12.5 A: 
  DCL 0.0 A: 

Alarms
  High cell voltage                     warning
  As the BMS says it                    cell_high_warning

Connection
  State                                 Connected
  Rounds                                1000, 2 failed
  Update period                         1.00 s
  First byte of a reply after           23.4 ms
  Age of the values                     0.0 s
  Failed exchanges                      3 timeout
  Last error                            timeout: no_reply
  Implausible values refused            1, last rule: out_of_range

Only this BMS tells
  mode                                  a [2J
  reserve_ah                            1.5
  unset                                 -
)");
}

TEST(BatterySheet, TellsWhereTheStateOfChargeComesFromHowLongItLastsAndWhatHasBeen) {
  Shown shown = shown_battery();
  shown.outputs.hides_low_soc = true;  // it is counted
  shown.outputs.measured.soc = 91.2;
  shown.outputs.measured.soc_bms = 87.456;
  shown.outputs.times = {7200, {{100, 4530}, {50, std::nullopt}}};
  shown.outputs.history.total_ah_drawn = 4711.04;
  shown.outputs.history.minimum_voltage = 47.5;
  shown.outputs.history.maximum_voltage = 56.02;
  shown.outputs.history.time_since_last_full_charge = 273'600;
  const std::string sheet = battery_sheet(battery_json(shown.view(), instant_at(100)), {100, false});
  for (const char* line :
       {"  State of charge                       91.20 %   (counted; the BMS says 87.46 %)\n",
        "  Time to go                            2h\n", "  Time to 100 %                         1h 15m\n",
        "  Time to 50 %                          -\n", "\nHistory\n",
        "  Last full charge                      3d 4h ago\n", "  Charge drawn                          4711.0 Ah\n",
        "  Voltage                               47.50 to 56.02 V\n"})
    EXPECT_NE(sheet.find(line), std::string::npos) << line << sheet;
  shown.outputs.hides_low_soc = false;
  shown.outputs.measured.soc = 87.456;
  EXPECT_NE(battery_sheet(battery_json(shown.view(), instant_at(100)), {100, false}).find("87.46 %\n"),
            std::string::npos);
}

TEST(BatterySheet, SurvivesJsonOfAnotherShape) {
  for (const char* text :
       {"{}", "[]", "null", "1",
        R"({"limits":[],"connection":"x","cell_voltages_v":["a",null],"alarm_levels":{"A":"b"}})",
        R"({"charge_fet_on":"yes","quality":3,"extras":[1],"balancing_cells":[1]})",
        R"({"time_to_go_s":1e300,"times_to_soc":[1,{"time_s":"x"}],"history":{"charge_cycles":"a"}})"}) {
    const Json json = Json::parse(text);
    EXPECT_FALSE(battery_sheet(json, {80, false}).empty()) << text;
    EXPECT_FALSE(battery_table(Json::array({json}), {80, false}).empty()) << text;
  }
}

}  // namespace
}  // namespace bmsd
