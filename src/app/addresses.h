// Bus addresses as users type them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bmsd {

// "1, 2, 0x0A": with 0x hexadecimal; without, one digit as it is. More digits without 0x could mean either and are
// refused. Error config, with what to write instead. Sorted, each once; empty for an empty text.
Result<std::vector<int>> parse_addresses(std::string_view text);

}  // namespace bmsd
