#include "app/explanations.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "app/battery_choice.h"
#include "app/request.h"
#include "base/text.h"
#include "config/similar.h"
#include "sink/explanation_json.h"
#include "sink/json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

Error wrong_change(std::string why) { return {Errc::config, "what-if", 0, std::move(why)}; }

Error unknown_key(std::string_view name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const SupposedKey& key : supposed_keys()) {
    names.push_back(key.name);
    list += (list.empty() ? "" : ", ") + std::string(key.name);
  }
  const std::string_view meant = most_similar(name, names);
  return wrong_change(fmt::format("\"{}\" cannot be supposed; {}", name,
                                  meant.empty() ? "what can: " + list : fmt::format("did you mean {}?", meant)));
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

Json judged_json(const Judged& judged) {
  Json json = explanation_json(judged.explanation);
  json["charge_mode"] = judged.charge_mode;
  json["allow_to_charge"] = judged.may_charge;
  json["allow_to_discharge"] = judged.may_discharge;
  return json;
}

Json explained(const BatteryView& view, Instant now) {
  Json json = judged_json(judged(view.control, view.limits, now));
  json["battery"] = view.identity.id;
  return json;
}

}  // namespace

Result<Supposition> supposition_in(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trimmed(text.substr(0, equals));
  const auto what = supposed_of(name);
  if (!what && equals != std::string_view::npos) return unknown_key(name);
  if (equals == std::string_view::npos) {
    return wrong_change(
        fmt::format("\"{}\": say KEY=VALUE, as in cell_max=3.6 (a battery is named before --what-if)", text));
  }
  const std::string_view value = trimmed(text.substr(equals + 1));
  const SupposedKey& key = supposed_keys()[static_cast<std::size_t>(*what)];
  if (key.unit.empty()) {
    if (value == "on" || value == "1") return Supposition{*what, 1};
    if (value == "off" || value == "0") return Supposition{*what, 0};
    return wrong_change(fmt::format("{} is on or off, not \"{}\"", name, value));
  }
  const auto number = parse_number(value);
  if (!number) return wrong_change(fmt::format("{} is a number ({}), not \"{}\"", name, key.unit, value));
  return Supposition{*what, *number};
}

Json explain_answer(const Hub& hub, const Json& request, Instant now) {
  const auto views = hub.views();
  Json reply = {{"explanations", Json::array()}};
  const std::string name = text_in(request, "battery");
  std::string id;
  if (!name.empty() || views.empty()) {
    const auto chosen = choose_battery(views, name);
    if (!chosen) return failure(chosen.error());
    id = *chosen;
  }
  for (const BatteryView& view : views) {
    if (id.empty() || view.identity.id == id) reply["explanations"].push_back(explained(view, now));
  }
  return reply;
}

Json what_if_answer(const Hub& hub, const Json& request, Instant now) {
  std::vector<Supposition> suppositions;
  const auto listed = request.find("suppose");
  if (listed == request.end() || !listed->is_array() || listed->empty()) {
    return failure(wrong_change(R"("suppose" is a list, as in ["cell_max=3.6"])"));
  }
  for (const Json& item : *listed) {
    const auto supposition = supposition_in(item.is_string() ? item.get<std::string>() : std::string());
    if (!supposition) return failure(supposition.error());
    suppositions.push_back(*supposition);
  }
  const auto id = choose_battery(hub.views(), text_in(request, "battery"));
  if (!id) return failure(id.error());
  const auto now_case = hub.control_case(*id, now);
  if (!now_case) return failure(wrong_change("no battery answers"));
  const auto reply = what_if_json(*id, *now_case, suppositions, now);
  return reply ? *reply : failure(reply.error());
}

Result<Json> what_if_json(const std::string& id, const ControlCase& now, std::span<const Supposition> suppositions,
                          Instant at) {
  const auto supposed = suppose(now, suppositions, at);
  if (!supposed) return supposed.error();
  const WhatIf result = what_if(*supposed, at);
  Json later = judged_json(result.later);
  later["after_s"] = result.after_s;
  later["settled"] = result.settled;
  return Json{{"battery", id},
              {"now", judged_json(judged(now.config, now.control.outputs().limits, at))},
              {"at_once", judged_json(result.at_once)},
              {"later", std::move(later)}};
}

ControlCase typical_battery(const ControlConfig& config, WallTime wall, Instant now) {
  Reading reading;
  reading.cell_voltages = std::vector<double>(16, 3.33);
  reading.cell_temperatures = {25.0, 25.0};
  reading.set(Field::voltage, 16 * 3.33);
  reading.set(Field::current, 10);
  reading.set(Field::soc, 60);
  reading.set(Field::capacity_full, 100);
  reading.set(Field::cell_count, 16);
  reading.set(Field::mos_temperature, 30);
  reading.set(Field::charge_fet_on, 1);
  reading.set(Field::discharge_fet_on, 1);
  ControlCase typical;
  typical.config = config;
  typical.wall = wall;
  (void)typical.battery.merge(reading, 0, now);
  typical.control.round_good(now);
  typical.control.evaluate(config, typical.battery, {}, true, wall, now);
  return typical;
}

}  // namespace bmsd
