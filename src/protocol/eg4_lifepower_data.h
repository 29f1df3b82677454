// What the replies of a Tian-Power BMS carry: the payload of each command to a reading. Frames are not this file's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "battery/reading.h"
#include "protocol/eg4_lifepower_tables.h"

namespace bmsd::eg4 {

inline constexpr std::size_t kMostCells = 32;

// The numbers of the general data as they came.
struct GeneralData {
  std::vector<std::uint16_t> cells;         // with their flags
  std::vector<std::uint16_t> temperatures;  // with their kinds
  std::vector<std::uint16_t> status;
  std::array<std::optional<std::uint32_t>, kGroups> single;  // the one number of each other group, by Group
};

// Error implausible: a group that runs over the end, that comes twice, or that is missing (01 to 09); not 1 to 32 cells;
// the sum of the cells is more than 5 % off the voltage.
Result<GeneralData> parse_general(Bytes payload);

Reading reading_of(const GeneralData& data, bool extras);

// Error implausible: no text.
Result<Reading> decode_firmware(Bytes payload);
Reading decode_hardware(Bytes payload, bool extras);
Reading decode_06(Bytes payload, bool extras);

}  // namespace bmsd::eg4
