// Requests of the control socket, and refusals (docs/json.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace bmsd {

// The text under `key` as it was sent (text_at() is for people); empty where there is none.
std::string text_in(const nlohmann::json& request, const char* key);

// {"ok":false,"error":"..."}
nlohmann::json failure(const Error& error);

}  // namespace bmsd
