// How the rows of the path table compute what they show. Nothing here rounds; the table says to how many decimals.
#pragma once

#include <cstddef>

#include "venus/paths.h"

namespace bmsd::path_value {

using In = const PathInput&;

inline BusValue invalid(In) { return {}; }
BusValue field(In in, Field field);
BusValue text(In in, Text text);

// Who it is
BusValue connection(Who who);
BusValue product_name(Who who);

// State
BusValue state(In in);
BusValue mode(In in);
BusValue device_state(In in);
BusValue error_code(In in);
BusValue connection_information(In in);
BusValue alarm(In in, Alarm alarm);

// What was not believed, since the start. Paths of our own.
BusValue held(In in);
BusValue rejected(In in);
BusValue last_odd(In in);  // "soc_percent: soc_jump"; empty: there was none
BusValue failed_rounds(In in);

// Measurements, as charge control makes them (control/measured.h).
BusValue voltage(In in);
BusValue current(In in);
BusValue power(In in);
BusValue mean_current(In in);
BusValue temperature(In in);
BusValue mid_voltage(In in);
BusValue mid_deviation(In in);
BusValue soc(In in);
BusValue soc_bms(In in);
BusValue capacity(In in);
BusValue capacity_bms(In in);
BusValue consumed(In in);
BusValue consumed_bms(In in);
BusValue time_to_go(In in);

// Limits
BusValue charge_voltage(In in);
BusValue charge_current(In in);
BusValue discharge_current(In in);
BusValue low_voltage(In in);
BusValue max_cell_voltage(In in);
BusValue charge_mode(In in);
BusValue charge_limitation(In in);
BusValue discharge_limitation(In in);
BusValue charge_allowed(In in);
BusValue discharge_allowed(In in);
BusValue charge_blocked(In in);
BusValue discharge_blocked(In in);
BusValue is_off(In in, Field fet);

// Why limits are what they are, in words; where nobody wants to know, the debug texts are empty and the rest is invalid.
BusValue charge_debug(In in);
BusValue float_debug(In in);
BusValue bulk_debug(In in);
BusValue explained_stage(In in);
BusValue explained_charge_voltage(In in);
BusValue explained_charge_current(In in);
BusValue explained_discharge_current(In in);

// Cells. One above twice MAX_CELL_VOLTAGE is a broken wire, not a voltage: it counts nowhere.
BusValue cell_voltage(In in);
BusValue cell_balances(In in);
BusValue balancing(In in);
BusValue balancing_allowed(In in);
BusValue heating(In in);
BusValue cell_sum(In in);
BusValue cell_difference(In in);
BusValue lowest_voltage(In in);
BusValue highest_voltage(In in);
BusValue lowest_cell(In in);
BusValue highest_cell(In in);
BusValue cell_count(In in);
BusValue modules_online(In in);
BusValue modules_offline(In in);

// Temperatures
BusValue lowest_temperature(In in);
BusValue highest_temperature(In in);
BusValue coldest_sensor(In in);
BusValue hottest_sensor(In in);
BusValue mos_temperature(In in);
BusValue sensor(In in, std::size_t index);  // from 0
BusValue sensor_name(In in, std::size_t index);

// History
BusValue history(const std::optional<double>& value);
BusValue history(const std::optional<std::int64_t>& value);
BusValue history_counts(In in);  // whether there is something that can be cleared
BusValue soc_reset_last_reached(In in);

}  // namespace bmsd::path_value
