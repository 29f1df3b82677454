#include "app/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

RunPlan plan_of(const std::string& config) {
  auto planned = plan_run({}, Config::parse("[DEFAULT]\nPORTS = ttyUSB7, ttyUSB8\n" + config));
  EXPECT_TRUE(planned.ok());
  return planned ? *planned : RunPlan{};
}

TEST(Compare, FindsNothingWhereNothingIsDifferent) {
  const Changes changes =
      compare(plan_of("BAUD = 9600\n"), plan_of("; a comment\nBAUD = 9600\nMAX_CELL_VOLTAGE = 3.4\n"));
  EXPECT_THAT(changes.after_restart, IsEmpty());
  EXPECT_THAT(changes.intervals, IsEmpty());
}

TEST(Compare, NamesWhatWaitsForARestart) {
  const Changes changes = compare(
      plan_of(""),
      plan_of("[line ttyUSB8]\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 1, 2\nBAUD = 9600\nUSE_PORT_AS_UNIQUE_ID = "
              "True\n"));
  EXPECT_THAT(changes.after_restart, testing::IsSupersetOf({"BATTERY_ADDRESSES of ttyUSB8", "BAUD of ttyUSB8",
                                                            "USE_PORT_AS_UNIQUE_ID of ttyUSB8"}));
}

TEST(Compare, PortsComeAndGoWithARestart) {
  EXPECT_THAT(compare(plan_of(""), plan_of("[line ttyUSB9]\nBAUD = 9600\n")).after_restart, ElementsAre("PORTS"));
  EXPECT_THAT(compare(plan_of(""), plan_of("EXCLUDED_DEVICES = /dev/ttyUSB8\n")).after_restart,
              ElementsAre("EXCLUDED_DEVICES"));
}

TEST(Compare, TheIntervalDoesNotWait) {
  const Changes changes =
      compare(plan_of("POLL_INTERVAL = 2\n"), plan_of("POLL_INTERVAL = 2\n[line ttyUSB7]\nPOLL_INTERVAL = 5\n"));
  EXPECT_THAT(changes.after_restart, IsEmpty());
  EXPECT_THAT(changes.intervals, ElementsAre(Pair("ttyUSB7", Duration(5s))));
}

TEST(Compare, WhatOnlySomeProtocolsAskForIsNamedByItsKey) {
  RunPlan before = plan_of(""), after = before;
  before.ports[0].line.params = {{"A", "1"}, {"B", "2"}, {"C", "3"}};
  after.ports[0].line.params = {{"A", "1"}, {"B", "9"}, {"D", "4"}};
  EXPECT_THAT(compare(before, after).after_restart,
              UnorderedElementsAre("B of ttyUSB7", "C of ttyUSB7", "D of ttyUSB7"));
}

}  // namespace
}  // namespace bmsd
