#include "app/config_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace bmsd {
namespace {

constexpr std::size_t kCommentWidth = 118;  // of a line of comment

std::string_view kind_text(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "True or False";
    case Kind::real:
      return "number";
    case Kind::integer:
      return "whole number";
    case Kind::real_list:
      return "list of numbers";
    case Kind::integer_list:
      return "list of whole numbers";
    case Kind::text_list:
      return "list";
    case Kind::text:
      return "text";
  }
  return "";
}

std::string_view scope_text(Scope scope) {
  switch (scope) {
    case Scope::daemon:
      return "`[DEFAULT]`";
    case Scope::line:
      return "`[line]`";
    case Scope::battery:
      return "`[battery]`";
  }
  return "";
}

constexpr std::size_t kFewChoices = 6;  // more of them stand in the explanation

std::string range_text(const Key& key) {
  if (std::isinf(key.lowest) && std::isinf(key.highest)) return "";
  if (std::isinf(key.highest)) return ", at least " + to_text(key.lowest);
  if (std::isinf(key.lowest)) return ", at most " + to_text(key.highest);
  return ", " + to_text(key.lowest) + " to " + to_text(key.highest);
}

std::string choices_text(const Key& key) { return fmt::format("{}", fmt::join(key.choices, ", ")); }

// "number, 0 to 10 V", "list of numbers in A", "ERROR, WARNING, INFO, DEBUG".
std::string type_text(const Key& key) {
  if (!key.choices.empty() && key.choices.size() <= kFewChoices) return choices_text(key);
  const std::string range = range_text(key);
  std::string text = std::string(kind_text(key.kind)) + range;
  if (!key.unit.empty()) text += fmt::format("{}{}", range.empty() ? " in " : " ", key.unit);
  return text;
}

std::string meaning(const Key& key) {
  std::string text = key.works == Works::never ? "Has no effect. " : "";
  text += key.help;
  if (key.choices.size() > kFewChoices) text += fmt::format(" Known are {}.", choices_text(key));
  if (!key.when_empty.empty()) text += fmt::format(" Empty means {}.", key.when_empty);
  if (key.works == Works::later) text += fmt::format(" No effect yet: {}", key.until);
  return text;
}

std::string escaped(std::string_view text, std::string_view what, std::string_view by) {
  std::string result(text);
  for (std::size_t at = 0; (at = result.find(what, at)) != std::string::npos; at += by.size()) {
    result.replace(at, what.size(), by);
  }
  return result;
}

std::string comment(std::string_view text) {
  std::string result;
  std::string line = ";";
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (line.size() + 1 + word.size() > kCommentWidth) result += std::exchange(line, ";") + "\n";
    (line += ' ') += word;
  }
  return result + line + "\n";
}

std::string table_row(const Key& key) {
  const std::string standard = key.standard.empty() ? "" : fmt::format("`{}`", key.standard);
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, escaped(type_text(key), "|", "\\|"), standard,
                     scope_text(key.scope), escaped(meaning(key), "|", "\\|"));
}

std::string renamed_table() {
  std::string text = "### Names that changed\n\n| old name | since | new name |\n|---|---|---|\n";
  for (const Renamed& renamed : renamed_keys()) {
    std::string now = renamed.new_name.empty() ? "" : fmt::format("`{}`", renamed.new_name);
    if (!renamed.advice.empty()) now += fmt::format("{}{}", now.empty() ? "" : ": ", renamed.advice);
    text += fmt::format("| `{}` | {} | {} |\n", renamed.old_name, renamed.since, now);
  }
  return text;
}

std::string value_line(const Key& key, const Setting& setting) {
  const std::string value = written(setting, key);
  if (key.secret && !value.empty()) return fmt::format("; {} is set and not shown\n", key.name);
  return value.empty() ? fmt::format("{} =\n", key.name) : fmt::format("{} = {}\n", key.name, value);
}

}  // namespace

std::string written(const Setting& setting, const Key& key) {
  return escaped(escaped(to_text(setting, key), "%", "%%"), "\n", "\n    ");
}

std::string default_file() {
  std::string text = comment(
      "Every key with its default. A configuration needs only the lines that differ: docs/configuration.md says where "
      "it "
      "stands and what sections there are besides this one.");
  text += "[DEFAULT]\n";
  std::string_view group;
  for (const Key& key : all_keys()) {
    if (key.group != group) text += fmt::format("\n; ----- {} -----\n", key.group);
    group = key.group;
    text += fmt::format("\n{}{}{} ={}{}\n", comment(meaning(key)), comment(type_text(key)), key.name,
                        key.standard.empty() ? "" : " ", escaped(key.standard, "%", "%%"));
  }
  return text;
}

std::string key_tables() {
  std::string text;
  std::string_view group;
  for (const Key& key : all_keys()) {
    if (key.group != group) {
      text += fmt::format("### {}\n\n| key | value | default | narrowest section | meaning |\n|---|---|---|---|---|\n",
                          key.group)
                  .insert(0, group.empty() ? "" : "\n");
    }
    group = key.group;
    text += table_row(key);
  }
  return text + "\n" + renamed_table();
}

std::vector<const Key*> keys_of_its_own(const Config& config, const std::string& section) {
  std::vector<const Key*> keys;
  const Settings defaults = config.effective();
  const auto settings = config.effective(section);
  if (!settings) return keys;
  const Scope scope = section[0] == 'l' || section[0] == 'L' ? Scope::line : Scope::battery;
  for (const Key& key : all_keys()) {
    if (key.scope >= scope && (*settings)[key.name] != defaults[key.name]) keys.push_back(&key);
  }
  return keys;
}

std::string effective_file(const Config& config) {
  const Settings defaults = config.effective();
  std::string text = "[DEFAULT]\n";
  for (const Key& key : all_keys()) text += value_line(key, defaults[key.name]);
  for (const std::string& section : config.sections()) {
    text += fmt::format("\n[{}]\n", section);
    const Settings settings = config.effective(section).value_or(defaults);
    for (const Key* key : keys_of_its_own(config, section)) text += value_line(*key, settings[key->name]);
  }
  return text;
}

}  // namespace bmsd
