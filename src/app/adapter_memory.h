// What was found behind each adapter, so that it is tried first the next time.
#pragma once

#include "app/port_plan.h"
#include "app/state_keeper.h"

namespace bmsd {

// Adds to a plan what its adapter had the last time, where it is among what is looked for.
void recall_adapter(PortPlan& plan, const StateKeeper& keeper);

// Keeps what a search has found on a line; to be called at any time. No effect where nothing was searched for.
void remember_adapter(const PortPlan& plan, const Line& line, StateKeeper& keeper);

}  // namespace bmsd
