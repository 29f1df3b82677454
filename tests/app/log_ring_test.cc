#include "app/log_ring.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

TEST(LogRing, KeepsTheLastLines) {
  LogRing ring;
  for (int i = 0; i < 1200; ++i) ring.add(Level::info, std::to_string(i), {i});
  ASSERT_EQ(ring.lines().size(), LogRing::kLines);
  EXPECT_EQ(ring.lines().front().text, "700");
  EXPECT_EQ(ring.lines().back().text, "1199");
}

TEST(LogRing, CutsALineThatIsTooLong) {
  LogRing ring;
  ring.add(Level::error, std::string(100'000, 'x'), {});
  EXPECT_EQ(ring.lines().front().text.size(), LogRing::kLongest);
}

TEST(LogRing, TellsTimeLevelAndText) {
  LogRing ring;
  EXPECT_EQ(ring.json(), (nlohmann::json{{"lines", nlohmann::json::array()}}));
  ring.add(Level::warning, "two \"words\"", {1764419719});
  EXPECT_EQ(ring.json()["lines"][0],
            (nlohmann::json{{"at", 1764419719}, {"level", "warning"}, {"text", "two \"words\""}}));
}

}  // namespace
}  // namespace bmsd
