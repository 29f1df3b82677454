// The value of PACKS: which packs are on a line that carries several protocols, "daren-485@1,2; pylontech-rs485@4".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/convert.h"

namespace bmsd {

// The packs of one protocol.
struct ProtocolPacks {
  std::string protocol;        // as written
  std::vector<int> addresses;  // at least one

  bool operator==(const ProtocolPacks&) const = default;
};

struct Packs {
  std::vector<ProtocolPacks> places;
  std::vector<std::string> unreadable;  // the parts that are no "PROTOCOL@ADDRESS,..."
};

// Takes the text apart; whether there is such a protocol, and whether it has such addresses, is not looked at.
Packs packs_of(std::string_view text);

// A finding for each part that cannot be read; no value where none can.
Converted convert_packs(std::string_view text);

}  // namespace bmsd
