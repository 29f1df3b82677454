// Modbus RTU, as far as BMSes share it: the check.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace bmsd {

// CRC-16/MODBUS (reflected polynomial 0xA001, start 0xFFFF). On the wire its low byte comes first. Source: MODBUS over
// Serial Line V1.02, 6.2.2.
std::uint16_t modbus_crc(Bytes bytes);

// A frame's bytes with their CRC behind them.
ByteVector with_modbus_crc(ByteVector frame);

// Whether the last two bytes are the CRC of those before; false for fewer than four bytes.
bool modbus_crc_holds(Bytes frame);

}  // namespace bmsd
