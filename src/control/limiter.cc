#include "control/limiter.h"

#include <algorithm>
#include <cmath>

#include "control/current_limits.h"
#include "control/disconnect.h"

namespace bmsd {
namespace {

constexpr Duration kMissingAllowed = 60s;  // longer makes it doubtful
constexpr Duration kFullChargeKept = 5min;
constexpr double kShareOfLongLoss = 0.25;
constexpr double kNearFloat = 0.03;  // V

}  // namespace

Limits Limiter::evaluate(const ControlConfig& config, const Battery& battery, const Believed& believed,
                         const Presence& presence, bool tells_fets, WallTime wall, Instant now) {
  CurrentInputs inputs = current_inputs(config, battery);
  if (believed.soc != inputs.soc) inputs.pending_soc.reset();  // it is not the BMS's that counts
  inputs.soc = believed.soc;
  if (cells_.missed(inputs.lowest_cell, inputs.highest_cell, now)) inputs.cells_in_doubt = true;
  if (temperatures_.missed(inputs.coldest, inputs.hottest, now)) inputs.temperatures_in_doubt = true;

  Limits limits = limits_from(config, battery, inputs, presence, tells_fets);
  set_charge_voltage(config, battery, believed, presence, wall, now, limits);
  keep_charging_carefully(config, believed, inputs, presence, limits.charge);
  const double least = least_discharge(config, battery, inputs);  // holds while the limit comes back, too
  const bool discharges = limits.discharge.allowed;
  const bool may_rise = presence.lost_for == Duration();
  limits.charge = charge_.follow(limits.charge, usable_maximum(config.max_battery_charge_current),
                                 config.charge_recovery, may_rise, now);
  limits.discharge = discharge_.follow(limits.discharge, usable_maximum(config.max_battery_discharge_current),
                                       config.discharge_recovery, may_rise, now);
  if (!presence.blocked && discharges && limits.discharge.value < least) {
    limits.discharge.value = least;
    limits.discharge.allowed = true;
  }
  return limits;
}

void Limiter::set_charge_voltage(const ControlConfig& config, const Battery& battery, const Believed& believed,
                                 const Presence& presence, WallTime wall, Instant now, Limits& limits) {
  ChargeInputs inputs = charge_inputs(config, battery);
  inputs.soc = believed.soc;
  inputs.current = believed.current;
  inputs.heating = believed.heating;
  inputs.lost = presence.lost_for > Duration();
  const auto voltage = stage_.evaluate(config, inputs, wall, now);
  if (!voltage) return;
  const double drop = std::isfinite(config.voltage_drop) ? config.voltage_drop : 0;
  limits.cvl = std::round(std::max(voltage->cvl + drop, 0.0) * 100) / 100;
  limits.max_charge_cell_voltage = std::round(voltage->highest / *inputs.count * 1000) / 1000;
  limits.control_voltage = voltage->cvl;
  limits.mode = voltage->mode;
  limits.soc_reset_wanted = stage_.soc_reset_wanted();
  limits.charge_mode = charge_mode_text(voltage->mode, config.steps);
  limits.hides_high_voltage_warnings = voltage->hides_warnings;
  limits.charging = voltage->facts;
}

// A pack that was being charged and nearly full when it was lost may be full by now.
void Limiter::keep_charging_carefully(const ControlConfig& config, const Believed& believed,
                                      const CurrentInputs& inputs, const Presence& presence, CurrentLimit& charge) {
  if (presence.lost_for == Duration()) {
    charged_nearly_full_.reset();
    return;
  }
  if (!charged_nearly_full_) {
    charged_nearly_full_ = believed.current.value_or(0) > 0 && inputs.highest_cell &&
                           *inputs.highest_cell > config.float_cell_voltage - kNearFloat;
  }
  if (!*charged_nearly_full_ || presence.lost_for < kFullChargeKept) return;
  const double most = std::round(usable_maximum(config.max_battery_charge_current) * kShareOfLongLoss * 1000) / 1000;
  if (charge.value > most) lower_limit(charge, most, Rule::connection, "BMS connection lost");
}

bool Limiter::Remembered::missed(std::optional<double>& lowest, std::optional<double>& highest, Instant now) {
  if (lowest && highest) {
    lowest_ = lowest;
    highest_ = highest;
    missing_since_.reset();
    return false;
  }
  if (!lowest_) return false;  // never told
  if (!missing_since_) missing_since_ = now;
  if (now - *missing_since_ > kMissingAllowed) return true;
  lowest = lowest_;
  highest = highest_;
  return false;
}

}  // namespace bmsd
