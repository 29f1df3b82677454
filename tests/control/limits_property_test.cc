// Whatever a BMS says: limits never exceed the configuration or the BMS's own limits.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "control/disconnect.h"
#include "control/limits.h"
#include "control_fixture.h"

namespace bmsd::limits_property_test {
namespace {

// A number of [low, high], on a fine grid, and now and then one that no battery has.
double some(double low, double high) {
  if (*rc::gen::inRange(0, 20) == 0) {
    return *rc::gen::element(std::nan(""), HUGE_VAL, -HUGE_VAL, 1e308, -1e308, 0.0, 8.9, 65.535);
  }
  return low + (high - low) * *rc::gen::inRange(0, 1001) / 1000.0;
}

std::vector<double> some_list(int most, double low, double high) {
  std::vector<double> list(static_cast<std::size_t>(*rc::gen::inRange(0, most + 1)));
  for (double& value : list) value = some(low, high);
  return list;
}

bool maybe() { return *rc::gen::inRange(0, 2) == 1; }

Reading some_reading() {
  Reading reading;
  if (maybe()) reading.cell_voltages = some_list(24, 2.5, 3.7);
  if (maybe()) reading.cell_temperatures = some_list(6, -20, 70);
  const auto say = [&reading](Field field, double low, double high) {
    if (maybe()) reading.set(field, some(low, high));
  };
  say(Field::soc, 0, 100);
  say(Field::cell_count, 0, 30);
  say(Field::mos_temperature, 0, 120);
  say(Field::pack_temperature, -30, 80);
  say(Field::max_charge_current, 0, 100);
  say(Field::max_discharge_current, 0, 100);
  say(Field::cell_voltage_max_limit, 0, 4);
  if (maybe()) reading.set(Field::charge_fet_on, maybe() ? 1 : 0);
  if (maybe()) reading.set(Field::discharge_fet_on, maybe() ? 1 : 0);
  if (maybe()) {
    reading.alarms = Alarms();
    reading.alarms->raise(
        {0, 0, "x", Alarm::high_voltage, Severity::alarm, *rc::gen::element(Blocks::charge, Blocks::both)});
  }
  return reading;
}

Battery some_battery() {
  Battery battery;
  for (std::uint8_t source = 0; source < 3; ++source) (void)battery.merge(some_reading(), source, Instant());
  return battery;
}

void check(const CurrentLimit& limit, double configured, std::optional<double> of_bms, std::optional<bool> fet,
           bool stopped) {
  RC_ASSERT(std::isfinite(limit.value));
  RC_ASSERT(limit.value >= 0);
  RC_ASSERT(limit.value <= configured);
  RC_ASSERT(!limit.reason.empty());
  if (of_bms) RC_ASSERT(limit.value <= *of_bms);
  if (fet == false || stopped) RC_ASSERT(limit.value == 0.0);
  if (limit.value == 0.0) RC_ASSERT(!limit.allowed);
}

RC_GTEST_PROP(Limits, AreNeverAboveTheConfigurationOrTheBmsLimits, ()) {
  const Battery battery = some_battery();
  const ControlConfig config;
  const bool tells_fets = maybe();
  const Limits limits = first_limits(config, battery, {}, tells_fets);
  check(limits.charge, 50, battery.get(Field::max_charge_current), battery.flag(Field::charge_fet_on),
        battery.alarms().blocks_charge());
  check(limits.discharge, 60, battery.get(Field::max_discharge_current), battery.flag(Field::discharge_fet_on),
        battery.alarms().blocks_discharge());
  if (limits.cvl) {
    RC_ASSERT(std::isfinite(*limits.cvl));
    RC_ASSERT(*limits.cvl >= *limits.low_voltage);
    const double most = battery.cell_voltages() ? static_cast<double>(battery.cell_voltages()->size()) : 64;
    RC_ASSERT(*limits.cvl <= most * config.max_cell_voltage + 0.005);
  }
}

RC_GTEST_PROP(Limits, AreZeroWhileTheConnectionIsLost, ()) {
  Presence lost;
  lost.blocked = true;
  const Limits limits = first_limits({}, some_battery(), lost, maybe());
  RC_ASSERT(limits.charge.value == 0.0 && limits.discharge.value == 0.0);
  RC_ASSERT(!limits.charge.allowed && !limits.discharge.allowed);
}

double charge_at(const std::vector<double>& cells, double temperature) {
  return first_limits({}, battery_of(reading_of(cells, temperature)), {}, true).charge.value;
}

RC_GTEST_PROP(Limits, DoNotRiseWithHeatOrWithFrost, ()) {
  const std::vector<double> cells(16, 3.3);
  const double heat = 40 + *rc::gen::inRange(0, 200) / 10.0;
  RC_ASSERT(charge_at(cells, heat + 0.5) <= charge_at(cells, heat));
  const double frost = 10 - *rc::gen::inRange(0, 200) / 10.0;
  RC_ASSERT(charge_at(cells, frost - 0.5) <= charge_at(cells, frost));
}

RC_GTEST_PROP(Limits, ACellThatRisesNeverLiftsTheChargeCurrent, ()) {
  std::vector<double> cells(16);
  for (double& cell : cells) cell = 3.2 + *rc::gen::inRange(0, 300) / 1000.0;
  const double before = charge_at(cells, 25);
  cells[static_cast<std::size_t>(*rc::gen::inRange(0, 16))] += *rc::gen::inRange(0, 300) / 1000.0;
  RC_ASSERT(charge_at(cells, 25) <= before);
}

}  // namespace
}  // namespace bmsd::limits_property_test
