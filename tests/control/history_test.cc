#include "control/history.h"

#include <gtest/gtest.h>

#include "control_fixture.h"

namespace bmsd::history_test {
namespace {

constexpr std::int64_t kStart = 1'750'000'000;

Instant at(double s) { return Instant(1h) + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s)); }

// 100 Ah at 50 V.
class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    inputs_.voltage = 50;
    inputs_.soc = 60;
    inputs_.capacity = 100;
    inputs_.remaining = 60;
    inputs_.lowest_cell = 3.2;
    inputs_.highest_cell = 3.3;
    inputs_.coldest = 20;
    inputs_.hottest = 22;
  }
  const HistoryValues& follow(double t, double current) {
    inputs_.current = current;
    inputs_.power = 50 * current;
    return history_.follow(of_bms_, inputs_, {kStart + static_cast<std::int64_t>(t)}, at(t));
  }
  const HistoryValues& follow_until(double from, double to, double current) {
    for (double t = from + 1; t <= to; ++t) follow(t, current);
    return history_.values();
  }

  HistoryInputs inputs_;
  HistoryValues of_bms_;
  History history_;
};

TEST_F(HistoryTest, TheFirstLookBeginsEverythingThatIsCounted) {
  const HistoryValues& first = follow(0, -60);
  EXPECT_EQ(first.total_ah_drawn, 0);
  EXPECT_EQ(first.last_discharge, 0);
  EXPECT_EQ(first.full_discharges, 0);
  EXPECT_EQ(first.low_voltage_alarms, 0);
  EXPECT_EQ(first.discharged_energy, 0);
  EXPECT_EQ(first.deepest_discharge, 40);
  EXPECT_EQ(first.minimum_voltage, 50);
  EXPECT_FALSE(first.charge_cycles);
  EXPECT_FALSE(first.average_discharge);
  EXPECT_FALSE(first.time_since_last_full_charge);
  EXPECT_FALSE(first.automatic_syncs);
}

TEST_F(HistoryTest, AddsUpWithTheCurrentOfTheTimeBeforeAndShowsItOnceAMinute) {
  follow(0, -60);
  follow(30, 30);
  EXPECT_EQ(history_.values().total_ah_drawn, 0);
  const HistoryValues& values = follow(60, 0);
  EXPECT_DOUBLE_EQ(*values.total_ah_drawn, 0.5);
  EXPECT_DOUBLE_EQ(*values.charge_cycles, 0.005);
  EXPECT_DOUBLE_EQ(*values.discharged_energy, 0.025);
  EXPECT_DOUBLE_EQ(*values.charged_energy, 0.0125);
}

TEST_F(HistoryTest, NobodyKnowsMoreOfAGapThanTwoMinutes) {
  follow(0, -60);
  EXPECT_DOUBLE_EQ(*follow(7200, -60).total_ah_drawn, 2);
}

TEST_F(HistoryTest, WhileThePackIsLostNothingChanges) {
  const HistoryValues before = follow(0, -60);
  inputs_.lost = true;
  EXPECT_EQ(follow(100, -60), before);
}

TEST_F(HistoryTest, ExtremesAreKept) {
  follow(0, 0);
  inputs_.voltage = 45;
  inputs_.lowest_cell = 2.8;
  inputs_.coldest = -3;
  inputs_.remaining = 10;
  follow(60, 0);
  inputs_.voltage = 57;
  inputs_.highest_cell = 3.6;
  inputs_.hottest = 41;
  inputs_.remaining = 90;
  const HistoryValues& values = follow(120, 0);
  EXPECT_EQ(values.minimum_voltage, 45);
  EXPECT_EQ(values.maximum_voltage, 57);
  EXPECT_EQ(values.minimum_cell_voltage, 2.8);
  EXPECT_EQ(values.maximum_cell_voltage, 3.6);
  EXPECT_EQ(values.minimum_temperature, -3);
  EXPECT_EQ(values.maximum_temperature, 41);
  EXPECT_EQ(values.deepest_discharge, 90);
}

TEST_F(HistoryTest, AFullDischargeCountsOnceUntilTheBatteryHasMoreThanFifteenPercent) {
  follow(0, 0);
  double t = 0;
  for (const double soc : {5.0, 0.0, 2.0, 0.0, 15.0, 0.0}) {
    inputs_.soc = soc;
    follow(t += 60, 0);
  }
  EXPECT_EQ(history_.values().full_discharges, 1);
  for (const double soc : {15.1, 0.0}) {
    inputs_.soc = soc;
    follow(t += 60, 0);
  }
  EXPECT_EQ(history_.values().full_discharges, 2);
}

TEST_F(HistoryTest, AnAlarmCountsWhenItBeginsWheneverThatIs) {
  follow(0, 0);
  for (int i = 1; i <= 3; ++i) {
    inputs_.low_voltage_alarm = true;
    follow(i * 10, 0);
    follow(i * 10 + 1, 0);
    inputs_.low_voltage_alarm = false;
    follow(i * 10 + 2, 0);
  }
  EXPECT_EQ(history_.values().low_voltage_alarms, 3);
  EXPECT_EQ(history_.values().high_voltage_alarms, 0);
}

TEST_F(HistoryTest, AnAlarmThatIsThereAtTheStartWasCountedBefore) {
  inputs_.high_voltage_alarm = true;
  follow(0, 0);
  EXPECT_EQ(follow(60, 0).high_voltage_alarms, 0);
}

TEST_F(HistoryTest, AFullChargeHasItsDateAtOnceAndIsCounted) {
  follow(0, 0);
  history_.full_charge({kStart + 30}, at(30));
  EXPECT_EQ(history_.values().automatic_syncs, 1);
  EXPECT_EQ(history_.values().time_since_last_full_charge, 0);
  EXPECT_EQ(follow(90, 0).time_since_last_full_charge, 60);
  EXPECT_EQ(history_.values().timestamp_last_full_charge, kStart + 30);
}

TEST_F(HistoryTest, AFullChargeWithoutAClockIsDatedWhenTheClockIsSet) {
  follow(0, 0);
  history_.full_charge({}, at(10));
  EXPECT_FALSE(history_.values().timestamp_last_full_charge);
  EXPECT_EQ(follow(70, 0).timestamp_last_full_charge, kStart + 10);
  EXPECT_EQ(history_.values().time_since_last_full_charge, 60);
}

TEST_F(HistoryTest, ADischargeLastsUntilOneBeginsAfterEnoughWasCharged) {
  follow(0, -60);
  follow_until(0, 600, -60);
  EXPECT_NEAR(*history_.values().last_discharge, 10, 0.1);
  EXPECT_EQ(history_.values().discharges, 1);

  follow_until(600, 630, 60);  // half an ampere-hour is too little
  follow_until(630, 900, -60);
  EXPECT_NEAR(*history_.values().last_discharge, 14.5, 0.1);
  EXPECT_EQ(history_.values().discharges, 1);

  follow_until(900, 1200, 60);
  EXPECT_NEAR(*history_.values().last_discharge, 14.5, 0.1) << "nothing new has begun";
  follow_until(1200, 1380, -120);
  EXPECT_NEAR(*history_.values().last_discharge, 6, 0.1);
  EXPECT_EQ(history_.values().discharges, 2);
  EXPECT_NEAR(*history_.values().average_discharge, 20.5 / 2, 0.1);
}

TEST_F(HistoryTest, AMomentOfDischargeInAChargeIsNoDischarge) {
  follow(0, 60);
  follow_until(0, 600, 60);
  follow_until(600, 603, -60);
  follow_until(603, 900, 60);
  EXPECT_EQ(history_.values().discharges, 0);
  EXPECT_EQ(history_.values().last_discharge, 0);
}

TEST_F(HistoryTest, WhatTheBmsCountsItselfIsTakenFromIt) {
  of_bms_.charge_cycles = 12;
  of_bms_.total_ah_drawn = 1300;
  of_bms_.charged_energy = 70;
  follow(0, -60);
  const HistoryValues& values = follow(60, -60);
  EXPECT_EQ(values.charge_cycles, 12);
  EXPECT_EQ(values.total_ah_drawn, 1300);
  EXPECT_EQ(values.charged_energy, 70);
  EXPECT_NEAR(*values.discharged_energy, 0.05, 1e-9) << "this it does not count";
  EXPECT_FALSE(values.average_discharge) << "nobody knows how many discharges that were";
}

TEST_F(HistoryTest, TheTotalBeginsWithTheCyclesOfTheBms) {
  of_bms_.charge_cycles = 12;
  EXPECT_EQ(follow(0, -60).total_ah_drawn, 1200);
  EXPECT_EQ(history_.values().discharged_energy, 0) << "no energy is invented";
  EXPECT_FALSE(history_.values().discharges);
}

TEST_F(HistoryTest, GoesOnFromWhatWasSaved) {
  HistoryValues kept;
  kept.total_ah_drawn = 1000;
  kept.charge_cycles = 10;
  kept.automatic_syncs = 4;
  kept.last_discharge = 7;
  kept.minimum_voltage = 46;
  kept.discharged_energy = 52;
  history_.restore(kept);
  follow(0, -60);
  const HistoryValues& values = follow(60, -60);
  EXPECT_EQ(values.total_ah_drawn, 1001);
  EXPECT_DOUBLE_EQ(*values.charge_cycles, 10.01);
  EXPECT_EQ(values.automatic_syncs, 4);
  EXPECT_EQ(values.last_discharge, 8);
  EXPECT_EQ(values.minimum_voltage, 46);
  EXPECT_EQ(values.maximum_voltage, 50);
  EXPECT_NEAR(*values.discharged_energy, 52.05, 1e-9);
  EXPECT_FALSE(values.average_discharge) << "how many discharges old data are of is not known";
}

TEST_F(HistoryTest, WhatIsRestoredLateIsJoinedWithWhatWasCountedSince) {
  follow(0, -60);
  follow(60, -60);
  HistoryValues kept;
  kept.total_ah_drawn = 1000;
  kept.last_discharge = 7;
  kept.discharges = 3;
  kept.full_discharges = 2;
  history_.restore(kept);
  const HistoryValues& values = follow(120, -60);
  EXPECT_EQ(values.total_ah_drawn, 1002);
  EXPECT_EQ(values.last_discharge, 9);
  EXPECT_EQ(values.full_discharges, 2);
  EXPECT_EQ(values.discharges, 3);
  history_.restore(kept);
  EXPECT_EQ(history_.values().total_ah_drawn, 1002) << "only once";
}

TEST_F(HistoryTest, AtTheEndWhatWasAddedUpSinceTheLastLookIsKeptToo) {
  follow(0, -60);
  follow(30, -60);
  EXPECT_DOUBLE_EQ(*history_.kept_at_the_end().total_ah_drawn, 0.5);
  EXPECT_DOUBLE_EQ(*history_.kept_at_the_end().discharged_energy, 0.025);
  EXPECT_EQ(history_.values().total_ah_drawn, 0);
}

TEST_F(HistoryTest, EachGroupIsClearedForItself) {
  HistoryValues kept;
  kept.total_ah_drawn = 1000;
  kept.deepest_discharge = 95;
  kept.full_discharges = 2;
  kept.minimum_voltage = 40;
  kept.maximum_cell_voltage = 3.9;
  kept.timestamp_last_full_charge = kStart - 1000;
  kept.automatic_syncs = 4;
  kept.low_voltage_alarms = 6;
  kept.minimum_temperature = -15;
  kept.charged_energy = 55;
  const auto cleared = [&](HistoryGroup group) {
    history_ = History();
    history_.restore(kept);
    follow(0, -60);
    history_.clear(group);
    return follow(10, -60);
  };
  HistoryValues values = cleared(HistoryGroup::capacity);
  EXPECT_EQ(values.total_ah_drawn, 0) << "what was drawn before the clearing counts no more";
  EXPECT_EQ(values.deepest_discharge, 40);
  EXPECT_EQ(values.full_discharges, 0);
  EXPECT_EQ(values.last_discharge, 0);
  EXPECT_FALSE(values.average_discharge);
  EXPECT_FALSE(values.charge_cycles);
  EXPECT_EQ(values.minimum_voltage, 40);
  EXPECT_EQ(values.automatic_syncs, 4);

  values = cleared(HistoryGroup::voltages);
  EXPECT_EQ(values.minimum_voltage, 50);
  EXPECT_EQ(values.maximum_cell_voltage, 3.3);
  EXPECT_EQ(values.deepest_discharge, 95);

  values = cleared(HistoryGroup::time);
  EXPECT_FALSE(values.timestamp_last_full_charge);
  EXPECT_FALSE(values.time_since_last_full_charge);
  EXPECT_FALSE(values.automatic_syncs);

  EXPECT_EQ(cleared(HistoryGroup::alarms).low_voltage_alarms, 0);
  EXPECT_EQ(cleared(HistoryGroup::temperatures).minimum_temperature, 20);
  EXPECT_EQ(cleared(HistoryGroup::energy).charged_energy, 0);

  values = cleared(HistoryGroup::all);
  EXPECT_EQ(values.total_ah_drawn, 0);
  EXPECT_EQ(values.minimum_voltage, 50);
  EXPECT_FALSE(values.automatic_syncs);
  EXPECT_EQ(values.low_voltage_alarms, 0);
  EXPECT_EQ(values.minimum_temperature, 20);
  EXPECT_EQ(values.charged_energy, 0);
}

TEST_F(HistoryTest, AfterAClearingDischargesAreCountedFromNone) {
  HistoryValues kept;
  kept.total_ah_drawn = 1000;
  history_.restore(kept);
  follow(0, 0);
  history_.clear(HistoryGroup::capacity);
  follow(1, -60);
  follow_until(1, 601, -60);
  EXPECT_EQ(history_.values().discharges, 1);
  EXPECT_NEAR(*history_.values().average_discharge, 10, 0.1);
}

}  // namespace
}  // namespace bmsd::history_test
