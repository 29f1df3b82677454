#include "control/explain_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

namespace bmsd {
namespace {

constexpr double kEqual = 0.001;  // A or V

struct RuleWords {
  std::string_view key, word;
};
constexpr std::array<RuleWords, 15> kRules = {{
    {"configured", "configured maximum"},
    {"bms_limit", "limit of the BMS"},
    {"cell_voltage", "cell voltage"},
    {"temperature", "temperature"},
    {"mos_temperature", "MOSFET temperature"},
    {"soc", "state of charge"},
    {"fet_off", "FET of the BMS"},
    {"protection", "protection of the BMS"},
    {"connection", "connection"},
    {"max_cell_voltage", "maximum of the cells"},
    {"soc_reset_cell_voltage", "SoC reset"},
    {"bms_cell_limit", "limit of the BMS"},
    {"float_cell_voltage", "float"},
    {"high_cell", "one cell too high"},
    {"cells_unknown", "cells unknown"},
}};

// "12.5", "50": without zeros that say nothing.
std::string number(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

// Volt of a pack to 10 mV, ampere to 1 mA.
std::string amount(double value, LimitName name) {
  return name == LimitName::cvl ? fmt::format("{:.2f} V", value) : number(value, 3) + " A";
}
std::string headline(double value, LimitName name) {
  const std::string text = amount(value, name);
  const bool whole = text.find('.') == std::string::npos;
  return whole ? fmt::format("{:.1f} A", value) : text;
}

std::string millivolts(double volts) { return number(volts * 1000, 1) + " mV"; }

std::string time(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(seconds - 1e-6));
  if (whole <= 120) return fmt::format("{} s", whole);
  if (whole < 3600)
    return whole % 60 == 0 ? fmt::format("{} min", whole / 60) : fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string measured(Rule rule, double value) {
  switch (rule) {
    case Rule::temperature:
    case Rule::mos_temperature:
      return fmt::format("{:.1f} °C", value);
    case Rule::soc:
      return number(value, 1) + " %";
    default:
      return fmt::format("{:.3f} V", value);
  }
}

// What was measured: "cell 7", "sensor 2".
std::string subject(Rule rule, int place, LimitName name) {
  switch (rule) {
    case Rule::cell_voltage:
    case Rule::high_cell:
      if (place > 0) return fmt::format("cell {}", place);
      return name == LimitName::dcl ? "the lowest cell" : "the highest cell";
    case Rule::temperature:
      return place > 0 ? fmt::format("sensor {}", place) : "the pack";
    case Rule::mos_temperature:
      return "the MOSFET sensor";
    default:
      return "the state of charge";
  }
}

std::string_view activity(LimitName name) { return name == LimitName::dcl ? "discharging" : "charging"; }

std::string cause(const LimitCandidate& candidate, LimitName name) {
  const auto ruled = [&](const std::string& what) {
    return fmt::format("{} (rule {})", what, word_of(candidate.rule));
  };
  switch (candidate.rule) {
    case Rule::configured:
      return name == LimitName::dcl ? "the configured maximum (MAX_BATTERY_DISCHARGE_CURRENT)"
                                    : "the configured maximum (MAX_BATTERY_CHARGE_CURRENT)";
    case Rule::bms_limit:
      return ruled("what the BMS itself allows");
    case Rule::fet_off:
      return ruled(fmt::format("the BMS has switched {} off", activity(name)));
    case Rule::protection:
      return ruled(fmt::format("the BMS has stopped {}", activity(name)));
    case Rule::connection:
      return ruled("the BMS does not answer");
    case Rule::max_cell_voltage:
      return fmt::format("{:.3f} V per cell (MAX_CELL_VOLTAGE)", candidate.input.value_or(0));
    case Rule::soc_reset_cell_voltage:
      return fmt::format("{:.3f} V per cell (SOC_RESET_CELL_VOLTAGE)", candidate.input.value_or(0));
    case Rule::float_cell_voltage:
      return fmt::format("{:.3f} V per cell (FLOAT_CELL_VOLTAGE)", candidate.input.value_or(0));
    case Rule::bms_cell_limit:
      return ruled(fmt::format("{:.3f} V per cell, what the BMS itself allows", candidate.input.value_or(0)));
    case Rule::cells_unknown:
      return ruled("a cell that is missing or cannot be believed");
    default:
      break;
  }
  if (candidate.in_doubt || !candidate.input) {
    return ruled(candidate.rule == Rule::temperature ? "missing temperatures"
                                                     : "cells that are missing or cannot be believed");
  }
  return ruled(subject(candidate.rule, candidate.place, name) + " at " + measured(candidate.rule, *candidate.input));
}

std::string joined(const std::vector<std::string>& parts, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? last : std::string_view(", ");
    text += parts[i];
  }
  return text;
}

std::string causes(const LimitExplanation& limit, LimitName name) {
  std::vector<std::string> parts;
  for (const LimitCandidate& candidate : limit.candidates) {
    if (candidate.value - limit.target >= kEqual) continue;
    parts.push_back(cause(candidate, name));
    const bool says_all = candidate.rule == Rule::configured || candidate.rule == Rule::max_cell_voltage ||
                          candidate.rule == Rule::soc_reset_cell_voltage;
    if (says_all) break;  // what allows as much does not limit
  }
  return joined(parts, " and ");
}

// What the other rules ask for: "temperature would allow 50 A". The maximum says something only where no other one does.
std::string others(const LimitExplanation& limit, LimitName name) {
  std::vector<const LimitCandidate*> rest;
  for (const LimitCandidate& candidate : limit.candidates) {
    if (candidate.value - limit.target >= kEqual) rest.push_back(&candidate);
  }
  if (rest.size() > 1 && name != LimitName::cvl) {
    std::erase_if(rest, [](const LimitCandidate* candidate) { return candidate->rule == Rule::configured; });
  }
  std::stable_sort(rest.begin(), rest.end(), [](const auto* a, const auto* b) { return a->value < b->value; });
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < rest.size();) {
    std::vector<std::string> alike;
    std::size_t end = i;
    while (end < rest.size() && rest[end]->value - rest[i]->value < kEqual) {
      alike.emplace_back(word_of(rest[end++]->rule));
    }
    parts.push_back(fmt::format("{} would allow {}", joined(alike, " and "), amount(rest[i]->value, name)));
    i = end;
  }
  return joined(parts, ", ");
}

std::string condition(const Release& release, LimitName name) {
  switch (release.kind) {
    case Release::below:
    case Release::above: {
      const std::string_view side = release.kind == Release::below ? "below" : "above";
      std::string text = fmt::format("{} is {} {}", subject(release.rule, release.place, name), side,
                                     measured(release.rule, release.at.value_or(0)));
      if (release.whole_at) text += fmt::format(" (in full {} {})", side, measured(release.rule, *release.whole_at));
      return text;
    }
    case Release::believe:
      return release.rule == Rule::temperature ? "the temperatures are there again"
                                               : "all cells are there and can be believed";
    case Release::by_bms:
      if (release.rule == Rule::fet_off) return fmt::format("the BMS has switched {} on", activity(name));
      if (release.rule == Rule::protection) return fmt::format("the BMS permits {} again", activity(name));
      return "the BMS allows more";
    case Release::answers:
      return "the BMS answers again";
    default:
      return "";
  }
}

std::string speed(const LimitExplanation& limit, LimitName name) {
  if (!(limit.rate_per_s > 0)) return "at once";
  return name == LimitName::cvl ? fmt::format("at {} mV/s", number(limit.rate_per_s * 1000, 3))
                                : fmt::format("at {} A/s", number(limit.rate_per_s, 3));
}

std::string recovery(const LimitExplanation& limit, LimitName name) {
  std::vector<std::string> conditions;
  for (const Release& release : limit.releases) {
    if (std::string text = condition(release, name); !text.empty()) conditions.push_back(std::move(text));
  }
  if (conditions.empty()) return "";
  const std::string when = limit.hold_s > 0 ? fmt::format("{} after", time(limit.hold_s)) : "as soon as";
  return fmt::format("recovers {} {} {}", speed(limit, name), when, joined(conditions, " and "));
}

// What it does where it is not at its target.
std::string movement(const LimitExplanation& limit, LimitName name) {
  const std::string target = amount(limit.target, name);
  switch (limit.recovering) {
    case Recovering::holds:
      if (!limit.hold_left_s) return "held, on its way to " + target;
      return fmt::format("held for {} more, then rises {} to {}", time(*limit.hold_left_s), speed(limit, name), target);
    case Recovering::rises:
      return fmt::format("rises {} to {}, in {}", speed(limit, name), target, time(limit.arrives_in_s.value_or(0)));
    case Recovering::falls:
      return fmt::format("falls {} to {}, in {}", speed(limit, name), target, time(limit.arrives_in_s.value_or(0)));
    case Recovering::too_little:
      return fmt::format("stays, because {} would be too little to begin with", target);
    case Recovering::no_data:
      return "keeps, because the BMS does not tell everything now";
    default:
      return "";
  }
}

std::string_view stage_word(ChargeStageName stage) {
  constexpr std::array<std::string_view, 6> kWords = {"Bulk",  "Absorption", "Float Transition",
                                                      "Float", "Always max", "Error"};
  return kWords.at(static_cast<std::size_t>(stage));
}

std::string towards_absorption(const StageExplanation& stage) {
  const ChargeFacts& facts = stage.facts;
  const std::string sum = stage.missing_volts
                              ? fmt::format("now {:.2f} V, {:.2f} V missing", facts.sum, *stage.missing_volts)
                              : fmt::format("now {:.2f} V", facts.sum);
  std::string text = fmt::format("absorption begins when the cells reach {:.2f} V ({})", facts.bounds.highest, sum);
  if (!stage.allowed_difference) return text;
  text += fmt::format(" and are at most {} apart (now {}", millivolts(*stage.allowed_difference),
                      millivolts(facts.difference));
  if (stage.missing_difference) text += fmt::format(", {} too far", millivolts(*stage.missing_difference));
  return text + ")";
}

std::string towards_float(const StageExplanation& stage) {
  const ChargeFacts& facts = stage.facts;
  std::string text =
      stage.seconds_to_float ? "float in " + time(*stage.seconds_to_float) : "the wait for float stands still";
  text += fmt::format(", if the cells stay above {:.2f} V (now {:.2f} V)", facts.sum - stage.volts_to_bulk.value_or(0),
                      facts.sum);
  if (!stage.restart_difference) return text;
  return text + fmt::format("; cells more than {} apart begin the wait again (now {})",
                            millivolts(*stage.restart_difference), millivolts(facts.difference));
}

std::string towards_bulk(const StageExplanation& stage) {
  const ChargeFacts& facts = stage.facts;
  std::vector<std::string> ways;
  if (stage.soc_to_bulk) {
    ways.push_back(
        fmt::format("below a state of charge of {} % (now {} %)", number(*facts.bulk_soc, 1), number(*facts.soc, 1)));
  }
  if (stage.difference_to_bulk) {
    std::string way =
        fmt::format("with cells {} apart (now {}", millivolts(facts.difference + *stage.difference_to_bulk),
                    millivolts(facts.difference));
    if (stage.seconds_to_bulk) way += fmt::format(", for {} more", time(*stage.seconds_to_bulk));
    ways.push_back(way + ")");
  }
  if (stage.soc_reset_after_days) {
    ways.push_back(fmt::format("when a SoC reset is due, after {} days", number(*stage.soc_reset_after_days, 1)));
  }
  return ways.empty() ? "nothing ends it" : "bulk begins " + joined(ways, " or ");
}

}  // namespace

std::string_view key_of(Rule rule) { return kRules.at(static_cast<std::size_t>(rule)).key; }
std::string_view word_of(Rule rule) { return kRules.at(static_cast<std::size_t>(rule)).word; }

std::string limit_text(const LimitExplanation& limit, LimitName name) {
  constexpr std::array<std::string_view, 3> kNames = {"CVL", "CCL", "DCL"};
  std::vector<std::string> parts;
  const std::string moves = movement(limit, name);
  if (!moves.empty()) parts.push_back(moves);
  parts.push_back((moves.empty() ? "" : "then limited by ") + causes(limit, name));
  const bool raised =
      std::any_of(limit.candidates.begin(), limit.candidates.end(),
                  [&](const LimitCandidate& candidate) { return candidate.value < limit.target - kEqual; });
  if (raised) parts.emplace_back("not lower because of DCL_MIN_WHILE_DISCHARGE_ALLOWED");
  if (const std::string rest = others(limit, name); !rest.empty()) parts.push_back(rest);
  if (const std::string how = recovery(limit, name); !how.empty()) parts.push_back(how);
  std::string text = fmt::format("{} {}: ", kNames.at(static_cast<std::size_t>(name)), headline(limit.value, name));
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? "; " : "") + parts[i];
  return text;
}

std::string stage_text(const StageExplanation& stage) {
  const ChargeStageName name = stage.facts.mode.stage;
  std::string text(stage_word(name));
  text += stage.facts.mode.soc_reset ? " for a SoC reset: " : ": ";
  if (!stage.facts.sees) text += "the cells are not known now; with the last known ones ";
  switch (name) {
    case ChargeStageName::bulk:
      return text + towards_absorption(stage);
    case ChargeStageName::absorption:
      return text + towards_float(stage);
    case ChargeStageName::float_transition:
    case ChargeStageName::floating:
      return text + towards_bulk(stage);
    case ChargeStageName::always_max:
      return text + "there are no stages (CVCM_ENABLE = False)";
    default:
      return fmt::format("{}: a cell is missing or cannot be believed, so CVL is not above float ({:.2f} V)",
                         stage_word(name), stage.facts.bounds.float_voltage);
  }
}

// --- The texts for D-Bus

namespace {

std::string yes_no(bool yes) { return yes ? "yes" : "no"; }

std::string unless_off(double difference) {
  return difference < kDifferenceOff ? fmt::format("{:.3f} V", difference) : "off";
}

std::string day_of(std::int64_t unix_time) {
  if (unix_time <= 0) return "never";
  const std::chrono::sys_days day{
      std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(unix_time)))};
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

constexpr const char* kNothingKnown = "The number of cells is not known yet";

bool in_float(const ChargeFacts& facts) {
  return facts.mode.stage == ChargeStageName::floating || facts.mode.stage == ChargeStageName::float_transition;
}

}  // namespace

std::string charge_debug_text(const ControlConfig& config, const Explanation& explanation) {
  if (!explanation.stage || !explanation.cvl) return kNothingKnown;
  const ChargeFacts& facts = explanation.stage->facts;
  const ChargeBounds& bounds = facts.bounds;
  const ChargeStageConfig& stages = config.stages;
  std::string text =
      fmt::format("{}\n{}\n", stage_text(*explanation.stage), limit_text(*explanation.cvl, LimitName::cvl));
  text += fmt::format("Cells: {}, sum {:.3f} V, highest {:.3f} V{}, difference {:.3f} V{}\n", facts.count, facts.sum,
                      facts.highest, facts.highest_cell > 0 ? fmt::format(" (C{})", facts.highest_cell) : "",
                      facts.difference, facts.sees ? "" : " (last known)");
  text += fmt::format("SoC: {}\n", facts.soc ? number(*facts.soc, 2) + " %" : "unknown");
  text += fmt::format(
      "Pack: maximum {:.2f} V, float {:.2f} V, lowest {:.2f} V, VOLTAGE_DROP {:.2f} V; limit per cell {:.3f} V\n",
      bounds.highest, bounds.float_voltage, bounds.lowest, config.voltage_drop, bounds.cell_limit);
  text += fmt::format("Float: wait {} s, difference {}, deviation {:.3f} V; bulk: SoC {} %, difference {}\n",
                      stages.float_wait_s, unless_off(stages.float_difference), stages.float_deviation, stages.bulk_soc,
                      unless_off(stages.bulk_difference));
  text += fmt::format("CVL: controller {}, hold {} s, {} V/s\n", static_cast<int>(stages.controller),
                      stages.recovery_hold_s, stages.recovery_v_per_s);
  text += fmt::format(
      "SoC reset: {}, last {}",
      stages.soc_reset_after_days
          ? fmt::format("after {} days, wanted now: {}", *stages.soc_reset_after_days, yes_no(facts.mode.soc_reset))
          : std::string("off"),
      day_of(facts.soc_reset_last_reached));
  return text;
}

std::string float_debug_text(const ControlConfig& config, const Explanation& explanation) {
  if (!explanation.stage) return kNothingKnown;
  const StageExplanation& stage = *explanation.stage;
  const ChargeFacts& facts = stage.facts;
  const ChargeStageConfig& stages = config.stages;
  const bool waits = facts.mode.stage == ChargeStageName::absorption;
  const double volts = facts.bounds.highest - facts.sum;
  const double apart = facts.difference - stages.float_difference;
  std::string text = fmt::format("Charges to the maximum: {}\n", yes_no(!in_float(facts)));
  text += fmt::format("Sum of the cells {:.3f} V, needed {:.2f} V", facts.sum, facts.bounds.highest);
  if (volts > kSumSame) text += fmt::format(", {:.3f} V missing", volts);
  text += fmt::format("\nDifference {:.3f} V, allowed {}", facts.difference, unless_off(stages.float_difference));
  if (apart > kDifferenceSame) text += fmt::format(", {:.3f} V too far", apart);
  text += "\n";
  if (!waits) return text + fmt::format("Wait: not begun, {} s", stages.float_wait_s);
  text += stage.seconds_to_float ? fmt::format("Wait: {:.0f} s left of {} s", std::ceil(*stage.seconds_to_float - 1e-6),
                                               stages.float_wait_s)
                                 : std::string("Wait: stands still");
  text += fmt::format("; begins again above {}, ends below {:.2f} V",
                      unless_off(stages.float_difference + stages.float_deviation),
                      facts.sum - stage.volts_to_bulk.value_or(0));
  return text;
}

std::string bulk_debug_text(const ControlConfig& config, const Explanation& explanation) {
  if (!explanation.stage) return kNothingKnown;
  const StageExplanation& stage = *explanation.stage;
  const ChargeFacts& facts = stage.facts;
  const ChargeStageConfig& stages = config.stages;
  std::string text = fmt::format("In float: {}\n", yes_no(in_float(facts)));
  const double soc = facts.bulk_soc.value_or(stages.bulk_soc);
  text += fmt::format("SoC {}, bulk below {}", facts.soc ? number(*facts.soc, 2) + " %" : "unknown",
                      stages.bulk_soc > 0 ? number(soc, 2) + " %" : "off");
  if (stages.bulk_soc > 0 && soc < stages.bulk_soc) text += " (1 % less than when float began)";
  text += fmt::format("\nDifference {:.3f} V, bulk from {}", facts.difference, unless_off(stages.bulk_difference));
  if (stage.seconds_to_bulk) text += fmt::format(", in {:.0f} s", std::ceil(*stage.seconds_to_bulk - 1e-6));
  return text + fmt::format("\nSoC reset wanted: {}", yes_no(facts.mode.soc_reset));
}

}  // namespace bmsd
