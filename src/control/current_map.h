// Corrects a BMS that measures current wrongly, by what the user measured.
#pragma once

#include "control/config.h"

namespace bmsd {

// A, rounded to 1 mA: on the straight line between the neighbouring points; outside of them the correction of the
// nearest point stays, so that no current disappears. A map that cannot be used (lists of different length or empty, a
// number that is not finite, inputs that do not rise) and one of equal lists change nothing.
double corrected_current(const CurrentMap& map, double reported);

}  // namespace bmsd
