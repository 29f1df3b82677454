// Between which voltages a battery may be charged.
#pragma once

#include <optional>

namespace bmsd {

// V of the whole pack, rounded to 0.01 V; lowest <= float_voltage <= highest <= ceiling.
struct ChargeBounds {
  double lowest = 0;  // of an empty pack
  double float_voltage = 0;
  double highest = 0;            // that is charged to now
  double ceiling = 0;            // that nothing may exceed, in no stage
  double cell_limit = 0;         // V per cell
  double configured = 0;         // `highest` as it would be without the BMS's own limit
  std::optional<double> of_bms;  // that limit, if there is one

  bool operator==(const ChargeBounds&) const = default;
};

}  // namespace bmsd
