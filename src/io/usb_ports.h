// USB serial adapters by what does not change when they are plugged in anew: their serial number ("usb:A50285BI") or the
// socket of the hub that they are in ("path:1-1.2").
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/port.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

// One serial port of an adapter, as the kernel lists it. All texts are for people and may be empty, but for `tty`.
struct UsbPort {
  std::string tty;        // "ttyUSB0"
  std::string serial;     // "A50285BI"; cheap adapters have none, or all the same one
  std::string hub_path;   // "1-1.2": bus 1, port 1 of its hub, port 2 of the hub there
  std::string interface;  // "1-1.2:1.0": adapters with several ports have one per port
};

// Sorted by `tty`. `sys`: where sysfs is.
std::vector<UsbPort> usb_ports(const std::string& sys = "/sys");

// "usb:..." or "path:...".
bool is_usb_name(std::string_view name);

// "/dev/ttyUSB0", where the adapter of that name is now. Error io: `what` "missing" when there is none, "ambiguous" when
// there are several; says which ones there are.
Result<std::string> find_usb_port(std::string_view name, const std::string& sys = "/sys");

// What to call this port so that it is found again: by serial number where no other port has the same one, else by its
// socket; "/dev/ttyUSB0" where that does not tell the ports of one adapter apart. Empty: not a port of `all`.
std::string stable_name(std::string_view tty, const std::vector<UsbPort>& all);

// A serial port that is looked for anew at each open(): an adapter that was plugged in again may have another number.
// Error of open() as of find_usb_port() and SerialPort.
std::unique_ptr<Port> make_usb_port(boost::asio::io_context& io, std::string name, std::string sys = "/sys");

}  // namespace bmsd
