// CCL and DCL: the lowest of everything that limits the current, and its name.
#pragma once

#include <optional>

#include "control/limits.h"

namespace bmsd {

// What the tables are read at; an input that is missing limits nothing. In doubt: at most a quarter of the configured
// current, whatever the rest of it says.
struct CurrentInputs {
  std::optional<double> lowest_cell, highest_cell;  // V
  bool cells_in_doubt = false;                      // some cannot be believed
  std::optional<double> coldest, hottest;           // degrees Celsius, of the sensors that count
  bool temperatures_in_doubt = false;
  std::optional<double> mos;  // degrees Celsius
};

CurrentInputs current_inputs(const ControlConfig& config, const Battery& battery);

CurrentLimit charge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                          bool tells_fets);
CurrentLimit discharge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                             bool tells_fets);

// A, as the limits use it: a maximum that is no number allows nothing.
double usable_maximum(double configured);

}  // namespace bmsd
