// What the replies of a Pylontech battery carry: the INFO of each service to a reading (42 and 44 in
// pylontech_rs485_packs.cc). Frames, addresses and return codes are pylontech_rs485.cc's. INFO byte k is counted from
// 0; numbers are big-endian.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"

namespace bmsd::pylontech {

inline double celsius(std::uint16_t raw) { return (raw - 2731) / 10.0; }  // 0.1 K

inline constexpr std::uint8_t kAllPacks = 0xFF;  // command byte that asks for all packs of a group

// What one reply leaves for the understanding of the next.
struct Memory {
  bool extras = false;              // collect Reading::extras
  std::optional<double> cells;      // of the last 42
  bool management_read = false;     // 92 was answered: its limits are in force and those of 47 are not
  double charge_voltage_limit = 0;  // V, of 92; 0: not known
  double module_voltage_limit = 0;  // V, of 47; 0: not known
  double cell_voltage_limit = 0;    // V, of 47; 0: not known
  bool own_version_read = false;    // 96 was answered, which a slave does for itself
  std::string serial_number;        // of 93
};

// `command`: the command byte of the request; kAllPacks for a reply about several packs, which goes to extras only.
// Errors: length info_too_short, length count_overrun, command header_mismatch.
Result<Reading> decode_42(Bytes info, std::uint8_t command, Memory& memory);
Result<Reading> decode_44(Bytes info, std::uint8_t command, const Memory& memory);
Result<Reading> decode_47(Bytes info, Memory& memory);
Result<Reading> decode_4f(std::uint8_t ver, const Memory& memory);
Result<Reading> decode_51(Bytes info, const Memory& memory);
Result<Reading> decode_92(Bytes info, std::uint8_t command, Memory& memory);
Result<Reading> decode_93(Bytes info, std::uint8_t command, Memory& memory);
Result<Reading> decode_96(Bytes info, std::uint8_t command, Memory& memory);

// How many bytes a reply to 42 or 44 has behind its end, by its own counts: a reply of the pack `command`, or (kAllPacks)
// of as many packs as it says. Nothing: it does not look like one.
std::optional<std::size_t> left_over_by_42(Bytes info, std::uint8_t command);
std::optional<std::size_t> left_over_by_44(Bytes info, std::uint8_t command);

// Lengths of the INFO of the other services, in bytes.
inline constexpr std::size_t kSize47 = 25, kSize51 = 32, kSize92 = 10, kSize93 = 17, kSize96 = 6;

}  // namespace bmsd::pylontech
