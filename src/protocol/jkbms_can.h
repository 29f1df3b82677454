// JK (Jikong) BMS over CAN, V1 and V2: see jkbms_can.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kJkBmsCan;

// The BMS's side (jkbms_can_sim.cc).
std::unique_ptr<Responder> respond_as_jkbms_can(const PackOptions& options);

}  // namespace bmsd
