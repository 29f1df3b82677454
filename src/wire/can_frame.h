// CAN frames as they travel through ports, machines and captures: records of bytes, one behind the other, so that
// everything that moves bytes moves CAN too.
//
//   identifier    4 bytes, big-endian; bit 31: extended (29 bits), else 11 bits
//   data length   1 byte, 0..8
//   data          as many bytes
//
// No check of its own: the controller has verified the frame's CRC. Remote and error frames have no record.
#pragma once

#include <cstdint>

#include "wire/frame.h"

namespace bmsd {

struct CanFrame {
  std::uint32_t id = 0;  // 11 or 29 bits
  bool extended = false;
  Bytes data;  // at most 8 bytes; views the record

  // Both ids of the same number are different frames.
  bool is_standard(std::uint32_t other) const { return !extended && id == other; }
  bool is_extended(std::uint32_t other) const { return extended && id == other; }
};

inline constexpr std::size_t kMaxCanData = 8, kMaxCanRecord = 13;

// `data` is cut behind 8 bytes.
ByteVector can_record(std::uint32_t id, bool extended, Bytes data);

// Of one whole record, as can_framer gives it.
CanFrame can_frame(Bytes record);

// The framer of every protocol over CAN. What is no record (a data length above 8, an identifier with too many bits) is junk.
Scan can_framer(Bytes buffer, bool over);

}  // namespace bmsd
