// bmsd check: what is to be said about a configuration file, and what it makes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/commands.h"
#include "app/config_listing.h"
#include "app/config_path.h"
#include "app/config_source.h"
#include "config/config.h"

namespace bmsd {
namespace {

using OrderedJson = nlohmann::ordered_json;

// How a weight is called in JSON.
std::string_view weight_name(Finding::Weight weight) {
  constexpr std::array<std::string_view, 4> kNames = {"note", "warning", "corrected", "unusable"};
  return kNames.at(weight);
}

std::string_view state_name(ConfigState state) {
  constexpr std::array<std::string_view, 3> kNames = {"fine", "corrected", "unusable"};
  return kNames.at(static_cast<std::size_t>(state));
}

// How it is called for people.
std::string_view label(Finding::Weight weight) {
  if (weight == Finding::unusable) return "error";
  return weight == Finding::note ? "note" : "warning";
}

std::string finding_line(const Finding& finding, std::string_view file) {
  std::string line(file);
  if (finding.line > 0) line += fmt::format(":{}", finding.line);
  line += fmt::format(": {}: ", label(finding.weight));
  if (!finding.section.empty()) line += fmt::format("[{}]{}", finding.section, finding.key.empty() ? ": " : " ");
  if (!finding.key.empty()) line += finding.key + ": ";
  std::string_view text = finding.text;
  if (text.ends_with('.')) text.remove_suffix(1);
  line += text;
  if (!finding.advice.empty()) line += fmt::format(" ({})", finding.advice);
  return line;
}

std::string counted(std::size_t count, std::string_view what) {
  return count == 0 ? "" : fmt::format(", {} {}{}", count, what, count == 1 ? "" : "s");
}

std::string summary(const std::vector<Finding>& findings, std::string_view file) {
  const auto count = [&](std::string_view wanted) {
    const auto is_wanted = [&](const Finding& finding) { return label(finding.weight) == wanted; };
    return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), is_wanted));
  };
  const std::string counts =
      counted(count("error"), "error") + counted(count("warning"), "warning") + counted(count("note"), "note");
  return fmt::format("{}: {}", file, counts.empty() ? "nothing to complain about" : counts.substr(2));
}

OrderedJson effective_json(const Config& config) {
  const auto value = [](const Key& key, const Setting& setting) {
    const std::string text = to_text(setting, key);
    return key.secret && !text.empty() ? OrderedJson() : OrderedJson(text);
  };
  const Settings defaults = config.effective();
  OrderedJson sections = {{"DEFAULT", OrderedJson::object()}};
  for (const Key& key : all_keys()) sections["DEFAULT"][std::string(key.name)] = value(key, defaults[key.name]);
  for (const std::string& name : config.sections()) {
    const Settings settings = config.effective(name).value_or(defaults);
    OrderedJson& section = sections[name] = OrderedJson::object();
    for (const Key* key : keys_of_its_own(config, name))
      section[std::string(key->name)] = value(*key, settings[key->name]);
  }
  return sections;
}

void print_json(const CheckOptions& options, const Config& config, std::string_view file) {
  OrderedJson findings = OrderedJson::array();
  for (const Finding& finding : config.findings()) {
    findings.push_back({{"line", finding.line},
                        {"weight", weight_name(finding.weight)},
                        {"section", finding.section},
                        {"key", finding.key},
                        {"text", finding.text},
                        {"advice", finding.advice}});
  }
  OrderedJson json = {{"file", file}, {"state", state_name(config.state())}, {"findings", std::move(findings)}};
  if (options.effective) json["effective"] = effective_json(config);
  fmt::print("{}\n", json.dump(2, ' ', false, OrderedJson::error_handler_t::replace));
}

// Values go to standard output alone, so that they make a file; the findings then go to standard error.
void print_text(const CheckOptions& options, const Config& config, std::string_view file) {
  FILE* const findings = options.effective ? stderr : stdout;
  for (const Finding& finding : config.findings()) fmt::print(findings, "{}\n", finding_line(finding, file));
  if (options.effective) fmt::print("{}", effective_file(config));
  fmt::print(findings, "{}\n", summary(config.findings(), file));
}

int status_of(const CheckOptions& options, const Config& config) {
  const Finding::Weight bad = options.strict ? Finding::warning : Finding::unusable;
  const auto& findings = config.findings();
  return std::any_of(findings.begin(), findings.end(), [bad](const Finding& f) { return f.weight >= bad; }) ? kFailed
                                                                                                            : kDone;
}

const Key* key_called(std::string_view name) {
  if (const Key* key = find_key(name)) return key;
  const Renamed* renamed = find_renamed(name);
  return renamed == nullptr ? nullptr : find_key(renamed->new_name);
}

// One value as it is, for scripts. A section that the file does not have has what [DEFAULT] says.
int print_value(const CheckOptions& options, const Config& config) {
  const Key* key = key_called(options.get);
  if (key == nullptr)
    return wrong_usage("check", fmt::format("there is no key {}; see: bmsd check --defaults", options.get));
  Settings settings = config.effective();
  const std::string_view section = options.section;
  if (!section.empty() && section != "DEFAULT") {
    if (auto found = config.effective(section)) {
      settings = *found;
    } else if (!section.starts_with("line ") && !section.starts_with("battery ")) {
      return wrong_usage("check", "--section is \"line PORT\" or \"battery NAME\"");
    }
  }
  fmt::print("{}\n", to_text(settings[key->name], *key));
  return kDone;
}

std::string standard_input() {
  constexpr std::size_t kMost = 2 << 20;  // bytes; more than is read of it
  std::string text(kMost, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return text;
}

}  // namespace

int command_check(const CheckOptions& options) {
  const int listings = (options.defaults ? 1 : 0) + (options.markdown ? 1 : 0);
  const bool about_a_file = !options.file.empty() || options.effective || options.strict || options.json ||
                            !options.get.empty() || !options.section.empty();
  if (listings > 1 || (listings == 1 && about_a_file))
    return wrong_usage("check", "--defaults and --markdown stand alone");
  if (!options.get.empty() && (options.effective || options.strict || options.json))
    return wrong_usage("check", "--get prints one value and nothing else; leave out the other options");
  if (options.get.empty() && !options.section.empty())
    return wrong_usage("check", "--section says where to --get a key");
  if (listings == 1) {
    fmt::print("{}", options.defaults ? default_file() : key_tables());
    return kDone;
  }

  const bool piped = options.file == "-";
  const std::string path = piped ? "<stdin>" : config_path(options.file);
  std::optional<std::string> text;
  if (piped) {
    text = standard_input();
  } else if (auto read = read_config(path); !read) {
    return wrong_usage("check", describe(read.error()));
  } else {
    text = std::move(*read);
  }
  if (!text && !options.file.empty()) return wrong_usage("check", path + ": no such file");

  const Config config = Config::parse(text.value_or(""));
  if (!options.get.empty()) return print_value(options, config);
  options.json ? print_json(options, config, path) : print_text(options, config, path);
  if (!text) fmt::print(stderr, "bmsd check: {}: no such file; the defaults hold\n", path);
  return status_of(options, config);
}

}  // namespace bmsd
