// What tests of the charge stages have in common: a pack of 16 cells of which little is said.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "control/charge_inputs.h"

namespace bmsd {

// Views `volts`.
inline ChargeInputs charge_inputs_of(const std::vector<double>& volts, std::optional<double> soc = 90) {
  ChargeCells cells;
  cells.volts = volts;
  cells.count = static_cast<double>(volts.size());
  for (const double cell : volts) cells.sum += cell;
  const auto [lowest, highest] = std::minmax_element(volts.begin(), volts.end());
  cells.highest = *highest;
  cells.difference = *highest - *lowest;
  ChargeInputs inputs;
  inputs.count = cells.count;
  inputs.cells = cells;
  inputs.soc = soc;
  inputs.current = 5;
  inputs.capacity = 100;
  return inputs;
}

// Fifteen cells alike and the first one by `higher` above them.
inline std::vector<double> sixteen(double volts, double higher = 0) {
  std::vector<double> cells(16, volts);
  cells[0] += higher;
  return cells;
}

}  // namespace bmsd
