#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daly_uart_replies.h"
#include "vectors.h"

namespace bmsd::daly_uart_values_test {
namespace {

using namespace test;             // NOLINT: a test of these replies
using namespace test::daly_uart;  // NOLINT
using testing::ElementsAre;

// --- Current ---

double current_of(Session& session, int raw, int of_state) {
  auto reading = hear(session, "90", {measurements(raw)});
  const double current = *reading->get(Field::current);
  reading = hear(session, "93", {state(of_state)});
  return reading->get(Field::current).value_or(current);
}

TEST(DalyUartCurrent, TheStateTellsWhichWayItFlowsFromTheFirstReplyOn) {
  EXPECT_EQ(current_of(*open(), 30400, 2), -40);
  EXPECT_EQ(current_of(*open(), 30400, 1), 40);
  EXPECT_EQ(current_of(*open(), 29600, 1), 40);
  EXPECT_EQ(current_of(*open(), 29600, 2), -40);
  EXPECT_EQ(current_of(*open(), 30400, 0), -40) << "discharging counts upwards unless something says otherwise";
  EXPECT_EQ(current_of(*open(), 30004, 1), -0.4) << "too little to say anything";
}

TEST(DalyUartCurrent, WhatWasLearnedIsKeptUntilItIsContradictedThreeTimesInARow) {
  auto session = open();
  EXPECT_EQ(current_of(*session, 30400, 1), 40);
  EXPECT_EQ(current_of(*session, 30400, 0), 40);
  EXPECT_EQ(current_of(*session, 30400, 2), 40) << "it may have turned round between the replies";
  EXPECT_EQ(current_of(*session, 30400, 2), 40);
  EXPECT_EQ(current_of(*session, 30400, 1), 40);
  EXPECT_EQ(current_of(*session, 30400, 2), 40);
  EXPECT_EQ(current_of(*session, 30400, 2), 40);
  EXPECT_EQ(current_of(*session, 30400, 2), -40);
  EXPECT_EQ(current_of(*session, 29600, 0), 40);
}

TEST(DalyUartCurrent, AStateCountsOnlyBesideTheCurrentBeforeIt) {
  auto session = open();
  EXPECT_EQ(current_of(*session, 30400, 2), -40);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(hear(*session, "93", {state(1)}));
  EXPECT_EQ(current_of(*session, 30400, 0), -40);
}

TEST(DalyUartCurrent, TheOptionForcesTheDirection) {
  EXPECT_EQ(current_of(*open(0x40, {{"INVERT_CURRENT_MEASUREMENT", "-1"}}), 30400, 2), 40);
  EXPECT_EQ(current_of(*open(0x40, {{"INVERT_CURRENT_MEASUREMENT", "1"}}), 30400, 2), -40);
  EXPECT_EQ(current_of(*open(0x40, {{"current_polarity", "above_bias_is_charge"}}), 30400, 2), 40);
  EXPECT_EQ(current_of(*open(0x40, {{"current_polarity", "above_bias_is_discharge"}}), 30400, 1), -40);
  EXPECT_EQ(current_of(*open(0x40, {{"current_polarity", "auto"}}), 30400, 1), 40);
}

TEST(DalyUartCurrent, OnABoardThatMirrorsAllTheOptionExchangesTheAlarmsToo) {
  const ByteVector overcurrent = frame(1, 0x98, {0, 0, 0x02});
  const auto names = [&](std::vector<Param> params, int raw, int of_state) {
    auto session = open(0x40, std::move(params));
    current_of(*session, raw, of_state);
    const auto alarms = *hear(*session, "98", {overcurrent})->alarms;
    return std::vector<std::string>(alarms.names.begin(), alarms.names.end());
  };
  EXPECT_THAT(names({}, 30400, 2), ElementsAre("charge_overcurrent_l2"));
  EXPECT_THAT(names({{"INVERT_CURRENT_MEASUREMENT", "-1"}}, 30400, 2), ElementsAre("discharge_overcurrent_l2"));
  EXPECT_THAT(names({{"INVERT_CURRENT_MEASUREMENT", "-1"}}, 30000, 0), ElementsAre("discharge_overcurrent_l2"));
  EXPECT_THAT(names({{"INVERT_CURRENT_MEASUREMENT", "-1"}}, 30400, 1), ElementsAre("charge_overcurrent_l2"))
      << "newer firmware only counts the other way";
}

TEST(DalyUart, ImpossibleMeasurementsAreRefusedAndAWrongVoltageIsReplacedByTheCells) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "94", {counts(3)}));
  EXPECT_STREQ(hear(*session, "90", {measurements(0)}).error().what, "out_of_range_value");
  EXPECT_STREQ(hear(*session, "90", {measurements(40000)}).error().what, "out_of_range_value");
  EXPECT_STREQ(hear(*session, "90", {measurements(30000, 528, 1001)}).error().what, "out_of_range_value");
  EXPECT_EQ(hear(*session, "90", {measurements(30000, 990)})->says(Field::voltage), Says::nothing);
  const auto reading = hear(*session, "95", {cells(1, 3300, 3301, 3302)});
  EXPECT_DOUBLE_EQ(reading->get(Field::voltage).value_or(0), 9.903);
  EXPECT_DOUBLE_EQ(hear(*session, "90", {measurements(30000, 990)})->get(Field::voltage).value_or(0), 9.903);
  EXPECT_EQ(hear(*session, "90", {measurements(30000, 99)})->get(Field::voltage), 9.9);
  EXPECT_EQ(hear(*session, "95", {cells(1, 3300, 3301, 3302)})->says(Field::voltage), Says::nothing);
}

TEST(DalyUart, ASwitchThatIsNeitherOnNorOffIsNotKnown) {
  auto session = open(0x40, {}, true);
  const auto reading = hear(*session, "93", {state(7, 2, 0)});
  EXPECT_EQ(reading->says(Field::charge_fet_on), Says::unknown);
  EXPECT_EQ(reading->get(Field::discharge_fet_on), 0);
}

// --- Capacity ---

double capacity_of(Session& session, int milliampere_hours) {
  return hear(session, "93", {state(0, 1, 1, milliampere_hours)})->get(Field::capacity_full).value_or(0);
}

TEST(DalyUartCapacity, TheRatedOneCountsThenTheConfiguredOneThenAnEstimate) {
  auto told = open(0x40, {{"BATTERY_CAPACITY", "99.5"}}), configured = open(0x40, {{"BATTERY_CAPACITY", "99.5"}}),
       neither = open();
  const auto rated = hear(*told, "50", {frame(1, 0x50, {0, 4, 0x45, 0xC0, 0, 0, 12, 128})});
  EXPECT_EQ(rated->get(Field::capacity_full), 280);
  EXPECT_EQ(capacity_of(*told, 50000), 0) << "0x50 has said it";
  ASSERT_TRUE(hear(*configured, "50", {frame(1, 0x50, {})})) << "a board that says 0 says nothing";
  EXPECT_EQ(capacity_of(*configured, 50000), 99.5);

  EXPECT_EQ(capacity_of(*neither, 50000), 0) << "no state of charge yet";
  ASSERT_TRUE(hear(*neither, "90", {measurements(30000, 528, 100)}));
  EXPECT_EQ(capacity_of(*neither, 50000), 0) << "10 % is too little";
  ASSERT_TRUE(hear(*neither, "90", {measurements(30000, 528, 500)}));
  EXPECT_EQ(capacity_of(*neither, 50000), 100);
  EXPECT_EQ(capacity_of(*neither, 51000), 100) << "it does not tremble";
  EXPECT_EQ(capacity_of(*neither, 60000), 120);
}

// --- Limits ---

TEST(DalyUartLimits, AreTakenOnlyWhenTheyMakeSense) {
  const auto vectors = test::load_vectors("daly-uart.json");
  auto session = open();
  const auto current = hear(*session, "5B", {test::vector_named(vectors, "syn-a-0x5b-limits").response});
  EXPECT_EQ(current->get(Field::max_charge_current), 200);
  EXPECT_EQ(current->get(Field::max_discharge_current), 150);
  const auto none = hear(*open(), "5B", {frame(1, 0x5B, {0, 0, 0, 0, 0x75, 0x30, 0, 0})});
  EXPECT_EQ(none->says(Field::max_charge_current), Says::nothing) << "3000 A";
  EXPECT_EQ(none->says(Field::max_discharge_current), Says::nothing) << "0 A";
  const auto cell = hear(*session, "59", {test::vector_named(vectors, "syn-a-0x59-limits").response});
  EXPECT_EQ(cell->get(Field::cell_voltage_max_limit), 3.65);
  EXPECT_EQ(cell->get(Field::cell_voltage_min_limit), 2.8);
  EXPECT_EQ(hear(*open(), "59", {frame(1, 0x59, {})})->says(Field::cell_voltage_max_limit), Says::nothing);
}

}  // namespace
}  // namespace bmsd::daly_uart_values_test
