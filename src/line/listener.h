// Decodes what another master asks and is answered. It has no member that returns bytes: that is the proof that it
// cannot transmit.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "line/wire_end.h"

namespace bmsd {

class Listener {
 public:
  struct Overheard {
    int address;
    std::uint8_t exchange;
    Result<Reading> result;  // Errc::timeout: the master has asked on, no reply was heard
  };

  // The session that remembers the talk with a pack; null for a pack that nobody wants. -1: the request does not say whom
  // it asks.
  using Sessions = std::function<Session*(int address)>;
  explicit Listener(Sessions sessions) : sessions_(std::move(sessions)) {}

  // Takes a frame of somebody else's talk. A reply counts only behind the request that it answers; without one only where
  // it says itself whose it is and what it tells, as the blocks of a JK PB do.
  std::optional<Overheard> heard(const Stray& stray, Instant now);

  std::uint64_t unpaired() const { return unpaired_; }  // replies whose request was not heard

 private:
  struct Asked {
    Request request;
    int address;
    Instant at;
    std::vector<ByteVector> parts = {};  // of the reply so far
  };
  std::optional<Overheard> asks(const Stray& stray, Instant now);
  std::optional<Overheard> answers(const Stray& stray, Instant now);
  std::optional<Overheard> tells(const Stray& stray, Instant now);

  Sessions sessions_;
  std::optional<Asked> asked_;
  std::uint64_t unpaired_ = 0;
};

}  // namespace bmsd
