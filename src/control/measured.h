// What is published of a battery's measurements: of the BMS, corrected, or of somebody who measures better.
#pragma once

#include <optional>

#include "control/midpoint.h"

namespace bmsd {

// What is not known is absent. While the pack is lost for 10 s or more, voltage, current, power and the mean current
// are; the rest keeps its last value.
struct Measured {
  std::optional<double> voltage;  // V
  std::optional<double> current;  // A, positive charges; of the external sensor, corrected by the map, or of the BMS
  std::optional<double> power;    // W
  std::optional<double> mean_current;  // A, over the last five minutes

  std::optional<double> soc;        // percent; of the external sensor, counted, or of the BMS
  std::optional<double> soc_bms;    // percent; only where `soc` is not the BMS's
  std::optional<double> remaining;  // Ah
  std::optional<double> consumed;   // Ah, never positive
  // What the BMS says of it; only where the SoC is counted.
  std::optional<double> remaining_bms;  // Ah
  std::optional<double> consumed_bms;   // Ah, never positive

  std::optional<Midpoint> midpoint;  // whether it is shown is not asked here

  bool operator==(const Measured&) const = default;
};

}  // namespace bmsd
