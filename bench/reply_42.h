// A captured reply to service 42 (tests/vectors/daren-485.json, "seed service 42 device info"): 16 cells, 4 sensors.
#pragma once

#include <string_view>

namespace bmsd {

inline constexpr std::string_view kReply42 =
    "~22014A00E0C6001A2C14C0100D010D010CDB0D010D010D000D020CE60CF80D020D010CDF0D020D020D000CE0010E0104010E040104010401"
    "040104000000000050011F4014F000CC000000000000000000230000000000000000000000000000000000000000000000D582\r";

}  // namespace bmsd
