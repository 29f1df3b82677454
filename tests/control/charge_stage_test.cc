#include "control/charge_stage.h"

#include <gtest/gtest.h>

#include "battery/battery.h"
#include "charge_fixture.h"

namespace bmsd::charge_stage_test {
namespace {

constexpr std::int64_t kStart = 1'750'000'000;

Instant at(double s) { return Instant(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s))); }

class ChargeStageTest : public testing::Test {
 protected:
  ChargeVoltage say(double t, const ChargeInputs& inputs) {
    const auto voltage = stage_.evaluate(config_, inputs, WallTime{kStart + static_cast<std::int64_t>(t)}, at(t));
    EXPECT_TRUE(voltage);
    return voltage.value_or(ChargeVoltage{});
  }
  ChargeVoltage cells(double t, const std::vector<double>& volts, std::optional<double> soc = 90) {
    return say(t, charge_inputs_of(volts, soc));
  }
  ChargeStageName stage(double t, const std::vector<double>& volts, std::optional<double> soc = 90) {
    return cells(t, volts, soc).mode.stage;
  }
  // Full at once, in float from 901 s on.
  void fill(double soc = 99) {
    EXPECT_EQ(stage(0, sixteen(3.45), soc), ChargeStageName::absorption);
    EXPECT_EQ(stage(901, sixteen(3.45), soc), ChargeStageName::float_transition);
  }
  void make_soc_reset_due() {
    config_.stages.soc_reset_after_days = 15;
    stage_.restore({true, {}, kStart - 16 * 86400});
  }

  ControlConfig config_;
  ChargeStage stage_;
};

TEST_F(ChargeStageTest, ASumThatIsBinarilyJustBelowTheMaximumIsFull) {
  EXPECT_EQ(stage(0, sixteen(3.45 - 0.00005)), ChargeStageName::absorption);
}

TEST_F(ChargeStageTest, AbsorptionEndsThirtyMillivoltPerCellBelowTheMaximum) {
  EXPECT_EQ(stage(0, sixteen(3.45)), ChargeStageName::absorption);
  EXPECT_EQ(stage(1, sixteen(3.4201)), ChargeStageName::absorption);
  EXPECT_EQ(stage(2, sixteen(3.4199)), ChargeStageName::bulk);
}

TEST_F(ChargeStageTest, TheWaitHasToBeOver) {
  EXPECT_EQ(stage(0, sixteen(3.45)), ChargeStageName::absorption);
  EXPECT_EQ(stage(900, sixteen(3.45)), ChargeStageName::absorption);
  EXPECT_EQ(stage(900.1, sixteen(3.45)), ChargeStageName::float_transition);
  EXPECT_EQ(stage_.full_charges(), 1U);
}

TEST_F(ChargeStageTest, ALowSocOfAFullBatteryDoesNotEndFloatUntilItFallsFurther) {
  fill(70);
  EXPECT_EQ(stage(3000, sixteen(3.38), 70), ChargeStageName::floating);
  EXPECT_EQ(stage(3010, sixteen(3.38), 69.1), ChargeStageName::floating);
  EXPECT_EQ(stage(3020, sixteen(3.38), 69), ChargeStageName::bulk);
}

TEST_F(ChargeStageTest, ASocThatWasAboveTheThresholdCounts) {
  fill(79.9);
  EXPECT_EQ(stage(3000, sixteen(3.38), 85), ChargeStageName::floating);
  EXPECT_EQ(stage(3010, sixteen(3.38), 79.9), ChargeStageName::bulk);
}

TEST_F(ChargeStageTest, AMissingSocOnlyMeansThatItDecidesNothing) {
  fill();
  EXPECT_EQ(stage(3000, sixteen(3.38), std::nullopt), ChargeStageName::floating);
  EXPECT_EQ(stage(3001, sixteen(3.38), 99), ChargeStageName::floating);
  EXPECT_EQ(stage_.full_charges(), 1U);
}

TEST_F(ChargeStageTest, CellsSpreadByAHeavyCurrentHaveToStayApartForAMinute) {
  fill();
  const auto spread = sixteen(3.2, 0.09);
  ChargeInputs inputs = charge_inputs_of(spread);
  inputs.current = -60;
  EXPECT_EQ(say(3000, inputs).mode.stage, ChargeStageName::floating);
  EXPECT_EQ(say(3059, inputs).mode.stage, ChargeStageName::floating);
  EXPECT_EQ(stage(3060, sixteen(3.2)), ChargeStageName::floating) << "they came together again";
  EXPECT_EQ(say(3061, inputs).mode.stage, ChargeStageName::floating);
  EXPECT_EQ(say(3121, inputs).mode.stage, ChargeStageName::bulk);
}

TEST_F(ChargeStageTest, CellsApartAtASmallCurrentBeginBulkAtOnce) {
  fill();
  EXPECT_EQ(stage(3000, sixteen(3.3, 0.08)), ChargeStageName::bulk);
}

TEST_F(ChargeStageTest, BulkJumpsToTheMaximumAndFloatIsApproachedByOneMillivoltPerSecond) {
  fill();
  EXPECT_NEAR(cells(1000, sixteen(3.45)).cvl, 55.2 - 0.099, 1e-9);
  EXPECT_NEAR(cells(2099, sixteen(3.38)).cvl, 54.002, 1e-9);
  EXPECT_DOUBLE_EQ(cells(2102, sixteen(3.38)).cvl, 54);
  EXPECT_DOUBLE_EQ(cells(2103, sixteen(3.30), 70).cvl, 55.2);
}

TEST_F(ChargeStageTest, FromBelowFloatIsReachedByHoldAndRamp) {
  // One cell far above the others: the sum that it allows is below float.
  config_.stages.float_difference = 10;
  EXPECT_EQ(stage(0, sixteen(3.45)), ChargeStageName::absorption);
  const ChargeVoltage low = cells(890, sixteen(3.34, 0.2));
  EXPECT_NEAR(low.cvl, 53.55, 1e-6);
  EXPECT_EQ(low.mode.stage, ChargeStageName::bulk);
  config_.stages.float_wait_s = 0;
  EXPECT_EQ(stage(891, sixteen(3.45)), ChargeStageName::absorption);
  EXPECT_EQ(stage(892, sixteen(3.40)), ChargeStageName::float_transition);
  EXPECT_NEAR(cells(940, sixteen(3.40)).cvl, 53.55, 1e-6);
  EXPECT_NEAR(cells(952, sixteen(3.40)).cvl, 53.55, 0.001);
  EXPECT_NEAR(cells(1052, sixteen(3.40)).cvl, 53.65, 0.001);
  const ChargeVoltage there = cells(2000, sixteen(3.40));
  EXPECT_DOUBLE_EQ(there.cvl, 54);
  EXPECT_EQ(there.mode.stage, ChargeStageName::floating);
}

TEST_F(ChargeStageTest, WhileThePackIsLostNothingChangesAndNoTimePasses) {
  EXPECT_EQ(stage(0, sixteen(3.45)), ChargeStageName::absorption);
  const auto volts = sixteen(3.45);
  ChargeInputs lost = charge_inputs_of(volts);
  lost.lost = true;
  EXPECT_EQ(say(100, lost).mode.stage, ChargeStageName::absorption);
  EXPECT_EQ(say(5000, lost).mode.stage, ChargeStageName::absorption);
  EXPECT_DOUBLE_EQ(say(5000, lost).cvl, 55.2);
  EXPECT_EQ(stage(5100, sixteen(3.45)), ChargeStageName::absorption);
  EXPECT_EQ(stage(6000, sixteen(3.45)), ChargeStageName::absorption);
  EXPECT_EQ(stage(6001, sixteen(3.45)), ChargeStageName::float_transition);
}

TEST_F(ChargeStageTest, AMissingCellKeepsEverythingForAMinuteThenFloatIsSafe) {
  EXPECT_EQ(stage(0, sixteen(3.4)), ChargeStageName::bulk);
  ChargeInputs missing;
  missing.count = 16;
  EXPECT_EQ(say(1, missing).mode.stage, ChargeStageName::bulk);
  EXPECT_DOUBLE_EQ(say(61, missing).cvl, 55.2);
  EXPECT_EQ(say(61.1, missing).mode.stage, ChargeStageName::error);
  EXPECT_DOUBLE_EQ(say(61.2, missing).cvl, 54);
  EXPECT_DOUBLE_EQ(cells(62, sixteen(3.4)).cvl, 55.2);
}

TEST_F(ChargeStageTest, AMissingCellInFloatIsNoFullCharge) {
  stage_.restore({false, {}, 0});
  EXPECT_EQ(stage(0, sixteen(3.33), 85), ChargeStageName::floating);
  ChargeInputs missing;
  missing.count = 16;
  EXPECT_EQ(say(1, missing).mode.stage, ChargeStageName::floating);
  EXPECT_EQ(say(100, missing).mode.stage, ChargeStageName::error);
  EXPECT_EQ(stage(101, sixteen(3.33), 85), ChargeStageName::floating);
  EXPECT_EQ(stage_.full_charges(), 0U);
}

TEST_F(ChargeStageTest, ARestoredWaitGoesOnOnlyWhereItIsFreshAndTheCellsAreFull) {
  const auto after = [&](std::int64_t age, double volts) {
    stage_ = {};
    stage_.restore({true, kStart - age, 0});
    return stage(0, sixteen(volts));
  };
  EXPECT_EQ(after(600, 3.44), ChargeStageName::absorption);
  EXPECT_EQ(after(600, 3.41), ChargeStageName::bulk);
  EXPECT_EQ(after(1199, 3.44), ChargeStageName::floating) << "completed in the last life";
  EXPECT_EQ(stage_.full_charges(), 0U);
  EXPECT_EQ(after(1200, 3.44), ChargeStageName::bulk);
  EXPECT_EQ(after(-10, 3.44), ChargeStageName::bulk) << "saved in the future";
}

TEST_F(ChargeStageTest, WhatIsKeptIsWhatWasReached) {
  EXPECT_EQ(stage(0, sixteen(3.45)), ChargeStageName::absorption);
  EXPECT_EQ(stage_.kept(), (KeptCharge{true, kStart, 0}));
  EXPECT_EQ(stage(901, sixteen(3.45)), ChargeStageName::float_transition);
  EXPECT_EQ(stage_.kept(), (KeptCharge{false, {}, 0}));
}

TEST_F(ChargeStageTest, WhatIsRestoredLateDoesNotUndoWhatHappened) {
  fill();
  stage_.restore({true, {}, kStart - 100});
  EXPECT_EQ(stage(902, sixteen(3.45)), ChargeStageName::float_transition);
  EXPECT_EQ(stage_.kept().soc_reset_last_reached, kStart - 100);
}

TEST_F(ChargeStageTest, ASocResetThatTheBmsStopsFallsBackAndIsOverAtFloat) {
  make_soc_reset_due();
  config_.stages.float_difference = 10;
  EXPECT_DOUBLE_EQ(cells(0, sixteen(3.5)).cvl, 58.4);
  const auto high = sixteen(3.5, 0.14);
  ChargeInputs stopped = charge_inputs_of(high);
  stopped.charge_fet_off = true;
  const ChargeVoltage after = say(1, stopped);
  EXPECT_LE(after.cvl, 55.2);
  EXPECT_FALSE(after.mode.soc_reset);
  EXPECT_EQ(after.mode.stage, ChargeStageName::absorption);
  EXPECT_EQ(stage(902, sixteen(3.5)), ChargeStageName::float_transition);
  EXPECT_EQ(stage_.kept().soc_reset_last_reached, kStart + 902);
  EXPECT_EQ(stage(903, sixteen(3.5)), ChargeStageName::float_transition);
}

TEST_F(ChargeStageTest, AWaitForTheRegularVoltageDoesNotCountForASocReset) {
  config_.stages.soc_reset_after_days = 15;
  stage_.restore({true, {}, kStart - 15 * 86400});
  EXPECT_EQ(stage(0, sixteen(3.455)), ChargeStageName::absorption);
  EXPECT_EQ(stage(1000, sixteen(3.455)), ChargeStageName::bulk) << "due since then, and that far below";
  EXPECT_EQ(stage_.kept().soc_reset_last_reached, kStart - 15 * 86400);
}

TEST_F(ChargeStageTest, AnUnknownBatteryIsFilledRegularlyBeforeItsFirstSocReset) {
  config_.stages.soc_reset_after_days = 15;
  EXPECT_DOUBLE_EQ(cells(0, sixteen(3.45)).cvl, 55.2);
  EXPECT_EQ(stage(901, sixteen(3.45)), ChargeStageName::float_transition);
  const ChargeVoltage next = cells(902, sixteen(3.45));
  EXPECT_TRUE(next.mode.soc_reset);
  EXPECT_EQ(next.mode.stage, ChargeStageName::bulk);
}

TEST_F(ChargeStageTest, TheLimitOfTheBmsHoldsInEveryStage) {
  fill();
  const auto volts = sixteen(3.40);
  ChargeInputs inputs = charge_inputs_of(volts);
  inputs.bms_limit = 3.4;
  EXPECT_DOUBLE_EQ(say(902, inputs).cvl, 54.4);
  inputs.bms_limit = 3.3;
  EXPECT_DOUBLE_EQ(say(903, inputs).cvl, 52.8);
}

TEST_F(ChargeStageTest, GivesUpAfterTheHoursThatTheUserAllowsAndIsNotFull) {
  config_.stages.give_up_after_h = 2;
  const auto one_ahead = sixteen(3.42, 0.035);
  const ChargeInputs inputs = charge_inputs_of(one_ahead);
  say(0, inputs);
  EXPECT_EQ(say(7200, inputs).mode.stage, ChargeStageName::bulk);
  EXPECT_EQ(say(7201, inputs).mode.stage, ChargeStageName::float_transition);
  EXPECT_EQ(stage_.full_charges(), 0U);
}

TEST_F(ChargeStageTest, DoesNotGiveUpABatteryThatWasDischargedInBetween) {
  config_.stages.give_up_after_h = 2;
  const auto one_ahead = sixteen(3.42, 0.035), used = sixteen(3.30);
  say(0, charge_inputs_of(one_ahead));
  say(7000, charge_inputs_of(used));
  EXPECT_EQ(say(7201, charge_inputs_of(one_ahead)).mode.stage, ChargeStageName::bulk);
}

TEST_F(ChargeStageTest, WaitsForTheBalancerForEverUnlessTold) {
  const auto one_ahead = sixteen(3.42, 0.035);
  for (int day = 0; day < 5; ++day) {
    EXPECT_EQ(say(day * 86400, charge_inputs_of(one_ahead)).mode.stage, ChargeStageName::bulk);
  }
}

TEST_F(ChargeStageTest, ABatteryThatOthersFillWhileItIsInFloatIsAtItsHundredPercentAgain) {
  const auto full = sixteen(3.451), used = sixteen(3.34);
  double t = 0;
  for (; stage_.kept().may_reach_max; t += 10) say(t, charge_inputs_of(full, 99));
  EXPECT_EQ(stage_.syncs(), 1U);
  for (const double end = t + 3000; t < end; t += 10) say(t, charge_inputs_of(full, 99));
  EXPECT_EQ(stage_.syncs(), 1U) << "it is still the same charge";
  say(t += 10, charge_inputs_of(used, 95));
  say(t += 10, charge_inputs_of(full, 95));
  say(t += 900, charge_inputs_of(full, 95));
  EXPECT_EQ(stage_.syncs(), 1U) << "the wait is the same as before float";
  say(t += 1, charge_inputs_of(full, 95));
  EXPECT_EQ(stage_.syncs(), 2U);
  EXPECT_EQ(stage_.full_charges(), 1U);
  EXPECT_FALSE(stage_.kept().may_reach_max);
}

TEST_F(ChargeStageTest, WithoutSingleCellsThePackVoltageIsTheSum) {
  Battery battery;
  Reading reading;
  reading.set(Field::cell_count, 16);
  reading.set(Field::voltage, 55.2);
  ASSERT_TRUE(battery.merge(reading, 0, at(0)));
  EXPECT_EQ(say(0, charge_inputs(config_, battery)).mode.stage, ChargeStageName::absorption);
  EXPECT_EQ(say(901, charge_inputs(config_, battery)).mode.stage, ChargeStageName::float_transition);
}

TEST_F(ChargeStageTest, TheNumberOfCellsHasToBeKnown) { EXPECT_FALSE(stage_.evaluate(config_, {}, {}, at(0))); }

TEST_F(ChargeStageTest, AnotherNumberOfCellsBeginsAnew) {
  fill();
  EXPECT_DOUBLE_EQ(cells(902, std::vector<double>(15, 3.45)).cvl, 50.63);
}

}  // namespace
}  // namespace bmsd::charge_stage_test
