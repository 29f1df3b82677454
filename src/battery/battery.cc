#include "battery/battery.h"

#include <algorithm>
#include <numeric>

#include "battery/plausibility.h"

namespace bmsd {

Status Battery::merge(const Reading& reading, std::uint8_t source, Instant now) {
  if (auto error = refuse(reading)) {
    ++rejected_;
    last_rule_ = error->what;
    return std::move(*error);
  }
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
      if (believed.quality == Quality::fresh) believed.quality = Quality::rejected;
      believed.rule = rule;
      ++rejected_;
      last_rule_ = rule;
    } else {
      believed = {value, now, source, Quality::fresh, ""};
    }
  }
  if (reading.forgets_cells) cell_voltages_.reset();
  if (reading.cell_voltages) cell_voltages_ = reading.cell_voltages;
  if (reading.balancing_cells) balancing_cells_ = reading.balancing_cells;
  if (reading.cell_temperatures) {
    const auto& sensors = *reading.cell_temperatures;
    const bool sane = std::all_of(sensors.begin(), sensors.end(), [](double t) {
      return t >= kCellTemperatures.lowest && t <= kCellTemperatures.highest;
    });
    if (sane) {
      cell_temperatures_ = sensors;
    } else {
      ++rejected_;
      last_rule_ = "temperature_out_of_range";
    }
  }
  if (reading.alarms) {
    alarms_by_source_[source] = *reading.alarms;
    alarms_ = {};
    for (const auto& [from, alarms] : alarms_by_source_) alarms_.unite(alarms);
  }
  for (const auto& [text, content] : reading.texts) texts_[static_cast<std::size_t>(text)] = content;
  if (!reading.identities.empty()) identities_ = reading.identities;
  for (const auto& [key, content] : reading.extras) extras_.insert_or_assign(key, content);
  return Done{};
}

std::optional<double> Battery::get(Field field) const {
  const Value& believed = value(field);
  if (believed.quality == Quality::fresh || believed.quality == Quality::rejected) return believed.value;
  return std::nullopt;
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
