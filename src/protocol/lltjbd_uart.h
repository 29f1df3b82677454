// LLT Power / JBD (Jiabaida) BMS over UART, the "DD A5" protocol: see lltjbd_uart.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kLltJbdUart;

// The BMS's side (lltjbd_uart_sim.cc).
std::unique_ptr<Responder> respond_as_lltjbd_uart(const PackOptions& options);

}  // namespace bmsd
