// What can set a limit, as data: which rules there are, and what each of them asked for. Words: control/explain_text.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"

namespace bmsd {

enum class Rule : std::uint8_t {
  // Of currents, in the order in which a reason names them.
  configured,  // MAX_BATTERY_CHARGE_CURRENT, MAX_BATTERY_DISCHARGE_CURRENT
  bms_limit,   // what the BMS itself allows
  cell_voltage,
  temperature,
  mos_temperature,
  soc,
  fet_off,     // the BMS has switched this direction off
  protection,  // a protection of the BMS has stopped this direction
  connection,  // the BMS does not answer

  // Of the charge voltage.
  max_cell_voltage,        // MAX_CELL_VOLTAGE, in bulk and absorption
  soc_reset_cell_voltage,  // SOC_RESET_CELL_VOLTAGE instead
  bms_cell_limit,          // what the BMS itself allows per cell
  float_cell_voltage,      // FLOAT_CELL_VOLTAGE, in float
  high_cell,               // a cell above its limit (CVL_CONTROLLER_MODE)
  cells_unknown,           // a cell is missing or cannot be believed
};

// What one rule asked for, and the measurement that made it ask for that.
struct LimitCandidate {
  Rule rule = Rule::configured;
  bool in_doubt = false;          // some measurements are missing or cannot be believed, so it asks for little
  std::uint8_t place = 0;         // number of the cell or the sensor, from 1; 0: of nothing in particular
  double value = 0;               // A, or V of the pack
  std::optional<double> input{};  // V, degrees Celsius or percent

  bool operator==(const LimitCandidate&) const = default;
};

// What all rules of one limit asked for.
class LimitCandidates {
 public:
  void add(const LimitCandidate& candidate) {
    if (count_ < all_.size()) all_[count_++] = candidate;
  }
  std::span<const LimitCandidate> all() const { return {all_.data(), count_}; }
  // Of this rule; null: it asked for nothing.
  const LimitCandidate* of(Rule rule) const;
  double least() const;  // A or V, of the lowest; infinite: there is none
  // The lowest; of equal ones (by 1 mA or 1 mV) the first. Null: there is none.
  const LimitCandidate* lowest() const;

  bool operator==(const LimitCandidates& other) const;

 private:
  std::array<LimitCandidate, 9> all_{};  // as many as there are rules of currents
  std::size_t count_ = 0;
};

// Why a limit is not (yet) where its rules allow it to be.
enum class Recovering : std::uint8_t {
  no,          // it is there
  holds,       // until `holds_until`
  too_little,  // from 0 A, as long as next to nothing is allowed
  no_data,     // while the BMS does not answer nothing rises
  rises,
  falls,  // a charge voltage on its way down to float
};

// What stands behind a limit.
struct Cause {
  LimitCandidates candidates;
  double target = 0;  // A or V, what the rules allow: the lowest candidate
  Recovering recovering = Recovering::no;
  std::optional<Instant> holds_until;  // where it holds: as long as nothing lowers it again

  bool operator==(const Cause&) const = default;
};

}  // namespace bmsd
