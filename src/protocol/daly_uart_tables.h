// Commands, alarm bits and settings of the Daly BMS. [V]: the vendor's documents; [R]: seen in a recorded reply; [I]: taken
// over from other programs, not confirmed by a recording.
#pragma once

#include <array>
#include <cstdint>

#include "battery/alarms.h"

namespace bmsd::daly {

enum Command : std::uint8_t {
  kMeasurements = 0x90,  // [V][R], as all up to 0x98
  kCellExtremes = 0x91,
  kTemperatureExtremes = 0x92,
  kState = 0x93,
  kCounts = 0x94,
  kCells = 0x95,
  kTemperatures = 0x96,
  kBalancing = 0x97,
  kAlarms = 0x98,
  kRated = 0x50,              // [R]
  kBoards = 0x51,             // [R]
  kTotals = 0x52,             // [R], the unit [I]
  kMade = 0x53,               // [R]
  kFirmware = 0x54,           // [R]
  kBatteryCode = 0x57,        // [I]
  kCellLimits = 0x59,         // [I]
  kPackLimits = 0x5A,         // [I]
  kCurrentLimits = 0x5B,      // [I]
  kTemperatureLimits = 0x5C,  // [I]
  kSocLimits = 0x5D,          // [I]
  kDifferenceLimits = 0x5E,   // [I]
  kBalanceSettings = 0x5F,    // [R]
  kShortCircuit = 0x60,       // [R], the units [I]
  kClock = 0x61,              // [I]
  kSoftware = 0x62,           // [I]
  kHardware = 0x63,           // [I]
  kSetSoc = 0x21,             // writes: [R], as the switches
  kDischargeSwitch = 0xD9,
  kChargeSwitch = 0xDA,
};

// Bytes 0 to 6 of 0x98; AlarmBit::word is the byte. [V], but only bit 7 of byte 2 has been recorded set. "l1" warns, "l2"
// and everything from byte 4 on is a protection or a fault.
inline constexpr auto kAlarmBits = std::to_array<AlarmBit>({
    {0, 0, "cell_voltage_high_l1", Alarm::high_cell_voltage, Severity::warning},
    {0, 1, "cell_voltage_high_l2", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
    {0, 2, "cell_voltage_low_l1", Alarm::low_cell_voltage, Severity::warning},
    {0, 3, "cell_voltage_low_l2", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
    {0, 4, "pack_voltage_high_l1", Alarm::high_voltage, Severity::warning},
    {0, 5, "pack_voltage_high_l2", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {0, 6, "pack_voltage_low_l1", Alarm::low_voltage, Severity::warning},
    {0, 7, "pack_voltage_low_l2", Alarm::low_voltage, Severity::alarm, Blocks::discharge},

    {1, 0, "charge_temp_high_l1", Alarm::high_charge_temperature, Severity::warning},
    {1, 1, "charge_temp_high_l2", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},
    {1, 2, "charge_temp_low_l1", Alarm::low_charge_temperature, Severity::warning},
    {1, 3, "charge_temp_low_l2", Alarm::low_charge_temperature, Severity::alarm, Blocks::charge},
    {1, 4, "discharge_temp_high_l1", Alarm::high_temperature, Severity::warning},
    {1, 5, "discharge_temp_high_l2", Alarm::high_temperature, Severity::alarm, Blocks::discharge},
    {1, 6, "discharge_temp_low_l1", Alarm::low_temperature, Severity::warning},
    {1, 7, "discharge_temp_low_l2", Alarm::low_temperature, Severity::alarm, Blocks::discharge},

    {2, 0, "charge_overcurrent_l1", Alarm::high_charge_current, Severity::warning},
    {2, 1, "charge_overcurrent_l2", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {2, 2, "discharge_overcurrent_l1", Alarm::high_discharge_current, Severity::warning},
    {2, 3, "discharge_overcurrent_l2", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    // A full battery is no fault: names for people only.
    {2, 4, "soc_high_l1", Alarm::low_soc, Severity::ok},
    {2, 5, "soc_high_l2", Alarm::low_soc, Severity::ok},
    // Recorded set while the pack was being discharged: it stops nothing.
    {2, 6, "soc_low_l1", Alarm::low_soc, Severity::warning},
    {2, 7, "soc_low_l2", Alarm::low_soc, Severity::alarm},  // [R]

    {3, 0, "cell_voltage_diff_l1", Alarm::cell_imbalance, Severity::warning},
    {3, 1, "cell_voltage_diff_l2", Alarm::cell_imbalance, Severity::alarm},
    {3, 2, "temp_diff_l1", Alarm::high_temperature, Severity::warning},
    {3, 3, "temp_diff_l2", Alarm::high_temperature, Severity::alarm},

    {4, 0, "charge_mos_temp_high", Alarm::high_internal_temperature, Severity::alarm},
    {4, 1, "discharge_mos_temp_high", Alarm::high_internal_temperature, Severity::alarm},
    {4, 2, "charge_mos_temp_sensor_fault", Alarm::internal_failure, Severity::alarm},
    {4, 3, "discharge_mos_temp_sensor_fault", Alarm::internal_failure, Severity::alarm},
    {4, 4, "charge_mos_stuck", Alarm::internal_failure, Severity::alarm},
    {4, 5, "discharge_mos_stuck", Alarm::internal_failure, Severity::alarm},
    {4, 6, "charge_mos_open", Alarm::internal_failure, Severity::alarm, Blocks::charge},
    {4, 7, "discharge_mos_open", Alarm::internal_failure, Severity::alarm, Blocks::discharge},

    {5, 0, "afe_fault", Alarm::internal_failure, Severity::alarm},
    {5, 1, "cell_sense_wire_lost", Alarm::internal_failure, Severity::alarm},
    {5, 1, "cell_sense_wire_lost", Alarm::bms_cable, Severity::alarm},
    {5, 2, "cell_temp_sensor_fault", Alarm::internal_failure, Severity::alarm},
    {5, 3, "eeprom_fault", Alarm::internal_failure, Severity::alarm},
    {5, 4, "rtc_fault", Alarm::internal_failure, Severity::alarm},
    {5, 5, "precharge_fault", Alarm::internal_failure, Severity::alarm},
    {5, 6, "vehicle_comm_fault", Alarm::internal_failure, Severity::alarm},
    {5, 7, "internal_comm_fault", Alarm::internal_failure, Severity::alarm},

    {6, 0, "current_module_fault", Alarm::internal_failure, Severity::alarm},
    {6, 1, "pack_voltage_sense_fault", Alarm::internal_failure, Severity::alarm},
    {6, 2, "short_circuit", Alarm::internal_failure, Severity::alarm, Blocks::discharge},
    {6, 3, "low_voltage_charge_forbidden", Alarm::low_voltage, Severity::alarm, Blocks::charge},
    {6, 4, "mos_switched_off_remotely", Alarm::internal_failure, Severity::ok},  // [I]; 0x93 tells which switch is off
});
inline constexpr std::size_t kAlarmBytes = 7;

// Byte 2 of 0x98: what a board that has charge and discharge mixed up means by the bits of overcurrent.
constexpr std::uint8_t with_overcurrents_exchanged(std::uint8_t bits) {
  return static_cast<std::uint8_t>((bits & 0xF0) | (bits & 0x03) << 2 | (bits & 0x0C) >> 2);
}

// --- Values that are shown and, with few exceptions, not used ---

enum class Kind : std::uint8_t {
  u8,
  u16,
  u32,
  millivolt,           // u16
  decivolt,            // u16
  distance_from_bias,  // u16, 0.1 A away from 30000, whichever direction
  celsius,             // u8, from -40 on
  permille,            // u16
  micro_ohm,           // u16, said in milli-ohm
};

struct Item {
  Command command;
  std::uint8_t offset;  // in the data
  Kind kind;
  const char* key;
};
inline constexpr auto kItems = std::to_array<Item>({
    {kCellExtremes, 0, Kind::millivolt, "cell_voltage_max_v"},
    {kCellExtremes, 2, Kind::u8, "cell_voltage_max_number"},
    {kCellExtremes, 3, Kind::millivolt, "cell_voltage_min_v"},
    {kCellExtremes, 5, Kind::u8, "cell_voltage_min_number"},
    {kTemperatureExtremes, 0, Kind::celsius, "temperature_max_c"},
    {kTemperatureExtremes, 1, Kind::u8, "temperature_max_sensor"},
    {kTemperatureExtremes, 2, Kind::celsius, "temperature_min_c"},
    {kTemperatureExtremes, 3, Kind::u8, "temperature_min_sensor"},
    {kState, 3, Kind::u8, "life_counter"},  // a heartbeat, not the cycles
    {kCounts, 1, Kind::u8, "temperature_sensor_count"},
    {kAlarms, 7, Kind::u8, "fault_code"},
    {kBoards, 0, Kind::u8, "board_count"},
    {kTotals, 0, Kind::u32, "cumulative_charge_ah"},
    {kTotals, 4, Kind::u32, "cumulative_discharge_ah"},
    {kMade, 0, Kind::u8, "operation_mode"},
    {kMade, 1, Kind::u8, "battery_type"},   // 0 LFP, 1 NMC, 2 LTO [I]
    {kMade, 5, Kind::u16, "sleep_time_s"},  // 65535: never
    {kCellLimits, 0, Kind::millivolt, "cell_voltage_high_l1_v"},
    {kCellLimits, 2, Kind::millivolt, "cell_voltage_high_l2_v"},
    {kCellLimits, 4, Kind::millivolt, "cell_voltage_low_l1_v"},
    {kCellLimits, 6, Kind::millivolt, "cell_voltage_low_l2_v"},
    {kPackLimits, 0, Kind::decivolt, "pack_voltage_high_l1_v"},
    {kPackLimits, 2, Kind::decivolt, "pack_voltage_high_l2_v"},
    {kPackLimits, 4, Kind::decivolt, "pack_voltage_low_l1_v"},
    {kPackLimits, 6, Kind::decivolt, "pack_voltage_low_l2_v"},
    {kCurrentLimits, 0, Kind::distance_from_bias, "charge_current_limit_l1_a"},
    {kCurrentLimits, 2, Kind::distance_from_bias, "charge_current_limit_l2_a"},
    {kCurrentLimits, 4, Kind::distance_from_bias, "discharge_current_limit_l1_a"},
    {kCurrentLimits, 6, Kind::distance_from_bias, "discharge_current_limit_l2_a"},
    {kTemperatureLimits, 0, Kind::celsius, "charge_temp_high_l1_c"},
    {kTemperatureLimits, 1, Kind::celsius, "charge_temp_high_l2_c"},
    {kTemperatureLimits, 2, Kind::celsius, "charge_temp_low_l1_c"},
    {kTemperatureLimits, 3, Kind::celsius, "charge_temp_low_l2_c"},
    {kTemperatureLimits, 4, Kind::celsius, "discharge_temp_high_l1_c"},
    {kTemperatureLimits, 5, Kind::celsius, "discharge_temp_high_l2_c"},
    {kTemperatureLimits, 6, Kind::celsius, "discharge_temp_low_l1_c"},
    {kTemperatureLimits, 7, Kind::celsius, "discharge_temp_low_l2_c"},
    {kSocLimits, 0, Kind::permille, "soc_high_l1_percent"},
    {kSocLimits, 2, Kind::permille, "soc_high_l2_percent"},
    {kSocLimits, 4, Kind::permille, "soc_low_l1_percent"},
    {kSocLimits, 6, Kind::permille, "soc_low_l2_percent"},
    {kDifferenceLimits, 0, Kind::millivolt, "cell_voltage_diff_l1_v"},
    {kDifferenceLimits, 2, Kind::millivolt, "cell_voltage_diff_l2_v"},
    {kDifferenceLimits, 4, Kind::u8, "temp_diff_l1_raw"},  // nobody knows whether 40 is to be subtracted
    {kDifferenceLimits, 5, Kind::u8, "temp_diff_l2_raw"},
    {kBalanceSettings, 0, Kind::millivolt, "balance_start_voltage_v"},
    {kBalanceSettings, 2, Kind::millivolt, "balance_diff_voltage_v"},
    {kShortCircuit, 0, Kind::u16, "short_circuit_current_a"},
    {kShortCircuit, 2, Kind::micro_ohm, "sampling_resistance_mohm"},
    {kClock, 6, Kind::permille, "soc_beside_clock_percent"},
    // Of the answers to writes.
    {kSetSoc, 0, Kind::u8, "accepted_state"},
    {kDischargeSwitch, 0, Kind::u8, "accepted_state"},
    {kChargeSwitch, 0, Kind::u8, "accepted_state"},
});

}  // namespace bmsd::daly
