// What stands behind the charge voltage and its stage, as numbers: the voltages between which it is decided, the
// measurements that decide, and what is being waited for. Words: control/explain_text.h.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "control/charge_bounds.h"
#include "control/charge_mode.h"
#include "control/rule.h"

namespace bmsd {

inline constexpr double kSumSame = 0.001;           // V
inline constexpr double kDifferenceSame = 0.00005;  // V
inline constexpr double kLeavesAbsorption = 0.030;  // V per cell below the maximum
inline constexpr double kDescentToFloat = 0.001;    // V per second, of the pack
inline constexpr Duration kDriftedFor = 60s;        // cells too far apart end float
inline constexpr double kDifferenceOff = 10;        // V: a difference that is no condition

struct ChargeFacts {
  Cause cause;     // V of the pack, without VOLTAGE_DROP
  double cvl = 0;  // V, not rounded, without VOLTAGE_DROP
  ChargeMode mode;
  double count = 0;  // cells in series
  ChargeBounds bounds;

  bool sees = false;              // all cells are known now; else these are the last known ones
  bool single_cells = false;      // the BMS tells them one by one; else all are taken for equal
  double sum = 0;                 // V
  double difference = 0;          // V
  double highest = 0;             // V
  std::uint8_t highest_cell = 0;  // number, from 1; 0: not told one by one
  std::optional<double> soc;      // percent, as it is published

  std::optional<Instant> full_since;  // absorption: the wait began
  // Float: below this state of charge bulk begins, percent.
  std::optional<double> bulk_soc;
  std::optional<Instant> drifted_since;     // float: the cells have been too far apart
  std::int64_t soc_reset_last_reached = 0;  // Unix time, 0: never

  bool operator==(const ChargeFacts&) const = default;
};

}  // namespace bmsd
