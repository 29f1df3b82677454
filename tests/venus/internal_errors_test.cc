#include "venus/internal_errors.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

struct InternalErrorsTest : ::testing::Test {
  // So many more, one per `each`.
  void happen(int count, Duration each) {
    for (int i = 0; i < count; ++i) errors.count(++total, now += each);
  }
  void nothing_for(Duration time) {
    for (const Instant end = now + time; now < end;) errors.count(total, now += 1min);
  }

  InternalErrors errors;
  std::uint64_t total = 0;
  Instant now{};
};

TEST_F(InternalErrorsTest, The180thWithinThreeHoursIsTooMuch) {
  happen(179, 1min);
  EXPECT_FALSE(errors.many());
  happen(1, 59s);
  EXPECT_TRUE(errors.many());
}

TEST_F(InternalErrorsTest, OnePerMinuteAndASecondIsNot) {
  happen(1000, 61s);
  EXPECT_FALSE(errors.many());
}

TEST_F(InternalErrorsTest, ManyAtOnceCountEach) {
  errors.count(100, now);
  EXPECT_FALSE(errors.many());
  errors.count(1000, now);
  EXPECT_TRUE(errors.many());
}

TEST_F(InternalErrorsTest, ItEndsWhenTheOldestOfTheLastIsOlderThanThreeHoursSeenOnceAnHour) {
  happen(200, 1s);
  ASSERT_TRUE(errors.many());
  nothing_for(2h + 50min);
  EXPECT_TRUE(errors.many());
  nothing_for(10min + 1min);
  EXPECT_FALSE(errors.many());
}

TEST_F(InternalErrorsTest, ItDoesNotFlickerAtTheEdge) {
  happen(180, 1min);
  ASSERT_TRUE(errors.many());
  for (int i = 0; i < 59; ++i) {
    happen(1, 65s);  // a little less than one per minute
    if (i < 55) {
      EXPECT_TRUE(errors.many()) << i;
    }
  }
  EXPECT_FALSE(errors.many());
}

TEST_F(InternalErrorsTest, ACountThatBeginsAnewIsNews) {
  errors.count(1000, now);
  InternalErrors other;
  other.count(100, now);
  other.count(80, now);
  EXPECT_TRUE(other.many());
  other.count(80, now + 1s);
  EXPECT_TRUE(other.many());
}

TEST_F(InternalErrorsTest, SilenceAndNoiseOnTheWireAreNone) {
  LinkHealth health;
  health.errors_by_code.fill(1);
  EXPECT_EQ(internal_errors(health), 2U) << "implausible and length";
  health.errors_by_code.fill(0);
  health.errors_by_code[static_cast<std::size_t>(Errc::timeout)] = 1000;
  health.errors_by_code[static_cast<std::size_t>(Errc::checksum)] = 1000;
  EXPECT_EQ(internal_errors(health), 0U);
}

}  // namespace
}  // namespace bmsd
