#include "control/recovering_limit.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace bmsd {
namespace {

constexpr double kNoise = 0.02;  // of the configured current: a smaller reduction may be noise

// Downwards, so that the ramp is never ahead of its rate; the small addition is for numbers like 6.1499999.
double whole_milliamperes(double current) { return std::floor(current * 1000 + 1e-6) / 1000; }

}  // namespace

CurrentLimit RecoveringLimit::follow(const CurrentLimit& target, double configured, const Recovery& recovery,
                                     bool may_rise, Instant now) {
  Recovering recovering = Recovering::no;
  if (!value_ || target.value <= *value_) {
    fall(target.value, configured, recovery, now);
  } else if (may_rise) {
    recovering = rise(target.value, configured, recovery, now);
  } else {
    ramp_.reset();
    recovering = Recovering::no_data;
  }
  CurrentLimit limit = target;
  limit.value = *value_;
  limit.allowed = target.allowed && *value_ > 0;
  if (recovering != Recovering::no && recovering != Recovering::rises) limit.reason += " *";
  if (recovering == Recovering::rises && *value_ == target.value) recovering = Recovering::no;  // it has arrived
  limit.cause.recovering = recovering;
  if (recovering == Recovering::holds) limit.cause.holds_until = hold_end(recovery);
  return limit;
}

void RecoveringLimit::resume(double value, Instant now) {
  value_ = value;
  hold_start_ = wanted_more_ = now;
}

void RecoveringLimit::fall(double target, double configured, const Recovery& recovery, Instant now) {
  const double reduction = value_.value_or(target) - target;
  // A recovery that nobody has asked for during a whole hold is over as well.
  const bool over = hold_start_ && !(seconds(now - wanted_more_) <= recovery.hold_s);
  if (target == 0 || over || reduction > kNoise * configured - 1e-9) hold_start_.reset();
  ramp_.reset();
  value_ = target;
}

// A hold that is no number of seconds, or longer than anybody waits, has no end that could be told.
std::optional<Instant> RecoveringLimit::hold_end(const Recovery& recovery) const {
  constexpr double kLongest = 1e6;  // s
  if (!hold_start_ || !(recovery.hold_s >= 0 && recovery.hold_s <= kLongest)) return std::nullopt;
  return *hold_start_ + std::chrono::ceil<Duration>(std::chrono::duration<double>(recovery.hold_s));
}

// Says how far it has come.
Recovering RecoveringLimit::rise(double target, double configured, const Recovery& recovery, Instant now) {
  wanted_more_ = now;
  if (*value_ == 0 && target < configured * recovery.threshold) {
    hold_start_.reset();
    ramp_.reset();
    return Recovering::too_little;
  }
  if (!hold_start_) hold_start_ = now;
  if (!(seconds(now - *hold_start_) >= recovery.hold_s)) {
    ramp_.reset();
    return Recovering::holds;
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
  return Recovering::rises;
}

}  // namespace bmsd
