// Frames of the Daly "A5" protocol. All of them have 13 bytes, in both directions:
//
//   A5  40  90  08  00 00 00 00 00 00 00 00  7D     request
//   A5  01  90  08  02 10 00 00 75 30 01 F4  EA     reply
//   |   |   |   |   8 bytes of data          check: the low 8 bits of the sum of all bytes before it
//   |   |   |   length of the data, always 8
//   |   |   command, the same in request and reply
//   |   who is asked or who answers
//   start; may occur inside of the data
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace bmsd::daly {

inline constexpr std::uint8_t kStart = 0xA5;
inline constexpr std::size_t kFrameSize = 13, kDataSize = 8;

// Who asks. Board n answers to kPc + n - 1, and every board to the host on its other port.
inline constexpr std::uint8_t kGprs = 0x20, kPc = 0x40, kApp = 0x80;
inline constexpr int kMostBoards = 16;

struct DalyFrame {
  std::uint8_t address = 0;
  std::uint8_t command = 0;
  Bytes data = {};  // 8 bytes; lives as long as the bytes that were parsed
};

// The frame at the front of `bytes`; what follows it is left alone. Checks in this order, first hit wins:
//   noise bad_header      empty, or the first byte is not A5
//   incomplete truncated  fewer than 13 bytes
//   checksum bad_checksum
//   length bad_length     byte 3 is not 8
Result<DalyFrame> parse_frame(Bytes bytes);

ByteVector encode_frame(std::uint8_t address, std::uint8_t command, Bytes data);

// Framer. Of a damaged frame only the first byte is dropped: a good one may begin inside of it.
Scan scan_frame(Bytes buffer, bool over);

// Whether the address is one that only requests have.
bool is_request_address(std::uint8_t address);

// The number of the board that a request is for (1..16; 1 for the hosts of the other ports, to whom every board answers
// so), or nothing: nobody is asked with this address.
std::optional<std::uint8_t> board_asked(std::uint8_t request_address);

}  // namespace bmsd::daly
