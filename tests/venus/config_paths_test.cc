#include "venus/config_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bmsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct ConfigPathsTest : ::testing::Test {
  std::vector<ItemTree::Index> update(const ConfigPaths::Values& values) {
    now += 1s;
    paths.update(values, publisher);
    return publisher.take(now);
  }
  BusValue value(const std::string& key) const { return tree.at(*tree.find("/Info/Config/" + key)).value; }

  ItemTree tree;
  Publisher publisher{tree};
  ConfigPaths paths{tree};
  Instant now{};
};

TEST_F(ConfigPathsTest, EachKindOfValueHasItsTypeOnTheBus) {
  update({{"CVCM_ENABLE", true},
          {"MAX_CELL_VOLTAGE", 3.45},
          {"CHARGE_MODE", std::int64_t{1}},
          {"HUGE", std::int64_t{5'000'000'000}},
          {"LOGGING", std::string("INFO")},
          {"CELL_VOLTAGES_WHILE_CHARGING", std::vector<double>{3.5, 3.45}},
          {"TEMPERATURE_SOURCE_BATTERY", std::vector<std::int64_t>{1, 2}},
          {"BMS_TYPE", std::vector<std::string>{"Daren485"}},
          {"TIME_TO_SOC_POINTS", std::vector<std::int64_t>{}},
          {"MANY", std::vector<std::int64_t>{1, 5'000'000'000}}});
  EXPECT_EQ(value("CVCM_ENABLE"), BusValue(1));
  EXPECT_EQ(value("MAX_CELL_VOLTAGE"), BusValue(3.45));
  EXPECT_EQ(value("CHARGE_MODE"), BusValue(1));
  EXPECT_EQ(value("HUGE"), BusValue(std::int64_t{5'000'000'000}));
  EXPECT_EQ(value("LOGGING"), BusValue("INFO"));
  EXPECT_EQ(value("CELL_VOLTAGES_WHILE_CHARGING"), BusValue(std::vector<double>{3.5, 3.45}));
  EXPECT_EQ(value("TEMPERATURE_SOURCE_BATTERY"), BusValue(std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(value("BMS_TYPE"), BusValue(std::vector<std::string>{"Daren485"}));
  EXPECT_EQ(value("TIME_TO_SOC_POINTS"), BusValue(std::vector<std::uint32_t>{}));
  EXPECT_EQ(value("MANY"), BusValue(std::vector<double>{1, 5e9}));
}

TEST_F(ConfigPathsTest, WithoutValuesThereAreNoItems) {
  EXPECT_THAT(update({}), IsEmpty());
  EXPECT_EQ(tree.node("/Info"), nullptr);
}

TEST_F(ConfigPathsTest, OnlyWhatAReloadChangedIsTold) {
  update({{"A", 1.0}, {"B", 2.0}});
  EXPECT_THAT(update({{"A", 1.0}, {"B", 2.0}}), IsEmpty());
  EXPECT_THAT(update({{"A", 1.0}, {"B", 3.0}}), ElementsAre(*tree.find("/Info/Config/B")));
  EXPECT_EQ(value("B"), BusValue(3.0));
}

TEST_F(ConfigPathsTest, WhatIsPublishedNoMoreIsInvalidAndCanComeBack) {
  update({{"A", 1.0}, {"B", 2.0}});
  update({});
  EXPECT_EQ(value("A"), BusValue());
  EXPECT_EQ(value("B"), BusValue());
  update({{"C", 4.0}, {"A", 1.0}});
  EXPECT_EQ(value("A"), BusValue(1.0));
  EXPECT_EQ(value("C"), BusValue(4.0));
  EXPECT_EQ(tree.items().size(), 3U);
}

}  // namespace
}  // namespace bmsd
