// What the replies of a Daren BMS carry: the INFO of each service to a reading. Frames, addresses and return codes are
// daren_485.cc's. INFO byte k is counted from 0; numbers are big-endian.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"

namespace bmsd::daren {

// What one reply leaves for the understanding of the next.
struct Memory {
  bool extras = false;              // collect Reading::extras
  bool swap_fet_bits = false;       // SWAP_FET_BITS
  std::optional<double> voltage;    // V, of the last service 42
  bool manufacturing_read = false;  // B0/3 was answered, or the pack does not know it
  std::string pack_serial;          // of B0/3
  std::string old_identity;         // of B0/3
  std::string bar_code;             // of the BMS, of service 47
};

// Errors: length info_too_short, length count_overrun, command header_mismatch.
Result<Reading> decode_42(Bytes info, Memory& memory);
Result<Reading> decode_47(Bytes info, Memory& memory);
Result<Reading> decode_4f(Bytes info, const Memory& memory);
Result<Reading> decode_51(Bytes info, const Memory& memory);
Result<Reading> decode_83(Bytes info, const Memory& memory);
Result<Reading> decode_b0(std::uint8_t module, Bytes info, Memory& memory);

// True when `info` is as long as its own counts say in one of the two known forms of service 42.
bool has_shape_of_42(Bytes info);

// Lengths of the INFO of the other services, in bytes.
inline constexpr std::size_t kSize47 = 65, kSize4f = 1, kSize51 = 35, kSize51Firmware155 = 37, kSize83 = 30;
inline constexpr std::size_t kSizeOfModule[] = {0, 33, 24, 119, 24};  // of service B0, by number of the module
inline constexpr std::uint8_t kModules = 4;

}  // namespace bmsd::daren
