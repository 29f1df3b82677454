#include "control/soc_reset.h"

#include <chrono>

namespace bmsd {
namespace {

constexpr double kSecondsPerDay = 86400;
constexpr double kProtectionBelow = 0.02;  // V: a cell this near to the voltage has made the BMS open its FET
constexpr Duration kLongestHiding = 24h;
constexpr Duration kHidesAfterwards = 30min;

}  // namespace

void SocReset::restore(std::int64_t last_reached, bool was_full) {
  last_reached_ = last_reached;
  was_full_ = was_full_ || was_full;
  restored_ = true;
}

bool SocReset::wanted(const ChargeStageConfig& config, const ChargeInputs& inputs, WallTime wall, Instant now) {
  date(wall, now);
  if (!config.enabled || !config.soc_reset_after_days) {
    wanted_since_.reset();
    return false;
  }
  const bool at_the_top = inputs.cells && inputs.cells->highest >= config.soc_reset_cell_voltage - kProtectionBelow;
  if (wanted_since_ && inputs.charge_fet_off && at_the_top) {
    wanted_since_.reset();
    stopped_by_bms_ = true;
  }
  if (!wanted_since_ && !stopped_by_bms_ && due(*config.soc_reset_after_days, wall)) wanted_since_ = now;
  return wanted();
}

bool SocReset::due(double days, WallTime wall) const {
  if (undated_ || !is_set(wall)) return false;
  if (last_reached_ <= 0) return was_full_;
  return static_cast<double>(wall.seconds - last_reached_) > days * kSecondsPerDay;
}

void SocReset::float_begins(bool reached, WallTime wall, Instant now) {
  if ((wanted_since_ && reached) || stopped_by_bms_) {
    reached_at_ = now;
    undated_ = true;
    date(wall, now);
  }
  wanted_since_.reset();
  stopped_by_bms_ = false;
  was_full_ = true;
}

// What happened while the clock was not set gets its date when it is; what was saved gets its instant.
void SocReset::date(WallTime wall, Instant now) {
  if (!is_set(wall)) return;
  if (undated_) {
    last_reached_ = wall.seconds - std::chrono::duration_cast<std::chrono::seconds>(now - *reached_at_).count();
    undated_ = false;
  } else if (restored_ && last_reached_ > 0 && wall.seconds >= last_reached_) {
    const auto ago = std::chrono::seconds(wall.seconds - last_reached_);
    if (ago <= kHidesAfterwards) reached_at_ = now - ago;
  }
  restored_ = false;
}

bool SocReset::hides_warnings(Instant now) const {
  return (wanted_since_ && now - *wanted_since_ <= kLongestHiding) ||
         (reached_at_ && now - *reached_at_ <= kHidesAfterwards);
}

}  // namespace bmsd
