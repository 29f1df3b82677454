// The mean current of the last minutes.
#pragma once

#include <deque>
#include <optional>

#include "base/time.h"

namespace bmsd {

// Over time, not over samples: between two samples the current goes straight from one to the other, so rounds that come
// at uneven intervals weigh what they last.
class MeanCurrent {
 public:
  explicit MeanCurrent(Duration window = std::chrono::seconds(300)) : window_(window) {}

  // A, measured at `at`; a sample that is not newer than the last one is left out. After a gap as long as the window it
  // begins anew.
  void add(double current, Instant at);

  // A. Nothing before the first sample.
  std::optional<double> value() const;

 private:
  struct Span {
    Duration length;
    double ampere_seconds;
  };
  struct Sample {
    double current;
    Instant at;
  };

  Duration window_;
  std::deque<Span> spans_;  // of about a second each, oldest first
  Duration length_{};       // of all spans
  std::optional<Sample> last_;
};

}  // namespace bmsd
