// What charge control publishes of a battery beside its limits.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "control/charge_control.h"
#include "control_fixture.h"

namespace bmsd::published_test {
namespace {

class PublishedTest : public testing::Test {
 protected:
  // What the next round says, a second later.
  const ControlOutputs& says(const Reading& reading) {
    now_ += std::chrono::seconds(1);
    EXPECT_TRUE(battery_.merge(reading, 0, now_));
    return evaluate();
  }
  const ControlOutputs& evaluate() { return control_.evaluate(config_, battery_, {}, true, {}, now_); }

  ControlConfig config_;
  Battery battery_;
  ChargeControl control_;
  Instant now_{};
  double fets_ = 1;
};

TEST_F(PublishedTest, ThroughAnOpenFetNoCurrentIsShown) {
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::current, -12.5);
  reading.set(Field::voltage, 52.8);
  reading.set(Field::discharge_fet_on, 0);
  EXPECT_EQ(says(reading).measured.current, 0);
  EXPECT_EQ(evaluate().measured.power, 0);
}

TEST_F(PublishedTest, WithoutARemainingCapacityTheStateOfChargeGivesIt) {
  Reading reading;
  reading.set(Field::capacity_full, 280);
  reading.set(Field::soc, 50);
  EXPECT_EQ(says(reading).measured.remaining, 140);
  EXPECT_EQ(evaluate().measured.consumed, -140);
}

TEST_F(PublishedTest, MoreThanFullIsNotNegativeConsumption) {
  Reading reading;
  reading.set(Field::capacity_full, 280);
  reading.set(Field::capacity_remaining, 281);
  reading.set(Field::soc, 100);
  EXPECT_EQ(says(reading).measured.consumed, 0);
}

TEST_F(PublishedTest, TheMeanCurrentIsOfTheLastFiveMinutes) {
  Reading reading = reading_of(16, 3.3);
  for (int round = 0; round <= 300; ++round) {
    reading.set(Field::current, round <= 150 ? 10 : 20);
    says(reading);
  }
  const auto mean = evaluate().measured.mean_current;
  ASSERT_TRUE(mean);
  EXPECT_NEAR(*mean, 14.98, 0.02) << "150 s of 10 A, one from 10 to 20 A, 149 s of 20 A";
  EXPECT_EQ(evaluate().measured.mean_current, mean) << "no new round";
}

TEST_F(PublishedTest, TheFirstDeviceStateThatAppliesIsShown) {
  const auto shown_with = [this](const std::vector<std::pair<Alarm, Severity>>& raised) {
    Reading reading = reading_of(16, 3.3);
    reading.alarms = Alarms();
    for (const auto& [alarm, severity] : raised) reading.alarms->level[static_cast<std::size_t>(alarm)] = severity;
    reading.set(Field::charge_fet_on, fets_);
    reading.set(Field::discharge_fet_on, fets_);
    return says(reading).device_state;
  };
  fets_ = 1;
  EXPECT_EQ(shown_with({}), DeviceState::connected);
  fets_ = 0;
  EXPECT_EQ(shown_with({}), DeviceState::blocked);
  EXPECT_EQ(shown_with({{Alarm::low_voltage, Severity::warning}}), DeviceState::blocked);
  EXPECT_EQ(shown_with({{Alarm::low_voltage, Severity::alarm}}), DeviceState::under_voltage);
  EXPECT_EQ(shown_with({{Alarm::low_voltage, Severity::alarm}, {Alarm::high_temperature, Severity::warning}}),
            DeviceState::temperature_warning);
  EXPECT_EQ(shown_with({{Alarm::high_charge_temperature, Severity::warning}}), DeviceState::temperature_warning);
  EXPECT_EQ(shown_with({{Alarm::high_charge_temperature, Severity::alarm}}), DeviceState::over_temperature);
  EXPECT_EQ(shown_with({{Alarm::high_temperature, Severity::alarm}, {Alarm::internal_failure, Severity::warning}}),
            DeviceState::over_temperature);
  EXPECT_EQ(shown_with({{Alarm::high_temperature, Severity::alarm}, {Alarm::internal_failure, Severity::alarm}}),
            DeviceState::fault);
}

}  // namespace
}  // namespace bmsd::published_test
