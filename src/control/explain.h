// Why a limit is what it is, and what would let it rise: turned round from what the limits carry (control/rule.h) and
// from the tables of the configuration. Facts only, worked out when somebody asks; words: control/explain_text.h.
#pragma once

#include <optional>
#include <vector>

#include "control/config.h"
#include "control/limits.h"

namespace bmsd {

// What has to happen so that a rule asks for more.
struct Release {
  enum Kind : std::uint8_t {
    below,     // the measurement falls below `at`
    above,     // it rises above `at`
    believe,   // all measurements are there and can be believed
    by_bms,    // the BMS says otherwise: its limit, its FET, its protection
    answers,   // the BMS answers again
    by_stage,  // the battery is charged again: StageExplanation
    by_user,   // nothing but the configuration holds it back
  };

  Rule rule = Rule::configured;
  Kind kind = by_user;
  std::uint8_t place = 0;      // the cell or the sensor that it is about, from 1; 0: of nothing in particular
  std::optional<double> at{};  // V, degrees Celsius, percent
  // Where the limit does not rise all at once: from which measurement on the rule asks for nothing any more.
  std::optional<double> whole_at{};
};

// One limit. A or V.
struct LimitExplanation {
  double value = 0;                        // as it is published
  double target = 0;                       // what the rules allow
  Rule rule = Rule::configured;            // that is lowest; of equal ones the first
  std::vector<LimitCandidate> candidates;  // of all rules, that one among them
  Recovering recovering = Recovering::no;
  std::optional<double> hold_left_s;   // while it holds, unless something lowers it again
  double hold_s = 0;                   // of each recovery
  double rate_per_s = 0;               // A or V per second, in which it rises or falls; 0: at once
  std::optional<double> arrives_in_s;  // while it rises or falls: at `target`
  std::vector<Release> releases;       // all of them are needed
};

// What the stage of charging waits for. Missing: how much is needed still; absent: that condition holds or does not
// count.
struct StageExplanation {
  ChargeFacts facts;

  // Bulk: for absorption.
  std::optional<double> missing_volts;       // of the sum of the cells
  std::optional<double> missing_difference;  // V, by which the cells are too far apart
  std::optional<double> allowed_difference;  // V; absent: no condition
  // Absorption: for float.
  std::optional<double> seconds_to_float;    // if it stays like this; absent: the wait stands still
  std::optional<double> volts_to_bulk;       // by which the sum may fall before it is bulk again
  std::optional<double> restart_difference;  // V: cells farther apart begin the wait again
  // Float: for bulk. One of them is enough.
  std::optional<double> soc_to_bulk;           // percent, to fall
  std::optional<double> difference_to_bulk;    // V, to drift apart; 0: they are
  std::optional<double> seconds_to_bulk;       // while they are too far apart, unless the current is small
  std::optional<double> soc_reset_after_days;  // the SoC reset ends float, too
};

struct Explanation {
  std::optional<LimitExplanation> cvl;  // nothing until the number of cells is known
  LimitExplanation ccl, dcl;
  std::optional<StageExplanation> stage;
};

// Of limits that were worked out with this configuration; `now`: not before that.
Explanation explain(const ControlConfig& config, const Limits& limits, Instant now);

// Where a table begins to give more than `share`, going from `x` to the nearest such input, below or above; nothing if
// it never does.
struct TableRelease {
  double at = 0;
  bool below = false;   // the inputs below `at` give more; else those above
  double whole_at = 0;  // where it goes on to its highest value on that side
};
std::optional<TableRelease> release_of(const Table& table, Between between, double x, double share);

}  // namespace bmsd
