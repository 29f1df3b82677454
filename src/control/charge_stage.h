// The stages of charging: bulk until the cells are full, absorption until they have stayed full and balanced for a
// while, then float, until the battery has been used or its cells have drifted apart.
//
//   bulk -> absorption   sum of the cells >= maximum, and they are no farther apart than SWITCH_TO_FLOAT_..._DIFF
//   absorption -> bulk   sum 30 mV per cell below the maximum
//   absorption -> float  more than SWITCH_TO_FLOAT_WAIT_FOR_SEC later; cells that drift apart begin the wait again
//   bulk, absorption -> float  a cell was at its maximum for SWITCH_TO_FLOAT_GIVE_UP_AFTER_HOURS: not a full charge
//   float -> bulk        SoC < SWITCH_TO_BULK_SOC_THRESHOLD, cells SWITCH_TO_BULK_..._DIFF apart, or a SoC reset is due
//
// CVL goes down to float by 1 mV per second. While the pack is lost or a cell is unknown everything stays as it is and
// no time passes.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "control/cell_voltage_limit.h"
#include "control/charge_facts.h"
#include "control/charge_inputs.h"
#include "control/charge_mode.h"
#include "control/soc_reset.h"

namespace bmsd {

// What a restart must not lose.
struct KeptCharge {
  bool may_reach_max = true;                 // bulk or absorption, not float
  std::optional<std::int64_t> full_since{};  // Unix time: absorption began
  std::int64_t soc_reset_last_reached = 0;   // Unix time; 0: never

  bool operator==(const KeptCharge&) const = default;
};

struct ChargeVoltage {
  double cvl = 0;      // V, not rounded, without VOLTAGE_DROP
  double highest = 0;  // V, what the stage charges to
  ChargeMode mode;
  bool hides_warnings = false;  // of high voltage: expected during a SoC reset
  ChargeFacts facts{};          // what made it
};

// One per battery; pure apart from its memory.
class ChargeStage {
 public:
  // Before or after the first evaluation. What the battery has come to by itself is newer: after that only the date of
  // the SoC reset is taken over.
  void restore(const KeptCharge& kept);

  // After every round and at least once a second. Nothing while the number of cells is unknown. `wall`: 0 for a clock
  // that is not set.
  std::optional<ChargeVoltage> evaluate(const ControlConfig& config, const ChargeInputs& inputs, WallTime wall,
                                        Instant now);

  KeptCharge kept() const { return {may_reach_max_, full_since_wall_, reset_.last_reached()}; }
  // By the user: Unix time, 0 for never. A SoC reset that is wanted goes on.
  void set_soc_reset_last_reached(std::int64_t unix_time) { reset_.restore(unix_time, false); }
  bool soc_reset_wanted() const { return reset_.wanted(); }
  // How often absorption was completed since the start: the battery is at 100 % then.
  std::uint64_t full_charges() const { return full_charges_; }
  // How often it was found to be at 100 %: by that, and in float, where others in parallel can charge it until it is full.
  std::uint64_t syncs() const { return syncs_; }

 private:
  struct Cycle;
  struct Descent {
    Instant start;
    double from;  // V
  };

  ChargeVoltage blind(const Cycle& cycle);
  ChargeVoltage always_max(const Cycle& cycle);
  void see_again(Instant now);
  void take_restored_wait(const Cycle& cycle);
  void decide(const Cycle& cycle);
  void begin_wait(const Cycle& cycle);
  void end_wait();
  void complete_charge(const Cycle& cycle);
  bool has_waited_too_long(const Cycle& cycle);
  void enter_float(const Cycle& cycle);
  void look_whether_others_fill_it(const Cycle& cycle);
  bool needs_charge(const Cycle& cycle);
  bool cells_have_drifted(const Cycle& cycle);
  bool is_discharged(const Cycle& cycle);
  double bulk_soc(const ChargeStageConfig& stages) const;
  ChargeMode regulate(const Cycle& cycle);
  ChargeMode approach_float(const Cycle& cycle);
  ChargeVoltage said(const Cycle& cycle, ChargeMode mode);
  ChargeFacts facts(const Cycle& cycle, const ChargeMode& mode);

  SocReset reset_;
  CellVoltageLimit cell_limit_;
  bool may_reach_max_ = true;
  std::optional<double> cvl_;    // V
  std::optional<double> count_;  // cells in series

  // The wait of absorption.
  std::optional<Instant> full_since_;
  std::optional<std::int64_t> full_since_wall_;  // Unix time, of the same moment
  bool full_of_reset_ = false;                   // it began at the voltage of a SoC reset
  std::optional<std::int64_t> restored_wait_;    // to be looked at in the first evaluation
  bool moved_ = false;                           // has changed its stage since the start
  std::uint64_t full_charges_ = 0, syncs_ = 0;
  std::optional<Instant> at_the_top_since_;  // a cell is

  // Float.
  std::optional<Descent> descent_;
  bool was_below_full_ = false;           // since float began, or since the last sync in it
  std::optional<Instant> filled_since_;   // full and balanced again
  std::optional<double> soc_at_float_;    // percent, when float began
  bool soc_was_high_ = false;             // above the threshold since then
  std::optional<Instant> drifted_since_;  // the cells are too far apart

  // While nothing is known.
  std::optional<Instant> seen_at_;
  std::optional<Instant> blind_since_;
  std::optional<ChargeMode> mode_;  // of the last evaluation

  // What the last evaluation with all cells was about.
  CellVoltageLimit::Result regulated_;
  ChargeFacts facts_;
};

}  // namespace bmsd
