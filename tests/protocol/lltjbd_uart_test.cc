#include "protocol/lltjbd_uart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "lltjbd_uart_replies.h"
#include "polls.h"
#include "vectors.h"

namespace bmsd::lltjbd_uart_test {
namespace {

using namespace test;          // NOLINT: a test of these replies
using namespace test::lltjbd;  // NOLINT
using testing::ElementsAre;
using testing::IsEmpty;

// --- Vectors ---

TEST(LltJbdUart, EveryVectorWithOneReplyHolds) {
  const auto vectors = load_vectors("lltjbd-uart.json");
  ASSERT_GE(vectors.size(), 11U);
  for (const Vector& vector : vectors) {
    const auto params = vector.param_views();
    EXPECT_THAT(differences(jbd, vector, jbd.decode_vector(vector.request, vector.response, params)), IsEmpty())
        << vector.name;
  }
}

TEST(LltJbdUart, EveryVectorHoldsOnTheWayThroughFramerTagAndSession) {
  const auto polls = load_polls("lltjbd-uart.json");
  ASSERT_GE(polls.size(), 22U);
  for (const Poll& poll : polls) {
    EXPECT_THAT(differences(jbd, poll.vector, hear(jbd, poll)), IsEmpty()) << poll.vector.name;
  }
}

// --- Requests ---

TEST(LltJbdUart, RequestsAreThePrintedOnes) {
  auto session = open();
  const auto asked = [&](std::string_view name) { return to_hex(session->request(index_of(name))->bytes); };
  EXPECT_EQ(asked("03"), "DDA50300FFFD77");
  EXPECT_EQ(asked("04"), "DDA50400FFFC77");
  EXPECT_EQ(asked("05"), "DDA50500FFFB77");
  EXPECT_EQ(asked("AA"), "DDA5AA00FF5677");
  EXPECT_EQ(asked("10"), "DDA51000FFF077");
  EXPECT_EQ(asked("2D"), "DDA52D00FFD377");
  EXPECT_EQ(asked("A2"), "DDA5A200FF5E77");
}

TEST(LltJbdUart, NoRequestEverWrites) {
  auto session = open();
  int asked = 0;
  for (int i = 0; i < 256; ++i) {
    const auto request = session->request(static_cast<std::uint8_t>(i));
    if (!request) continue;
    ++asked;
    EXPECT_EQ(request->bytes.at(1), 0xA5);
    EXPECT_EQ(request->bytes.at(3), 0) << "a read carries nothing";
    EXPECT_EQ(jbd.tag({request->bytes}).exchange, i);
  }
  EXPECT_EQ(asked, static_cast<int>(jbd.exchanges.size()) - 3) << "all but factory mode and switches";
}

TEST(LltJbdUart, PollingAsksForNothingThatNeedsFactoryMode) {
  for (const Exchange& exchange : jbd.exchanges) {
    const bool polled = is_polled(exchange.cadence);
    EXPECT_EQ(polled, exchange.name == "03" || exchange.name == "04" || exchange.name == "05") << exchange.name;
  }
}

TEST(LltJbdUart, ABoardThatDoesNotAnswerOneParameterIsNotAskedForTheOthers) {
  const Error refused{Errc::refused, "status_error", 0x81, {}}, silent{Errc::timeout, "no_reply", 0, {}};
  auto session = open();
  session->failed(index_of("2D"), refused);
  EXPECT_FALSE(session->request(index_of("2D")));
  EXPECT_FALSE(session->request(index_of("A2")));
  EXPECT_TRUE(session->request(index_of("AA")));
  ASSERT_TRUE(hear(*session, "05", reply(5, {'x'})));
  EXPECT_TRUE(session->request(index_of("A2"))) << "connected anew";
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(session->request(index_of("2D")));
    session->failed(index_of("2D"), silent);
  }
  EXPECT_FALSE(session->request(index_of("2D")));
}

TEST(LltJbdUart, ABoardThatAnsweredAParameterIsAskedForAllOfThem) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "2D", reply(0x2D, {0, 5})));
  session->failed(index_of("A0"), {Errc::refused, "status_error", 0x80, {}});
  EXPECT_TRUE(session->request(index_of("A1")));
}

TEST(LltJbdUart, DamageSaysNothingAboutParameters) {
  auto session = open();
  for (int i = 0; i < 9; ++i) session->failed(index_of("2D"), {Errc::checksum, "bad_checksum", 0, {}});
  session->failed(index_of("03"), {Errc::refused, "status_error", 0x80, {}});
  EXPECT_TRUE(session->request(index_of("2D")));
}

// --- Register 03 ---

TEST(LltJbdUart, TheFirstOfSeveralSensorsIsTheBoards) {
  const Reading three = reading_of({});
  EXPECT_DOUBLE_EQ(*three.get(Field::mos_temperature), 25.0);
  EXPECT_THAT(*three.cell_temperatures, ElementsAre(20.0, 15.0));
  Data03 data;
  data.sensors = {2720};
  const Reading one = reading_of(data);
  EXPECT_EQ(one.says(Field::mos_temperature), Says::nothing);
  EXPECT_THAT(*one.cell_temperatures, ElementsAre(-1.1));
  data.sensors = {};
  const Reading none = reading_of(data);
  EXPECT_EQ(none.says(Field::mos_temperature), Says::nothing);
  EXPECT_THAT(*none.cell_temperatures, IsEmpty());
}

TEST(LltJbdUart, SensorsThatDoNotFitAreLeftOut) {
  ByteVector data = Data03().bytes();
  data[22] = 200;
  auto session = open({}, true);
  const auto reading = hear(*session, "03", reply(3, data));
  ASSERT_TRUE(reading);
  EXPECT_THAT(*reading->cell_temperatures, ElementsAre(20.0, 15.0));
  EXPECT_EQ(extras_of(*reading).count("humidity_percent"), 0U);
}

TEST(LltJbdUart, LargeUnitsAreTenTimesAsLarge) {
  Data03 data;
  data.switches = 0x83;
  const Reading large = reading_of(data), small = reading_of({});
  EXPECT_DOUBLE_EQ(*small.get(Field::current), -12.34);
  EXPECT_DOUBLE_EQ(*large.get(Field::current), -123.4);
  EXPECT_DOUBLE_EQ(*large.get(Field::capacity_full), 1000);
  EXPECT_DOUBLE_EQ(*large.get(Field::capacity_remaining), 500);
  EXPECT_DOUBLE_EQ(*large.get(Field::voltage), 52.8);
}

TEST(LltJbdUart, TheVersionIsTwoNumbers) {
  Data03 data;
  data.version = 0x2C;
  EXPECT_EQ(text_of(reading_of(data), Text::software_version), "2.12");
}

TEST(LltJbdUart, WhatIsNoDateIsNotSaid) {
  Data03 data;
  EXPECT_EQ(text_of(reading_of(data), Text::production_date), "2022-03-28");
  for (const int date : {0, 0x2C60 /* day 0 */, 0x2C1C /* month 0 */, 0x2DBC /* month 13 */, 0xFFFF}) {
    data.date = date;
    EXPECT_EQ(text_of(reading_of(data), Text::production_date), "") << date;
  }
}

TEST(LltJbdUart, TheTailIsShownAndNotUsed) {
  Data03 data;
  data.tail = {44, 0x80, 0x00, 0x13, 0x88, 0x08, 0xF6, 0x00, 0x7B, 0xAB, 0xCD};
  const Reading reading = reading_of(data, {}, true);
  EXPECT_EQ(number(reading, "humidity_percent"), 44);
  EXPECT_EQ(number(reading, "alarm_flags_raw"), 0x8000);
  EXPECT_EQ(number(reading, "learned_capacity_ah"), 50);
  EXPECT_EQ(number(reading, "learned_capacity_remaining_ah"), 22.94);
  EXPECT_DOUBLE_EQ(number(reading, "balance_current_a"), 0.123);
  EXPECT_EQ(std::get<std::string>(extras_of(reading)["tail_hex"]), "ABCD");
  EXPECT_THAT(reading.alarms->names, IsEmpty());
  EXPECT_DOUBLE_EQ(*reading.get(Field::capacity_full), 100);
}

TEST(LltJbdUart, ExtrasAreCollectedOnlyWhenAskedFor) {
  auto session = open();
  EXPECT_THAT(hear(*session, "03", reply(3, Data03().bytes()))->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "AA", reply(0xAA, cells(12)))->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "24", reply(0x24, {0x0E, 0x42}))->extras, IsEmpty());
}

TEST(LltJbdUart, ItHasNoIdentityButItsPort) {
  EXPECT_THAT(reading_of({}).identities, IsEmpty());
  auto session = open();
  const auto bar_code = hear(*session, "A2", reply(0xA2, {3, 'a', 'b', 'c'}));
  EXPECT_EQ(text_of(*bar_code, Text::serial_number), "abc");
  EXPECT_THAT(bar_code->identities, IsEmpty());
}

// --- Alarms ---

struct AlarmCase {
  int bit;
  const char* name;
  Alarm alarm;
  Severity severity;
  int blocks;
};

TEST(LltJbdUart, EveryProtectionHasItsClassAndDirection) {
  const AlarmCase cases[] = {
      {0, "cell_overvoltage", Alarm::high_cell_voltage, Severity::alarm, 1},
      {1, "cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, 2},
      {2, "pack_overvoltage", Alarm::high_voltage, Severity::alarm, 1},
      {3, "pack_undervoltage", Alarm::low_voltage, Severity::alarm, 2},
      {4, "charge_overtemp", Alarm::high_charge_temperature, Severity::alarm, 1},
      {5, "charge_undertemp", Alarm::low_charge_temperature, Severity::alarm, 1},
      {6, "discharge_overtemp", Alarm::high_temperature, Severity::alarm, 2},
      {7, "discharge_undertemp", Alarm::low_temperature, Severity::alarm, 2},
      {8, "charge_overcurrent", Alarm::high_charge_current, Severity::alarm, 1},
      {9, "discharge_overcurrent", Alarm::high_discharge_current, Severity::alarm, 2},
      {10, "short_circuit", Alarm::high_discharge_current, Severity::alarm, 2},
      {11, "frontend_ic_error", Alarm::internal_failure, Severity::alarm, 0},
      {12, "mosfet_software_lock", Alarm::internal_failure, Severity::warning, 0},
      {13, "charge_mos_breakdown", Alarm::internal_failure, Severity::alarm, 0},
      {14, "discharge_mos_breakdown", Alarm::internal_failure, Severity::alarm, 0},
  };
  EXPECT_EQ(std::size(cases), jbd.alarm_bits.size());
  for (const AlarmCase& one : cases) {
    Data03 data;
    data.protections = 1 << one.bit;
    const Alarms alarms = *reading_of(data).alarms;
    ASSERT_EQ(alarms.names.size(), 1U) << one.name;
    EXPECT_STREQ(alarms.names.front(), one.name);
    EXPECT_EQ(alarms.of(one.alarm), one.severity) << one.name;
    EXPECT_EQ(alarms.blocks, one.blocks) << one.name;
  }
}

TEST(LltJbdUart, WhatItCannotTellIsUnsupported) {
  const Alarms alarms = *reading_of({}).alarms;
  EXPECT_EQ(alarms.of(Alarm::cell_imbalance), Severity::unsupported);
  EXPECT_EQ(alarms.of(Alarm::fuse_blown), Severity::unsupported);
  EXPECT_EQ(alarms.of(Alarm::high_cell_voltage), Severity::ok);
}

TEST(LltJbdUart, ALowStateOfChargeIsJudgedByTheConfiguration) {
  const auto level = [](int soc, std::vector<Param> params = {}) {
    Data03 data;
    data.soc = soc;
    const Alarms alarms = *reading_of(data, std::move(params)).alarms;
    EXPECT_THAT(alarms.names, IsEmpty());
    return alarms.of(Alarm::low_soc);
  };
  EXPECT_EQ(level(20), Severity::ok);
  EXPECT_EQ(level(19), Severity::warning);
  EXPECT_EQ(level(10), Severity::warning);
  EXPECT_EQ(level(9), Severity::alarm);
  const std::vector<Param> own = {{"SOC_LOW_WARNING", "40"}, {"SOC_LOW_ALARM", "30.5"}};
  EXPECT_EQ(level(40, own), Severity::ok);
  EXPECT_EQ(level(39, own), Severity::warning);
  EXPECT_EQ(level(30, own), Severity::alarm);
  EXPECT_EQ(level(19, {{"SOC_LOW_WARNING", "much"}}), Severity::warning) << "what is no number is not taken";
}

// --- Register 04 ---

TEST(LltJbdUart, CellsAreThoseThatRegister03Counts) {
  auto session = open();
  EXPECT_EQ(hear(*session, "04", reply(4, cells(20)))->cell_voltages->size(), 20U) << "not counted yet";
  ASSERT_TRUE(hear(*session, "03", reply(3, Data03().bytes())));
  EXPECT_EQ(hear(*session, "04", reply(4, cells(20)))->cell_voltages->size(), 16U);
  EXPECT_DOUBLE_EQ(hear(*session, "04", reply(4, cells(16)))->cell_voltages->back(), 3.315);
  EXPECT_EQ(hear(*session, "04", reply(4, cells(15))).error().code, Errc::implausible);
  ByteVector odd = cells(16);
  odd.push_back(1);
  EXPECT_EQ(hear(*session, "04", reply(4, odd)).error().code, Errc::implausible);
  EXPECT_EQ(hear(*session, "04", reply(4, {})).error().code, Errc::implausible);
  EXPECT_EQ(hear(*open(), "04", reply(4, cells(33))).error().code, Errc::implausible);
}

// --- Names, counters, parameters ---

TEST(LltJbdUart, TheNameIsPlainTextWithOrWithoutItsLength) {
  auto session = open();
  const auto name = [&](ByteVector data) { return text_of(*hear(*session, "05", reply(5, data)), Text::hardware); };
  EXPECT_EQ(name({'J', 'B', 'D', '-', '1'}), "JBD-1");
  EXPECT_EQ(name({5, 'J', 'B', 'D', '-', '1'}), "JBD-1");
  EXPECT_EQ(name({'J', 'B', 'D', 0, 0}), "JBD");
  EXPECT_EQ(name({'J', 0x1B, 'D'}), "J?D");
  EXPECT_THAT(hear(*session, "05", reply(5, {}))->texts, IsEmpty());
}

TEST(LltJbdUart, ElevenCountersAreAsGoodAsTwelve) {
  auto session = open({}, true);
  ByteVector data;
  for (int i = 1; i <= 11; ++i) put16(data, i);
  const Reading eleven = *hear(*session, "AA", reply(0xAA, data));
  EXPECT_EQ(number(eleven, "short_circuit_count"), 1);
  EXPECT_EQ(number(eleven, "pack_undervoltage_count"), 11);
  EXPECT_EQ(extras_of(eleven).count("restart_count"), 0U);
  put16(data, 12);
  EXPECT_EQ(number(*hear(*session, "AA", reply(0xAA, data)), "restart_count"), 12);
}

TEST(LltJbdUart, TheCurrentLimitsAreAmounts) {
  auto session = open();
  EXPECT_EQ(hear(*session, "28", reply(0x28, {0x27, 0x10}))->get(Field::max_charge_current), 100);
  EXPECT_EQ(hear(*session, "29", reply(0x29, {0xD8, 0xF0}))->get(Field::max_discharge_current), 100);
  ASSERT_TRUE(hear(*session, "2D", reply(0x2D, {0x10, 0x05})));
  EXPECT_EQ(hear(*session, "29", reply(0x29, {0xD8, 0xF0}))->get(Field::max_discharge_current), 1000);
  EXPECT_EQ(hear(*session, "28", reply(0x28, {0x27})).error().code, Errc::implausible);
}

TEST(LltJbdUart, ParametersAreShownInTheirUnits) {
  auto session = open({}, true);
  const auto read = [&](std::string_view name, ByteVector data) {
    return *hear(*session, name, reply(from_hex(name)->front(), data));
  };
  EXPECT_EQ(number(read("24", {0x0E, 0x42}), "cell_overvoltage_v"), 3.65);
  EXPECT_EQ(number(read("22", {0x0F, 0xA0}), "pack_undervoltage_v"), 40);
  EXPECT_EQ(number(read("18", {0x0D, 0x35}), "charge_overtemp_c"), 65);
  EXPECT_EQ(number(read("1A", {0x0A, 0x79}), "charge_undertemp_c"), -5);
  EXPECT_EQ(number(read("10", {0x27, 0x10}), "design_capacity_ah"), 100);
  EXPECT_EQ(number(read("2C", {0, 5}), "shunt_milliohm"), 0.5);
  EXPECT_EQ(std::get<std::string>(extras_of(read("15", {0x2C, 0x7C})).at("stored_date")), "2022-03-28");
  EXPECT_EQ(text_of(read("A0", {2, 'J', 'B'}), Text::manufacturer), "JB");
  const Reading functions = read("2D", {0x00, 0x05});
  EXPECT_TRUE(std::get<bool>(extras_of(functions).at("balancer_enabled")));
  EXPECT_THAT(std::get<std::vector<std::string>>(extras_of(functions).at("functions")),
              ElementsAre("switch", "balancing"));
}

// --- Properties ---

RC_GTEST_PROP(LltJbdUartProperties, AnyDataOfAnyRegisterIsSurvived, (ByteVector data, std::uint8_t status)) {
  data.resize(std::min<std::size_t>(data.size(), 255));
  auto session = open({}, true);
  const auto exchange = *rc::gen::inRange<std::size_t>(0, jbd.exchanges.size() - 3);
  const auto asked = session->request(static_cast<std::uint8_t>(exchange));
  const ByteVector bytes = reply(asked->bytes[2], data, *rc::gen::elementOf(std::vector<int>{status, 0, 0, 0}));
  const Frame frame{bytes};
  const auto reading = session->decode({&*asked, {&frame, 1}, true});
  RC_CLASSIFY(reading.ok());
}

RC_GTEST_PROP(LltJbdUartProperties, AWrongByteNeverGivesAReading, (std::uint8_t wrong, bool of_cells)) {
  ByteVector bytes = of_cells ? reply(4, cells(16)) : reply(3, Data03().bytes());
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_PRE(bytes[place] != wrong);
  bytes[place] = wrong;
  const auto scan = jbd.framer(bytes, true);
  if (scan.kind != Scan::frame) return;
  auto session = open();
  RC_ASSERT(!hear(*session, of_cells ? "04" : "03", bytes).ok());
}

RC_GTEST_PROP(LltJbdUartProperties, TheFramerTakesSomethingOrWaits, (ByteVector bytes, bool over)) {
  for (std::uint8_t& byte : bytes) {
    if (byte % 8 == 0) byte = 0xDD;
  }
  RC_PRE(!bytes.empty());
  const Scan scan = jbd.framer(bytes, over);
  const bool waits = scan.size == 0 && !over, takes = scan.size >= 1 && scan.size <= bytes.size();
  const bool right = scan.kind == Scan::more ? waits : takes;
  RC_ASSERT(right);
}

}  // namespace
}  // namespace bmsd::lltjbd_uart_test
