// The voltage in the middle of the string of cells, as MIDPOINT_ENABLE shows it: two halves that drift apart tell of a
// bad cell where nobody looks at single cells.
#pragma once

#include <optional>

namespace bmsd {

class Battery;

struct Midpoint {
  double voltage = 0;            // V, from the first cell to the middle
  double deviation_percent = 0;  // between the halves, of their sum; never negative

  bool operator==(const Midpoint&) const = default;
};

// Of at least 4 cells, all of them listed and plausible (control/cells.h); nothing otherwise, and nothing of halves that
// are 0 V both. With an odd number half of the middle cell belongs to the voltage, and it counts for neither half.
std::optional<Midpoint> midpoint(const Battery& battery, double max_cell_voltage);

}  // namespace bmsd
