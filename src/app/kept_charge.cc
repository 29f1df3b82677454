#include "app/kept_charge.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

namespace bmsd {

namespace {

KeptCharge kept_charge(const Kept& kept) {
  KeptCharge charge;
  charge.may_reach_max = kept.allow_max_voltage != 0;
  charge.soc_reset_last_reached = kept.soc_reset_last_reached;
  const std::string& text = kept.max_voltage_start_time;  // the old driver may have written a fraction
  std::int64_t began = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), began);
  const bool whole = read.ec == std::errc() && (read.ptr == text.data() + text.size() || *read.ptr == '.');
  if (whole && began > 0) charge.full_since = began;
  return charge;
}

using Real = std::optional<double> HistoryValues::*;
using Whole = std::optional<std::int64_t> HistoryValues::*;
struct HistoryKey {
  const char* name;
  std::variant<Real, Whole> value;
};

// Names as systems have them already; "discharges" is new. The time since the last full charge follows from its date.
using H = HistoryValues;
constexpr std::array<HistoryKey, 19> kHistoryKeys = {{
    {"deepest_discharge", &H::deepest_discharge},
    {"last_discharge", &H::last_discharge},
    {"average_discharge", &H::average_discharge},
    {"total_ah_drawn", &H::total_ah_drawn},
    {"charge_cycles", &H::charge_cycles},
    {"full_discharges", &H::full_discharges},
    {"discharges", &H::discharges},
    {"timestamp_last_full_charge", &H::timestamp_last_full_charge},
    {"automatic_syncs", &H::automatic_syncs},
    {"minimum_voltage", &H::minimum_voltage},
    {"maximum_voltage", &H::maximum_voltage},
    {"minimum_cell_voltage", &H::minimum_cell_voltage},
    {"maximum_cell_voltage", &H::maximum_cell_voltage},
    {"low_voltage_alarms", &H::low_voltage_alarms},
    {"high_voltage_alarms", &H::high_voltage_alarms},
    {"minimum_temperature", &H::minimum_temperature},
    {"maximum_temperature", &H::maximum_temperature},
    {"discharged_energy", &H::discharged_energy},
    {"charged_energy", &H::charged_energy},
}};
constexpr double kMostKept = 1e12;                   // of anything here
constexpr std::int64_t kClockIsSet = 1'577'836'800;  // 2020

bool may_be_negative(const char* name) { return std::string_view(name).ends_with("_temperature"); }

// Python writes these words, which JSON does not have: one of them must not cost all the others.
std::string without_what_is_no_number(std::string json) {
  for (const std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
    for (auto at = json.find(word); at != std::string::npos; at = json.find(word))
      json.replace(at, word.size(), "null");
  }
  return json;
}

std::optional<double> percent_of(const std::string& text) {
  double percent = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole && percent >= 0 && percent <= 100 ? std::optional(percent) : std::nullopt;
}

}  // namespace

HistoryValues history_values(const std::string& json) {
  HistoryValues values;
  const auto object = nlohmann::json::parse(without_what_is_no_number(json), nullptr, false);
  if (!object.is_object()) return values;
  for (const HistoryKey& key : kHistoryKeys) {
    const auto found = object.find(key.name);
    if (found == object.end() || !found->is_number()) continue;
    double number = found->get<double>();
    if (!(std::abs(number) < kMostKept)) continue;
    if (!may_be_negative(key.name)) number = std::abs(number);
    if (const Real* real = std::get_if<Real>(&key.value)) {
      values.*(*real) = number;
    } else {
      values.*std::get<Whole>(key.value) = std::llround(number);
    }
  }
  // 0 is "never" for the old driver, and a clock that was not set wrote the first days of 1970.
  if (values.timestamp_last_full_charge < kClockIsSet) values.timestamp_last_full_charge.reset();
  return values;
}

std::string history_text(const HistoryValues& values) {
  auto object = nlohmann::ordered_json::object();
  for (const HistoryKey& key : kHistoryKeys) {
    if (const Real* real = std::get_if<Real>(&key.value)) {
      if (const auto& value = values.*(*real)) object[key.name] = std::round(*value * 1e6) / 1e6;
    } else if (const auto& value = values.*std::get<Whole>(key.value)) {
      object[key.name] = *value;
    }
  }
  return object.dump();
}

KeptControl kept_control(const Kept& kept) {
  KeptControl control;
  control.charge = kept_charge(kept);
  control.soc_calc = percent_of(kept.soc_calc);
  control.history = history_values(kept.history_values);
  return control;
}

void keep(const KeptControl& control, Kept& kept) {
  const KeptCharge& charge = control.charge;
  kept.allow_max_voltage = charge.may_reach_max ? 1 : 0;
  kept.soc_reset_last_reached = charge.soc_reset_last_reached;
  if (control.soc_calc) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%.3f", *control.soc_calc);
    kept.soc_calc = text.data();
  }
  if (!(control.history == HistoryValues())) kept.history_values = history_text(control.history);
  kept.max_voltage_start_time = charge.full_since ? std::to_string(*charge.full_since) : std::string();
}

}  // namespace bmsd
