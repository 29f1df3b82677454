// Frames of the JK PB protocol. Three things are frames here; everything else is junk:
//
//   03 10 1620 0001 02 0000 CF91             request: ADDR, "write registers", REG, one register, two bytes, 0
//   55AAEB90 02 00 ... SUM [00] 03 10 1620 0001 05A9 [00]
//   |        |  |      |    |   |                    pad, with some adapters
//   |        |  |      |    |   acknowledgement: ADDR 10 REG 0001 CRC
//   |        |  |      |    pad, with some adapters
//   |        |  |      sum of the 299 bytes before, modulo 256
//   |        |  frame counter
//   |        type of the block
//   header
//   03 90 02 6C01                            Modbus exception: ADDR 90 CODE
//
// A block of 300 bytes does not tell who sent it: only block and acknowledgement together are an answer. CRCs are those of
// Modbus, low byte first. An acknowledgement alone is junk.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace bmsd::jkpb {

inline constexpr std::size_t kBlockSize = 300;
inline constexpr std::uint8_t kMostAddresses = 16;  // 0 to 15

struct PbFrame {
  enum Kind : std::uint8_t { request, answer, exception } kind = request;
  std::uint8_t address = 0;  // of the pack that is asked, or that answers
  std::uint16_t reg = 0;     // of a request and an answer
  std::uint8_t code = 0;     // of an exception
  Bytes block = {};          // of an answer; lives as long as the bytes that were parsed
  std::size_t size = 0;      // of the whole frame in bytes

  std::uint8_t block_type() const { return block[4]; }
};

// The frame at the front of `bytes`; what follows it is left alone. Errors:
//   noise bad_header      nothing begins like this
//   incomplete truncated  it may become a frame
//   checksum bad_checksum the sum of a block, or the CRC of a request
//   checksum missing_ack  an intact block without an intact acknowledgement: nobody knows whose it is
Result<PbFrame> parse_frame(Bytes bytes);

// Whether `bytes` begin as a block does.
bool is_block_head(Bytes bytes);

// The intact block at the front of `bytes`, acknowledged or not.
std::optional<Bytes> intact_block(Bytes bytes);

// Where the next frame may begin behind the first byte of `bytes`; their end if nowhere.
std::size_t next_start(Bytes bytes);

// The request that triggers a block.
ByteVector encode_request(std::uint8_t address, std::uint16_t reg);

// Framer. What ends before it has a whole header is noise.
Scan scan_frame(Bytes buffer, bool over);

}  // namespace bmsd::jkpb
