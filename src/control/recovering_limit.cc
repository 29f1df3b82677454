#include "control/recovering_limit.h"

#include <algorithm>
#include <cmath>

namespace bmsd {
namespace {

constexpr double kNoise = 0.02;  // of the configured current: a smaller reduction may be noise

// Downwards, so that the ramp is never ahead of its rate; the small addition is for numbers like 6.1499999.
double whole_milliamperes(double current) { return std::floor(current * 1000 + 1e-6) / 1000; }

}  // namespace

CurrentLimit RecoveringLimit::follow(const CurrentLimit& target, double configured, const Recovery& recovery,
                                     bool may_rise, Instant now) {
  bool waits = false;
  if (!value_ || target.value <= *value_) {
    fall(target.value, configured, recovery, now);
  } else if (may_rise) {
    waits = !rise(target.value, configured, recovery, now);
  } else {
    ramp_.reset();
    waits = true;
  }
  CurrentLimit limit = target;
  limit.value = *value_;
  limit.allowed = target.allowed && *value_ > 0;
  if (waits) limit.reason += " *";
  return limit;
}

void RecoveringLimit::fall(double target, double configured, const Recovery& recovery, Instant now) {
  const double reduction = value_.value_or(target) - target;
  // A recovery that nobody has asked for during a whole hold is over as well.
  const bool over = hold_start_ && !(seconds(now - wanted_more_) <= recovery.hold_s);
  if (target == 0 || over || reduction > kNoise * configured - 1e-9) hold_start_.reset();
  ramp_.reset();
  value_ = target;
}

// Says whether the limit is on its way, so not holding.
bool RecoveringLimit::rise(double target, double configured, const Recovery& recovery, Instant now) {
  wanted_more_ = now;
  if (*value_ == 0 && target < configured * recovery.threshold) {
    hold_start_.reset();
    ramp_.reset();
    return false;
  }
  if (!hold_start_) hold_start_ = now;
  if (!(seconds(now - *hold_start_) >= recovery.hold_s)) {
    ramp_.reset();
    return false;
  }
  if (recovery.rate_a_per_s > 0) {
    if (!ramp_) ramp_ = Ramp{now, *value_};
    const double reached = whole_milliamperes(ramp_->from + recovery.rate_a_per_s * seconds(now - ramp_->start));
    value_ = std::clamp(reached, *value_, target);
  } else {
    value_ = target;
  }
  if (*value_ == target) {
    hold_start_.reset();
    ramp_.reset();
  }
  return true;
}

}  // namespace bmsd
