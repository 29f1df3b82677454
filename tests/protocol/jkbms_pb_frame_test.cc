#include "protocol/jkbms_pb_frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "jkbms_pb_replies.h"

namespace bmsd::jkbms_pb_frame_test {
namespace {

using namespace test::jkbms_pb;  // NOLINT: a test of these replies
using bmsd::jkpb::parse_frame;
using bmsd::jkpb::PbFrame;
using bmsd::jkpb::scan_frame;

const ByteVector kPad = {0x00};

std::string word(const Scan& scan) { return scan.why.what; }

TEST(JkBmsPbFrame, ABlockAndItsAcknowledgementAreOneAnswerWithAndWithoutPads) {
  const ByteVector block = status().done();
  for (const int address : {0, 1, 3, 15}) {
    for (const ByteVector& front : {ByteVector(), kPad, kPad + kPad}) {
      for (const ByteVector& behind : {ByteVector(), kPad}) {
        const ByteVector bytes = block + front + ack(address, kStatus) + behind;
        const auto frame = parse_frame(bytes);
        ASSERT_TRUE(frame) << address;
        EXPECT_EQ(frame->kind, PbFrame::answer);
        EXPECT_EQ(frame->address, address);
        EXPECT_EQ(frame->reg, 0x1620);
        EXPECT_EQ(frame->size, bytes.size());
        EXPECT_EQ(scan_frame(bytes, false).size, bytes.size());
      }
    }
  }
}

TEST(JkBmsPbFrame, WhatFollowsAnAnswerIsLeftAlone) {
  const ByteVector one = reply(1, kStatus, status());
  EXPECT_EQ(scan_frame(one + request(2, kStatus), false).size, one.size());
  EXPECT_EQ(scan_frame(one + one, false).size, one.size());
}

TEST(JkBmsPbFrame, EveryBeginningOfAnAnswerMayBecomeOne) {
  const ByteVector bytes = status().done() + kPad + ack(3, kStatus);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const Bytes front = Bytes(bytes).first(size);
    EXPECT_EQ(scan_frame(front, false).kind, Scan::more) << size;
    EXPECT_EQ(scan_frame(front, true).kind, Scan::junk) << size;
    EXPECT_EQ(word(scan_frame(front, true)), size < 4 ? "bad_header" : "truncated") << size;
  }
}

TEST(JkBmsPbFrame, NothingButTheWholeAcknowledgementProvesABlock) {
  const ByteVector block = status().done();
  ByteVector damaged = ack(3, kStatus);
  damaged[7] ^= 1;
  const ByteVector three_pads = kPad + kPad + kPad;
  for (const ByteVector& behind : {damaged + kPad + kPad, three_pads + ack(3, kStatus), request(3, kStatus), block,
                                   ByteVector{0x01} + ack(3, kStatus), ByteVector{0x00, 0x7F} + ack(3, kStatus)}) {
    const Scan scan = scan_frame(block + behind, false);
    EXPECT_EQ(scan.kind, Scan::junk);
    EXPECT_EQ(word(scan), "missing_ack");
  }
  EXPECT_EQ(word(scan_frame(block + damaged, false)), "missing_ack") << "nothing can come any more";
}

TEST(JkBmsPbFrame, ADamagedBlockIsJunkAtOnceAndTheNextAnswerIsFound) {
  ByteVector damaged = status().done();
  damaged[150] ^= 0x10;
  const ByteVector good = reply(3, kStatus, status());
  EXPECT_EQ(word(scan_frame(damaged, false)), "bad_checksum");
  EXPECT_EQ(scan_frame(damaged, false).why.code, Errc::checksum);
  ByteVector cut = good;
  cut.resize(120);
  for (const ByteVector& before :
       {damaged + ack(3, kStatus), cut, ByteVector{0x55, 0xAA}, ByteVector{0x03, 0x10, 0x16}}) {
    const ByteVector stream = before + good;
    std::size_t at = 0;
    Scan scan = scan_frame(stream, false);
    while (scan.kind == Scan::junk) {
      at += scan.size;
      scan = scan_frame(Bytes(stream).subspan(at), false);
    }
    EXPECT_EQ(at, before.size());
    EXPECT_EQ(scan.kind, Scan::frame);
  }
}

TEST(JkBmsPbFrame, RequestsAndExceptionsAreFrames) {
  for (int exchange = 0; exchange < 3; ++exchange) {
    const auto frame = parse_frame(request(5, exchange));
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, PbFrame::request);
    EXPECT_EQ(frame->address, 5);
    EXPECT_EQ(frame->reg, kRegisters[exchange]);
    EXPECT_EQ(frame->size, 11U);
    EXPECT_EQ(jkpb::encode_request(5, static_cast<std::uint16_t>(kRegisters[exchange])), request(5, exchange));
  }
  const auto refused = parse_frame(exception(3, 2));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->kind, PbFrame::exception);
  EXPECT_EQ(refused->code, 2);
  EXPECT_EQ(refused->size, 5U);
}

TEST(JkBmsPbFrame, DamagedRequestsAndStrangeBytesAreJunk) {
  ByteVector damaged = request(3, kStatus);
  damaged[8] = 1;
  EXPECT_EQ(word(scan_frame(damaged, false)), "bad_checksum");
  ByteVector refused = exception(3, 2);
  refused[4] ^= 1;
  EXPECT_EQ(word(scan_frame(refused, false)), "bad_header");
  const ByteVector too_high = with_modbus_crc({0x10, 0x10, 0x16, 0x20, 0, 1, 2, 0, 0});
  EXPECT_EQ(scan_frame(too_high, false).kind, Scan::junk) << "no pack has address 16";
  EXPECT_EQ(word(scan_frame(ack(3, kStatus), false)), "bad_header") << "an acknowledgement alone tells nothing";
}

// So a request can never be taken for the acknowledgement of a block before it.
TEST(JkBmsPbFrame, NoAcknowledgementBeginsLikeARequest) {
  for (int address = 0; address < 16; ++address) {
    for (int exchange = 0; exchange < 3; ++exchange) EXPECT_NE(ack(address, exchange)[6], 0x02);
  }
}

RC_GTEST_PROP(JkBmsPbFrame, TheFramerGetsThroughAnything, (const ByteVector& noise)) {
  const ByteVector pieces[] = {reply(3, kStatus, status()), request(3, kAbout), exception(1, 1), noise};
  ByteVector stream;
  for (int i = 0; i < 4; ++i) {
    const ByteVector& piece = pieces[*rc::gen::inRange(0, 4)];
    stream = std::move(stream) +
             ByteVector(piece.begin(), piece.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                                           0, static_cast<std::ptrdiff_t>(piece.size()) + 1));
  }
  Bytes rest = stream;
  while (!rest.empty()) {
    const Scan scan = scan_frame(rest, true);
    RC_ASSERT(scan.kind != Scan::more && scan.size > 0 && scan.size <= rest.size());
    rest = rest.subspan(scan.size);
  }
}

}  // namespace
}  // namespace bmsd::jkbms_pb_frame_test
