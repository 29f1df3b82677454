// The udev rules that give a serial adapter to bmsd alone, as text. Pure: who asks udev and where the files are is in
// pin.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bmsd {

// One adapter that is kept for bmsd.
struct Pin {
  std::string name;     // how PORTS names it: "usb:A50285BI", "path:1-1.2"; "/dev/ttyS1" where it is no USB adapter
  std::string key;      // the property of udev that tells it from others: "ID_SERIAL_SHORT" or "ID_PATH"
  std::string value;    // "A50285BI"
  std::string service;  // Venus OS: what serial-starter does with it, kHandsOff or kStartBmsd; else empty
};

inline constexpr std::string_view kHandsOff = "ignore";  // serial-starter's word: the daemon has the port
inline constexpr std::string_view kStartBmsd = "bmsd";   // serial-starter starts bmsd for it

// "KEY=VALUE" per line, as `udevadm info --query=property` prints them.
std::map<std::string, std::string> udev_properties(std::string_view text);

// By serial number if `name` says that this is what tells it from others (stable_name()), else by the socket that it is
// in. Error config when udev knows neither, or when it cannot stand in a rule.
Result<Pin> make_pin(std::string name, const std::map<std::string, std::string>& properties, std::string_view service);

// A file of rules. Not of Venus OS: they keep ModemManager away.
std::string pin_rules(const std::vector<Pin>& pins);

// What pin_rules() has written. Lines of others are left out.
std::vector<Pin> read_pin_rules(std::string_view text);

}  // namespace bmsd
