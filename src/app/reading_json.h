// A reading as JSON and as a table: the keys of the field table, in the sheet's words where the protocol declares them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "protocol/protocol.h"

namespace bmsd {

// A number with the decimals of its field: 3.329, not 3.3290000000000002; without decimals an integer.
nlohmann::ordered_json number_json(double value, int decimals);

// Adds what the reading says to the object `values`: fields (null: the BMS says that it does not know), lists,
// "balancing_cells" with cells from 1, "alarms" with the sheet's names, texts, then the extras, which replace a value
// of the same key. Alarms are united with those that are there, all else replaces what is there.
void add_reading(const Protocol& protocol, const Reading& reading, nlohmann::ordered_json& values);

// The same for people: label, value, unit; one line each.
std::string reading_table(const Reading& reading);

}  // namespace bmsd
