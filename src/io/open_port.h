// What the user calls a port: "/dev/ttyUSB0", "ttyUSB0", "usb:A50285BI", "path:1-1.2", "tcp://192.168.1.5:8899"; over CAN
// "can0", "vecan0", "vcan0" (an interface of the system), "can:NAME" (of any name), "slcan:PORT" (an adapter at a serial
// port).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/port.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

// The port of that name, not opened yet. `io` must outlive it. A name without a leading "/" or "." is looked for in
// /dev. Error config: the name cannot be a port (empty, another scheme, a host without a port number).
Result<std::unique_ptr<Port>> make_port(boost::asio::io_context& io, std::string_view name);

// Whether the port of that name is a CAN bus.
bool is_can_port(std::string_view name);

// The part of a D-Bus name that stands for the port: letters, digits and `_`, no leading digit, never empty. The name
// is taken as it is given, links are not followed: "/dev/ttyUSB0" and "ttyUSB0" -> "ttyUSB0", "/dev/pts/3" -> "pts_3",
// "usb:A50285BI" -> "usb_A50285BI", "tcp://192.168.1.5:8899" -> "tcp_192_168_1_5_8899", "can:bus" -> "bus", "slcan:/dev/ttyACM0" -> "slcan_ttyACM0". Old drivers used the same names, and stored settings depend on
// them.
std::string port_name(std::string_view name);

}  // namespace bmsd
