#include "control/cell_voltage_limit.h"

#include <gtest/gtest.h>

#include "charge_fixture.h"

namespace bmsd::cell_voltage_limit_test {
namespace {

class CellVoltageLimitTest : public testing::Test {
 protected:
  CellVoltageLimit::Result follow(double t, const std::vector<double>& volts, double current = 5) {
    const ChargeInputs inputs = charge_inputs_of(volts);
    const Instant now(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(t)));
    const auto result =
        limit_.follow(config_.stages, *inputs.cells, *charge_bounds(config_, inputs, false), cvl_, current, now);
    cvl_ = result.volts;
    return result;
  }

  ControlConfig config_;
  CellVoltageLimit limit_;
  std::optional<double> cvl_;
};

TEST_F(CellVoltageLimitTest, TheRampEndsAtWhatTheCellsAllow) {
  EXPECT_NEAR(follow(0, sixteen(3.4, 0.2)).volts, 54.45, 1e-9);
  const auto better = sixteen(3.401, 0.109);
  follow(1, better);
  EXPECT_TRUE(follow(60, better).rises);
  EXPECT_NEAR(follow(70, better).volts, 54.46, 1e-9);
  EXPECT_NEAR(follow(90, better).volts, 54.465, 1e-9);
  EXPECT_TRUE(follow(91, better).holds);
}

TEST_F(CellVoltageLimitTest, NoiseBelowHalfAMillivoltIsNoRise) {
  follow(0, sixteen(3.4, 0.2));
  EXPECT_TRUE(follow(50, sixteen(3.40002, 0.2)).holds);
  EXPECT_TRUE(follow(70, sixteen(3.45, 0)).holds) << "it began again at 50 s";
  EXPECT_TRUE(follow(110.5, sixteen(3.45, 0)).rises);
}

TEST_F(CellVoltageLimitTest, WithoutARateItComesBackAtOnceAfterTheHold) {
  config_.stages.recovery_v_per_s = 0;
  follow(0, sixteen(3.4, 0.2));
  EXPECT_TRUE(follow(59, sixteen(3.4)).holds);
  EXPECT_DOUBLE_EQ(follow(60, sixteen(3.4)).volts, 55.2);
}

TEST_F(CellVoltageLimitTest, TheIntegralControllerCountsSecondsNotCalls) {
  config_.stages.controller = CellController::integral;
  follow(0, sixteen(3.4));
  for (int i = 1; i <= 10; ++i) follow(i * 0.1, sixteen(3.4, 0.15));
  EXPECT_NEAR(*cvl_, 55.2 - 0.09 * 0.2, 1e-9);
  follow(100, sixteen(3.4, 0.15));
  EXPECT_NEAR(*cvl_, 55.2 - 0.09 * 0.2 * 6, 1e-9) << "never more than 5 s at once";
}

TEST_F(CellVoltageLimitTest, TheIntegralControllerFallsOnlyWhileChargingAndNotFarBelowTheBattery) {
  config_.stages.controller = CellController::integral;
  follow(0, sixteen(3.44));
  EXPECT_DOUBLE_EQ(follow(5, sixteen(3.44, 0.15), 0).volts, 55.2);
  for (int i = 1; i < 1000; ++i) follow(5 + 5 * i, sixteen(3.44, 0.15), 3);
  EXPECT_NEAR(*cvl_, 16 * 3.44 + 0.15 - 0.1, 1e-9);
}

TEST_F(CellVoltageLimitTest, TheIntegralControllerHasATargetWithoutADifferenceForFloat) {
  config_.stages.controller = CellController::integral;
  config_.stages.float_difference = 10;
  follow(0, sixteen(3.4));
  follow(1, sixteen(3.4, 0.15));
  EXPECT_NEAR(*cvl_, 55.2 - 0.09 * 0.2, 1e-9);
}

TEST_F(CellVoltageLimitTest, ClippedCellsNeverExceedTheMaximum) {
  config_.stages.controller = CellController::clipped;
  EXPECT_NEAR(follow(0, sixteen(3.4, 0.2)).volts, 54.46, 1e-9);
  EXPECT_LE(follow(10'000, sixteen(3.5)).volts, 55.2);
}

TEST_F(CellVoltageLimitTest, AnEmptyPackIsTheLeast) { EXPECT_DOUBLE_EQ(follow(0, sixteen(2.0, 1.6)).volts, 46.4); }

}  // namespace
}  // namespace bmsd::cell_voltage_limit_test
