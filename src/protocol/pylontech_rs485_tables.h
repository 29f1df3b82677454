// Bits and codes of Pylontech batteries on RS485. [D] stands in the vendor's documents (V2.8 and V3.3), [O] was seen in
// captured frames.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "battery/alarms.h"

namespace bmsd::pylontech {

inline constexpr std::size_t kMaxPylontechCells = 32, kMaxSensors = 32;

// States of a cell, a sensor, a current or the module voltage in service 44. Both limits act as protection; F0 is the
// vendor's "other error", and what else is not 0 counts like it. [D]
enum State : std::uint8_t { kNormal = 0x00, kBelow = 0x01, kAbove = 0x02 };

// The words that AlarmBit::word counts. Status 1 is as sent; the others are put together from what service 44 says: a
// bit per cell or sensor and kind of state, two words each.
enum AlarmWord : std::uint8_t {
  kStatus1,
  kCellErrors,  // status 4 and 5, cell 1 in bit 0
  kOthers,      // three bits each, low, high and fault: charge current, module voltage, discharge current
  kCellStates,  // low, high and fault, two words each
  kSensorStates = kCellStates + 6,
  kAlarmWords = kSensorStates + 6
};

// Status 2 and 3 of service 44. [D]
inline constexpr unsigned kPreFetOn = 1U << 0, kChargeFetOn = 1U << 1, kDischargeFetOn = 1U << 2,
                          kUsingModulePower = 1U << 3;
inline constexpr unsigned kBuzzerOn = 1U << 0, kFullyCharged = 1U << 3, kHeaterOn = 1U << 5,
                          kEffectiveDischarge = 1U << 6, kEffectiveCharge = 1U << 7;

// Status of service 92. [D]
inline constexpr unsigned kFullChargeRequest = 1U << 3, kChargeImmediately2 = 1U << 4, kChargeImmediately1 = 1U << 5,
                          kDischargeEnable = 1U << 6, kChargeEnable = 1U << 7;

// "cell_12_voltage_high", ended by 0.
using AlarmName = std::array<char, 24>;

// `front`, the number from 1 to 99, `back`.
constexpr AlarmName numbered_name(std::string_view front, std::size_t number, std::string_view back) {
  AlarmName name{};
  std::size_t at = 0;
  for (const char c : front) name[at++] = c;
  if (number >= 10) name[at++] = static_cast<char>('0' + number / 10);
  name[at++] = static_cast<char>('0' + number % 10);
  for (const char c : back) name[at++] = c;
  return name;
}

inline constexpr std::array<std::string_view, 3> kStateWords = {"_low", "_high", "_fault"};

template <std::size_t kCount>
constexpr std::array<AlarmName, 3 * kCount> numbered_states(std::string_view front, std::string_view middle) {
  std::array<AlarmName, 3 * kCount> names{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    AlarmName back{};
    std::size_t at = 0;
    for (const char c : middle) back[at++] = c;
    for (const char c : kStateWords[i / kCount]) back[at++] = c;
    names[i] = numbered_name(front, i % kCount + 1, {back.data(), at});
  }
  return names;
}

inline constexpr auto kCellStateNames = numbered_states<kMaxPylontechCells>("cell_", "_voltage");
inline constexpr auto kSensorStateNames = numbered_states<kMaxSensors>("temperature_", "");
inline constexpr auto kCellErrorNames = [] {
  std::array<AlarmName, 16> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = numbered_name("cell_", i + 1, "_voltage_error");
  return names;
}();

// Those that are not numbered. A limit of discharging is a negative current, so either side of a current's limits may
// stand for too much of it.
inline constexpr auto kPlainAlarmBits = std::to_array<AlarmBit>({
    {kStatus1, 0, "module_overvoltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},         // [D]
    {kStatus1, 1, "cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},   // [D] V3.0
    {kStatus1, 2, "charge_overcurrent", Alarm::high_charge_current, Severity::alarm, Blocks::charge},  // [D]
    {kStatus1, 4, "discharge_overcurrent", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},  // [D]
    {kStatus1, 5, "discharge_overtemperature", Alarm::high_temperature, Severity::alarm, Blocks::discharge},    // [D]
    {kStatus1, 6, "charge_overtemperature", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},   // [D]
    {kStatus1, 7, "module_undervoltage", Alarm::low_voltage, Severity::alarm, Blocks::discharge},               // [D]
    {kOthers, 0, "charge_current_low", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {kOthers, 1, "charge_current_high", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {kOthers, 2, "charge_current_fault", Alarm::internal_failure, Severity::alarm},
    {kOthers, 3, "module_voltage_low", Alarm::low_voltage, Severity::alarm, Blocks::discharge},
    {kOthers, 4, "module_voltage_high", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {kOthers, 5, "module_voltage_fault", Alarm::internal_failure, Severity::alarm},
    {kOthers, 6, "discharge_current_low", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {kOthers, 7, "discharge_current_high", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {kOthers, 8, "discharge_current_fault", Alarm::internal_failure, Severity::alarm},
});

constexpr AlarmBit cell_state_bit(std::uint8_t word, std::uint8_t bit, const char* name, std::size_t kind) {
  constexpr std::array<AlarmBit, 3> kKinds = {{
      {0, 0, "", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
      {0, 0, "", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
      {0, 0, "", Alarm::internal_failure, Severity::alarm, Blocks::nothing},
  }};
  return {word, bit, name, kKinds[kind].alarm, kKinds[kind].severity, kKinds[kind].blocks};
}

// A sensor's state does not say which direction its limit is for. The limits of charging are never the wider ones, so
// charging is stopped in any case; whether discharging is, status 1 and the FETs tell. Sensor 1 is on the board.
constexpr AlarmBit sensor_state_bit(std::uint8_t word, std::uint8_t bit, const char* name, std::size_t kind,
                                    bool on_board) {
  const Alarm high = on_board ? Alarm::high_internal_temperature : Alarm::high_temperature;
  const Alarm alarm = kind == 0 ? Alarm::low_temperature : kind == 1 ? high : Alarm::internal_failure;
  return {word, bit, name, alarm, Severity::alarm, on_board || kind == 2 ? Blocks::nothing : Blocks::charge};
}

// A cell error is a voltage above 4.2 or below 1.0 V: such a cell must not be charged. [D]
inline constexpr auto kAlarmBits = [] {
  std::array<AlarmBit,
             kPlainAlarmBits.size() + kCellErrorNames.size() + kCellStateNames.size() + kSensorStateNames.size()>
      bits{};
  std::size_t at = 0;
  for (const AlarmBit& bit : kPlainAlarmBits) bits[at++] = bit;
  for (std::size_t i = 0; i < kCellErrorNames.size(); ++i) {
    bits[at++] = {kCellErrors,
                  static_cast<std::uint8_t>(i),
                  kCellErrorNames[i].data(),
                  Alarm::internal_failure,
                  Severity::alarm,
                  Blocks::charge};
  }
  for (std::size_t i = 0; i < kCellStateNames.size(); ++i) {
    bits[at++] = cell_state_bit(static_cast<std::uint8_t>(kCellStates + i / 16), static_cast<std::uint8_t>(i % 16),
                                kCellStateNames[i].data(), i / kMaxPylontechCells);
  }
  for (std::size_t i = 0; i < kSensorStateNames.size(); ++i) {
    bits[at++] = sensor_state_bit(static_cast<std::uint8_t>(kSensorStates + i / 16), static_cast<std::uint8_t>(i % 16),
                                  kSensorStateNames[i].data(), i / kMaxSensors, i % kMaxSensors == 0);
  }
  return bits;
}();

// What the battery answers in the place of CID2 when it does not answer the question.
struct ReturnCode {
  std::uint8_t code;
  const char* meaning;
};
inline constexpr auto kReturnCodes = std::to_array<ReturnCode>({
    {0x01, "VER error"},                                                           // [D]
    {0x02, "CHKSUM error"},                                                        // [D]
    {0x03, "LCHKSUM error"},                                                       // [D]
    {0x04, "command not supported"},                                               // [D][O]
    {0x05, "command format error"},                                                // [D]
    {0x06, "data in INFO not valid"},                                              // [D]
    {0x90, "ADR error"},                                                           // [D]
    {0x91, "communication error: the master battery got no data from that slave"}  // [D]
});
inline constexpr std::uint8_t kUnknownCommand = 0x04;

}  // namespace bmsd::pylontech
