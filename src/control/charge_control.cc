#include "control/charge_control.h"

#include <algorithm>
#include <cmath>

#include "battery/battery.h"
#include "control/cells.h"
#include "control/measured_current.h"
#include "control/sensors.h"
#include "control/shown_alarm.h"

namespace bmsd {
namespace {

constexpr double kSocMoved = 0.1;  // percent
constexpr Duration kSocSavedEvery = 5min;
constexpr double kTooFarApart = 20, kNearAgain = 15;  // percent

double rounded(double value, double steps_per_unit) { return std::round(value * steps_per_unit) / steps_per_unit; }

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

std::optional<double> usable_soc(std::optional<double> percent) {
  return percent && *percent >= 0 && *percent <= 100 ? percent : std::nullopt;
}

bool needs_balancing(const ControlConfig& config, const ChargeMode& mode, const std::optional<CellRange>& cells) {
  const bool charges = mode.stage == ChargeStageName::bulk || mode.stage == ChargeStageName::absorption;
  return charges && cells && cells->highest >= config.float_cell_voltage &&
         cells->highest - cells->lowest > config.stages.float_difference;
}

}  // namespace

// One evaluation.
struct ChargeControl::Cycle {
  const ControlConfig& config;
  const Battery& battery;
  const Surroundings& surroundings;
  WallTime wall;
  Instant now;
  std::optional<CellRange> cells;
  std::optional<double> capacity;  // Ah
  Believed believed{};

  std::optional<double> full_less(std::optional<double> remaining) const {
    return capacity && remaining ? std::optional(std::min(0.0, *remaining - *capacity)) : std::nullopt;
  }
  std::optional<double> share(std::optional<double> soc) const {
    return capacity && soc ? std::optional(*capacity * *soc / 100) : std::nullopt;
  }
};

void ChargeControl::round_good(Instant now) { disconnect_.round_good(now); }

void ChargeControl::round_failed(const Battery& battery, const ControlConfig& config, Instant now) {
  disconnect_.round_failed(battery, config, now);
}

const ControlOutputs& ChargeControl::evaluate(const ControlConfig& config, const Battery& battery,
                                              const Surroundings& surroundings, bool tells_fets, WallTime wall,
                                              Instant now) {
  Cycle cycle = {config,
                 battery,
                 surroundings,
                 wall,
                 now,
                 cell_range(battery, config.max_cell_voltage),
                 battery.get(Field::capacity_full)};
  outputs_.presence = disconnect_.presence(config, now);
  cycle.believed.current = measured_current(config, battery, surroundings);
  cycle.believed.heating = surroundings.heating.value_or(false);
  measure(cycle);
  know_soc(cycle);
  cycle.believed.soc = outputs_.measured.soc;
  outputs_.limits = limiter_.evaluate(config, battery, cycle.believed, outputs_.presence, tells_fets, wall, now);
  count_syncs(cycle);
  notice_doubt(Rule::cell_voltage, cells_in_doubt_,
               "cells are missing or cannot be believed; at most a quarter of the current is allowed");
  notice_doubt(Rule::temperature, temperatures_in_doubt_,
               "temperatures are missing; at most a quarter of the current is allowed");
  outputs_.soc_reset_last_reached = limiter_.kept().soc_reset_last_reached;
  outputs_.state = state_of(outputs_.presence, outputs_.limits);
  outputs_.device_state = device_state_of(battery.alarms(), outputs_.limits);
  outputs_.balancer_may = surroundings.balancer_may;
  outputs_.heating = surroundings.heating;
  outputs_.needs_balancing = needs_balancing(config, outputs_.limits.mode, cycle.cells);
  foresee(cycle);
  remember_history(cycle);
  return outputs_;
}

void ChargeControl::measure(const Cycle& cycle) {
  const auto& current = cycle.believed.current;
  const bool of_sensor = cycle.surroundings.sensor_current.has_value();
  const Value& said = cycle.battery.value(Field::current);
  const bool is_new = of_sensor ? outputs_.presence.lost_for == Duration() : said.quality == Quality::fresh;
  if (current && is_new) mean_current_.add(*current, of_sensor ? cycle.now : said.at);

  Measured& measured = outputs_.measured;
  measured.midpoint = midpoint(cycle.battery, cycle.config.max_cell_voltage);
  measured.voltage = measured.current = measured.power = measured.mean_current = std::nullopt;
  if (!outputs_.presence.measurements_valid) return;
  measured.voltage = cycle.battery.get(Field::voltage);
  measured.current = current;
  if (measured.voltage && current) measured.power = *measured.voltage * *current;
  measured.mean_current = mean_current_.value();
}

// The sensor's, else counted, else the BMS's.
void ChargeControl::know_soc(const Cycle& cycle) {
  const auto of_bms = cycle.battery.get(Field::soc), remaining_bms = cycle.battery.get(Field::capacity_remaining);
  const auto of_sensor = usable_soc(cycle.surroundings.sensor_soc);

  std::optional<double> counted;
  if (cycle.config.soc.counted) {
    const bool current_of_sensor = cycle.surroundings.sensor_current.has_value();
    const SocInputs inputs = {
        .current = cycle.believed.current,
        .current_at = current_of_sensor ? cycle.now : cycle.battery.value(Field::current).at,
        .capacity = cycle.capacity,
        .lowest_cell = cycle.cells ? std::optional(cycle.cells->lowest) : std::nullopt,
        .soc_bms = of_bms,
        .remaining_bms = remaining_bms,
        .lost = outputs_.presence.lost_for > Duration(),
    };
    counted = soc_counter_.follow(cycle.config.soc, cycle.config.min_cell_voltage, inputs, cycle.now);
  }
  const bool counts = counted && !of_sensor;
  outputs_.hides_low_soc = counts;

  Measured& measured = outputs_.measured;
  const bool had_another = measured.soc_bms.has_value();  // so that it does not come and go with the sensor
  measured.soc = of_sensor ? of_sensor : counts ? counted : of_bms;
  if (measured.soc && (of_sensor || counts)) measured.soc = rounded(*measured.soc, 1000);
  measured.soc_bms = of_sensor || counts || had_another ? of_bms : std::nullopt;
  measured.remaining = counts || !remaining_bms ? cycle.share(measured.soc) : remaining_bms;
  measured.consumed = cycle.full_less(measured.remaining);
  measured.remaining_bms = !counts ? std::nullopt : remaining_bms ? remaining_bms : cycle.share(of_bms);
  measured.consumed_bms = counts ? cycle.full_less(measured.remaining_bms) : std::nullopt;
  if (!counts) return;
  compare_with_bms();
  const double percent = *soc_counter_.percent();
  const bool moved = !saved_soc_ || std::abs(percent - saved_soc_->percent) >= kSocMoved;
  if (moved || cycle.now - saved_soc_->at >= kSocSavedEvery) saved_soc_ = {percent, cycle.now};
}

void ChargeControl::notice_doubt(Rule rule, bool& noticed, const char* note) {
  const auto doubts = [rule](const CurrentLimit& limit) {
    const auto candidates = limit.cause.candidates.all();
    return std::any_of(candidates.begin(), candidates.end(),
                       [rule](const LimitCandidate& one) { return one.rule == rule && one.in_doubt; });
  };
  const bool doubted = doubts(outputs_.limits.charge) || doubts(outputs_.limits.discharge);
  if (doubted && !noticed) notes_.emplace_back(note);
  noticed = doubted;
}

// A wrong sign or a wrong map of the current shows here.
void ChargeControl::compare_with_bms() {
  const auto &counted = outputs_.measured.soc, &of_bms = outputs_.measured.soc_bms;
  if (!counted || !of_bms || outputs_.presence.lost_for > Duration()) return;
  const double apart = std::abs(*counted - *of_bms);
  if (apart > kTooFarApart && !differs_from_bms_) {
    notes_.push_back("the counted SoC is " + std::to_string(std::lround(*counted)) + " %, the BMS says " +
                     std::to_string(std::lround(*of_bms)) + " %");
  }
  differs_from_bms_ = differs_from_bms_ ? apart > kNearAgain : apart > kTooFarApart;
}

// The counter is at 100 % from the next evaluation on, as the limits of this one came from the SoC before.
void ChargeControl::count_syncs(const Cycle& cycle) {
  if (limiter_.syncs() == told_syncs_) return;
  told_syncs_ = limiter_.syncs();
  history_.full_charge(cycle.wall, cycle.now);
  if (cycle.config.soc.counted) {
    soc_counter_.full();
  } else if (const auto& soc = outputs_.measured.soc; soc && *soc <= cycle.config.stages.bulk_soc) {
    notes_.push_back("the battery is full, but its SoC is " + std::to_string(std::lround(*soc)) +
                     " %: it is not charged again before that has fallen");
  }
}

void ChargeControl::foresee(const Cycle& cycle) {
  const Measured& measured = outputs_.measured;
  const TimesConfig& config = cycle.config.times;
  const auto every = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::max(config.every_s, 5.0)));
  const bool known = !outputs_.times.to_soc.empty() || outputs_.times.to_go;
  const bool due = !foreseen_ || cycle.now - foreseen_->at >= every || !(foreseen_->config == config) ||
                   (known && !measured.mean_current);
  if (!due) return;
  foreseen_ = {config, cycle.now};
  outputs_.times =
      times_to_go(cycle.config, cycle.surroundings.ess, measured.soc, cycle.capacity, measured.mean_current);
}

void ChargeControl::remember_history(const Cycle& cycle) {
  HistoryValues of_bms = history_of(cycle.battery);
  if (!cycle.config.history) {
    const auto& total = of_bms.total_ah_drawn;
    if (!of_bms.charge_cycles && total && cycle.capacity && *cycle.capacity > 0) {
      of_bms.charge_cycles = *total / *cycle.capacity;
    }
    outputs_.history = of_bms;
    return;
  }
  const Measured& measured = outputs_.measured;
  HistoryInputs inputs;
  inputs.current = measured.current;
  inputs.power = measured.power;
  inputs.voltage = measured.voltage;
  inputs.soc = measured.soc;
  inputs.capacity = cycle.capacity;
  inputs.remaining = measured.remaining;
  if (cycle.cells) {
    inputs.lowest_cell = cycle.cells->lowest;
    inputs.highest_cell = cycle.cells->highest;
  }
  const Temperatures temperatures = temperatures_of(cycle.battery, cycle.config.sensors);
  if (temperatures.coldest) inputs.coldest = temperatures.coldest->celsius;
  if (temperatures.hottest) inputs.hottest = temperatures.hottest->celsius;
  const auto raised = [&](Alarm alarm) {
    return shown_severity(cycle.battery.alarms(), alarm, outputs_.limits.hides_high_voltage_warnings) > Severity::ok;
  };
  inputs.low_voltage_alarm = raised(Alarm::low_voltage) || raised(Alarm::low_cell_voltage);
  inputs.high_voltage_alarm = raised(Alarm::high_voltage) || raised(Alarm::high_cell_voltage);
  inputs.lost = outputs_.presence.lost_for > Duration();
  outputs_.history = history_.follow(of_bms, inputs, cycle.wall, cycle.now);
}

void ChargeControl::restore(const KeptControl& kept) {
  limiter_.restore(kept.charge);
  if (kept.soc_calc) soc_counter_.restore(*kept.soc_calc);
  history_.restore(kept.history);
}

KeptControl ChargeControl::kept() const {
  KeptControl kept;
  kept.charge = limiter_.kept();
  if (saved_soc_) kept.soc_calc = saved_soc_->percent;
  kept.history = history_.values();
  return kept;
}

KeptControl ChargeControl::kept_at_the_end() const {
  KeptControl kept;
  kept.charge = limiter_.kept();
  kept.soc_calc = soc_counter_.percent();
  kept.history = history_.kept_at_the_end();
  return kept;
}

void ChargeControl::set_soc(double percent) { soc_counter_.set(percent); }

void ChargeControl::clear_history(int group) {
  if (group < static_cast<int>(HistoryGroup::all) || group > static_cast<int>(HistoryGroup::energy)) return;
  history_.clear(static_cast<HistoryGroup>(group));
}

void ChargeControl::set_soc_reset_last_reached(std::int64_t unix_time) {
  limiter_.set_soc_reset_last_reached(unix_time);
}

}  // namespace bmsd
