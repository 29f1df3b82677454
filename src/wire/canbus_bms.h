// The frames that batteries of the Pylontech, Victron and SMA kind send to inverters (0x351, 0x355, 0x356 and others): what
// reading them and sending them have in common. 11-bit identifiers, numbers with the low byte first.
//
// Where this is from: Pylontech's "CAN-Bus protocol low voltage" V1.2, the REC manual for SMA, the rules of Victron as a maker
// of batteries prints them, and recordings of batteries of twelve makers.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bmsd::canbus {

// What 0x35A tells two bits each of: byte 0 bits 0 and 1, bits 2 and 3, ... of the alarms; the warnings are four bytes later.
enum Item : std::uint8_t {
  kGeneral,
  kHighVoltage,
  kLowVoltage,
  kHighTemperature,
  kLowTemperature,
  kHighChargeTemperature,
  kLowChargeTemperature,
  kHighDischargeCurrent,
  kHighChargeCurrent,
  kContactor,
  kShortCircuit,
  kInternalFailure,
  kCellImbalance,
  kItems
};
inline constexpr std::array<std::string_view, kItems> kItemNames = {"general",
                                                                    "high_voltage",
                                                                    "low_voltage",
                                                                    "high_temperature",
                                                                    "low_temperature",
                                                                    "high_charge_temperature",
                                                                    "low_charge_temperature",
                                                                    "high_discharge_current",
                                                                    "high_charge_current",
                                                                    "contactor",
                                                                    "short_circuit",
                                                                    "internal_failure",
                                                                    "cell_imbalance"};
using Items = std::bitset<kItems>;

constexpr std::optional<Item> item_called(std::string_view name) {
  for (std::size_t i = 0; i < kItems; ++i) {
    if (kItemNames[i] == name) return static_cast<Item>(i);
  }
  return std::nullopt;
}

// The values of a pair of bits; the other two mean that the battery does not tell it.
inline constexpr unsigned kActive = 1, kInactive = 2;
inline constexpr std::size_t kBytesOfItems = 4;

// Pylontech's bits, in 0x359: bytes 0 and 1 are protections, bytes 2 and 3 warnings.
struct PylontechBit {
  Item item;
  std::uint8_t byte, bit;
};
inline constexpr auto kPylontechBits = std::to_array<PylontechBit>({{kHighVoltage, 0, 1},
                                                                    {kLowVoltage, 0, 2},
                                                                    {kHighTemperature, 0, 3},
                                                                    {kLowTemperature, 0, 4},
                                                                    {kHighDischargeCurrent, 0, 7},
                                                                    {kHighChargeCurrent, 1, 0},
                                                                    {kInternalFailure, 1, 3}});

// Bits of 0x35C.
inline constexpr unsigned kChargeAllowed = 7, kDischargeAllowed = 6, kForceCharge1 = 5, kForceCharge2 = 4,
                          kFullCharge = 3;

inline constexpr int kKelvin = 273;  // whole degrees, in 0x373

}  // namespace bmsd::canbus
