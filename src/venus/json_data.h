// /JsonData: all paths of a service in one text (PUBLISH_BATTERY_DATA_AS_JSON).
#pragma once

#include <string>

#include "venus/item_tree.h"

namespace bmsd {

inline constexpr const char* kJsonDataPath = "/JsonData";

// {"Dc": {"0": {"Voltage": 53.12, ...}}, ...}: nested by path element, without /Settings and /JsonData itself. Invalid
// and empty values are null.
std::string json_data(const ItemTree& tree);

}  // namespace bmsd
