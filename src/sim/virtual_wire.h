// Two machines at the two ends of a wire, in virtual time: an hour passes as fast as they compute.
#pragma once

#include "base/time.h"
#include "wire/machine.h"

namespace bmsd {

// Pumps as io does, but says what time it is itself. What one end sends reaches the other at the same instant: a
// machine that cares for the time on the wire (SimBus does) counts it. A SetSpeed of one end is told to the other as
// opened() at that speed.
class VirtualWire {
 public:
  VirtualWire(Machine& left, Machine& right) : left_(left), right_(right) {}

  void open(int baud);
  void close();

  // Runs both until nothing is left to do before `until`; then it is `until`.
  void run_until(Instant until);
  void run_for(Duration duration) { run_until(now_ + duration); }

  Instant now() const { return now_; }

 private:
  bool act(Machine& from, Machine& to);
  void settle();

  Machine& left_;
  Machine& right_;
  Instant now_{};
  bool open_ = false;
};

}  // namespace bmsd
