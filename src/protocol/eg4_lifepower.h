// Batteries with a Tian-Power BMS: EG4 LiFePower, Revov, Narada NPFC; the binary 7E/7C protocol: see eg4_lifepower.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kEg4Lifepower;

// The BMS's side (eg4_lifepower_sim.cc).
std::unique_ptr<Responder> respond_as_eg4_lifepower(const PackOptions& options);

}  // namespace bmsd
