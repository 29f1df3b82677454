// Daren BMS over RS485 (DR-1363, BASEN, Tian): see daren_485.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kDaren485;

// The BMS's side (daren_485_sim.cc).
std::unique_ptr<Responder> respond_as_daren_485(const PackOptions& options);

}  // namespace bmsd
