// CVL: up to which voltage the battery may be charged.
#pragma once

#include "control/limits.h"

namespace bmsd {

// Sets cvl, low_voltage, max_charge_cell_voltage and charge_mode of `limits`. CVL = cells x the lower of
// MAX_CELL_VOLTAGE and the BMS's own limit per cell (one below MIN_CELL_VOLTAGE is not believed), rounded to 0.01 V, +
// VOLTAGE_DROP. Where the BMS's count and its list of cells disagree the smaller number holds, because it makes the lower
// voltage. While the number of cells is unknown: what the BMS asks for itself, or nothing.
void set_charge_voltage(const ControlConfig& config, const Battery& battery, Limits& limits);

}  // namespace bmsd
