// The limits of one battery, with memory: they fall at once and rise by hold and ramp.
#pragma once

#include <optional>

#include "base/time.h"
#include "control/limits.h"
#include "control/recovering_limit.h"

namespace bmsd {

// One per battery; pure apart from its memory. Called after every round, good or failed, and at least once a second.
// While the pack is lost (presence.lost_for > 0) limits only fall: what is on the table is old.
class Limiter {
 public:
  Limits evaluate(const ControlConfig& config, const Battery& battery, const Presence& presence, bool tells_fets,
                  Instant now);

 private:
  // What a measurement said last, for when the BMS tells it no more.
  class Remembered {
   public:
    // Up to a minute puts the last known values in the place of missing ones; then says that they are missed.
    bool missed(std::optional<double>& lowest, std::optional<double>& highest, Instant now);

   private:
    std::optional<double> lowest_, highest_;
    std::optional<Instant> missing_since_;
  };

  void keep_charging_carefully(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                               const Presence& presence, CurrentLimit& charge);

  Remembered cells_, temperatures_;
  std::optional<bool> charged_nearly_full_;  // when the pack was lost; nothing while it is not
  RecoveringLimit charge_, discharge_;
};

}  // namespace bmsd
