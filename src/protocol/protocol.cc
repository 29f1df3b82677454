#include "protocol/protocol.h"

namespace bmsd {

int exchange_index(const Protocol& protocol, std::string_view name) {
  for (std::size_t i = 0; i < protocol.exchanges.size(); ++i) {
    if (protocol.exchanges[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace bmsd
