#include "battery/battery.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "battery/plausibility.h"

namespace bmsd {
namespace {

const char* rule_of(const Jumps::Held& held, Field field) {
  for (const Jumps::Odd& odd : held.odd) {
    if (std::string_view(odd.key) == info(field).key) return odd.rule;
  }
  return "";
}

}  // namespace

Status Battery::merge(const Reading& reading, std::uint8_t source, Instant now) {
  if (auto error = refused(reading, now)) return std::move(*error);
  merge(reading, source, now, {});
  return Done{};
}

Status Battery::take(const Reading& reading, std::uint8_t source, Instant now, Guard guard, Trend trend) {
  if (auto error = refused(reading, now)) return std::move(*error);
  const Jumps::Held held = jumps_.judge(*this, reading, source, now, guard, trend);
  for (const Jumps::Odd& odd : held.odd) {
    ++oddity(odd.key, odd.rule, odd.value, now).held;
    ++held_;
  }
  merge(reading, source, now, held);
  return Done{};
}

std::optional<Error> Battery::refused(const Reading& reading, Instant now) {
  auto error = refuse(reading);
  if (error) reject("reply", error->what, std::nullopt, now);
  return error;
}

void Battery::merge(const Reading& reading, std::uint8_t source, Instant now, const Jumps::Held& held) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Field field = field_at(i);
    Value& believed = values_[i];
    switch (reading.says(field)) {
      case Says::nothing:
        continue;
      case Says::unknown:
        believed = {0, now, source, Quality::unknown, ""};
        continue;
      case Says::value:
        break;
    }
    const double value = *reading.get(field);
    if (const char* rule = broken_rule(field, value)) {
      if (believed.known()) believed.quality = Quality::rejected;
      believed.rule = rule;
      reject(info(field).key, rule, value, now);
    } else if (held.fields.test(i)) {
      if (believed.known()) believed.quality = Quality::held;
      believed.rule = rule_of(held, field);
    } else {
      believed = {value, now, source, Quality::fresh, ""};
    }
  }
  merge_lists(reading, now, held);
  if (reading.alarms && !held.alarms) {
    alarms_by_source_[source] = {*reading.alarms, now};
    alarms_ = {};
    for (const auto& [from, said] : alarms_by_source_) alarms_.unite(said.alarms);
  }
  for (const auto& [text, content] : reading.texts) texts_[static_cast<std::size_t>(text)] = content;
  if (reading.chemistry) chemistry_ = reading.chemistry;
  if (!reading.identities.empty()) identities_ = reading.identities;
  for (const auto& [key, content] : reading.extras) extras_.insert_or_assign(key, content);
}

void Battery::merge_lists(const Reading& reading, Instant now, const Jumps::Held& held) {
  if (reading.forgets_cells) cell_voltages_.reset();
  if (reading.cell_voltages && !held.cell_voltages) {
    cell_voltages_ = reading.cell_voltages;
    cell_voltages_at_ = now;
  }
  if (reading.balancing_cells) balancing_cells_ = reading.balancing_cells;
  if (!reading.cell_temperatures) return;
  if (!plausible_temperatures(*reading.cell_temperatures))
    return reject(kCellTemperatures.key, "temperature_out_of_range", std::nullopt, now);
  if (held.cell_temperatures) return;
  cell_temperatures_ = reading.cell_temperatures;
  cell_temperatures_at_ = now;
}

Oddity& Battery::oddity(const char* key, const char* rule, std::optional<double> value, Instant now) {
  const auto is = [](const char* a, const char* b) { return std::string_view(a) == b; };
  auto found = std::find_if(oddities_.begin(), oddities_.end(),
                            [&](const Oddity& one) { return is(one.key, key) && is(one.rule, rule); });
  if (found == oddities_.end()) found = oddities_.insert(oddities_.end(), Oddity{key, rule, 0, 0, {}, {}});
  found->last = value;
  found->at = now;
  return *found;
}

void Battery::reject(const char* key, const char* rule, std::optional<double> value, Instant now) {
  ++oddity(key, rule, value, now).rejected;
  ++rejected_;
  last_rule_ = rule;
}

const Battery::SaidAlarms* Battery::alarms_of(std::uint8_t source) const {
  const auto found = alarms_by_source_.find(source);
  return found == alarms_by_source_.end() ? nullptr : &found->second;
}

std::optional<double> Battery::get(Field field) const {
  const Value& believed = value(field);
  return believed.known() ? std::optional(believed.value) : std::nullopt;
}

std::optional<bool> Battery::flag(Field field) const {
  const auto value = get(field);
  if (!value) return std::nullopt;
  return *value != 0;
}

std::optional<double> Battery::temperature() const {
  if (cell_temperatures_ && !cell_temperatures_->empty()) {
    return std::accumulate(cell_temperatures_->begin(), cell_temperatures_->end(), 0.0) /
           static_cast<double>(cell_temperatures_->size());
  }
  return get(Field::pack_temperature);
}

}  // namespace bmsd
