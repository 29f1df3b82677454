// Batteries with the CAN frames of Pylontech, Victron and SMA: see canbus_bms.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kCanBusBms;

// The battery's side (canbus_bms_sim.cc).
std::unique_ptr<Responder> respond_as_canbus_bms(const PackOptions& options);

}  // namespace bmsd
