// Names of bits, counters and registers of the JBD BMS. [D]: the vendor's protocol document V4 or its edition of 2023;
// [O]: seen in a captured frame; [X]: found out by users, not confirmed by a frame.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "battery/alarms.h"

namespace bmsd::lltjbd {

// Every bit is a protection that has acted: there are no warnings before it. All [D]; 12 was seen in captures whenever a
// switch was turned off by command. Which sensor trips 6 and 7 is not said: they stop discharging, so they are those of
// the battery at large.
inline constexpr auto kAlarmBits = std::to_array<AlarmBit>({
    {0, 0, "cell_overvoltage", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
    {0, 1, "cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
    {0, 2, "pack_overvoltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {0, 3, "pack_undervoltage", Alarm::low_voltage, Severity::alarm, Blocks::discharge},
    {0, 4, "charge_overtemp", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 5, "charge_undertemp", Alarm::low_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 6, "discharge_overtemp", Alarm::high_temperature, Severity::alarm, Blocks::discharge},
    {0, 7, "discharge_undertemp", Alarm::low_temperature, Severity::alarm, Blocks::discharge},
    {0, 8, "charge_overcurrent", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {0, 9, "discharge_overcurrent", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 10, "short_circuit", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 11, "frontend_ic_error", Alarm::internal_failure, Severity::alarm},
    // Somebody turned a switch off. Which one, the switches say.
    {0, 12, "mosfet_software_lock", Alarm::internal_failure, Severity::warning},
    {0, 13, "charge_mos_breakdown", Alarm::internal_failure, Severity::alarm},
    {0, 14, "discharge_mos_breakdown", Alarm::internal_failure, Severity::alarm},
});

// Register AA, one word each; older boards have no restarts [D][O].
inline constexpr auto kCounters = std::to_array<const char*>(
    {"short_circuit_count", "charge_overcurrent_count", "discharge_overcurrent_count", "cell_overvoltage_count",
     "cell_undervoltage_count", "charge_overtemp_count", "charge_undertemp_count", "discharge_overtemp_count",
     "discharge_undertemp_count", "pack_overvoltage_count", "pack_undervoltage_count", "restart_count"});

// Parameters in the EEPROM [X].
enum class Kind : std::uint8_t {
  number,     // u16 / per_unit
  large,      // u16 / per_unit, times ten where the board counts in large units
  current,    // i16 / per_unit, its amount; times ten as above
  kelvin,     // u16 in 0.1 K
  date,       // as in register 03
  functions,  // bits
  text,       // length byte and ASCII
};

struct Register {
  std::uint8_t number;
  std::string_view name;  // of the exchange
  const char* key;
  std::string_view help;
  Kind kind = Kind::number;
  double per_unit = 1;
};

// 2D first: it says in which units others count.
inline constexpr auto kRegisters = std::to_array<Register>({
    {0x2D, "2D", "functions_raw", "functions: balancing, load detection, large units ...", Kind::functions},
    {0x28, "28", "max_charge_current_a", "charge overcurrent limit", Kind::current, 100},
    {0x29, "29", "max_discharge_current_a", "discharge overcurrent limit", Kind::current, 100},
    {0x10, "10", "design_capacity_ah", "design capacity", Kind::large, 100},
    {0x11, "11", "cycle_capacity_ah", "cycle capacity", Kind::large, 100},
    {0x12, "12", "cell_voltage_at_100_percent_v", "cell voltage that means 100 %", Kind::number, 1000},
    {0x42, "42", "cell_voltage_at_90_percent_v", "cell voltage that means 90 %", Kind::number, 1000},
    {0x32, "32", "cell_voltage_at_80_percent_v", "cell voltage that means 80 %", Kind::number, 1000},
    {0x43, "43", "cell_voltage_at_70_percent_v", "cell voltage that means 70 %", Kind::number, 1000},
    {0x33, "33", "cell_voltage_at_60_percent_v", "cell voltage that means 60 %", Kind::number, 1000},
    {0x44, "44", "cell_voltage_at_50_percent_v", "cell voltage that means 50 %", Kind::number, 1000},
    {0x34, "34", "cell_voltage_at_40_percent_v", "cell voltage that means 40 %", Kind::number, 1000},
    {0x45, "45", "cell_voltage_at_30_percent_v", "cell voltage that means 30 %", Kind::number, 1000},
    {0x35, "35", "cell_voltage_at_20_percent_v", "cell voltage that means 20 %", Kind::number, 1000},
    {0x46, "46", "cell_voltage_at_10_percent_v", "cell voltage that means 10 %", Kind::number, 1000},
    {0x13, "13", "cell_voltage_at_0_percent_v", "cell voltage that means 0 %", Kind::number, 1000},
    {0x15, "15", "stored_date", "production date", Kind::date},
    {0x16, "16", "stored_serial_raw", "serial number of 16 bits, rarely unique"},
    {0x17, "17", "stored_cycles", "cycle count"},
    {0x18, "18", "charge_overtemp_c", "charge overtemperature", Kind::kelvin},
    {0x19, "19", "charge_overtemp_release_c", "its release", Kind::kelvin},
    {0x1A, "1A", "charge_undertemp_c", "charge undertemperature", Kind::kelvin},
    {0x1B, "1B", "charge_undertemp_release_c", "its release", Kind::kelvin},
    {0x1C, "1C", "discharge_overtemp_c", "discharge overtemperature", Kind::kelvin},
    {0x1D, "1D", "discharge_overtemp_release_c", "its release", Kind::kelvin},
    {0x1E, "1E", "discharge_undertemp_c", "discharge undertemperature", Kind::kelvin},
    {0x1F, "1F", "discharge_undertemp_release_c", "its release", Kind::kelvin},
    {0x20, "20", "pack_overvoltage_v", "pack overvoltage", Kind::number, 100},
    {0x21, "21", "pack_overvoltage_release_v", "its release", Kind::number, 100},
    {0x22, "22", "pack_undervoltage_v", "pack undervoltage", Kind::number, 100},
    {0x23, "23", "pack_undervoltage_release_v", "its release", Kind::number, 100},
    {0x24, "24", "cell_overvoltage_v", "cell overvoltage", Kind::number, 1000},
    {0x25, "25", "cell_overvoltage_release_v", "its release", Kind::number, 1000},
    {0x26, "26", "cell_undervoltage_v", "cell undervoltage", Kind::number, 1000},
    {0x27, "27", "cell_undervoltage_release_v", "its release", Kind::number, 1000},
    {0x2A, "2A", "balance_start_v", "cell voltage at which balancing starts", Kind::number, 1000},
    {0x2B, "2B", "balance_window_v", "difference of cells at which balancing starts", Kind::number, 1000},
    {0x2C, "2C", "shunt_milliohm", "shunt", Kind::number, 10},
    {0x2E, "2E", "sensors_fitted_raw", "temperature sensors fitted, as bits"},
    {0x2F, "2F", "cells_configured", "number of cells"},
    {0x36, "36", "register_36_raw", "second level limits and delays"},
    {0x37, "37", "register_37_raw", "second level limits and delays"},
    {0x38, "38", "register_38_raw", "second level limits and delays"},
    {0x39, "39", "register_39_raw", "second level limits and delays"},
    {0x3A, "3A", "register_3a_raw", "second level limits and delays"},
    {0x3B, "3B", "register_3b_raw", "second level limits and delays"},
    {0x3C, "3C", "register_3c_raw", "second level limits and delays"},
    {0x3D, "3D", "register_3d_raw", "second level limits and delays"},
    {0x3E, "3E", "register_3e_raw", "second level limits and delays"},
    {0x3F, "3F", "register_3f_raw", "second level limits and delays"},
    {0xA0, "A0", "stored_manufacturer", "manufacturer", Kind::text},
    {0xA1, "A1", "model", "model", Kind::text},
    {0xA2, "A2", "bar_code", "bar code", Kind::text},
});

// Register 2D.
inline constexpr unsigned kBalancerEnabled = 1U << 2;
inline constexpr unsigned kLargeUnits = 1U << 12;
struct FunctionBit {
  std::uint8_t bit;
  const char* name;
};
inline constexpr auto kFunctions = std::to_array<FunctionBit>({{0, "switch"},
                                                               {1, "load_detection"},
                                                               {2, "balancing"},
                                                               {3, "balance_only_while_charging"},
                                                               {4, "led"},
                                                               {5, "led_count"},
                                                               {6, "fcc_limit"},
                                                               {7, "rtc"},
                                                               {8, "charging_handshake"},
                                                               {9, "gps"},
                                                               {10, "buzzer"},
                                                               {11, "start_battery"},
                                                               {12, "large_units"}});

// STATUS of a reply [D].
struct StatusCode {
  std::uint8_t code;
  const char* meaning;
};
inline constexpr auto kStatusCodes = std::to_array<StatusCode>({{0x80, "command unknown or failed"},
                                                                {0x81, "not allowed: needs factory mode or a password"},
                                                                {0x82, "checksum error"},
                                                                {0x83, "password wrong"}});

}  // namespace bmsd::lltjbd
