#include "io/open_port.h"

#include <algorithm>

#include "io/can.h"
#include "io/serial.h"
#include "io/slcan.h"
#include "io/tcp.h"
#include "io/usb_ports.h"

namespace bmsd {
namespace {

constexpr std::string_view kTcp = "tcp://", kCan = "can:", kSlcan = "slcan:", kDevices = "/dev/",
                           kTerminals = "/dev/pts/";

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error nonsense(std::string_view name) {
  return Error{Errc::config, "port", 0,
               "\"" + std::string(name) +
                   "\": a port is named /dev/ttyUSB0, ttyUSB0, usb:SERIAL, path:SOCKET, tcp://HOST:PORT, can0 or "
                   "slcan:/dev/ttyACM0"};
}

// "can0", "vecan0": what the system calls its CAN interfaces.
bool is_interface_name(std::string_view name) {
  for (const std::string_view prefix : {"can", "vcan", "vecan", "slcan"}) {
    if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
    const std::string_view number = name.substr(prefix.size());
    if (std::all_of(number.begin(), number.end(), is_digit)) return true;
  }
  return false;
}

bool can_be_interface(std::string_view name) {
  constexpr std::size_t kLongest = 15;
  return !name.empty() && name.size() <= kLongest && name.find('/') == std::string_view::npos;
}

std::string path_of(std::string_view name) {
  return (name.starts_with('/') || name.starts_with('.') ? "" : std::string(kDevices)).append(name);
}

}  // namespace

Result<std::unique_ptr<Port>> make_port(boost::asio::io_context& io, std::string_view name) {
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; };
  if (name.empty() || std::any_of(name.begin(), name.end(), is_bad)) return nonsense(name);
  if (is_interface_name(name)) return std::unique_ptr<Port>(std::make_unique<CanPort>(io, std::string(name)));
  if (name.starts_with(kCan)) {
    const std::string_view interface = name.substr(kCan.size());
    if (!can_be_interface(interface)) return nonsense(name);
    return std::unique_ptr<Port>(std::make_unique<CanPort>(io, std::string(interface)));
  }
  if (name.starts_with(kSlcan)) {
    const std::string_view tty = name.substr(kSlcan.size());
    if (is_can_port(tty)) return nonsense(name);
    auto port = make_port(io, tty);
    if (!port) return port.error();
    return std::unique_ptr<Port>(std::make_unique<SlcanPort>(std::move(*port)));
  }
  if (name.starts_with(kTcp)) {
    Result<TcpAddress> address = parse_tcp(name);
    if (!address) return address.error();
    return std::unique_ptr<Port>(std::make_unique<TcpPort>(io, std::move(*address)));
  }
  if (is_usb_name(name)) {
    if (name.ends_with(':')) return nonsense(name);
    return make_usb_port(io, std::string(name));
  }
  if (name.ends_with('/') || name.ends_with("/.") || name.ends_with("/..") || name == "." || name == ".." ||
      name.starts_with('-') || name.find("://") != std::string_view::npos) {
    return nonsense(name);
  }
  return std::unique_ptr<Port>(std::make_unique<SerialPort>(io, path_of(name)));
}

bool is_can_port(std::string_view name) {
  return is_interface_name(name) || name.starts_with(kCan) || name.starts_with(kSlcan);
}

std::string port_name(std::string_view name) {
  if (name.starts_with(kSlcan)) return "slcan_" + port_name(name.substr(kSlcan.size()));
  if (name.starts_with(kCan)) name.remove_prefix(kCan.size());
  std::string text;
  if (name.starts_with(kTcp)) {
    text = "tcp_" + std::string(name.substr(kTcp.size()));
  } else if (is_usb_name(name)) {
    text = name;
  } else {
    const std::string path = path_of(name);
    text = path.substr(path.rfind('/') + 1);
    if (path == std::string(kTerminals) + text) text.insert(0, "pts_");
  }
  for (char& c : text) {
    if (!is_letter(c) && !is_digit(c)) c = '_';
  }
  if (text.empty() || is_digit(text.front())) text.insert(0, "port_");
  return text;
}

}  // namespace bmsd
