// What was read and waits to be confirmed lowers limits in the same round, and is not published.
#include <gtest/gtest.h>

#include "battery/battery.h"
#include "control/charge_inputs.h"
#include "control/current_limits.h"
#include "control/disconnect.h"
#include "control/sensors.h"

namespace bmsd::pending_test {
namespace {

class PendingLimits : public testing::Test {
 protected:
  PendingLimits() {
    Reading reading;
    reading.cell_voltages = std::vector<double>(16, 3.40);
    reading.cell_temperatures = std::vector<double>{25, 25};
    reading.set(Field::cell_count, 16);
    reading.set(Field::soc, 60);
    reading.set(Field::mos_temperature, 30);
    reading.set(Field::charge_fet_on, 1);
    reading.set(Field::discharge_fet_on, 1);
    take(reading);
  }
  void take(const Reading& reading) {
    now_ += 1s;
    EXPECT_TRUE(battery_.take(reading, 0, now_, Guard::weak));
  }
  void take_cell(double volts) {
    Reading reading;
    reading.cell_voltages = std::vector<double>(16, 3.40);
    (*reading.cell_voltages)[6] = volts;
    take(reading);
  }
  double charge() const { return limits().charge.value; }
  double discharge() const { return limits().discharge.value; }
  Limits limits() const { return first_limits(config_, battery_, Presence{}, true); }

  ControlConfig config_;
  Battery battery_;
  Instant now_{};
};

TEST_F(PendingLimits, AHighCellLowersTheChargeCurrentInTheSameRound) {
  const double before = charge();
  take_cell(3.65);
  EXPECT_LT(charge(), before);
  EXPECT_EQ((*battery_.cell_voltages())[6], 3.40) << "it is not shown";
  EXPECT_EQ(current_inputs(config_, battery_).highest_cell_number, 7);
  take_cell(3.40);
  EXPECT_EQ(charge(), before) << "without memory";
}

TEST_F(PendingLimits, AHighCellCountsForTheChargeVoltageAndNotForHowFarTheChargeIs) {
  const auto before = charge_inputs(config_, battery_).cells;
  take_cell(3.65);
  const auto cells = charge_inputs(config_, battery_).cells;
  ASSERT_TRUE(before && cells);
  EXPECT_EQ(cells->highest, 3.65);
  EXPECT_EQ(cells->highest_cell, 7);
  EXPECT_EQ(cells->volts[6], 3.65);
  EXPECT_EQ(cells->volts[5], 3.40);
  EXPECT_EQ(cells->sum, before->sum);
  EXPECT_EQ(cells->difference, before->difference);
}

TEST_F(PendingLimits, ALowCellLowersTheDischargeCurrentInTheSameRound) {
  const double before = discharge(), charging = charge();
  take_cell(2.6);
  EXPECT_LT(discharge(), before);
  EXPECT_EQ(charge(), charging) << "the other cells are as they were";
}

TEST_F(PendingLimits, ACellThatNoBatteryCanHaveLowersNothing) {
  const double before = charge();
  Reading reading;
  reading.cell_voltages = std::vector<double>(16, 3.40);
  (*reading.cell_voltages)[6] = 9;
  take(reading);
  EXPECT_EQ(charge(), before);
}

TEST_F(PendingLimits, AColdSensorLowersTheChargeCurrentInTheSameRound) {
  const double before = charge();
  Reading reading;
  reading.cell_temperatures = std::vector<double>{25, -10};
  take(reading);
  EXPECT_LT(charge(), before);
  EXPECT_EQ(temperatures_of(battery_, config_.sensors).coldest->celsius, 25) << "it is not shown";
}

TEST_F(PendingLimits, AFetThatIsOffStopsItsDirectionInTheSameRound) {
  Reading reading;
  reading.set(Field::charge_fet_on, 0);
  take(reading);
  EXPECT_EQ(charge(), 0);
  EXPECT_GT(discharge(), 0);
  EXPECT_EQ(battery_.flag(Field::charge_fet_on), true) << "it is not shown";
}

TEST_F(PendingLimits, AProtectionStopsItsDirectionInTheSameRound) {
  const auto said = [](bool stopped) {
    Reading reading;
    reading.alarms = Alarms();
    if (stopped) reading.alarms->raise({0, 0, "low", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge});
    return reading;
  };
  take(said(false));
  EXPECT_GT(discharge(), 0);
  take(said(true));
  EXPECT_EQ(discharge(), 0);
  EXPECT_EQ(battery_.alarms().of(Alarm::low_cell_voltage), Severity::unsupported) << "it is not shown";
}

TEST_F(PendingLimits, AnEmptyBatteryLowersTheDischargeCurrentInTheSameRound) {
  const double before = discharge();
  config_.discharge.by_soc = true;
  Reading reading;
  reading.set(Field::soc, 1);
  take(reading);
  EXPECT_LT(discharge(), before);
  EXPECT_EQ(battery_.get(Field::soc), 60) << "it is not shown";
}

}  // namespace
}  // namespace bmsd::pending_test
