#include "control/charge_control.h"

#include <algorithm>
#include <utility>

#include "battery/battery.h"
#include "control/measured_current.h"

namespace bmsd {
namespace {

bool both_blocked(const Limits& limits) { return !limits.charge.allowed && !limits.discharge.allowed; }

// The gravest that applies.
OperatingState state_of(const Presence& presence, const Limits& limits) {
  if (presence.given_up) return OperatingState::error;
  if (!limits.cvl) return OperatingState::initialising;
  return both_blocked(limits) ? OperatingState::standby : OperatingState::running;
}

// The first that applies.
DeviceState device_state_of(const Alarms& alarms, const Limits& limits) {
  const Severity heat = std::max(alarms.of(Alarm::high_temperature), alarms.of(Alarm::high_charge_temperature));
  if (alarms.of(Alarm::internal_failure) == Severity::alarm) return DeviceState::fault;
  if (heat == Severity::alarm) return DeviceState::over_temperature;
  if (heat == Severity::warning) return DeviceState::temperature_warning;
  if (alarms.of(Alarm::low_voltage) == Severity::alarm) return DeviceState::under_voltage;
  return both_blocked(limits) ? DeviceState::blocked : DeviceState::connected;
}

std::optional<double> remaining(const Battery& battery) {
  if (const auto said = battery.get(Field::capacity_remaining)) return said;
  const auto full = battery.get(Field::capacity_full), soc = battery.get(Field::soc);
  if (!full || !soc) return std::nullopt;
  return *full * *soc / 100;
}

}  // namespace

void ChargeControl::round_good(Instant now) { disconnect_.round_good(now); }

void ChargeControl::round_failed(const Battery& battery, const ControlConfig& config, Instant now) {
  disconnect_.round_failed(battery, config, now);
}

const ControlOutputs& ChargeControl::evaluate(const ControlConfig& config, const Battery& battery,
                                              const Surroundings& surroundings, bool tells_fets, WallTime wall,
                                              Instant now) {
  ControlOutputs out;
  out.presence = disconnect_.presence(config, now);
  const auto current = measured_current(battery);
  const Value& said = battery.value(Field::current);
  if (said.quality == Quality::fresh && current) mean_current_.add(*current, said.at);

  Measured& measured = out.measured;
  if (out.presence.measurements_valid) {
    measured.voltage = battery.get(Field::voltage);
    measured.current = current;
    measured.mean_current = mean_current_.value();
    if (measured.voltage && current) measured.power = *measured.voltage * *current;
  }
  measured.soc = battery.get(Field::soc);
  measured.remaining = remaining(battery);
  const auto full = battery.get(Field::capacity_full);
  if (full && measured.remaining) measured.consumed = std::min(0.0, *measured.remaining - *full);
  measured.midpoint = midpoint(battery, config.max_cell_voltage);

  out.limits = limiter_.evaluate(config, battery, out.presence, tells_fets, wall, now);
  out.state = state_of(out.presence, out.limits);
  out.device_state = device_state_of(battery.alarms(), out.limits);
  out.balancer_may = surroundings.balancer_may;
  out.heating = surroundings.heating;
  outputs_ = std::move(out);
  return outputs_;
}

void ChargeControl::restore(const KeptControl& kept) { limiter_.restore(kept.charge); }

KeptControl ChargeControl::kept() const {
  KeptControl kept;
  kept.charge = limiter_.kept();
  return kept;
}

void ChargeControl::set_soc(double) {}  // nothing is counted

void ChargeControl::clear_history(int) {}  // there is none

void ChargeControl::set_soc_reset_last_reached(std::int64_t unix_time) {
  limiter_.set_soc_reset_last_reached(unix_time);
}

}  // namespace bmsd
