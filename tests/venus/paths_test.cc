#include "venus/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "test_pack.h"
#include "venus/battery_paths.h"
#include "venus/names.h"

namespace bmsd::testing {
namespace {

TEST(PathTable, EveryFieldIsARowOrSaidToBeNotOnDbus) {
  std::set<std::string_view> paths;
  for (const PathRow& row : path_table()) paths.insert(row.path);
  std::size_t shown = 0;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const char* path = path_of(field_at(i));  // a field without an entry does not compile
    if (!path) continue;
    ++shown;
    EXPECT_TRUE(paths.contains(path)) << info(field_at(i)).key << " should be at " << path;
  }
  EXPECT_EQ(shown, kFieldCount - 6);
}

TEST(PathTable, EveryAlarmOfVictronsIsARow) {
  std::set<std::string> paths;
  for (const PathRow& row : path_table()) paths.insert(row.path);
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const std::string path = "/Alarms/" + std::string(key_of(static_cast<Alarm>(i)));
    EXPECT_TRUE(paths.contains(path)) << path;
  }
}

TEST(PathTable, NoPathIsTwiceAndNoneIsBelowAnother) {
  std::set<std::string> paths;
  for (const PathRow& row : path_table()) EXPECT_TRUE(paths.insert(row.path).second) << row.path;
  for (const std::string& path : paths) {
    const auto below = paths.lower_bound(path + "/");
    EXPECT_FALSE(below != paths.end() && below->starts_with(path + "/")) << path;
  }
}

struct Shown : ::testing::Test {
  Shown() { update(); }
  void update() {
    paths.update(Who{pack.identity, facts}, publisher);
    paths.update(pack.view(), publisher, pack.now);
    publisher.store();
  }
  const Item& item(const std::string& path) const {
    const auto index = tree.find(path);
    if (!index) throw std::runtime_error("no item " + path);
    return tree.at(*index);
  }
  BusValue value(const std::string& path) const { return item(path).value; }
  std::string text(const std::string& path) const { return item(path).text; }

  TestPack pack;
  ServiceFacts facts{"bmsd", "0.1.0", "JD2M02150860_1_", "Shed", 3};
  ItemTree tree;
  BatteryPaths paths{tree, {}, pack.display};
  Publisher publisher{tree};
};

TEST_F(Shown, WhoItIs) {
  EXPECT_EQ(value("/Mgmt/ProcessName"), BusValue("bmsd"));
  EXPECT_EQ(value("/Mgmt/ProcessVersion"), BusValue("0.1.0"));
  EXPECT_EQ(value("/Mgmt/Connection"), BusValue("Serial /dev/ttyUSB0"));
  EXPECT_EQ(value("/DeviceInstance"), BusValue(3));
  EXPECT_EQ(value("/ProductId"), BusValue(0xBA77));
  EXPECT_EQ(value("/ProductName"), BusValue("SerialBattery JD2M02150860_1_ @ ttyUSB0 (Daren485)"));
  EXPECT_EQ(value("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(value("/Serial"), BusValue("JD2M02150860_1_"));
  EXPECT_EQ(value("/HardwareVersion"), BusValue("DR-JC03"));
  EXPECT_EQ(value("/DeviceName"), BusValue()) << "the BMS stores none";
  EXPECT_EQ(value("/Connected"), BusValue(1));
}

TEST_F(Shown, AnAddressThatWasConfiguredIsPartOfTheNames) {
  pack.identity.address_configured = true;
  update();
  EXPECT_EQ(value("/Mgmt/Connection"), BusValue("Serial /dev/ttyUSB0__0x01"));
  EXPECT_EQ(service_name(pack.identity), "com.victronenergy.battery.ttyUSB0__0x01");
}

TEST_F(Shown, MeasurementsAreRoundedAndHaveTheirUnits) {
  EXPECT_EQ(value("/Dc/0/Current"), BusValue(-12.35));
  EXPECT_EQ(text("/Dc/0/Current"), "-12.35A");
  EXPECT_EQ(value("/Dc/0/Power"), BusValue(-655.77));
  EXPECT_EQ(text("/Dc/0/Power"), "-656W");
  EXPECT_EQ(value("/Dc/0/Temperature"), BusValue(22.8));
  EXPECT_EQ(value("/Soc"), BusValue(67.5));
  EXPECT_EQ(text("/Soc"), "67.5");
  EXPECT_EQ(text("/Capacity"), "67.50Ah");
  EXPECT_EQ(text("/InstalledCapacity"), "100Ah");
  EXPECT_EQ(value("/ConsumedAmphours"), BusValue(-32.5));
  EXPECT_EQ(value("/CurrentAvg"), BusValue(-12.35));
  EXPECT_EQ(value("/System/MOSTemperature"), BusValue(31.3));
}

TEST_F(Shown, CellsAndTheirExtremes) {
  EXPECT_EQ(value("/Voltages/Cell1"), BusValue(3.32));
  EXPECT_EQ(text("/Voltages/Cell3"), "3.301V");
  EXPECT_EQ(tree.find("/Voltages/Cell17"), std::nullopt);
  EXPECT_EQ(value("/Voltages/Sum"), BusValue(53.12));
  EXPECT_EQ(value("/Voltages/Diff"), BusValue(0.038));
  EXPECT_EQ(value("/Balances/Cell9"), BusValue(0));
  EXPECT_EQ(value("/Balances/Cell10"), BusValue(1));
  EXPECT_EQ(value("/Balancing"), BusValue(1));
  EXPECT_EQ(value("/System/NrOfCellsPerBattery"), BusValue(16));
  EXPECT_EQ(value("/System/MinCellVoltage"), BusValue(3.301));
  EXPECT_EQ(value("/System/MinVoltageCellId"), BusValue("C3"));
  EXPECT_EQ(value("/System/MaxVoltageCellId"), BusValue("C10"));
}

TEST_F(Shown, OfEqualTemperaturesTheLowestIsTheFirstAndTheHighestTheLast) {
  EXPECT_EQ(value("/System/MinCellTemperature"), BusValue(21.0));
  EXPECT_EQ(value("/System/MinTemperatureCellId"), BusValue("Temp 1"));
  EXPECT_EQ(value("/System/MaxCellTemperature"), BusValue(24.5));
  EXPECT_EQ(value("/System/MaxTemperatureCellId"), BusValue("Temp 4"));
  EXPECT_EQ(value("/System/Temperature2"), BusValue(24.5));
  EXPECT_EQ(value("/System/Temperature2Name"), BusValue("Temp 2"));
}

TEST_F(Shown, SensorsHaveTheNamesThatTheUserGave) {
  pack.display.temperature_names = {"Front", "Rear", "Left", "Bus bar"};
  update();
  EXPECT_EQ(value("/System/Temperature4Name"), BusValue("Bus bar"));
  EXPECT_EQ(value("/System/MinTemperatureCellId"), BusValue("Front"));
  EXPECT_EQ(value("/System/MaxTemperatureCellId"), BusValue("Bus bar"));
}

TEST_F(Shown, TemperaturesAreAdjustedAndOnlyTheChosenSensorsCount) {
  pack.control.sensors.source = {1, 2};
  pack.control.sensors.adjust[0] = {.offset = -1, .slope = 1};
  pack.control.sensors.adjust[3] = {.offset = 10, .slope = 1};
  pack.control.sensors.adjust_mos = {.offset = 0, .slope = 2};
  update();
  EXPECT_EQ(value("/System/Temperature1"), BusValue(20.0));
  EXPECT_EQ(value("/System/Temperature4"), BusValue(34.5));
  EXPECT_EQ(value("/Dc/0/Temperature"), BusValue(22.3)) << "the mean of 20.0 and 24.5, to one decimal";
  EXPECT_EQ(value("/System/MinCellTemperature"), BusValue(20.0));
  EXPECT_EQ(value("/System/MaxCellTemperature"), BusValue(24.5));
  EXPECT_EQ(value("/System/MaxTemperatureCellId"), BusValue("Temp 2"));
  EXPECT_EQ(value("/System/MOSTemperature"), BusValue(62.5));
  update();
  EXPECT_EQ(value("/System/Temperature1"), BusValue(20.0)) << "not once more";
}

TEST_F(Shown, ABmsWithoutCellSensorsHasOneTemperatureWithoutAName) {
  pack.battery = {};
  pack.says(Field::pack_temperature, 17);
  update();
  EXPECT_EQ(value("/Dc/0/Temperature"), BusValue(17.0));
  EXPECT_EQ(value("/System/MinCellTemperature"), BusValue(17.0));
  EXPECT_EQ(value("/System/MaxCellTemperature"), BusValue(17.0));
  EXPECT_EQ(value("/System/MinTemperatureCellId"), BusValue());
  EXPECT_EQ(value("/System/Temperature1"), BusValue());
  EXPECT_EQ(value("/System/Temperature1Name"), BusValue());
}

TEST_F(Shown, TheMidpointIsShownOnlyWhereItIsWanted) {
  EXPECT_EQ(value("/Dc/0/MidVoltage"), BusValue());
  EXPECT_EQ(value("/Dc/0/MidVoltageDeviation"), BusValue());
  pack.display.midpoint = true;
  update();
  EXPECT_EQ(value("/Dc/0/MidVoltage"), BusValue(26.54));
  EXPECT_EQ(text("/Dc/0/MidVoltage"), "26.54V");
  EXPECT_EQ(value("/Dc/0/MidVoltageDeviation"), BusValue(0.07));
  EXPECT_EQ(text("/Dc/0/MidVoltageDeviation"), "0.1%");
}

TEST_F(Shown, TheConfigurationIsShownOnlyWhereItIsWantedAndFollowsAReload) {
  EXPECT_EQ(tree.node("/Info/Config"), nullptr);
  pack.display.config_values = {{"MAX_CELL_VOLTAGE", 3.45}};
  update();
  EXPECT_EQ(value("/Info/Config/MAX_CELL_VOLTAGE"), BusValue(3.45));
  pack.display.config_values = {{"MAX_CELL_VOLTAGE", 3.5}};
  update();
  EXPECT_EQ(text("/Info/Config/MAX_CELL_VOLTAGE"), "3.5");
}

TEST_F(Shown, TheFormOfTheCellsStaysThatOfTheStart) {
  pack.display.cell_format = 2;
  update();
  EXPECT_EQ(value("/Voltages/Cell1"), BusValue(3.32));
  EXPECT_EQ(tree.node("/Cell"), nullptr);
}

TEST_F(Shown, CellsCanHavePathsOfTheirOwn) {
  pack.display.cell_format = 2;
  ItemTree other;
  Publisher to_other(other);
  BatteryPaths cells(other, {}, pack.display);
  cells.update(pack.view(), to_other, pack.now);
  to_other.store();
  EXPECT_EQ(other.at(*other.find("/Cell/3/Volts")).text, "3.301V");
  EXPECT_EQ(other.at(*other.find("/Cell/Sum")).text, "53.12V");
  EXPECT_EQ(other.at(*other.find("/Cell/Diff")).value, BusValue(0.038));
}

TEST_F(Shown, ACellThatNoCellCanHaveIsInvalid) {
  Reading reading;
  std::vector<double> cells(16, 3.3);
  cells[0] = 7.0;
  reading.cell_voltages = cells;
  pack.says(reading);
  update();
  EXPECT_EQ(value("/Voltages/Cell1"), BusValue());
  EXPECT_EQ(value("/Voltages/Cell2"), BusValue(3.3));
  EXPECT_EQ(value("/System/MaxCellVoltage"), BusValue(3.3)) << "it counts nowhere";
  EXPECT_EQ(value("/System/MaxVoltageCellId"), BusValue("C2"));
  EXPECT_EQ(value("/Voltages/Sum"), BusValue(49.5));
  EXPECT_EQ(value("/Voltages/Diff"), BusValue(0.0));
  EXPECT_EQ(value("/System/NrOfCellsPerBattery"), BusValue(16));
}

TEST_F(Shown, ALowCellLimitOfTheBmsMakesNoCellImplausible) {
  pack.limits.max_charge_cell_voltage = 1.5;
  update();
  EXPECT_EQ(value("/Voltages/Cell1"), BusValue(3.32));
}

TEST_F(Shown, CellsThatAppearLaterGetItems) {
  Reading reading;
  reading.cell_voltages = std::vector<double>(17, 3.3);
  reading.set(Field::voltage, 56.1);
  pack.says(reading);
  update();
  EXPECT_EQ(value("/Voltages/Cell17"), BusValue(3.3));
}

TEST_F(Shown, Limits) {
  EXPECT_EQ(text("/Info/MaxChargeVoltage"), "55.20V");
  EXPECT_EQ(value("/Info/MaxChargeCurrent"), BusValue(60.0));
  EXPECT_EQ(value("/Info/MaxDischargeCurrent"), BusValue(80.0));
  EXPECT_EQ(value("/Info/BatteryLowVoltage"), BusValue(46.4));
  EXPECT_EQ(value("/Info/ChargeLimitation"), BusValue("Max Battery Charge Current"));
  EXPECT_EQ(value("/Io/AllowToCharge"), BusValue(1));
  EXPECT_EQ(value("/System/NrOfModulesBlockingCharge"), BusValue(0));
  EXPECT_EQ(value("/State"), BusValue(9));
  EXPECT_EQ(value("/Mode"), BusValue(3));
  EXPECT_EQ(value("/DeviceState"), BusValue(0x100));
}

TEST_F(Shown, ALimitNeverBecomesInvalidAgain) {
  pack.limits.cvl.reset();
  pack.limits.low_voltage.reset();
  update();
  EXPECT_EQ(value("/Info/MaxChargeVoltage"), BusValue(55.2));
  EXPECT_EQ(value("/Info/BatteryLowVoltage"), BusValue(46.4));
}

TEST_F(Shown, BothDirectionsBlockedIsStandby) {
  pack.limits.charge = {0, "Cell Voltage", false};
  pack.limits.discharge = {0, "Cell Voltage", false};
  pack.outputs.state = OperatingState::standby;
  pack.outputs.device_state = DeviceState::blocked;
  update();
  EXPECT_EQ(value("/State"), BusValue(14));
  EXPECT_EQ(value("/Mode"), BusValue(4));
  EXPECT_EQ(value("/DeviceState"), BusValue(0x104));
  EXPECT_EQ(value("/System/NrOfModulesBlockingDischarge"), BusValue(1));
  pack.outputs.state = OperatingState::error;
  update();
  EXPECT_EQ(value("/State"), BusValue(10));
  EXPECT_EQ(value("/Mode"), BusValue(0xFC)) << "blocked, but not in state 14";
}

TEST_F(Shown, CurrentLimitsHaveThreeDecimalsAndTheirTextTwo) {
  pack.limits.charge.value = 2.0554;
  pack.limits.discharge.value = 0.125;
  update();
  EXPECT_EQ(value("/Info/MaxChargeCurrent"), BusValue(2.055));
  EXPECT_EQ(text("/Info/MaxChargeCurrent"), "2.06A");
  EXPECT_EQ(value("/Info/MaxDischargeCurrent"), BusValue(0.125));
}

TEST_F(Shown, ABatteryWhoseCellsAreUnknownIsInitialising) {
  pack.outputs.state = OperatingState::initialising;
  update();
  EXPECT_EQ(value("/State"), BusValue(0));
}

TEST_F(Shown, ACorrectedConfigurationIsAnErrorCodeAndTheBatteryRuns) {
  pack.display.config_state = ConfigState::corrected;
  update();
  EXPECT_EQ(value("/ErrorCode"), BusValue(119));
  EXPECT_EQ(value("/State"), BusValue(9));
  pack.display.config_state = ConfigState::fine;
  update();
  EXPECT_EQ(value("/ErrorCode"), BusValue()) << "a reload put it right";
}

TEST_F(Shown, AnUnusableConfigurationIsTheStateErrorWhateverIsAllowed) {
  pack.display.config_state = ConfigState::unusable;
  update();
  EXPECT_EQ(value("/ErrorCode"), BusValue(119));
  EXPECT_EQ(value("/State"), BusValue(10));
  EXPECT_EQ(value("/Mode"), BusValue(3));
  EXPECT_EQ(value("/Info/MaxChargeCurrent"), BusValue(60.0)) << "what is shown, not what is done";
  pack.limits.charge.allowed = pack.limits.discharge.allowed = false;
  update();
  EXPECT_EQ(value("/State"), BusValue(10));
}

TEST_F(Shown, TooManyInternalErrorsAreErrorCode8ExceptWhileTheBatteryIsLost) {
  auto& implausible = pack.health.errors_by_code[static_cast<std::size_t>(Errc::implausible)];
  implausible = 179;
  update();
  EXPECT_EQ(value("/ErrorCode"), BusValue());
  implausible = 180;
  update();
  EXPECT_EQ(value("/ErrorCode"), BusValue(8));
  EXPECT_EQ(value("/State"), BusValue(9));
  pack.presence.lost_for = 3s;
  update();
  EXPECT_EQ(value("/ErrorCode"), BusValue());
  pack.presence.lost_for = {};
  pack.display.config_state = ConfigState::corrected;
  update();
  EXPECT_EQ(value("/ErrorCode"), BusValue(119)) << "what the user can put right";
}

TEST_F(Shown, WithoutDataOnlyWhatChangesFastBecomesUnknown) {
  pack.presence.measurements_valid = false;
  pack.outputs.measured.voltage = pack.outputs.measured.current = pack.outputs.measured.power =
      pack.outputs.measured.mean_current = std::nullopt;
  pack.presence.cable_alarm = Severity::warning;
  pack.presence.text = "Lost for: 13s";
  update();
  for (const char* path : {"/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Power", "/CurrentAvg"})
    EXPECT_EQ(value(path), BusValue());
  EXPECT_EQ(value("/Soc"), BusValue(67.5));
  EXPECT_EQ(value("/Voltages/Cell1"), BusValue(3.32));
  EXPECT_EQ(value("/Info/MaxChargeVoltage"), BusValue(55.2));
  EXPECT_EQ(value("/System/NrOfModulesOnline"), BusValue(0));
  EXPECT_EQ(value("/System/NrOfModulesOffline"), BusValue(1));
  EXPECT_EQ(value("/Alarms/BmsCable"), BusValue(1));
  EXPECT_EQ(value("/ConnectionInformation"), BusValue("Lost for: 13s"));
  EXPECT_EQ(value("/Connected"), BusValue(1));
}

TEST_F(Shown, AlarmsThatTheBmsDoesNotHaveAreInvalid) {
  EXPECT_EQ(value("/Alarms/LowVoltage"), BusValue(0));
  EXPECT_EQ(value("/Alarms/HighCellVoltage"), BusValue(1));
  EXPECT_EQ(value("/Alarms/FuseBlown"), BusValue());
  EXPECT_EQ(value("/Alarms/BmsCable"), BusValue(0));
}

TEST_F(Shown, WhereTheSocIsNotTheOneOfTheBmsBothAreShown) {
  EXPECT_EQ(tree.find("/SocBms"), std::nullopt);
  EXPECT_EQ(tree.find("/CapacityBms"), std::nullopt);
  Measured& measured = pack.outputs.measured;
  measured.soc = 71.234567;
  measured.soc_bms = 67.5;
  measured.remaining = 71.2;
  measured.remaining_bms = 67.5;
  measured.consumed = -28.8;
  measured.consumed_bms = -32.5;
  update();
  EXPECT_EQ(value("/Soc"), BusValue(71.23));
  EXPECT_EQ(value("/SocBms"), BusValue(67.5));
  EXPECT_EQ(text("/Capacity"), "71.20Ah");
  EXPECT_EQ(text("/CapacityBms"), "67.50Ah");
  EXPECT_EQ(value("/ConsumedAmphours"), BusValue(-28.8));
  EXPECT_EQ(text("/ConsumedAmphoursBms"), "-32Ah");
  measured.soc_bms = measured.remaining_bms = measured.consumed_bms = std::nullopt;
  update();
  EXPECT_EQ(value("/SocBms"), BusValue()) << "the sensor has gone";
  EXPECT_EQ(value("/CapacityBms"), BusValue());
}

TEST_F(Shown, TheTimeToGoIsAPositiveNumberOfSeconds) {
  EXPECT_EQ(value("/TimeToGo"), BusValue());
  pack.outputs.times.to_go = 7200;
  update();
  EXPECT_EQ(value("/TimeToGo"), BusValue(7200));
  pack.outputs.times.to_go = 0;
  update();
  EXPECT_EQ(value("/TimeToGo"), BusValue(0));
  pack.outputs.times.to_go = -1;
  update();
  EXPECT_EQ(value("/TimeToGo"), BusValue()) << "Modbus would make 65535 of it";
}

TEST_F(Shown, TimesToASocHaveTheFormThatTheUserWants) {
  pack.outputs.times.to_soc = {{100, 4530}, {50, -60}, {0, std::nullopt}};
  update();
  EXPECT_EQ(value("/TimeToSoC/100"), BusValue(4530));
  EXPECT_EQ(text("/TimeToSoC/100"), "4530");
  EXPECT_EQ(value("/TimeToSoC/50"), BusValue(-60));
  EXPECT_EQ(value("/TimeToSoC/0"), BusValue());
  pack.control.times.shown = TimesShown::text;
  update();
  EXPECT_EQ(value("/TimeToSoC/100"), BusValue("1h 15m"));
  EXPECT_EQ(value("/TimeToSoC/50"), BusValue("-1m"));
  pack.control.times.shown = TimesShown::both;
  update();
  EXPECT_EQ(value("/TimeToSoC/100"), BusValue("4530 [1h 15m]"));
  pack.outputs.times.to_soc = {{100, 4530}, {20, 1}};
  update();
  EXPECT_EQ(value("/TimeToSoC/50"), BusValue()) << "not wanted any more";
  EXPECT_EQ(value("/TimeToSoC/20"), BusValue("1 [1s]"));
}

TEST_F(Shown, TheHistoryIsWhatChargeControlCounts) {
  HistoryValues& history = pack.outputs.history;
  history = {};
  history.deepest_discharge = 52.35;
  history.last_discharge = 0;
  history.average_discharge = 31;
  history.total_ah_drawn = 4711.26;
  history.charge_cycles = 47.1126;
  history.full_discharges = 2;
  history.automatic_syncs = 9;
  history.low_voltage_alarms = 3;
  history.high_voltage_alarms = 4;
  history.minimum_voltage = 44.444;
  history.maximum_voltage = 57.6;
  history.minimum_cell_voltage = 2.5554;
  history.maximum_cell_voltage = 3.6;
  history.minimum_temperature = -3.25;
  history.maximum_temperature = 41;
  history.timestamp_last_full_charge = 1'750'000'000;
  history.time_since_last_full_charge = 86'400;
  history.discharged_energy = 250.04;
  history.charged_energy = 261.06;
  update();
  const std::pair<const char*, BusValue> wanted[] = {{"DeepestDischarge", -52.4},  {"LastDischarge", 0.0},
                                                     {"AverageDischarge", -31.0},  {"TotalAhDrawn", -4711.3},
                                                     {"ChargeCycles", 47.1},       {"FullDischarges", 2},
                                                     {"AutomaticSyncs", 9},        {"LowVoltageAlarms", 3},
                                                     {"HighVoltageAlarms", 4},     {"MinimumVoltage", 44.44},
                                                     {"MaximumVoltage", 57.6},     {"MinimumCellVoltage", 2.555},
                                                     {"MaximumCellVoltage", 3.6},  {"MinimumTemperature", -3.3},
                                                     {"MaximumTemperature", 41.0}, {"TimeSinceLastFullCharge", 86'400},
                                                     {"DischargedEnergy", 250.0},  {"ChargedEnergy", 261.1}};
  for (const auto& [name, shown] : wanted) EXPECT_EQ(value(std::string("/History/") + name), shown) << name;
  EXPECT_EQ(text("/History/LastDischarge"), "0.0") << "no negative zero";
  EXPECT_EQ(value("/History/CanBeCleared"), BusValue(1));
  EXPECT_EQ(value("/History/Clear"), BusValue(0));
}

TEST_F(Shown, AHistoryThatIsNotCountedCannotBeCleared) {
  pack.control.history = false;
  update();
  EXPECT_EQ(value("/History/CanBeCleared"), BusValue(0)) << "so that nobody is offered a button without effect";
  SetResult result = SetResult::accepted;
  item("/History/Clear").on_set(1, [&result](SetResult given) { result = given; });
  EXPECT_EQ(result, SetResult::refused);
}

TEST_F(Shown, WhatMayBalanceAndHeatIsShownWhereItIsKnown) {
  EXPECT_EQ(value("/Io/AllowToBalance"), BusValue());
  EXPECT_EQ(value("/Heating"), BusValue());
  pack.outputs.balancer_may = false;
  pack.outputs.heating = true;
  update();
  EXPECT_EQ(value("/Io/AllowToBalance"), BusValue(0));
  EXPECT_EQ(value("/Heating"), BusValue(1));
}

TEST_F(Shown, ASocThatIsCountedHereCanBeSetAlsoWhenThatBeginsLater) {
  EXPECT_EQ(tree.node("/Settings")->children, (std::set<std::string>{"HasTemperature"}));
  pack.control.soc.counted = true;
  facts.soc_target = 42;
  update();
  EXPECT_EQ(value("/Settings/ResetSocTo"), BusValue(42));
  EXPECT_EQ(value("/Settings/ResetSocToApply"), BusValue(0));
  EXPECT_EQ(value("/Settings/HasSettings"), BusValue(1));
  EXPECT_EQ(tree.find("/Settings/ForceChargingOff"), std::nullopt) << "the BMS is only read";
}

TEST_F(Shown, TheDateOfTheSocResetIsThereWithTheReset) {
  pack.control.stages.soc_reset_after_days = 14;
  update();
  EXPECT_EQ(value("/Settings/SocResetLastReached"), BusValue(0));
  EXPECT_EQ(value("/Settings/HasSettings"), BusValue(1));
  pack.outputs.soc_reset_last_reached = 1'750'000'000;
  update();
  EXPECT_EQ(value("/Settings/SocResetLastReached"), BusValue(1'750'000'000));
}

TEST_F(Shown, WhatThisBmsNeverSaysIsInvalid) {
  EXPECT_EQ(value("/Info/HeatingPower"), BusValue());
  EXPECT_EQ(text("/Info/HeatingPower"), "---");
  EXPECT_EQ(value("/ErrorCode"), BusValue());
  EXPECT_EQ(value("/TimeToGo"), BusValue());
}

}  // namespace
}  // namespace bmsd::testing
