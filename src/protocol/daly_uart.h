// Daly Smart BMS over UART and RS485 (the "A5" protocol): see daly_uart.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kDalyUart;

// The BMS's side (daly_uart_sim.cc).
std::unique_ptr<Responder> respond_as_daly_uart(const PackOptions& options);

}  // namespace bmsd
