#include "control/current_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "control_fixture.h"

namespace bmsd::current_map_test {
namespace {

const CurrentMap kDeadband = {{-300, -0.5, 0.5, 300}, {-300, 0, 0, 300}};

TEST(CurrentMap, EqualListsCorrectNothing) {
  EXPECT_EQ(corrected_current({}, 12.34567), 12.34567);
  EXPECT_EQ(corrected_current({{-10, 10}, {-10, 10}}, 99), 99);
}

TEST(CurrentMap, BetweenItsPointsTheCorrectionIsLinear) {
  EXPECT_DOUBLE_EQ(corrected_current(kDeadband, 0.3), 0);
  EXPECT_DOUBLE_EQ(corrected_current(kDeadband, 0.5), 0);
  EXPECT_DOUBLE_EQ(corrected_current(kDeadband, 10), 9.516);
  EXPECT_DOUBLE_EQ(corrected_current(kDeadband, -150), -149.75);
}

TEST(CurrentMap, OutsideOfItsPointsTheCorrectionOfTheNearestOneStays) {
  const CurrentMap map = {{-100, 0.5, 100}, {-101, 0, 101}};
  EXPECT_DOUBLE_EQ(corrected_current(map, 100), 101);
  EXPECT_DOUBLE_EQ(corrected_current(map, 150), 151);
  EXPECT_DOUBLE_EQ(corrected_current(map, -250), -251);
}

TEST(CurrentMap, OneThatCannotBeUsedCorrectsNothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const CurrentMap& map :
       {CurrentMap{{}, {}}, {{1, 2}, {1}}, {{2, 1}, {3, 4}}, {{1, 1}, {3, 4}}, {{1, nan}, {3, 4}}}) {
    EXPECT_DOUBLE_EQ(corrected_current(map, 5), 5);
  }
}

TEST(MeasuredCurrent, IsTheSensorsWhereThereIsOneAndPassesNoMap) {
  ControlConfig config;
  config.current_map = kDeadband;
  Surroundings surroundings;
  EXPECT_DOUBLE_EQ(*measured_current(config, calm_battery(), surroundings), 9.516);
  surroundings.sensor_current = 10.00049;
  EXPECT_DOUBLE_EQ(*measured_current(config, calm_battery(), surroundings), 10);
  surroundings.sensor_current = std::numeric_limits<double>::infinity();
  EXPECT_DOUBLE_EQ(*measured_current(config, calm_battery(), surroundings), 9.516);
}

TEST(MeasuredCurrent, OfTheSensorDoesNotFlowThroughAnOpenFetEither) {
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::discharge_fet_on, 0);
  Surroundings surroundings;
  surroundings.sensor_current = -6;
  EXPECT_DOUBLE_EQ(*measured_current({}, battery_of(reading), surroundings), 0);
}

}  // namespace
}  // namespace bmsd::current_map_test
