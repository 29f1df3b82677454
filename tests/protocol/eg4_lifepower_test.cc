#include "protocol/eg4_lifepower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "eg4_lifepower_replies.h"
#include "polls.h"
#include "protocol/eg4_lifepower_frame.h"
#include "vectors.h"

namespace bmsd::eg4_lifepower_test {
namespace {

using namespace test::eg4;  // NOLINT: a test of these replies
using test::differences;
using test::load_polls;
using test::load_vectors;
using test::Poll;
using test::Vector;
using testing::ElementsAre;
using testing::IsEmpty;

const Error silence{Errc::timeout, "no_reply", 0, {}};

// --- Vectors ---

TEST(Eg4Lifepower, EveryVectorHolds) {
  const auto vectors = load_vectors("eg4-lifepower.json");
  ASSERT_GE(vectors.size(), 18U);
  for (const Vector& vector : vectors) {
    EXPECT_THAT(differences(lifepower, vector, lifepower.decode_vector(vector.request, vector.response, {})), IsEmpty())
        << vector.name;
  }
}

TEST(Eg4Lifepower, EveryVectorHoldsOnTheWayThroughFramerTagAndSession) {
  const auto polls = load_polls("eg4-lifepower.json");
  ASSERT_GE(polls.size(), 18U);
  for (const Poll& poll : polls) {
    if (poll.vector.expect_error == "not_this_bms") continue;  // noise, in a stream
    EXPECT_THAT(differences(lifepower, poll.vector, test::hear(lifepower, poll)), IsEmpty()) << poll.vector.name;
  }
}

// --- Requests ---

TEST(Eg4Lifepower, RequestsAreThePublishedOnes) {
  const char* const checks[] = {"00", "FE", "FC", "FE", "F8", "FE", "FC", "FE",
                                "F0", "FE", "FC", "FE", "F8", "FE", "FC", "FE"};
  for (int address = 0; address < 16; ++address) {
    const std::string number(1, "0123456789ABCDEF"[address]);
    EXPECT_EQ(to_hex(open(address)->request(index_of("01"))->bytes), "7E0" + number + "0100" + checks[address] + "0D");
  }
  auto session = open();
  const auto asked = [&](std::string_view name) { return to_hex(session->request(index_of(name))->bytes); };
  EXPECT_EQ(asked("01 again"), "7E010100FE0D");
  EXPECT_EQ(asked("33"), "7E013300FE0D");
  EXPECT_EQ(asked("42"), "7E014200FC0D");
  session->failed(index_of("01"), silence);
  EXPECT_EQ(asked("01"), "7C010100020D");
  EXPECT_EQ(asked("33"), "7C013300FE0D");
  EXPECT_EQ(asked("42"), "7C014200800D");
  EXPECT_EQ(asked("06"), "7C010600F80D");
}

TEST(Eg4Lifepower, NothingIsEverSentButReads) {
  auto session = open();
  int asked = 0;
  for (int i = 0; i < 256; ++i) {
    const auto request = session->request(static_cast<std::uint8_t>(i));
    if (!request) continue;
    ++asked;
    EXPECT_THAT(request->bytes.at(2), testing::AnyOf(0x01, 0x33, 0x42, 0x06));
    EXPECT_EQ(request->bytes.at(3), 0);
    EXPECT_EQ(lifepower.tag({request->bytes}).role, Role::request);
    EXPECT_EQ(lifepower.tag({request->bytes}).address, 1);
  }
  EXPECT_EQ(asked, 5);
}

// --- The start byte ---

TEST(Eg4Lifepower, OnlySilenceOfTheGeneralDataChangesTheStartByte) {
  auto session = open();
  EXPECT_EQ(start_byte(*session), 0x7E);
  session->failed(index_of("33"), silence);
  session->failed(index_of("01 again"), silence);
  session->failed(index_of("01"), {Errc::checksum, "bad_checksum", 0, {}});
  EXPECT_EQ(start_byte(*session), 0x7E);
  session->failed(index_of("01"), silence);
  EXPECT_EQ(start_byte(*session), 0x7C);
  session->failed(index_of("01"), silence);
  EXPECT_EQ(start_byte(*session), 0x7E);
}

TEST(Eg4Lifepower, TheStartByteThatWorkedIsKeptUntilThePackWasAwayForLong) {
  auto session = open();
  session->failed(index_of("01"), silence);
  ASSERT_TRUE(hear(*session, "01", reply(1, General().bytes(), 1, 0x7C)));
  for (int i = 0; i < 7; ++i) session->failed(index_of("01"), silence);
  EXPECT_EQ(start_byte(*session), 0x7C);
  session->failed(index_of("01"), silence);
  EXPECT_EQ(start_byte(*session), 0x7E) << "perhaps another pack";
}

TEST(Eg4Lifepower, AReplyToTheOtherStartByteIsPassedOver) {
  auto session = open();
  const auto late = hear(*session, "01", reply(1, General().bytes(), 1, 0x7C));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::command) << "the line waits on";
  const ByteVector asked = *from_hex("7E010100FE0D");
  EXPECT_EQ(word_of(lifepower.decode_vector(asked, reply(1, General().bytes(), 1, 0x7C), {})), "bad_header");
}

// --- Frames ---

TEST(Eg4LifepowerFrame, ATagSaysWhoAndWhat) {
  const auto tag = [](const ByteVector& bytes) { return lifepower.tag({bytes}); };
  const Tag general = tag(reply(0x01, General().bytes(), 5)), name = tag(reply(0x33, {'x'}, 0));
  EXPECT_EQ(general.role, Role::reply);
  EXPECT_EQ(general.address, 5);
  EXPECT_EQ(general.exchange, -1) << "two exchanges ask for it";
  EXPECT_EQ(name.address, 0);
  EXPECT_EQ(name.exchange, index_of("33"));
  EXPECT_EQ(tag(reply(0x77, {'x'})).role, Role::foreign);
  EXPECT_EQ(tag(reply(0x77, {})).role, Role::request) << "of another master";
  EXPECT_EQ(tag(reply(0x77, {})).exchange, -1);
}

TEST(Eg4LifepowerFrame, AnIntactFrameIsFoundBehindAnything) {
  const ByteVector good = reply(1, General().bytes());
  for (const char* noise : {"00", "7E", "7C7E", "7E0101", "7E0101FF", "7E010158011000", "7E323030", "FF7E0101580D"}) {
    ByteVector stream = *from_hex(noise);
    stream.insert(stream.end(), good.begin(), good.end());
    Bytes rest = stream;
    Scan scan = lifepower.framer(rest, false);
    while (scan.kind == Scan::junk) {
      ASSERT_GT(scan.size, 0U);
      rest = rest.subspan(scan.size);
      scan = lifepower.framer(rest, false);
    }
    EXPECT_EQ(scan.kind, Scan::frame) << noise;
    EXPECT_EQ(to_hex(rest.first(scan.size)), to_hex(good)) << noise;
  }
}

TEST(Eg4LifepowerFrame, CarriageReturnsInsideEndNothing) {
  General data;
  data.cells.assign(16, 0x0D0D);
  data.voltage = 5345;
  const ByteVector bytes = reply(1, data.bytes());
  for (std::size_t size = 1; size < bytes.size(); ++size)
    ASSERT_EQ(lifepower.framer(Bytes(bytes).first(size), false).kind, Scan::more) << size;
  EXPECT_EQ(lifepower.framer(bytes, false).kind, Scan::frame);
}

TEST(Eg4LifepowerFrame, AReplyThatIsCutOffIsJunkOnceItIsOver) {
  const ByteVector bytes = reply(1, General().bytes());
  const Scan scan = lifepower.framer(Bytes(bytes).first(40), true);
  EXPECT_EQ(scan.kind, Scan::junk);
  EXPECT_STREQ(scan.why.what, "truncated");
}

TEST(Eg4LifepowerFrame, TextOfOtherBatteriesIsNoise) {
  const ByteVector pylontech = *from_hex("7E323030313441303030303030464441380D");
  const Scan scan = lifepower.framer(pylontech, false);
  EXPECT_EQ(scan.kind, Scan::junk);
  EXPECT_EQ(scan.why.code, Errc::noise);
  EXPECT_EQ(scan.size, pylontech.size());
}

RC_GTEST_PROP(Eg4LifepowerFrame, WhatIsEncodedIsParsed, (const std::vector<std::uint8_t>& any)) {
  const Bytes payload = Bytes(any).first(std::min<std::size_t>(any.size(), 255));
  const auto start = *rc::gen::element<std::uint8_t>(0x7E, 0x7C);
  const auto address = *rc::gen::inRange<std::uint8_t>(0, 16);
  const auto command = *rc::gen::arbitrary<std::uint8_t>();
  const ByteVector bytes = eg4::encode_frame({start, address, command, payload});
  RC_ASSERT(bytes == reply(command, {payload.begin(), payload.end()}, address, start));
  const auto frame = eg4::parse_frame(bytes);
  RC_ASSERT(frame.ok());
  RC_ASSERT(to_hex(frame->payload) == to_hex(payload));
  RC_ASSERT(lifepower.framer(bytes, false).size == bytes.size());
}

// --- What a reply is refused for ---

TEST(Eg4Lifepower, AReplyMustAnswerTheQuestion) {
  const ByteVector asked = *from_hex("7E010100FE0D"), good = reply(1, General().bytes());
  const auto word = [&](const ByteVector& response) { return word_of(lifepower.decode_vector(asked, response, {})); };
  EXPECT_EQ(word(good), "accepted");
  EXPECT_EQ(word({}), "no_reply");
  EXPECT_EQ(word(reply(1, General().bytes(), 2)), "wrong_address");
  EXPECT_EQ(word(reply(1, General().bytes(), 0x81)), "wrong_address");
  EXPECT_EQ(word(reply(0x33, {'x'})), "wrong_type");
  EXPECT_EQ(word(asked), "implausible") << "an echo and nothing else";
  ByteVector echoed = asked;
  echoed.insert(echoed.end(), good.begin(), good.end());
  EXPECT_EQ(word(echoed), "accepted");
  ByteVector stale = {0x00, 0x7E};
  stale.insert(stale.end(), good.begin(), good.end());
  EXPECT_EQ(word(stale), "accepted");
  ByteVector twice = good;
  twice.insert(twice.end(), good.begin(), good.end());
  EXPECT_EQ(word(twice), "accepted");
}

TEST(Eg4Lifepower, ARepliesOwnWordsAreEnoughWithoutTheRequest) {
  const auto reading = lifepower.decode_vector({}, reply(1, General().bytes(), 9, 0x7C), {});
  ASSERT_TRUE(reading);
  EXPECT_EQ(std::get<double>(extras_of(*reading).at("address")), 9);
  EXPECT_EQ(word_of(lifepower.decode_vector({}, reply(0x77, {'x'}), {})), "wrong_type");
}

TEST(Eg4Lifepower, EveryGroupFrom01To09MustBeThereOnce) {
  for (int missing = 1; missing <= 9; ++missing) {
    General data;
    data.without = {missing};
    EXPECT_EQ(word_of(hear(*open(), data)), "implausible") << missing;
    data.more = group(missing, {});
    EXPECT_EQ(word_of(hear(*open(), data)), missing == 5 ? "accepted" : "implausible") << missing << " without content";
  }
  General data;
  data.without = {10};
  EXPECT_EQ(word_of(hear(*open(), data)), "accepted");
  data.more = group(3, {5000});
  EXPECT_EQ(word_of(hear(*open(), data)), "implausible") << "twice";
}

TEST(Eg4Lifepower, HostileCountsAreRefused) {
  for (const char* end : {"0B", "12FF", "0B02000000", "1202000100", "010100"}) {
    General data;
    data.more = *from_hex(end);
    EXPECT_EQ(word_of(hear(*open(), data)), "implausible") << end;
  }
  General data;
  data.cells.clear();
  data.voltage = 0;
  EXPECT_EQ(word_of(hear(*open(), data)), "implausible");
  data.cells.assign(33, 100);
  EXPECT_EQ(word_of(hear(*open(), data)), "implausible");
  data.cells.assign(32, 100);
  EXPECT_EQ(word_of(hear(*open(), data)), "accepted");
}

TEST(Eg4Lifepower, TheCellsMustAddUpToTheVoltage) {
  General data;
  data.voltage = 5028;  // the cells have 5 % more, and 60 mV
  EXPECT_EQ(word_of(hear(*open(), data)), "implausible");
  data.voltage = 5029;
  EXPECT_EQ(word_of(hear(*open(), data)), "accepted");
  data.voltage = 0;
  EXPECT_EQ(word_of(hear(*open(), data)), "accepted");
  data.voltage = 5280;
  data.cells.assign(16, 0);
  EXPECT_EQ(word_of(hear(*open(), data)), "accepted") << "refused when it is merged into a battery";
}

// --- Values ---

TEST(Eg4Lifepower, GroupsAreReadInAnyOrderAndUnknownOnesPassedOver) {
  General data;
  data.without = {3};
  data.more = *from_hex("00 00 00 00 55 02 0102 0304 03 01 1388 11 01 0000");
  EXPECT_DOUBLE_EQ(*reading_of(data).get(Field::soc), 50);
}

TEST(Eg4Lifepower, NumbersHaveTheirScales) {
  General data;
  data.current = 42345;
  const Reading reading = reading_of(data);
  EXPECT_DOUBLE_EQ(*reading.get(Field::current), -123.45);
  EXPECT_DOUBLE_EQ(*reading.get(Field::voltage), 52.8);
  EXPECT_DOUBLE_EQ(*reading.get(Field::soh), 99);
  EXPECT_DOUBLE_EQ(*reading.get(Field::capacity_full), 100);
  EXPECT_DOUBLE_EQ(*reading.get(Field::capacity_remaining), 50);
  EXPECT_EQ(*reading.get(Field::cycles), 7);
  EXPECT_EQ(*reading.get(Field::cell_count), 16);
  EXPECT_FALSE(reading.get(Field::total_charge)) << "not on this board";
  EXPECT_FALSE(reading.get(Field::charge_fet_on)) << "never told";
  EXPECT_FALSE(reading.balancing_cells) << "bit 15 is not certain";
  EXPECT_THAT(reading.identities, IsEmpty());
}

TEST(Eg4Lifepower, SensorsAreToldApartByTheirKind) {
  General data;
  data.temperatures = {0x0000, 0x00FF, 0x4023, 0x2014, 0x9041};
  const Reading reading = reading_of(data);
  EXPECT_THAT(*reading.cell_temperatures, ElementsAre(-50, 205));
  EXPECT_EQ(*reading.get(Field::mos_temperature), -15);
  EXPECT_EQ(*reading.get(Field::ambient_temperature), -30);
  EXPECT_EQ(std::get<std::vector<double>>(extras_of(reading).at("temperatures_c")).size(), 5U);
}

TEST(Eg4Lifepower, TotalsHaveFourBytes) {
  General data;
  data.more = *from_hex("0B01000002F1 0C010000024E 0D01000411CC 0E010002F850 0F01000098BC 1001000076C0 11010000");
  const Reading reading = reading_of(data);
  EXPECT_EQ(*reading.get(Field::total_charge), 753);
  EXPECT_EQ(*reading.get(Field::total_discharge), 590);
  EXPECT_DOUBLE_EQ(*reading.get(Field::total_charge_energy), 39.1);
  EXPECT_DOUBLE_EQ(*reading.get(Field::total_discharge_energy), 30.4);
}

Alarms alarms_of(unsigned state, int current = 30000) {
  General data;
  data.status[1] = static_cast<int>(state);
  data.current = current;
  return reading_of(data).alarms.value();
}

TEST(Eg4Lifepower, StatesAreNoAlarms) {
  const Alarms alarms = alarms_of(0xF803);
  EXPECT_THAT(alarms.names, IsEmpty());
  EXPECT_EQ(alarms.of(Alarm::high_cell_voltage), Severity::ok);
  EXPECT_EQ(alarms.of(Alarm::low_soc), Severity::unsupported);
}

TEST(Eg4Lifepower, AVoltageProtectionIsOfPackAndCells) {
  const Alarms high = alarms_of(0x10), low = alarms_of(0x20);
  EXPECT_EQ(high.of(Alarm::high_voltage), Severity::alarm);
  EXPECT_EQ(high.of(Alarm::high_cell_voltage), Severity::alarm);
  EXPECT_EQ(low.of(Alarm::low_voltage), Severity::alarm);
  EXPECT_EQ(low.of(Alarm::low_cell_voltage), Severity::alarm);
  EXPECT_THAT(high.names, ElementsAre(testing::StrEq("overvoltage")));
}

TEST(Eg4Lifepower, AProtectionStopsItsDirection) {
  for (int bit = 2; bit <= 10; ++bit) {
    const Alarms alarms = alarms_of(1U << bit);
    EXPECT_EQ(alarms.blocks_charge(), bit == 4 || bit == 6 || bit == 7) << bit;
    EXPECT_EQ(alarms.blocks_discharge(), bit == 5) << bit;
    EXPECT_EQ(alarms.names.size(), 1U) << bit;
  }
}

TEST(Eg4Lifepower, OvercurrentIsOfTheDirectionOfTheCurrent) {
  for (const Alarms& alarms : {alarms_of(0x08 | 0x02), alarms_of(0x08, 30100)}) {
    EXPECT_EQ(alarms.of(Alarm::high_discharge_current), Severity::alarm);
    EXPECT_EQ(alarms.of(Alarm::high_charge_current), Severity::ok);
  }
  for (const Alarms& alarms : {alarms_of(0x08 | 0x01), alarms_of(0x08), alarms_of(0x08, 29900)}) {
    EXPECT_EQ(alarms.of(Alarm::high_charge_current), Severity::alarm);
    EXPECT_EQ(alarms.of(Alarm::high_discharge_current), Severity::ok);
  }
}

// --- Names ---

TEST(Eg4Lifepower, TheFirmwareNameIsText) {
  const auto name = [](const ByteVector& bytes) { return hear(*open(), "33", reply(0x33, bytes)); };
  EXPECT_EQ(text_of(*name({' ', 'A', '-', '1', 0, 0xFF}), Text::software_version), "A-1");
  EXPECT_EQ(word_of(name({'A', 0xC1, '1'})), "implausible");
  EXPECT_EQ(word_of(name({0, 0})), "implausible");
}

TEST(Eg4Lifepower, OfTheHardwareWhatCanBeReadIsTaken) {
  const auto some = hear(*open(), "42", reply(0x42, {0x00, 'B', 0x80, '2', 0x0D}));
  EXPECT_EQ(text_of(*some, Text::hardware), "B2");
  EXPECT_EQ(std::get<std::string>(extras_of(*some).at("hardware_hex")), "004280320D");
  const auto none = hear(*open(), "42", reply(0x42, {0x00, 0x80}));
  ASSERT_TRUE(none);
  EXPECT_THAT(none->texts, IsEmpty());
}

TEST(Eg4Lifepower, ExtrasAreCollectedOnlyWhereAskedFor) {
  auto session = open(1, false);
  EXPECT_THAT(hear(*session, General())->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "42", reply(0x42, {'B'}))->extras, IsEmpty());
  EXPECT_THAT(hear(*session, "06", reply(0x06, {1, 2, 3, 4}))->extras, IsEmpty());
}

// Some bytes of good general data are wrong: nearly all of it is refused, and the rest stays within its bounds.
RC_GTEST_PROP(Eg4Lifepower, DamagedPayloadsAreRefusedOrReadWithinBounds, ()) {
  ByteVector payload = General().bytes();
  const int wrong = *rc::gen::inRange(1, 4);
  for (int i = 0; i < wrong; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, payload.size());
    payload[at] = *rc::gen::arbitrary<std::uint8_t>();
  }
  const auto reading = hear(*open(), "01", reply(1, payload));
  if (!reading) {
    RC_ASSERT(reading.error().code == Errc::implausible);
    return;
  }
  RC_ASSERT(reading->cell_voltages->size() == 16U);
  RC_ASSERT(reading->cell_temperatures->size() <= 4U);
}

}  // namespace
}  // namespace bmsd::eg4_lifepower_test
