// Values that contradict each other: what is corrected, how much it weighs, and at which line it is told.
#include "config/cross_checks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/config.h"

namespace bmsd {
namespace {

// A file whose first key stands in line 2.
Config read(const std::string& keys) { return Config::parse("[DEFAULT]\n" + keys); }

// Without what is told of keys that do nothing yet.
std::vector<Finding> findings(const Config& config) {
  std::vector<Finding> kept;
  for (const Finding& finding : config.findings()) {
    if (finding.text.find("has no effect yet") == std::string::npos) kept.push_back(finding);
  }
  return kept;
}

// The only finding of a file: "corrected 3 KEY".
std::string finding(const Config& config) {
  const auto all = findings(config);
  if (all.size() != 1) return std::to_string(all.size()) + " findings";
  constexpr const char* kWeights[] = {"note", "warning", "corrected", "unusable"};
  return std::string(kWeights[all[0].weight]) + " " + std::to_string(all[0].line) + " " + all[0].key;
}

double real(const Config& config, const char* key) { return config.effective().real(key); }
const std::vector<double>& list(const Settings& settings, const char* key) { return settings.reals(key); }

TEST(CrossChecks, FindNothingInTheDefaults) {
  EXPECT_TRUE(read("").findings().empty());
  EXPECT_EQ(read("").state(), ConfigState::fine);
}

TEST(CrossChecks, KeepFloatBetweenMinimumAndMaximum) {  // C1, C2
  const Config above = read("FLOAT_CELL_VOLTAGE = 3.5");
  EXPECT_EQ(real(above, "FLOAT_CELL_VOLTAGE"), 3.45);
  EXPECT_EQ(finding(above), "corrected 2 FLOAT_CELL_VOLTAGE");
  EXPECT_EQ(above.state(), ConfigState::corrected);
  const Config below = read("FLOAT_CELL_VOLTAGE = 2.5");
  EXPECT_EQ(real(below, "FLOAT_CELL_VOLTAGE"), 2.9);
  EXPECT_EQ(finding(below), "corrected 2 FLOAT_CELL_VOLTAGE");
}

TEST(CrossChecks, NameTheKeyThatIsWrittenWhereTheOtherOneIsADefault) {
  const Config config = read("BLOCK_ON_DISCONNECT = True\nMAX_CELL_VOLTAGE = 3.3");
  EXPECT_EQ(real(config, "FLOAT_CELL_VOLTAGE"), 3.3);
  EXPECT_EQ(finding(config), "corrected 3 MAX_CELL_VOLTAGE");
}

TEST(CrossChecks, KeepTheVoltageOfTheSocResetAtTheMaximum) {  // C3
  const std::string table = "\nCELL_VOLTAGES_WHILE_CHARGING = 3.6, 3.45, 3.425, 3.4, 3.375";
  const Config config = read("SOC_RESET_AFTER_DAYS = 14\nSOC_RESET_CELL_VOLTAGE = 3.4" + table);
  EXPECT_EQ(real(config, "SOC_RESET_CELL_VOLTAGE"), 3.45);
  EXPECT_EQ(finding(config), "corrected 3 SOC_RESET_CELL_VOLTAGE");
  EXPECT_EQ(finding(read("SOC_RESET_CELL_VOLTAGE = 3.4")), "0 findings");
}

TEST(CrossChecks, UseNoSocResetWithoutChargeStages) {
  const Config config = read("SOC_RESET_AFTER_DAYS = 14\nCVCM_ENABLE = False");
  EXPECT_EQ(finding(config), "corrected 2 SOC_RESET_AFTER_DAYS");
  EXPECT_EQ(config.effective().optional_integer("SOC_RESET_AFTER_DAYS"), std::nullopt);
}

TEST(CrossChecks, KeepTheWindowForALostBmsWithinTheCells) {  // C4, C5
  const Config low = read("BLOCK_ON_DISCONNECT_VOLTAGE_MIN = 2.8");
  EXPECT_EQ(real(low, "BLOCK_ON_DISCONNECT_VOLTAGE_MIN"), 2.9);
  EXPECT_EQ(finding(low), "corrected 2 BLOCK_ON_DISCONNECT_VOLTAGE_MIN");
  const Config high = read("BLOCK_ON_DISCONNECT_VOLTAGE_MAX = 3.5");
  EXPECT_EQ(real(high, "BLOCK_ON_DISCONNECT_VOLTAGE_MAX"), 3.45);
  EXPECT_EQ(finding(high), "corrected 2 BLOCK_ON_DISCONNECT_VOLTAGE_MAX");
}

TEST(CrossChecks, BlockWhereThatWindowIsEmpty) {  // C6
  const Config config = read("BLOCK_ON_DISCONNECT_VOLTAGE_MIN = 3.375");
  EXPECT_TRUE(config.effective().flag("BLOCK_ON_DISCONNECT"));
  EXPECT_EQ(finding(config), "corrected 2 BLOCK_ON_DISCONNECT_VOLTAGE_MIN");
  const Config blocks =
      read("BLOCK_ON_DISCONNECT = True\nBLOCK_ON_DISCONNECT_VOLTAGE_MIN = 2\nBLOCK_ON_DISCONNECT_VOLTAGE_MAX = 1");
  EXPECT_EQ(finding(blocks), "0 findings");
}

TEST(CrossChecks, TellOfTwoSourcesOfTheSoc) {  // C7
  const Config config = read("SOC_CALCULATION = True\nEXTERNAL_SENSOR_DBUS_PATH_SOC = /Soc");
  EXPECT_EQ(finding(config), "corrected 2 SOC_CALCULATION");
  EXPECT_TRUE(config.effective().flag("SOC_CALCULATION"));
  EXPECT_EQ(finding(read("SOC_CALCULATION = True\nCVCM_ENABLE = False")), "warning 2 SOC_CALCULATION");
}

TEST(CrossChecks, TellOfASensorThatCannotBeFound) {
  const std::string shunt = "EXTERNAL_SENSOR_DBUS_DEVICE = com.victronenergy.battery.ttyS6\n";
  EXPECT_EQ(finding(read(shunt + "EXTERNAL_SENSOR_DBUS_PATH_CURRENT = /Dc/0/Current")), "0 findings");
  EXPECT_EQ(finding(read(shunt + "EXTERNAL_SENSOR_DBUS_PATH_SOC = /Soc")), "0 findings");
  EXPECT_EQ(finding(read(shunt)), "warning 2 EXTERNAL_SENSOR_DBUS_DEVICE");
  for (const char* name :
       {"ttyS6", "/dev/ttyS6", ":1.5", "com.victronenergy.", "com..victronenergy", "com.6victron", "com.a b"}) {
    const Config config =
        read(std::string("EXTERNAL_SENSOR_DBUS_DEVICE = ") + name + "\nEXTERNAL_SENSOR_DBUS_PATH_SOC = /Soc");
    EXPECT_EQ(finding(config), "corrected 2 EXTERNAL_SENSOR_DBUS_DEVICE") << name;
    EXPECT_EQ(config.effective().text("EXTERNAL_SENSOR_DBUS_DEVICE"), "");
  }
  for (const char* path : {"Soc", "/", "/Soc/", "//Soc", "/So-c", "/Dc 0"}) {
    const Config config =
        read(shunt + "EXTERNAL_SENSOR_DBUS_PATH_SOC = " + path + "\nEXTERNAL_SENSOR_DBUS_PATH_CURRENT = /A_1");
    EXPECT_EQ(finding(config), "corrected 3 EXTERNAL_SENSOR_DBUS_PATH_SOC") << path;
    EXPECT_EQ(config.effective().text("EXTERNAL_SENSOR_DBUS_PATH_SOC"), "");
    EXPECT_EQ(config.effective().text("EXTERNAL_SENSOR_DBUS_PATH_CURRENT"), "/A_1");
  }
}

TEST(CrossChecks, TellOfAChargeThatEndsBeforeTheMaximum) {  // C8, C9
  EXPECT_EQ(finding(read("CELL_VOLTAGES_WHILE_CHARGING = 3.44, 3.43, 3.42, 3.4, 3.3")),
            "corrected 2 CELL_VOLTAGES_WHILE_CHARGING");
  EXPECT_EQ(finding(read("CELL_VOLTAGES_WHILE_CHARGING = 3.45, 3.43, 3.42, 3.4, 3.3")), "0 findings");
  EXPECT_EQ(finding(read("CELL_VOLTAGES_WHILE_CHARGING = 3.3, 3.4, 3.42, 3.43, 3.44\n"
                         "MAX_CHARGE_CURRENT_CV_FRACTION = 1, 0.5, 0.2, 0.1, 0")),
            "corrected 2 CELL_VOLTAGES_WHILE_CHARGING");
  EXPECT_EQ(finding(read("CELL_VOLTAGES_WHILE_CHARGING = 3.44, 3.43, 3.42, 3.4, 3.3\n"
                         "MAX_CHARGE_CURRENT_CV_FRACTION = 0.01, 0.05, 0.1, 0.2, 1")),
            "0 findings");
  EXPECT_EQ(finding(read("MAX_CELL_VOLTAGE = 3.55")), "corrected 2 MAX_CELL_VOLTAGE");
  EXPECT_EQ(finding(read("SOC_RESET_AFTER_DAYS = 14")), "corrected 2 SOC_RESET_AFTER_DAYS");
}

TEST(CrossChecks, TellOfADischargeThatEndsBeforeTheMinimum) {  // C11
  EXPECT_EQ(finding(read("CELL_VOLTAGES_WHILE_DISCHARGING = 2.95, 3, 3.05, 3.1, 3.19")),
            "corrected 2 CELL_VOLTAGES_WHILE_DISCHARGING");
  EXPECT_EQ(finding(read("MIN_CELL_VOLTAGE = 2.7")), "corrected 2 MIN_CELL_VOLTAGE");
  EXPECT_EQ(finding(read("CELL_VOLTAGES_WHILE_DISCHARGING = 2.9, 3, 3.05, 3.1, 3.19")), "0 findings");
}

TEST(CrossChecks, TellOfTablesThatNeverAllowEverything) {  // C10, C12, C13
  for (const std::string way : {"CHARGE", "DISCHARGE"}) {
    const auto check = [&](const std::string& table, const std::string& shares) {
      const std::string key = "MAX_" + way + "_CURRENT_" + table + "_FRACTION";
      EXPECT_EQ(finding(read(key + " = " + shares)), "corrected 2 " + key);
    };
    check("CV", "0, 0.1, 0.2, 0.5, 0.99");
    check("T", "0, 0.1, 0.2, 0.5, 0.9, 0.5, 0.2, 0");
    check("T_MOSFET", "0.9, 0.5, 0");
    check("SOC", "0.1, 0.2, 0.5, 0.9");
  }
}

TEST(CrossChecks, WarnOfAFloatThatNeverEnds) {  // C14
  const std::string both = "SWITCH_TO_BULK_SOC_THRESHOLD = 0\nSWITCH_TO_BULK_CELL_VOLTAGE_DIFF = ";
  EXPECT_EQ(finding(read(both + "0.101")), "warning 2 SWITCH_TO_BULK_SOC_THRESHOLD");
  EXPECT_EQ(read(both + "0.101").state(), ConfigState::fine);
  EXPECT_EQ(finding(read(both + "0.1")), "0 findings");
  EXPECT_EQ(finding(read("SWITCH_TO_BULK_SOC_THRESHOLD =\nSWITCH_TO_BULK_CELL_VOLTAGE_DIFF =")),
            "warning 2 SWITCH_TO_BULK_SOC_THRESHOLD");
}

TEST(CrossChecks, DropBothListsOfATableThatDoNotFit) {
  const Config config = read("CELL_VOLTAGES_WHILE_CHARGING = 3.5, 3.4\nMAX_CHARGE_CURRENT_CV_FRACTION = 0, 0.5, 1");
  EXPECT_EQ(finding(config), "unusable 2 CELL_VOLTAGES_WHILE_CHARGING");
  EXPECT_EQ(config.effective(), Settings());
  EXPECT_EQ(finding(read("SOC_WHILE_DISCHARGING = 5, 15, 10, 20")), "unusable 2 SOC_WHILE_DISCHARGING");
  EXPECT_EQ(finding(read("SOC_WHILE_DISCHARGING = 20, 10, 10, 5")), "0 findings");
}

TEST(CrossChecks, NeverJoinHalfATableWithTheDefaultOfTheOtherHalf) {
  const Config config = read(
      "TEMPERATURES_WHILE_CHARGING = 0, 2, 5, 10, 40, 45, 50, 55 C\n"
      "MAX_CHARGE_CURRENT_T_FRACTION = 1, 1, 1, 1, 1, 1, 1, 1");
  EXPECT_EQ(config.effective(), Settings());
  const auto all = findings(config);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].line, 2);
  EXPECT_EQ(all[1].line, 3);
  EXPECT_EQ(all[1].weight, Finding::unusable);
}

TEST(CrossChecks, FallBackToTheTableOfTheWiderSection) {
  const Config config = Config::parse(
      "[DEFAULT]\nSOC_WHILE_CHARGING = 90, 80\nMAX_CHARGE_CURRENT_SOC_FRACTION = 0, 1\n"
      "[line ttyUSB0]\nSOC_WHILE_CHARGING = 98, 95, 90\n");
  const auto settings = config.effective("line ttyUSB0");
  ASSERT_TRUE(settings);
  EXPECT_EQ(list(*settings, "SOC_WHILE_CHARGING"), (std::vector<double>{90, 80}));
  EXPECT_EQ(list(*settings, "MAX_CHARGE_CURRENT_SOC_FRACTION"), (std::vector<double>{0, 1}));
  EXPECT_EQ(finding(config), "unusable 5 SOC_WHILE_CHARGING");
}

TEST(CrossChecks, WantACorrectionOfCurrentThatRises) {
  const Config config = read("CURRENT_REPORTED_BY_BMS = 300, -300");
  EXPECT_EQ(finding(config), "unusable 2 CURRENT_REPORTED_BY_BMS");
  EXPECT_EQ(config.effective(), Settings());
  EXPECT_EQ(finding(read("CURRENT_REPORTED_BY_BMS = -100, 0, 100\nCURRENT_MEASURED_BY_USER = -90, 0, 95")),
            "0 findings");
  EXPECT_EQ(finding(read("CURRENT_REPORTED_BY_BMS =\nCURRENT_MEASURED_BY_USER =")), "0 findings");
}

TEST(CrossChecks, NeverRaiseTheMaximumToGetAboveTheMinimum) {
  const Config swapped = read("BLOCK_ON_DISCONNECT = True\nMIN_CELL_VOLTAGE = 3.5\nMAX_CELL_VOLTAGE = 3.4");
  EXPECT_EQ(real(swapped, "MIN_CELL_VOLTAGE"), 2.9);
  EXPECT_EQ(real(swapped, "MAX_CELL_VOLTAGE"), 3.4);
  EXPECT_EQ(swapped.state(), ConfigState::unusable);
  const Config low = read("BLOCK_ON_DISCONNECT = True\nMAX_CELL_VOLTAGE = 2.5\nFLOAT_CELL_VOLTAGE = 2.45");
  EXPECT_EQ(real(low, "MAX_CELL_VOLTAGE"), 2.5);
  EXPECT_EQ(real(low, "MIN_CELL_VOLTAGE"), 2.4);
}

TEST(CrossChecks, RaiseTheIntervalOfTheTimesToFiveSeconds) {
  const Config config = read("TIME_TO_SOC_RECALCULATE_EVERY = 1");
  EXPECT_EQ(config.effective().integer("TIME_TO_SOC_RECALCULATE_EVERY"), 5);
  EXPECT_EQ(finding(config), "corrected 2 TIME_TO_SOC_RECALCULATE_EVERY");
}

TEST(CrossChecks, WantASignOfTheCurrent) {
  EXPECT_EQ(finding(read("INVERT_CURRENT_MEASUREMENT = 0")), "unusable 2 INVERT_CURRENT_MEASUREMENT");
  EXPECT_EQ(read("INVERT_CURRENT_MEASUREMENT = 0").effective(), Settings());
  EXPECT_EQ(finding(read("INVERT_CURRENT_MEASUREMENT = -1")), "0 findings");
}

}  // namespace
}  // namespace bmsd
