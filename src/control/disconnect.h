// What a battery that no longer answers still publishes. Its service never leaves; what it allows does.
//
// t counts from the first failed round after the last good one. Until the second failed round (or 2 s) nothing is
// visible.
//   t >= 10 s   measurements are unknown; with BLOCK_ON_DISCONNECT both current limits are 0
//   t >  60 s   cable alarm 1
//   t >= 60 s   with BLOCK_ON_DISCONNECT, or when the last known cells were not within the safe window:
//               limits 0, cable alarm 2
//   t >= BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES   in any case: limits 0, cable alarm 2
// A good round brings everything back at once, except that the cable alarm stays until 60 s have passed without a
// failed round.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "battery/alarms.h"
#include "battery/battery.h"
#include "control/limits.h"

namespace bmsd {

// How present the pack is, as consumers are told.
struct Presence {
  bool measurements_valid = true;  // false from 10 s without data: voltage, current, power are unknown
  bool blocked = false;            // both limits are 0 because the connection is lost
  bool given_up = false;           // past the time-out: state error, cable alarm
  Severity cable_alarm = Severity::ok;
  Duration lost_for{};             // 0 while connected
  std::string text = "Connected";  // /ConnectionInformation

  bool operator==(const Presence&) const = default;
};

// Watches the rounds of one pack.
class Disconnect {
 public:
  void round_good(Instant now);
  // `battery`: what was believed before the loss; its cells decide how long the limits may be kept.
  void round_failed(const Battery& battery, const ControlConfig& config, Instant now);
  Presence presence(const ControlConfig& config, Instant now) const;

 private:
  bool visible(Instant now) const;  // lost for long enough to be shown
  Severity cable_alarm_of_this_loss(Instant now) const;
  bool remembers_errors(Instant now) const;
  void forget_old_errors(Instant now);
  std::string connected_text(Instant now) const;
  std::string lost_text(Duration lost_for) const;

  std::optional<Instant> first_failed_;  // since the last good round
  int failed_rounds_ = 0;                // since the last good round
  Duration grace_{};                     // of this loss: after it, the limits are 0
  bool cable_warning_ = true;

  // Sporadic errors, for the text and the cable alarm; forgotten when 60 s have passed without one.
  std::optional<Instant> first_error_, last_error_;
  int errors_ = 0;
  Severity cable_alarm_ = Severity::ok;  // of losses that have ended
};

}  // namespace bmsd
