#include "control/disconnect.h"

#include <algorithm>

#include "control/cells.h"
#include "control/times_to_go.h"

namespace bmsd {
namespace {

constexpr Duration kVisible = 2s;  // or the second failed round
constexpr Duration kMeasurementsKept = 10s;
constexpr Duration kCableWarning = 60s;  // longer than
constexpr Duration kGraceUnsafe = 60s;   // when blocking is wished or the cells were not within the safe window
constexpr Duration kErrorsRemembered = 60s;

bool cells_safe(const Battery& battery, const ControlConfig& config) {
  const auto cells = cell_range(battery, config.max_cell_voltage);
  return cells && cells->implausible == 0 && cells->lowest > config.block_on_disconnect_voltage_min &&
         cells->highest < config.block_on_disconnect_voltage_max;
}

std::string text_of(Duration duration) {
  return duration_text(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

void Disconnect::round_good(Instant now) {
  // A loss without rounds, as of a port that is closed, is an error until its end.
  if (visible(now) && !remembers_errors(now)) last_error_ = now;
  forget_old_errors(now);
  cable_alarm_ = std::max(cable_alarm_, cable_alarm_of_this_loss(now));
  first_failed_.reset();
  failed_rounds_ = 0;
}

void Disconnect::round_failed(const Battery& battery, const ControlConfig& config, Instant now) {
  if (!first_failed_) {
    forget_old_errors(now);
    first_failed_ = now;
  }
  if (!first_error_) first_error_ = now;
  last_error_ = now;
  ++errors_;
  ++failed_rounds_;
  cable_warning_ = config.bms_cable_alarm;
  // The first failed round decides, the second once more, because its good exchanges may have brought newer cells.
  // Later ones do not: what single exchanges of a failing pack say must not prolong the grace.
  if (failed_rounds_ <= 2) {
    grace_ = std::chrono::minutes(std::max(config.block_on_disconnect_timeout_minutes, 0));
    if (config.block_on_disconnect || !cells_safe(battery, config)) grace_ = std::min(grace_, kGraceUnsafe);
  }
}

Presence Disconnect::presence(const ControlConfig& config, Instant now) const {
  Presence presence;
  presence.cable_alarm = std::max(remembers_errors(now) ? cable_alarm_ : Severity::ok, cable_alarm_of_this_loss(now));
  if (!visible(now)) {
    presence.text = connected_text(now);
    return presence;
  }
  presence.lost_for = now - *first_failed_;
  presence.measurements_valid = presence.lost_for < kMeasurementsKept;
  presence.given_up = presence.lost_for >= grace_;
  presence.blocked = presence.given_up || (config.block_on_disconnect && presence.lost_for >= kMeasurementsKept);
  presence.text = lost_text(presence.lost_for);
  return presence;
}

bool Disconnect::visible(Instant now) const {
  return first_failed_ && (failed_rounds_ >= 2 || now - *first_failed_ >= kVisible);
}

Severity Disconnect::cable_alarm_of_this_loss(Instant now) const {
  if (!visible(now)) return Severity::ok;
  const Duration lost_for = now - *first_failed_;
  if (lost_for >= grace_) return Severity::alarm;
  return lost_for > kCableWarning && cable_warning_ ? Severity::warning : Severity::ok;
}

bool Disconnect::remembers_errors(Instant now) const { return last_error_ && now - *last_error_ <= kErrorsRemembered; }

void Disconnect::forget_old_errors(Instant now) {
  if (remembers_errors(now)) return;
  first_error_.reset();
  last_error_.reset();
  errors_ = 0;
  cable_alarm_ = Severity::ok;
}

std::string Disconnect::connected_text(Instant now) const {
  // An error that may still become a loss is not yet told.
  if (!remembers_errors(now) || (first_failed_ && errors_ == 1)) return "Connected";
  return "Connected (" + std::to_string(errors_) + (errors_ == 1 ? " error" : " errors") + " in the last " +
         text_of(now - *first_error_) + ")";
}

std::string Disconnect::lost_text(Duration lost_for) const {
  const Duration lost =
      std::chrono::floor<std::chrono::seconds>(lost_for);  // so that both times add up to the threshold
  return "Lost for: " + text_of(lost) + " | " +
         (lost_for >= grace_ ? "Disconnected" : "Disconnect in: " + text_of(grace_ - lost)) +
         " | Threshold: " + text_of(grace_);
}

}  // namespace bmsd
