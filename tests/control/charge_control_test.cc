// Charge control as a whole: what comes from where, and what each part hears of the others.
#include "control/charge_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/shown_alarm.h"
#include "control_fixture.h"

namespace bmsd::charge_control_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kStart = 1'750'000'000;

Instant at(double s) { return Instant(1h) + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s)); }

// 16 cells, 100 Ah, 60 %, 10 A in.
class ChargeControlTest : public testing::Test {
 protected:
  ChargeControlTest() { says(Field::capacity_full, 100); }

  void says(Field field, double value) { reading_.set(field, value); }
  void cells(double volts) { reading_.cell_voltages = std::vector<double>(16, volts); }

  // A good round.
  const ControlOutputs& round(double t) {
    reading_.set(Field::voltage, 16 * reading_.cell_voltages->front());
    EXPECT_TRUE(battery_.merge(reading_, 0, at(t)));
    control_.round_good(at(t));
    return look(t);
  }
  // Nothing new was said.
  const ControlOutputs& look(double t) {
    return control_.evaluate(config_, battery_, surroundings_, true, {kStart + static_cast<std::int64_t>(t)}, at(t));
  }
  const ControlOutputs& failed_round(double t) {
    control_.round_failed(battery_, config_, at(t));
    return look(t);
  }
  // Until float begins; says when.
  double charge_until_full(double t) {
    config_.stages.float_wait_s = 10;
    cells(3.451);
    for (const double end = t + 30; t < end; ++t) {
      if (round(t).limits.mode.stage == ChargeStageName::float_transition) return t;
    }
    ADD_FAILURE() << "it was never full";
    return t;
  }

  ControlConfig config_;
  Reading reading_ = reading_of(16, 3.3);
  Battery battery_;
  Surroundings surroundings_;
  ChargeControl control_;
};

TEST_F(ChargeControlTest, PublishesWhatTheBmsMeasures) {
  const Measured& measured = round(0).measured;
  EXPECT_DOUBLE_EQ(*measured.voltage, 52.8);
  EXPECT_DOUBLE_EQ(*measured.current, 10);
  EXPECT_DOUBLE_EQ(*measured.power, 528);
  EXPECT_DOUBLE_EQ(*measured.mean_current, 10);
  EXPECT_DOUBLE_EQ(*measured.soc, 60);
  EXPECT_DOUBLE_EQ(*measured.remaining, 60);
  EXPECT_DOUBLE_EQ(*measured.consumed, -40);
  EXPECT_FALSE(measured.soc_bms);
  EXPECT_FALSE(measured.remaining_bms);
}

TEST_F(ChargeControlTest, TheRemainingCapacityOfTheBmsIsBelieved) {
  says(Field::capacity_remaining, 55.5);
  EXPECT_DOUBLE_EQ(*round(0).measured.remaining, 55.5);
  EXPECT_DOUBLE_EQ(*control_.outputs().measured.consumed, -44.5);
}

TEST_F(ChargeControlTest, ALostPackHasNoMeasurementsButKeepsItsSoc) {
  round(0);
  failed_round(1);
  failed_round(2);
  const ControlOutputs& lost = look(12);
  EXPECT_FALSE(lost.measured.voltage);
  EXPECT_FALSE(lost.measured.current);
  EXPECT_FALSE(lost.measured.power);
  EXPECT_FALSE(lost.measured.mean_current);
  EXPECT_EQ(lost.measured.soc, 60);
  EXPECT_FALSE(lost.times.to_go) << "nobody knows how long it lasts";
}

TEST_F(ChargeControlTest, ASensorReplacesTheBmsForAsLongAsItTells) {
  surroundings_ = {.sensor_current = 12.3456, .sensor_soc = 79.12345};
  const Measured& measured = round(0).measured;
  EXPECT_DOUBLE_EQ(*measured.current, 12.346);
  EXPECT_DOUBLE_EQ(*measured.soc, 79.123);
  EXPECT_EQ(measured.soc_bms, 60);
  EXPECT_DOUBLE_EQ(*measured.remaining, 79.123);
  surroundings_ = {};
  EXPECT_EQ(round(1).measured.soc, 60);
  EXPECT_EQ(measured.current, 10);
  EXPECT_EQ(measured.soc_bms, 60) << "its path stays";
}

TEST_F(ChargeControlTest, AnImpossibleSocOfASensorIsNone) {
  for (const double soc : {-1.0, 100.1, std::numeric_limits<double>::quiet_NaN()}) {
    surroundings_.sensor_soc = soc;
    EXPECT_EQ(round(0).measured.soc, 60);
  }
}

TEST_F(ChargeControlTest, StagesAndLimitsLookAtTheSocThatIsPublished) {
  config_.charge.by_soc = true;
  surroundings_.sensor_soc = 98;
  EXPECT_DOUBLE_EQ(round(0).limits.charge.value, 5);
  KeptControl kept;
  kept.charge.may_reach_max = false;
  ChargeControl in_float;
  in_float.restore(kept);
  surroundings_.sensor_soc = 85;
  EXPECT_EQ(in_float.evaluate(config_, battery_, surroundings_, true, {}, at(0)).limits.mode.stage,
            ChargeStageName::floating)
      << "60 % would end it";
}

TEST_F(ChargeControlTest, ACountedSocReplacesTheOneOfTheBmsAndItsAlarm) {
  config_.soc.counted = true;
  reading_.alarms = Alarms();
  reading_.alarms->level[static_cast<std::size_t>(Alarm::low_soc)] = Severity::alarm;
  KeptControl kept;
  kept.soc_calc = 73.5;
  control_.restore(kept);
  says(Field::capacity_remaining, 60);
  const ControlOutputs& out = round(0);
  EXPECT_EQ(out.measured.soc, 73.5);
  EXPECT_EQ(out.measured.soc_bms, 60);
  EXPECT_EQ(out.measured.remaining, 73.5);
  EXPECT_EQ(out.measured.consumed, -26.5);
  EXPECT_EQ(out.measured.remaining_bms, 60);
  EXPECT_EQ(out.measured.consumed_bms, -40);
  EXPECT_EQ(shown_severity(battery_.alarms(), Alarm::low_soc, false, out.hides_low_soc), Severity::ok);
  config_.soc.counted = false;
  EXPECT_EQ(shown_severity(battery_.alarms(), Alarm::low_soc, false, round(1).hides_low_soc), Severity::alarm);
}

TEST_F(ChargeControlTest, WithoutACapacityTheSocOfTheBmsIsPublished) {
  config_.soc.counted = true;
  reading_.set_unknown(Field::capacity_full);
  EXPECT_EQ(round(0).measured.soc, 60);
  EXPECT_FALSE(control_.outputs().hides_low_soc);
}

TEST_F(ChargeControlTest, AFullChargeSetsTheCounterAndIsRemembered) {
  config_.soc.counted = true;
  const double full = charge_until_full(0);
  EXPECT_EQ(control_.full_charges(), 1U);
  EXPECT_EQ(control_.outputs().history.automatic_syncs, 1);
  EXPECT_EQ(control_.outputs().history.time_since_last_full_charge, 0);
  EXPECT_EQ(look(full).measured.soc, 100);
  EXPECT_EQ(control_.full_charges(), 1U);
}

TEST_F(ChargeControlTest, TheUserSetsTheCounter) {
  config_.soc.counted = true;
  round(0);
  control_.set_soc(80);
  EXPECT_NEAR(*round(1).measured.soc, 80, 0.01);
}

TEST_F(ChargeControlTest, ACounterFarFromTheBmsIsNoticedOnce) {
  config_.soc.counted = true;
  KeptControl kept;
  kept.soc_calc = 90;
  control_.restore(kept);
  round(0);
  round(1);
  EXPECT_THAT(control_.take_notes(), ElementsAre("the counted SoC is 90 %, the BMS says 60 %"));
}

TEST_F(ChargeControlTest, AFullBatteryWhoseBmsSaysThatItIsNotIsNoticed) {
  says(Field::soc, 70);
  charge_until_full(0);
  EXPECT_THAT(control_.take_notes(), ElementsAre(HasSubstr("its SoC is 70 %")));
}

TEST_F(ChargeControlTest, SensorsThatVanishAreNoticedOnce) {
  round(0);
  reading_.cell_temperatures = std::vector<double>();
  for (const double t : {1.0, 62.0, 63.0}) round(t);
  EXPECT_THAT(control_.take_notes(), ElementsAre(HasSubstr("temperatures are missing")));
  EXPECT_DOUBLE_EQ(control_.outputs().limits.charge.value, 12.5);
  cells(6.95);
  round(64);
  EXPECT_THAT(control_.take_notes(), ElementsAre(HasSubstr("cannot be believed")));
}

TEST_F(ChargeControlTest, TheCountedSocIsWrittenWhenItHasMovedOrAfterFiveMinutes) {
  config_.soc.counted = true;
  says(Field::current, 3.6);  // a thousandth of a percent per second
  round(0);
  round(50);
  EXPECT_EQ(control_.kept().soc_calc, 60);
  EXPECT_NEAR(*control_.kept_at_the_end().soc_calc, 60.05, 1e-9);
  round(101);
  EXPECT_NEAR(*control_.kept().soc_calc, 60.101, 1e-9);
  says(Field::current, 0);
  round(102);
  control_.set_soc(60.15);
  round(110);
  EXPECT_NEAR(*control_.kept().soc_calc, 60.101, 1e-9);
  for (double t = 111; t <= 402; ++t) round(t);
  EXPECT_NEAR(*control_.kept().soc_calc, 60.15, 1e-9);
}

TEST_F(ChargeControlTest, WhatIsNotCountedIsNotKept) {
  round(0);
  EXPECT_FALSE(control_.kept().soc_calc);
  EXPECT_FALSE(control_.kept_at_the_end().soc_calc);
}

TEST_F(ChargeControlTest, TimesAreComputedNowAndThen) {
  says(Field::current, -10);
  EXPECT_EQ(round(0).times.to_go, 4 * 3600);
  says(Field::soc, 50);
  EXPECT_EQ(round(59).times.to_go, 4 * 3600);
  EXPECT_EQ(round(60).times.to_go, 3 * 3600);
  config_.times.points = {40};
  EXPECT_EQ(round(61).times.to_soc.size(), 1U) << "another configuration takes effect at once";
}

TEST_F(ChargeControlTest, HistoryIsWhatTheBmsSaysWhereNothingIsToBeCounted) {
  config_.history = false;
  says(Field::total_discharge, 250);
  const HistoryValues& history = round(0).history;
  EXPECT_EQ(history.total_ah_drawn, 250);
  EXPECT_EQ(history.charge_cycles, 2.5);
  EXPECT_FALSE(history.minimum_voltage);
}

TEST_F(ChargeControlTest, HistoryIsClearedByNumber) {
  round(0);
  cells(3.0);
  round(60);
  EXPECT_EQ(control_.outputs().history.minimum_cell_voltage, 3.0);
  cells(3.3);
  control_.clear_history(3);
  EXPECT_EQ(round(61).history.minimum_cell_voltage, 3.3);
  for (const int none : {0, 8, -1}) control_.clear_history(none);
  EXPECT_EQ(round(121).history.minimum_cell_voltage, 3.3);
}

TEST_F(ChargeControlTest, StatesFollowTheLimitsTheAlarmsAndTheLoss) {
  EXPECT_EQ(round(0).state, OperatingState::running);
  EXPECT_EQ(control_.outputs().device_state, DeviceState::connected);
  says(Field::charge_fet_on, 0);
  says(Field::discharge_fet_on, 0);
  EXPECT_EQ(round(1).state, OperatingState::standby);
  EXPECT_EQ(control_.outputs().device_state, DeviceState::blocked);
  reading_.alarms = Alarms();
  const auto raise = [&](Alarm alarm, Severity severity) {
    reading_.alarms->level[static_cast<std::size_t>(alarm)] = severity;
    return round(2).device_state;
  };
  EXPECT_EQ(raise(Alarm::low_voltage, Severity::alarm), DeviceState::under_voltage);
  EXPECT_EQ(raise(Alarm::high_temperature, Severity::warning), DeviceState::temperature_warning);
  EXPECT_EQ(raise(Alarm::high_charge_temperature, Severity::alarm), DeviceState::over_temperature);
  EXPECT_EQ(raise(Alarm::internal_failure, Severity::alarm), DeviceState::fault);
  failed_round(3);
  failed_round(4);
  EXPECT_EQ(look(3 + 1800).state, OperatingState::error);
  EXPECT_EQ(ChargeControl().outputs().state, OperatingState::initialising);
}

TEST_F(ChargeControlTest, NeedsBalancingWhileCellsAreTooFarApartForFloat) {
  cells(3.38);
  EXPECT_FALSE(round(0).needs_balancing);
  reading_.cell_voltages->back() = 3.395;
  EXPECT_TRUE(round(1).needs_balancing);
  cells(3.30);
  reading_.cell_voltages->back() = 3.33;
  EXPECT_FALSE(round(2).needs_balancing) << "below float cells say little";
}

TEST_F(ChargeControlTest, HeatingAndTheBalancersSwitchAreShown) {
  surroundings_.heating = true;
  surroundings_.balancer_may = false;
  const ControlOutputs& out = round(0);
  EXPECT_EQ(out.heating, true);
  EXPECT_EQ(out.balancer_may, false);
  EXPECT_EQ(out.limits.charge_mode, "Bulk + Heating │ Linear Mode");
}

TEST_F(ChargeControlTest, GoesOnAfterARestart) {
  config_.soc.counted = true;
  charge_until_full(0);
  round(100);
  ChargeControl next;
  next.restore(control_.kept_at_the_end());
  const ControlOutputs& out = next.evaluate(config_, battery_, surroundings_, true, {kStart + 200}, at(5000));
  EXPECT_EQ(out.limits.mode.stage, ChargeStageName::floating);
  EXPECT_EQ(out.measured.soc, 100);
  EXPECT_EQ(out.history.automatic_syncs, 1);
  EXPECT_EQ(next.full_charges(), 0U);
}

}  // namespace
}  // namespace bmsd::charge_control_test
