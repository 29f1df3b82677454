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

#include "base/time.h"
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

// Identifiers that matter to somebody: those that equal `id` in the bits of `mask`.
struct CanIds {
  std::uint32_t id = 0, mask = 0x1FFFFFFF;
  bool extended = false;
};

inline constexpr std::size_t kMaxCanData = 8, kMaxCanRecord = 13;

// `data` is cut behind 8 bytes.
ByteVector can_record(std::uint32_t id, bool extended, Bytes data);

// Of one whole record, as can_framer gives it.
CanFrame can_frame(Bytes record);

// How long the frame of a record takes on the wire, with the stuff bits that a frame has on average; 0 for a bus without a
// bitrate.
Duration can_time(Bytes record, int bitrate);

// The framer of every protocol over CAN. What is no record (a data length above 8, an identifier with too many bits) is junk.
Scan can_framer(Bytes buffer, bool over);

}  // namespace bmsd
