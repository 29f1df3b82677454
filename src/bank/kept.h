// What survives a restart, of one battery: in the settings service of Venus OS, and in the state file elsewhere. Names,
// types and meaning are those of the entries below /Settings/Devices/serialbattery_<identity> that systems have already.
#pragma once

#include <cstdint>
#include <string>

namespace bmsd {

struct Kept {
  std::int32_t instance = 0;                // N of ClassAndVrmInstance "battery:N"; 0: none yet
  std::string custom_name;                  // CustomName
  std::int64_t last_seen = 0;               // LastSeen, Unix time
  std::int32_t allow_max_voltage = 1;       // AllowMaxVoltage: 0 float, 1 bulk and absorption allowed
  std::string max_voltage_start_time;       // MaxVoltageStartTime: empty, or Unix time
  std::string soc_calc;                     // SocCalc: percent, empty: none
  std::int64_t soc_reset_last_reached = 0;  // SocResetLastReached: Unix time, 0: never
  std::string history_values;               // HistoryValues: JSON object

  bool operator==(const Kept&) const = default;
};

// What was found behind an adapter: tried first the next time.
struct KeptLine {
  std::string protocol;  // its name
  std::int32_t baud = 0;
  std::int32_t address = 0;

  bool operator==(const KeptLine&) const = default;
};

}  // namespace bmsd
