#include "protocol/protocol.h"

#include <algorithm>
#include <string>

namespace bmsd {

Result<Request> Session::change(const Change& change) {
  return Error{Errc::config, "", 0, "the " + std::string(name_of(change.what)) + " of this BMS cannot be changed"};
}

int exchange_index(const Protocol& protocol, std::string_view name) {
  for (std::size_t i = 0; i < protocol.exchanges.size(); ++i) {
    if (protocol.exchanges[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

const Writable* find_writable(const Protocol& protocol, Changeable what) {
  const auto found = std::find_if(protocol.writables.begin(), protocol.writables.end(),
                                  [what](const Writable& writable) { return writable.what == what; });
  return found == protocol.writables.end() ? nullptr : &*found;
}

}  // namespace bmsd
