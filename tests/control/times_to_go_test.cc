#include "control/times_to_go.h"

#include <gtest/gtest.h>

namespace bmsd::times_to_go_test {
namespace {

constexpr double kCapacity = 280;  // Ah: 28 A are 10 % per hour

ControlConfig with_points(std::vector<std::int64_t> points) {
  ControlConfig config;
  config.times.points = std::move(points);
  return config;
}

std::optional<std::int64_t> to_go(double soc, double mean, const std::optional<Ess>& ess = {}) {
  return times_to_go({}, ess, soc, kCapacity, mean).to_go;
}

std::vector<std::optional<std::int64_t>> to_soc(const ControlConfig& config, double soc, double mean) {
  std::vector<std::optional<std::int64_t>> times;
  for (const auto& point : times_to_go(config, {}, soc, kCapacity, mean).to_soc) times.push_back(point.seconds);
  return times;
}

constexpr auto kNone = std::nullopt;
using Times = std::vector<std::optional<std::int64_t>>;

TEST(TimesToGo, CountUpToFullAndDownToTheWarning) {
  EXPECT_EQ(to_go(60, 28), 4 * 3600);
  EXPECT_EQ(to_go(60, -28), 4 * 3600) << "down to 20 %";
  EXPECT_EQ(to_go(100, 28), kNone);
}

TEST(TimesToGo, BelowWhatIsUsedTheBatteryLastsNoLonger) { EXPECT_EQ(to_go(19, -28), 0); }

TEST(TimesToGo, WhileHardlyAnyCurrentFlowsThereIsNone) {
  EXPECT_EQ(to_go(60, -0.1), kNone);
  EXPECT_EQ(to_go(60, 0), kNone);
  EXPECT_EQ(to_go(60, -0.11), 3665454);
}

TEST(TimesToGo, AnEssKeepsItsOwnLowestSoc) {
  EXPECT_EQ(to_go(60, -28, Ess{1, 10, 15.9, 40}), 4.5 * 3600) << "15, in whole percent";
  EXPECT_EQ(to_go(60, -28, Ess{1, 12, 15, 40}), 4.5 * 3600);
  EXPECT_EQ(to_go(60, -28, Ess{1, 2, 15, 40}), 2 * 3600);
  EXPECT_EQ(to_go(60, -28, Ess{1, 9, 15, 40}), 4 * 3600) << "batteries are kept charged";
  EXPECT_EQ(to_go(60, -28, Ess{3, 10, 15, 40}), 4 * 3600) << "the ESS is not optimising";
  EXPECT_EQ(to_go(60, -28, Ess{1, 10, {}, 40}), 4 * 3600);
}

TEST(TimesToGo, ToAPointOnlyInTheDirectionOfTheMeanCurrent) {
  const ControlConfig config = with_points({100, 60, 50, 20});
  EXPECT_EQ(to_soc(config, 60, -28), (Times{kNone, kNone, 3600, 4 * 3600}));
  EXPECT_EQ(to_soc(config, 60, 28), (Times{4 * 3600, kNone, kNone, kNone}));
  EXPECT_EQ(to_soc(config, 60, 0), (Times{kNone, kNone, kNone, kNone}));
}

TEST(TimesToGo, PointsThatHavePassedAreNegativeWhereTheyAreWanted) {
  ControlConfig config = with_points({100, 50});
  config.times.passed_points = true;
  EXPECT_EQ(to_soc(config, 60, -28), (Times{-4 * 3600, 3600}));
}

TEST(TimesToGo, NeedTheSocTheCapacityAndTheCurrent) {
  const ControlConfig config = with_points({50});
  for (const TimesToGo& times :
       {times_to_go(config, {}, kNone, kCapacity, -28), times_to_go(config, {}, 60, kNone, -28),
        times_to_go(config, {}, 60, 0, -28), times_to_go(config, {}, 60, kCapacity, kNone)}) {
    EXPECT_FALSE(times.to_go);
    EXPECT_EQ(times.to_soc, (std::vector<TimesToGo::Point>{{50, kNone}}));
  }
}

TEST(TimesToGo, AreOffWhereNobodyWantsThem) {
  ControlConfig config = with_points({50});
  config.times.to_go = false;
  const TimesToGo times = times_to_go(config, {}, 60, kCapacity, -28);
  EXPECT_FALSE(times.to_go);
  EXPECT_EQ(times.to_soc.front().seconds, 3600);
}

TEST(TimesToGo, AsTextsHaveTheTwoLargestUnitsThatAreNotZero) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(320), "5m 20s");
  EXPECT_EQ(duration_text(900), "15m");
  EXPECT_EQ(duration_text(3600), "1h");
  EXPECT_EQ(duration_text(9000), "2h 30m");
  EXPECT_EQ(duration_text(93600 + 59), "1d 2h");
  EXPECT_EQ(duration_text(-900), "-15m");
  EXPECT_EQ(time_to_soc_text(TimesShown::text, 11700), "3h 15m");
  EXPECT_EQ(time_to_soc_text(TimesShown::both, 11700), "11700 [3h 15m]");
}

}  // namespace
}  // namespace bmsd::times_to_go_test
