// From the values of the keys to the plain structs that the rooms ask for.
#pragma once

#include "config/config.h"

namespace bmsd {

ControlConfig control_config(const Settings& settings);
Display display(const Settings& settings, ConfigState state);
LineConfig line_config(const Settings& settings);
ParamList protocol_params(const Settings& settings);
Level log_level(const Settings& settings);

}  // namespace bmsd
