#include "control/what_if.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <string>
#include <utility>

#include "battery/plausibility.h"

namespace bmsd {
namespace {

constexpr Duration kLongest = 1h;
constexpr Duration kFineSteps = 2min;  // of a second each; after that longer ones

constexpr std::array<SupposedKey, 11> kKeys = {{
    {"cell_max", "V", "the highest cell; no other one is higher"},
    {"cell_min", "V", "the lowest cell; no other one is lower"},
    {"voltage", "V", "of the pack: all cells move alike"},
    {"current", "A", "+ charges"},
    {"soc", "%", "state of charge"},
    {"temperature", "°C", "of all sensors, as the BMS says it"},
    {"mos_temperature", "°C", "at the MOSFETs"},
    {"charge_fet", "", "on or off"},
    {"discharge_fet", "", "on or off"},
    {"bms_charge_limit", "A", "what the BMS itself allows"},
    {"bms_discharge_limit", "A", "what the BMS itself allows"},
}};

Error impossible(std::string why) { return {Errc::config, "what-if", 0, std::move(why)}; }

// All that is believed, said at once, so that nothing of before weighs.
Reading said_by(const Battery& battery) {
  Reading reading;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (const auto value = battery.get(field_at(i))) reading.set(field_at(i), *value);
  }
  reading.cell_voltages = battery.cell_voltages();
  reading.cell_temperatures = battery.cell_temperatures();
  reading.balancing_cells = battery.balancing_cells();
  reading.alarms = battery.alarms();
  return reading;
}

class Change {
 public:
  Change(const ControlCase& now, std::span<const Supposition> suppositions)
      : now_(now), reading_(said_by(now.battery)) {
    for (const Supposition& supposition : suppositions) {
      values_[static_cast<std::size_t>(supposition.what)] = supposition.value;
    }
  }

  Result<ControlCase> made(Instant at) {
    if (const Status cells = change_cells(); !cells) return cells.error();
    if (const Status sensors = change_temperatures(); !sensors) return sensors.error();
    set(Supposed::current, Field::current);
    set(Supposed::soc, Field::soc);
    set(Supposed::mos_temperature, Field::mos_temperature);
    set(Supposed::charge_fet, Field::charge_fet_on);
    set(Supposed::discharge_fet, Field::discharge_fet_on);
    set(Supposed::bms_charge_limit, Field::max_charge_current);
    set(Supposed::bms_discharge_limit, Field::max_discharge_current);

    ControlCase made = now_;
    made.battery = {};
    if (const Status merged = made.battery.merge(reading_, 0, at); !merged || made.battery.rejected() > 0) {
      return impossible(std::string("no battery is like that, so bmsd would not believe it (rule ") +
                        made.battery.last_rule() + ")");
    }
    if (const auto current = value(Supposed::current)) {
      if (made.surroundings.sensor_current) made.surroundings.sensor_current = current;
    }
    if (const auto soc = value(Supposed::soc)) {
      if (made.surroundings.sensor_soc) made.surroundings.sensor_soc = soc;
      made.control.set_soc(*soc);
    }
    made.control.round_good(at);
    return made;
  }

 private:
  std::optional<double> value(Supposed what) const { return values_[static_cast<std::size_t>(what)]; }

  void set(Supposed what, Field field) {
    if (const auto supposed = value(what)) reading_.set(field, *supposed);
  }

  Status change_cells() {
    const auto pack = value(Supposed::voltage), highest = value(Supposed::cell_max), lowest = value(Supposed::cell_min);
    if (!reading_.cell_voltages || reading_.cell_voltages->empty()) {
      if (highest || lowest) return impossible("this battery does not tell its single cells; suppose its voltage");
      set(Supposed::voltage, Field::voltage);
      return Done{};
    }
    if (!pack && !highest && !lowest) return Done{};
    if (highest && lowest && *lowest > *highest) return impossible("cell_min is above cell_max");
    std::vector<double>& cells = *reading_.cell_voltages;
    const auto sum = [&cells] { return std::accumulate(cells.begin(), cells.end(), 0.0); };
    if (pack) {
      const double more = (*pack - sum()) / static_cast<double>(cells.size());
      for (double& cell : cells) cell += more;
    }
    const auto top = std::max_element(cells.begin(), cells.end()) - cells.begin();
    const auto bottom = std::min_element(cells.begin(), cells.end()) - cells.begin();
    for (double& cell : cells) {
      if (highest) cell = std::min(cell, *highest);
      if (lowest) cell = std::max(cell, *lowest);
    }
    if (highest) cells[static_cast<std::size_t>(top)] = *highest;
    // Of equal cells one is both: then the other end of the list is the lowest.
    if (lowest)
      cells[static_cast<std::size_t>(bottom != top ? bottom : top == 0 ? std::ssize(cells) - 1 : 0)] = *lowest;
    if (reading_.says(Field::voltage) == Says::value) reading_.set(Field::voltage, sum());
    return Done{};
  }

  Status change_temperatures() {
    const auto celsius = value(Supposed::temperature);
    if (!celsius) return Done{};
    const bool has_sensors = reading_.cell_temperatures && !reading_.cell_temperatures->empty();
    const bool has_pack = reading_.says(Field::pack_temperature) == Says::value;
    if (!has_sensors && !has_pack) return impossible("this battery tells no temperature");
    if (has_sensors) reading_.cell_temperatures->assign(reading_.cell_temperatures->size(), *celsius);
    if (has_pack) reading_.set(Field::pack_temperature, *celsius);
    return Done{};
  }

  const ControlCase& now_;
  Reading reading_;
  std::array<std::optional<double>, kKeys.size()> values_;
};

bool is_settled(const LimitExplanation& limit) {
  return limit.recovering != Recovering::holds && limit.recovering != Recovering::rises &&
         limit.recovering != Recovering::falls;
}

bool is_settled(const Explanation& explanation) {
  return is_settled(explanation.ccl) && is_settled(explanation.dcl) &&
         (!explanation.cvl || is_settled(*explanation.cvl));
}

}  // namespace

std::span<const SupposedKey> supposed_keys() { return kKeys; }

std::optional<Supposed> supposed_of(std::string_view name) {
  const auto found =
      std::find_if(kKeys.begin(), kKeys.end(), [name](const SupposedKey& key) { return key.name == name; });
  if (found == kKeys.end()) return std::nullopt;
  return static_cast<Supposed>(found - kKeys.begin());
}

Result<ControlCase> suppose(const ControlCase& now, std::span<const Supposition> suppositions, Instant at) {
  return Change(now, suppositions).made(at);
}

Judged judged(const ControlConfig& config, const Limits& limits, Instant now) {
  return {explain(config, limits, now), limits.charge_mode, limits.charge.allowed, limits.discharge.allowed};
}

WhatIf what_if(ControlCase supposed, Instant now) {
  const auto evaluated = [&](Duration after) {
    const WallTime wall = {supposed.wall.seconds > 0
                               ? supposed.wall.seconds + std::chrono::duration_cast<std::chrono::seconds>(after).count()
                               : 0};
    const ControlOutputs& outputs = supposed.control.evaluate(supposed.config, supposed.battery, supposed.surroundings,
                                                              supposed.tells_fets, wall, now + after);
    return judged(supposed.config, outputs.limits, now + after);
  };
  WhatIf result;
  result.at_once = result.later = evaluated({});
  Duration after{};
  while (!is_settled(result.later.explanation) && after < kLongest) {
    after += after < kFineSteps ? Duration(1s) : Duration(5s);
    result.later = evaluated(after);
  }
  result.after_s = seconds(after);
  result.settled = is_settled(result.later.explanation);
  return result;
}

}  // namespace bmsd
