#include "sink/json_lines.h"

#include <array>
#include <utility>

#include "sink/json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

// Without what counts the talk: it changes with every round and tells nothing of the battery.
Json published(const BatteryView& view, Instant now) {
  constexpr std::array<const char*, 9> kTalk = {"rounds",   "failed_rounds", "exchanges",
                                                "retries",  "late_replies",  "second_answers",
                                                "period_s", "latency_ms",    "age_s"};
  Json json = battery_json(view, now);
  for (const char* key : kTalk) json["connection"].erase(key);
  return json;
}

}  // namespace

void JsonLines::put(const char* event, const std::string& id, Json json, Instant now) {
  json["t"] = seconds(now - begin_);
  json["event"] = event;
  json["id"] = id;
  out_(json_text(json));
}

void JsonLines::added(const BatteryView& view, Instant now) {
  Json battery = published(view, now);
  put("added", view.identity.id, {{"battery", battery}}, now);
  told_[view.identity.id] = std::move(battery);
}

// What is gone is null.
void JsonLines::changed(const BatteryView& view, Instant now) {
  Json battery = published(view, now);
  Json& told = told_[view.identity.id];
  Json values = Json::object();
  for (const auto& [key, value] : battery.items()) {
    if (!told.contains(key) || told[key] != value) values[key] = value;
  }
  for (const auto& [key, value] : told.items()) {
    if (!battery.contains(key)) values[key] = nullptr;
  }
  if (values.empty()) return;
  put("changed", view.identity.id, {{"values", std::move(values)}}, now);
  told = std::move(battery);
}

void JsonLines::removed(const Identity& identity, Instant now) {
  put("removed", identity.id, Json::object(), now);
  told_.erase(identity.id);
}

}  // namespace bmsd
