#include "battery/jumps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "battery/battery.h"
#include "battery/plausibility.h"

namespace bmsd {
namespace {

using Rules = JumpRules;
using List = std::vector<double>;

constexpr double kMinute = 60;                // s
constexpr double kFromOneLeastVoltage = 0.5;  // V: what the share of a voltage is at least
constexpr double kCellResistance = Rules::kResistance / 16;
constexpr double kMeasuredBadly = 1.5;  // a current that explains a state of charge may be larger than what is measured
constexpr double kUnlike = std::numeric_limits<double>::infinity();  // lists that cannot be compared

double median(List values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

struct Difference {
  double common = 0;  // the median change
  double single = 0;  // the largest change less that
};

Difference between(std::span<const double> before, std::span<const double> after) {
  if (before.size() != after.size() || before.empty()) return {kUnlike, kUnlike};
  List changes(before.size());
  std::transform(after.begin(), after.end(), before.begin(), changes.begin(), std::minus<>());
  Difference result = {median(changes), 0};
  for (const double change : changes) result.single = std::max(result.single, std::abs(change - result.common));
  return result;
}

double largest_change(const List& before, const List& after) {
  if (before.size() != after.size()) return kUnlike;
  double largest = 0;
  for (std::size_t i = 0; i < before.size(); ++i) largest = std::max(largest, std::abs(after[i] - before[i]));
  return largest;
}

double passed(Instant since, Instant now) { return seconds(std::max(now - since, Duration())); }

double temperature_allowance(Instant since, Instant now) {
  return Rules::kTemperature * std::max(1.0, passed(since, now) / kMinute);
}

// A, of how much the current is another one now; 0 where nobody says.
double change_of_current(const Battery& battery, const Reading& reading) {
  const auto now = reading.get(Field::current);
  const auto before = battery.get(Field::current);
  return now && before ? std::abs(*now - *before) : 0;
}

// Points of charge that the current may have moved since.
double explained_by_current(const Battery& battery, const Reading& reading, Instant since, Instant now) {
  const double current =
      std::max(std::abs(reading.get(Field::current).value_or(0)), std::abs(battery.get(Field::current).value_or(0)));
  const auto capacity = battery.get(Field::capacity_full);
  const double rate = capacity && *capacity > 0 ? current / *capacity : 1;  // in capacities an hour
  return 100 * rate * kMeasuredBadly * passed(since, now) / 3600;
}

// `same_source`: the same exchange has said both. One that only knows how much flows is corrected by the one that knows whither.
const char* current_rule(double before, double value, bool same_source, Guard guard) {
  const double size = std::abs(before);
  if (same_source && size >= Rules::kFlipFrom && std::abs(value + before) <= std::max(Rules::kFlip * size, 0.05))
    return "current_flip";
  const bool weak = guard == Guard::weak;
  return weak && std::abs(value - before) > std::max(Rules::kWeakCurrent, Rules::kWeakCurrentShare * size)
             ? "current_jump"
             : nullptr;
}

// The rule that `value` breaks after what is believed; null: none.
const char* jump_rule(const Battery& battery, const Reading& reading, Field field, double value, std::uint8_t source,
                      Instant now, Guard guard) {
  const Value& believed = battery.value(field);
  const double change = std::abs(value - believed.value);
  switch (field) {
    case Field::voltage: {
      const double allowed = std::max(Rules::kVoltageShare * believed.value, kFromOneLeastVoltage) +
                             Rules::kResistance * change_of_current(battery, reading);
      return change > allowed ? "voltage_jump" : nullptr;
    }
    case Field::current:
      return current_rule(believed.value, value, believed.source == source, guard);
    case Field::soc:
      return change > Rules::kSoc + explained_by_current(battery, reading, believed.at, now) ? "soc_jump" : nullptr;
    case Field::temperature_max:
    case Field::temperature_min:
    case Field::pack_temperature:
    case Field::mos_temperature:
    case Field::ambient_temperature:
      return change > temperature_allowance(believed.at, now) ? "temperature_jump" : nullptr;
    case Field::charge_fet_on:
    case Field::discharge_fet_on:
      return guard == Guard::weak && change != 0 ? "unconfirmed" : nullptr;
    default:
      return nullptr;
  }
}

bool same(const Alarms& a, const Alarms& b) { return a.level == b.level && a.blocks == b.blocks && a.names == b.names; }

// Whether cells are others than the battery can have come to: one of them by more than `single`, or all by more than what is
// usual at `volts`.
bool cells_jump(const Battery& battery, const Reading& reading, const Difference& change, double single, double volts) {
  const double allowed = Rules::kVoltageShare * volts + kCellResistance * change_of_current(battery, reading);
  return change.single > single || std::abs(change.common) > allowed;
}

// What was never said, or too long ago, is compared with nothing: an odd first value is seen by what its chemistry usually has.
bool unusual(const Battery& battery, std::span<const double> cells) {
  return !std::all_of(cells.begin(), cells.end(), [&](double volts) { return usual_cell(volts, battery.chemistry()); });
}

// Counts a reading that jumped: whether it waits for the next one. `to_believed`, `to_held`: how far it is from these.
bool waits(int& times, double to_believed, double to_held) {
  const bool confirmed = times >= 2 || (times == 1 && to_held < to_believed);
  times = confirmed ? 0 : times + 1;
  return !confirmed;
}

}  // namespace

std::optional<double> Pending::get(Field field) const {
  const Wait& wait = values_[static_cast<std::size_t>(field)];
  if (wait.times == 0) return std::nullopt;
  return wait.value;
}

bool Pending::blocks_charge() const {
  return std::any_of(alarms_.begin(), alarms_.end(), [](const auto& one) { return one.second.alarms.blocks_charge(); });
}

bool Pending::blocks_discharge() const {
  return std::any_of(alarms_.begin(), alarms_.end(),
                     [](const auto& one) { return one.second.alarms.blocks_discharge(); });
}

bool Pending::waits_for(std::uint8_t source) const {
  const auto of_source = [source](const Wait& wait) { return wait.times > 0 && wait.source == source; };
  return std::any_of(values_.begin(), values_.end(), of_source) || of_source(cell_wait_) ||
         of_source(temperature_wait_) || alarms_.contains(source);
}

bool Jumps::judges(const Value& believed, const Case& one) const {
  return believed.known() && judges(believed.at, one);
}

Jumps::Held Jumps::judge(const Battery& battery, const Reading& reading, std::uint8_t source, Instant now, Guard guard,
                         Trend trend) {
  const Case one = {battery, reading, source, now, guard, trend};
  Held held;
  for (std::size_t i = 0; i < kFieldCount; ++i) judge_field(one, field_at(i), held);
  judge_told_extremes(one, held);
  judge_cells(one, held);
  judge_temperatures(one, held);
  judge_alarms(one, held);
  return held;
}

void Jumps::judge_field(const Case& one, Field field, Held& held) {
  Pending::Wait& wait = pending_.values_[static_cast<std::size_t>(field)];
  if (field == Field::cell_voltage_max || field == Field::cell_voltage_min) return;  // judge_told_extremes
  if (one.reading.says(field) == Says::nothing) return;
  const auto value = one.reading.get(field);
  const Value& believed = one.battery.value(field);
  const char* rule = nullptr;
  if (value && broken_rule(field, *value) == nullptr && judges(believed, one))
    rule = jump_rule(one.battery, one.reading, field, *value, one.source, one.now, one.guard);
  if (rule == nullptr || !waits(wait.times, std::abs(*value - believed.value), std::abs(*value - wait.value))) {
    wait.times = 0;
    return;
  }
  wait.value = *value;
  wait.source = one.source;
  held.fields.set(static_cast<std::size_t>(field));
  held.odd.push_back({info(field).key, rule, value});
}

// Of a BMS that tells only its lowest and highest cell, these two are a list: they are held together.
void Jumps::judge_told_extremes(const Case& one, Held& held) {
  Pending::Wait& high = pending_.values_[static_cast<std::size_t>(Field::cell_voltage_max)];
  Pending::Wait& low = pending_.values_[static_cast<std::size_t>(Field::cell_voltage_min)];
  if (one.reading.says(Field::cell_voltage_max) == Says::nothing ||
      one.reading.says(Field::cell_voltage_min) == Says::nothing)
    return;
  const auto highest = one.reading.get(Field::cell_voltage_max), lowest = one.reading.get(Field::cell_voltage_min);
  const Value &high_before = one.battery.value(Field::cell_voltage_max),
              &low_before = one.battery.value(Field::cell_voltage_min);
  const char* rule = nullptr;
  double to_believed = kUnlike, to_held = 0;
  if (highest && lowest && !one.reading.cell_voltages) {
    const std::array before = {high_before.value, low_before.value}, after = {*highest, *lowest};
    const bool comparable = judges(high_before, one) && judges(low_before, one);
    // Each is half as far from the middle of the two as they are apart.
    if (comparable && cells_jump(one.battery, one.reading, between(before, after), Rules::kCell / 2, high_before.value))
      rule = "cell_jump";
    if (!comparable && unusual(one.battery, after)) rule = "unusual_cell";
    if (comparable) to_believed = std::abs(*highest - high_before.value) + std::abs(*lowest - low_before.value);
    to_held = std::abs(*highest - high.value) + std::abs(*lowest - low.value);
  }
  if (rule == nullptr || !waits(high.times, to_believed, to_held)) {
    high.times = low.times = 0;
    return;
  }
  low.times = high.times;
  high.value = *highest;
  low.value = *lowest;
  high.source = low.source = one.source;
  for (const Field field : {Field::cell_voltage_max, Field::cell_voltage_min}) {
    held.fields.set(static_cast<std::size_t>(field));
    held.odd.push_back({info(field).key, rule, one.reading.get(field)});
  }
}

void Jumps::judge_cells(const Case& one, Held& held) {
  const auto& read = one.reading.cell_voltages;
  if (!read && !one.reading.forgets_cells) return;
  const auto& believed = one.battery.cell_voltages();
  const bool comparable = read && believed && judges(one.battery.cell_voltages_at(), one);
  const char* rule = nullptr;
  if (comparable && cells_jump(one.battery, one.reading, between(*believed, *read), Rules::kCell, median(*believed)))
    rule = "cell_jump";
  if (read && !comparable && unusual(one.battery, *read)) rule = "unusual_cell";
  const auto distance = [&](const List& from) {
    const Difference change = between(from, *read);
    return change.single + std::abs(change.common);
  };
  if (rule == nullptr || !waits(pending_.cell_wait_.times, comparable ? distance(*believed) : kUnlike,
                                pending_.cells_ ? distance(*pending_.cells_) : 0)) {
    pending_.cell_wait_.times = 0;
    pending_.cells_.reset();
    pending_.highest_cells_.clear();
    return;
  }
  pending_.cell_wait_.source = one.source;
  pending_.cells_ = read;
  pending_.highest_cells_.clear();
  if (!believed) pending_.highest_cells_ = *read;
  if (believed && read->size() == believed->size()) {
    std::transform(read->begin(), read->end(), believed->begin(), std::back_inserter(pending_.highest_cells_),
                   [](double a, double b) { return std::max(a, b); });
  }
  held.cell_voltages = true;
  held.odd.push_back({kCellVoltages.key, rule, std::nullopt});
}

void Jumps::judge_temperatures(const Case& one, Held& held) {
  const auto& read = one.reading.cell_temperatures;
  if (!read || !plausible_temperatures(*read)) return;
  const auto& believed = one.battery.cell_temperatures();
  const Instant at = one.battery.cell_temperatures_at();
  const bool comparable = believed && judges(at, one);
  const bool jumps = comparable && largest_change(*believed, *read) > temperature_allowance(at, one.now);
  if (!jumps || !waits(pending_.temperature_wait_.times, largest_change(*believed, *read),
                       pending_.temperatures_ ? largest_change(*pending_.temperatures_, *read) : 0)) {
    pending_.temperature_wait_.times = 0;
    pending_.temperatures_.reset();
    return;
  }
  pending_.temperature_wait_.source = one.source;
  pending_.temperatures_ = read;
  held.cell_temperatures = true;
  held.odd.push_back({kCellTemperatures.key, "temperature_jump", std::nullopt});
}

// Behind a weak guard alarms have to be said twice, whether they come or go.
void Jumps::judge_alarms(const Case& one, Held& held) {
  if (one.guard == Guard::strong || !one.reading.alarms) return;
  const Battery::SaidAlarms* believed = one.battery.alarms_of(one.source);
  const auto waiting = pending_.alarms_.find(one.source);
  const bool confirmed = waiting != pending_.alarms_.end() &&
                         (waiting->second.times >= 2 || same(waiting->second.alarms, *one.reading.alarms));
  if (believed == nullptr || !judges(believed->at, one) || same(believed->alarms, *one.reading.alarms) || confirmed) {
    if (waiting != pending_.alarms_.end()) pending_.alarms_.erase(waiting);
    return;
  }
  Pending::AlarmWait& wait = pending_.alarms_[one.source];
  ++wait.times;
  wait.alarms = *one.reading.alarms;
  held.alarms = true;
  held.odd.push_back({"alarms", "unconfirmed", std::nullopt});
}

}  // namespace bmsd
