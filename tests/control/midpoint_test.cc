#include "control/midpoint.h"

#include <gtest/gtest.h>

#include "battery/battery.h"

namespace bmsd::midpoint_test {
namespace {

std::optional<Midpoint> of(std::vector<double> cells, double said = 0) {
  Reading reading;
  reading.cell_voltages = std::move(cells);
  Battery battery;
  EXPECT_TRUE(battery.merge(reading, 1, Instant{}).ok());
  if (said > 0) {
    Reading count;
    count.set(Field::cell_count, said);
    EXPECT_TRUE(battery.merge(count, 2, Instant{}).ok());
  }
  return midpoint(battery, 3.45);
}

TEST(Midpoint, OfAnEvenNumberEachHalfHasItsCells) {
  const auto middle = of({3.5, 3.4, 3.4, 3.4});
  ASSERT_TRUE(middle);
  EXPECT_NEAR(middle->voltage, 6.9, 1e-9);
  EXPECT_NEAR(middle->deviation_percent, 0.729927, 1e-6);
}

TEST(Midpoint, TheDeviationHasNoSign) { EXPECT_NEAR(of({3.4, 3.4, 3.5, 3.4})->deviation_percent, 0.729927, 1e-6); }

TEST(Midpoint, OfAnOddNumberTheMiddleCellIsSharedAndBelongsToNeitherHalf) {
  const auto middle = of({3.3, 3.3, 3.0, 3.2, 3.2});
  ASSERT_TRUE(middle);
  EXPECT_NEAR(middle->voltage, 6.6 + 1.5, 1e-9);
  EXPECT_NEAR(middle->deviation_percent, 0.2 / 13.0 * 100, 1e-9);
}

TEST(Midpoint, ThreeCellsHaveNone) { EXPECT_FALSE(of({3.3, 3.3, 3.3})); }

TEST(Midpoint, ACellThatIsMissingOrNoCellTakesItAway) {
  EXPECT_TRUE(of({3.3, 3.3, 3.3, 3.3}, 4));
  EXPECT_FALSE(of({3.3, 3.3, 3.3, 3.3}, 5)) << "one is not listed";
  EXPECT_FALSE(of({3.3, 3.3, 3.3, 7.0})) << "above twice MAX_CELL_VOLTAGE";
  EXPECT_FALSE(midpoint(Battery(), 3.45));
}

TEST(Midpoint, HalvesWithoutAnyVoltageHaveNoMiddle) { EXPECT_FALSE(of({0, 0, 3.3, 0, 0})); }

}  // namespace
}  // namespace bmsd::midpoint_test
