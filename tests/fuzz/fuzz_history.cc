// What charge control kept over a restart, as the settings of a foreign program or the state file hold it: lines with the
// HistoryValues, SocCalc, MaxVoltageStartTime, and two times behind them. Whatever they say: what was understood is written and
// read back as the same, and a battery goes on with it: no count falls below zero, and its limits are those of one.
#include <cmath>
#include <cstring>
#include <string>

#include "app/kept_charge.h"
#include "config/config.h"
#include "fuzz_input.h"

namespace {

using namespace bmsd;

void check_values(const HistoryValues& values) {
  for (const auto& value : {values.deepest_discharge, values.last_discharge, values.average_discharge,
                            values.total_ah_drawn, values.charge_cycles, values.minimum_voltage, values.maximum_voltage,
                            values.discharged_energy, values.charged_energy})
    demand(!value || (std::isfinite(*value) && *value >= 0));
  for (const auto& value : {values.full_discharges, values.discharges, values.automatic_syncs,
                            values.low_voltage_alarms, values.high_voltage_alarms, values.time_since_last_full_charge})
    demand(!value || *value >= 0);
}

Reading reading(double cell, double current) {
  Reading said;
  said.cell_voltages = std::vector<double>(16, cell);
  said.cell_temperatures = {25.0};
  said.set(Field::voltage, 16 * cell);
  said.set(Field::current, current);
  said.set(Field::soc, 60);
  said.set(Field::capacity_full, 100);
  said.set(Field::cell_count, 16);
  said.set(Field::charge_fet_on, 1);
  said.set(Field::discharge_fet_on, 1);
  return said;
}

std::int64_t any_time(FuzzInput& input) {
  std::int64_t time = 0;
  const Bytes raw = input.bytes(sizeof time);
  if (!raw.empty()) std::memcpy(&time, raw.data(), raw.size());
  return time;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  Kept kept;
  const std::uint8_t head = input.byte();
  kept.allow_max_voltage = head & 1;
  kept.history_values = input.line();
  kept.soc_calc = input.line();
  kept.max_voltage_start_time = input.line();
  kept.soc_reset_last_reached = any_time(input);
  const WallTime wall{(head & 2) != 0 ? 1'790'000'000 : std::abs(any_time(input) % 4'000'000'000)};

  const HistoryValues values = history_values(kept.history_values);
  check_values(values);
  demand(history_text(history_values(history_text(values))) == history_text(values));

  KeptControl control = kept_control(kept);
  demand(!control.soc_calc || (*control.soc_calc >= 0 && *control.soc_calc <= 100));
  Kept again;
  keep(control, again);
  demand(kept_control(again).charge == control.charge);

  const BatteryName nobody;
  static const auto batteries =
      Config::parse("[DEFAULT]\nSOC_CALCULATION = True\nSOC_RESET_AFTER_DAYS = 30\n").batteries({&nobody, 1});
  const ControlConfig& config = batteries.front().control;
  ChargeControl charge;
  charge.restore(control);
  Battery battery;
  Instant now{std::chrono::hours(1)};
  WallTime clock = wall;
  for (const double cell : {3.3, 3.45, 2.9}) {
    demand(battery.merge(reading(cell, cell > 3.4 ? 20 : -20), 0, now).ok());
    charge.round_good(now);
    const ControlOutputs& outputs = charge.evaluate(config, battery, {}, true, clock, now);
    check_values(outputs.history);
    demand(outputs.limits.charge.value >= 0 && outputs.limits.discharge.value >= 0);
    demand(outputs.limits.cvl && *outputs.limits.cvl > 0 && *outputs.limits.cvl < 16 * 3.66);
    demand(outputs.measured.soc && *outputs.measured.soc >= 0 && *outputs.measured.soc <= 100);
    now += 100s;
    clock.seconds += 100;
  }
  keep(charge.kept_at_the_end(), again);
  check_values(history_values(again.history_values));
  return 0;
}
