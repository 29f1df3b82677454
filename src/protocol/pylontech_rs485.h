// Pylontech low-voltage batteries over RS485: see pylontech_rs485.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kPylontechRs485;

// The battery's side (pylontech_rs485_sim.cc).
std::unique_ptr<Responder> respond_as_pylontech_rs485(const PackOptions& options);

}  // namespace bmsd
