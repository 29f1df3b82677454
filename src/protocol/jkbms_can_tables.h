// Frames and alarms of the JK BMS over CAN. [V]: the vendor's texts V1.02 and V2.1; [R]: recorded frames.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "battery/alarms.h"
#include "wire/can_frame.h"

namespace bmsd::jkcan {

// The order of the exchanges.
enum Kind : std::uint8_t {
  kStatus,        // 2F4 [V][R]
  kCellExtremes,  // 4F4 [V][R]
  kTemperatures,  // 5F4 [V][R]
  kAlarms,        // 7F4 [V]
  kCapacity,      // 18F128F4 [V][R], as all extended ones of V2
  kSensors,       // 18F228F4
  kFaults,        // 18F328F4
  kHealth,        // 18F428F4
  kSwitches,      // 18F528F4
  kCells,         // 18E028F4 to 18E628F4
  kCharger,       // 1806E5F4, doubtful
  kKinds
};

inline constexpr int kMostAddress = 11;  // from 12 on the addition would carry into the next byte
inline constexpr std::size_t kCellFrames = 7, kCellsPerFrame = 4, kMostCells = 25;

struct Id {
  std::uint32_t id;  // of address 0; the address is added to it
  bool extended;
  Kind kind;
  std::uint8_t part;   // of the cells: which frame
  std::uint8_t least;  // bytes
};
inline constexpr auto kIds = std::to_array<Id>({
    {0x2F4, false, kStatus, 0, 5},
    {0x4F4, false, kCellExtremes, 0, 6},
    {0x5F4, false, kTemperatures, 0, 5},
    {0x7F4, false, kAlarms, 0, 4},
    {0x18F128F4, true, kCapacity, 0, 8},
    {0x18F228F4, true, kSensors, 0, 6},
    {0x18F328F4, true, kFaults, 0, 3},
    {0x18F428F4, true, kHealth, 0, 7},
    {0x18F528F4, true, kSwitches, 0, 1},
    {0x18E028F4, true, kCells, 0, 8},
    {0x18E128F4, true, kCells, 1, 8},
    {0x18E228F4, true, kCells, 2, 8},
    {0x18E328F4, true, kCells, 3, 8},
    {0x18E428F4, true, kCells, 4, 8},
    {0x18E528F4, true, kCells, 5, 8},
    {0x18E628F4, true, kCells, 6, 2},  // cell 25 alone
    {0x1806E5F4, true, kCharger, 0, 5},
});

// What a frame is, and of which battery; nothing for a foreign one.
struct Found {
  const Id* id;
  int address;
};
constexpr std::optional<Found> find(const CanFrame& frame) {
  for (const Id& id : kIds) {
    if (frame.extended != id.extended || frame.id < id.id || frame.id - id.id > kMostAddress) continue;
    return Found{&id, static_cast<int>(frame.id - id.id)};
  }
  return std::nullopt;
}

// 7F4 has two bits per item: 1 most serious, 2 important, 3 general. AlarmBit::word is the item; its bit 0 stands for the
// levels 1 and 2, which are alarms, bit 1 for 3, which warns.
inline constexpr std::size_t kItems = 15;
struct Item {
  std::uint8_t number;
  const char* name;
  Alarm alarm;
  Blocks blocks = Blocks::nothing;
};
inline constexpr auto kItemAlarms = std::to_array<Item>({
    {0, "cell_overvoltage", Alarm::high_cell_voltage, Blocks::charge},
    {1, "cell_undervoltage", Alarm::low_cell_voltage, Blocks::discharge},
    {2, "pack_overvoltage", Alarm::high_voltage, Blocks::charge},
    {3, "pack_undervoltage", Alarm::low_voltage, Blocks::discharge},
    {4, "cell_voltage_difference", Alarm::cell_imbalance},
    {5, "discharge_overcurrent", Alarm::high_discharge_current, Blocks::discharge},
    {6, "charge_overcurrent", Alarm::high_charge_current, Blocks::charge},
    // Which direction it is about is not told: both are shown, and nothing is stopped for it.
    {7, "temperature_high", Alarm::high_temperature},
    {7, "temperature_high", Alarm::high_charge_temperature},
    {8, "temperature_low", Alarm::low_temperature},
    {8, "temperature_low", Alarm::low_charge_temperature},
    {9, "temperature_difference", Alarm::high_temperature},
    {10, "soc_low", Alarm::low_soc},
    {11, "insulation_low", Alarm::internal_failure},
    {12, "hv_interlock", Alarm::internal_failure},
    {13, "external_comm_fault", Alarm::internal_failure},
    {14, "internal_comm_fault", Alarm::internal_failure},
});
// 18F328F4, bits from byte 0 on.
inline constexpr std::size_t kFaultWord = 15;
inline constexpr auto kFaultBits = std::to_array<AlarmBit>({
    {15, 0, "fault_wire_resistance", Alarm::cell_imbalance, Severity::alarm},
    {15, 1, "fault_mos_overtemperature", Alarm::high_internal_temperature, Severity::alarm},
    {15, 2, "fault_cell_count_mismatch", Alarm::internal_failure, Severity::alarm},
    {15, 3, "fault_current_sensor", Alarm::internal_failure, Severity::alarm},
    {15, 4, "fault_cell_overvoltage", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
    {15, 5, "fault_pack_overvoltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {15, 6, "fault_charge_overcurrent", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {15, 7, "fault_charge_short_circuit", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {15, 8, "fault_charge_overtemperature", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},
    {15, 9, "fault_charge_low_temperature", Alarm::low_charge_temperature, Severity::alarm, Blocks::charge},
    {15, 10, "fault_internal_comm", Alarm::internal_failure, Severity::alarm},
    {15, 11, "fault_cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
    {15, 12, "fault_pack_undervoltage", Alarm::low_voltage, Severity::alarm, Blocks::discharge},
    {15, 13, "fault_discharge_overcurrent", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {15, 14, "fault_discharge_short_circuit", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {15, 15, "fault_discharge_overtemperature", Alarm::high_temperature, Severity::alarm, Blocks::discharge},
    {16, 0, "fault_charge_mos", Alarm::internal_failure, Severity::alarm},
    {16, 1, "fault_discharge_mos", Alarm::internal_failure, Severity::alarm},
});

inline constexpr std::size_t kItemBits = 2 * kItemAlarms.size();  // those of 7F4 come first
inline constexpr auto kAlarmBits = [] {
  std::array<AlarmBit, kItemBits + kFaultBits.size()> bits{};
  std::size_t i = 0;
  for (const Item& item : kItemAlarms) {
    bits[i++] = {item.number, 0, item.name, item.alarm, Severity::alarm, item.blocks};
    bits[i++] = {item.number, 1, item.name, item.alarm, Severity::warning};
  }
  for (const AlarmBit& bit : kFaultBits) bits[i++] = bit;
  return bits;
}();

}  // namespace bmsd::jkcan
