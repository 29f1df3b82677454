#include "control/charge_voltage.h"

#include <algorithm>
#include <cmath>

#include "battery/battery.h"
#include "control/cells.h"

namespace bmsd {
namespace {

double rounded(double value, double steps_per_unit) { return std::round(value * steps_per_unit) / steps_per_unit; }

bool usable(double volts) { return std::isfinite(volts) && volts > 0; }

// Of a battery whose number of cells nobody knows: what it asks for itself, cut to the safe side.
void take_over_from_bms(const Battery& battery, Limits& limits) {
  constexpr double kNothing = 1e-6;  // V: a decimal number is not cut to the one below it
  const auto most = battery.get(Field::charge_voltage_limit), least = battery.get(Field::discharge_voltage_limit);
  if (most && usable(*most)) limits.cvl = std::floor((*most + kNothing) * 100) / 100;
  if (least && usable(*least)) limits.low_voltage = std::ceil((*least - kNothing) * 100) / 100;
}

}  // namespace

void set_charge_voltage(const ControlConfig& config, const Battery& battery, Limits& limits) {
  limits.charge_mode = "Keep always max voltage";
  const auto count = number_of_cells(battery);
  if (!count) return take_over_from_bms(battery, limits);
  if (usable(config.min_cell_voltage)) limits.low_voltage = rounded(*count * config.min_cell_voltage, 100);

  double per_cell = config.max_cell_voltage;
  if (!usable(per_cell)) return;
  // A charge voltage below that of an empty pack would make an inverter discharge it: such a limit is a mistake.
  const auto of_bms = cell_limit_of_bms(battery, count);
  if (of_bms && usable(*of_bms) && !(*of_bms < config.min_cell_voltage)) per_cell = std::min(per_cell, *of_bms);
  const double pack = rounded(*count * per_cell, 100);
  const double drop = std::isfinite(config.voltage_drop) ? config.voltage_drop : 0;
  limits.cvl = rounded(std::max(pack + drop, 0.0), 100);
  limits.max_charge_cell_voltage = rounded(pack / *count, 1000);
}

}  // namespace bmsd
