// CCL and DCL: the lowest of everything that limits the current, and its name.
#pragma once

#include "control/limits.h"

namespace bmsd {

CurrentLimit charge_limit(const ControlConfig& config, const Battery& battery, bool tells_fets);
CurrentLimit discharge_limit(const ControlConfig& config, const Battery& battery, bool tells_fets);

}  // namespace bmsd
