// What a running bmsd tells of itself.
#pragma once

#include <nlohmann/json.hpp>

#include "app/daemon.h"

namespace bmsd {

// {"ask":"show"}: the batteries and who does not answer; {"ask":"status"}: lines and process (docs/json.md).
nlohmann::json answer(Daemon& daemon, const nlohmann::json& request);

}  // namespace bmsd
