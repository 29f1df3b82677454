// Frames of YD/T 1363.3 (the Chinese telecom standard for monitoring power equipment), as Daren, Pylontech, Pace,
// Seplos and others send them: text between a start character and CR, two upper-case hexadecimal digits per byte.
//
//   ~  22  01  4A  42    E002    01    FD28     CR
//   |  |   |   |   |     |       |     CHKSUM: of the characters from VER to the end of INFO
//   |  |   |   |   |     |       INFO: LENID characters
//   |  |   |   |   |     LENGTH: 4 bits LCHKSUM, 12 bits LENID
//   |  |   |   |   CID2 in a request, RTN in a reply
//   |  VER ADR CID1
//   SOI
//
// LCHKSUM makes the four nibbles of LENGTH add up to 0 modulo 16; CHKSUM makes the characters' codes and itself add up
// to 0 modulo 65536. Which VER and CID1 are right, and what INFO holds, is each protocol's own affair.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace bmsd {

inline constexpr std::size_t kYd1363MaxInfo = 2047;  // bytes: LENID has 12 bits, counts characters and is even
inline constexpr std::size_t kYd1363MaxText = 4113;  // characters that a receiver looks at before it gives up
inline constexpr std::size_t kYd1363HeadText = 13;   // characters in front of INFO
inline constexpr std::size_t kYd1363EmptyText = 17;  // characters of a frame without INFO and without CR

// Where parse_yd1363 puts the bytes of INFO; reusable, so that no frame costs an allocation.
using Yd1363Buffer = std::array<std::uint8_t, kYd1363MaxInfo>;

struct Yd1363Frame {
  std::uint8_t ver = 0, adr = 0, cid1 = 0;
  std::uint8_t cid2 = 0;  // of a reply: RTN
  Bytes info = {};        // decoded; lives as long as the buffer that was given to parse_yd1363
};

// Takes a whole frame apart, with or without its CR. Checks in this order, first hit wins:
//   noise bad_soi        empty, or the first character is not `soi`
//   incomplete truncated fewer than 17 characters
//   noise non_hex        a character other than 0-9 and A-F behind `soi`
//   checksum bad_lchksum
//   length odd_length    LENID is odd
//   incomplete truncated, length length_mismatch: fewer or more characters in INFO than LENID says
//   checksum bad_chksum
Result<Yd1363Frame> parse_yd1363(Bytes text, Yd1363Buffer& buffer, char soi = '~');

// The whole text of a frame with its CR. `info`: at most kYd1363MaxInfo bytes, what is beyond is left out.
ByteVector encode_yd1363(const Yd1363Frame& frame, char soi = '~');

// Framers. A frame that fails a check of parse_yd1363 is junk with its reason, a frame that a new start character
// interrupts is junk up to it (truncated). A frame includes its CR.
Scan scan_yd1363(char soi, Bytes buffer, bool over);
inline Scan scan_yd1363(Bytes buffer, bool over) { return scan_yd1363('~', buffer, over); }

}  // namespace bmsd
