#include "app/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

#include "line/doctor.h"
#include "sink/json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

Json finding_json(const LineFinding& finding) {
  return {{"code", finding.code}, {"problem", finding.problem}, {"what", finding.what}, {"check", finding.check}};
}

// What was looked at when nothing was found.
std::string seen_text(const Json& port) {
  std::string text = fmt::format("{} questions, {} intact frames", port.value("requests", 0), port.value("frames", 0));
  if (const auto busy = port.find("utilisation_percent"); busy != port.end())
    text += fmt::format(", {:.0f} % of the time in use", busy->get<double>());
  return text;
}

}  // namespace

Json diagnosis_json(const LineFacts& facts) {
  Json findings = Json::array();
  for (const LineFinding& finding : diagnose(facts)) findings.push_back(finding_json(finding));
  Json json = {{"port", facts.port},
               {"findings", std::move(findings)},
               {"enough_seen", enough_seen(facts)},
               {"requests", facts.counts.requests},
               {"frames", facts.counts.frames}};
  if (facts.busy) json["utilisation_percent"] = rounded(*facts.busy, 1);
  return json;
}

Json diagnosis_answer(const Daemon& daemon) {
  Json ports = Json::array();
  for (std::size_t i = 0; i < daemon.line_count(); ++i) ports.push_back(diagnosis_json(daemon.facts(i)));
  return {{"ports", std::move(ports)}};
}

bool has_problem(const Json& port) {
  const Json& findings = port.at("findings");
  return std::any_of(findings.begin(), findings.end(),
                     [](const Json& finding) { return finding.at("problem") == true; });
}

std::string diagnosis_text(const Json& port) {
  const std::string name = port.at("port");
  const Json& findings = port.at("findings");
  if (findings.empty()) {
    const bool enough = port.value("enough_seen", false);
    return fmt::format("{}: {} ({})\n", name,
                       enough ? "nothing is wrong" : "nothing is wrong as far as was seen, which is little",
                       seen_text(port));
  }
  std::string text = fmt::format("{}: {}\n", name, has_problem(port) ? "something is wrong" : "nothing is wrong");
  for (const Json& finding : findings) {
    text += fmt::format("\n{} {}\n", finding.at("problem") == true ? "*" : "-", finding.at("what").get<std::string>());
    const Json& checks = finding.at("check");
    if (!checks.empty()) text += "  Check:\n";
    int number = 0;
    for (const Json& check : checks) text += fmt::format("  {}. {}\n", ++number, check.get<std::string>());
  }
  return text;
}

}  // namespace bmsd
