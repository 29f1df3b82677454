// The absolute checks: what no battery can have, whatever came before. They act at once, before a value is believed.
#pragma once

#include <optional>

#include "base/result.h"
#include "battery/reading.h"

namespace bmsd {

// Why the whole reading cannot be believed; nothing if it can. Rules: "all_cells_zero", "cell_out_of_range",
// "sum_of_cells" (differs from the pack voltage by more than the larger of 2 % and 0.5 V), "cell_count", and
// "out_of_range" for voltage, current and state of charge.
std::optional<Error> refuse(const Reading& reading);

// Whether every sensor of the list reads what a sensor of a battery can.
bool plausible_temperatures(const std::vector<double>& sensors);

// The rule that a single value breaks, or nothing.
const char* broken_rule(Field field, double value);

// Whether a cell of this chemistry (nothing: of any) can be seen at so many volts in a system that works. One that is
// overcharged or empty cannot, and is true all the same: what is unusual is confirmed, never refused.
bool usual_cell(double volts, std::optional<Chemistry> chemistry);

}  // namespace bmsd
