#include "control/disconnect.h"

#include <gtest/gtest.h>

#include "control_fixture.h"

namespace bmsd::disconnect_test {
namespace {

Instant at(double s) { return Instant(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s))); }

Battery with_cells(double volts) { return battery_of(reading_of(16, volts)); }

// A good round at 0 s, then failed ones every second from 1 s to `until`.
Disconnect lost_since_1s(const Battery& battery, const ControlConfig& config, int until) {
  Disconnect watch;
  watch.round_good(at(0));
  for (int second = 1; second <= until; ++second) watch.round_failed(battery, config, at(second));
  return watch;
}

TEST(Disconnect, OneFailedRoundIsNotSeen) {
  Disconnect watch = lost_since_1s(calm_battery(), {}, 1);
  const Presence presence = watch.presence({}, at(2.9));
  EXPECT_EQ(presence.text, "Connected");
  EXPECT_EQ(presence.lost_for, 0s);
  EXPECT_TRUE(presence.measurements_valid);
}

TEST(Disconnect, TheSecondFailedRoundOrTwoSecondsShowTheLoss) {
  EXPECT_EQ(lost_since_1s(calm_battery(), {}, 2).presence({}, at(2)).text,
            "Lost for: 1s | Disconnect in: 29m 59s | Threshold: 30m");
  EXPECT_EQ(lost_since_1s(calm_battery(), {}, 1).presence({}, at(3)).text,
            "Lost for: 2s | Disconnect in: 29m 58s | Threshold: 30m");
}

struct Step {
  double t;  // s since the first failed round
  bool measurements_valid, blocked, given_up;
  Severity cable;
};

void expect_steps(const char* what, const Battery& battery, const ControlConfig& config,
                  const std::vector<Step>& steps) {
  const Disconnect watch = lost_since_1s(battery, config, 4);
  for (const Step& step : steps) {
    const Presence presence = watch.presence(config, at(1 + step.t));
    EXPECT_EQ(presence.measurements_valid, step.measurements_valid) << what << " after " << step.t << " s";
    EXPECT_EQ(presence.blocked, step.blocked) << what << " after " << step.t << " s";
    EXPECT_EQ(presence.given_up, step.given_up) << what << " after " << step.t << " s";
    EXPECT_EQ(presence.cable_alarm, step.cable) << what << " after " << step.t << " s";
  }
}

TEST(Disconnect, SafeCellsGiveTheWholeGrace) {
  expect_steps("safe", with_cells(3.3), {},
               {{9.9, true, false, false, Severity::ok},
                {10, false, false, false, Severity::ok},
                {60, false, false, false, Severity::ok},
                {60.1, false, false, false, Severity::warning},
                {1799, false, false, false, Severity::warning},
                {1800, false, true, true, Severity::alarm}});
}

TEST(Disconnect, CellsOutsideOfTheWindowGiveOneMinute) {
  for (const double volts : {3.2, 3.4, 3.225, 3.375}) {
    expect_steps("unsafe", with_cells(volts), {},
                 {{10, false, false, false, Severity::ok},
                  {59.9, false, false, false, Severity::ok},
                  {60, false, true, true, Severity::alarm}});
  }
  expect_steps("no cells known", Battery(), {},
               {{59, false, false, false, Severity::ok}, {60, false, true, true, Severity::alarm}});
}

TEST(Disconnect, BlockOnDisconnectBlocksWithTheMeasurements) {
  ControlConfig config;
  config.block_on_disconnect = true;
  expect_steps("block", with_cells(3.3), config,
               {{9.9, true, false, false, Severity::ok},
                {10, false, true, false, Severity::ok},
                {59.9, false, true, false, Severity::ok},
                {60, false, true, true, Severity::alarm}});
  EXPECT_EQ(lost_since_1s(calm_battery(), config, 4).presence(config, at(14)).text,
            "Lost for: 13s | Disconnect in: 47s | Threshold: 1m");
}

TEST(Disconnect, WithoutTheCableAlarmOnlyGivingUpIsToldByIt) {
  ControlConfig config;
  config.bms_cable_alarm = false;
  expect_steps("no alarm", with_cells(3.3), config,
               {{61, false, false, false, Severity::ok}, {1800, false, true, true, Severity::alarm}});
}

TEST(Disconnect, TheGraceIsNotProlongedByWhatAFailingPackStillSays) {
  Disconnect watch = lost_since_1s(with_cells(3.4), {}, 2);
  watch.round_failed(with_cells(3.3), {}, at(3));
  EXPECT_TRUE(watch.presence({}, at(61)).given_up);
}

TEST(Disconnect, AnAbsurdTimeoutGivesUpAtOnceOrVeryLate) {
  ControlConfig config;
  config.block_on_disconnect_timeout_minutes = -3;
  EXPECT_TRUE(lost_since_1s(calm_battery(), config, 2).presence(config, at(2)).blocked);
  config.block_on_disconnect_timeout_minutes = 2147483647;
  EXPECT_FALSE(lost_since_1s(calm_battery(), config, 2).presence(config, at(1e9)).blocked);
}

TEST(Disconnect, TextsCountAndEndWithDisconnected) {
  const Disconnect watch = lost_since_1s(calm_battery(), {}, 4);
  EXPECT_EQ(watch.presence({}, at(14.7)).text, "Lost for: 13s | Disconnect in: 29m 47s | Threshold: 30m");
  EXPECT_EQ(watch.presence({}, at(61)).text, "Lost for: 1m | Disconnect in: 29m | Threshold: 30m");
  EXPECT_EQ(watch.presence({}, at(1801)).text, "Lost for: 30m | Disconnected | Threshold: 30m");
  EXPECT_EQ(watch.presence({}, at(1 + 86400 + 7260)).text, "Lost for: 1d 2h | Disconnected | Threshold: 30m");
}

TEST(Disconnect, AGoodRoundBringsTheValuesBackAtOnceAndErrorsAreForgottenAfterAMinute) {
  Disconnect watch;
  watch.round_good(at(0));
  for (const int second : {1, 2, 12, 40}) watch.round_failed(calm_battery(), {}, at(second));
  watch.round_good(at(41));
  const Presence back = watch.presence({}, at(41));
  EXPECT_TRUE(back.measurements_valid);
  EXPECT_EQ(back.lost_for, 0s);
  EXPECT_EQ(back.text, "Connected (4 errors in the last 40s)");
  watch.round_good(at(90));
  EXPECT_EQ(watch.presence({}, at(90)).text, "Connected (4 errors in the last 1m 29s)");
  EXPECT_EQ(watch.presence({}, at(101)).text, "Connected");
  // Errors of long ago are not counted again with new ones.
  watch.round_failed(calm_battery(), {}, at(200));
  watch.round_good(at(201));
  EXPECT_EQ(watch.presence({}, at(202)).text, "Connected (1 error in the last 2s)");
}

TEST(Disconnect, TheCableAlarmStaysForAMinuteWithoutErrors) {
  Disconnect watch = lost_since_1s(with_cells(3.4), {}, 100);
  ASSERT_EQ(watch.presence({}, at(100)).cable_alarm, Severity::alarm);
  watch.round_good(at(101));
  EXPECT_FALSE(watch.presence({}, at(101)).blocked);
  EXPECT_EQ(watch.presence({}, at(101)).cable_alarm, Severity::alarm);
  watch.round_good(at(160));
  EXPECT_EQ(watch.presence({}, at(160)).cable_alarm, Severity::alarm);
  watch.round_good(at(161));
  EXPECT_EQ(watch.presence({}, at(161)).cable_alarm, Severity::ok);
}

TEST(Disconnect, TheCableAlarmStaysForAMinuteAlsoAfterALossWithoutRounds) {
  Disconnect watch = lost_since_1s(with_cells(3.4), {}, 1);  // the port was closed: nobody asks any more
  ASSERT_EQ(watch.presence({}, at(500)).cable_alarm, Severity::alarm);
  watch.round_good(at(500));
  EXPECT_FALSE(watch.presence({}, at(500)).blocked);
  EXPECT_EQ(watch.presence({}, at(500)).cable_alarm, Severity::alarm);
  EXPECT_EQ(watch.presence({}, at(500)).text, "Connected (1 error in the last 8m 19s)");
  watch.round_good(at(559));
  EXPECT_EQ(watch.presence({}, at(559)).cable_alarm, Severity::alarm);
  watch.round_good(at(561));
  EXPECT_EQ(watch.presence({}, at(561)).cable_alarm, Severity::ok);
}

TEST(Disconnect, SporadicErrorsDoNotAddUp) {
  Disconnect watch;
  for (int minute = 0; minute < 10; ++minute) {
    watch.round_failed(with_cells(3.46), {}, at(minute * 30));
    EXPECT_TRUE(watch.presence({}, at(minute * 30)).measurements_valid);
    watch.round_good(at(minute * 30 + 1));
    const Presence presence = watch.presence({}, at(minute * 30 + 29));
    EXPECT_FALSE(presence.blocked);
    EXPECT_TRUE(presence.measurements_valid);
    EXPECT_EQ(presence.cable_alarm, Severity::ok);
  }
}

}  // namespace
}  // namespace bmsd::disconnect_test
