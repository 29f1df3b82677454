// Frames of JK, and whose they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "jkbms_uart_replies.h"

namespace bmsd::jkbms_uart_frame_test {
namespace {

using namespace test::jkbms;  // NOLINT: a test of these answers

// --- Whose frame ---

Tag tag_of(const ByteVector& bytes) { return jk.tag({bytes}); }

TEST(JkBmsUartTag, AQuestionNamesItsExchangeAndPerhapsItsBoard) {
  const Tag all = tag_of(open()->request(0)->bytes), zero = tag_of(open(7)->request(1)->bytes);
  EXPECT_EQ(all.role, Role::request);
  EXPECT_EQ(all.address, -1);
  EXPECT_EQ(all.exchange, 0);
  EXPECT_EQ(zero.role, Role::request);
  EXPECT_EQ(zero.address, 7);
  EXPECT_EQ(zero.exchange, 1);
}

TEST(JkBmsUartTag, QuestionsThatAreNotOursAreQuestions) {
  for (const auto& [data, command] :
       std::vector<std::pair<ByteVector, int>>{{{0x85}, 3}, {{0xAB, 0}, 2}, {{0xB2, 0}, 5}, {{0}, 1}}) {
    const Tag tag = tag_of(frame(data, {.command = command, .source = 1, .type = 0}));
    EXPECT_EQ(tag.role, Role::request) << command;
    EXPECT_EQ(tag.exchange, -1) << command;
  }
  EXPECT_EQ(tag_of(frame({0}, {.source = 2, .type = 0})).exchange, 0) << "whoever asks";
  EXPECT_GT(tag_of(frame({0}, {.source = 2, .type = 0, .terminal = 0x80000001})).address, 255);
}

TEST(JkBmsUartTag, AnAnswerNamesNeither) {
  for (const int command : {6, 3, 1}) {
    const Tag tag = tag_of(frame(Registers().data(), {.command = command, .terminal = 3}));
    EXPECT_EQ(tag.role, Role::reply);
    EXPECT_EQ(tag.address, -1) << "whoever was asked, at whatever number";
    EXPECT_EQ(tag.exchange, -1);
  }
}

TEST(JkBmsUartTag, UploadsAndAnswersToWritesAreNobodys) {
  for (const Around& around :
       {Around{.type = 2}, {.source = 1}, {.type = 3}, {.command = 2}, {.command = 5}, {.command = 4}})
    EXPECT_EQ(tag_of(frame(Registers().data(), around)).role, Role::foreign);
  EXPECT_EQ(tag_of({0x4E, 0x57, 0x00}).role, Role::foreign);
}

// --- Framer ---

Scan scan(const ByteVector& bytes, bool over = false) { return jk.framer(bytes, over); }

TEST(JkBmsUartFramer, WaitsForTheEndAndGivesUpWhenNothingComes) {
  const ByteVector good = frame(Registers().data());
  for (std::size_t size = 1; size < good.size(); ++size) {
    const Bytes part = Bytes(good).first(size);
    EXPECT_EQ(jk.framer(part, false).kind, Scan::more) << size;
    EXPECT_EQ(jk.framer(part, true).kind, Scan::junk) << size;
    EXPECT_STREQ(jk.framer(part, true).why.what, "truncated") << size;
  }
  EXPECT_EQ(scan(good).kind, Scan::frame);
  EXPECT_EQ(scan(good).size, good.size());
  EXPECT_EQ(jk.framer({}, true).kind, Scan::more);
}

TEST(JkBmsUartFramer, NothingIsLookedForInsideAFrame) {
  const ByteVector inner = frame(Registers().data());
  Registers registers;
  registers.with(0xB7, text("NW_1_0_0_200428", 15)).tail = inner;
  const ByteVector outer = frame(registers.data());
  EXPECT_EQ(scan(outer).size, outer.size());
  EXPECT_EQ(jk.framer(Bytes(outer).first(outer.size() - 1), false).kind, Scan::more);
}

TEST(JkBmsUartFramer, FindsAFrameBehindNoiseAndBehindHalfAFrame) {
  const ByteVector good = frame(Registers().data());
  ByteVector noisy = {0x00, 0xFF, 0x4E, 0x00};
  append(noisy, good);
  EXPECT_EQ(scan(noisy).kind, Scan::junk);
  EXPECT_EQ(scan(noisy).size, 4U);
  EXPECT_STREQ(scan(noisy).why.what, "bad_header");

  ByteVector twice(good.begin(), good.begin() + 40);
  append(twice, good);
  EXPECT_EQ(scan(twice).kind, Scan::junk);
  EXPECT_EQ(scan(twice).size, 40U);
  EXPECT_EQ(scan({0x11, 0x4E}).size, 1U) << "the rest of the beginning may come";
  EXPECT_EQ(scan({0x11, 0x4E, 0x4E}).size, 2U);
}

TEST(JkBmsUartFramer, LengthsHaveBounds) {
  const auto beginning = [](unsigned length) {
    ByteVector bytes = {0x4E, 0x57};
    append(bytes, big(length, 2));
    return bytes;
  };
  for (const unsigned length : {0U, 17U, 401U, 0xFFFFU}) {
    EXPECT_EQ(scan(beginning(length)).kind, Scan::junk) << length;
    EXPECT_STREQ(scan(beginning(length)).why.what, "bad_length") << length;
    EXPECT_EQ(scan(beginning(length)).why.code, Errc::length) << length;
  }
  for (const unsigned length : {18U, 400U}) EXPECT_EQ(scan(beginning(length)).kind, Scan::more) << length;
  EXPECT_EQ(scan(frame({})).kind, Scan::frame);
  EXPECT_EQ(scan(frame(ByteVector(382))).kind, Scan::frame);
}

TEST(JkBmsUartFramer, ChecksComeInTheirOrder) {
  const ByteVector good = frame(Registers().data());
  const auto why = [&good](std::vector<std::size_t> wrong) {
    ByteVector bytes = good;
    for (const std::size_t place : wrong) bytes[place] ^= 0x40;
    return std::string(scan(bytes).why.what);
  };
  const std::size_t size = good.size();
  EXPECT_EQ(why({0, 2, size - 5, size - 1}), "bad_header");
  EXPECT_EQ(why({2, size - 5, size - 1}), "bad_length");
  EXPECT_EQ(why({size - 5, size - 1}), "bad_end_byte");
  for (const std::size_t place : {std::size_t{4}, std::size_t{30}, size - 9, size - 4, size - 3, size - 2, size - 1})
    EXPECT_EQ(why({place}), "bad_checksum") << place;
}

RC_GTEST_PROP(JkBmsUartProperties, TheFramerTakesSomethingOrWaits, (ByteVector bytes, bool over)) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] % 8 == 0) bytes[i] = i % 2 == 0 ? 0x4E : 0x57;
    if (bytes[i] % 8 == 1) bytes[i] = 0;
  }
  RC_PRE(!bytes.empty());
  const Scan scan = jk.framer(bytes, over);
  const bool waits = scan.size == 0 && !over, takes = scan.size >= 1 && scan.size <= bytes.size();
  const bool right = scan.kind == Scan::more ? waits : takes;
  RC_ASSERT(right);
}

}  // namespace
}  // namespace bmsd::jkbms_uart_frame_test
