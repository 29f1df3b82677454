// What is believed of a battery, as JSON for another process of this program.
#pragma once

#include <nlohmann/json.hpp>

#include "battery/battery.h"
#include "battery/link_health.h"
#include "protocol/protocol.h"

namespace bmsd {

// With the instant at which each value was said. Exchanges, fields and alarms go by their names, since another version may
// number them otherwise.
nlohmann::json battery_snapshot(const Battery& battery, const Protocol& protocol);

// The reverse, as if the replies had come at those instants, with the same checks. What this version does not know, what no
// battery can have, and what was said after `now` is left out.
Battery battery_from(const nlohmann::json& json, const Protocol& protocol, Instant now);

nlohmann::json health_snapshot(const LinkHealth& health);
LinkHealth health_from(const nlohmann::json& json, Instant now);

// Instants are those of the system's monotonic clock, which all processes share; null: none.
nlohmann::json instant_snapshot(std::optional<Instant> instant);
std::optional<Instant> instant_from(const nlohmann::json& object, const char* key, Instant now);

}  // namespace bmsd
