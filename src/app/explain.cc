// bmsd explain: why limits are what they are, from the running daemon; and what they would be, if.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/config_source.h"
#include "app/explain_bus.h"
#include "app/explanations.h"
#include "config/config.h"
#include "io/clock.h"
#include "sink/control_client.h"
#include "sink/json.h"
#include "sink/text.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

int print_json(const Json& reply) {
  fmt::print("{}\n", json_text(reply, 2));
  return kDone;
}

// The lines of an explanation.
std::vector<std::string> lines_of(const Json& explanation) {
  std::vector<std::string> lines;
  for (const char* key : {"stage", "cvl", "ccl", "dcl"}) {
    if (std::string text = text_at(object_at(explanation, key), "text"); !text.empty())
      lines.push_back(std::move(text));
  }
  return lines;
}

void print_explanation(const Json& explanation) {
  fmt::print("{}\n", text_at(explanation, "battery"));
  for (const std::string& line : lines_of(explanation)) fmt::print("  {}\n", line);
}

// --- What if

struct Column {
  std::string head;
  const Json& said;
};

std::string amount(const Json& said, const char* limit, const char* key, const char* unit, int decimals) {
  const auto value = number_at(object_at(said, limit), key);
  return value ? fixed(value, decimals) + " " + unit : "-";
}

void print_row(const std::string& label, const std::vector<std::string>& cells, std::size_t width) {
  std::string line = "  " + padded_right(label, 6);
  for (const std::string& cell : cells) line += padded_right(cell, width);
  line.erase(line.find_last_not_of(' ') + 1);
  fmt::print("{}\n", line);
}

void print_side_by_side(const std::array<Column, 3>& columns_shown) {
  std::size_t width = 0;
  std::vector<std::vector<std::string>> rows(5);
  for (const Column& column : columns_shown) {
    rows[0].push_back(column.head);
    rows[1].push_back(amount(column.said, "cvl", "value_v", "V", 2));
    rows[2].push_back(amount(column.said, "ccl", "value_a", "A", 1));
    rows[3].push_back(amount(column.said, "dcl", "value_a", "A", 1));
    rows[4].push_back(text_at(column.said, "charge_mode"));
  }
  for (const auto& row : rows) {
    for (const std::string& cell : row) width = std::max(width, columns(cell) + 3);
  }
  constexpr std::array<const char*, 5> kLabels = {"", "CVL", "CCL", "DCL", "mode"};
  for (std::size_t i = 0; i < rows.size(); ++i) print_row(kLabels.at(i), rows[i], width);
}

void print_what_if(const Json& reply, const std::vector<std::string>& supposed) {
  const Json now = object_at(reply, "now"), at_once = object_at(reply, "at_once"), later = object_at(reply, "later");
  const double after_s = number_at(later, "after_s").value_or(0);
  const bool settled = later.value("settled", Json()) == true;
  const std::string after = after_s > 0 ? fmt::format("after {:.0f} s", after_s) : "and stays so";
  fmt::print("{}, if {}\n\n", text_at(reply, "battery"), join(supposed, " "));
  print_side_by_side({{{"now", now}, {"immediately", at_once}, {after, later}}});
  fmt::print("\nnow:\n");
  for (const std::string& line : lines_of(now)) fmt::print("  {}\n", line);
  fmt::print("immediately:\n");
  for (const std::string& line : lines_of(at_once)) fmt::print("  {}\n", line);
  if (after_s <= 0) return;
  fmt::print("after hold and ramp, in {:.0f} s{}:\n", after_s, settled ? "" : " (it still moves)");
  for (const std::string& line : lines_of(later)) fmt::print("  {}\n", line);
}

// --- Where the answer comes from

Result<Json> ask_daemon(const ExplainOptions& options) {
  Json request = {{"ask", options.what_if.empty() ? "explain" : "what-if"}};
  if (!options.what_if.empty()) request["suppose"] = options.what_if;
  if (!options.battery.empty()) request["battery"] = options.battery;
  return ask(options.socket, request);
}

Result<Json> try_configuration(const ExplainOptions& options, const std::vector<Supposition>& suppositions) {
  const auto text = read_config(options.config);
  if (!text) return text.error();
  if (!*text) return Error{Errc::config, "config", 0, options.config + ": no such file"};
  const Config config = Config::parse(**text);
  const BatteryName nobody;
  const Instant now = now_monotonic();
  const ControlConfig control = config.batteries({&nobody, 1}).front().control;
  const ControlCase typical = typical_battery(control, wall_now(), now);
  return what_if_json(kTypicalBattery, typical, suppositions, now);
}

}  // namespace

int command_explain(const ExplainOptions& options) {
  std::vector<Supposition> suppositions;
  for (const std::string& text : options.what_if) {
    const auto supposition = supposition_in(text);
    if (!supposition) return wrong_usage("explain", describe(supposition.error()));
    suppositions.push_back(*supposition);
  }
  if (!options.bus.empty()) {
    if (!suppositions.empty()) return wrong_usage("explain", "--what-if needs the control socket, or --config FILE");
    return explain_over_bus(options);
  }
  const bool typical = !options.config.empty();
  if (typical && !options.battery.empty()) {
    return wrong_usage("explain", "--config is about a typical battery, not about " + options.battery);
  }
  const auto reply = typical ? try_configuration(options, suppositions) : ask_daemon(options);
  if (!reply) return complain("explain", describe(reply.error()), typical ? kWrongUsage : kFailed);
  if (options.json) return print_json(*reply);
  if (!suppositions.empty()) {
    print_what_if(*reply, options.what_if);
    return kDone;
  }
  if (typical) {
    Json now = (*reply)["now"];
    now["battery"] = (*reply)["battery"];
    print_explanation(now);
    return kDone;
  }
  const Json explanations = reply->value("explanations", Json::array());
  for (const Json& explanation : explanations) print_explanation(explanation);
  return kDone;
}

}  // namespace bmsd
