// The state as text: one line with version and checksum, then JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/state_file.h"

namespace bmsd {

// "bmsd-state 1 crc32 1A2B3C4D\n{...}\n"; the checksum is that of all that follows the first line. Any bytes in the
// state's texts survive, also those that are no UTF-8.
std::string state_text(const State& state);

// The reverse. Error checksum, or implausible for what this version cannot have written; `detail` says it in words.
// Fields that are missing have their safe values, so that version 1 may grow.
Result<State> parse_state(std::string_view text);

// CRC-32 as in IEEE 802.3 and zlib: 0xCBF43926 for "123456789".
std::uint32_t crc32(std::string_view text);

}  // namespace bmsd
