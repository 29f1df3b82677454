#include "control/sensors.h"

#include <algorithm>
#include <cmath>

#include "battery/battery.h"

namespace bmsd {
namespace {

double cut(double reading) { return std::clamp(reading, -20.0, 100.0); }

double corrected(double reading, const Adjustment& adjust) {
  const double result = cut(reading) * adjust.slope + adjust.offset;
  return std::isfinite(result) ? result : cut(reading);
}

bool counts(const SensorConfig& config, int sensor) {
  return std::find(config.source.begin(), config.source.end(), sensor) != config.source.end();
}

// `readings`: of the single sensors; `get`: the other fields.
template <class Get>
Temperatures read(const std::optional<std::vector<double>>& readings, const Get& get, const SensorConfig& config) {
  Temperatures result;
  double sum = 0;
  int counted = 0;
  if (readings) {
    result.sensors.reserve(readings->size());
    for (std::size_t i = 0; i < readings->size(); ++i) {
      const double celsius = corrected((*readings)[i], i < config.adjust.size() ? config.adjust[i] : Adjustment());
      result.sensors.push_back(celsius);
      const int sensor = static_cast<int>(i) + 1;
      if (!counts(config, sensor)) continue;
      sum += celsius;
      ++counted;
      if (!result.coldest || celsius < result.coldest->celsius) result.coldest = {celsius, sensor};
      if (!result.hottest || celsius >= result.hottest->celsius) result.hottest = {celsius, sensor};
    }
  }
  if (counted > 0) {
    result.battery = sum / counted;
  } else {
    const auto pack = get(Field::pack_temperature);
    const auto lowest = get(Field::temperature_min), highest = get(Field::temperature_max);
    const bool has_extremes = lowest && highest && *lowest <= *highest;
    if (pack) result.coldest = result.hottest = {cut(*pack), 0};
    if (has_extremes) {
      result.coldest = {cut(*lowest), 0};
      result.hottest = {cut(*highest), 0};
    }
    if (pack || has_extremes) result.battery = pack ? cut(*pack) : (cut(*lowest) + cut(*highest)) / 2;
  }
  if (const auto mos = get(Field::mos_temperature)) result.mos = corrected(*mos, config.adjust_mos);
  return result;
}

}  // namespace

Temperatures temperatures_of(const Battery& battery, const SensorConfig& config) {
  return read(
      battery.cell_temperatures(), [&battery](Field field) { return battery.get(field); }, config);
}

Temperatures pending_temperatures_of(const Battery& battery, const SensorConfig& config) {
  const Pending& pending = battery.pending();
  return read(
      pending.cell_temperatures(),
      [&](Field field) -> std::optional<double> {
        const auto waits = pending.get(field);
        // One of the extremes waits: the other one is what is believed.
        const bool is_extreme = field == Field::temperature_min || field == Field::temperature_max;
        const bool any_extreme = pending.get(Field::temperature_min) || pending.get(Field::temperature_max);
        return waits || !is_extreme || !any_extreme ? waits : battery.get(field);
      },
      config);
}

}  // namespace bmsd
