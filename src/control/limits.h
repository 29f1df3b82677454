// What a battery allows: CVL, CCL, DCL, each with the reasons that made it (docs/limits.md; as Victron's DVCC acts on
// it).
#pragma once

#include <optional>
#include <string>

#include "control/charge_facts.h"
#include "control/charge_mode.h"
#include "control/config.h"
#include "control/rule.h"

namespace bmsd {

class Battery;
struct CurrentInputs;
struct Presence;

// A limit of current in one direction.
struct CurrentLimit {
  double value = 0;    // A, never negative
  std::string reason;  // "Cell Voltage, Temp"; the texts of /Info/ChargeLimitation
  bool allowed =
      false;      // the FET is on (or the BMS has no such flag), no protection stops this direction, and value > 0
  Cause cause{};  // what made it

  bool operator==(const CurrentLimit&) const = default;
};

struct Limits {
  std::optional<double> cvl;                      // V; nothing until the number of cells is known
  std::optional<double> low_voltage;              // V, cells x MIN_CELL_VOLTAGE
  std::optional<double> max_charge_cell_voltage;  // V
  std::optional<double> control_voltage;          // V, CVL before it is rounded, without VOLTAGE_DROP
  ChargeMode mode{.stage = ChargeStageName::always_max};
  std::string charge_mode;                   // its text: "Bulk (Cell OVP) | Linear Mode"
  bool soc_reset_wanted = false;             // to be charged to SOC_RESET_CELL_VOLTAGE
  bool hides_high_voltage_warnings = false;  // they are expected (control/shown_alarm.h)
  CurrentLimit charge, discharge;            // CCL, DCL
  std::optional<ChargeFacts> charging;       // what made cvl; nothing until the number of cells is known
  double max_cell_voltage = 3.45;            // V, MAX_CELL_VOLTAGE: which cells are believed (control/cells.h)

  bool operator==(const Limits&) const = default;
};

// The limits that follow from what is believed of the battery now, without memory: they fall and rise at once, and CVL
// is always the maximum (as with CVCM_ENABLE = False). A pure function. `tells_fets`: the protocol has FET flags, so
// that an unknown flag means "not allowed"; where it has none, unknown means allowed.
Limits first_limits(const ControlConfig& config, const Battery& battery, const Presence& presence, bool tells_fets);

// The same from `inputs` (control/current_limits.h) instead of what the battery says of them.
Limits limits_from(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                   const Presence& presence, bool tells_fets);

}  // namespace bmsd
