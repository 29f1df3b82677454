// A battery as JSON: `show --json`, the control socket, the live table. The keys are documented in docs/json.md and
// stable.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "bank/view.h"

namespace bmsd {

// What is not known is absent, never null or 0. Numbers are rounded to the decimals of the field table.
nlohmann::json battery_json(const BatteryView& view, Instant now);

// Whether so many lists and objects stand inside of one another as in nothing that anybody means: what walks through them
// would run out of stack. `text`: of JSON, or of anything.
bool nested_too_deep(std::string_view text);

// What a line of somebody else's says; discarded (nlohmann::json::is_discarded) where it is no JSON, or nested too deep.
nlohmann::json parse_json(std::string_view text);

// As text; `indent` < 0: one line. Bytes that are no UTF-8 (a BMS may store anything in its name) become U+FFFD.
std::string json_text(const nlohmann::json& json, int indent = -1);

// To so many decimals; never a negative zero.
double rounded(double value, int decimals);
// Under `key`, where there is one.
void add_rounded(nlohmann::json& json, const char* key, const std::optional<double>& value, int decimals);

}  // namespace bmsd
