#include "control/limits.h"

#include "battery/battery.h"
#include "control/charge_voltage.h"
#include "control/current_limits.h"
#include "control/disconnect.h"

namespace bmsd {

Limits limits_from(const ControlConfig& config, const Battery& battery, const CurrentInputs& inputs,
                   const Presence& presence, bool tells_fets) {
  Limits limits;
  limits.max_cell_voltage = config.max_cell_voltage;
  set_charge_voltage(config, battery, limits);
  limits.charge = charge_limit(config, battery, inputs, tells_fets);
  limits.discharge = discharge_limit(config, battery, inputs, tells_fets);
  if (presence.blocked) {
    for (CurrentLimit* limit : {&limits.charge, &limits.discharge}) {
      lower_limit(*limit, 0, Rule::connection, "BMS connection lost");
    }
  }
  return limits;
}

Limits first_limits(const ControlConfig& config, const Battery& battery, const Presence& presence, bool tells_fets) {
  return limits_from(config, battery, current_inputs(config, battery), presence, tells_fets);
}

}  // namespace bmsd
