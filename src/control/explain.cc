#include "control/explain.h"

#include <algorithm>
#include <cmath>

#include "control/cell_voltage_limit.h"
#include "control/current_limits.h"

namespace bmsd {
namespace {

constexpr double kEqual = 0.001;   // A or V
constexpr double kHighest = 1e-9;  // of a share: as good as the highest one

// Where, from `from` towards `to` (both inputs of a table, or where we are), the table begins to give more than `share`.
std::optional<double> crossing(const Table& table, Between between, double from, double to, double share) {
  const double here = fraction_at(table, from, between), there = fraction_at(table, to, between);
  if (between != Between::line) {
    if (fraction_at(table, from + (to - from) / 2, between) > share) return from;
  } else if (there > share && here < there) {
    return from + std::clamp((share - here) / (there - here), 0.0, 1.0) * (to - from);
  }
  return there > share ? std::optional(to) : std::nullopt;
}

// `stops`: the inputs of the table on one side of x, the nearest first.
std::optional<double> first_crossing(const Table& table, Between between, double x, const std::vector<double>& stops,
                                     double share) {
  double from = x;
  for (const double stop : stops) {
    if (const auto at = crossing(table, between, from, stop, share)) return at;
    from = stop;
  }
  return std::nullopt;
}

std::optional<TableRelease> release_on_one_side(const Table& table, Between between, double x,
                                                const std::vector<double>& stops, double share, bool below) {
  const auto at = first_crossing(table, between, x, stops, share);
  if (!at) return std::nullopt;
  double highest = share;
  double from = x;
  for (const double stop : stops) {
    highest =
        std::max({highest, fraction_at(table, stop, between), fraction_at(table, from + (stop - from) / 2, between)});
    from = stop;
  }
  const auto whole = first_crossing(table, between, x, stops, highest - kHighest);
  return TableRelease{*at, below, whole.value_or(*at)};
}

double positive(double value) { return std::max(value, 0.0); }

// --- Currents

// `share`: that it has to exceed.
Release release_of(const ControlConfig& config, const LimitCandidate& candidate, double share, bool charging) {
  Release release{.rule = candidate.rule, .place = candidate.place};
  switch (candidate.rule) {
    case Rule::configured:
      return release;
    case Rule::connection:
      release.kind = Release::answers;
      return release;
    case Rule::bms_limit:
    case Rule::fet_off:
    case Rule::protection:
      release.kind = Release::by_bms;
      return release;
    default:
      break;
  }
  if (candidate.in_doubt || !candidate.input) {
    release.kind = Release::believe;
    return release;
  }
  const RuleTable reads = table_of(config, candidate.rule, charging);
  const auto turned = release_of(*reads.table, reads.between, *candidate.input, share);
  if (!turned) return release;  // no measurement does
  release.kind = turned->below ? Release::below : Release::above;
  release.at = turned->at;
  if (std::abs(turned->whole_at - turned->at) > kHighest) release.whole_at = turned->whole_at;
  return release;
}

LimitExplanation explain_current(const ControlConfig& config, const CurrentLimit& limit, bool charging, Instant now) {
  const Cause& cause = limit.cause;
  const Recovery& recovery = charging ? config.charge_recovery : config.discharge_recovery;
  LimitExplanation explanation;
  explanation.value = limit.value;
  explanation.target = cause.target;
  explanation.candidates.assign(cause.candidates.all().begin(), cause.candidates.all().end());
  if (const LimitCandidate* lowest = cause.candidates.lowest()) explanation.rule = lowest->rule;
  explanation.recovering = cause.recovering;
  explanation.hold_s = recovery.hold_s;
  explanation.rate_per_s = recovery.rate_a_per_s;
  // From 0 A it comes back only to something that is worth it.
  const double configured =
      usable_maximum(charging ? config.max_battery_charge_current : config.max_battery_discharge_current);
  const double enough = recovery.threshold * configured;
  const bool begins = limit.value == 0 && cause.target < enough;
  const double share = begins ? recovery.threshold - kHighest : cause.target / configured;
  for (const LimitCandidate& candidate : explanation.candidates) {
    const bool binds = candidate.value - cause.target < kEqual || (begins && candidate.value < enough);
    if (binds) explanation.releases.push_back(release_of(config, candidate, share, charging));
  }
  if (cause.holds_until) explanation.hold_left_s = positive(seconds(*cause.holds_until - now));
  const bool moves = cause.recovering == Recovering::holds || cause.recovering == Recovering::rises;
  if (moves) {
    const double way_s = recovery.rate_a_per_s > 0 ? (cause.target - limit.value) / recovery.rate_a_per_s : 0;
    explanation.arrives_in_s = explanation.hold_left_s.value_or(0) + way_s;
  }
  return explanation;
}

// --- Charge voltage

Release release_of_voltage(const ControlConfig& config, const ChargeFacts& facts, const LimitCandidate& candidate) {
  Release release{.rule = candidate.rule, .place = candidate.place};
  switch (candidate.rule) {
    case Rule::high_cell:
      release.kind = Release::below;
      release.at = CellVoltageLimit::released_below(config.stages, facts.bounds);
      break;
    case Rule::cells_unknown:
      release.kind = Release::believe;
      break;
    case Rule::bms_cell_limit:
      release.kind = Release::by_bms;
      break;
    case Rule::float_cell_voltage:
      release.kind = Release::by_stage;
      break;
    default:
      break;
  }
  return release;
}

LimitExplanation explain_voltage(const ControlConfig& config, double published, const ChargeFacts& facts, Instant now) {
  const Cause& cause = facts.cause;
  const double drop = std::isfinite(config.voltage_drop) ? config.voltage_drop : 0;
  const bool falls = cause.recovering == Recovering::falls;
  LimitExplanation explanation;
  explanation.value = published;
  explanation.target = cause.target + drop;
  explanation.candidates.assign(cause.candidates.all().begin(), cause.candidates.all().end());
  for (LimitCandidate& candidate : explanation.candidates) candidate.value += drop;
  if (const LimitCandidate* lowest = cause.candidates.lowest()) explanation.rule = lowest->rule;
  explanation.recovering = cause.recovering;
  explanation.hold_s = config.stages.recovery_hold_s;
  explanation.rate_per_s = falls ? kDescentToFloat : config.stages.recovery_v_per_s;
  for (const LimitCandidate& candidate : cause.candidates.all()) {
    if (candidate.value - cause.target < kEqual) {
      explanation.releases.push_back(release_of_voltage(config, facts, candidate));
    }
  }
  if (cause.holds_until) explanation.hold_left_s = positive(seconds(*cause.holds_until - now));
  if (falls || cause.recovering == Recovering::holds || cause.recovering == Recovering::rises) {
    const double rate = explanation.rate_per_s;
    explanation.arrives_in_s =
        explanation.hold_left_s.value_or(0) + (rate > 0 ? std::abs(cause.target - facts.cvl) / rate : 0);
  }
  return explanation;
}

StageExplanation explain_stage(const ChargeStageConfig& stages, const ChargeFacts& facts, Instant now) {
  StageExplanation stage;
  stage.facts = facts;
  if (stages.float_difference < kDifferenceOff && facts.single_cells) {
    stage.allowed_difference = stages.float_difference;
  }
  switch (facts.mode.stage) {
    case ChargeStageName::bulk: {
      const double volts = facts.bounds.highest - facts.sum;
      const double difference = facts.difference - stages.float_difference;
      if (volts > kSumSame) stage.missing_volts = volts;
      if (stage.allowed_difference && difference > kDifferenceSame) stage.missing_difference = difference;
      break;
    }
    case ChargeStageName::absorption:
      stage.volts_to_bulk = facts.sum - (facts.bounds.highest - kLeavesAbsorption * facts.count);
      if (stage.allowed_difference) stage.restart_difference = stages.float_difference + stages.float_deviation;
      if (facts.full_since && facts.sees) {  // unseen time does not count
        stage.seconds_to_float = positive(stages.float_wait_s - seconds(now - *facts.full_since));
      }
      break;
    case ChargeStageName::float_transition:
    case ChargeStageName::floating:
      if (facts.soc && facts.bulk_soc && *facts.bulk_soc > 0)
        stage.soc_to_bulk = positive(*facts.soc - *facts.bulk_soc);
      stage.soc_reset_after_days = stages.soc_reset_after_days;
      if (stages.bulk_difference < kDifferenceOff && facts.single_cells) {
        stage.difference_to_bulk = positive(stages.bulk_difference - facts.difference);
      }
      if (facts.drifted_since) {
        stage.seconds_to_bulk = positive(seconds(*facts.drifted_since + kDriftedFor - now));
      }
      break;
    default:
      break;
  }
  return stage;
}

}  // namespace

std::optional<TableRelease> release_of(const Table& table, Between between, double x, double share) {
  if (table.inputs.size() != table.fractions.size() || !std::isfinite(x)) return std::nullopt;
  std::vector<double> below, above;
  for (const double input : table.inputs) {
    if (!std::isfinite(input)) return std::nullopt;
    if (input < x) below.push_back(input);
    if (input > x) above.push_back(input);
  }
  std::sort(below.rbegin(), below.rend());
  std::sort(above.begin(), above.end());
  const auto lower = release_on_one_side(table, between, x, below, share, true);
  const auto upper = release_on_one_side(table, between, x, above, share, false);
  if (lower && upper) return x - lower->at <= upper->at - x ? lower : upper;
  return lower ? lower : upper;
}

Explanation explain(const ControlConfig& config, const Limits& limits, Instant now) {
  Explanation explanation;
  explanation.ccl = explain_current(config, limits.charge, true, now);
  explanation.dcl = explain_current(config, limits.discharge, false, now);
  if (limits.charging) {
    explanation.cvl = explain_voltage(config, limits.cvl.value_or(0), *limits.charging, now);
    explanation.stage = explain_stage(config.stages, *limits.charging, now);
  }
  return explanation;
}

}  // namespace bmsd
