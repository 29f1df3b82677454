#include "control/charge_stage.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace bmsd {
namespace {

constexpr double kVoltageSame = 0.0005;  // V: an unchanged CVL
constexpr double kSocFallen = 1;         // percent
constexpr double kSmallCurrent = 0.1;    // of the capacity, per hour: does not spread the cells
constexpr Duration kBlindAllowed = 60s;
constexpr double kRestoredWaitOver = 300;  // s: a wait that should have ended longer ago is over

}  // namespace

// One evaluation.
struct ChargeStage::Cycle {
  const ControlConfig& config;
  const ChargeStageConfig& stages;
  const ChargeInputs& inputs;
  ChargeBounds bounds;
  bool raised;  // to the voltage of a SoC reset
  WallTime wall;
  Instant now;

  const ChargeCells& cells() const { return *inputs.cells; }
};

void ChargeStage::restore(const KeptCharge& kept) {
  reset_.restore(std::max(kept.soc_reset_last_reached, reset_.last_reached()), !kept.may_reach_max);
  if (moved_) return;
  may_reach_max_ = kept.may_reach_max;
  restored_wait_ = kept.may_reach_max ? kept.full_since : std::nullopt;
  end_wait();
  cvl_.reset();  // a restored float begins at its voltage
  cell_limit_.forget();
  mode_.reset();
}

std::optional<ChargeVoltage> ChargeStage::evaluate(const ControlConfig& config, const ChargeInputs& inputs,
                                                   WallTime wall, Instant now) {
  const bool sees = !inputs.lost && inputs.cells;
  if (sees) see_again(now);
  const bool was_raised = reset_.wanted();
  const bool raised = sees ? reset_.wanted(config.stages, inputs, wall, now) : was_raised;
  const auto bounds = charge_bounds(config, inputs, raised);
  if (!bounds) return std::nullopt;
  const Cycle cycle = {config, config.stages, inputs, *bounds, raised, wall, now};
  if (count_ != inputs.count) {  // volts of another pack
    cvl_.reset();
    cell_limit_.forget();
  }
  count_ = inputs.count;
  if (!config.stages.enabled) return always_max(cycle);
  if (!sees) return blind(cycle);
  if (raised && !was_raised) end_wait();  // for the lower voltage
  take_restored_wait(cycle);
  decide(cycle);
  if (has_waited_too_long(cycle)) enter_float(cycle);
  if (!may_reach_max_) look_whether_others_fill_it(cycle);
  return said(cycle, may_reach_max_ ? regulate(cycle) : approach_float(cycle));
}

ChargeVoltage ChargeStage::said(const Cycle& cycle, ChargeMode mode) {
  const double allowed = std::clamp(*cvl_, cycle.bounds.lowest, cycle.bounds.ceiling);
  if (allowed < *cvl_) cell_limit_.hold(cycle.now);
  cvl_ = allowed;
  mode_ = mode;
  return {*cvl_, cycle.bounds.highest, mode, reset_.hides_warnings(cycle.now), facts(cycle, mode)};
}

// What is not seen now stays as it was.
ChargeFacts ChargeStage::facts(const Cycle& cycle, const ChargeMode& mode) {
  ChargeFacts& facts = facts_;
  facts.cvl = *cvl_;
  facts.mode = mode;
  facts.count = *cycle.inputs.count;
  facts.bounds = cycle.bounds;
  facts.sees = !cycle.inputs.lost && cycle.inputs.cells;
  if (facts.sees) {
    const ChargeCells& cells = cycle.cells();
    facts.single_cells = !cells.volts.empty();
    facts.sum = cells.sum;
    facts.difference = cells.difference;
    facts.highest = cells.highest;
    facts.highest_cell = cells.highest_cell;
    facts.soc = cycle.inputs.soc;
  }
  facts.full_since = full_since_;
  facts.bulk_soc = may_reach_max_ ? std::nullopt : std::optional(bulk_soc(cycle.stages));
  facts.drifted_since = may_reach_max_ ? std::nullopt : drifted_since_;
  facts.soc_reset_last_reached = reset_.last_reached();

  Cause& cause = facts.cause;
  const bool keeps = !facts.sees && mode.stage != ChargeStageName::error && mode.stage != ChargeStageName::always_max;
  cause.recovering = keeps ? Recovering::no_data : Recovering::no;
  cause.holds_until.reset();
  if (keeps) return facts;
  cause.candidates = {};
  const auto per_cell = [&](double volts) { return volts / facts.count; };
  const auto add = [&](Rule rule, double volts, std::optional<double> input, std::uint8_t place = 0) {
    cause.candidates.add({.rule = rule, .place = place, .value = volts, .input = input});
  };
  const ChargeBounds& bounds = cycle.bounds;
  add(cycle.raised ? Rule::soc_reset_cell_voltage : Rule::max_cell_voltage, bounds.configured,
      per_cell(bounds.configured));
  if (bounds.of_bms && *bounds.of_bms < bounds.configured) {
    add(Rule::bms_cell_limit, *bounds.of_bms, per_cell(*bounds.of_bms));
  }
  if (mode.stage == ChargeStageName::error) {
    add(Rule::cells_unknown, *cvl_, std::nullopt);
  } else if (!may_reach_max_) {
    add(Rule::float_cell_voltage, bounds.float_voltage, per_cell(bounds.float_voltage));
  }
  const bool regulates = facts.sees && mode.stage != ChargeStageName::always_max;
  if (regulates && regulated_.demanded) {
    add(Rule::high_cell, *regulated_.demanded, facts.highest, facts.highest_cell);
  }
  cause.target = cause.candidates.least();
  if (*cvl_ > cause.target + kVoltageSame) {
    cause.recovering = Recovering::falls;
  } else if (regulates && *cvl_ < cause.target - kVoltageSame) {
    cause.recovering = regulated_.rises ? Recovering::rises : Recovering::holds;
    cause.holds_until = regulated_.holds_until;
  }
  return facts;
}

ChargeVoltage ChargeStage::always_max(const Cycle& cycle) {
  may_reach_max_ = true;
  end_wait();
  restored_wait_.reset();
  cell_limit_.forget();
  cvl_ = cycle.bounds.highest;
  return said(cycle, {.stage = ChargeStageName::always_max});
}

// A pack that is lost keeps its CVL as long as it is published. One that answers, but not with all of its cells, may be
// full without our knowing: float is what it can stand for ever.
ChargeVoltage ChargeStage::blind(const Cycle& cycle) {
  if (!blind_since_) blind_since_ = cycle.now;
  const bool keeps = cycle.inputs.lost || cycle.now - *blind_since_ <= kBlindAllowed;
  if (cvl_ && mode_ && keeps) return said(cycle, *mode_);
  cvl_ = std::min(cvl_.value_or(cycle.bounds.float_voltage), cycle.bounds.float_voltage);
  descent_.reset();
  return said(cycle, {.stage = ChargeStageName::error});
}

// The time in between does not count: nobody saw that the pack was full, or a cell too high.
void ChargeStage::see_again(Instant now) {
  const auto seen_before = std::exchange(seen_at_, now);
  if (!blind_since_) return;
  blind_since_.reset();
  if (!seen_before) return;
  const Duration blind = now - *seen_before;
  if (full_since_) *full_since_ += blind;
  if (descent_) descent_->start += blind;
  if (at_the_top_since_) *at_the_top_since_ += blind;
  if (filled_since_) *filled_since_ += blind;
  cell_limit_.shift(blind);
  drifted_since_.reset();
}

// Absorption goes on after a restart if it did not take too long and the cells are still full.
void ChargeStage::take_restored_wait(const Cycle& cycle) {
  if (!restored_wait_) return;
  const std::int64_t began = *restored_wait_;
  restored_wait_.reset();
  const auto age = static_cast<double>(cycle.wall.seconds - began);
  if (!is_set(cycle.wall) || age < 0 || age >= cycle.stages.float_wait_s + kRestoredWaitOver) return;
  if (cycle.cells().sum < cycle.bounds.highest - kLeavesAbsorption * cycle.cells().count) return;
  begin_wait(cycle);
  full_since_ = cycle.now - std::chrono::seconds(cycle.wall.seconds - began);
  full_since_wall_ = began;
}

void ChargeStage::decide(const Cycle& cycle) {
  const ChargeCells& cells = cycle.cells();
  const double balanced = cycle.stages.float_difference;
  if (!full_since_) {
    const bool full = cells.sum >= cycle.bounds.highest - kSumSame;
    if (may_reach_max_ && full && cells.difference <= balanced + kDifferenceSame) {
      begin_wait(cycle);
    } else if (!may_reach_max_ && needs_charge(cycle)) {
      may_reach_max_ = moved_ = true;
      descent_.reset();
      cell_limit_.forget();
    }
    return;
  }
  if (cells.difference > balanced + cycle.stages.float_deviation + kDifferenceSame) {
    const bool of_reset = full_of_reset_;
    begin_wait(cycle);
    full_of_reset_ = of_reset;
  }
  if (seconds(cycle.now - *full_since_) > cycle.stages.float_wait_s) {
    complete_charge(cycle);
  } else if (cells.sum < cycle.bounds.highest - kLeavesAbsorption * cells.count) {
    end_wait();
  }
}

void ChargeStage::begin_wait(const Cycle& cycle) {
  moved_ = true;
  full_since_ = cycle.now;
  full_of_reset_ = cycle.raised;
  full_since_wall_ = is_set(cycle.wall) ? std::optional(cycle.wall.seconds) : std::nullopt;
}

void ChargeStage::end_wait() {
  full_since_.reset();
  full_since_wall_.reset();
  full_of_reset_ = false;
}

void ChargeStage::complete_charge(const Cycle& cycle) {
  reset_.float_begins(full_of_reset_, cycle.wall, cycle.now);
  if (cvl_) {  // else, right after the start, the charge was completed in the last life
    ++full_charges_;
    ++syncs_;
  }
  enter_float(cycle);
}

void ChargeStage::enter_float(const Cycle& cycle) {
  may_reach_max_ = false;
  end_wait();
  cell_limit_.forget();
  drifted_since_.reset();
  at_the_top_since_.reset();
  soc_at_float_ = cycle.inputs.soc;
  soc_was_high_ = false;
  was_below_full_ = false;
  filled_since_.reset();
  if (cvl_) descent_ = {cycle.now, *cvl_};
}

// A battery beside this one may keep both at a high voltage while this one asks for float. What makes a full charge in
// bulk and absorption then says the same: it is at 100 %.
void ChargeStage::look_whether_others_fill_it(const Cycle& cycle) {
  const ChargeCells& cells = cycle.cells();
  if (cells.sum < cycle.bounds.highest - kLeavesAbsorption * cells.count) {
    was_below_full_ = true;
    filled_since_.reset();
    return;
  }
  if (!was_below_full_) return;
  const double balanced = cycle.stages.float_difference + kDifferenceSame;
  if (!filled_since_) {
    if (cells.sum >= cycle.bounds.highest - kSumSame && cells.difference <= balanced) filled_since_ = cycle.now;
  } else if (cells.difference > balanced + cycle.stages.float_deviation) {
    filled_since_ = cycle.now;
  } else if (seconds(cycle.now - *filled_since_) > cycle.stages.float_wait_s) {
    ++syncs_;
    was_below_full_ = false;
    filled_since_.reset();
  }
}

// One cell is full and the balancer does not get the others there. A SoC reset has its own end.
bool ChargeStage::has_waited_too_long(const Cycle& cycle) {
  const double highest = cycle.cells().highest, limit = cycle.bounds.cell_limit;
  if (!may_reach_max_ || cycle.raised || highest < limit - kLeavesAbsorption) {
    at_the_top_since_.reset();
    return false;
  }
  if (!at_the_top_since_ && highest >= limit - kSumSame) at_the_top_since_ = cycle.now;
  const auto& hours = cycle.stages.give_up_after_h;
  return hours && at_the_top_since_ && seconds(cycle.now - *at_the_top_since_) > *hours * 3600;
}

bool ChargeStage::needs_charge(const Cycle& cycle) {
  const bool drifted = cells_have_drifted(cycle);  // these two have to look every time
  const bool discharged = is_discharged(cycle);
  return drifted || discharged || cycle.raised;
}

// A BMS may say a low SoC of a battery that is full: it has to fall first.
bool ChargeStage::is_discharged(const Cycle& cycle) {
  const auto soc = cycle.inputs.soc;
  if (!soc) return false;
  if (*soc > cycle.stages.bulk_soc) soc_was_high_ = true;
  const bool has_fallen = soc_was_high_ || !soc_at_float_ || *soc <= *soc_at_float_ - kSocFallen;
  return *soc < cycle.stages.bulk_soc && has_fallen;
}

// Percent: below it is_discharged.
double ChargeStage::bulk_soc(const ChargeStageConfig& stages) const {
  if (soc_was_high_ || !soc_at_float_) return stages.bulk_soc;
  return std::min(stages.bulk_soc, *soc_at_float_ - kSocFallen);
}

// A heavy current spreads the cells for as long as it flows: then they have to stay apart.
bool ChargeStage::cells_have_drifted(const Cycle& cycle) {
  if (cycle.cells().difference < cycle.stages.bulk_difference - kDifferenceSame) {
    drifted_since_.reset();
    return false;
  }
  if (!drifted_since_) drifted_since_ = cycle.now;
  const auto& [current, capacity] = std::pair(cycle.inputs.current, cycle.inputs.capacity);
  const bool calm = current && capacity && std::abs(*current) < kSmallCurrent * *capacity;
  return calm || cycle.now - *drifted_since_ >= kDriftedFor;
}

ChargeMode ChargeStage::regulate(const Cycle& cycle) {
  const auto result =
      cell_limit_.follow(cycle.stages, cycle.cells(), cycle.bounds, cvl_, cycle.inputs.current, cycle.now);
  cvl_ = result.volts;
  regulated_ = result;
  ChargeMode mode;
  mode.stage = full_since_ ? ChargeStageName::absorption : ChargeStageName::bulk;
  mode.cell_ovp_holds = result.holds;
  mode.cell_ovp_rises = result.rises;
  mode.soc_reset = cycle.raised;
  mode.balancing = cycle.inputs.balancing;
  mode.heating = cycle.inputs.heating;
  return mode;
}

// Down by a steady rate; up, where a high cell had lowered CVL below float, as it comes back in bulk.
ChargeMode ChargeStage::approach_float(const Cycle& cycle) {
  const double target = cycle.bounds.float_voltage;
  regulated_ = {};
  if (!cvl_) {
    cvl_ = target;
  } else if (*cvl_ > target + kVoltageSame) {
    if (!descent_) descent_ = {cycle.now, *cvl_};
    cvl_ = std::max(target, descent_->from - kDescentToFloat * seconds(cycle.now - descent_->start));
    cell_limit_.forget();
  } else if (*cvl_ < target - kVoltageSame) {
    descent_.reset();
    const bool allowed = cycle.cells().highest <= cycle.bounds.cell_limit;
    regulated_ = cell_limit_.rise(cycle.stages, *cvl_, target, allowed, cycle.now);
    cvl_ = regulated_.volts;
  } else {
    cvl_ = target;
  }
  if (std::abs(*cvl_ - target) > kVoltageSame) return {.stage = ChargeStageName::float_transition};
  const bool just_entered = descent_ && descent_->start == cycle.now;
  if (!just_entered) descent_.reset();
  return {.stage = just_entered ? ChargeStageName::float_transition : ChargeStageName::floating};
}

}  // namespace bmsd
