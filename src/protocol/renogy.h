// Renogy smart lithium batteries over RS485 (Modbus RTU): see renogy.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kRenogy;

// The BMS's side (renogy_sim.cc).
std::unique_ptr<Responder> respond_as_renogy(const PackOptions& options);

}  // namespace bmsd
