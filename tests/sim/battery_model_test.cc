#include "sim/battery_model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/lfp_cell.h"

namespace bmsd {
namespace {

BatteryModelOptions equal_cells(double soc = 50) {
  BatteryModelOptions options;
  options.spread = 0;
  options.soc_percent = soc;
  return options;
}

void run(BatteryModel& battery, double hours, double current, double room_c = 20) {
  for (int i = 0; i < static_cast<int>(hours * 3600); ++i) battery.step(1, current, room_c);
}

TEST(LfpCell, TheVoltageRisesWithTheChargeWithoutJumps) {
  double before = open_circuit_voltage(-5);
  for (double soc = -4.99; soc < 102.5; soc += 0.01) {
    const double voltage = open_circuit_voltage(soc);
    EXPECT_GT(voltage, before) << soc;
    EXPECT_LT(voltage - before, 0.005) << soc;
    before = voltage;
  }
}

TEST(LfpCell, IsFlatInTheMiddleAndSteepAtTheEnds) {
  EXPECT_NEAR(open_circuit_voltage(50), 3.30, 0.01);
  EXPECT_LT(open_circuit_voltage(80) - open_circuit_voltage(20), 0.1);
  EXPECT_GT(open_circuit_voltage(100) - open_circuit_voltage(97), 0.1);
  EXPECT_GT(open_circuit_voltage(5) - open_circuit_voltage(0), 0.3);
}

TEST(LfpCell, BeyondTheEndsItStays) {
  EXPECT_NEAR(open_circuit_voltage(-50), 2.0, 1e-9);
  EXPECT_NEAR(open_circuit_voltage(500), 4.2, 1e-9);
}

TEST(BatteryModel, TheChargeIsTheCurrentTimesTime) {
  BatteryModel battery(equal_cells());
  run(battery, 1, 56);
  EXPECT_NEAR(battery.soc_percent(), 50 + 20 * 0.998, 0.05);
  run(battery, 1, -56);
  EXPECT_NEAR(battery.soc_percent(), 50, 0.1);
}

TEST(BatteryModel, ACurrentShowsAtOnceAndThenSlowly) {
  BatteryModel battery(equal_cells());
  const double rest = battery.voltage();
  battery.step(1, 100, 25);
  const double at_once = battery.voltage();
  EXPECT_NEAR(at_once - rest, 100 * battery.resistance(), 0.01);
  run(battery, 0.2, 100);
  EXPECT_GT(battery.voltage(), at_once + 0.3);
  battery.step(1, 0, 25);
  const double just_off = battery.voltage();
  run(battery, 1, 0);
  EXPECT_LT(battery.voltage(), just_off - 0.3);  // relaxes
}

TEST(BatteryModel, ColdCellsResistMore) {
  BatteryModelOptions options = equal_cells();
  options.temperature_c = 25;
  const double warm = BatteryModel(options).resistance();
  options.temperature_c = 0;
  EXPECT_NEAR(BatteryModel(options).resistance() / warm, 2, 0.1);
}

TEST(BatteryModel, CurrentWarmsAndTheRoomCools) {
  BatteryModel battery(equal_cells(80));
  run(battery, 3, -60);
  const double warm = battery.temperature_c();
  EXPECT_GT(warm, 20.3);
  EXPECT_LT(warm, 30);
  run(battery, 24, 0, 20);
  EXPECT_NEAR(battery.temperature_c(), 20, 0.2);
}

TEST(BatteryModel, ACellThatIsTooHighOpensTheChargeFetUntilItIsBack) {
  BatteryModel battery(equal_cells(98));
  for (int i = 0; i < 7200 && battery.charge_fet(); ++i) battery.step(1, 30, 20);
  EXPECT_FALSE(battery.charge_fet());
  EXPECT_TRUE(battery.discharge_fet());
  EXPECT_GE(battery.highest_cell(), 3.65);
  battery.step(1, 30, 20);
  EXPECT_EQ(battery.current(), 0);
  EXPECT_FALSE(battery.charge_fet());  // not as soon as it is a little lower
  battery.step(1, -20, 20);
  EXPECT_EQ(battery.current(), -20);
  battery.step(1, -20, 20);
  EXPECT_TRUE(battery.charge_fet());
}

TEST(BatteryModel, ACellThatIsTooLowOpensTheDischargeFetUntilItIsBack) {
  BatteryModel battery(equal_cells(3));
  for (int i = 0; i < 7200 && battery.discharge_fet(); ++i) battery.step(1, -30, 20);
  EXPECT_FALSE(battery.discharge_fet());
  EXPECT_LE(battery.lowest_cell(), 2.5);
  battery.step(1, -30, 20);
  EXPECT_EQ(battery.current(), 0);
  EXPECT_FALSE(battery.discharge_fet());
  battery.step(1, 20, 20);
  battery.step(1, 20, 20);
  EXPECT_TRUE(battery.discharge_fet());
  EXPECT_EQ(battery.current(), 20);
}

TEST(BatteryModel, CellsDifferAndTheBalancerBringsTheTopTogether) {
  BatteryModelOptions options;
  options.soc_percent = 97.5;
  options.spread = 3;
  BatteryModel battery(options);
  const auto difference = [&] { return battery.highest_cell() - battery.lowest_cell(); };
  // A charger that keeps the highest cell at 3.46 V.
  const auto hold = [&](double hours) {
    for (int i = 0; i < static_cast<int>(hours * 3600); ++i) battery.step(1, battery.highest_cell() < 3.46 ? 5 : 0, 20);
  };
  hold(1);
  const double before = difference();
  EXPECT_GT(before, 0.010);
  EXPECT_FALSE(battery.state().balancing_cells.empty());
  hold(24);
  EXPECT_LT(difference(), 0.012);
  EXPECT_LT(difference(), before);
}

TEST(BatteryModel, TheCounterDriftsAndIsSetAtTheTop) {
  BatteryModelOptions options;
  options.spread = 2;
  options.seed = 4;
  BatteryModel battery(options);
  for (int day = 0; day < 10; ++day) {
    run(battery, 2, 50);
    run(battery, 2, -50);
  }
  const double error = battery.state().soc - battery.soc_percent();
  EXPECT_GT(std::abs(error), 0.05);
  EXPECT_LT(std::abs(error), 10);
  for (int i = 0; i < 40000 && battery.highest_cell() < 3.60; ++i) battery.step(1, 40, 20);
  EXPECT_EQ(battery.state().soc, 100);
  battery.set_counter(40);
  EXPECT_NEAR(battery.state().soc, 40, 1e-9);
}

TEST(BatteryModel, ASwitchIsStrongerThanNoProtection) {
  BatteryModel battery(equal_cells());
  battery.set_switches(false, true);
  battery.step(1, 10, 20);
  EXPECT_EQ(battery.current(), 0);
  EXPECT_FALSE(battery.state().charge_fet);
  battery.set_switches(true, true);
  battery.step(1, 10, 20);
  EXPECT_EQ(battery.current(), 10);
}

TEST(BatteryModel, SaysWhatABmsSays) {
  BatteryModel battery(equal_cells(60));
  run(battery, 0.1, -28);
  const PackState state = battery.state();
  ASSERT_EQ(state.cell_voltages.size(), 16U);
  ASSERT_EQ(state.cell_temperatures.size(), 4U);
  EXPECT_NEAR(state.voltage, battery.voltage(), 1e-9);
  EXPECT_NEAR(state.current, -28, 0.2);
  EXPECT_NEAR(state.capacity_remaining, state.soc / 100 * 280, 1e-9);
  EXPECT_NEAR(state.total_discharge, 2.8, 0.01);
  EXPECT_GT(state.mos_temperature, state.pack_temperature);
}

TEST(BatteryModel, SocCanBeSetWithoutLevellingTheCells) {
  BatteryModel battery(BatteryModelOptions{});
  battery.set_soc(90);
  EXPECT_NEAR(battery.soc_percent(), 90, 0.2);
  EXPECT_NEAR(battery.state().soc, 90, 1e-9);
  EXPECT_GT(battery.highest_cell(), battery.lowest_cell());
}

}  // namespace
}  // namespace bmsd
