// Some adapters put a byte 00 behind an answer of a JK PB board, and it was taken for a part of the answer. Where another master
// asks address 0 at once and both come in one piece, the 00 is the address of its request: that was lost.
#include <gtest/gtest.h>

#include "protocol/jkbms_pb.h"
#include "protocol/jkbms_pb_frame.h"
#include "protocol/responder.h"

namespace bmsd {
namespace {

ByteVector asked(int address) { return jkpb::encode_request(static_cast<std::uint8_t>(address), 0x1620); }

ByteVector answered(int address) {
  PackOptions pack;
  pack.address = address;
  return kJkBmsPb.respond(pack)->answer(asked(address), {}).value();
}

ByteVector together(ByteVector front, Bytes behind) {
  front.insert(front.end(), behind.begin(), behind.end());
  return front;
}

TEST(ARequestTakenForAPad, TheAddressOfARequestBehindAnAnswerIsNoPad) {
  const ByteVector answer = answered(1);
  EXPECT_EQ(jkpb::scan_frame(together(answer, asked(0)), false).size, answer.size());
}

TEST(ARequestTakenForAPad, AnExceptionOfAddress0IsNoPadEither) {
  const ByteVector answer = answered(1), exception = {0x00, 0x90, 0x02, 0xCC, 0x01};
  EXPECT_EQ(jkpb::scan_frame(together(answer, exception), false).size, answer.size());
}

TEST(ARequestTakenForAPad, APadIsPartOfTheAnswerWhateverElseFollows) {
  const ByteVector padded = together(answered(1), ByteVector{0x00});
  EXPECT_EQ(jkpb::scan_frame(padded, false).size, padded.size());
  EXPECT_EQ(jkpb::scan_frame(together(padded, asked(0)), false).size, padded.size());
  EXPECT_EQ(jkpb::scan_frame(together(padded, asked(2)), false).size, padded.size());
  EXPECT_EQ(jkpb::scan_frame(together(padded, answered(2)), false).size, padded.size());
}

}  // namespace
}  // namespace bmsd
