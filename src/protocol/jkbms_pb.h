// JK (Jikong) Inverter BMS, the "PB" models, over RS485: see jkbms_pb.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kJkBmsPb;

// The BMS's side (jkbms_pb_sim.cc).
std::unique_ptr<Responder> respond_as_jkbms_pb(const PackOptions& options);

}  // namespace bmsd
