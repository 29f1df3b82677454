#include "line/line_load.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

constexpr Instant kStart = Instant(1003s);

TEST(LineLoad, KnowsNothingBeforeTheFirstUse) {
  const LineLoad load;
  EXPECT_FALSE(load.percent(kStart));
}

TEST(LineLoad, IsTheShareOfTheTimeSinceTheLineWasFirstUsed) {
  LineLoad load;
  for (int i = 0; i < 10; ++i) load.in_use(kStart + i * 1s, kStart + i * 1s + 250ms);
  EXPECT_NEAR(*load.percent(kStart + 10s), 25, 0.1);
}

TEST(LineLoad, ForgetsWhatIsOlderThanAMinute) {
  LineLoad load;
  load.in_use(kStart, kStart + 60s);
  EXPECT_NEAR(*load.percent(kStart + 60s), 100, 0.1);
  EXPECT_NEAR(*load.percent(kStart + 90s), 50, 10);
  EXPECT_NEAR(*load.percent(kStart + 125s), 0, 0.1);
  load.in_use(kStart + 180s, kStart + 183s);
  EXPECT_NEAR(*load.percent(kStart + 185s), 5, 1);
}

TEST(LineLoad, CountsNoMomentTwice) {
  LineLoad load;
  load.in_use(kStart, kStart + 2s);
  load.in_use(kStart + 1s, kStart + 3s);
  load.in_use(kStart + 500ms, kStart + 600ms);
  EXPECT_NEAR(*load.percent(kStart + 10s), 30, 0.1);
}

TEST(LineLoad, IsNeverMoreThanEverything) {
  LineLoad load;
  load.in_use(kStart, kStart + 3600s);
  EXPECT_LE(*load.percent(kStart + 10s), 100);
  EXPECT_NEAR(*load.percent(kStart + 3600s), 100, 0.1);
}

}  // namespace
}  // namespace bmsd
