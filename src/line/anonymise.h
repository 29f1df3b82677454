// A capture that may be handed to strangers: what tells a pack or its owner from all others is blanked, with valid checks, so
// that everything else is replayed as before.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "line/capture.h"
#include "protocol/protocol.h"

namespace bmsd {

struct Anonymised {
  std::vector<CaptureRecord> records;
  std::size_t names = 0;          // that were blanked, each time that they stood somewhere
  std::size_t bytes_removed = 0;  // that nobody understands and that may hold names: zeros now
};

// `protocols`: what is spoken at each port. Ports whose names tell an adapter or a network are called "port1", "port2".
// Error config: what cannot be anonymised, and why; nothing is to be written then.
Result<Anonymised> anonymise(const std::vector<CaptureRecord>& records,
                             const std::map<std::string, std::vector<const Protocol*>>& protocols);

}  // namespace bmsd
