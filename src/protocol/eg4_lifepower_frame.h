// Frames of the Tian-Power protocol. Requests and replies have one shape:
//
//   7E  01  33   00             FE     0D     request: nothing in the payload
//   7C  01  33   16   payload   E2     0D     reply
//   |   |   |    |              check  end
//   |   |   |    LEN of the payload, in bytes
//   |   |   command
//   |   address
//   start: 7E or 7C, the reply repeats it
//
// The check is the sum of all bytes before it, modulo 256, XOR the XOR of the same bytes. It fits every captured reply and
// every request that was published. A flipped bit changes it only by the carries of the sum: bit 7 of a byte can be wrong
// without a trace, of single flipped bits 44 % pass, of single wrong bytes 9 %. An intact frame is therefore no proof of a
// number in it (eg4_lifepower_agreement.h).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace bmsd::eg4 {

inline constexpr std::uint8_t kStart = 0x7E, kOtherStart = 0x7C;
inline constexpr std::uint8_t kHighestAddress = 15;  // four switches

struct Eg4Frame {
  std::uint8_t start = kStart, address = 0, command = 0;
  Bytes payload = {};  // lives as long as the bytes that were parsed

  bool is_request() const { return payload.empty(); }
};

// The frame at the front of `bytes`; what follows it is left alone. Checks in this order, first hit wins:
//   noise bad_header      empty, or the first byte is neither 7E nor 7C
//   incomplete truncated  fewer bytes than LEN says
//   noise bad_trailer     the last one is not 0D
//   checksum bad_checksum
Result<Eg4Frame> parse_frame(Bytes bytes);

// `frame.payload`: at most 255 bytes.
ByteVector encode_frame(const Eg4Frame& frame);

// Framer. An address that no pack can have is noise: other batteries' text begins with 7E too. Behind a beginning whose
// end has not come (a reply that was cut off) an intact frame is found nevertheless.
Scan scan_frame(Bytes buffer, bool over);

}  // namespace bmsd::eg4
