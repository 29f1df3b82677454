// The current that control and publishing believe.
#pragma once

#include <optional>

#include "control/config.h"
#include "control/surroundings.h"

namespace bmsd {

class Battery;

// A, positive charges: of the external sensor; else of the BMS, corrected by the map (control/current_map.h). Through a
// FET that is known to be off no current can flow in its direction: what is measured there is noise, and is 0. Nothing
// if neither has told its current.
std::optional<double> measured_current(const ControlConfig& config, const Battery& battery,
                                       const Surroundings& surroundings);

}  // namespace bmsd
