#include "app/explain_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sink/json.h"
#include "sink/text.h"
#include "venus/battery_reader.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

struct Shown {
  const char* path;
  const char* key;
};
// What explains a limit where the texts of GUI_PARAMETERS_SHOW_ADDITIONAL_INFO are not there: any driver has these.
constexpr std::array<Shown, 6> kPlain = {{
    {"/Info/MaxChargeVoltage", "cvl_v"},
    {"/Info/ChargeMode", "charge_mode"},
    {"/Info/MaxChargeCurrent", "ccl_a"},
    {"/Info/ChargeLimitation", "charge_reason"},
    {"/Info/MaxDischargeCurrent", "dcl_a"},
    {"/Info/DischargeLimitation", "discharge_reason"},
}};
constexpr std::array<const char*, 4> kTexts = {"/Info/Explanation/Stage", "/Info/Explanation/ChargeVoltage",
                                               "/Info/Explanation/ChargeCurrent", "/Info/Explanation/DischargeCurrent"};

std::string shown_text(const BatteryOnBus& battery, const std::string& path) {
  const auto found = battery.items.find(path);
  if (found == battery.items.end()) return "";
  const auto* text = std::get_if<std::string>(&found->second);
  return text == nullptr ? "" : printable(*text);
}

Json value_at(const BatteryOnBus& battery, const std::string& path) {
  const auto found = battery.items.find(path);
  if (found == battery.items.end()) return nullptr;
  if (const auto* real = std::get_if<double>(&found->second)) return *real;
  if (const auto* whole = std::get_if<std::int32_t>(&found->second)) return *whole;
  if (const auto* text = std::get_if<std::string>(&found->second)) return printable(*text);
  return nullptr;
}

Json explanation_of(const BatteryOnBus& battery) {
  Json json = {{"battery", battery.service}};
  for (const auto& [path, key] : kPlain) {
    if (Json value = value_at(battery, path); !value.is_null()) json[key] = std::move(value);
  }
  Json texts = Json::array();
  for (const char* path : kTexts) {
    if (std::string text = shown_text(battery, path); !text.empty()) texts.push_back(std::move(text));
  }
  if (!texts.empty()) json["texts"] = std::move(texts);
  return json;
}

void print(const Json& battery) {
  fmt::print("{}\n", text_at(battery, "battery"));
  const auto texts = texts_at(battery, "texts");
  for (const std::string& text : texts) fmt::print("  {}\n", text);
  if (!texts.empty()) return;
  fmt::print("  CVL {} V: {}\n", fixed(number_at(battery, "cvl_v"), 2), text_at(battery, "charge_mode"));
  fmt::print("  CCL {} A: {}\n", fixed(number_at(battery, "ccl_a"), 1), text_at(battery, "charge_reason"));
  fmt::print("  DCL {} A: {}\n", fixed(number_at(battery, "dcl_a"), 1), text_at(battery, "discharge_reason"));
  fmt::print(
      "  (its control socket tells more, and so does the bus with GUI_PARAMETERS_SHOW_ADDITIONAL_INFO = True)\n");
}

bool is_called(const BatteryOnBus& battery, const std::string& name) {
  return battery.service == name || battery.service.ends_with("." + name) || shown_text(battery, "/Serial") == name;
}

}  // namespace

int explain_over_bus(const ExplainOptions& options) {
  auto batteries = read_batteries(options.bus);
  if (!batteries) {
    fmt::print(stderr, "bmsd explain: {}\n", describe(batteries.error()));
    return kFailed;
  }
  if (!options.battery.empty()) {
    std::erase_if(*batteries, [&](const BatteryOnBus& battery) { return !is_called(battery, options.battery); });
  }
  if (batteries->empty()) {
    fmt::print(stderr, "bmsd explain: there is no battery {}on this bus\n",
               options.battery.empty() ? "" : "\"" + options.battery + "\" ");
    return kFailed;
  }
  Json reply = {{"explanations", Json::array()}};
  for (const BatteryOnBus& battery : *batteries) {
    Json explanation = explanation_of(battery);
    if (options.json) {
      reply["explanations"].push_back(std::move(explanation));
    } else {
      print(explanation);
    }
  }
  if (options.json) fmt::print("{}\n", json_text(reply, 2));
  return kDone;
}

}  // namespace bmsd
