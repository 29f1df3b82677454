#include "io/open_port.h"

#include <algorithm>

#include "io/serial.h"
#include "io/tcp.h"
#include "io/usb_ports.h"

namespace bmsd {
namespace {

constexpr std::string_view kTcp = "tcp://", kDevices = "/dev/", kTerminals = "/dev/pts/";

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error nonsense(std::string_view name) {
  return Error{Errc::config, "port", 0,
               "\"" + std::string(name) +
                   "\": a port is named /dev/ttyUSB0, ttyUSB0, usb:SERIAL, path:SOCKET or tcp://HOST:PORT"};
}

std::string path_of(std::string_view name) {
  return (name.starts_with('/') || name.starts_with('.') ? "" : std::string(kDevices)).append(name);
}

}  // namespace

Result<std::unique_ptr<Port>> make_port(boost::asio::io_context& io, std::string_view name) {
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; };
  if (name.empty() || std::any_of(name.begin(), name.end(), is_bad)) return nonsense(name);
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

std::string port_name(std::string_view name) {
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
