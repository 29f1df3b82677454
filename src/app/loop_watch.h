// Notices when the event loop was away: by how much later than due it calls once a second. Without a clock of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace bmsd {

class LoopWatch {
 public:
  static constexpr Duration kEvery = 1s;    // how often called() is to be called
  static constexpr Duration kNoticed = 2s;  // later than that is a stall

  // Says how long the loop was away, if that is worth a warning. The first call begins.
  std::optional<Duration> called(Instant now) {
    const Duration late = last_ ? now - *last_ - kEvery : Duration(0);
    last_ = now;
    if (late <= kNoticed) return std::nullopt;
    ++stalls_;
    longest_ = late > longest_ ? late : longest_;
    return late;
  }

  std::uint64_t stalls() const { return stalls_; }
  Duration longest() const { return longest_; }  // 0: there was none

 private:
  std::optional<Instant> last_;
  std::uint64_t stalls_ = 0;
  Duration longest_{};
};

}  // namespace bmsd
