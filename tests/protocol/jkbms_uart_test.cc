#include "protocol/jkbms_uart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "jkbms_uart_replies.h"
#include "polls.h"

namespace bmsd::jkbms_uart_test {
namespace {

using namespace test::jkbms;  // NOLINT: a test of these answers
using nlohmann::json;
using test::Poll;
using test::Vector;
using testing::ElementsAre;
using testing::IsEmpty;

// --- Vectors ---

TEST(JkBmsUart, EveryVectorWithOneReplyHolds) {
  const auto vectors = test::load_vectors("jkbms-uart.json");
  ASSERT_GE(vectors.size(), 49U);
  for (const Vector& vector : vectors) {
    const auto params = vector.param_views();
    EXPECT_THAT(test::differences(jk, vector, jk.decode_vector(vector.request, vector.response, params)), IsEmpty())
        << vector.name;
  }
}

TEST(JkBmsUart, EveryVectorHoldsOnTheWayThroughFramerTagAndSession) {
  int heard = 0;
  for (const Poll& poll : test::load_polls("jkbms-uart.json")) {
    if (poll.exchanges.front().second.empty()) continue;  // silence is the line's to notice
    EXPECT_THAT(test::differences(jk, poll.vector, test::hear(jk, poll)), IsEmpty()) << poll.vector.name;
    ++heard;
  }
  EXPECT_GE(heard, 48);
}

TEST(JkBmsUart, EveryDescribedRequestIsBuilt) {
  std::ifstream stream(std::string(BMSD_TESTS_DIR) + "/vectors/jkbms-uart.json");
  int built = 0;
  for (const json& vector : json::parse(stream)) {
    if (vector.value("kind", "") != "encode") continue;
    std::vector<std::pair<std::string, std::string>> texts;
    for (const auto& [key, value] : vector["input"].items())
      texts.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    std::vector<Param> input;
    for (const auto& [key, value] : texts) input.push_back({key, value});
    const auto bytes = jk.encode_vector(input);
    ASSERT_TRUE(bytes) << vector["name"];
    EXPECT_EQ(*bytes, *from_hex(vector["expect"]["request_hex"].get<std::string>())) << vector["name"];
    ++built;
  }
  EXPECT_GE(built, 4);
}

TEST(JkBmsUart, ADescriptionThatMakesNoSenseBuildsNothing) {
  const std::vector<std::vector<Param>> inputs = {
      {},
      {{"op", "reset"}},
      {{"op", "read_one"}},
      {{"op", "read_one"}, {"register", "0x100"}},
      {{"op", "read_one"}, {"register", "x"}},
      {{"op", "write"}, {"register", "0xAB"}},
      {{"op", "write"}, {"register", "0xAB"}, {"value_hex", "0"}},
      {{"op", "read_all"}, {"source", "moon"}},
      {{"op", "read_all"}, {"terminal_number", "many"}},
  };
  for (const auto& input : inputs) EXPECT_FALSE(jk.encode_vector(input)) << (input.empty() ? "" : input.back().value);
}

// --- Requests ---

constexpr char kReadAll[] = "4E5700130000000006030000000000006800000129",
               kReadZero[] = "4E5700130000000003030000000000006800000126",
               kActivate[] = "4E5700130000000001030000000000006800000124";

std::string asked(Session& session, std::uint8_t exchange = 0) { return to_hex(session.request(exchange)->bytes); }

const Error kSilence{Errc::timeout, "no_reply", 0, {}};

TEST(JkBmsUart, RequestsAreThePrintedOnes) {
  auto session = open();
  EXPECT_EQ(asked(*session), kReadAll);
  EXPECT_EQ(asked(*session, 1), kReadZero);
  EXPECT_FALSE(session->request(2));
  EXPECT_EQ(asked(*open(1)), "4E570013000000010603000000000000680000012A");
  EXPECT_EQ(asked(*open(0xAB)), "4E570013000000AB060300000000000068000001D4");
}

TEST(JkBmsUart, ABoardThatHasNeverAnsweredIsWokenUpAfterOneSilence) {
  auto session = open();
  session->failed(0, kSilence);
  EXPECT_EQ(asked(*session), kActivate);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(asked(*session), kReadAll) << i;
    session->failed(0, kSilence);
  }
  EXPECT_EQ(asked(*session), kActivate);
}

TEST(JkBmsUart, ABoardThatHasAnsweredIsWokenUpAfterThree) {
  auto session = open();
  ASSERT_TRUE(hear(*session, frame(Registers().data())));
  for (int i = 0; i < 2; ++i) session->failed(0, kSilence);
  ASSERT_TRUE(hear(*session, frame(Registers().data()))) << "which counts afresh";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(asked(*session), kReadAll) << i;
    session->failed(0, kSilence);
  }
  EXPECT_EQ(asked(*session), kActivate);
}

TEST(JkBmsUart, ADamagedAnswerIsNoSleep) {
  auto session = open();
  for (int i = 0; i < 9; ++i) session->failed(0, {Errc::checksum, "bad_checksum", 0, {}});
  session->failed(1, kSilence);
  EXPECT_EQ(asked(*session), kReadAll);
}

TEST(JkBmsUart, TheAnswerToWakingUpSaysThatItIsThereAndNothingElse) {
  auto session = open();
  session->failed(0, kSilence);
  const auto woken = hear(*session, frame({0}, {.command = 1}));
  ASSERT_FALSE(woken);
  EXPECT_EQ(woken.error().code, Errc::refused);
  session->failed(0, woken.error());
  EXPECT_EQ(asked(*session), kReadAll);
  EXPECT_EQ(hear(*session, frame({0}, {.command = 1})).error().code, Errc::command) << "nobody has asked for it";
}

// --- Which answers are taken ---

TEST(JkBmsUart, TheAnswerIsTakenUnderEitherCommand) {
  EXPECT_TRUE(hear(*open(), frame(Registers().data(), {.command = 3})));
  EXPECT_TRUE(hear(*open(), frame(Registers().data(), {.command = 6}), 1));
}

TEST(JkBmsUart, WhatIsNoAnswerOfABoardIsRefused) {
  for (const Around& around :
       {Around{.type = 0}, {.type = 2}, {.source = 3}, {.command = 1}, {.command = 2}, {.command = 5}}) {
    const auto reading = hear(*open(), frame(Registers().data(), around));
    ASSERT_FALSE(reading);
    EXPECT_STREQ(reading.error().what, "wrong_command");
  }
}

TEST(JkBmsUart, WithoutATerminalNumberAnyIsTakenAndWithOneNoOther) {
  const ByteVector of_none = frame(Registers().data()), of_3 = frame(Registers().data(), {.terminal = 3}),
                   of_far = frame(Registers().data(), {.terminal = 0x00030003});
  for (const ByteVector& bytes : {of_none, of_3, of_far}) EXPECT_TRUE(hear(*open(), bytes));
  EXPECT_TRUE(hear(*open(3), of_3));
  for (const ByteVector& bytes : {of_none, of_far}) EXPECT_EQ(hear(*open(3), bytes).error().code, Errc::address);
  EXPECT_STREQ(hear(*open(4), of_3).error().what, "wrong_address");
}

TEST(JkBmsUart, SingleRegistersAreNotTakenForEverything) {
  for (const int id : {0x79, 0x83, 0x84, 0x85}) {
    EXPECT_EQ(refusal_of(Registers().without(id)), "wrong_command") << id;
  }
  EXPECT_EQ(hear(*open(), frame({})).error().code, Errc::command);
}

TEST(JkBmsUart, AnAnswerWithoutAQuestionIsRefused) {
  const ByteVector bytes = frame(Registers().data());
  const Frame frame{bytes};
  EXPECT_STREQ(open()->decode({nullptr, {&frame, 1}, true}).error().what, "unasked");
  const Request request{0, bytes};
  EXPECT_STREQ(open()->decode({&request, {&frame, 1}, true}).error().what, "unasked");
  EXPECT_EQ(open()->decode({&request, {}, true}).error().code, Errc::incomplete);
}

// --- A vector ---

TEST(JkBmsUart, AVectorMayHoldTheEchoOfItsRequest) {
  const ByteVector request = *from_hex(kReadAll), answer = frame(Registers().data());
  ByteVector heard = request;
  append(heard, answer);
  EXPECT_TRUE(jk.decode_vector(request, heard, {}));
  heard.resize(heard.size() - 9);
  EXPECT_STREQ(jk.decode_vector(request, heard, {}).error().what, "truncated");
  EXPECT_STREQ(jk.decode_vector(request, request, {}).error().what, "wrong_command");
}

TEST(JkBmsUart, AVectorNeedsNoRequestAndMayHoldOneRegister) {
  EXPECT_TRUE(jk.decode_vector({}, frame(Registers().data()), {}));
  const auto soc = jk.decode_vector({}, frame({0x85, 50}, {.command = 3}), {});
  ASSERT_TRUE(soc);
  EXPECT_EQ(soc->get(Field::soc), 50);
  EXPECT_FALSE(soc->alarms);
  EXPECT_FALSE(soc->get(Field::capacity_remaining));
  const auto current = jk.decode_vector({}, frame({0x84, 0x03, 0xE8}, {.command = 3}), {});
  ASSERT_TRUE(current);
  EXPECT_FALSE(current->get(Field::current)) << "how to read it is not in this answer";
}

TEST(JkBmsUart, AVectorsTerminalNumberIsItsRequestsOrTheParameters) {
  const ByteVector of_2 = frame(Registers().data(), {.terminal = 2});
  const std::vector<Param> two = {{"terminal_number", "2"}}, three = {{"terminal_number", "3"}},
                           odd = {{"terminal_number", "?"}};
  EXPECT_TRUE(jk.decode_vector({}, of_2, two));
  EXPECT_EQ(jk.decode_vector({}, of_2, three).error().code, Errc::address);
  EXPECT_EQ(jk.decode_vector(open(3)->request(0)->bytes, of_2, {}).error().code, Errc::address);
  EXPECT_EQ(jk.decode_vector({}, of_2, odd).error().code, Errc::config);
  EXPECT_EQ(jk.decode_vector(of_2, of_2, {}).error().code, Errc::config) << "an answer is no request";
}

TEST(JkBmsUart, AVectorOfNoiseHasNoHeader) {
  EXPECT_STREQ(jk.decode_vector({}, ByteVector{0x00, 0x12, 0x57, 0x4E, 0x34}, {}).error().what, "bad_header");
  EXPECT_STREQ(jk.decode_vector({}, {}, {}).error().what, "no_answer");
}

TEST(JkBmsUart, AVectorWhoseOnlyBeginningHasAnAbsurdLengthSaysSo) {
  ByteVector heard = {0x00, 0x12};
  append(heard, test::jkbms::text("NW_1_0_0_200428", 15));
  EXPECT_STREQ(jk.decode_vector({}, heard, {}).error().what, "bad_length");
  ByteVector damaged = frame(Registers().data());
  damaged.back() ^= 1;
  append(heard, damaged);
  EXPECT_STREQ(jk.decode_vector({}, heard, {}).error().what, "bad_checksum") << "there is a better one";
}

// --- A cell that reads 0 ---

Registers with_cells(std::vector<unsigned> millivolts) {
  ByteVector list = {static_cast<std::uint8_t>(3 * millivolts.size())};
  std::uint8_t number = 0;
  for (const unsigned cell : millivolts) {
    list.push_back(++number);
    append(list, big(cell, 2));
  }
  return Registers().with(0x79, list);
}

TEST(JkBmsUart, ACellThatReadsZeroForAMomentIsWhatItWas) {
  auto session = open();
  const ByteVector good = frame(with_cells({3301, 3302, 3303, 3304}).data()),
                   zero = frame(with_cells({3311, 0, 3313, 3314}).data());
  const auto cells = [&](const ByteVector& bytes) { return *hear(*session, bytes)->cell_voltages; };
  EXPECT_THAT(cells(zero), ElementsAre(3.311, 0, 3.313, 3.314)) << "nothing is known of it yet";
  cells(good);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(cells(zero), ElementsAre(3.311, 3.302, 3.313, 3.314)) << i;
  EXPECT_THAT(cells(zero), ElementsAre(3.311, 0, 3.313, 3.314)) << "it stays so";
  cells(good);
  EXPECT_THAT(cells(zero), ElementsAre(3.311, 3.302, 3.313, 3.314));
  auto other = open();
  ASSERT_TRUE(hear(*other, frame(with_cells({3301, 3302}).with(0x8A, big(2, 2)).data())));
  EXPECT_THAT(*hear(*other, zero)->cell_voltages, ElementsAre(3.311, 0, 3.313, 3.314)) << "another board";
}

// --- Properties ---

RC_GTEST_PROP(JkBmsUartProperties, AnyDataIsSurvived, (ByteVector data, bool registers)) {
  data.resize(std::min<std::size_t>(data.size(), 380));
  if (registers) {  // of these it is made
    for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(byte % 2 == 0 ? 0x79 + byte % 0x48 : byte);
  }
  const auto reading = hear(*open(), frame(data));
  RC_CLASSIFY(reading.ok());
  if (const auto any = jk.decode_vector({}, frame(data), {}); any && any->cell_voltages) {
    RC_ASSERT(!any->cell_voltages->empty());
    RC_ASSERT(any->cell_voltages->size() <= 32U);
  }
}

RC_GTEST_PROP(JkBmsUartProperties, AWrongByteNeverGivesAReading, (std::uint8_t wrong)) {
  ByteVector bytes = frame(Registers().data());
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_PRE(bytes[place] != wrong);
  bytes[place] = wrong;
  RC_ASSERT(jk.framer(bytes, true).kind == Scan::junk);
  RC_ASSERT(!hear(*open(), bytes).ok());
}

}  // namespace
}  // namespace bmsd::jkbms_uart_test
