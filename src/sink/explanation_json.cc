#include "sink/explanation_json.h"

#include <array>
#include <string>

#include "control/explain_text.h"
#include "sink/json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

// The ending of a key that says the unit of what a rule measures.
const char* unit_key(Rule rule) {
  switch (rule) {
    case Rule::temperature:
    case Rule::mos_temperature:
      return "_c";
    case Rule::soc:
      return "_percent";
    default:
      return "_v";
  }
}

void add_place(Json& json, Rule rule, std::uint8_t place) {
  if (place > 0) json[rule == Rule::temperature ? "sensor" : "cell"] = place;
}

Json candidate_json(const LimitCandidate& candidate, const std::string& unit) {
  Json json = {{"rule", key_of(candidate.rule)}, {"value" + unit, rounded(candidate.value, 3)}};
  if (candidate.input) json[std::string("input") + unit_key(candidate.rule)] = rounded(*candidate.input, 3);
  add_place(json, candidate.rule, candidate.place);
  if (candidate.in_doubt) json["in_doubt"] = true;
  return json;
}

const char* word_of(Release::Kind kind) {
  constexpr std::array<const char*, 7> kWords = {"below",   "above", "believed",     "bms",
                                                 "answers", "stage", "configuration"};
  return kWords.at(kind);
}

Json release_json(const Release& release) {
  Json json = {{"rule", key_of(release.rule)}, {"when", word_of(release.kind)}};
  const std::string unit = unit_key(release.rule);
  if (release.at) json["at" + unit] = rounded(*release.at, 4);
  if (release.whole_at) json["whole_at" + unit] = rounded(*release.whole_at, 4);
  add_place(json, release.rule, release.place);
  return json;
}

const char* word_of(Recovering recovering) {
  constexpr std::array<const char*, 6> kWords = {"no", "holds", "too_little", "no_data", "rises", "falls"};
  return kWords.at(static_cast<std::size_t>(recovering));
}

Json limit_json(const LimitExplanation& limit, LimitName name) {
  const std::string unit = name == LimitName::cvl ? "_v" : "_a";
  Json json = {{"value" + unit, rounded(limit.value, 3)},
               {"target" + unit, rounded(limit.target, 3)},
               {"rule", key_of(limit.rule)},
               {"recovering", word_of(limit.recovering)},
               {"hold_s", rounded(limit.hold_s, 3)},
               {"rate" + unit + "_per_s", rounded(limit.rate_per_s, 6)},
               {"text", limit_text(limit, name)}};
  add_rounded(json, "hold_left_s", limit.hold_left_s, 1);
  add_rounded(json, "arrives_in_s", limit.arrives_in_s, 1);
  Json& candidates = json["candidates"] = Json::array();
  for (const LimitCandidate& candidate : limit.candidates) candidates.push_back(candidate_json(candidate, unit));
  Json& releases = json["releases"] = Json::array();
  for (const Release& release : limit.releases) releases.push_back(release_json(release));
  return json;
}

const char* word_of(ChargeStageName stage) {
  constexpr std::array<const char*, 6> kWords = {"bulk",  "absorption", "float_transition",
                                                 "float", "always_max", "error"};
  return kWords.at(static_cast<std::size_t>(stage));
}

Json stage_json(const StageExplanation& stage) {
  const ChargeFacts& facts = stage.facts;
  Json json = {{"stage", word_of(facts.mode.stage)},
               {"soc_reset", facts.mode.soc_reset},
               {"cells_known", facts.sees},
               {"sum_v", rounded(facts.sum, 3)},
               {"difference_v", rounded(facts.difference, 3)},
               {"highest_v", rounded(facts.highest, 3)},
               {"maximum_v", rounded(facts.bounds.highest, 2)},
               {"float_v", rounded(facts.bounds.float_voltage, 2)},
               {"text", stage_text(stage)}};
  if (facts.highest_cell > 0) json["highest_cell"] = facts.highest_cell;
  add_rounded(json, "missing_v", stage.missing_volts, 3);
  add_rounded(json, "missing_difference_v", stage.missing_difference, 3);
  add_rounded(json, "float_in_s", stage.seconds_to_float, 1);
  add_rounded(json, "sum_above_bulk_v", stage.volts_to_bulk, 3);
  add_rounded(json, "restart_difference_v", stage.restart_difference, 3);
  add_rounded(json, "soc_to_bulk_percent", stage.soc_to_bulk, 2);
  add_rounded(json, "difference_to_bulk_v", stage.difference_to_bulk, 3);
  add_rounded(json, "bulk_in_s", stage.seconds_to_bulk, 1);
  return json;
}

}  // namespace

Json explanation_json(const Explanation& explanation) {
  Json json = {{"ccl", limit_json(explanation.ccl, LimitName::ccl)},
               {"dcl", limit_json(explanation.dcl, LimitName::dcl)}};
  if (explanation.cvl) json["cvl"] = limit_json(*explanation.cvl, LimitName::cvl);
  if (explanation.stage) json["stage"] = stage_json(*explanation.stage);
  return json;
}

}  // namespace bmsd
