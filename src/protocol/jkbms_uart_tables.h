// The registers and alarm bits of the JK BMS. The vendor's document V2.5 has all of them; recorded frames prove the order
// and the widths. Units and names of what is no field of bmsd stand in the key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "battery/alarms.h"
#include "battery/fields.h"

namespace bmsd::jkuart {

enum Id : std::uint8_t {
  kCells = 0x79,
  kMosTemperature = 0x80,
  kVoltage = 0x83,
  kCurrent = 0x84,
  kSoc = 0x85,
  kCellCount = 0x8A,
  kAlarmWord = 0x8B,
  kStatus = 0x8C,
  kCapacity = 0xAA,
  kChemistry = 0xAF,
  kDeviceId = 0xB4,
  kMade = 0xB5,
  kSoftware = 0xB7,
  kUserData = 0xBA,
  kVersion = 0xC0,  // of the protocol; the last one
};

// Probe 1 is in the battery box or on the balancer, probe 2 in the battery.
inline constexpr auto kProbes = std::to_array<std::uint8_t>({0x81, 0x82});

// Of kUserData: what the owner entered; the name of the device is the rest.
inline constexpr std::size_t kUserDataSize = 12;

enum class Kind : std::uint8_t {
  number,    // unsigned of any width, divided by `per_unit`
  integer,   // signed 16 bits
  flag,      // 0 or 1
  text,      // padded
  withheld,  // what has a function of its own, the password, what can only be written
};

// A field, or else something only `bmsd show` and `bmsd decode` tell.
struct Register {
  std::uint8_t id;
  std::uint8_t width;  // bytes; kCells says its own
  Kind kind;
  const char* key = nullptr;
  double per_unit = 1;
  Field field = Field::count_;
};

inline constexpr auto kRegisters = std::to_array<Register>({
    {kCells, 0, Kind::withheld},
    {kMosTemperature, 2, Kind::withheld},
    {kProbes[0], 2, Kind::withheld},
    {kProbes[1], 2, Kind::withheld},
    {kVoltage, 2, Kind::number, nullptr, 100, Field::voltage},
    {kCurrent, 2, Kind::withheld},
    {kSoc, 1, Kind::number, nullptr, 1, Field::soc},
    {0x86, 1, Kind::number, "temperature_sensor_count"},
    {0x87, 2, Kind::number, nullptr, 1, Field::cycles},
    {0x89, 4, Kind::number, "cycle_capacity_total_ah"},
    {kCellCount, 2, Kind::withheld},
    {kAlarmWord, 2, Kind::withheld},
    {kStatus, 2, Kind::withheld},
    {0x8E, 2, Kind::number, "pack_overvoltage_v", 100},
    {0x8F, 2, Kind::number, "pack_undervoltage_v", 100},
    {0x90, 2, Kind::number, nullptr, 1000, Field::cell_voltage_max_limit},
    {0x91, 2, Kind::number, "cell_overvoltage_recovery_v", 1000},
    {0x92, 2, Kind::number, "cell_overvoltage_delay_s"},
    {0x93, 2, Kind::number, nullptr, 1000, Field::cell_voltage_min_limit},
    {0x94, 2, Kind::number, "cell_undervoltage_recovery_v", 1000},
    {0x95, 2, Kind::number, "cell_undervoltage_delay_s"},
    {0x96, 2, Kind::number, "cell_difference_limit_v", 1000},
    {0x97, 2, Kind::number, nullptr, 1, Field::max_discharge_current},
    {0x98, 2, Kind::number, "discharge_overcurrent_delay_s"},
    {0x99, 2, Kind::number, nullptr, 1, Field::max_charge_current},
    {0x9A, 2, Kind::number, "charge_overcurrent_delay_s"},
    {0x9B, 2, Kind::number, "balance_start_voltage_v", 1000},
    {0x9C, 2, Kind::number, "balance_difference_v", 1000},
    {0x9D, 1, Kind::flag, "balance_switch_on"},
    {0x9E, 2, Kind::number, "mos_temp_limit_c"},
    {0x9F, 2, Kind::number, "mos_temp_recovery_c"},
    {0xA0, 2, Kind::number, "box_temp_limit_c"},
    {0xA1, 2, Kind::number, "box_temp_recovery_c"},
    {0xA2, 2, Kind::number, "temp_difference_limit_c"},
    {0xA3, 2, Kind::number, "charge_temp_high_limit_c"},
    {0xA4, 2, Kind::number, "discharge_temp_high_limit_c"},
    {0xA5, 2, Kind::integer, "charge_temp_low_limit_c"},
    {0xA6, 2, Kind::integer, "charge_temp_low_recovery_c"},
    {0xA7, 2, Kind::integer, "discharge_temp_low_limit_c"},
    {0xA8, 2, Kind::integer, "discharge_temp_low_recovery_c"},
    {0xA9, 1, Kind::number, "configured_cell_count"},
    {kCapacity, 4, Kind::withheld},
    {0xAB, 1, Kind::flag, "charge_switch_on"},
    {0xAC, 1, Kind::flag, "discharge_switch_on"},
    {0xAD, 2, Kind::number, "current_calibration_ma"},
    {0xAE, 1, Kind::number, "board_address"},
    {kChemistry, 1, Kind::withheld},
    {0xB0, 2, Kind::number, "sleep_wait_s"},
    {0xB1, 1, Kind::number, "low_capacity_alarm_percent"},
    {0xB2, 10, Kind::withheld},  // the password: never told
    {0xB3, 1, Kind::flag, "dedicated_charger"},
    {kDeviceId, 8, Kind::text, "device_id"},
    {kMade, 4, Kind::withheld},
    {0xB6, 4, Kind::number, "runtime_minutes"},
    {kSoftware, 15, Kind::withheld},
    {0xB8, 1, Kind::flag, "calibrating"},
    {0xB9, 4, Kind::number, "actual_capacity_ah"},  // 0 on old boards
    {kUserData, 24, Kind::withheld},
    // Restart, factory reset, upgrade, and two voltages of the GPS: for writing, never seen in an answer.
    {0xBB, 1, Kind::withheld},
    {0xBC, 1, Kind::withheld},
    {0xBD, 1, Kind::withheld},
    {0xBE, 2, Kind::withheld},
    {0xBF, 2, Kind::withheld},
    {kVersion, 1, Kind::withheld},
});

// Severities are the vendor's. Bits 4 and 9 do not say which direction they mean: both classes are raised. Charging is
// the direction with the narrower limits, so it is stopped; whether discharging is, the switches (8C) say, as they do for
// all others without a direction. Bits 14 and 15 are reserved.
inline constexpr auto kAlarmBits = std::to_array<AlarmBit>({
    {0, 0, "low_capacity", Alarm::low_soc, Severity::warning},
    {0, 1, "mos_overtemperature", Alarm::high_internal_temperature, Severity::alarm},
    {0, 2, "charge_overvoltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {0, 3, "discharge_undervoltage", Alarm::low_voltage, Severity::alarm, Blocks::discharge},
    {0, 4, "battery_overtemperature", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 4, "battery_overtemperature", Alarm::high_temperature, Severity::alarm},
    {0, 5, "charge_overcurrent", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {0, 6, "discharge_overcurrent", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 7, "cell_voltage_difference", Alarm::cell_imbalance, Severity::alarm},
    {0, 8, "battery_box_overtemperature", Alarm::high_internal_temperature, Severity::alarm},
    {0, 9, "battery_low_temperature", Alarm::low_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 9, "battery_low_temperature", Alarm::low_temperature, Severity::alarm},
    {0, 10, "cell_overvoltage", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
    {0, 11, "cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
    {0, 12, "protect_309_a", Alarm::internal_failure, Severity::alarm},
    {0, 13, "protect_309_b", Alarm::internal_failure, Severity::alarm},
});

}  // namespace bmsd::jkuart
