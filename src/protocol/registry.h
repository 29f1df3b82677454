// The protocols that bmsd speaks. A new one is one line in registry.cc.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "protocol/protocol.h"

namespace bmsd {

std::span<const Protocol* const> protocols();
// Those of one medium, in the same order.
std::vector<const Protocol*> protocols_over(Medium medium);

// By name ("daren-485") or BMS_TYPE ("Daren485"), without case; null if unknown.
const Protocol* find_protocol(std::string_view name);

}  // namespace bmsd
