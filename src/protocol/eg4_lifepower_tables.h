// Groups and state bits of the Tian-Power protocol. [F]: seen in captured replies; [U]: reported by people who watched the
// vendor's program; [X]: worked out from the captured replies.
#pragma once

#include <array>
#include <cstdint>

#include "battery/alarms.h"

namespace bmsd::eg4 {

// Groups of the general data; numbers are big-endian.
enum Group : std::uint8_t {
  kCells = 0x01,           // mV in bits 0 to 13; bit 15: probably balancing; bit 14: seen with cell overvoltage [F][U]
  kCurrent = 0x02,         // 30000 - 0.01 A, + charges [F]
  kSoc = 0x03,             // 0.01 % [F]
  kFullCapacity = 0x04,    // 0.01 Ah [F]
  kTemperatures = 0x05,    // high byte: kind; low byte: degrees Celsius + 50 [F][X]
  kStatus = 0x06,          // words; the second one is the state, nobody knows the others [F]
  kCycles = 0x07,          // [F]
  kVoltage = 0x08,         // 0.01 V [F]
  kSoh = 0x09,             // 0.01 % [F]
  kTotalCharge = 0x0B,     // Ah; this one and those below only on some boards [X]
  kTotalDischarge = 0x0C,  // Ah [X]
  kChargeTime = 0x0D,      // s [X]
  kDischargeTime = 0x0E,   // s [X]
  kTotalChargeEnergy = 0x0F,     // Wh [X]
  kTotalDischargeEnergy = 0x10,  // Wh [X]
  kGroups = 0x11
};

inline constexpr std::uint16_t kCellMask = 0x3FFF;
inline constexpr unsigned kCellBit14 = 1U << 14, kCellBit15 = 1U << 15;

// Kinds of temperature sensors [X].
inline constexpr std::uint8_t kCellSensor = 0x00, kMosSensor = 0x80, kOtherMosSensor = 0x40, kAmbientSensor = 0x20;

// The state.
inline constexpr std::size_t kStateWord = 1;  // of kStatus, from 0
inline constexpr unsigned kCharging = 1U << 0, kDischarging = 1U << 1, kOvercurrent = 1U << 3;

// Words of kAlarmBits: the state, and the overcurrent bit again, put where the direction of the current says.
enum AlarmWord : std::uint8_t { kState, kOvercurrentOf, kAlarmWords };
inline constexpr std::uint8_t kOfDischarge = 0, kOfCharge = 1;  // bits of kOvercurrentOf

// Every bit is a protection that has acted; there are no warnings. 2 to 7 are [U], 8 to 10 the same author's guess. There
// are no switch states: a protection whose direction is certain stops it. That of the overcurrent is not: once the current
// has been cut off nobody knows which way it went.
inline constexpr auto kAlarmBits = std::to_array<AlarmBit>({
    {kState, 2, "short_circuit", Alarm::high_discharge_current, Severity::alarm},
    {kOvercurrentOf, kOfDischarge, "overcurrent", Alarm::high_discharge_current, Severity::alarm},
    {kOvercurrentOf, kOfCharge, "overcurrent", Alarm::high_charge_current, Severity::alarm},
    {kState, 4, "overvoltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {kState, 4, "overvoltage", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
    {kState, 5, "undervoltage", Alarm::low_voltage, Severity::alarm, Blocks::discharge},
    {kState, 5, "undervoltage", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
    {kState, 6, "charge_overtemp", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},
    {kState, 7, "charge_undertemp", Alarm::low_charge_temperature, Severity::alarm, Blocks::charge},
    {kState, 8, "environment_low_temp", Alarm::low_temperature, Severity::alarm},
    {kState, 9, "environment_high_temp", Alarm::high_temperature, Severity::alarm},
    {kState, 10, "serious_alarm", Alarm::internal_failure, Severity::alarm},
});

}  // namespace bmsd::eg4
