// Frames of the JK UART protocol. Requests and replies have one shape; numbers are big-endian:
//
//   4E57 0013 00000000 06      03     00   00   00000000 68  00000129
//   |    |    |        command source type data |        end check: sum of all bytes up to the end mark, modulo 65536,
//   |    |    terminal                          record       in 32 bits
//   |    bytes from here to the end
//   start, "NW"
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace bmsd::jkuart {

enum Command : std::uint8_t { kActivate = 0x01, kWrite = 0x02, kReadOne = 0x03, kReadAll = 0x06 };
enum Source : std::uint8_t { kFromBms = 0, kFromBluetooth = 1, kFromGps = 2, kFromPc = 3 };
enum Type : std::uint8_t { kRequest = 0, kAnswer = 1, kUnasked = 2 };

struct NwFrame {
  std::uint32_t terminal = 0;
  std::uint8_t command = kReadAll;
  std::uint8_t source = kFromPc;
  std::uint8_t type = kRequest;
  Bytes data = {};  // lives as long as the bytes that were parsed
};

// The frame at the front of `bytes`; what follows it is left alone. Checks in this order, first hit wins:
//   noise bad_header     empty, or it does not begin with 4E 57
//   incomplete truncated fewer bytes than the length says
//   length bad_length    a length below 18 or above 400
//   noise bad_end_byte   no 68 where it belongs
//   checksum bad_checksum
Result<NwFrame> parse_frame(Bytes bytes);

// Bytes of the frame that begins with `head` (at least four bytes).
std::size_t frame_size(Bytes head);

// Where the next 4E 57, or a 4E at the very end, stands at or behind `from`; the size where there is none.
std::size_t find_start(Bytes bytes, std::size_t from);

ByteVector encode_frame(const NwFrame& frame);

// Framer. Inside an intact frame nothing is looked for: the text of a version may begin with "NW".
Scan scan_frame(Bytes buffer, bool over);

}  // namespace bmsd::jkuart
