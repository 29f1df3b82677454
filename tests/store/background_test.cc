// Work on another thread: in order, bounded, and finished before the end.
#include "store/background.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace bmsd {
namespace {

TEST(Background, DoesItsJobsInTheirOrderAndAllOfThemBeforeItGoes) {
  std::vector<int> done;
  {
    Background background;
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(background.post(1, [&done, i] { done.push_back(i); }));
  }
  ASSERT_EQ(done.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Background, TakesNoMoreThanItMayHold) {
  std::promise<void> go_on;
  Background background;
  EXPECT_TRUE(background.post(Background::kMostWaiting - 10, [&] { go_on.get_future().wait(); }));
  EXPECT_TRUE(background.post(10, [] {}));
  EXPECT_FALSE(background.post(1, [] {})) << "a disk that hangs must not eat the memory";
  go_on.set_value();
  background.drain();
  EXPECT_TRUE(background.post(1, [] {}));
}

}  // namespace
}  // namespace bmsd
