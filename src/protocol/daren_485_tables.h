// Names of bits and codes of the Daren BMS. [D]: the BASEN text; [O]: seen in a captured frame; [X]: read out of vendor
// software or taken from another project, not confirmed by a frame.
#pragma once

#include <array>
#include <cstdint>

#include "battery/alarms.h"

namespace bmsd::daren {

// The five status words of service 42 in their order; AlarmBit::word counts them.
enum StatusWord : std::uint8_t {
  kVoltageStatus,
  kCurrentStatus,
  kTemperatureStatus,
  kAlarmStatus,
  kFetStatus,
  kStatusWords
};

// States and settings, which are no alarms.
inline constexpr unsigned kEnteringSleep = 1U << 15;  // voltage status [D]
inline constexpr unsigned kCharging = 1U << 0;        // current status [D][O]
inline constexpr unsigned kDischarging = 1U << 1;     // current status [D][O]
// The BASEN text has these two the other way round; vendor software and two other projects agree on this order, and in
// every capture both are set. SWAP_FET_BITS exchanges them. Because of the doubt the protections below block their
// direction as well.
inline constexpr unsigned kChargeFetOn = 1U << 0;     // FET status [X]
inline constexpr unsigned kDischargeFetOn = 1U << 1;  // FET status [X]
// Left out on purpose: alarm status 5 and 6, FET status 11 and 12 are settings (LED and buzzer enabled), FET
// status 5..4 is the configured current limit (none, 5, 10, 25 A), current status 10..15 and FET status 6..10 are
// reserved.

// A protection or a fault is an alarm, the BMS's alarm is a warning.
inline constexpr auto kAlarmBits = std::to_array<AlarmBit>({
    {kVoltageStatus, 0, "cell_overvoltage_protection", Alarm::high_cell_voltage, Severity::alarm,
     Blocks::charge},  // [D]
    {kVoltageStatus, 1, "cell_undervoltage_protection", Alarm::low_cell_voltage, Severity::alarm,
     Blocks::discharge},                                                                                          // [D]
    {kVoltageStatus, 2, "pack_overvoltage_protection", Alarm::high_voltage, Severity::alarm, Blocks::charge},     // [D]
    {kVoltageStatus, 3, "pack_undervoltage_protection", Alarm::low_voltage, Severity::alarm, Blocks::discharge},  // [D]
    {kVoltageStatus, 4, "cell_overvoltage_alarm", Alarm::high_cell_voltage, Severity::warning},             // [D][O]
    {kVoltageStatus, 5, "cell_undervoltage_alarm", Alarm::low_cell_voltage, Severity::warning},             // [D]
    {kVoltageStatus, 6, "pack_overvoltage_alarm", Alarm::high_voltage, Severity::warning},                  // [D]
    {kVoltageStatus, 7, "pack_undervoltage_alarm", Alarm::low_voltage, Severity::warning},                  // [D]
    {kVoltageStatus, 8, "cell_voltage_difference_alarm", Alarm::cell_imbalance, Severity::warning},         // [D][O]
    {kVoltageStatus, 9, "overvoltage_lockout", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},  // [X]
    {kVoltageStatus, 10, "undervoltage_lockout", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},  // [X]
    {kVoltageStatus, 11, "temperature_difference_alarm", Alarm::high_temperature, Severity::warning},           // [X]
    {kVoltageStatus, 12, "cell_failure", Alarm::internal_failure, Severity::alarm},                             // [X]
    {kVoltageStatus, 13, "fuse_blown", Alarm::fuse_blown, Severity::alarm},                                     // [X]
    {kVoltageStatus, 14, "cell_voltage_difference_protection", Alarm::cell_imbalance, Severity::alarm},         // [X]

    {kCurrentStatus, 2, "charge_overcurrent_protection", Alarm::high_charge_current, Severity::alarm,
     Blocks::charge},  // [D]
    {kCurrentStatus, 3, "short_circuit_protection", Alarm::high_discharge_current, Severity::alarm,
     Blocks::discharge},  // [D]
    {kCurrentStatus, 4, "discharge_overcurrent_1_protection", Alarm::high_discharge_current, Severity::alarm,
     Blocks::discharge},  // [D]
    {kCurrentStatus, 5, "discharge_overcurrent_2_protection", Alarm::high_discharge_current, Severity::alarm,
     Blocks::discharge},                                                                                   // [D]
    {kCurrentStatus, 6, "charge_overcurrent_alarm", Alarm::high_charge_current, Severity::warning},        // [D]
    {kCurrentStatus, 7, "discharge_overcurrent_alarm", Alarm::high_discharge_current, Severity::warning},  // [D]
    {kCurrentStatus, 8, "overcurrent_lockout", Alarm::high_discharge_current, Severity::alarm},            // [X]
    {kCurrentStatus, 9, "reverse_connection_protection", Alarm::internal_failure, Severity::alarm},        // [X]

    // All [D].
    {kTemperatureStatus, 0, "charge_overtemperature_protection", Alarm::high_charge_temperature, Severity::alarm,
     Blocks::charge},
    {kTemperatureStatus, 1, "charge_undertemperature_protection", Alarm::low_charge_temperature, Severity::alarm,
     Blocks::charge},
    {kTemperatureStatus, 2, "discharge_overtemperature_protection", Alarm::high_temperature, Severity::alarm,
     Blocks::discharge},
    {kTemperatureStatus, 3, "discharge_undertemperature_protection", Alarm::low_temperature, Severity::alarm,
     Blocks::discharge},
    {kTemperatureStatus, 4, "ambient_overtemperature_protection", Alarm::high_internal_temperature, Severity::alarm},
    {kTemperatureStatus, 5, "ambient_undertemperature_protection", Alarm::low_temperature, Severity::alarm},
    {kTemperatureStatus, 6, "mos_overtemperature_protection", Alarm::high_internal_temperature, Severity::alarm},
    {kTemperatureStatus, 7, "mos_undertemperature_protection", Alarm::low_temperature, Severity::alarm},
    {kTemperatureStatus, 8, "charge_overtemperature_alarm", Alarm::high_charge_temperature, Severity::warning},
    {kTemperatureStatus, 9, "charge_undertemperature_alarm", Alarm::low_charge_temperature, Severity::warning},
    {kTemperatureStatus, 10, "discharge_overtemperature_alarm", Alarm::high_temperature, Severity::warning},
    {kTemperatureStatus, 11, "discharge_undertemperature_alarm", Alarm::low_temperature, Severity::warning},
    {kTemperatureStatus, 12, "ambient_overtemperature_alarm", Alarm::high_internal_temperature, Severity::warning},
    {kTemperatureStatus, 13, "ambient_undertemperature_alarm", Alarm::low_temperature, Severity::warning},
    {kTemperatureStatus, 14, "mos_overtemperature_alarm", Alarm::high_internal_temperature, Severity::warning},
    {kTemperatureStatus, 15, "mos_undertemperature_alarm", Alarm::low_temperature, Severity::warning},

    {kAlarmStatus, 0, "cell_voltage_difference_alarm", Alarm::cell_imbalance, Severity::warning},            // [D][O]
    {kAlarmStatus, 1, "charge_mos_damage_alarm", Alarm::internal_failure, Severity::warning},                // [D]
    {kAlarmStatus, 2, "external_storage_failure_alarm", Alarm::internal_failure, Severity::warning},         // [D]
    {kAlarmStatus, 3, "spi_communication_failure_alarm", Alarm::internal_failure, Severity::warning},        // [D]
    {kAlarmStatus, 4, "eeprom_failure_alarm", Alarm::internal_failure, Severity::warning},                   // [D]
    {kAlarmStatus, 7, "low_battery_alarm", Alarm::low_soc, Severity::warning},                               // [D]
    {kAlarmStatus, 8, "mos_overtemperature_protection", Alarm::high_internal_temperature, Severity::alarm},  // [D]
    {kAlarmStatus, 9, "mos_overtemperature_alarm", Alarm::high_internal_temperature, Severity::warning},     // [D]
    {kAlarmStatus, 10, "current_limiter_failure", Alarm::internal_failure, Severity::alarm},                 // [D]
    {kAlarmStatus, 11, "sampling_failure", Alarm::internal_failure, Severity::alarm},                        // [D]
    {kAlarmStatus, 12, "battery_failure", Alarm::internal_failure, Severity::alarm},                         // [D]
    {kAlarmStatus, 13, "ntc_failure", Alarm::internal_failure, Severity::alarm},                             // [D]
    {kAlarmStatus, 14, "charge_mos_failure", Alarm::internal_failure, Severity::alarm},                      // [D]
    {kAlarmStatus, 15, "discharge_mos_failure", Alarm::internal_failure, Severity::alarm},                   // [D]

    {kFetStatus, 2, "charge_mos_failure", Alarm::internal_failure,
     Severity::alarm},  // [X] the order, as of bits 0 and 1
    {kFetStatus, 3, "discharge_mos_failure", Alarm::internal_failure, Severity::alarm},  // [X]
    {kFetStatus, 13, "afe_failure", Alarm::internal_failure, Severity::alarm},           // [X]
    {kFetStatus, 14, "afe_alarm", Alarm::internal_failure, Severity::warning},           // [X]
    {kFetStatus, 15, "low_battery_protection", Alarm::low_soc, Severity::alarm},         // [X]
});

// Machine and IO status [X]: never acted on. Firmware 1.5.5 sets IO bit 14, which has no name here, so the lists are
// incomplete.
struct StateBit {
  std::uint8_t bit;
  const char* name;
};
inline constexpr auto kMachineStates = std::to_array<StateBit>({{0, "initialization"},
                                                                {1, "self_check"},
                                                                {2, "ready"},
                                                                {3, "discharging"},
                                                                {4, "charging"},
                                                                {5, "fail"},
                                                                {6, "power_off"},
                                                                {7, "factory_mode"}});
inline constexpr auto kIoStates = std::to_array<StateBit>({{0, "charger_online"},
                                                           {1, "ACC_signal"},
                                                           {2, "ON_signal"},
                                                           {3, "aerosol_detection"},
                                                           {4, "battery_discharge_locked"},
                                                           {5, "anti_theft_locked"},
                                                           {6, "battery_charge_locked"},
                                                           {8, "pre_discharge_mos"},
                                                           {12, "crystal_oscillator_fail"},
                                                           {13, "eeprom_fail"}});

// What the BMS answers in the place of CID2 when it does not answer the question.
struct ReturnCode {
  std::uint8_t code;
  const char* meaning;
};
inline constexpr auto kReturnCodes = std::to_array<ReturnCode>({
    {0x01, "VER error"},                                         // [D]
    {0x02, "CHKSUM error"},                                      // [D]
    {0x03, "LCHKSUM error"},                                     // [D]
    {0x04, "service not supported"},                             // [D]
    {0x05, "command format error"},                              // [D]
    {0x06, "data in INFO not valid"},                            // [D]
    {0x09, "operation or write error"},                          // [X]
    {0x90, "ADR error"},                                         // [X]
    {0x91, "communication error between master and slave pack"}  // [X]
});

// Service 83, from k = 2, one word each [O]; names [X]. Six more words follow that nobody names.
inline constexpr auto kCounters = std::to_array<const char*>(
    {"overcharge_protection_count", "overdischarge_protection_count", "overcurrent_protection_count",
     "temperature_protection_count", "short_circuit_protection_count", "mos_overtemperature_protection_count",
     "ambient_overtemperature_protection_count", "ambient_undertemperature_protection_count"});

// Modules 1 (open circuit voltage) and 2 (hardware protection) of service B0, one word each [X]; no scale is known.
inline constexpr auto kModule1Words = std::to_array<const char*>(
    {"zero_point_current_raw", "charge_current_coefficient_raw", "discharge_current_coefficient_raw",
     "self_discharge_rate_raw", "cap_voltage_0_raw", "cap_voltage_20_raw", "cap_voltage_40_raw", "cap_voltage_80_raw",
     "cap_voltage_100_raw", "ratio_per_cycle_raw", "cell_full_charge_voltage_raw", "cell_full_discharge_voltage_raw",
     "check_resistance_value_raw"});
inline constexpr auto kModule2Words =
    std::to_array<const char*>({"OC_raw", "OC_delay_raw", "SC_raw", "SC_delay_raw", "SC_release_raw", "OV_raw",
                                "OV_delay_raw", "UV_raw", "UV_delay_raw"});

}  // namespace bmsd::daren
