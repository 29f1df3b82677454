// bmsd explain --bus: where only D-Bus reaches.
#pragma once

#include "app/commands.h"

namespace bmsd {

// Prints what the batteries on options.bus show of their limits. The exit status.
int explain_over_bus(const ExplainOptions& options);

}  // namespace bmsd
