// CCL and DCL: the lowest of everything that limits the current, and its name.
#pragma once

#include <cstdint>
#include <optional>

#include "control/limits.h"

namespace bmsd {

// What the tables are read at: the worse of what is believed and of what waits to be confirmed (battery/jumps.h). An input
// that is missing limits nothing. In doubt: at most a quarter of the configured current, whatever the rest of it says.
struct CurrentInputs {
  std::optional<double> lowest_cell, highest_cell;  // V
  bool cells_in_doubt = false;                      // some cannot be believed
  std::optional<double> coldest, hottest;           // degrees Celsius, of the sensors that count
  bool temperatures_in_doubt = false;
  std::optional<double> mos, pending_mos;  // degrees Celsius; pending: waits to be confirmed
  // Which cells and sensors these are, from 1; 0: not known.
  std::uint8_t lowest_cell_number = 0, highest_cell_number = 0;
  std::uint8_t coldest_sensor = 0, hottest_sensor = 0;
  std::optional<double> soc, pending_soc;  // percent, as it is published, and as it waits to be confirmed
};

CurrentInputs current_inputs(const ControlConfig& config, const Battery& battery);

CurrentLimit charge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                          bool tells_fets);
CurrentLimit discharge_limit(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                             bool tells_fets);

// A smaller limit than the rules of before allow: `reason` in their place.
void lower_limit(CurrentLimit& limit, double most, Rule rule, const char* reason);

// The share of the configured current at `input`, as the rule reads its table: what an explanation turns round.
struct RuleTable {
  const Table* table = nullptr;  // null: the rule has none
  Between between = Between::line;
};
RuleTable table_of(const ControlConfig& config, Rule rule, bool charging);

// A: DCL_MIN_WHILE_DISCHARGE_ALLOWED where it holds, else 0. Never more than the configuration and the BMS allow.
double least_discharge(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs);

// A, as the limits use it: a maximum that is no number allows nothing.
double usable_maximum(double configured);

}  // namespace bmsd
