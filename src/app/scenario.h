// Charge control told what happens instead of reading a battery: a scenario in, what it computes out. The way to see
// what settings do, and to hold charge control to recorded examples.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace bmsd {

// `scenario`: an object with
//   config       keys of config.ini that are not the default; lists as arrays or as text
//   cell_count, capacity_ah (280)
//   initial      what was kept: allow_max_voltage, max_voltage_start_age_s, soc_reset_last_reached_age_s,
//                soc_calc_percent, history (keys of the setting HistoryValues)
//   history_from_bms   names of history values that are not to be counted, or an object with the values
//   ess          Hub4Mode, State, MinimumSocLimit, SocLimit
//   steps        one evaluation each, in order of `t` (s): read_ok, cells_v or cell_v, current_a, soc_percent, temps_c,
//                mos_temp_c, charge_fet, discharge_fet, balance_fet, heating, balancing_cells, bms_max_charge_a,
//                bms_max_discharge_a, alarms, ext_present, ext_current_a, ext_soc_percent, wall_clock_jump_s, actions
// null is the same as missing, except for the FETs, which are on when they are missing and unknown when they are null.
//
// Returns {"name": ..., "steps": [{"t": ..., "cvl_v": ..., ...}]}: what is not known is null. Throws nothing; where the
// object cannot be understood the result has "error" instead of "steps".
nlohmann::ordered_json run_scenario(const nlohmann::json& scenario);

}  // namespace bmsd
