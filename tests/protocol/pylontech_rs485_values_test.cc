// What the replies of a Pylontech battery mean: values, counts, alarms, limits, identity.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "pylontech_rs485_replies.h"

namespace bmsd::pylontech_rs485_values_test {
namespace {

using namespace test::pylontech_rs485_replies;  // NOLINT: a test of these replies
using testing::ElementsAre;
using testing::IsEmpty;

// --- 42 ---

TEST(PylontechRs485, CapacitiesFollowTheNumberOfItems) {
  const auto capacities = [](const Analog& analog) {
    const auto reading = hear(*open(), "42", reply(analog.info()));
    return std::array{reading->get(Field::capacity_remaining).value_or(-1),
                      reading->get(Field::capacity_full).value_or(-1), reading->get(Field::soc).value_or(-1)};
  };
  EXPECT_THAT(capacities({}), ElementsAre(24.5, 49, 50));
  EXPECT_THAT(
      capacities({.items = 4, .remaining = 0xFFFF, .full = 0xFFFF, .long_remaining = 25000, .long_full = 100000}),
      ElementsAre(25, 100, 25));
  EXPECT_THAT(capacities({.items = 4, .remaining = 0xFFFF, .full = 50000, .long_remaining = 24500, .long_full = 50000}),
              ElementsAre(24.5, 50, 49))
      << "a small battery beside a large one";
  EXPECT_THAT(capacities({.items = 6, .remaining = 1, .full = 2, .tail = 4, .long_remaining = 1000, .long_full = 4000}),
              ElementsAre(1, 4, 25))
      << "more items than are known";
  EXPECT_THAT(capacities({.items = 3}), ElementsAre(24.5, 49, 50));
}

TEST(PylontechRs485, WhatIsNoCapacityGivesNoStateOfCharge) {
  const auto full = hear(*open(), "42", reply(Analog{.remaining = 0xFFFF, .full = 0xFFFF}.info()));
  ASSERT_TRUE(full);
  for (const Field field : {Field::soc, Field::capacity_remaining, Field::capacity_full})
    EXPECT_EQ(full->says(field), Says::unknown) << info(field).key;
  const auto empty = hear(*open(), "42", reply(Analog{.remaining = 0, .full = 0}.info()));
  EXPECT_EQ(empty->says(Field::soc), Says::unknown);
  EXPECT_EQ(empty->get(Field::capacity_full), 0);
  const auto more = hear(*open(), "42", reply(Analog{.remaining = 50100, .full = 50000}.info()));
  EXPECT_EQ(more->get(Field::soc), 100);
}

TEST(PylontechRs485, TheFirstSensorIsTheBoards) {
  const auto with = hear(*open(), "42", reply(Analog().info()));
  EXPECT_EQ(with->get(Field::mos_temperature), 20);
  EXPECT_THAT(*with->cell_temperatures, ElementsAre(21, 22, 23, 24));
  const auto without = hear(*open(), "42", reply(Analog{.sensors = 0}.info()));
  EXPECT_EQ(without->says(Field::mos_temperature), Says::nothing);
  EXPECT_THAT(*without->cell_temperatures, IsEmpty());
}

TEST(PylontechRs485, CountsThatDoNotFitAreRefused) {
  const auto word = [](std::string_view exchange, const ByteVector& info) -> std::string {
    const auto reading = hear(*open(), exchange, reply(info));
    return reading ? "accepted" : reading.error().what;
  };
  EXPECT_EQ(word("42", Analog{.cells = 0}.info()), "count_overrun");
  EXPECT_EQ(word("42", Analog{.cells = 32}.info()), "accepted");
  EXPECT_EQ(word("42", Analog{.cells = 33}.info()), "count_overrun");
  EXPECT_EQ(word("44", States{.cells = {}}.info()), "count_overrun");
  EXPECT_EQ(word("44", States{.cells = std::vector<int>(33)}.info()), "count_overrun");
  for (const std::string_view exchange : {"42", "44", "42/all", "44/all"}) {
    EXPECT_EQ(word(exchange, {}), "info_too_short") << exchange;
    EXPECT_EQ(word(exchange, {0}), "info_too_short") << exchange;
    EXPECT_EQ(word(exchange, {0, 2}), "count_overrun") << exchange;
    EXPECT_EQ(word(exchange, {0, 2, 255, 1, 1}), "count_overrun") << exchange;
  }
  EXPECT_EQ(word("42", {0, 3, 255}), "header_mismatch") << "before the counts";
  for (const std::string_view exchange : {"92", "93", "96"}) {
    EXPECT_EQ(word(exchange, {}), "info_too_short") << exchange;
    EXPECT_EQ(word(exchange, {3}), "header_mismatch") << exchange;
    EXPECT_EQ(word(exchange, {2, 0, 0, 0, 0}), "info_too_short") << exchange;
  }
  EXPECT_EQ(word("47", ByteVector(24)), "info_too_short");
  EXPECT_EQ(word("51", ByteVector(31)), "info_too_short");
}

TEST(PylontechRs485, EveryTruncationIsRefused) {
  const ByteVector analog = Analog{.items = 4}.info(), states = States{.tail = 0}.info();
  for (std::size_t size = 0; size < analog.size(); ++size)
    EXPECT_FALSE(hear(*open(), "42", reply(ByteVector(analog.begin(), analog.begin() + static_cast<long>(size)))));
  for (std::size_t size = 0; size < states.size(); ++size)
    EXPECT_FALSE(hear(*open(), "44", reply(ByteVector(states.begin(), states.begin() + static_cast<long>(size)))));
}

// --- All packs of a group ---

TEST(PylontechRs485, ABlockOfAnUnknownKindIsRefusedOnlyAmongOthers) {
  const Analog unknown{.items = 5};
  EXPECT_TRUE(hear(*open(), "42", reply(unknown.info())));
  EXPECT_STREQ(hear(*open(), "42/all", reply(of_all({unknown, {}}))).error().what, "count_overrun");
  EXPECT_TRUE(hear(*open(), "42/all", reply(of_all({{.items = 4}, {}}))));
}

TEST(PylontechRs485, AReplyAboutAllPacksTouchesNoPacksValues) {
  const auto session = open(2, true);
  const auto reading = hear(*session, "42/all", reply(of_all({{}, {.cells = 8, .items = 4}})));
  ASSERT_TRUE(reading);
  EXPECT_FALSE(reading->cell_voltages);
  for (std::size_t i = 0; i < kFieldCount; ++i) EXPECT_EQ(reading->says(field_at(i)), Says::nothing);
  const auto& packs = std::get<std::vector<ExtraRecord>>(*extra_of(*reading, "packs"));
  ASSERT_EQ(packs.size(), 2U);
  EXPECT_EQ(std::get<double>(packs[1].values.front().second), 8);

  NumberWriter info;
  info.u8(0).u8(2);
  const States first{.status = {1, 6, 0, 0, 0}, .tail = 0}, second{.cells = std::vector<int>(8, 2), .tail = 0};
  first.add_to(info);
  second.add_to(info);
  const auto alarms = hear(*session, "44/all", reply(info.bytes));
  ASSERT_TRUE(alarms);
  EXPECT_FALSE(alarms->alarms);
  const auto& of_packs = std::get<std::vector<ExtraRecord>>(*extra_of(*alarms, "packs"));
  const auto names = [&](std::size_t pack) {
    return std::get<std::vector<std::string>>(of_packs[pack].values.back().second);
  };
  EXPECT_THAT(names(0), ElementsAre("module_overvoltage"));
  EXPECT_EQ(names(1).size(), 8U);
}

TEST(PylontechRs485, APackCountThatLiesIsRefused) {
  EXPECT_FALSE(hear(*open(), "42/all", reply(of_all({{}, {}}, 3))));
  EXPECT_FALSE(hear(*open(), "42/all", reply(of_all({{}, {}}, 0))));
  EXPECT_TRUE(hear(*open(), "42/all", reply(of_all({{}, {}}, 1)))) << "what is behind the documented end is ignored";
}

// --- 44 ---

Alarms alarms_of(const States& states) { return hear(*open(), "44", reply(states.info()))->alarms.value(); }

States status1(int bits) { return {.status = {bits, 6, 0, 0, 0}}; }

TEST(PylontechRs485Alarms, EachHasItsClassAndDirection) {
  struct Row {
    States states;
    const char* name;
    Alarm alarm;
    Blocks blocks;
  };
  const auto cell = [](std::size_t number, int state) {
    States states;
    states.cells[number - 1] = state;
    return states;
  };
  const auto sensor = [](std::size_t number, int state) {
    States states;
    states.sensors[number - 1] = state;
    return states;
  };
  const std::vector<Row> rows = {
      {status1(0x01), "module_overvoltage", Alarm::high_voltage, Blocks::charge},
      {status1(0x02), "cell_undervoltage", Alarm::low_cell_voltage, Blocks::discharge},
      {status1(0x04), "charge_overcurrent", Alarm::high_charge_current, Blocks::charge},
      {status1(0x10), "discharge_overcurrent", Alarm::high_discharge_current, Blocks::discharge},
      {status1(0x20), "discharge_overtemperature", Alarm::high_temperature, Blocks::discharge},
      {status1(0x40), "charge_overtemperature", Alarm::high_charge_temperature, Blocks::charge},
      {status1(0x80), "module_undervoltage", Alarm::low_voltage, Blocks::discharge},
      {{.status = {0, 6, 0, 0x80, 0}}, "cell_8_voltage_error", Alarm::internal_failure, Blocks::charge},
      {{.status = {0, 6, 0, 0, 0x80}}, "cell_16_voltage_error", Alarm::internal_failure, Blocks::charge},
      {cell(1, 1), "cell_1_voltage_low", Alarm::low_cell_voltage, Blocks::discharge},
      {cell(15, 2), "cell_15_voltage_high", Alarm::high_cell_voltage, Blocks::charge},
      {cell(9, 0xF0), "cell_9_voltage_fault", Alarm::internal_failure, Blocks::nothing},
      {cell(9, 3), "cell_9_voltage_fault", Alarm::internal_failure, Blocks::nothing},
      {sensor(1, 1), "temperature_1_low", Alarm::low_temperature, Blocks::nothing},
      {sensor(1, 2), "temperature_1_high", Alarm::high_internal_temperature, Blocks::nothing},
      {sensor(2, 1), "temperature_2_low", Alarm::low_temperature, Blocks::charge},
      {sensor(5, 2), "temperature_5_high", Alarm::high_temperature, Blocks::charge},
      {sensor(5, 0xF0), "temperature_5_fault", Alarm::internal_failure, Blocks::nothing},
      {{.charge = 1}, "charge_current_low", Alarm::high_charge_current, Blocks::charge},
      {{.charge = 2}, "charge_current_high", Alarm::high_charge_current, Blocks::charge},
      {{.charge = 0xF0}, "charge_current_fault", Alarm::internal_failure, Blocks::nothing},
      {{.module = 1}, "module_voltage_low", Alarm::low_voltage, Blocks::discharge},
      {{.module = 2}, "module_voltage_high", Alarm::high_voltage, Blocks::charge},
      {{.module = 7}, "module_voltage_fault", Alarm::internal_failure, Blocks::nothing},
      {{.discharge = 1}, "discharge_current_low", Alarm::high_discharge_current, Blocks::discharge},
      {{.discharge = 2}, "discharge_current_high", Alarm::high_discharge_current, Blocks::discharge},
      {{.discharge = 0xFF}, "discharge_current_fault", Alarm::internal_failure, Blocks::nothing},
  };
  for (const Row& row : rows) {
    const Alarms alarms = alarms_of(row.states);
    EXPECT_THAT(alarms.names, ElementsAre(testing::StrEq(row.name)));
    EXPECT_EQ(alarms.of(row.alarm), Severity::alarm) << row.name;
    EXPECT_EQ(alarms.blocks, static_cast<int>(row.blocks)) << row.name;
  }
  EXPECT_THAT(alarms_of(status1(0x08)).names, IsEmpty()) << "a bit without a meaning";
}

TEST(PylontechRs485Alarms, NamesAreNumberedUpToTheLastCellAndSensor) {
  States states{.cells = std::vector<int>(32), .sensors = std::vector<int>(32)};
  states.cells[31] = 1;
  states.cells[16] = 2;
  states.cells[15] = 0xF0;
  states.sensors[31] = 0xF0;
  states.sensors[16] = 1;
  EXPECT_THAT(alarms_of(states).names,
              ElementsAre(testing::StrEq("cell_16_voltage_fault"), testing::StrEq("cell_17_voltage_high"),
                          testing::StrEq("cell_32_voltage_low"), testing::StrEq("temperature_17_low"),
                          testing::StrEq("temperature_32_fault")));
}

TEST(PylontechRs485Alarms, NoNameIsThereTwice) {
  std::set<std::string> names;
  for (const AlarmBit& bit : pylontech.alarm_bits) EXPECT_TRUE(names.insert(bit.name).second) << bit.name;
  EXPECT_EQ(names.size(), 16U + 16 + 3 * 32 + 3 * 32);
}

TEST(PylontechRs485, TheByteBehind44IsNoPartOfIt) {
  for (const int tail : {0, 1, 5}) {
    const auto reading = hear(*open(), "44", reply(States{.status = {0, 4, 0, 0, 0}, .tail = tail}.info()));
    EXPECT_EQ(reading->get(Field::charge_fet_on), 0);
    EXPECT_EQ(reading->get(Field::discharge_fet_on), 1);
  }
}

// --- Limits ---

TEST(PylontechRs485, ADirectionThatIsStoppedHasNoCurrent) {
  const auto limits = [](int status) {
    const auto reading = hear(*open(), "92", reply(management(status)));
    return std::array{*reading->get(Field::max_charge_current), *reading->get(Field::max_discharge_current)};
  };
  EXPECT_THAT(limits(0xC0), ElementsAre(20, 25));
  EXPECT_THAT(limits(0x40), ElementsAre(0, 25));
  EXPECT_THAT(limits(0x80), ElementsAre(20, 0));
  EXPECT_THAT(limits(0x38), ElementsAre(0, 0));
}

TEST(PylontechRs485, TheLimitsOf92AreInForceWhereItIsAnswered) {
  const auto session = open();
  const auto alone = hear(*session, "47", reply(system_parameters()));
  EXPECT_EQ(alone->get(Field::max_charge_current), 90);
  EXPECT_EQ(alone->get(Field::max_discharge_current), 90);
  ASSERT_TRUE(hear(*session, "92", reply(management())));
  const auto beside = hear(*session, "47", reply(system_parameters()));
  EXPECT_EQ(beside->says(Field::max_charge_current), Says::nothing);
  EXPECT_EQ(beside->says(Field::max_discharge_current), Says::nothing);
  EXPECT_EQ(beside->get(Field::cell_voltage_min_limit), 2.8);
}

TEST(PylontechRs485, TheChargeVoltageIsSharedAmongTheCells) {
  const auto session = open();
  EXPECT_EQ(hear(*session, "92", reply(management()))->says(Field::cell_voltage_max_limit), Says::nothing)
      << "how many cells is not known yet";
  ASSERT_TRUE(hear(*session, "42", reply(Analog().info())));
  EXPECT_NEAR(*hear(*session, "92", reply(management()))->get(Field::cell_voltage_max_limit), 3.55, 1e-9);
  EXPECT_NEAR(*hear(*session, "47", reply(system_parameters()))->get(Field::cell_voltage_max_limit), 3.55, 1e-9)
      << "the same from both";
  EXPECT_NEAR(*hear(*session, "47", reply(system_parameters(3500)))->get(Field::cell_voltage_max_limit), 3.5, 1e-9);
  EXPECT_NEAR(*hear(*session, "92", reply(management()))->get(Field::cell_voltage_max_limit), 3.5, 1e-9);
  EXPECT_NEAR(*hear(*session, "92", reply(management(0, 2, 0)))->get(Field::cell_voltage_max_limit), 3.5, 1e-9)
      << "0 V is no limit";
}

TEST(PylontechRs485, Without92TheModulesLimitOf47Counts) {
  const auto session = open();
  EXPECT_NEAR(*hear(*session, "47", reply(system_parameters()))->get(Field::cell_voltage_max_limit), 3.65, 1e-9);
  ASSERT_TRUE(hear(*session, "42", reply(Analog().info())));
  EXPECT_NEAR(*hear(*session, "47", reply(system_parameters()))->get(Field::cell_voltage_max_limit), 3.6, 1e-9);
}

// --- Identity ---

TEST(PylontechRs485, TheSerialNumberIsTheIdentity) {
  const auto reading = hear(*open(), "93", reply(serial_number("H222003C32220459")));
  EXPECT_THAT(reading->identities, ElementsAre("H222003C32220459"));
  EXPECT_EQ(text_of(*reading, Text::serial_number), "H222003C32220459");
  const auto none = hear(*open(), "93", reply(serial_number("")));
  EXPECT_THAT(none->identities, IsEmpty());
  EXPECT_THAT(none->texts, IsEmpty());
}

TEST(PylontechRs485, AnotherPackHasItsOwnLimits) {
  const auto session = open();
  ASSERT_TRUE(hear(*session, "93", reply(serial_number("OLD"))));
  ASSERT_TRUE(hear(*session, "42", reply(Analog().info())));
  ASSERT_TRUE(hear(*session, "92", reply(management())));
  ASSERT_TRUE(hear(*session, "93", reply(serial_number("OLD"))));
  EXPECT_EQ(hear(*session, "47", reply(system_parameters()))->says(Field::max_charge_current), Says::nothing);
  ASSERT_TRUE(hear(*session, "93", reply(serial_number("NEW"))));
  EXPECT_EQ(hear(*session, "47", reply(system_parameters()))->get(Field::max_charge_current), 90);
}

TEST(PylontechRs485, ThePacksOwnVersionIsKept) {
  const auto session = open();
  const auto of_master = hear(*session, "51", reply(manufacturer("US2000C", "Pylon")));
  EXPECT_EQ(text_of(*of_master, Text::software_version), "1.7");
  EXPECT_EQ(text_of(*of_master, Text::hardware), "US2000C");
  EXPECT_EQ(text_of(*of_master, Text::manufacturer), "Pylon");
  EXPECT_THAT(of_master->identities, IsEmpty());
  const auto own = hear(*session, "96", reply({2, 1, 3, 0, 6, 9}));
  EXPECT_EQ(text_of(*own, Text::software_version), "1.3");
  EXPECT_EQ(text_of(*hear(*session, "51", reply(manufacturer("US2000C", "----"))), Text::software_version), "");
}

TEST(PylontechRs485, ExtrasAreCollectedOnlyWhenAskedFor) {
  const auto session = open();
  EXPECT_THAT(hear(*session, "42", reply(Analog().info()))->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "44", reply(States().info()))->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "47", reply(system_parameters()))->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "92", reply(management()))->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "42/all", reply(of_all({{}})))->extras, IsEmpty());
}

}  // namespace
}  // namespace bmsd::pylontech_rs485_values_test
