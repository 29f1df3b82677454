// Which battery a user means.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bank/view.h"
#include "base/result.h"

namespace bmsd {

// Identity::id of the battery that `name` names: its id, its service on D-Bus, or what it is recognised by, without
// case. An empty name is the only battery that there is. Error config: none or several, and which there are.
Result<std::string> choose_battery(std::span<const BatteryView> all, std::string_view name);

}  // namespace bmsd
