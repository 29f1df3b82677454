#include "protocol/renogy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "polls.h"
#include "renogy_replies.h"
#include "vectors.h"

namespace bmsd::renogy_test {
namespace {

using namespace test;          // NOLINT: a test of these replies
using namespace test::renogy;  // NOLINT
using testing::ElementsAre;
using testing::IsEmpty;

const Error kNoSuchRegisters = {Errc::refused, "modbus_exception", 2, {}};

// --- Vectors ---

TEST(Renogy, EveryVectorWithOneReplyHolds) {
  const auto vectors = load_vectors("renogy.json");
  ASSERT_GE(vectors.size(), 10U);
  for (const Vector& vector : vectors) {
    const auto params = vector.param_views();
    EXPECT_THAT(differences(battery, vector, battery.decode_vector(vector.request, vector.response, params)), IsEmpty())
        << vector.name;
  }
}

TEST(Renogy, EveryVectorHoldsOnTheWayThroughFramerTagAndSession) {
  const auto polls = load_polls("renogy.json");
  ASSERT_GE(polls.size(), 16U);
  for (const Poll& poll : polls) {
    EXPECT_THAT(differences(battery, poll.vector, test::hear(battery, poll)), IsEmpty()) << poll.vector.name;
  }
}

// --- Requests ---

TEST(Renogy, RequestsAreReadsOfTheBlocks) {
  auto session = open();
  const auto asked = [&](std::string_view name) { return to_hex(session->request(index_of(name))->bytes); };
  EXPECT_EQ(asked("5000"), "300313880022455C");
  EXPECT_EQ(asked("5100"), "300313EC000A049D");
  EXPECT_EQ(asked("5122"), "300314020008E41D");
  EXPECT_EQ(asked("5042"), "300313B20006654A");
}

TEST(Renogy, NoRequestEverWritesAndNoTwoBlocksThatArePolledAreEquallyLong) {
  auto session = open();
  std::set<int> counts;
  for (std::size_t i = 0; i < 256; ++i) {
    const auto request = session->request(static_cast<std::uint8_t>(i));
    if (!request) continue;
    EXPECT_EQ(request->bytes.at(1), 0x03);
    EXPECT_EQ(battery.tag({request->bytes}).exchange, static_cast<int>(i));
    EXPECT_TRUE(counts.insert(request->bytes.at(5)).second) << battery.exchanges[i].name;
    const int first = request->bytes.at(2) << 8 | request->bytes.at(3);
    EXPECT_LT(first + request->bytes.at(5), 5231) << "the monitor's registers are none of ours";
  }
  EXPECT_EQ(counts.size(), 12U);
}

TEST(Renogy, TheModelIsReadOnceAndAgainAfterALostReply) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "5122", text("RBT50LFP48S", 8)));
  EXPECT_FALSE(session->request(index_of("5122")));
  session->failed(index_of("5000"), {Errc::checksum, "bad_crc", 0, {}});
  EXPECT_FALSE(session->request(index_of("5122")));
  session->failed(index_of("5000"), {Errc::timeout, "no_reply", 0, {}});
  EXPECT_TRUE(session->request(index_of("5122")));
}

TEST(Renogy, ARefusedBlockIsReadInPiecesAndARefusedPieceLeftOut) {
  auto session = open();
  EXPECT_FALSE(session->request(index_of("5051")));
  session->failed(index_of("5048"), kNoSuchRegisters);
  EXPECT_TRUE(session->request(index_of("5048"))) << "one refusal may be another master's";
  session->failed(index_of("5048"), kNoSuchRegisters);
  EXPECT_FALSE(session->request(index_of("5048")));
  EXPECT_TRUE(session->request(index_of("5048/1")));
  const auto limit = hear(*session, "5051", {5000});
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->get(Field::max_charge_current), 50);
  for (int i = 0; i < 2; ++i) session->failed(index_of("5048/1"), kNoSuchRegisters);
  EXPECT_FALSE(session->request(index_of("5048/1")));
  EXPECT_TRUE(session->request(index_of("5051")));
}

TEST(Renogy, WhatWasAnsweredOnceIsNotGivenUpForAFewRefusals) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "5035", {0, 0, 0, 0, 0, 0, 0}));
  for (int i = 0; i < 5; ++i) session->failed(index_of("5035"), kNoSuchRegisters);
  EXPECT_TRUE(session->request(index_of("5035")));
  EXPECT_FALSE(session->request(index_of("5036")));
  session->failed(index_of("5035"), kNoSuchRegisters);
  EXPECT_FALSE(session->request(index_of("5035")));
  EXPECT_TRUE(session->request(index_of("5036")));
}

TEST(Renogy, AlarmsThatAreNotReadAnyMoreEnd) {
  auto session = open();
  const auto low_cell = hear(*session, "5100", status(5101, 1));
  ASSERT_TRUE(low_cell);
  EXPECT_EQ(low_cell->alarms->of(Alarm::low_cell_voltage), Severity::alarm);
  for (int i = 0; i < 6; ++i) session->failed(index_of("5100"), kNoSuchRegisters);
  const auto less = hear(*session, "5100", {0x000E, 0, 0, 0x00C0});
  ASSERT_TRUE(less);
  EXPECT_EQ(less->alarms->of(Alarm::low_cell_voltage), Severity::ok);
}

TEST(Renogy, OnlyRefusalsOfTheRangeSplitABlock) {
  auto session = open();
  for (const int code : {1, 4, 5}) {
    for (int i = 0; i < 9; ++i) session->failed(index_of("5048"), {Errc::refused, "modbus_exception", code, {}});
  }
  EXPECT_TRUE(session->request(index_of("5048")));
}

TEST(Renogy, WithoutCellsOrCurrentThereIsNoBattery) {
  auto session = open();
  for (int i = 0; i < 20; ++i) {
    session->failed(index_of("5000"), kNoSuchRegisters);
    session->failed(index_of("5042"), kNoSuchRegisters);
    session->failed(index_of("5100"), kNoSuchRegisters);
  }
  EXPECT_EQ(to_hex(session->request(index_of("5000"))->bytes).substr(4, 8), "13880011") << "the cells alone";
  EXPECT_EQ(to_hex(session->request(index_of("5042"))->bytes).substr(4, 8), "13B20006");
  EXPECT_FALSE(session->request(index_of("5100")));
  EXPECT_TRUE(session->request(index_of("5017")));
}

TEST(Renogy, ABatteryWithoutANameIsReadInTheEnd) {
  auto session = open();
  for (int i = 0; i < 2; ++i) {
    const auto reading = hear(*session, "5122", Words(8, 0));
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, Errc::implausible);
    session->failed(index_of("5122"), reading.error());
  }
  EXPECT_FALSE(session->request(index_of("5122")));
}

// --- Replies that are none ---

TEST(Renogy, ALateReplyToAnotherBlockIsPassedOver) {
  auto session = open();
  const auto asked = *session->request(index_of("5042"));
  EXPECT_EQ(hear(*session, asked, reply(status())).error().code, Errc::length) << "nobody asked for so much";
  (void)session->request(index_of("5100"));
  EXPECT_EQ(hear(*session, asked, reply(status())).error().code, Errc::command);
  EXPECT_EQ(hear(*session, asked, reply(cells(4))).error().code, Errc::length);
  EXPECT_TRUE(hear(*session, asked, reply(kMeasurements)));
}

TEST(Renogy, AfterALostReplyTheNextOneOfItsLengthIsPassedOver) {
  auto session = open();
  for (int i = 0; i < 2; ++i) session->failed(index_of("5048"), kNoSuchRegisters);
  const Error silence{Errc::timeout, "no_reply", 0, {}};
  (void)session->request(index_of("5049"));
  session->failed(index_of("5049"), silence);
  EXPECT_TRUE(hear(*session, "5049", {148})) << "late or not, it is this register";
  const auto asked = *session->request(index_of("5051"));
  EXPECT_EQ(hear(*session, asked, reply({148})).error().code, Errc::command);
  EXPECT_EQ(hear(*session, asked, reply({5000}))->get(Field::max_charge_current), 50);
  (void)session->request(index_of("5049"));
  session->failed(index_of("5049"), silence);
  EXPECT_FALSE(hear(*session, "5051", {5000}));
  session->failed(index_of("5051"), silence);
  EXPECT_TRUE(hear(*session, "5051", {5000})) << "it did come";
  EXPECT_TRUE(hear(*session, "5052", {5000})) << "and nothing is missing any more";
}

TEST(Renogy, WhatDoesNotAnswerHasItsWord) {
  auto session = open();
  const auto asked = *session->request(index_of("5042"));
  const auto word = [&](const ByteVector& bytes) { return std::string(hear(*session, asked, bytes).error().what); };
  EXPECT_EQ(word(reply(kMeasurements, 0x31)), "wrong_address");
  EXPECT_EQ(word(asked.bytes), "echo");
  EXPECT_EQ(word(refusal(4)), "modbus_exception");
  EXPECT_EQ(word(with_modbus_crc({0x30, 0x84, 2})), "wrong_function");
  const Error refused = hear(*session, asked, refusal(2)).error();
  EXPECT_EQ(refused.number, 2);
  EXPECT_EQ(refused.detail, "no such registers");
  EXPECT_EQ(session->decode({nullptr, {}, true}).error().code, Errc::command);
  EXPECT_EQ(session->decode({&asked, {}, true}).error().code, Errc::incomplete);
}

TEST(Renogy, DecodeTakesTheReplyOutOfWhatCameWithIt) {
  const ByteVector request = *from_hex("300313B20006654A"), good = reply(kMeasurements);
  const auto decode = [&](std::vector<ByteVector> parts) {
    ByteVector stream;
    for (const ByteVector& part : parts) stream.insert(stream.end(), part.begin(), part.end());
    return battery.decode_vector(request, stream, {});
  };
  EXPECT_TRUE(decode({request, good}));
  EXPECT_TRUE(decode({{0x00}, good}));
  EXPECT_TRUE(decode({reply(kMeasurements, 0x31), good}));
  EXPECT_STREQ(decode({request}).error().what, "no_reply");
  EXPECT_STREQ(decode({reply(kMeasurements, 0x31), refusal(2)}).error().what, "wrong_address");
  EXPECT_STREQ(decode({{0x30, 0x03}}).error().what, "truncated");
  EXPECT_STREQ(decode({with_modbus_crc({0x30, 0x06, 0, 1, 0, 2})}).error().what, "wrong_function");
  EXPECT_EQ(battery.decode_vector({}, good, {}).error().code, Errc::config);
  EXPECT_EQ(battery.decode_vector(good, good, {}).error().code, Errc::config);
}

TEST(Renogy, RegistersThatNobodyKnowsAreNotDecoded) {
  auto session = open();
  EXPECT_STREQ(hear_read(*session, 136, {1, 2}).error().what, "unknown_register");
  EXPECT_STREQ(hear_read(*session, 5053, {1, 2}).error().what, "unknown_register");
}

// --- Properties ---

RC_GTEST_PROP(RenogyProperties, AnyRegistersAreSurvived, (std::vector<std::uint16_t> any)) {
  any.resize(1 + any.size() % 125);
  auto session = open();
  const auto first = *rc::gen::inRange(4990, 5240);
  const auto reading = hear_read(*session, first, Words(any.begin(), any.end()));
  if (reading && reading->cell_voltages) RC_ASSERT(reading->cell_voltages->size() <= 16U);
  RC_CLASSIFY(reading.ok());
}

RC_GTEST_PROP(RenogyProperties, AWrongByteNeverGivesAReading, (std::uint8_t wrong, bool of_cells)) {
  ByteVector bytes = of_cells ? reply(cells(16)) : reply(status());
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_PRE(bytes[place] != wrong);
  bytes[place] = wrong;
  auto session = open();
  RC_ASSERT(!hear(*session, *session->request(index_of(of_cells ? "5000" : "5100")), bytes).ok());
}

}  // namespace
}  // namespace bmsd::renogy_test
