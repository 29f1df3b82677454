// How long a line must be quiet before the next request: starts at the sheet's value, is learned per line down to the
// sheet's least.
#pragma once

#include <map>

#include "base/time.h"

namespace bmsd {

// Halved after every good exchange until the first trouble (a fresh line is learned quickly), from then on after 8 good
// ones in a row; doubled (at most the start value) on a time-out or a bad check. A pack that had trouble keeps a least
// value of its own for 10 minutes, so that it does not pull the others up for good.
class Turnaround {
 public:
  Turnaround(Duration start, Duration least) : start_(start), least_(least), learned_(start) {}

  void good();
  void bad(int address, Instant now);

  // Silence wanted before `address` is asked.
  Duration of(int address, Instant now) const;
  Duration learned() const { return learned_; }

 private:
  struct Floor {
    Duration least;
    Instant until;
  };
  Duration start_, least_, learned_;
  int good_in_a_row_ = 0;
  bool troubled_before_ = false;
  std::map<int, Floor> troubled_;
};

}  // namespace bmsd
