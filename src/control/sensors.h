// The temperatures of a pack as limits and publishing see them: corrected by the user's adjustment, of the sensors that
// the user chose. The battery keeps the readings as the BMS said them, so nothing is corrected twice.
#pragma once

#include <optional>
#include <vector>

#include "control/config.h"

namespace bmsd {

class Battery;

// Degrees Celsius, not rounded. A reading is cut to -20..100 (what an NTC of a pack can tell apart), then it is
// reading * slope + offset; an adjustment that is no number is left out.
struct Temperatures {
  struct Extreme {
    double celsius = 0;
    int sensor = 0;  // numbered from 1; 0: it is not told which
  };

  std::vector<double> sensors;  // all that the BMS has, those too that do not count; from the fifth on unadjusted
  std::optional<double> mos;    // never counts for the battery

  // Of the sensors that TEMPERATURE_SOURCE_BATTERY names and the BMS has. Where there is none of them: of what the BMS
  // calls the pack's temperature and its extremes, without adjustment.
  std::optional<double> battery;            // the mean
  std::optional<Extreme> coldest, hottest;  // of equal ones the lowest number is the coldest, the highest the hottest
};

Temperatures temperatures_of(const Battery& battery, const SensorConfig& config);

// The same of what was read and waits to be confirmed (battery/jumps.h): for limits, never published.
Temperatures pending_temperatures_of(const Battery& battery, const SensorConfig& config);

}  // namespace bmsd
