// What a BMS would say of a simulated pack, without a wire in between.
#pragma once

#include "battery/reading.h"
#include "protocol/responder.h"

namespace bmsd {

Reading reading_of(const PackState& state);

}  // namespace bmsd
