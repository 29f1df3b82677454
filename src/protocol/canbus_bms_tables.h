// Frames and alarms of batteries that talk to inverters. Items, bits and names that sending has too: wire/canbus_bms.h.
#pragma once

#include <array>
#include <cstdint>

#include "battery/alarms.h"
#include "wire/canbus_bms.h"

namespace bmsd::canbus {

// The order of the exchanges: frames that say the same kind of thing, whichever set a battery has.
enum Kind : std::uint8_t {
  kLimits,
  kSoc,
  kMeasurements,
  kAlarms,
  kRequests,
  kExtremes,
  kIds,
  kModules,
  kCapacity,
  kEnergy,
  kMaker,
  kName,
  kSerial,
  kKinds
};

struct Id {
  std::uint16_t id;
  Kind kind;
  std::uint8_t least;  // bytes; a shorter frame means something else
};
inline constexpr auto kFrameIds = std::to_array<Id>({
    {0x351, kLimits, 6},
    {0x354, kCapacity, 4},
    {0x355, kSoc, 4},
    {0x356, kMeasurements, 6},
    {0x359, kAlarms, 4},
    {0x35A, kAlarms, 7},
    {0x35C, kRequests, 1},
    {0x35E, kMaker, 1},
    {0x35F, kMaker, 6},
    {0x360, kRequests, 1},
    {0x370, kName, 8},
    {0x371, kName, 8},
    {0x372, kModules, 8},
    {0x373, kExtremes, 8},
    {0x374, kIds, 1},
    {0x375, kIds, 1},
    {0x376, kIds, 1},
    {0x377, kIds, 1},
    {0x378, kEnergy, 8},
    {0x379, kCapacity, 2},
    {0x380, kSerial, 1},
    {0x381, kSerial, 1},
    {0x382, kMaker, 1},
    // The set of some Pytes racks.
    {0x400, kLimits, 6},
    {0x401, kExtremes, 8},
    {0x402, kExtremes, 8},
    {0x403, kAlarms, 8},
    {0x404, kSoc, 8},
    {0x405, kMeasurements, 6},
    {0x406, kAlarms, 2},
    {0x408, kRequests, 7},
    {0x409, kCapacity, 8},
    {0x40A, kMaker, 1},
    {0x40B, kModules, 8},
    {0x41E, kEnergy, 8},
});

// What Victron makes of an item. The battery says by its limits and its requests what is allowed; an alarm of its own
// stops its direction all the same.
struct Meaning {
  Item item;
  Alarm alarm;
  Blocks blocks = Blocks::nothing;
};
inline constexpr auto kMeanings = std::to_array<Meaning>({
    {kGeneral, Alarm::internal_failure},
    {kHighVoltage, Alarm::high_voltage, Blocks::charge},
    {kLowVoltage, Alarm::low_voltage, Blocks::discharge},
    {kHighTemperature, Alarm::high_temperature},
    {kLowTemperature, Alarm::low_temperature},
    {kHighChargeTemperature, Alarm::high_charge_temperature, Blocks::charge},
    {kLowChargeTemperature, Alarm::low_charge_temperature, Blocks::charge},
    {kHighDischargeCurrent, Alarm::high_discharge_current, Blocks::discharge},
    {kHighChargeCurrent, Alarm::high_charge_current, Blocks::charge},
    {kContactor, Alarm::internal_failure},
    {kShortCircuit, Alarm::high_discharge_current, Blocks::discharge},
    {kShortCircuit, Alarm::internal_failure},
    {kInternalFailure, Alarm::internal_failure},
    {kCellImbalance, Alarm::cell_imbalance},
});

inline constexpr std::array<const char*, kItems> kWarningNames = {
    "general_warning",
    "high_voltage_warning",
    "low_voltage_warning",
    "high_temperature_warning",
    "low_temperature_warning",
    "high_charge_temperature_warning",
    "low_charge_temperature_warning",
    "high_discharge_current_warning",
    "high_charge_current_warning",
    "contactor_warning",
    "short_circuit_warning",
    "internal_failure_warning",
    "cell_imbalance_warning",
};

// Word 0: alarms, word 1: warnings; the bit is the item.
inline constexpr auto kAlarmBits = [] {
  std::array<AlarmBit, 2 * kMeanings.size()> bits{};
  for (std::size_t i = 0; i < kMeanings.size(); ++i) {
    const Meaning& one = kMeanings[i];
    bits[i] = {0, one.item, kItemNames[one.item].data(), one.alarm, Severity::alarm, one.blocks};
    bits[i + kMeanings.size()] = {1, one.item, kWarningNames[one.item], one.alarm, Severity::warning};
  }
  return bits;
}();

// 0x403 of Pytes.
struct PytesBit {
  std::uint8_t bit;
  Item item;
  bool is_alarm;  // else a warning
};
inline constexpr auto kPytesBits = std::to_array<PytesBit>({{0, kHighVoltage, true},
                                                            {1, kHighVoltage, false},
                                                            {3, kLowVoltage, false},
                                                            {4, kLowVoltage, true},
                                                            {8, kHighTemperature, true},
                                                            {9, kHighTemperature, false},
                                                            {11, kLowTemperature, false},
                                                            {12, kLowTemperature, true},
                                                            {17, kHighDischargeCurrent, true},
                                                            {18, kHighDischargeCurrent, true},
                                                            {19, kHighChargeCurrent, true},
                                                            {20, kHighChargeCurrent, true},
                                                            {21, kHighDischargeCurrent, false},
                                                            {22, kHighChargeCurrent, false}});

}  // namespace bmsd::canbus
