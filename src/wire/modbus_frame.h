// Frames of Modbus RTU, as a master sees them that only reads: requests to read, what answers them, and refusals.
//
//   30 03 13B2 0007 A48A                  request: ADDRESS FUNCTION FIRST COUNT CRC
//   30 03 0E FFAA 0088 ... E01E           reply:   ADDRESS FUNCTION BYTES data CRC
//   30 83 02 913E                         refusal: ADDRESS FUNCTION+80 CODE CRC
//
// The functions are 01 (coils), 02 (inputs), 03 (holding registers) and 04 (input registers). Numbers are big-endian,
// the CRC has its low byte first. There is no start byte, and a frame does not say whether it is a request or a reply.
// By the standard silence separates frames, which no USB adapter or network passes on: here a frame is what has the
// right CRC at a length that its beginning allows. Source: MODBUS Application Protocol V1.1b3, MODBUS over Serial Line
// V1.02.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace bmsd {

inline constexpr std::uint8_t kModbusReadHolding = 0x03, kModbusReadInput = 0x04;

struct ModbusFrame {
  enum Kind : std::uint8_t { request, reply, refusal } kind = request;
  std::uint8_t address = 0;
  std::uint8_t function = 0;  // 1..4; of a refusal: the one that was refused
  std::uint16_t first = 0;    // of a request: number of the first register as it is on the wire
  std::uint16_t count = 0;    // of a request
  Bytes data = {};            // of a reply; lives as long as the bytes that were parsed
  std::uint8_t code = 0;      // of a refusal
};

// The frame at the front of `bytes`; what follows it is left alone. Checks in this order, first hit wins:
//   command wrong_function  neither 01 to 04 nor their refusals
//   incomplete truncated    fewer bytes than a frame with this beginning has
//   checksum bad_crc
// A reply to function 01 or 02 with three bytes looks like a request with FIRST 03xx, and is taken for a reply.
Result<ModbusFrame> parse_modbus(Bytes bytes);

// Bytes that the frame takes.
std::size_t modbus_size(const ModbusFrame& frame);

// A request to read `count` registers from `first` on.
ByteVector modbus_read(std::uint8_t address, std::uint8_t function, std::uint16_t first, std::uint16_t count);

// Framer. Behind a beginning whose end has not come, and behind a damaged frame, an intact one is found nevertheless.
// Frames of other functions are junk.
Scan scan_modbus(Bytes buffer, bool over);

}  // namespace bmsd
