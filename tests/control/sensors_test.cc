#include "control/sensors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "control_fixture.h"

namespace bmsd::sensors_test {
namespace {

Battery with_sensors(std::vector<double> celsius) {
  Reading reading = reading_of(16, 3.3);
  reading.cell_temperatures = std::move(celsius);
  return battery_of(reading);
}

TEST(Sensors, TheBatteryHasTheMeanOfTheSensorsThatCount) {
  SensorConfig config;
  config.source = {2, 1};
  const Temperatures t = temperatures_of(with_sensors({10, 25, -5, 60}), config);
  EXPECT_DOUBLE_EQ(*t.battery, 17.5);
  EXPECT_DOUBLE_EQ(t.coldest->celsius, 10);
  EXPECT_EQ(t.coldest->sensor, 1);
  EXPECT_DOUBLE_EQ(t.hottest->celsius, 25);
  EXPECT_EQ(t.hottest->sensor, 2);
  EXPECT_EQ(t.sensors.size(), 4U) << "those that do not count are shown all the same";
}

TEST(Sensors, AdjustmentIsSlopeThenOffsetAndNeverTwice) {
  SensorConfig config;
  config.adjust[0] = {-3, 1};
  config.adjust[1] = {1, 0.5};
  config.adjust_mos = {2, 1};
  Reading reading = reading_of(16, 3.3);
  reading.cell_temperatures = std::vector<double>{11, 30};
  reading.set(Field::mos_temperature, 68);
  const Battery battery = battery_of(reading);
  for (int again = 0; again < 3; ++again) {
    const Temperatures t = temperatures_of(battery, config);
    EXPECT_DOUBLE_EQ(t.sensors[0], 8);
    EXPECT_DOUBLE_EQ(t.sensors[1], 16);
    EXPECT_DOUBLE_EQ(*t.battery, 12);
    EXPECT_DOUBLE_EQ(*t.mos, 70);
  }
  EXPECT_DOUBLE_EQ(battery.cell_temperatures()->front(), 11) << "the reading stays as the BMS said it";
}

TEST(Sensors, OfEqualOnesTheFirstIsTheColdestAndTheLastTheHottest) {
  const Temperatures t = temperatures_of(with_sensors({25, 25, 25}), {});
  EXPECT_EQ(t.coldest->sensor, 1);
  EXPECT_EQ(t.hottest->sensor, 3);
}

TEST(Sensors, MoreThanFourCanBeChosenAndMissingOnesAreSkipped) {
  SensorConfig config;
  config.source = {6, 9};
  config.adjust.fill({100, 1});
  const Temperatures t = temperatures_of(with_sensors({10, 10, 10, 10, 10, 33}), config);
  EXPECT_DOUBLE_EQ(*t.battery, 33);
  EXPECT_EQ(t.hottest->sensor, 6);
}

TEST(Sensors, AReadingIsCutToWhatASensorCanTellBeforeItIsAdjusted) {
  SensorConfig config;
  config.adjust[0] = {-5, 1};
  const Temperatures t = temperatures_of(with_sensors({-40, 130}), config);
  EXPECT_DOUBLE_EQ(t.sensors[0], -25);
  EXPECT_DOUBLE_EQ(t.sensors[1], 100);
}

TEST(Sensors, WithoutSensorsThatCountTheTemperatureOfThePackCounts) {
  for (const std::vector<double>& sensors : {std::vector<double>{}, {40.0, 41.0}}) {
    SensorConfig config;
    config.source = {3};
    Reading reading = reading_of(16, 3.3);
    reading.cell_temperatures = sensors;
    reading.set(Field::pack_temperature, 12);
    const Temperatures t = temperatures_of(battery_of(reading), config);
    EXPECT_DOUBLE_EQ(*t.battery, 12);
    EXPECT_DOUBLE_EQ(t.coldest->celsius, 12);
    EXPECT_EQ(t.hottest->sensor, 0);
  }
}

TEST(Sensors, NothingIsInvented) {
  const Temperatures t = temperatures_of(Battery(), {});
  EXPECT_FALSE(t.battery || t.mos || t.coldest || t.hottest);
  EXPECT_TRUE(t.sensors.empty());
}

TEST(Sensors, AnAdjustmentThatIsNoNumberIsLeftOut) {
  SensorConfig config;
  config.adjust.fill({std::nan(""), 1});
  EXPECT_DOUBLE_EQ(*temperatures_of(with_sensors({21, 21}), config).battery, 21);
}

}  // namespace
}  // namespace bmsd::sensors_test
