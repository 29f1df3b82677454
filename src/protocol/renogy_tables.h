// Names of bits and registers of the Renogy BMS. [D]: the vendor's document V1.7; [O]: seen in register dumps of real
// batteries; [U]: reported by users.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "battery/alarms.h"

namespace bmsd::renogy {

// Registers 5106 (word 0) and 5107 (word 1) [D]. The first are protections, the others warnings. A dump had bit 9 of
// 5107 set on a discharging battery [O]: what has no name here is left alone.
inline constexpr auto kAlarmBits = std::to_array<AlarmBit>({
    {0, 0, "short_circuit", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 0, "short_circuit", Alarm::internal_failure, Severity::alarm, Blocks::discharge},
    {0, 4, "charge_overcurrent_2", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {0, 5, "discharge_overcurrent_2", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 6, "module_overvoltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {0, 7, "cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
    {0, 8, "cell_overvoltage", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
    {0, 9, "charge_overcurrent_1", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {0, 10, "discharge_overcurrent_1", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 11, "discharge_undertemp", Alarm::low_temperature, Severity::alarm, Blocks::discharge},
    {0, 12, "discharge_overtemp", Alarm::high_temperature, Severity::alarm, Blocks::discharge},
    {0, 13, "charge_undertemp", Alarm::low_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 14, "charge_overtemp", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 15, "module_undervoltage", Alarm::low_voltage, Severity::alarm, Blocks::discharge},

    {1, 0, "cell_low_voltage", Alarm::low_cell_voltage, Severity::warning},
    {1, 1, "cell_high_voltage", Alarm::high_cell_voltage, Severity::warning},
    {1, 2, "module_low_voltage", Alarm::low_voltage, Severity::warning},
    {1, 3, "module_high_voltage", Alarm::high_voltage, Severity::warning},
    {1, 4, "charge_low_temp", Alarm::low_charge_temperature, Severity::warning},
    {1, 5, "charge_high_temp", Alarm::high_charge_temperature, Severity::warning},
    {1, 6, "discharge_low_temp", Alarm::low_temperature, Severity::warning},
    {1, 7, "discharge_high_temp", Alarm::high_temperature, Severity::warning},
});

// Register 5106 [D][O].
inline constexpr unsigned kChargeOn = 1U << 1, kDischargeOn = 1U << 2, kPowersBoard = 1U << 3;
// Register 5107 [D].
inline constexpr unsigned kBuzzerOn = 1U << 8, kFullyCharged = 1U << 11, kHeaterOn = 1U << 13;
// Register 5109 [D][O].
inline constexpr unsigned kFullChargeWanted = 1U << 3, kChargeAtOnce = 3U << 4, kDischargeAllowed = 1U << 6,
                          kChargeAllowed = 1U << 7;

// A field of two bits [D]: 0 good, 1 below its limits, 2 above them, 3 another alarm. 5100 and 5102 hold one per cell,
// 5104 these; they carry no names of their own.
struct Levels {
  Alarm below, above;
};
inline constexpr Levels kCellVoltageLevels = {Alarm::low_cell_voltage, Alarm::high_cell_voltage};
inline constexpr Levels kTemperatureLevels = {Alarm::low_temperature, Alarm::high_temperature};
// Currents of discharge are negative, so that "below" may mean too much of it.
inline constexpr Levels kChargeCurrentLevels = {Alarm::high_charge_current, Alarm::high_charge_current};
inline constexpr Levels kDischargeCurrentLevels = {Alarm::high_discharge_current, Alarm::high_discharge_current};
struct LevelField {
  unsigned shift;  // of the lower bit
  Levels levels;
};
inline constexpr auto kOtherLevels = std::to_array<LevelField>({
    {30, {Alarm::low_temperature, Alarm::high_internal_temperature}},  // board
    {28, kTemperatureLevels},                                          // environment 1
    {26, kTemperatureLevels},                                          // environment 2
    {24, kTemperatureLevels},                                          // heater 1
    {22, kTemperatureLevels},                                          // heater 2
    {20, kChargeCurrentLevels},
    {18, kDischargeCurrentLevels},
});

// Settings, only shown [D][O].
struct Setting {
  int number;
  const char* key;
  double per_unit;
};
inline constexpr auto kSettings = std::to_array<Setting>({
    {5200, "cell_overvoltage_v", 10},
    {5201, "cell_high_voltage_v", 10},
    {5202, "cell_low_voltage_v", 10},
    {5203, "cell_undervoltage_v", 10},
    {5204, "charge_overtemp_c", 10},
    {5205, "charge_high_temp_c", 10},
    {5206, "charge_low_temp_c", 10},
    {5207, "charge_undertemp_c", 10},
    {5208, "charge_overcurrent_2_a", 100},
    {5209, "charge_overcurrent_1_a", 100},
    {5210, "charge_high_current_a", 100},
    {5211, "module_overvoltage_v", 10},
    {5212, "module_high_voltage_v", 10},
    {5213, "module_low_voltage_v", 10},
    {5214, "module_undervoltage_v", 10},
    {5215, "discharge_overtemp_c", 10},
    {5216, "discharge_high_temp_c", 10},
    {5217, "discharge_low_temp_c", 10},
    {5218, "discharge_undertemp_c", 10},
    {5219, "discharge_overcurrent_2_a", 100},
    {5220, "discharge_overcurrent_1_a", 100},
    {5221, "discharge_high_current_a", 100},
    {5223, "device_address", 1},
    {5228, "charge_power_percent", 1},
    {5229, "discharge_power_percent", 1},
});

// Texts that are only shown [D][O].
struct ShownText {
  int number, registers;
  const char* key;
};
inline constexpr auto kShownTexts = std::to_array<ShownText>(
    {{5118, 1, "manufacture_version"}, {5119, 2, "main_line_version"}, {5121, 1, "protocol_version"}});

// Codes of a refusal [D]; 2 was captured [O].
inline constexpr std::uint8_t kBadRange = 2, kBadLength = 3;
inline constexpr auto kRefusals = std::to_array<const char*>(
    {"", "function unknown", "no such registers", "wrong length", "reading failed", "checksum error"});

}  // namespace bmsd::renogy
