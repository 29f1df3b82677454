// A BMS that tells its pack voltage and at most its lowest and highest cell, as those on CAN that inverters are made for.
#include <gtest/gtest.h>

#include "control/cells.h"
#include "control/charge_control.h"
#include "control/charge_inputs.h"
#include "control/sensors.h"
#include "control_fixture.h"

namespace bmsd::without_cells_test {
namespace {

Reading pack(double volts, double lowest, double highest) {
  Reading reading;
  reading.set(Field::voltage, volts);
  reading.set(Field::current, 10);
  reading.set(Field::soc, 60);
  reading.set(Field::cell_count, 16);
  reading.set(Field::cell_voltage_min, lowest);
  reading.set(Field::cell_voltage_max, highest);
  return reading;
}

class WithoutCells : public testing::Test {
 protected:
  const ControlOutputs& after(Duration passed, const Reading& reading) {
    now_ += passed;
    (void)battery_.merge(reading, 0, now_);
    control_.round_good(now_);
    return control_.evaluate(config_, battery_, {}, false, {}, now_);
  }
  ControlConfig config_;
  Battery battery_;
  ChargeControl control_;
  Instant now_{1h};
};

TEST_F(WithoutCells, TheChargeIsCompletedByThePackVoltageAndTheExtremes) {
  EXPECT_DOUBLE_EQ(*after(1s, pack(52.8, 3.29, 3.31)).limits.cvl, 55.2);
  EXPECT_EQ(after(1s, pack(55.2, 3.40, 3.49)).limits.mode.stage, ChargeStageName::bulk) << "too far apart";
  EXPECT_EQ(after(1s, pack(55.2, 3.447, 3.453)).limits.mode.stage, ChargeStageName::absorption);
  EXPECT_EQ(after(901s, pack(55.2, 3.447, 3.453)).limits.mode.stage, ChargeStageName::float_transition);
  EXPECT_DOUBLE_EQ(*after(3600s, pack(54.1, 3.37, 3.38)).limits.cvl, 54);
}

TEST_F(WithoutCells, AHighCellLowersTheChargeVoltageByWhatItIsTooHigh) {
  after(1s, pack(54.4, 3.39, 3.41));
  EXPECT_DOUBLE_EQ(*after(1s, pack(54.6, 3.39, 3.55)).limits.cvl, 54.5);
}

TEST_F(WithoutCells, TheCurrentTablesAreReadAtTheExtremes) {
  EXPECT_EQ(after(1s, pack(52, 3.2, 3.5)).limits.charge.value, 0);
  EXPECT_EQ(after(1s, pack(50, 2.8, 3.2)).limits.discharge.value, 0);
}

TEST_F(WithoutCells, ExtremesThatCannotBeAreNotUsed) {
  for (const auto& [lowest, highest] : {std::pair(3.4, 3.3), std::pair(3.3, 7.0)}) {
    const Battery battery = battery_of(pack(52.8, lowest, highest));
    EXPECT_FALSE(cell_range(battery, 3.45));
    EXPECT_FALSE(charge_inputs(config_, battery).cells) << "nor are all cells taken for equal";
  }
}

TEST_F(WithoutCells, ALimitForThePackIsSharedByItsCellsAndOnlyLowers) {
  Reading reading = pack(52.8, 3.29, 3.31);
  reading.set(Field::charge_voltage_limit, 54.4);
  EXPECT_DOUBLE_EQ(*after(1s, reading).limits.cvl, 54.4);
  reading.set(Field::charge_voltage_limit, 58.4);
  EXPECT_DOUBLE_EQ(charge_bounds(config_, charge_inputs(config_, battery_of(reading)), false)->highest, 55.2);
}

TEST_F(WithoutCells, ABatteryWhoseCellsNobodyKnowsIsChargedToWhatItAsksFor) {
  Reading reading;
  reading.set(Field::voltage, 49.86);
  EXPECT_FALSE(after(1s, reading).limits.cvl);
  EXPECT_EQ(control_.outputs().state, OperatingState::initialising);
  reading.set(Field::charge_voltage_limit, 53.2);
  reading.set(Field::discharge_voltage_limit, 45);
  EXPECT_DOUBLE_EQ(*after(1s, reading).limits.cvl, 53.2);
  EXPECT_DOUBLE_EQ(*control_.outputs().limits.low_voltage, 45);
  EXPECT_EQ(control_.outputs().state, OperatingState::running);
  reading.set(Field::charge_voltage_limit, 51.239);
  EXPECT_DOUBLE_EQ(*after(1s, reading).limits.cvl, 51.23) << "at once, and never above it";
}

TEST_F(WithoutCells, TheExtremesOfTheTemperatureCountAndThePackTemperatureIsShown) {
  Reading reading;
  reading.set(Field::temperature_min, 2);
  reading.set(Field::temperature_max, 30);
  const Temperatures alone = temperatures_of(battery_of(reading), {});
  EXPECT_EQ(alone.coldest->celsius, 2);
  EXPECT_EQ(alone.hottest->celsius, 30);
  EXPECT_EQ(*alone.battery, 16);
  reading.set(Field::pack_temperature, 20);
  EXPECT_EQ(*temperatures_of(battery_of(reading), {}).battery, 20);
}

}  // namespace
}  // namespace bmsd::without_cells_test
