// Decodes what another master asks and is answered. It has no member that returns bytes: that is the proof that it
// cannot transmit.
#pragma once

#include <functional>
#include <optional>

#include "line/wire_end.h"

namespace bmsd {

class Listener {
 public:
  struct Overheard {
    int address;
    std::uint8_t exchange;
    Result<Reading> result;
  };

  // The session that remembers the talk with a pack; null for a pack that nobody wants.
  using Sessions = std::function<Session*(int address)>;
  explicit Listener(Sessions sessions) : sessions_(std::move(sessions)) {}

  // Takes a frame of somebody else's talk. A reply counts only behind the request that it answers.
  std::optional<Overheard> heard(const Stray& stray, Instant now);

 private:
  struct Asked {
    Request request;
    int address;
    Instant at;
  };
  Sessions sessions_;
  std::optional<Asked> asked_;
};

}  // namespace bmsd
