#include "control/soc_reset.h"

#include <gtest/gtest.h>

#include "control/shown_alarm.h"

namespace bmsd::soc_reset_test {
namespace {

constexpr std::int64_t kStart = 1'750'000'000, kDay = 86400;

class SocResetTest : public testing::Test {
 protected:
  SocResetTest() { config_.soc_reset_after_days = 15; }
  bool wanted(std::int64_t s, std::int64_t wall) {
    return reset_.wanted(config_, {}, WallTime{wall}, Instant(std::chrono::seconds(s)));
  }
  bool wanted(std::int64_t s) { return wanted(s, kStart + s); }
  bool hides(std::int64_t s) const { return reset_.hides_warnings(Instant(std::chrono::seconds(s))); }

  ChargeStageConfig config_;
  SocReset reset_;
};

TEST_F(SocResetTest, IsDueStrictlyAfterTheDays) {
  reset_.restore(kStart - 15 * kDay, false);
  EXPECT_FALSE(wanted(0));
  EXPECT_TRUE(wanted(1));
}

TEST_F(SocResetTest, AClockThatIsNotSetMakesNothingDue) {
  reset_.restore(kStart - 100 * kDay, false);
  EXPECT_FALSE(wanted(0, 0));
  EXPECT_FALSE(wanted(1, 1'500'000'000));
  EXPECT_FALSE(wanted(2, kStart - 101 * kDay)) << "before it was reached";
  EXPECT_TRUE(wanted(3, kStart));
}

TEST_F(SocResetTest, IsNotWantedWithoutVoltageManagement) {
  reset_.restore(kStart - 100 * kDay, false);
  config_.enabled = false;
  EXPECT_FALSE(wanted(0));
}

TEST_F(SocResetTest, WhatIsReachedWithoutAClockIsDatedWhenItIsSet) {
  reset_.restore(kStart - 100 * kDay, false);
  EXPECT_TRUE(wanted(0));
  reset_.float_begins(true, WallTime{0}, Instant(1000s));
  EXPECT_FALSE(wanted(1100, 0));
  EXPECT_FALSE(wanted(1200, kStart));
  EXPECT_EQ(reset_.last_reached(), kStart - 200);
}

TEST_F(SocResetTest, WhatWasNotReachedIsWantedOn) {
  reset_.restore(kStart - 100 * kDay, false);
  EXPECT_TRUE(wanted(0));
  reset_.float_begins(false, WallTime{kStart}, Instant(1s));
  EXPECT_EQ(reset_.last_reached(), kStart - 100 * kDay);
  EXPECT_TRUE(wanted(2));
}

TEST_F(SocResetTest, WarningsAreHiddenForADayAtMostAndForHalfAnHourAfterwards) {
  reset_.restore(kStart - 100 * kDay, false);
  EXPECT_FALSE(hides(0));
  EXPECT_TRUE(wanted(0));
  EXPECT_TRUE(hides(kDay));
  EXPECT_FALSE(hides(kDay + 1));
  reset_.float_begins(true, WallTime{kStart + kDay}, Instant(std::chrono::seconds(kDay + 10)));
  EXPECT_TRUE(hides(kDay + 1810));
  EXPECT_FALSE(hides(kDay + 1811));
}

TEST_F(SocResetTest, TheHalfHourGoesOnAfterARestart) {
  reset_.restore(kStart - 1000, true);
  EXPECT_FALSE(wanted(0));
  EXPECT_TRUE(hides(800));
  EXPECT_FALSE(hides(801));
}

TEST(ShownAlarm, AnAlarmIsNeverHidden) {
  Alarms alarms;
  const auto set = [&](Alarm alarm, Severity level) { alarms.level[static_cast<std::size_t>(alarm)] = level; };
  set(Alarm::high_voltage, Severity::alarm);
  set(Alarm::high_cell_voltage, Severity::warning);
  set(Alarm::low_voltage, Severity::warning);
  EXPECT_EQ(shown_severity(alarms, Alarm::high_voltage, true), Severity::alarm);
  EXPECT_EQ(shown_severity(alarms, Alarm::high_cell_voltage, true), Severity::ok);
  EXPECT_EQ(shown_severity(alarms, Alarm::high_cell_voltage, false), Severity::warning);
  EXPECT_EQ(shown_severity(alarms, Alarm::low_voltage, true), Severity::warning);
  EXPECT_EQ(shown_severity(alarms, Alarm::cell_imbalance, true), Severity::unsupported);
}

}  // namespace
}  // namespace bmsd::soc_reset_test
