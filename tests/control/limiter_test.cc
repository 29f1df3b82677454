#include "control/limiter.h"

#include <gtest/gtest.h>

#include "control/disconnect.h"
#include "control/measured_current.h"
#include "control_fixture.h"

namespace bmsd::limiter_test {
namespace {

Instant at(double s) { return Instant(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s))); }

const std::string kCharge = "Max Battery Charge Current", kCells = "Cell Voltage";

// One battery whose cells alone limit the charge current: with 3.3 V nothing does.
class LimiterTest : public testing::Test {
 protected:
  CurrentLimit charge(double t, const Battery& battery) {
    return limiter_.evaluate(config_, battery, believed(battery), presence_, true, {}, at(t)).charge;
  }
  // By a BMS that sets the charge current itself, the simplest way to any target.
  double charge_with(double t, double amperes) {
    Reading reading = reading_of(16, 3.3);
    reading.set(Field::max_charge_current, amperes);
    return charge(t, battery_of(reading)).value;
  }
  void lose(double seconds_ago, bool blocked = false) {
    presence_.lost_for = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds_ago));
    presence_.blocked = blocked;
  }

  ControlConfig config_;
  Presence presence_;
  Limiter limiter_;
};

TEST_F(LimiterTest, TheFirstEvaluationTakesTheTarget) {
  EXPECT_DOUBLE_EQ(charge_with(1000, 33), 33);
  EXPECT_DOUBLE_EQ(charge_with(1000, 33), 33);
}

TEST_F(LimiterTest, ReductionsActInTheSameCallHoweverSmall) {
  charge_with(0, 50);
  EXPECT_DOUBLE_EQ(charge_with(0.1, 49.999), 49.999);
  EXPECT_DOUBLE_EQ(charge_with(0.2, 20), 20);
  EXPECT_DOUBLE_EQ(charge_with(0.3, 0), 0);
}

TEST_F(LimiterTest, ALimitComesBackAfterTheHoldAndAtItsRate) {
  charge_with(0, 10);
  EXPECT_DOUBLE_EQ(charge_with(100, 50), 10) << "the hold counts from the first call that wants more";
  EXPECT_DOUBLE_EQ(charge_with(129.9, 50), 10);
  EXPECT_DOUBLE_EQ(charge_with(130, 50), 10) << "the ramp begins";
  EXPECT_DOUBLE_EQ(charge_with(131, 50), 15);
  EXPECT_DOUBLE_EQ(charge_with(131.5, 50), 17.5);
  EXPECT_DOUBLE_EQ(charge_with(138, 50), 50);
  EXPECT_DOUBLE_EQ(charge_with(139, 50), 50);
}

TEST_F(LimiterTest, TheReasonIsThatOfTheTargetWithAStarWhileItHolds) {
  EXPECT_EQ(charge(0, battery_of(reading_of(16, 3.4))).reason, kCells);
  EXPECT_EQ(charge(1, calm_battery()).reason, kCharge + " *");
  EXPECT_EQ(charge(30.9, calm_battery()).reason, kCharge + " *");
  EXPECT_EQ(charge(31, calm_battery()).reason, kCharge);
  EXPECT_EQ(charge(32, calm_battery()).reason, kCharge);
}

TEST_F(LimiterTest, FromZeroOnlyATargetAboveTheThresholdIsFollowed) {
  EXPECT_EQ(charge_with(0, 0), 0);
  EXPECT_EQ(charge_with(1, 0.749), 0) << "1.5 % of 50 A are 0.75 A";
  EXPECT_EQ(charge_with(1000, 0.749), 0);
  EXPECT_EQ(charge_with(1001, 0.75), 0) << "the hold begins only now";
  EXPECT_EQ(charge_with(1031, 0.75), 0);
  EXPECT_DOUBLE_EQ(charge_with(1032, 0.75), 0.75);
  EXPECT_DOUBLE_EQ(charge_with(1033, 0.3), 0.3) << "a limit that is not 0 may be that small";
}

TEST_F(LimiterTest, AtZeroBelowTheThresholdNothingIsAllowedAndTheReasonHasAStar) {
  charge(0, battery_of(reading_of(16, 3.6)));
  const CurrentLimit limit = charge(1, battery_of(reading_of(16, 3.49)));
  EXPECT_EQ(limit.value, 0);
  EXPECT_FALSE(limit.allowed);
  EXPECT_EQ(limit.reason, kCells + " *");
}

TEST_F(LimiterTest, AReductionDuringTheHoldBeginsItAnewUnlessItMayBeNoise) {
  charge_with(0, 10);
  charge_with(1, 50);
  EXPECT_DOUBLE_EQ(charge_with(20, 9.1), 9.1) << "0.9 A are less than 2 % of 50 A";
  charge_with(21, 50);
  EXPECT_DOUBLE_EQ(charge_with(31, 50), 9.1);
  EXPECT_DOUBLE_EQ(charge_with(32, 50), 14.1) << "the hold ran on since 1 s";

  EXPECT_DOUBLE_EQ(charge_with(33, 13.1), 13.1) << "1 A is 2 %";
  charge_with(34, 50);
  EXPECT_DOUBLE_EQ(charge_with(63.9, 50), 13.1);
  EXPECT_DOUBLE_EQ(charge_with(64, 50), 13.1);
  EXPECT_DOUBLE_EQ(charge_with(65, 50), 18.1);
}

TEST_F(LimiterTest, TheRampIsTakenAnewAfterAnyReduction) {
  charge_with(0, 10);
  charge_with(1, 50);
  charge_with(31, 50);
  EXPECT_DOUBLE_EQ(charge_with(33, 50), 20);
  EXPECT_DOUBLE_EQ(charge_with(34, 19.5), 19.5);
  EXPECT_DOUBLE_EQ(charge_with(40, 19.5), 19.5);
  EXPECT_DOUBLE_EQ(charge_with(41, 50), 19.5) << "a ramp that was kept would jump to 50 A here";
  EXPECT_DOUBLE_EQ(charge_with(42, 50), 24.5);
}

TEST_F(LimiterTest, ARecoveryThatNobodyAskedForDuringAWholeHoldIsOver) {
  charge_with(0, 10);
  charge_with(1, 50);
  charge_with(2, 9.5);
  for (int t = 3; t <= 40; ++t) charge_with(t, 9.5);
  charge_with(41, 50);
  EXPECT_DOUBLE_EQ(charge_with(70.9, 50), 9.5);
  EXPECT_DOUBLE_EQ(charge_with(71, 50), 9.5);
  EXPECT_DOUBLE_EQ(charge_with(72, 50), 14.5);
}

TEST_F(LimiterTest, AValueThatTogglesByADigitStaysAtItsLowerEdge) {
  charge_with(0, 12.5);
  for (int t = 1; t < 600; ++t) EXPECT_DOUBLE_EQ(charge_with(t, t % 2 == 0 ? 12.5 : 12.6), 12.5) << t;
}

TEST_F(LimiterTest, WithoutHoldAndRateItRisesAtOnce) {
  config_.charge_recovery = {0, 0, 0.015};
  charge_with(0, 0);
  EXPECT_DOUBLE_EQ(charge_with(1, 50), 50);
}

TEST_F(LimiterTest, BothDirectionsRecoverByTheirOwnSettings) {
  config_.discharge_recovery = {2, 10, 0.015};
  limiter_.evaluate(config_, battery_of(reading_of(16, 3.3, -15)), believed(battery_of(reading_of(16, 3.3, -15))),
                    presence_, true, {}, at(0));
  for (const double t : {1.0, 3.0})
    limiter_.evaluate(config_, calm_battery(), believed(calm_battery()), presence_, true, {}, at(t));
  const Limits limits =
      limiter_.evaluate(config_, calm_battery(), believed(calm_battery()), presence_, true, {}, at(4));
  EXPECT_DOUBLE_EQ(limits.charge.value, 0);
  EXPECT_DOUBLE_EQ(limits.discharge.value, 10);
}

TEST_F(LimiterTest, ALimitThatWasNeverLoweredHasNothingToRecoverFromAfterAShortLoss) {
  charge_with(0, 50);
  for (const double lost : {2.0, 9.0, 15.0}) {
    lose(lost);
    EXPECT_DOUBLE_EQ(charge_with(1 + lost, 50), 50);
  }
  lose(0);
  EXPECT_DOUBLE_EQ(charge_with(17, 50), 50);
}

TEST_F(LimiterTest, ALostPackOnlyLosesLimits) {
  charge_with(0, 10);
  charge_with(1, 50);
  lose(2);
  EXPECT_DOUBLE_EQ(charge_with(60, 50), 10) << "the hold is over, and still nothing rises from old values";
  EXPECT_DOUBLE_EQ(charge_with(100, 8), 8);
  lose(0);
  EXPECT_DOUBLE_EQ(charge_with(101, 50), 8);
}

TEST_F(LimiterTest, ARampThatWasUnderWayDoesNotJumpOverALoss) {
  charge_with(0, 10);
  charge_with(1, 50);
  charge_with(31, 50);
  EXPECT_DOUBLE_EQ(charge_with(32, 50), 15);
  lose(3);
  EXPECT_DOUBLE_EQ(charge_with(35, 50), 15);
  lose(0);
  EXPECT_DOUBLE_EQ(charge_with(39, 50), 15);
  EXPECT_DOUBLE_EQ(charge_with(40, 50), 20);
}

TEST_F(LimiterTest, ABlockedPackComesBackFromZero) {
  charge_with(0, 50);
  lose(60, true);
  const CurrentLimit blocked = charge(61, calm_battery());
  EXPECT_EQ(blocked.value, 0);
  EXPECT_EQ(blocked.reason, "BMS connection lost");
  EXPECT_FALSE(blocked.allowed);
  lose(0);
  EXPECT_EQ(charge(70, calm_battery()).value, 0);
  EXPECT_EQ(charge(71, calm_battery()).reason, kCharge + " *");
  EXPECT_FALSE(charge(71, calm_battery()).allowed);
  charge(100, calm_battery());
  EXPECT_DOUBLE_EQ(charge(101, calm_battery()).value, 5);
  EXPECT_TRUE(charge(101, calm_battery()).allowed);
}

// --- A long loss with limits kept

TEST_F(LimiterTest, APackLostNearlyFullWhileItWasChargedKeepsAQuarterAfterFiveMinutes) {
  const Battery battery = battery_of(reading_of(16, 3.35));  // with 10 A
  charge(0, battery);
  lose(299.9);
  EXPECT_DOUBLE_EQ(charge(300, battery).value, 50);
  lose(300);
  const CurrentLimit limit = charge(300.1, battery);
  EXPECT_DOUBLE_EQ(limit.value, 12.5);
  EXPECT_EQ(limit.reason, "BMS connection lost");
  EXPECT_TRUE(limit.allowed);
  lose(0);
  EXPECT_DOUBLE_EQ(charge(400, battery).value, 12.5);
  charge(430, battery);
  EXPECT_DOUBLE_EQ(charge(431, battery).value, 17.5) << "and comes back by hold and ramp";
}

TEST_F(LimiterTest, APackLostLowerOrWhileItWasDischargedKeepsItsChargeCurrent) {
  Reading discharging = reading_of(16, 3.35);
  discharging.set(Field::current, -10);
  Reading open = reading_of(16, 3.35);
  open.set(Field::charge_fet_on, 0);
  for (const Reading& reading : {reading_of(16, 3.344), discharging}) {
    Limiter limiter;
    limiter.evaluate(config_, battery_of(reading), believed(battery_of(reading)), presence_, true, {}, at(0));
    lose(1700);
    EXPECT_DOUBLE_EQ(
        limiter.evaluate(config_, battery_of(reading), believed(battery_of(reading)), presence_, true, {}, at(1700))
            .charge.value,
        50);
    lose(0);
  }
}

TEST_F(LimiterTest, ALowerLimitStaysWhatItWas) {
  Reading reading = reading_of(16, 3.35);
  reading.set(Field::max_charge_current, 7);
  charge(0, battery_of(reading));
  lose(400);
  EXPECT_DOUBLE_EQ(charge(400, battery_of(reading)).value, 7);
  EXPECT_EQ(charge(400, battery_of(reading)).reason, "BMS Settings");
}

// --- Measurements that vanish

Battery without_temperatures() {
  Reading reading = reading_of(16, 3.3);
  reading.cell_temperatures->clear();
  return battery_of(reading);
}

TEST_F(LimiterTest, TemperaturesThatVanishCountForAMinuteAsTheyWereAndThenLimitToAQuarter) {
  EXPECT_DOUBLE_EQ(charge(0, battery_of(reading_of(16, 3.3, 5))).value, 25);
  EXPECT_DOUBLE_EQ(charge(1, without_temperatures()).value, 25);
  EXPECT_DOUBLE_EQ(charge(61, without_temperatures()).value, 25);
  const Limits limits = limiter_.evaluate(config_, without_temperatures(), believed(without_temperatures()), presence_,
                                          true, {}, at(61.1));
  EXPECT_DOUBLE_EQ(limits.charge.value, 12.5);
  EXPECT_EQ(limits.charge.reason, "Temp");
  EXPECT_DOUBLE_EQ(limits.discharge.value, 15);
  EXPECT_EQ(limits.discharge.reason, "Temp");
  EXPECT_DOUBLE_EQ(charge(3600, without_temperatures()).value, 12.5);
  charge(3601, calm_battery());
  charge(3631, calm_battery());
  EXPECT_DOUBLE_EQ(charge(3632, calm_battery()).value, 17.5);
}

TEST_F(LimiterTest, ATemperatureThatIsBackIsNotMissedAnyMore) {
  charge(0, calm_battery());
  charge(1, without_temperatures());
  charge(50, calm_battery());
  charge(51, without_temperatures());
  EXPECT_DOUBLE_EQ(charge(111, without_temperatures()).value, 50);
  EXPECT_DOUBLE_EQ(charge(112, without_temperatures()).value, 12.5);
}

TEST_F(LimiterTest, TemperaturesThatWereNeverThereAreNotMissed) {
  charge(0, without_temperatures());
  EXPECT_DOUBLE_EQ(charge(1000, without_temperatures()).value, 50);
}

TEST_F(LimiterTest, CellsThatVanishLimitToAQuarter) {
  Reading reading;
  reading.set(Field::charge_fet_on, 1);
  charge(0, calm_battery());
  EXPECT_DOUBLE_EQ(charge(1, battery_of(reading)).value, 50);
  config_.charge.by_temperature = config_.discharge.by_temperature = false;  // they are gone too
  const CurrentLimit limit = charge(62, battery_of(reading));
  EXPECT_DOUBLE_EQ(limit.value, 12.5);
  EXPECT_EQ(limit.reason, kCells);
}

TEST_F(LimiterTest, WhatIsSwitchedOffIsNotMissed) {
  config_.charge.by_temperature = false;
  charge(0, calm_battery());
  charge(1, without_temperatures());
  EXPECT_DOUBLE_EQ(charge(100, without_temperatures()).value, 50);
}

TEST_F(LimiterTest, TheLeastDischargeCurrentHoldsWhileTheLimitComesBack) {
  config_.least_discharge_current = 5;
  const auto discharge = [&](double t, bool on) {
    Reading reading = reading_of(16, 3.3);
    reading.set(Field::discharge_fet_on, on ? 1 : 0);
    const Battery battery = battery_of(reading);
    return limiter_.evaluate(config_, battery, believed(battery), presence_, true, {}, at(t)).discharge;
  };
  EXPECT_DOUBLE_EQ(discharge(0, false).value, 0);
  EXPECT_DOUBLE_EQ(discharge(1, true).value, 5);
  EXPECT_TRUE(discharge(2, true).allowed);
  lose(2);
  EXPECT_DOUBLE_EQ(discharge(3, true).value, 5);
  lose(60, true);
  EXPECT_DOUBLE_EQ(discharge(60, true).value, 0);
}

// --- The current

TEST(MeasuredCurrent, NoneFlowsThroughAnOpenFetInItsDirection) {
  struct Case {
    double said;
    double charge_fet, discharge_fet;
    double believed;
  };
  for (const Case& c :
       {Case{10, 1, 1, 10}, {10, 0, 1, 0}, {-10, 0, 1, -10}, {-5, 1, 0, 0}, {5, 1, 0, 5}, {5, 0, 0, 0}}) {
    Reading reading = reading_of(16, 3.3);
    reading.set(Field::current, c.said);
    reading.set(Field::charge_fet_on, c.charge_fet);
    reading.set(Field::discharge_fet_on, c.discharge_fet);
    EXPECT_DOUBLE_EQ(*measured_current({}, battery_of(reading), {}), c.believed);
  }
  EXPECT_FALSE(measured_current({}, Battery(), {}));
}

}  // namespace
}  // namespace bmsd::limiter_test
