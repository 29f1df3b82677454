#include "io/usb_ports.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "io/serial.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBySerial = "usb:", kByPath = "path:";

std::string first_line(const fs::path& file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  const auto last = line.find_last_not_of(" \t\r\n");
  line.resize(last == std::string::npos ? 0 : last + 1);
  return line;
}

// udev's way to write a serial number, as in the names of /dev/serial/by-id.
std::string as_udev_writes(std::string text) {
  for (char& c : text) {
    const bool keep = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      std::string_view("#+-.:=@_").find(c) != std::string_view::npos;
    if (!keep) c = '_';
  }
  return text;
}

// `device` is .../1-1/1-1.2/1-1.2:1.0/ttyUSB0 for adapters with a driver of their own, and .../1-1.2:1.0 for modems (ACM).
// The USB device is the first folder on the way up with a vendor number.
UsbPort usb_port(const std::string& tty, const fs::path& device) {
  std::error_code ignored;
  std::string below;
  for (fs::path folder = device; folder.has_relative_path(); folder = folder.parent_path()) {
    if (fs::exists(folder / "idVendor", ignored)) return {tty, first_line(folder / "serial"), folder.filename(), below};
    below = folder.filename();
  }
  return {};
}

// Whether no other port of `all` has the same text there.
template <typename Text>
bool is_unique(const UsbPort& port, const std::vector<UsbPort>& all, Text text) {
  return std::count_if(all.begin(), all.end(), [&](const UsbPort& other) { return text(other) == text(port); }) == 1;
}

std::string list(const std::vector<UsbPort>& ports, const std::vector<UsbPort>& all) {
  std::string text;
  for (const UsbPort& port : ports) {
    text += (text.empty() ? "" : ", ") + stable_name(port.tty, all) + " (" + port.tty + ")";
  }
  return text;
}

class UsbPortOf : public Port {
 public:
  UsbPortOf(boost::asio::io_context& io, std::string name, std::string sys)
      : io_(io), name_(std::move(name)), sys_(std::move(sys)) {}

  void open(Handlers handlers) override {
    close();
    const Result<std::string> path = find_usb_port(name_, sys_);
    if (!path) return handlers.opened(path.error());
    port_ = std::make_unique<SerialPort>(io_, *path);
    if (Status possible = port_->set_speed(baud_); !possible) return handlers.opened(possible);
    if (adopted_) port_->adopt(adopted_.release());
    port_->open(std::move(handlers));
  }
  void close() override {
    if (port_) port_->close();
  }
  void write(Bytes bytes) override {
    if (port_) port_->write(bytes);
  }
  void hold_until(Instant until) override {
    if (port_) port_->hold_until(until);
  }
  std::size_t unsent() const override { return port_ ? port_->unsent() : 0; }
  int lend() override { return port_ ? port_->lend() : -1; }
  void adopt(int descriptor) override { adopted_ = Descriptor(descriptor); }
  Status set_speed(int baud) override {
    if (Status set = port_ ? port_->set_speed(baud) : Status(Done{}); !set) return set;
    baud_ = baud;
    return Done{};
  }
  int speed() const override { return baud_; }

 private:
  boost::asio::io_context& io_;
  std::string name_, sys_;
  int baud_ = SerialPort::kDefaultSpeed;
  Descriptor adopted_;
  std::unique_ptr<SerialPort> port_;
};

}  // namespace

std::vector<UsbPort> usb_ports(const std::string& sys) {
  std::vector<UsbPort> ports;
  std::error_code error;
  for (fs::directory_iterator entry(sys + "/class/tty", error), end; !error && entry != end; entry.increment(error)) {
    std::error_code none;  // consoles and pseudo-terminals have no device
    const fs::path device = fs::canonical(entry->path() / "device", none);
    if (none) continue;
    if (UsbPort port = usb_port(entry->path().filename(), device); !port.tty.empty()) ports.push_back(std::move(port));
  }
  std::sort(ports.begin(), ports.end(), [](const UsbPort& a, const UsbPort& b) { return a.tty < b.tty; });
  return ports;
}

bool is_usb_name(std::string_view name) { return name.starts_with(kBySerial) || name.starts_with(kByPath); }

Result<std::string> find_usb_port(std::string_view name, const std::string& sys) {
  const bool by_serial = name.starts_with(kBySerial);
  const std::string_view wanted = name.substr(by_serial ? kBySerial.size() : kByPath.size());
  const std::vector<UsbPort> all = usb_ports(sys);
  std::vector<UsbPort> found;
  for (const UsbPort& port : all) {
    const bool fits = by_serial ? port.serial == wanted || as_udev_writes(port.serial) == wanted
                                : port.hub_path == wanted || port.interface == wanted;
    if (fits && !wanted.empty()) found.push_back(port);
  }
  if (found.size() == 1) return "/dev/" + found.front().tty;
  std::string text(name);
  if (found.empty()) {
    text += by_serial ? ": no USB serial adapter has this serial number; there is "
                      : ": no USB serial adapter is plugged in there; there is ";
    return Error{Errc::io, "missing", ENODEV, text + (all.empty() ? "none at all" : list(all, all))};
  }
  return Error{Errc::io, "ambiguous", 0, text + ": more than one port; name one of " + list(found, all)};
}

std::string stable_name(std::string_view tty, const std::vector<UsbPort>& all) {
  const auto port = std::find_if(all.begin(), all.end(), [tty](const UsbPort& one) { return one.tty == tty; });
  if (port == all.end()) return {};
  const auto serial = [](const UsbPort& one) { return as_udev_writes(one.serial); };
  const auto hub_path = [](const UsbPort& one) { return one.hub_path; };
  const auto interface = [](const UsbPort& one) { return one.interface; };
  if (!port->serial.empty() && is_unique(*port, all, serial)) return std::string(kBySerial) + serial(*port);
  if (is_unique(*port, all, hub_path)) return std::string(kByPath) + port->hub_path;
  if (is_unique(*port, all, interface)) return std::string(kByPath) + port->interface;
  return "/dev/" + port->tty;
}

std::unique_ptr<Port> make_usb_port(boost::asio::io_context& io, std::string name, std::string sys) {
  return std::make_unique<UsbPortOf>(io, std::move(name), std::move(sys));
}

}  // namespace bmsd
