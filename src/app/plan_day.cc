#include "app/plan_day.h"

#include <algorithm>
#include <cmath>

#include "control/charge_control.h"
#include "sim/pack_reading.h"

namespace bmsd {
namespace {

constexpr double kSampleEvery = 10;                       // s
constexpr std::int64_t kMidnight = 1'750'032'000;         // Unix time of the first one: some day, 00:00 UTC
constexpr Instant kFirstInstant{std::chrono::hours(24)};  // no timer is at its origin
constexpr double kReached = 0.0015;                       // V: the maximum is reached from there on

void add(std::vector<PlanShare>& shares, const std::string& what, double hours, double kwh, double limit) {
  auto found = std::find_if(shares.begin(), shares.end(), [&](const PlanShare& share) { return share.what == what; });
  if (found == shares.end()) found = shares.insert(found, PlanShare{what, 0, 0, limit});
  found->hours += hours;
  found->kwh += kwh;
  found->lowest = std::min(found->lowest, limit);
}

bool is_below(double limit, double configured) { return limit < configured - 1e-3; }

class Day {
 public:
  Day(const BatteryConfig& config, const PlanDayOptions& options)
      : config_(config), options_(options), plant_(options.plant) {
    day_.least_difference_there = 1e9;
  }

  PlanDay run() {
    const auto interval = Duration(static_cast<std::int64_t>(options_.interval_s * 1e6));
    const auto rounds = static_cast<std::int64_t>(std::ceil(options_.hours * 3600 / options_.interval_s));
    Instant now = kFirstInstant;
    for (std::int64_t i = 0; i < rounds; ++i, now += interval) {
      round(now);
      account();
      plant_.advance(interval);
    }
    round(now);
    sample(true);
    for (auto* shares : {&day_.modes, &day_.charge, &day_.discharge}) {
      std::stable_sort(shares->begin(), shares->end(),
                       [](const PlanShare& a, const PlanShare& b) { return a.hours > b.hours; });
    }
    if (day_.at_maximum_hours == 0) day_.least_difference_there = 0;
    return std::move(day_);
  }

 private:
  // A poll, the evaluation after it, and what the charger makes of it.
  void round(Instant now) {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(now - kFirstInstant).count();
    const WallTime wall = {kMidnight + static_cast<std::int64_t>(options_.plant.start_hour * 3600) + since};
    const Status merged = battery_.merge(reading_of(plant_.battery().state()), 0, now);
    merged ? control_.round_good(now) : control_.round_failed(battery_, config_.control, now);
    const ControlOutputs& said = control_.evaluate(config_.control, battery_, {}, true, wall, now);
    const Limits& limits = said.limits;
    if (limits.cvl) {
      // What is lost on the way to the battery is VOLTAGE_DROP, so this arrives.
      plant_.obey(
          ChargeLimits{*limits.cvl - config_.control.voltage_drop, limits.charge.value, limits.discharge.value});
    }
    if (control_.full_charges() > day_.full_charges.size()) {
      day_.full_charges.push_back(plant_.time_of_house() / 3600);
      if (config_.control.auto_reset_soc) plant_.battery().set_counter(100);
    }
  }

  void account() {
    const double hours = options_.interval_s / 3600;
    const BatteryModel& pack = plant_.battery();
    const Limits& limits = control_.outputs().limits;
    const PowerFlow& flow = plant_.flow();
    sample(false);
    add(day_.modes, stage_of(limits.charge_mode), hours, 0, 0);
    const auto& control = config_.control;
    if (is_below(limits.charge.value, control.max_battery_charge_current)) {
      const bool limits_now = pack.current() > 0 && pack.current() > limits.charge.value - 0.5;
      add(day_.charge, limiting_rule(limits.charge.reason, true), hours, limits_now ? flow.unused_pv * hours / 1000 : 0,
          limits.charge.value);
    }
    if (is_below(limits.discharge.value, control.max_battery_discharge_current)) {
      add(day_.discharge, limiting_rule(limits.discharge.reason, true), hours, flow.unserved * hours / 1000,
          limits.discharge.value);
    }
    day_.highest_sum = std::max(day_.highest_sum, pack.voltage());
    if (limits.max_charge_cell_voltage) {
      const double maximum = *limits.max_charge_cell_voltage * static_cast<double>(options_.plant.battery.cells);
      if (pack.voltage() >= maximum - kReached) {
        day_.at_maximum_hours += hours;
        day_.least_difference_there = std::min(day_.least_difference_there, pack.highest_cell() - pack.lowest_cell());
      }
    }
    day_.sun_kwh += flow.pv * hours / 1000;
    day_.load_kwh += flow.load * hours / 1000;
    (pack.current() > 0 ? day_.charged_ah : day_.discharged_ah) += std::abs(pack.current()) * hours;
  }

  void sample(bool last) {
    const ControlOutputs& said = control_.outputs();
    const Limits& limits = said.limits;
    const bool same = !day_.samples.empty() && day_.samples.back().mode == limits.charge_mode &&
                      day_.samples.back().charge_reason == limits.charge.reason &&
                      day_.samples.back().discharge_reason == limits.discharge.reason;
    const double hour = plant_.time_of_house() / 3600;
    if (same && !last && hour - day_.samples.back().hour < kSampleEvery / 3600 - 1e-9) return;
    const BatteryModel& pack = plant_.battery();
    PlanSample& sample = day_.samples.emplace_back();
    sample.hour = hour;
    sample.cvl = limits.cvl.value_or(0);
    sample.voltage = pack.voltage();
    sample.lowest_cell = pack.lowest_cell();
    sample.highest_cell = pack.highest_cell();
    sample.ccl = limits.charge.value;
    sample.dcl = limits.discharge.value;
    sample.current = pack.current();
    sample.soc = said.measured.soc.value_or(0);
    sample.true_soc = pack.soc_percent();
    sample.temperature = pack.temperature_c();
    sample.flow = plant_.flow();
    sample.mode = limits.charge_mode;
    sample.charge_reason = limits.charge.reason;
    sample.discharge_reason = limits.discharge.reason;
    sample.charge_rule =
        limiting_rule(sample.charge_reason, is_below(sample.ccl, config_.control.max_battery_charge_current));
    sample.discharge_rule =
        limiting_rule(sample.discharge_reason, is_below(sample.dcl, config_.control.max_battery_discharge_current));
  }

  const BatteryConfig& config_;
  PlanDayOptions options_;
  ChargePlant plant_;
  Battery battery_;
  ChargeControl control_;
  PlanDay day_;
};

}  // namespace

PlanDay simulate_day(const BatteryConfig& config, const PlanDayOptions& options) { return Day(config, options).run(); }

std::string stage_of(const std::string& mode) {
  std::size_t end = mode.size();
  for (const char* after : {" (", " & ", " + ", " \u2502"}) end = std::min(end, mode.find(after));
  return mode.substr(0, end);
}

std::string limiting_rule(const std::string& reason, bool below_maximum) {
  const std::string rule = reason.ends_with(" *") ? reason.substr(0, reason.size() - 2) : reason;
  return below_maximum && rule.starts_with("Max Battery") ? "coming back" : rule;
}

}  // namespace bmsd
