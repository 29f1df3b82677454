// Who has a port that we cannot have, or would have it if we did not.
#pragma once

#include <optional>
#include <string>

#include "io/holder.h"

namespace bmsd {

struct PortOwner {
  std::optional<Holder> holder;   // who has it open
  std::optional<Holder> starter;  // on Venus OS: for whom serial-starter has locked it
  std::string service;            // on Venus OS: to which drivers udev hands it (VE_SERVICE); empty: not known
  std::string tty;                // "ttyUSB0"

  bool known() const { return holder || starter; }
};

// `port` as a user names it. `root` stands before /run/udev/data and /var/lock/serial-starter.
PortOwner owner_of(const std::string& port, const std::string& root = "");

// "process 708 (picocom -b 9600 /dev/ttyUSB0), to which serial-starter has given it (VE_SERVICE vedirect)"
std::string describe(const PortOwner& owner);

}  // namespace bmsd
