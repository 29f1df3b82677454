// Frames of the JBD UART protocol. Requests and replies have one shape:
//
//   DD  A5  03      00          FFFD     77      request: OP (A5 read, 5A write), REG
//   DD  03  00      1D  data    FA8D     77      reply: REG, STATUS
//   |   |   |       |           |        end
//   |   head third  LEN of data check: makes the bytes from `third` to the end of data and itself add up to 0 modulo 65536
//   start
//
// The check leaves `head` out: which register a reply names is not guarded by it.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace bmsd::lltjbd {

inline constexpr std::uint8_t kRead = 0xA5, kWrite = 0x5A;

struct JbdFrame {
  std::uint8_t head = 0;   // request: OP; reply: REG
  std::uint8_t third = 0;  // request: REG; reply: STATUS
  Bytes data = {};         // lives as long as the bytes that were parsed

  bool is_request() const { return head == kRead || head == kWrite; }
};

// The frame at the front of `bytes`; what follows it is left alone. Checks in this order, first hit wins:
//   noise bad_header     empty, or the first byte is not DD
//   incomplete truncated fewer bytes than LEN says
//   noise bad_trailer    the last one is not 77
//   checksum bad_checksum
Result<JbdFrame> parse_frame(Bytes bytes);

// Length of the frame that begins with `head` (at least four bytes), in bytes.
std::size_t frame_size(Bytes head);

ByteVector encode_frame(const JbdFrame& frame);

// Framer. Behind a beginning whose end has not come (a reply that was cut off) an intact frame is found nevertheless.
Scan scan_frame(Bytes buffer, bool over);

}  // namespace bmsd::lltjbd
