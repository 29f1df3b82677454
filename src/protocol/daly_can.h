// Daly Smart BMS over CAN: see daly_can.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kDalyCan;

// The BMS's side (daly_can_sim.cc).
std::unique_ptr<Responder> respond_as_daly_can(const PackOptions& options);

}  // namespace bmsd
