// JK (Jikong) BMS over UART, the "NW" protocol (4E 57): see jkbms_uart.cc.
#pragma once

#include "protocol/protocol.h"
#include "protocol/responder.h"

namespace bmsd {

extern const Protocol kJkBmsUart;

// The BMS's side (jkbms_uart_sim.cc).
std::unique_ptr<Responder> respond_as_jkbms_uart(const PackOptions& options);

}  // namespace bmsd
