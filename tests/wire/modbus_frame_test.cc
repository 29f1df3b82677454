#include "wire/modbus_frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/modbus.h"

namespace bmsd {
namespace {

ByteVector hex(std::string_view text) { return *from_hex(text); }

ByteVector operator+(ByteVector a, const ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const ByteVector kRequest = hex("300313B20007A48A");
const ByteVector kReply = hex("30030EFFAA008800017BB0000186A0000FE01E");
const ByteVector kRefusal = hex("308302913E");
// FIRST 1402 begins like the length of a reply with 20 bytes.
const ByteVector kTwoFaced = hex("300314020008E41D");

// What a receiver makes of a stream that comes byte by byte and then ends: "frame 8", "bad_crc 3" ...
std::vector<std::string> heard(const ByteVector& stream) {
  std::vector<std::string> parts;
  ByteVector buffer;
  const auto take = [&](bool over) {
    while (!buffer.empty()) {
      const Scan scan = scan_modbus(buffer, over);
      if (scan.kind == Scan::more) return;
      const std::string what = scan.kind == Scan::frame ? "frame" : scan.why.what;
      parts.push_back(what + " " + std::to_string(scan.size));
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(scan.size));
    }
  };
  for (const std::uint8_t byte : stream) {
    buffer.push_back(byte);
    take(false);
  }
  take(true);
  return parts;
}

using Parts = std::vector<std::string>;

TEST(ModbusFrame, ARequestIsBuiltAsItIsPrinted) { EXPECT_EQ(modbus_read(0x30, 3, 5042, 7), kRequest); }

TEST(ModbusFrame, EachKindIsTakenApart) {
  const auto request = parse_modbus(kRequest), reply = parse_modbus(kReply), refusal = parse_modbus(kRefusal);
  ASSERT_TRUE(request && reply && refusal);
  EXPECT_EQ(request->kind, ModbusFrame::request);
  EXPECT_EQ(request->address, 0x30);
  EXPECT_EQ(request->function, 3);
  EXPECT_EQ(request->first, 5042);
  EXPECT_EQ(request->count, 7);
  EXPECT_EQ(modbus_size(*request), 8U);
  EXPECT_EQ(reply->kind, ModbusFrame::reply);
  EXPECT_EQ(reply->data.size(), 14U);
  EXPECT_EQ(reply->data[1], 0xAA);
  EXPECT_EQ(modbus_size(*reply), 19U);
  EXPECT_EQ(refusal->kind, ModbusFrame::refusal);
  EXPECT_EQ(refusal->function, 3);
  EXPECT_EQ(refusal->code, 2);
  EXPECT_EQ(modbus_size(*refusal), 5U);
  EXPECT_EQ(parse_modbus(kTwoFaced)->kind, ModbusFrame::request);
}

TEST(ModbusFrame, WhatFollowsIsLeftAlone) {
  EXPECT_EQ(modbus_size(*parse_modbus(kReply + kRequest)), kReply.size());
  EXPECT_EQ(modbus_size(*parse_modbus(kTwoFaced + kReply)), kTwoFaced.size());
}

TEST(ModbusFrame, RepliesOfTheOtherFunctionsAreFramesToo) {
  const auto inputs = parse_modbus(with_modbus_crc({1, 4, 4, 0, 0, 0, 0x87}));
  EXPECT_EQ(inputs->function, 4);
  EXPECT_EQ(inputs->data.size(), 4U);
  const auto coils = parse_modbus(with_modbus_crc({1, 1, 3, 0xAB, 0xCD, 0xEF}));
  EXPECT_EQ(coils->kind, ModbusFrame::reply) << "as long as a request";
  EXPECT_EQ(coils->data.size(), 3U);
  EXPECT_EQ(parse_modbus(with_modbus_crc({1, 1, 1, 0xAB}))->data.size(), 1U);
  EXPECT_EQ(parse_modbus(with_modbus_crc({1, 3, 3, 0xE8, 0, 2}))->kind, ModbusFrame::request)
      << "registers have two bytes each";
}

TEST(ModbusFrame, DamageHasItsWord) {
  const auto word = [](const ByteVector& bytes) { return std::string(parse_modbus(bytes).error().what); };
  EXPECT_EQ(word({}), "truncated");
  EXPECT_EQ(word(ByteVector(kReply.begin(), kReply.end() - 1)), "truncated");
  EXPECT_EQ(word(with_modbus_crc({0x30, 0x06, 0, 1, 0, 2})), "wrong_function");
  ByteVector flipped = kReply;
  flipped[5] ^= 1;
  EXPECT_EQ(word(flipped), "bad_crc");
  EXPECT_EQ(word(hex("308302913F")), "bad_crc");
}

TEST(ModbusFrame, FramesAreFoundWithoutGaps) {
  EXPECT_EQ(heard(kRequest + kReply + kRefusal + kTwoFaced + kReply),
            (Parts{"frame 8", "frame 19", "frame 5", "frame 8", "frame 19"}));
}

TEST(ModbusFrame, StrayBytesInFrontAreDropped) {
  EXPECT_EQ(heard(hex("00") + kReply), (Parts{"bad_header 1", "frame 19"}));
  EXPECT_EQ(heard(hex("30") + kReply), (Parts{"bad_header 1", "frame 19"}));
  EXPECT_EQ(heard(hex("FF00FF") + kReply).back(), "frame 19");
}

TEST(ModbusFrame, AFrameBehindABrokenOneIsFound) {
  const ByteVector cut(kReply.begin(), kReply.begin() + 9);
  EXPECT_EQ(heard(cut + kReply).back(), "frame 19");
  ByteVector flipped = kReply;
  flipped[6] ^= 0x10;
  EXPECT_EQ(heard(flipped + kReply).back(), "frame 19");
  ByteVector two_faced = kTwoFaced;
  two_faced[7] ^= 1;
  EXPECT_EQ(heard(two_faced + kReply).back(), "frame 19");
  ByteVector longer = kReply;
  longer[2] = 0xF0;  // the length itself is wrong
  EXPECT_EQ(heard(longer + kReply).back(), "frame 19");
}

TEST(ModbusFrame, WhatNeverEndsIsTruncated) {
  EXPECT_EQ(heard(ByteVector(kReply.begin(), kReply.begin() + 9)).front().substr(0, 9), "truncated");
  EXPECT_EQ(scan_modbus(Bytes(kReply).first(1), false).kind, Scan::more);
  EXPECT_EQ(scan_modbus(Bytes(kReply).first(1), true).kind, Scan::junk);
  EXPECT_EQ(scan_modbus({}, true).kind, Scan::more);
}

RC_GTEST_PROP(ModbusFrameProperties, TheFramerTakesSomethingOrWaits, (ByteVector bytes, bool over)) {
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    if (bytes[i] % 4 == 0) bytes[i] = static_cast<std::uint8_t>(1 + bytes[i] / 4 % 4);
  }
  RC_PRE(!bytes.empty());
  const Scan scan = scan_modbus(bytes, over);
  const bool waits = scan.size == 0 && !over, takes = scan.size >= 1 && scan.size <= bytes.size();
  const bool right = scan.kind == Scan::more ? waits : takes;
  RC_ASSERT(right);
}

TEST(ModbusFrame, AReplyThatBeginsAsAnIntactRequestIsAReply) {
  const ByteVector reply = with_modbus_crc({0x31, 0x03, 0x04, 0x04, 0x00, 0x00, 0x00});
  ASSERT_TRUE(modbus_crc_holds(Bytes(reply).first(8)));
  const Scan scan = scan_modbus(reply, true);
  EXPECT_EQ(scan.kind, Scan::frame);
  EXPECT_EQ(scan.size, reply.size());
}

RC_GTEST_PROP(ModbusFrameProperties, AnyReplyIsFoundBehindAnyBytes, (ByteVector before, ByteVector words)) {
  words.resize(2 * (1 + words.size() % 125));
  const ByteVector reply = with_modbus_crc(ByteVector{0x31, 0x03, static_cast<std::uint8_t>(words.size())} + words);
  ByteVector stream = before + reply;
  bool found = false, another = false;
  for (Bytes rest = stream; !rest.empty();) {
    const Scan scan = scan_modbus(rest, true);
    const bool is_it = scan.kind == Scan::frame && same(rest.first(scan.size), reply);
    another = another || (!is_it && scan.kind == Scan::frame);  // one row of bytes in 65536 has a check that holds
    found = found || is_it;
    rest = rest.subspan(scan.size);
  }
  RC_ASSERT(found || another);
}

}  // namespace
}  // namespace bmsd
