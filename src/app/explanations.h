// Answers to "why?" and "what if?", as JSON (docs/json.md).
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/hub.h"
#include "control/what_if.h"

namespace bmsd {

// "cell_max=3.6". Error config with a detail for people: no such key (and which one was meant), no number.
Result<Supposition> supposition_in(std::string_view text);

// {"ask":"explain","battery":"..."}: {"explanations":[...]}, of all batteries where none is named; {"ok":false,...} if
// there is none.
nlohmann::json explain_answer(const Hub& hub, const nlohmann::json& request, Instant now);

// {"ask":"what-if","battery":"...","suppose":["cell_max=3.6"]}: see what_if_json(). The battery stays as it is.
nlohmann::json what_if_answer(const Hub& hub, const nlohmann::json& request, Instant now);

// {"battery":..., "now":{...}, "at_once":{...}, "later":{..., "after_s":..., "settled":...}}
Result<nlohmann::json> what_if_json(const std::string& id, const ControlCase& now,
                                    std::span<const Supposition> suppositions, Instant at);

// A battery in the middle of its life, for where there is none: 16 cells at 3.33 V, 25 degrees, half full, 10 A.
ControlCase typical_battery(const ControlConfig& config, WallTime wall, Instant now);
inline constexpr const char* kTypicalBattery =
    "a typical battery: 16 cells at 3.330 V, 100 Ah, 60 %, 10 A, 25 °C, both FETs on";

}  // namespace bmsd
