// Explanations of limits as JSON (docs/json.md): the facts as numbers, and their words.
#pragma once

#include <nlohmann/json.hpp>

#include "control/explain.h"

namespace bmsd {

// {"cvl": {...}, "ccl": {...}, "dcl": {...}, "stage": {...}}; cvl and stage only where the number of cells is known.
nlohmann::json explanation_json(const Explanation& explanation);

}  // namespace bmsd
