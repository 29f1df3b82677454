#include "protocol/registry.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "protocol/canbus_bms.h"
#include "protocol/daly_can.h"
#include "protocol/daly_uart.h"
#include "protocol/daren_485.h"
#include "protocol/eg4_lifepower.h"
#include "protocol/jkbms_can.h"
#include "protocol/jkbms_pb.h"
#include "protocol/jkbms_uart.h"
#include "protocol/lltjbd_uart.h"
#include "protocol/pylontech_rs485.h"
#include "protocol/renogy.h"

namespace bmsd {
namespace {

// The common ones first: in this order they are looked for.
constexpr auto kProtocols = std::to_array<const Protocol*>({
    &kDaren485,
    &kJkBmsPb,
    &kLltJbdUart,
    &kDalyUart,
    &kJkBmsUart,
    &kEg4Lifepower,
    &kRenogy,
    &kPylontechRs485,
    &kJkBmsCan,
    &kCanBusBms,
    &kDalyCan,
});

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::span<const Protocol* const> protocols() { return kProtocols; }

std::vector<const Protocol*> protocols_over(Medium medium) {
  std::vector<const Protocol*> found;
  for (const Protocol* protocol : kProtocols) {
    if (protocol->medium == medium) found.push_back(protocol);
  }
  return found;
}

const Protocol* find_protocol(std::string_view name) {
  for (const Protocol* protocol : kProtocols) {
    if (same_word(protocol->name, name)) return protocol;
    for (const std::string_view type : protocol->bms_types) {
      if (same_word(type, name)) return protocol;
    }
  }
  return nullptr;
}

}  // namespace bmsd
