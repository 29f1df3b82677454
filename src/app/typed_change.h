// What is to be changed in a BMS, as users type it.
#pragma once

#include <string>

#include "base/result.h"
#include "battery/change.h"

namespace bmsd {

// "charge-fet=off", "soc=80". Error config: what can be written instead.
Result<Change> parse_change(const std::string& text);

}  // namespace bmsd
