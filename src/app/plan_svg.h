// The picture of a simulated day.
#pragma once

#include <string>

#include "app/plan_day.h"

namespace bmsd {

// A whole SVG file: stage, voltages, cells, currents, state of charge and reasons over time. Needs no script, no font of its own and no
// network; says in words what it shows, for those who cannot see it. `heading`: one line; `summary`: its description.
std::string plan_svg(const PlanDay& day, const std::string& heading, const std::string& summary);

}  // namespace bmsd
