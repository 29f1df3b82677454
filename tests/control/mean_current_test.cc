#include "control/mean_current.h"

#include <gtest/gtest.h>

namespace bmsd::mean_current_test {
namespace {

Instant at(Duration after) { return Instant(1h) + after; }

TEST(MeanCurrent, IsUnknownBeforeTheFirstSampleAndThenThatSample) {
  MeanCurrent mean;
  EXPECT_FALSE(mean.value());
  mean.add(-7, at(0s));
  EXPECT_DOUBLE_EQ(*mean.value(), -7);
}

TEST(MeanCurrent, WeighsByTimeAndNotBySamples) {
  MeanCurrent mean;
  for (int tenth = 0; tenth <= 100; ++tenth) mean.add(20, at(tenth * 100ms));
  for (int second = 11; second <= 30; ++second) mean.add(second == 11 ? 20 : 5, at(second * 1s));
  // 11 s of 20 A, 1 s from 20 to 5 A, 18 s of 5 A.
  EXPECT_NEAR(*mean.value(), (11 * 20 + 12.5 + 18 * 5) / 30, 1e-9);
}

TEST(MeanCurrent, ForgetsWhatIsOlderThanFiveMinutes) {
  MeanCurrent mean;
  for (int second = 0; second <= 1000; ++second) mean.add(second < 690 ? 100 : 10, at(second * 1s));
  EXPECT_DOUBLE_EQ(*mean.value(), 10);
}

TEST(MeanCurrent, CoversFiveMinutesHoweverSlowTheRoundsAre) {
  MeanCurrent mean;
  for (int minute = 0; minute <= 100; ++minute) mean.add(minute < 97 ? 0 : 30, at(minute * 1min));
  EXPECT_DOUBLE_EQ(*mean.value(), (15.0 + 30 * 3) / 5);
}

TEST(MeanCurrent, BeginsAnewAfterALongGap) {
  MeanCurrent mean;
  for (int second = 0; second <= 10; ++second) mean.add(50, at(second * 1s));
  mean.add(-4, at(30min));
  EXPECT_DOUBLE_EQ(*mean.value(), -4);
  mean.add(-8, at(30min + 1s));
  EXPECT_DOUBLE_EQ(*mean.value(), -6);
}

TEST(MeanCurrent, TheSameSampleCountsOnce) {
  MeanCurrent mean;
  mean.add(0, at(0s));
  mean.add(10, at(1s));
  mean.add(1000, at(1s));
  mean.add(1000, at(0s));
  EXPECT_DOUBLE_EQ(*mean.value(), 5);
}

}  // namespace
}  // namespace bmsd::mean_current_test
