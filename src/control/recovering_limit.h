// A limit of current that falls at once and comes back slowly: first it holds, then it rises at a steady rate.
#pragma once

#include <optional>

#include "base/time.h"
#include "control/limits.h"

namespace bmsd {

class RecoveringLimit {
 public:
  // The limit to publish, never above `target`. The first call takes the target; later ones
  //   fall with it at once;
  //   hold, from the first call with a higher target, for recovery.hold_s, and at 0 for as long as the target is less
  //   than recovery.threshold of `configured` (A); the reason is then the target's with " *";
  //   rise by recovery.rate_a_per_s from there, at once if that is 0.
  // A reduction by 2 % of `configured` or more, or to 0, makes the next rise hold again; a smaller one, which may be
  // noise, only makes the ramp begin anew. Without `may_rise` (there is no new data) the limit can only fall. How it is on
  // its way is in the cause.
  CurrentLimit follow(const CurrentLimit& target, double configured, const Recovery& recovery, bool may_rise,
                      Instant now);

  // Before the first call: another process published `value` (A). A higher target is reached from there, by hold and ramp.
  void resume(double value, Instant now);

 private:
  void fall(double target, double configured, const Recovery& recovery, Instant now);
  std::optional<Instant> hold_end(const Recovery& recovery) const;
  Recovering rise(double target, double configured, const Recovery& recovery, Instant now);

  struct Ramp {
    Instant start;
    double from;  // A
  };

  std::optional<double> value_;  // A; nothing before the first call
  std::optional<Instant> hold_start_;
  Instant wanted_more_{};  // the last time that the target was above the limit
  std::optional<Ramp> ramp_;
};

}  // namespace bmsd
