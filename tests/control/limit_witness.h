// What a limit of current promises, whatever the BMS says.
#pragma once

#include <rapidcheck.h>

#include <cmath>
#include <optional>

#include "base/time.h"
#include "control/limits.h"

namespace bmsd {

// A limit of current, watched from outside: call by call it is held to what it promises.
class LimitWitness {
 public:
  void check(const CurrentLimit& limit, const CurrentLimit& target, double configured, const Recovery& recovery,
             bool lost, bool may_fall, Instant now) {
    RC_ASSERT(std::isfinite(limit.value));
    RC_ASSERT(limit.value >= 0);
    RC_ASSERT(limit.value <= configured);
    RC_ASSERT(limit.value <= target.value);  // so every reduction acts in the call that brings it
    RC_ASSERT(!limit.reason.empty());
    RC_ASSERT(!limit.allowed || (target.allowed && limit.value > 0));
    if (before_) {
      const double rise = limit.value - before_->value;
      if (rise > 0) {
        RC_ASSERT(!lost);
        if (last_reduction_) RC_ASSERT(seconds(now - *last_reduction_) >= recovery.hold_s);
        if (recovery.rate_a_per_s > 0) {
          RC_ASSERT(rise <= recovery.rate_a_per_s * seconds(now - before_->at) + 1e-6);
        }
        if (before_->value == 0) RC_ASSERT(target.value >= configured * recovery.threshold);
      }
      if (rise < 0 && (-rise > 0.02 * configured - 1e-9 || limit.value == 0)) last_reduction_ = now;
      if (!may_fall && target.value >= before_->value) RC_ASSERT(rise >= 0);
    } else {
      RC_ASSERT(limit.value == target.value);
    }
    before_ = Said{limit.value, now};
  }

 private:
  struct Said {
    double value;
    Instant at;
  };
  std::optional<Said> before_;
  std::optional<Instant> last_reduction_;
};

}  // namespace bmsd
