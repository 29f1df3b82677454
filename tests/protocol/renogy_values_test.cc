// What the registers of a Renogy battery mean.
#include "protocol/renogy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "renogy_replies.h"
#include "vectors.h"

namespace bmsd::renogy_values_test {
namespace {

using namespace test;          // NOLINT: a test of these replies
using namespace test::renogy;  // NOLINT
using testing::ElementsAre;
using testing::IsEmpty;

const Error kNoSuchRegisters = {Errc::refused, "modbus_exception", 2, {}};

// --- Values ---

TEST(Renogy, CountsThatNoBatteryHasAreRefused) {
  auto session = open();
  const auto code = [&](int first, const Words& words) { return hear_read(*session, first, words).error().code; };
  for (const int count : {0, 17, 300, 0xFFFF}) EXPECT_EQ(code(5000, cells(count)), Errc::implausible) << count;
  for (const int count : {17, 0xFFFF}) EXPECT_EQ(code(5000, cells(4, count)), Errc::implausible) << count;
  EXPECT_EQ(code(5035, {0, 3, 0, 0, 0, 0, 0}), Errc::implausible);
  EXPECT_EQ(code(5035, {0, 0, 0, 0, 0xFFFF, 0, 0}), Errc::implausible);
}

TEST(Renogy, OnlyWhatTheReplyHoldsIsSaid) {
  auto session = open();
  const auto half = hear_read(*session, 5000, {16, 33, 33});
  ASSERT_TRUE(half);
  EXPECT_FALSE(half->cell_voltages);
  EXPECT_EQ(half->get(Field::cell_count), 16);
  const auto voltage = hear_read(*session, 5043, {136, 1});
  EXPECT_EQ(voltage->get(Field::voltage), 13.6);
  EXPECT_EQ(voltage->says(Field::capacity_remaining), Says::nothing);
  EXPECT_EQ(voltage->says(Field::soc), Says::nothing);
  EXPECT_EQ(voltage->says(Field::current), Says::nothing);
}

TEST(Renogy, TheCountOfTemperaturesIsRight) {
  auto session = open();
  EXPECT_THAT(*hear(*session, "5000", cells(4, 3))->cell_temperatures, ElementsAre(17.0, 17.1, 17.2));
  EXPECT_THAT(*hear(*session, "5000", cells(4, 0))->cell_temperatures, IsEmpty());
}

TEST(Renogy, TheStateOfChargeIsMadeOfCapacities) {
  auto session = open();
  const auto soc = [&](int remaining, int full) {
    return hear(*session, "5042", {0, 136, remaining >> 16, remaining & 0xFFFF, full >> 16, full & 0xFFFF})
        ->get(Field::soc);
  };
  EXPECT_EQ(soc(92999, 100000), 93.0);
  EXPECT_EQ(soc(33333, 100000), 33.33);
  EXPECT_EQ(soc(0, 100000), 0);
  EXPECT_EQ(soc(100500, 100000), 100);
  EXPECT_EQ(hear(*session, "5042", {0, 136, 0, 1, 0, 0}).error().code, Errc::implausible);
}

TEST(Renogy, TheProFamilyCountsTenTimesTheCurrent) {
  const auto current = [](std::string_view model, std::vector<Param> params = {}) {
    auto session = open(std::move(params));
    EXPECT_TRUE(model.empty() || hear(*session, "5122", text(model, 8)).ok());
    return *hear(*session, "5042", kMeasurements)->get(Field::current);
  };
  EXPECT_EQ(current(""), -0.86);
  EXPECT_EQ(current("RBT100LFP12-BT"), -0.86);
  EXPECT_EQ(current("RBT100LFP12SH-G1"), -0.86);
  EXPECT_EQ(current("RBT12200LFP-BT"), -0.86);
  EXPECT_EQ(current("RBT12200LFP-B"), -8.6);
  EXPECT_EQ(current("RNGRBP12100"), -8.6);
  EXPECT_EQ(current("RNGC01"), -8.6);
  EXPECT_EQ(current("RBT12200LFP-B", {{"current_unit_a", "0.01"}}), -0.86);
  EXPECT_EQ(current("", {{"current_unit_a", "0.1"}}), -8.6);
}

TEST(Renogy, LimitsAreAmountsAndThoseOfTheModuleAreSharedByItsCells) {
  auto session = open();
  const auto limits = [&](const Words& words) { return *hear(*session, "5048", words); };
  EXPECT_EQ(limits({15, 148, 100, 5000, -10000 & 0xFFFF}).says(Field::cell_voltage_max_limit), Says::nothing)
      << "how many cells is not known yet";
  ASSERT_TRUE(hear(*session, "5000", cells(4)));
  const Reading four = limits({15, 148, 100, 5000, -10000 & 0xFFFF});
  EXPECT_EQ(four.get(Field::cycles), 15);
  EXPECT_DOUBLE_EQ(*four.get(Field::cell_voltage_max_limit), 3.7);
  EXPECT_DOUBLE_EQ(*four.get(Field::cell_voltage_min_limit), 2.5);
  EXPECT_EQ(four.get(Field::max_charge_current), 50);
  EXPECT_EQ(four.get(Field::max_discharge_current), 100);
  EXPECT_EQ(limits({15, 148, 100, 0, 10000}).get(Field::max_charge_current), 0);
  EXPECT_EQ(limits({15, 148, 100, 0, 10000}).get(Field::max_discharge_current), 100);
  const Reading unset = limits({15, 0, 0, 0, 0});
  EXPECT_EQ(unset.get(Field::cycles), 15);
  EXPECT_EQ(unset.says(Field::max_charge_current), Says::nothing);
  EXPECT_EQ(unset.says(Field::cell_voltage_max_limit), Says::nothing);
}

TEST(Renogy, TemperaturesAroundTheCells) {
  auto session = open();
  const auto read = [&](const Words& words) { return *hear(*session, "5035", words); };
  const Reading both = read({-12 & 0xFFFF, 2, 100, 200, 1, 55, 0});
  EXPECT_EQ(both.get(Field::mos_temperature), -1.2);
  EXPECT_EQ(both.get(Field::ambient_temperature), 10);
  EXPECT_EQ(both.get(Field::pack_temperature), 15);
  EXPECT_THAT(std::get<std::vector<double>>(extras_of(both).at("heater_temperatures_c")), ElementsAre(5.5));
  const Reading none = read({0, 0, 100, 200, 0, 0, 0});
  EXPECT_EQ(none.says(Field::mos_temperature), Says::nothing);
  EXPECT_EQ(none.says(Field::ambient_temperature), Says::nothing);
  EXPECT_EQ(none.says(Field::pack_temperature), Says::nothing);
}

// --- Status ---

struct AlarmCase {
  int number, bit;
  const char* name;
  Alarm alarm;
  Severity severity;
  int blocks;
};

TEST(Renogy, EveryStatusBitHasItsClassAndDirection) {
  const AlarmCase cases[] = {
      {5106, 0, "short_circuit", Alarm::high_discharge_current, Severity::alarm, 2},
      {5106, 0, "short_circuit", Alarm::internal_failure, Severity::alarm, 2},
      {5106, 4, "charge_overcurrent_2", Alarm::high_charge_current, Severity::alarm, 1},
      {5106, 5, "discharge_overcurrent_2", Alarm::high_discharge_current, Severity::alarm, 2},
      {5106, 6, "module_overvoltage", Alarm::high_voltage, Severity::alarm, 1},
      {5106, 7, "cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, 2},
      {5106, 8, "cell_overvoltage", Alarm::high_cell_voltage, Severity::alarm, 1},
      {5106, 9, "charge_overcurrent_1", Alarm::high_charge_current, Severity::alarm, 1},
      {5106, 10, "discharge_overcurrent_1", Alarm::high_discharge_current, Severity::alarm, 2},
      {5106, 11, "discharge_undertemp", Alarm::low_temperature, Severity::alarm, 2},
      {5106, 12, "discharge_overtemp", Alarm::high_temperature, Severity::alarm, 2},
      {5106, 13, "charge_undertemp", Alarm::low_charge_temperature, Severity::alarm, 1},
      {5106, 14, "charge_overtemp", Alarm::high_charge_temperature, Severity::alarm, 1},
      {5106, 15, "module_undervoltage", Alarm::low_voltage, Severity::alarm, 2},
      {5107, 0, "cell_low_voltage", Alarm::low_cell_voltage, Severity::warning, 0},
      {5107, 1, "cell_high_voltage", Alarm::high_cell_voltage, Severity::warning, 0},
      {5107, 2, "module_low_voltage", Alarm::low_voltage, Severity::warning, 0},
      {5107, 3, "module_high_voltage", Alarm::high_voltage, Severity::warning, 0},
      {5107, 4, "charge_low_temp", Alarm::low_charge_temperature, Severity::warning, 0},
      {5107, 5, "charge_high_temp", Alarm::high_charge_temperature, Severity::warning, 0},
      {5107, 6, "discharge_low_temp", Alarm::low_temperature, Severity::warning, 0},
      {5107, 7, "discharge_high_temp", Alarm::high_temperature, Severity::warning, 0},
  };
  EXPECT_EQ(std::size(cases), battery.alarm_bits.size());
  for (const AlarmCase& one : cases) {
    const Alarms alarms = *hear(*open(), "5100", status(one.number, 1 << one.bit))->alarms;
    ASSERT_EQ(alarms.names.size(), 1U) << one.name;
    EXPECT_STREQ(alarms.names.front(), one.name);
    EXPECT_EQ(alarms.of(one.alarm), one.severity) << one.name;
    EXPECT_EQ(alarms.blocks, one.blocks) << one.name;
  }
  EXPECT_THAT(hear(*open(), "5100", status(5107, 0xEB00))->alarms->names, IsEmpty()) << "states, and unknown bits";
}

TEST(Renogy, FieldsOfTwoBitsRaiseTheirClassWithoutAName) {
  const auto level = [](int number, int value, Alarm alarm) {
    const Alarms alarms = *hear(*open(), "5100", status(number, value))->alarms;
    EXPECT_THAT(alarms.names, IsEmpty());
    EXPECT_EQ(alarms.blocks, 0);
    return alarms.of(alarm);
  };
  EXPECT_EQ(level(5101, 0x0001, Alarm::low_cell_voltage), Severity::alarm);
  EXPECT_EQ(level(5100, 0x8000, Alarm::high_cell_voltage), Severity::alarm);
  EXPECT_EQ(level(5101, 0x0030, Alarm::internal_failure), Severity::alarm);
  EXPECT_EQ(level(5101, 0x0030, Alarm::low_cell_voltage), Severity::ok);
  EXPECT_EQ(level(5103, 0x0004, Alarm::low_temperature), Severity::alarm);
  EXPECT_EQ(level(5102, 0x0002, Alarm::high_temperature), Severity::alarm);
  EXPECT_EQ(level(5104, 0x8000, Alarm::high_internal_temperature), Severity::alarm);
  EXPECT_EQ(level(5104, 0x2000, Alarm::high_temperature), Severity::alarm);
  EXPECT_EQ(level(5104, 0x0020, Alarm::high_charge_current), Severity::alarm);
  EXPECT_EQ(level(5104, 0x0004, Alarm::high_discharge_current), Severity::alarm);
  EXPECT_EQ(level(5104, 0x0003, Alarm::internal_failure), Severity::ok) << "reserved";
  EXPECT_EQ(level(5108, 0x8000, Alarm::internal_failure), Severity::alarm);
}

TEST(Renogy, TheLevelOfAHeaterIsNoAlarm) {
  const auto high_temperature = [](std::string_view model, int heater_sensors, int states) {
    auto session = open();
    EXPECT_TRUE(hear(*session, "5122", text(model, 8)));
    EXPECT_TRUE(hear(*session, "5035", {0, 0, 0, 0, heater_sensors, 0, 0}));
    Words words = status(5107, states);
    words[3] = 0x00AA;
    return hear(*session, "5100", words)->alarms->of(Alarm::high_temperature);
  };
  EXPECT_EQ(high_temperature("RBT100LFP12S", 0, 0), Severity::alarm);
  EXPECT_EQ(high_temperature("RBT100LFP12SH-G1", 0, 0), Severity::ok);
  EXPECT_EQ(high_temperature("RBT100LFP12S", 1, 0), Severity::ok);
  EXPECT_EQ(high_temperature("RBT100LFP12S", 0, 0x2000), Severity::ok);
}

TEST(Renogy, ADirectionThatIsNotAllowedIsBlocked) {
  const auto blocks = [](const Words& words) { return int{hear(*open(), "5100", words)->alarms->blocks}; };
  EXPECT_EQ(blocks(status()), 0);
  EXPECT_EQ(blocks(status(5109, 0x0040)), 1);
  EXPECT_EQ(blocks(status(5109, 0x0080)), 2);
  EXPECT_EQ(blocks(status(5109, 0x0000)), 3);
  EXPECT_EQ(blocks(Words(10, 0)), 0) << "empty";
}

TEST(Renogy, AnEmptyBlockSaysNothingAboutTheSwitches) {
  auto session = open();
  const auto empty = hear(*session, "5100", Words(10, 0));
  EXPECT_EQ(empty->says(Field::charge_fet_on), Says::unknown);
  EXPECT_EQ(empty->says(Field::discharge_fet_on), Says::unknown);
  EXPECT_EQ(extras_of(*empty).count("charge_allowed"), 0U);
  EXPECT_THAT(empty->alarms->names, IsEmpty());
  const auto partly = hear_read(*session, 5106, {0, 0});
  EXPECT_EQ(partly->says(Field::charge_fet_on), Says::unknown) << "as it was found before";
  const auto off = hear(*session, "5100", status(5106, 0));
  EXPECT_EQ(off->get(Field::charge_fet_on), 0);
  EXPECT_EQ(off->get(Field::discharge_fet_on), 0);
  const auto charging = hear(*session, "5100", status(5106, 0x0002));
  EXPECT_EQ(charging->get(Field::charge_fet_on), 1);
  EXPECT_EQ(charging->get(Field::discharge_fet_on), 0);
}

// What another master reads of the status must not outlast the next own reply.
TEST(Renogy, EveryReadOfAnAlarmBelongsToTheAlarms) {
  for (const int first : {5104, 5106, 5109, 5095}) {
    const ByteVector request = with_modbus_crc(
        {0x30, 0x03, static_cast<std::uint8_t>(first >> 8), static_cast<std::uint8_t>(first & 255), 0, 28});
    EXPECT_EQ(battery.tag({request}).exchange, index_of("5100")) << first;
  }
  EXPECT_EQ(battery.tag({*from_hex("300313B20007A48A")}).exchange, index_of("5042"));
  EXPECT_EQ(battery.tag({*from_hex("30030088001E41C9")}).exchange, index_of("other"));
}

// --- Texts ---

TEST(Renogy, TheSerialNumberNamesThePack) {
  const auto read = [](const std::string& serial) { return *hear(*open(), "5110", text(serial, 8) + text("01", 1)); };
  EXPECT_THAT(read("PPTAH02011700206").identities, ElementsAre("PPTAH02011700206"));
  EXPECT_EQ(text_of(read("20210526"), Text::serial_number), "20210526");
  EXPECT_THAT(read(std::string("AB12\0\0", 6)).identities, ElementsAre("AB12"));
  EXPECT_THAT(read("").identities, IsEmpty());
  EXPECT_THAT(read("0000000000000000").identities, IsEmpty());
  EXPECT_THAT(read("PP\x01\xC8 17").identities, IsEmpty());
  EXPECT_EQ(text_of(read("PP\x01\xC8 17"), Text::serial_number), "PP?? 17");
}

TEST(Renogy, TheHardwareIsManufacturerAndModel) {
  auto session = open();
  EXPECT_EQ(text_of(*hear(*session, "5122", text("RBT50LFP48S", 8)), Text::hardware), "RBT50LFP48S");
  const Reading software = *hear(*session, "5130", text("V104", 2) + text("RENOGY", 10));
  EXPECT_EQ(text_of(software, Text::hardware), "RENOGY RBT50LFP48S");
  EXPECT_EQ(text_of(software, Text::manufacturer), "RENOGY");
  EXPECT_EQ(text_of(software, Text::software_version), "V104");
}

TEST(Renogy, SettingsAreShownInTheirUnits) {
  auto session = open();
  Words words(22, 0);
  words[0] = 37;
  words[7] = -50 & 0xFFFF;
  words[8] = 11000;
  words[19] = -20000 & 0xFFFF;
  const auto extras = extras_of(*hear(*session, "5200", words));
  EXPECT_EQ(std::get<double>(extras.at("cell_overvoltage_v")), 3.7);
  EXPECT_EQ(std::get<double>(extras.at("charge_undertemp_c")), -5);
  EXPECT_EQ(std::get<double>(extras.at("charge_overcurrent_2_a")), 110);
  EXPECT_EQ(std::get<double>(extras.at("discharge_overcurrent_2_a")), 200);
  EXPECT_EQ(extras_of(*hear(*session, "5226", {0xFFFF, 0xFFFF, 100, 100})).count("unique_id"), 0U);
  EXPECT_EQ(std::get<std::string>(extras_of(*hear(*session, "5226", {1, 2, 100, 100})).at("unique_id")), "00010002");
}

TEST(Renogy, ExtrasAreCollectedOnlyWhenAskedFor) {
  auto session = open({}, false);
  for (const auto& [name, words] : std::map<std::string, Words>{{"5000", cells(4)},
                                                                {"5042", kMeasurements},
                                                                {"5100", status()},
                                                                {"5035", {1, 1, 1, 1, 1, 1, 1}},
                                                                {"5048", {1, 1, 1, 1, 1}},
                                                                {"5122", text("RBT", 8)},
                                                                {"5200", Words(22, 1)}}) {
    EXPECT_THAT(hear(*session, name, words)->extras, IsEmpty()) << name;
  }
}

}  // namespace
}  // namespace bmsd::renogy_values_test
