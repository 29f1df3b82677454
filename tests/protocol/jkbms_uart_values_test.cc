// What the registers of a JK board say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jkbms_uart_replies.h"

namespace bmsd::jkbms_uart_values_test {
namespace {

using namespace test::jkbms;  // NOLINT: a test of these answers
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// --- The chain ---

// Number and width of every register, as the vendor's document has them.
const std::map<int, int> kWidths = {
    {0x80, 2}, {0x81, 2}, {0x82, 2},  {0x83, 2},  {0x84, 2}, {0x85, 1}, {0x86, 1}, {0x87, 2}, {0x89, 4},
    {0x8A, 2}, {0x8B, 2}, {0x8C, 2},  {0x8E, 2},  {0x8F, 2}, {0x90, 2}, {0x91, 2}, {0x92, 2}, {0x93, 2},
    {0x94, 2}, {0x95, 2}, {0x96, 2},  {0x97, 2},  {0x98, 2}, {0x99, 2}, {0x9A, 2}, {0x9B, 2}, {0x9C, 2},
    {0x9D, 1}, {0x9E, 2}, {0x9F, 2},  {0xA0, 2},  {0xA1, 2}, {0xA2, 2}, {0xA3, 2}, {0xA4, 2}, {0xA5, 2},
    {0xA6, 2}, {0xA7, 2}, {0xA8, 2},  {0xA9, 1},  {0xAA, 4}, {0xAB, 1}, {0xAC, 1}, {0xAD, 2}, {0xAE, 1},
    {0xAF, 1}, {0xB0, 2}, {0xB1, 1},  {0xB2, 10}, {0xB3, 1}, {0xB4, 8}, {0xB5, 4}, {0xB6, 4}, {0xB7, 15},
    {0xB8, 1}, {0xB9, 4}, {0xBA, 24}, {0xBB, 1},  {0xBC, 1}, {0xBD, 1}, {0xBE, 2}, {0xBF, 2}, {0xC0, 1},
};

// The sheet's word for data that no question asked for as a whole; empty: taken.
std::string refusal(const ByteVector& data) {
  const auto reading = jk.decode_vector({}, frame(data), {});
  return reading ? "" : reading.error().what;
}

TEST(JkBmsUartChain, EveryRegisterHasItsWidthAndNoOtherIsKnown) {
  for (int id = 0; id < 256; ++id) {
    if (id == 0x79) continue;
    const auto known = kWidths.find(id);
    ByteVector data = {static_cast<std::uint8_t>(id)};
    if (known == kWidths.end()) {
      data.resize(20);
      EXPECT_EQ(refusal(data), "unknown_register") << id;
      continue;
    }
    data.resize(static_cast<std::size_t>(known->second));
    EXPECT_EQ(refusal(data), "bad_length") << id;
    data.push_back(0);
    EXPECT_EQ(refusal(data), "") << id;
    data.push_back(0x88);
    EXPECT_EQ(refusal(data), id == 0xC0 ? "" : "unknown_register") << id;
  }
}

TEST(JkBmsUartChain, ACutChainEndsWhereARegisterDoes) {
  const Registers all;
  const ByteVector data = all.data();
  std::vector<std::size_t> ends = {0};
  for (const auto& [id, value] : all.values) ends.push_back(ends.back() + 1 + value.size());
  for (std::size_t size = 0; size <= data.size(); ++size) {
    const bool at_an_end = std::find(ends.begin(), ends.end(), size) != ends.end();
    EXPECT_EQ(refusal({data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size)}), at_an_end ? "" : "bad_length")
        << size;
  }
}

TEST(JkBmsUartChain, BehindTheVersionOfTheProtocolNothingIsRead) {
  Registers registers;
  registers.tail = {0x85, 99, 0xC1, 0x79, 0x84};
  EXPECT_EQ(reading_of(registers).get(Field::soc), 77);
}

TEST(JkBmsUartChain, ARegisterThatComesTwiceIsNotBelieved) {
  Registers registers;
  registers.without(0xC0).tail = {0x85, 99, 0xC0, 1};
  EXPECT_EQ(refusal_of(registers), "unknown_register");
}

// --- Cells ---

TEST(JkBmsUartCells, OneTo32AreBelieved) {
  for (const int count : {1, 24, 32}) {
    const Reading reading =
        reading_of(Registers().with(0x79, cell_list(count)).with(0x8A, big(static_cast<unsigned>(count), 2)));
    EXPECT_EQ(reading.cell_voltages->size(), static_cast<std::size_t>(count));
    EXPECT_DOUBLE_EQ(reading.cell_voltages->front(), 3.3);
    EXPECT_EQ(reading.get(Field::cell_count), count);
  }
}

TEST(JkBmsUartCells, AbsurdCountsAreNot) {
  const auto refused = [](const Registers& registers) { return refusal_of(registers) == "absurd_cell_count"; };
  EXPECT_TRUE(refused(Registers().with(0x79, {0})));
  EXPECT_TRUE(refused(Registers().with(0x79, cell_list(33)).with(0x8A, big(33, 2))));
  EXPECT_TRUE(refused(Registers().with(0x79, {2, 1, 12})));
  EXPECT_TRUE(refused(Registers().with(0x79, {0xFF})));
  EXPECT_TRUE(refused(Registers().with(0x79, cell_list(4, 0)))) << "they count from 1";
  EXPECT_TRUE(refused(Registers().with(0x79, {6, 1, 12, 228, 3, 12, 228}).with(0x8A, big(2, 2))));
  EXPECT_TRUE(refused(Registers().with(0x8A, big(5, 2)))) << "not the number of 79";
  EXPECT_TRUE(refused(Registers().with(0x8A, big(33, 2))));
  EXPECT_TRUE(refused(Registers().with(0x8A, big(0x0400, 2))));
  EXPECT_EQ(refusal({0x79}), "bad_length");
  EXPECT_EQ(refusal({0x79, 96, 1, 2, 3}), "bad_length");
}

TEST(JkBmsUartCells, TheListCountsWhereTheNumberIsMissing) {
  EXPECT_EQ(reading_of(Registers().with(0x8A, big(0, 2))).get(Field::cell_count), 4);
  EXPECT_EQ(reading_of(Registers().without(0x8A)).get(Field::cell_count), 4);
}

// --- Current ---

double current_of(unsigned raw, std::optional<std::uint8_t> version) {
  Registers registers;
  registers.with(0x84, big(raw, 2)).without(0xC0);
  if (version) registers.with(0xC0, {*version});
  return *reading_of(registers).get(Field::current);
}

TEST(JkBmsUartCurrent, NewBoardsHaveTheDirectionInBit15) {
  for (const std::uint8_t version : ByteVector{1, 2, 255}) {
    EXPECT_DOUBLE_EQ(current_of(0x83F4, version), 10.12);
    EXPECT_DOUBLE_EQ(current_of(0x0370, version), -8.80);
    EXPECT_DOUBLE_EQ(current_of(0x8001, version), 0.01);
    EXPECT_DOUBLE_EQ(current_of(0xFFFF, version), 327.67);
    EXPECT_DOUBLE_EQ(current_of(0x7FFF, version), -327.67);
    for (const unsigned zero : {0x8000U, 0x0000U}) EXPECT_FALSE(std::signbit(current_of(zero, version))) << zero;
  }
}

TEST(JkBmsUartCurrent, OldBoardsCountAwayFrom10000) {
  for (const std::optional<std::uint8_t> version : {std::optional<std::uint8_t>(0), std::optional<std::uint8_t>()}) {
    EXPECT_DOUBLE_EQ(current_of(10500, version), -5);
    EXPECT_DOUBLE_EQ(current_of(9500, version), 5);
    EXPECT_DOUBLE_EQ(current_of(0, version), 100);
    EXPECT_DOUBLE_EQ(current_of(0xFFFF, version), -555.35);
    EXPECT_FALSE(std::signbit(current_of(10000, version)));
  }
}

// --- Temperatures ---

TEST(JkBmsUartTemperature, BelowZeroCountsOnFrom100) {
  const std::map<unsigned, double> expected = {{0, 0},    {25, 25},   {99, 99},  {100, 100},
                                               {101, -1}, {112, -12}, {140, -40}};
  for (const auto& [raw, celsius] : expected) {
    const Reading reading = reading_of(Registers().with(0x80, big(raw, 2)).with(0x81, big(raw, 2)));
    EXPECT_EQ(reading.get(Field::mos_temperature), celsius);
    EXPECT_THAT(*reading.cell_temperatures, ElementsAre(celsius, 21));
  }
}

TEST(JkBmsUartTemperature, WhatIsNoneIsLeftOut) {
  for (const unsigned raw : {141U, 255U, 0x8000U, 0xFFFFU}) {
    const Reading reading = reading_of(Registers().with(0x80, big(raw, 2)).with(0x82, big(raw, 2)));
    EXPECT_EQ(reading.says(Field::mos_temperature), Says::nothing);
    EXPECT_THAT(*reading.cell_temperatures, ElementsAre(22));
  }
  EXPECT_FALSE(reading_of(Registers().without(0x81).without(0x82)).cell_temperatures);
  EXPECT_THAT(*reading_of(Registers().without(0x81)).cell_temperatures, ElementsAre(21));
}

// --- Charge, capacity, switches ---

TEST(JkBmsUartValues, TheStateOfChargeEndsAt100) {
  EXPECT_EQ(reading_of(Registers().with(0x85, {100})).get(Field::soc), 100);
  EXPECT_EQ(reading_of(Registers().with(0x85, {0})).get(Field::soc), 0);
  EXPECT_EQ(refusal_of(Registers().with(0x85, {101})), "out_of_range_value");
}

TEST(JkBmsUartValues, TheConfiguredCapacityIsTheFullOne) {
  const Reading reading = reading_of(Registers().with(0xB9, big(0, 4)));
  EXPECT_EQ(reading.get(Field::capacity_full), 280);
  EXPECT_DOUBLE_EQ(*reading.get(Field::capacity_remaining), 215.6);
  for (const Registers& registers : {Registers().without(0xAA), Registers().with(0xAA, big(0, 4))}) {
    EXPECT_FALSE(reading_of(registers).get(Field::capacity_full));
    EXPECT_FALSE(reading_of(registers).get(Field::capacity_remaining));
  }
  EXPECT_EQ(reading.says(Field::soh), Says::nothing);
}

TEST(JkBmsUartValues, SwitchesAreWhatTheMosfetsDo) {
  for (const unsigned status : {0U, 1U, 2U, 3U, 7U, 0xFFFBU}) {
    const Reading reading = reading_of(Registers().with(0x8C, big(status, 2)).with(0xAB, {0}).with(0xAC, {1}));
    EXPECT_EQ(reading.get(Field::charge_fet_on), status & 1) << status;
    EXPECT_EQ(reading.get(Field::discharge_fet_on), status >> 1 & 1) << status;
    const auto extras = extras_of(reading);
    EXPECT_EQ(std::get<bool>(extras.at("balancing")), (status & 4) != 0) << status;
    EXPECT_FALSE(std::get<bool>(extras.at("charge_switch_on")));
    EXPECT_TRUE(std::get<bool>(extras.at("discharge_switch_on")));
    EXPECT_FALSE(reading.balancing_cells) << "which cells, it does not say";
  }
}

TEST(JkBmsUartValues, LimitsAreThoseOfTheProtections) {
  const Reading reading = reading_of(
      Registers().with(0x90, big(3650, 2)).with(0x93, big(2600, 2)).with(0x97, big(150, 2)).with(0x99, big(100, 2)));
  EXPECT_DOUBLE_EQ(*reading.get(Field::cell_voltage_max_limit), 3.65);
  EXPECT_DOUBLE_EQ(*reading.get(Field::cell_voltage_min_limit), 2.6);
  EXPECT_EQ(reading.get(Field::max_discharge_current), 150);
  EXPECT_EQ(reading.get(Field::max_charge_current), 100);
}

TEST(JkBmsUartValues, SettingsAreShownInTheirUnits) {
  const auto extras = extras_of(reading_of(Registers()
                                               .with(0x89, big(123456, 4))
                                               .with(0x8E, big(2920, 2))
                                               .with(0x9C, big(10, 2))
                                               .with(0xA5, big(0xFFFB, 2))
                                               .with(0xA7, big(0xFFEC, 2))
                                               .with(0xA3, big(60, 2))
                                               .with(0xB8, {1})
                                               .with(0xAF, {2})));
  const auto number = [&extras](const char* key) { return std::get<double>(extras.at(key)); };
  EXPECT_EQ(number("cycle_capacity_total_ah"), 123456);
  EXPECT_DOUBLE_EQ(number("pack_overvoltage_v"), 29.2);
  EXPECT_DOUBLE_EQ(number("balance_difference_v"), 0.01);
  EXPECT_EQ(number("charge_temp_low_limit_c"), -5);
  EXPECT_EQ(number("discharge_temp_low_limit_c"), -20);
  EXPECT_EQ(number("charge_temp_high_limit_c"), 60);
  EXPECT_EQ(number("protocol_version"), 1);
  EXPECT_TRUE(std::get<bool>(extras.at("calibrating")));
  EXPECT_EQ(std::get<std::string>(extras.at("battery_type")), "lto");
  EXPECT_EQ(extras_of(reading_of(Registers().with(0xAF, {3}))).count("battery_type"), 0U);
}

TEST(JkBmsUartValues, ThePasswordIsNeverTold) {
  const Reading reading = reading_of({});
  for (const auto& [key, value] : reading.extras) {
    const auto* const content = std::get_if<std::string>(&value);
    EXPECT_THAT(content == nullptr ? std::string() : *content, Not(testing::HasSubstr("s3cr3t"))) << key;
  }
  for (const auto& [which, content] : reading.texts) EXPECT_THAT(content, Not(testing::HasSubstr("s3cr3t")));
}

TEST(JkBmsUartValues, ExtrasAreCollectedOnlyWhenAskedFor) {
  EXPECT_THAT(hear(*open(0, false), frame(Registers().data()))->extras, IsEmpty());
}

// --- Texts ---

struct Named {
  const char *user_data, *device_name, *serial_number;
};

TEST(JkBmsUartTexts, PrivateDataAndNameAreTheSerialNumber) {
  for (const Named& one : {Named{"Input Userda", "JK_B2A24S15P", "JK_B2A24S15P"},
                           {"beki", "JK_B1A24S15P", "beki_JK_B1A24S15P"},
                           {"Bank A 01", "JK_B2A24S15P", "Bank_A_01_JK_B2A24S15P"},
                           {"  a   b ", "c", "a_b_c"},
                           {"SIM000000001", "JK", "SIM000000001JK"},
                           {"BT3072020120", "000200521001", "BT3072020120000200521001"},
                           {"caf\xE9", "JK", "caf?_JK"},
                           {"Input Userda", "", ""},
                           {"", "", ""}}) {
    ByteVector field = text(one.user_data, 12);
    append(field, text(one.device_name, 12));
    const Reading reading = reading_of(Registers().with(0xBA, field));
    EXPECT_EQ(text_of(reading, Text::serial_number), one.serial_number);
    EXPECT_EQ(text_of(reading, Text::device_name), one.device_name);
    if (std::string_view(one.serial_number).empty()) {
      EXPECT_THAT(reading.identities, IsEmpty());
    } else {
      EXPECT_THAT(reading.identities, ElementsAre(one.serial_number));
    }
  }
  EXPECT_THAT(reading_of({}).identities, IsEmpty()) << "old boards have none";
}

TEST(JkBmsUartTexts, TheOwnersNameForItComesBeforeTheBluetoothName) {
  const auto name = [](Registers registers, const char* entered) {
    return text_of(reading_of(registers.with(0xB4, text(entered, 8))), Text::device_name);
  };
  ByteVector names = text("Input Userda", 12);
  append(names, text("JK_B2A24S15P", 12));
  const Registers named = Registers().with(0xBA, names);
  EXPECT_EQ(name(named, "Garage"), "Garage");
  EXPECT_EQ(name(named, "Input Us"), "JK_B2A24S15P") << "as delivered";
  EXPECT_EQ(name(named, ""), "JK_B2A24S15P");
  EXPECT_EQ(name({}, "Garage"), "Garage") << "old boards have no other";
  EXPECT_EQ(name({}, "Input Us"), "");
  const auto extras = extras_of(reading_of(Registers(named).with(0xB4, text("Garage", 8))));
  EXPECT_EQ(std::get<std::string>(extras.at("device_name")), "JK_B2A24S15P");
}

TEST(JkBmsUartTexts, TheVersionHasTheHardwareInFront) {
  for (const auto& [version, hardware] : std::map<std::string, std::string>{
           {"11.XW_S11.262H_", "11.XW"}, {"H6.X__S6.1.3S__", "H6.X"}, {"NW_1_0_0_200428", ""}, {"_S1", ""}}) {
    const Reading reading = reading_of(Registers().with(0xB7, text(version, 15)));
    EXPECT_EQ(text_of(reading, Text::software_version), version);
    EXPECT_EQ(text_of(reading, Text::hardware), hardware);
  }
}

TEST(JkBmsUartTexts, TheDateIsAMonth) {
  const auto month = [](const char* made) {
    return text_of(reading_of(Registers().with(0xB5, text(made, 4))), Text::production_date);
  };
  EXPECT_EQ(month("2405"), "2024-05");
  EXPECT_EQ(month("2012"), "2020-12");
  for (const char* none : {"2400", "2413", "24-5", "", "240", "2499"}) EXPECT_EQ(month(none), "") << none;
}

// --- Alarms ---

struct AlarmCase {
  int bit;
  const char* name;
  std::vector<Alarm> alarms;
  Severity severity;
  int blocks;
};

TEST(JkBmsUartAlarms, EveryBitHasItsClassAndDirection) {
  const AlarmCase cases[] = {
      {0, "low_capacity", {Alarm::low_soc}, Severity::warning, 0},
      {1, "mos_overtemperature", {Alarm::high_internal_temperature}, Severity::alarm, 0},
      {2, "charge_overvoltage", {Alarm::high_voltage}, Severity::alarm, 1},
      {3, "discharge_undervoltage", {Alarm::low_voltage}, Severity::alarm, 2},
      {4, "battery_overtemperature", {Alarm::high_charge_temperature, Alarm::high_temperature}, Severity::alarm, 1},
      {5, "charge_overcurrent", {Alarm::high_charge_current}, Severity::alarm, 1},
      {6, "discharge_overcurrent", {Alarm::high_discharge_current}, Severity::alarm, 2},
      {7, "cell_voltage_difference", {Alarm::cell_imbalance}, Severity::alarm, 0},
      {8, "battery_box_overtemperature", {Alarm::high_internal_temperature}, Severity::alarm, 0},
      {9, "battery_low_temperature", {Alarm::low_charge_temperature, Alarm::low_temperature}, Severity::alarm, 1},
      {10, "cell_overvoltage", {Alarm::high_cell_voltage}, Severity::alarm, 1},
      {11, "cell_undervoltage", {Alarm::low_cell_voltage}, Severity::alarm, 2},
      {12, "protect_309_a", {Alarm::internal_failure}, Severity::alarm, 0},
      {13, "protect_309_b", {Alarm::internal_failure}, Severity::alarm, 0},
  };
  for (const AlarmCase& one : cases) {
    const Alarms alarms = *reading_of(Registers().with(0x8B, big(1U << one.bit, 2))).alarms;
    ASSERT_EQ(alarms.names.size(), 1U) << one.name;
    EXPECT_STREQ(alarms.names.front(), one.name);
    EXPECT_EQ(alarms.blocks, one.blocks) << one.name;
    for (std::size_t i = 0; i < kAlarmCount; ++i) {
      const Alarm alarm = static_cast<Alarm>(i);
      const bool raised = std::find(one.alarms.begin(), one.alarms.end(), alarm) != one.alarms.end();
      const Severity expected = raised ? one.severity : std::min(alarms.of(alarm), Severity::ok);
      EXPECT_EQ(alarms.of(alarm), expected) << one.name << " " << key_of(alarm);
    }
  }
}

TEST(JkBmsUartAlarms, ReservedBitsAndWhatItCannotTellAreNone) {
  const Alarms alarms = *reading_of(Registers().with(0x8B, {0xC0, 0x00})).alarms;
  EXPECT_THAT(alarms.names, IsEmpty());
  EXPECT_EQ(alarms.blocks, 0);
  EXPECT_EQ(alarms.of(Alarm::fuse_blown), Severity::unsupported);
  EXPECT_EQ(alarms.of(Alarm::high_cell_voltage), Severity::ok);
  EXPECT_FALSE(reading_of(Registers().without(0x8B)).alarms);
}

}  // namespace
}  // namespace bmsd::jkbms_uart_values_test
