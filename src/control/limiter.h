// The limits of one battery, with memory: CVL follows the stages of charging; currents fall at once and rise by hold and
// ramp.
#pragma once

#include <optional>

#include "base/time.h"
#include "control/charge_stage.h"
#include "control/limits.h"
#include "control/recovering_limit.h"

namespace bmsd {

// What is believed beside what the BMS says: as it is published, but also while the pack is lost.
struct Believed {
  std::optional<double> current;  // A
  std::optional<double> soc;      // percent
  bool heating = false;
};

// One per battery; pure apart from its memory. Called after every round, good or failed, and at least once a second.
// While the pack is lost (presence.lost_for > 0) limits of current only fall and CVL stays: what is on the table is old.
class Limiter {
 public:
  // `wall`: 0 for a clock that is not set.
  Limits evaluate(const ControlConfig& config, const Battery& battery, const Believed& believed,
                  const Presence& presence, bool tells_fets, WallTime wall, Instant now);

  // What a restart must not lose; as in control/charge_stage.h.
  void restore(const KeptCharge& kept) { stage_.restore(kept); }
  KeptCharge kept() const { return stage_.kept(); }

  // Before the first evaluation: the limits (A) that another process published until now; they come back from there.
  void resume(double charge, double discharge, Instant now) {
    charge_.resume(charge, now);
    discharge_.resume(discharge, now);
  }

  void set_soc_reset_last_reached(std::int64_t unix_time) { stage_.set_soc_reset_last_reached(unix_time); }
  std::uint64_t full_charges() const { return stage_.full_charges(); }
  std::uint64_t syncs() const { return stage_.syncs(); }

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

  void keep_charging_carefully(const ControlConfig& config, const Believed& believed, const CurrentInputs& inputs,
                               const Presence& presence, CurrentLimit& charge);

  void set_charge_voltage(const ControlConfig& config, const Battery& battery, const Believed& believed,
                          const Presence& presence, WallTime wall, Instant now, Limits& limits);

  ChargeStage stage_;
  Remembered cells_, temperatures_;
  std::optional<bool> charged_nearly_full_;  // when the pack was lost; nothing while it is not
  RecoveringLimit charge_, discharge_;
};

}  // namespace bmsd
