#include "app/loop_watch.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

constexpr Instant kStart = Instant(100s);

TEST(LoopWatch, HasNothingToSayOfALoopThatComesEverySecond) {
  LoopWatch watch;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(watch.called(kStart + i * 1s + (i % 3) * 100ms));
  EXPECT_EQ(watch.stalls(), 0U);
  EXPECT_EQ(watch.longest(), Duration(0));
}

TEST(LoopWatch, SaysHowLongALoopWasAway) {
  LoopWatch watch;
  (void)watch.called(kStart);
  EXPECT_EQ(watch.called(kStart + 6s), Duration(5s));
  EXPECT_FALSE(watch.called(kStart + 7s));
  EXPECT_EQ(watch.called(kStart + 11s), Duration(3s));
  EXPECT_EQ(watch.stalls(), 2U);
  EXPECT_EQ(watch.longest(), Duration(5s));
}

TEST(LoopWatch, CountsAStallOnceThoughTheTimerCatchesUp) {
  LoopWatch watch;
  (void)watch.called(kStart);
  EXPECT_TRUE(watch.called(kStart + 10s));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(watch.called(kStart + 10s));
  EXPECT_EQ(watch.stalls(), 1U);
}

TEST(LoopWatch, LetsTwoSecondsPass) {
  LoopWatch watch;
  (void)watch.called(kStart);
  EXPECT_FALSE(watch.called(kStart + 3s));
  EXPECT_TRUE(watch.called(kStart + 6s + 1us));
}

}  // namespace
}  // namespace bmsd
