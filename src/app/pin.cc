// bmsd pin: keeps a serial adapter for bmsd, so that nobody else opens it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "app/pin_rules.h"
#include "app/port_plan.h"
#include "app/program.h"
#include "io/usb_ports.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVenusSetup = "/data/apps/bmsd/bmsd-setup";
// On Venus OS the first one survives firmware updates, and bmsd-setup keeps the second one like it.
constexpr const char* kVenusRules = "/data/apps/bmsd/zz-bmsd.rules";
constexpr const char* kRules = "/etc/udev/rules.d/zz-bmsd.rules";

bool on_venus() {
  std::error_code ignored;
  return fs::exists("/etc/venus", ignored);
}

std::string rules_file() { return on_venus() ? kVenusRules : kRules; }

std::vector<Pin> pins_there() {
  std::ifstream file(rules_file(), std::ios::binary);
  return read_pin_rules(std::string(std::istreambuf_iterator<char>(file), {}));
}

// No pins: no file. Replaced as a whole, so that udev never reads half of it.
Status write_pins(const std::vector<Pin>& pins) {
  const std::string path = rules_file(), next = path + ".new";
  std::error_code error;
  if (pins.empty()) {
    fs::remove(path, error);
  } else {
    std::ofstream file(next, std::ios::binary);
    file << pin_rules(pins);
    file.close();
    if (!file) return Error{Errc::io, "file", 0, "cannot write " + next};
    fs::rename(next, path, error);
  }
  if (error) return Error{Errc::io, "file", error.value(), fmt::format("cannot write {}: {}", path, error.message())};
  return Done{};
}

// Where a pinned adapter is now: "ttyUSB0", or nothing.
std::string tty_of(const Pin& pin) {
  std::error_code error;
  const auto device = device_of(pin.name);
  return device && fs::exists(*device, error) ? fs::path(*device).filename().string() : "";
}

// Makes udev look at the rules, and at the port again.
Status apply(const std::string& tty) {
  if (on_venus()) {
    std::vector<std::string> command = {kVenusSetup, "pins"};
    if (!tty.empty()) command.push_back(tty);
    auto done = output_of(command);
    return done ? Status(Done{}) : Status(done.error());
  }
  std::vector<std::vector<std::string>> commands = {{"udevadm", "control", "--reload-rules"}};
  if (!tty.empty())
    commands.push_back({"udevadm", "trigger", "--action=add", "--subsystem-match=tty", "--sysname-match=" + tty});
  for (const auto& command : commands) {
    if (auto done = output_of(command); !done) return done.error();
  }
  return Done{};
}

void print_pins() {
  const std::vector<Pin> pins = pins_there();
  if (pins.empty()) fmt::print("no port is pinned; see: bmsd pin --help\n");
  for (const Pin& pin : pins) {
    const std::string tty = tty_of(pin), where = tty.empty() ? "-" : tty;
    fmt::print("{:<9} {:<22} {}={} {}\n", where, pin.name, pin.key, pin.value, pin.service);
  }
}

std::optional<std::string> what_is_missing() {
  if (::geteuid() != 0) return "needs to be root, because it writes rules of udev";
  std::error_code ignored;
  if (on_venus() && !fs::exists(kVenusSetup, ignored))
    return std::string(kVenusSetup) + " is not there; install bmsd first (docs/venus.md)";
  return std::nullopt;
}

std::string refused(const Error& error) {
  const bool no_udev = std::string_view(error.what) == "missing";
  return describe(error) + (no_udev ? "; pins are rules of udev, which this system does not have" : "");
}

// What to call it in PORTS, whatever it was called here.
std::string device_name(const std::string& tty) {
  const std::string name = stable_name(tty, usb_ports());
  return name.empty() ? "/dev/" + tty : name;
}

int remove_pin(const std::string& port) {
  std::vector<Pin> pins = pins_there();
  const auto pin = std::find_if(pins.begin(), pins.end(), [&](const Pin& one) { return same_port(one.name, port); });
  if (pin == pins.end()) return complain("pin", port + " is not pinned; see: bmsd pin --list");
  if (const auto missing = what_is_missing()) return complain("pin", *missing);
  const std::string name = pin->name, tty = tty_of(*pin);
  pins.erase(pin);
  if (auto written = write_pins(pins); !written) return complain("pin", describe(written.error()));
  if (auto applied = apply(tty); !applied) return complain("pin", refused(applied.error()));
  fmt::print("{} is not pinned any more: others may open it\n", name);
  return kDone;
}

int add_pin(const PinOptions& options) {
  const auto device = device_of(options.port);
  std::error_code error;
  if (!device || !fs::exists(*device, error)) return complain("pin", options.port + ": no such port; see: bmsd scan");
  if (const auto missing = what_is_missing()) return complain("pin", *missing);
  const std::string tty = fs::path(*device).filename();
  auto properties = output_of({"udevadm", "info", "--query=property", "--name=" + *device});
  if (!properties) return complain("pin", refused(properties.error()));
  const std::string_view service = !on_venus() ? "" : options.serial_starter ? kStartBmsd : kHandsOff;
  auto pin = make_pin(device_name(tty), udev_properties(*properties), service);
  if (!pin) return complain("pin", describe(pin.error()));

  std::vector<Pin> pins = pins_there();
  std::erase_if(pins, [&](const Pin& other) {
    return (other.key == pin->key && other.value == pin->value) || tty_of(other) == tty;
  });
  pins.push_back(*pin);
  if (auto written = write_pins(pins); !written) return complain("pin", describe(written.error()));
  if (auto applied = apply(tty); !applied) return complain("pin", refused(applied.error()));

  fmt::print("{} is kept for bmsd ({}={})\n", tty, pin->key, pin->value);
  if (service == kStartBmsd) {
    fmt::print("serial-starter starts bmsd for it, and nothing else\n");
  } else {
    fmt::print("{} leaves it alone. For bmsd to read it, config.ini has:\nPORTS = {}\n",
               on_venus() ? "serial-starter" : "ModemManager", pin->name);
  }
  return kDone;
}

}  // namespace

int command_pin(const PinOptions& options) {
  if (options.list) {
    print_pins();
    return kDone;
  }
  if (options.port.empty()) return wrong_usage("pin", "name a port, as in bmsd pin ttyUSB0; bmsd scan finds them");
  if (options.serial_starter && !on_venus())
    return wrong_usage("pin", "--serial-starter is for Venus OS; here there is no serial-starter");
  return options.remove ? remove_pin(options.port) : add_pin(options);
}

}  // namespace bmsd
