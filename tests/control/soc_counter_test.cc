#include "control/soc_counter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace bmsd::soc_counter_test {
namespace {

Instant at(double s) { return Instant(1h) + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s)); }

constexpr double kEmptyCell = 2.9;

// 100 Ah, so that an ampere-hour is a percent; the BMS says 60 %.
class SocCounterTest : public testing::Test {
 protected:
  double follow(double t, double current, double cell = 3.3) {
    inputs_.current = current;
    inputs_.current_at = at(t);
    inputs_.lowest_cell = cell;
    return counter_.follow(config_, kEmptyCell, inputs_, at(t)).value_or(-1);
  }
  // Once a second with the same current, from the second after `from`.
  double follow_until(double from, double to, double current, double cell = 3.3) {
    double percent = 0;
    for (double t = from + 1; t <= to; ++t) percent = follow(t, current, cell);
    return percent;
  }

  SocConfig config_;
  SocInputs inputs_ = {.capacity = 100, .soc_bms = 60};
  SocCounter counter_;
};

TEST_F(SocCounterTest, BeginsAtWhatWasSavedElseAtTheBmsElseFull) {
  EXPECT_DOUBLE_EQ(follow(0, 50), 60);
  SocCounter saved;
  saved.restore(0);
  EXPECT_DOUBLE_EQ(*saved.follow(config_, kEmptyCell, inputs_, at(0)), 0) << "0 is a valid percent";
  inputs_.soc_bms.reset();
  SocCounter unknown;
  EXPECT_DOUBLE_EQ(*unknown.follow(config_, kEmptyCell, inputs_, at(0)), 100);
}

TEST_F(SocCounterTest, AddsTheNewCurrentOverTheTimeSinceTheLastCall) {
  follow(0, 60);
  EXPECT_DOUBLE_EQ(follow(60, 60), 61);
  EXPECT_DOUBLE_EQ(follow(120, -30), 60.5);
}

TEST_F(SocCounterTest, StaysWithinItsRange) {
  counter_.restore(99.9);
  follow(0, 0);
  EXPECT_DOUBLE_EQ(follow(60, 60), 100);
  counter_.set(0.1);
  EXPECT_DOUBLE_EQ(follow(120, -60), 0);
}

TEST_F(SocCounterTest, ChargesWithTheEfficiencyAndDischargesWithoutIt) {
  config_.charge_efficiency = 0.9;
  follow(0, 60);
  EXPECT_DOUBLE_EQ(follow(60, 60), 60.9);
  EXPECT_DOUBLE_EQ(follow(120, -60), 59.9);
}

TEST_F(SocCounterTest, ACapacityThatTheBmsLearnsAnewLeavesThePercent) {
  follow(0, 0);
  inputs_.capacity = 50;
  EXPECT_DOUBLE_EQ(follow(1, 0), 60);
  EXPECT_DOUBLE_EQ(follow(61, 60), 62);
}

TEST_F(SocCounterTest, WithoutACapacityNothingIsCounted) {
  for (const std::optional<double>& none : {std::optional<double>(), {0.0}, {-5.0}}) {
    inputs_.capacity = none;
    EXPECT_FALSE(counter_.follow(config_, kEmptyCell, inputs_, at(0)));
  }
}

TEST_F(SocCounterTest, EmptyForMoreThanAMinuteIsZero) {
  counter_.restore(12);
  follow(0, -20, 2.95);
  follow(60, -20, 2.89);
  EXPECT_GT(follow(120, -20, 2.87), 11) << "60 s are not more than 60 s";
  EXPECT_DOUBLE_EQ(follow(121, -20, 2.86), 0);
}

TEST_F(SocCounterTest, TwoShortDipsAreNotEmpty) {
  follow(0, -5, 3.0);
  follow(1, -20, 2.89);
  follow(5, -5, 3.15);
  EXPECT_GT(follow(121, -20, 2.89), 59);
  EXPECT_GT(follow(122, -20, 2.89), 59);
}

TEST_F(SocCounterTest, ACellJustAboveTheEmptyVoltageNeitherEndsNorConfirmsTheMinute) {
  follow(0, -5);
  follow(1, -5, 2.89);
  EXPECT_GT(follow(100, -5, 2.905), 59);
  EXPECT_DOUBLE_EQ(follow(101, -5, 2.89), 0);
}

TEST_F(SocCounterTest, CellsThatAHeavyLoadPullsDownAreNotEmpty) {
  follow(0, -31);
  EXPECT_GT(follow_until(0, 200, -31, 2.8), 50);
  EXPECT_DOUBLE_EQ(follow_until(200, 270, -29, 2.8), 0);
}

TEST_F(SocCounterTest, AChargeOfTheEmptyBatteryBeginsTheMinuteAnew) {
  follow(0, -20, 2.89);
  follow(50, 5, 2.89);
  EXPECT_GT(follow(110, -20, 2.89), 59);
  EXPECT_DOUBLE_EQ(follow(111, -20, 2.89), 0);
}

TEST_F(SocCounterTest, AcrossAGapTheBmsIsAskedHowMuchHasFlown) {
  follow(0, -10);
  inputs_.soc_bms = 55;
  EXPECT_DOUBLE_EQ(follow(1500, 50), 55);
  inputs_.remaining_bms = 50;
  follow(1501, 0);
  inputs_.remaining_bms = 47.25;
  inputs_.soc_bms = 54;
  EXPECT_NEAR(follow(3000, 0), 52.25, 1e-9) << "the remaining capacity is finer than the percent";
}

TEST_F(SocCounterTest, AcrossAGapWithoutAWordOfTheBmsTheMeanOfBothCurrentsCounts) {
  inputs_.soc_bms.reset();
  counter_.restore(50);
  follow(0, -10);
  EXPECT_DOUBLE_EQ(follow(720, 30), 52);
}

TEST_F(SocCounterTest, WhileThePackIsLostNothingIsCounted) {
  follow(0, -10);
  inputs_.lost = true;
  EXPECT_DOUBLE_EQ(follow(30, -10), 60);
  inputs_.lost = false;
  EXPECT_NEAR(follow(36, -10), 59.9, 1e-9) << "a short loss is no gap";
}

TEST_F(SocCounterTest, AnOldValueCountsForTwoMinutesAtMost) {
  follow(0, -36);
  for (double t = 1; t <= 600; ++t) counter_.follow(config_, kEmptyCell, inputs_, at(t));
  EXPECT_NEAR(*counter_.percent(), 60 - 1.2, 1e-9);
}

TEST_F(SocCounterTest, WhatIsRestoredLateKeepsWhatWasCountedSince) {
  follow(0, 0);
  follow(60, 60);
  counter_.restore(73.5);
  EXPECT_DOUBLE_EQ(*counter_.percent(), 74.5);
  counter_.full();
  counter_.restore(20);
  EXPECT_DOUBLE_EQ(*counter_.percent(), 100) << "what the battery has come to is newer";
}

TEST_F(SocCounterTest, TheUserSetsItWithinItsRange) {
  follow(0, 0);
  counter_.set(150);
  EXPECT_DOUBLE_EQ(follow(1, 0), 100);
  counter_.set(-3);
  EXPECT_DOUBLE_EQ(follow(2, 0), 0);
}

RC_GTEST_PROP(SocCounterProperty, StaysInRangeAndCountsTheSameInManySmallSteps, ()) {
  const double current = *rc::gen::inRange(-2000, 2000) / 10.0;
  const int steps = *rc::gen::inRange(1, 100);
  const double capacity = *rc::gen::inRange(1, 500);
  SocInputs inputs = {.current = current, .current_at = at(0), .capacity = capacity, .lowest_cell = 3.2, .soc_bms = 50};
  SocCounter once, often;
  once.follow({}, kEmptyCell, inputs, at(0));
  often.follow({}, kEmptyCell, inputs, at(0));
  for (int i = 1; i <= steps; ++i) {
    inputs.current_at = at(i);
    const double percent = *often.follow({}, kEmptyCell, inputs, at(i));
    RC_ASSERT(percent >= 0 && percent <= 100);
  }
  RC_ASSERT(std::abs(*once.follow({}, kEmptyCell, inputs, at(steps)) - *often.percent()) < 1e-6);
}

}  // namespace
}  // namespace bmsd::soc_counter_test
