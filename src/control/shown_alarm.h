// An alarm of the BMS as it is published.
#pragma once

#include "battery/alarms.h"

namespace bmsd {

// A warning of high voltage is hidden where it is expected (`hides_warnings`, of a SoC reset); an alarm never is.
inline Severity shown_severity(const Alarms& alarms, Alarm alarm, bool hides_warnings) {
  const Severity told = alarms.of(alarm);
  const bool high = alarm == Alarm::high_voltage || alarm == Alarm::high_cell_voltage;
  return high && hides_warnings && told == Severity::warning ? Severity::ok : told;
}

}  // namespace bmsd
