// What a running bmsd does for the clients of its control socket (docs/json.md).
#pragma once

#include <nlohmann/json.hpp>

#include "app/daemon.h"
#include "sink/control_socket.h"

namespace bmsd {

// {"ask":"set","battery":"ttyUSB0 0x01","what":"charge-fet","value":"off"}: answered when it was read back. "battery"
// may be left out when there is one only; "check":true only says whether it may be done. All else as status.h has it,
// at once.
void serve(Daemon& daemon, const nlohmann::json& request, const ControlSocket::Reply& reply);

}  // namespace bmsd
