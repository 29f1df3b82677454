#include "control/table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace bmsd::table_test {
namespace {

const Table kFalling = {{3.5, 3.45, 3.4}, {0, 0.005, 1}};

TEST(Table, PointsHaveTheirOwnFraction) {
  EXPECT_DOUBLE_EQ(fraction_at(kFalling, 3.4), 1);
  EXPECT_DOUBLE_EQ(fraction_at(kFalling, 3.45), 0.005);
  EXPECT_DOUBLE_EQ(fraction_at(kFalling, 3.5), 0);
}

TEST(Table, BetweenPointsItIsLinear) { EXPECT_NEAR(fraction_at(kFalling, 3.425), 0.5025, 1e-12); }

TEST(Table, OutsideOfThePointsTheEndPointHolds) {
  EXPECT_DOUBLE_EQ(fraction_at(kFalling, 0), 1);
  EXPECT_DOUBLE_EQ(fraction_at(kFalling, 9), 0);
  EXPECT_DOUBLE_EQ(fraction_at(kFalling, -std::numeric_limits<double>::infinity()), 1);
}

TEST(Table, TheOrderOfThePointsDoesNotMatter) {
  const Table ascending = {{3.4, 3.45, 3.5}, {1, 0.005, 0}};
  const Table mixed = {{3.45, 3.5, 3.4}, {0.005, 0, 1}};
  for (double x = 3.35; x < 3.55; x += 0.003) {
    EXPECT_DOUBLE_EQ(fraction_at(ascending, x), fraction_at(kFalling, x));
    EXPECT_DOUBLE_EQ(fraction_at(mixed, x), fraction_at(kFalling, x));
  }
}

TEST(Table, OfPointsWithTheSameInputTheLowestHolds) {
  EXPECT_DOUBLE_EQ(fraction_at({{40, 40, 50}, {1, 0.5, 0}}, 40), 0.5);
  EXPECT_DOUBLE_EQ(fraction_at({{40, 40, 50}, {0.5, 1, 0}}, 45), 0.25);
}

TEST(Table, InStepsAnInputBeginsTheStepAboveIt) {
  const Table rising = {{0, 2, 5}, {0, 0.25, 1}};
  struct Case {
    double x, lower, upper;
  };
  for (const Case& c : {Case{-1, 0, 0},
                        {0, 0, 0},
                        {0.1, 0, 0.25},
                        {1.9, 0, 0.25},
                        {2, 0.25, 1},
                        {4.9, 0.25, 1},
                        {5, 1, 1},
                        {99, 1, 1}}) {
    EXPECT_DOUBLE_EQ(fraction_at(rising, c.x, Between::lower), c.lower) << c.x;
    EXPECT_DOUBLE_EQ(fraction_at(rising, c.x, Between::upper), c.upper) << c.x;
  }
  EXPECT_DOUBLE_EQ(fraction_at({{5}, {0.3}}, 5, Between::upper), 0.3);
}

TEST(Table, WhatIsNotUnderstoodAllowsNothing) {
  const double nan = std::nan("");
  EXPECT_EQ(fraction_at(kFalling, nan), 0);
  EXPECT_EQ(fraction_at({}, 3.3), 0);
  EXPECT_EQ(fraction_at({{1, 2}, {1}}, 1), 0);
  EXPECT_EQ(fraction_at({{1, nan}, {1, 1}}, 1), 0);
  EXPECT_EQ(fraction_at({{1, 2}, {1, nan}}, 1), 0);
}

TEST(Table, FractionsOutsideOfZeroToOneAreCut) {
  EXPECT_EQ(fraction_at({{1, 2}, {7, -3}}, 1), 1);
  EXPECT_EQ(fraction_at({{1, 2}, {7, -3}}, 2), 0);
}

RC_GTEST_PROP(Table, IsAlwaysBetweenTheFractionsOfItsPoints,
              (std::vector<std::pair<double, double>> points, double x)) {
  Table table;
  for (const auto& [input, fraction] : points) {
    table.inputs.push_back(input);
    table.fractions.push_back(fraction);
  }
  for (const Between between : {Between::line, Between::lower, Between::upper}) {
    const double result = fraction_at(table, x, between);
    RC_ASSERT(result >= 0 && result <= 1);
  }
}

}  // namespace
}  // namespace bmsd::table_test
