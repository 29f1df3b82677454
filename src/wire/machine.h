// A machine at one end of a medium, without I/O and without a clock: bytes and instants go in, bytes and speeds come
// out. `io` pumps it in real time, tests and replay in virtual time. The poll of a line is one, a simulated pack is
// one.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/can_frame.h"

namespace bmsd {

struct SendBytes {
  ByteVector bytes;
};
struct SetSpeed {
  int baud;
};
// Of a CAN bus only these frames matter; none named: all. What comes all the same has to be borne.
struct SetFilter {
  std::vector<CanIds> ids;
};
using Action = std::variant<SendBytes, SetSpeed, SetFilter>;

class Machine {
 public:
  virtual ~Machine() = default;

  // The medium is there (again) at `baud` (0: has no speed of its own) or gone. Nothing is received or sent in between.
  virtual void opened(int baud, Instant now) = 0;
  virtual void closed(Instant now) = 0;

  virtual void received(Bytes bytes, Instant now) = 0;

  // What to do now, one thing at a time; called until it returns nothing, after every call above and at each deadline.
  virtual std::optional<Action> next(Instant now) = 0;

  // When next() wants to be called again; nothing: only after something was received.
  virtual std::optional<Instant> deadline() const = 0;

  // Nothing that comes before this instant needs to be seen before it: the rest of a reply whose length is known. A port
  // that can hands everything over then, all at once, which spares a wakeup for every few bytes.
  virtual std::optional<Instant> no_hurry_before() const { return std::nullopt; }
};

}  // namespace bmsd
