#include "control/history.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "battery/battery.h"
#include "control/soc_reset.h"

namespace bmsd {
namespace {

constexpr Duration kLooksEvery = 60s;
constexpr Duration kLongestInterval = 120s;
constexpr double kEnoughCharged = 0.01;  // of the capacity
constexpr double kEmpty = 0.005;         // percent: 0.00 when it is shown
constexpr double kAboveEmpty = 15;       // percent
constexpr double kSecondsPerHour = 3600;
constexpr double kPerKilo = 1000;

void lower(std::optional<double>& least, std::optional<double> value) {
  if (value && std::isfinite(*value)) least = std::min(least.value_or(*value), *value);
}
void raise(std::optional<double>& most, std::optional<double> value) {
  if (value && std::isfinite(*value)) most = std::max(most.value_or(*value), *value);
}
template <typename T>
void add(std::optional<T>& sum, std::optional<T> more) {
  if (more) sum = sum.value_or(T()) + *more;
}

bool usable(std::optional<double> capacity) { return capacity && std::isfinite(*capacity) && *capacity > 0; }

// What happened before and what happened since. The discharge that is going on is taken for the one before.
HistoryValues joined(const HistoryValues& before, const HistoryValues& since) {
  HistoryValues all = before;
  raise(all.deepest_discharge, since.deepest_discharge);
  add(all.total_ah_drawn, since.total_ah_drawn);
  add(all.full_discharges, since.full_discharges);
  if (since.timestamp_last_full_charge) all.timestamp_last_full_charge = since.timestamp_last_full_charge;
  if (since.time_since_last_full_charge) all.time_since_last_full_charge = since.time_since_last_full_charge;
  add(all.automatic_syncs, since.automatic_syncs);
  lower(all.minimum_voltage, since.minimum_voltage);
  raise(all.maximum_voltage, since.maximum_voltage);
  lower(all.minimum_cell_voltage, since.minimum_cell_voltage);
  raise(all.maximum_cell_voltage, since.maximum_cell_voltage);
  add(all.low_voltage_alarms, since.low_voltage_alarms);
  add(all.high_voltage_alarms, since.high_voltage_alarms);
  lower(all.minimum_temperature, since.minimum_temperature);
  raise(all.maximum_temperature, since.maximum_temperature);
  add(all.discharged_energy, since.discharged_energy);
  add(all.charged_energy, since.charged_energy);
  return all;
}

}  // namespace

HistoryValues history_of(const Battery& battery) {
  HistoryValues values;
  values.charge_cycles = battery.get(Field::cycles);
  values.total_ah_drawn = battery.get(Field::total_discharge);
  values.discharged_energy = battery.get(Field::total_discharge_energy);
  values.charged_energy = battery.get(Field::total_charge_energy);
  return values;
}

void History::restore(const HistoryValues& kept) {
  if (restored_ || kept == HistoryValues()) return;
  restored_ = true;
  values_ = begun_ ? joined(kept, values_) : kept;
  if (kept.last_discharge) {
    discharge_ += *kept.last_discharge;
    enough_was_charged_ = false;
  }
  if (begun_) values_.last_discharge = discharge_;
}

HistoryValues History::kept_at_the_end() const {
  HistoryValues all = values_;
  if (!begun_) return all;
  all.last_discharge = discharge_;
  add(all.total_ah_drawn, std::optional(drawn_));
  add(all.discharged_energy, std::optional(energy_out_));
  add(all.charged_energy, std::optional(energy_in_));
  return all;
}

void History::begin(const HistoryValues& of_bms, const HistoryInputs& inputs) {
  begun_ = true;
  const bool is_new = !values_.total_ah_drawn;
  if (is_new) {
    values_.total_ah_drawn = usable(inputs.capacity) ? of_bms.charge_cycles.value_or(0) * *inputs.capacity : 0;
  }
  if (is_new && *values_.total_ah_drawn == 0 && !values_.discharges) values_.discharges = 0;
  for (auto* count : {&values_.full_discharges, &values_.low_voltage_alarms, &values_.high_voltage_alarms}) {
    if (!*count) *count = 0;
  }
  for (auto* sum : {&values_.last_discharge, &values_.discharged_energy, &values_.charged_energy}) {
    if (!*sum) *sum = 0;
  }
  low_alarm_ = inputs.low_voltage_alarm;  // it may have been counted before a restart
  high_alarm_ = inputs.high_voltage_alarm;
  was_above_empty_ = !inputs.soc || *inputs.soc >= kEmpty;
}

const HistoryValues& History::follow(const HistoryValues& of_bms, const HistoryInputs& inputs, WallTime wall,
                                     Instant now) {
  if (inputs.lost && begun_) return values_;
  const bool first = !begun_;
  if (first) begin(of_bms, inputs);
  add_up(inputs, now);
  count_alarms(inputs);
  date_full_charge(wall, now);
  for (const HistoryGroup group : std::exchange(to_clear_, {})) clear_now(group);
  if (looked_ && now - *looked_ < kLooksEvery) return take_from_bms(of_bms, inputs);
  looked_ = now;
  if (!first) {
    values_.total_ah_drawn = values_.total_ah_drawn.value_or(0) + std::exchange(drawn_, 0);
    values_.last_discharge = discharge_;
  }
  look(inputs);
  if (values_.timestamp_last_full_charge && is_set(wall)) {
    const std::int64_t since = wall.seconds - *values_.timestamp_last_full_charge;
    values_.time_since_last_full_charge = since >= 0 ? std::optional(since) : std::nullopt;
  }
  return take_from_bms(of_bms, inputs);
}

void History::add_up(const HistoryInputs& inputs, Instant now) {
  if (inputs.current) recent_.add(*inputs.current, now);
  if (added_to_) {
    const double s = seconds(std::min(now - *added_to_, kLongestInterval));
    const double energy = power_.value_or(0) * s / kSecondsPerHour / kPerKilo;
    (energy > 0 ? energy_in_ : energy_out_) += std::abs(energy);
    const double ampere_hours = current_.value_or(0) * s / kSecondsPerHour;
    if (ampere_hours < 0) drawn_ -= ampere_hours;
    watch_discharges(ampere_hours, usable(inputs.capacity) ? *inputs.capacity : 0);
  }
  added_to_ = now;
  current_ = inputs.current;
  power_ = inputs.power;
}

void History::watch_discharges(double ampere_hours, double capacity) {
  const bool flows_out = recent_.value().value_or(0) < 0;
  if (!enough_was_charged_) {
    charged_ = std::max(0.0, charged_ + ampere_hours);
    if (ampere_hours < 0) discharge_ -= ampere_hours;
    enough_was_charged_ = capacity > 0 && charged_ >= kEnoughCharged * capacity;
    return;
  }
  if (ampere_hours < 0) next_ -= ampere_hours;
  if (ampere_hours > 0 && !flows_out) next_ = 0;
  if (!flows_out || next_ == 0) return;
  discharge_ = next_;
  next_ = charged_ = 0;
  enough_was_charged_ = false;
  if (values_.discharges) ++*values_.discharges;
}

void History::count_alarms(const HistoryInputs& inputs) {
  if (inputs.low_voltage_alarm && !low_alarm_) add(values_.low_voltage_alarms, std::optional<std::int64_t>(1));
  if (inputs.high_voltage_alarm && !high_alarm_) add(values_.high_voltage_alarms, std::optional<std::int64_t>(1));
  low_alarm_ = inputs.low_voltage_alarm;
  high_alarm_ = inputs.high_voltage_alarm;
}

void History::look(const HistoryInputs& inputs) {
  if (inputs.capacity && inputs.remaining) {
    raise(values_.deepest_discharge, std::max(0.0, *inputs.capacity - *inputs.remaining));
  }
  if (inputs.soc) {
    if (*inputs.soc < kEmpty && was_above_empty_) {
      was_above_empty_ = false;
      add(values_.full_discharges, std::optional<std::int64_t>(1));
    }
    if (*inputs.soc > kAboveEmpty) was_above_empty_ = true;
  }
  lower(values_.minimum_voltage, inputs.voltage);
  raise(values_.maximum_voltage, inputs.voltage);
  lower(values_.minimum_cell_voltage, inputs.lowest_cell);
  raise(values_.maximum_cell_voltage, inputs.highest_cell);
  lower(values_.minimum_temperature, inputs.coldest);
  raise(values_.maximum_temperature, inputs.hottest);
  add(values_.charged_energy, std::optional(energy_in_));
  add(values_.discharged_energy, std::optional(energy_out_));
  energy_in_ = energy_out_ = 0;
}

const HistoryValues& History::take_from_bms(const HistoryValues& of_bms, const HistoryInputs& inputs) {
  if (of_bms.total_ah_drawn) values_.total_ah_drawn = of_bms.total_ah_drawn;
  if (of_bms.discharged_energy) values_.discharged_energy = of_bms.discharged_energy;
  if (of_bms.charged_energy) values_.charged_energy = of_bms.charged_energy;
  const double total = values_.total_ah_drawn.value_or(0);
  if (of_bms.charge_cycles) {
    values_.charge_cycles = of_bms.charge_cycles;
  } else if (usable(inputs.capacity) && total > 0) {
    values_.charge_cycles = total / *inputs.capacity;
  }
  const bool counted_both = !of_bms.total_ah_drawn && values_.discharges.value_or(0) > 0;
  values_.average_discharge =
      counted_both ? std::optional(total / static_cast<double>(*values_.discharges)) : std::nullopt;
  return values_;
}

void History::full_charge(WallTime wall, Instant now) {
  add(values_.automatic_syncs, std::optional<std::int64_t>(1));
  values_.time_since_last_full_charge = 0;
  undated_full_charge_ = now;
  date_full_charge(wall, now);
}

// What happened while the clock was not set gets its date when it is.
void History::date_full_charge(WallTime wall, Instant now) {
  if (!undated_full_charge_ || !is_set(wall)) return;
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - *undated_full_charge_);
  values_.timestamp_last_full_charge = wall.seconds - ago.count();
  undated_full_charge_.reset();
}

void History::clear_now(HistoryGroup group) {
  const auto is = [group](HistoryGroup one) { return group == one || group == HistoryGroup::all; };
  if (is(HistoryGroup::capacity)) {
    values_.deepest_discharge = values_.average_discharge = values_.charge_cycles = std::nullopt;
    values_.last_discharge = values_.total_ah_drawn = 0;
    values_.full_discharges = values_.discharges = 0;
    drawn_ = discharge_ = next_ = charged_ = 0;
    enough_was_charged_ = true;
  }
  if (is(HistoryGroup::voltages)) {
    values_.minimum_voltage = values_.maximum_voltage = std::nullopt;
    values_.minimum_cell_voltage = values_.maximum_cell_voltage = std::nullopt;
  }
  if (is(HistoryGroup::time)) {
    values_.timestamp_last_full_charge = values_.time_since_last_full_charge = values_.automatic_syncs = std::nullopt;
    undated_full_charge_.reset();
  }
  if (is(HistoryGroup::alarms)) values_.low_voltage_alarms = values_.high_voltage_alarms = 0;
  if (is(HistoryGroup::temperatures)) values_.minimum_temperature = values_.maximum_temperature = std::nullopt;
  if (is(HistoryGroup::energy)) {
    values_.discharged_energy = values_.charged_energy = 0;
    energy_in_ = energy_out_ = 0;
  }
  looked_.reset();  // what there is now counts again
}

}  // namespace bmsd
