#include "app/loop_watch.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

constexpr Instant kFirstCall = Instant(100s);

TEST(LoopWatch, HasNothingToSayOfALoopThatComesEverySecond) {
  LoopWatch watch;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(watch.called(kFirstCall + i * 1s + (i % 3) * 100ms));
  EXPECT_EQ(watch.stalls(), 0U);
  EXPECT_EQ(watch.longest(), Duration(0));
}

TEST(LoopWatch, SaysHowLongALoopWasAway) {
  LoopWatch watch;
  (void)watch.called(kFirstCall);
  EXPECT_EQ(watch.called(kFirstCall + 6s), Duration(5s));
  EXPECT_FALSE(watch.called(kFirstCall + 7s));
  EXPECT_EQ(watch.called(kFirstCall + 11s), Duration(3s));
  EXPECT_EQ(watch.stalls(), 2U);
  EXPECT_EQ(watch.longest(), Duration(5s));
}

TEST(LoopWatch, CountsAStallOnceThoughTheTimerCatchesUp) {
  LoopWatch watch;
  (void)watch.called(kFirstCall);
  EXPECT_TRUE(watch.called(kFirstCall + 10s));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(watch.called(kFirstCall + 10s));
  EXPECT_EQ(watch.stalls(), 1U);
}

TEST(LoopWatch, LetsTwoSecondsPass) {
  LoopWatch watch;
  (void)watch.called(kFirstCall);
  EXPECT_FALSE(watch.called(kFirstCall + 3s));
  EXPECT_TRUE(watch.called(kFirstCall + 6s + 1us));
}

}  // namespace
}  // namespace bmsd
