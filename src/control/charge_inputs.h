// What the charge stages look at, and between which voltages the battery may be charged.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "control/charge_bounds.h"
#include "control/config.h"

namespace bmsd {

class Battery;

// The cells, all of them believed. Of a BMS without single cells: the pack voltage and the extremes, or without these
// as if all cells were equal.
struct ChargeCells {
  std::span<const double> volts;  // empty: not told one by one
  double count = 0;
  double sum = 0;                 // V
  double highest = 0;             // V
  double difference = 0;          // V, highest less lowest
  std::uint8_t highest_cell = 0;  // its number, from 1; 0: not told one by one
};

struct ChargeInputs {
  std::optional<double> count;       // cells in series
  std::optional<ChargeCells> cells;  // nothing: a cell is missing or cannot be believed
  std::optional<double> soc;         // percent, as it is published
  std::optional<double> current;     // A
  std::optional<double> capacity;    // Ah
  std::optional<double> bms_limit;   // V per cell; of a limit for the pack its share
  bool charge_fet_off = false;       // known to be off
  bool balancing = false;
  bool heating = false;
  bool lost = false;  // the rest is what was said before the pack went silent
};

// Views the cells of `battery`, which has to stay as it is as long as the inputs are used. What the
// caller knows better is left to it: soc, current, heating, lost.
ChargeInputs charge_inputs(const ControlConfig& config, const Battery& battery);

// Nothing while the number of cells is unknown, or if a voltage of the configuration cannot be used. A limit of the BMS
// per cell lowers all of them; one below MIN_CELL_VOLTAGE is taken for a mistake, because a charge voltage below that of
// an empty pack would make an inverter discharge it. `raised`: charged to SOC_RESET_CELL_VOLTAGE.
std::optional<ChargeBounds> charge_bounds(const ControlConfig& config, const ChargeInputs& inputs, bool raised);

}  // namespace bmsd
