// An alarm of the BMS as it is published.
#pragma once

#include <algorithm>

#include "battery/alarms.h"

namespace bmsd {

// A warning of high voltage is hidden where it is expected (`hides_warnings`, of a SoC reset); an alarm never is. A low
// SoC is hidden where the BMS's SoC is not the one that is published (`hides_low_soc`).
inline Severity shown_severity(const Alarms& alarms, Alarm alarm, bool hides_warnings, bool hides_low_soc = false) {
  const Severity told = alarms.of(alarm);
  if (alarm == Alarm::low_soc && hides_low_soc) return std::min(told, Severity::ok);
  const bool high = alarm == Alarm::high_voltage || alarm == Alarm::high_cell_voltage;
  return high && hides_warnings && told == Severity::warning ? Severity::ok : told;
}

}  // namespace bmsd
