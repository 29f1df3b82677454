#include "sink/json.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <variant>

#include "sink/explanation_json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

Json number(const FieldInfo& field, double value) {
  if (field.quantity == Quantity::flag) return value != 0;
  if (field.decimals == 0) return std::llround(value);
  return rounded(value, field.decimals);
}

Json list(const FieldInfo& field, const std::vector<double>& values) {
  Json json = Json::array();
  for (const double value : values) json.push_back(number(field, value));
  return json;
}

void add_identity(const Identity& identity, Json& json) {
  json["id"] = identity.id;
  json["port"] = identity.port;
  if (identity.address >= 0) json["address"] = identity.address;
  json["protocol"] = identity.protocol;
  json["bms_type"] = identity.bms_type;
  if (!identity.identities.empty()) json["identity"] = identity.identities.front();
}

// What is published of a field: charge control may know it better than the BMS.
std::optional<double> published(const BatteryView& view, Field field) {
  const Measured& measured = view.outputs.measured;
  switch (field) {
    case Field::voltage:
      return measured.voltage;
    case Field::current:
      return measured.current;
    case Field::soc:
      return measured.soc;
    case Field::capacity_remaining:
      return measured.remaining;
    default:
      return view.battery.get(field);
  }
}

void add(Json& json, const char* key, std::optional<std::int64_t> value) {
  if (value) json[key] = *value;
}
void add(Json& json, const char* key, std::optional<bool> value) {
  if (value) json[key] = *value;
}

void add_fields(const BatteryView& view, Json& json) {
  const Battery& battery = view.battery;
  Json quality = Json::object();
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Field field = field_at(i);
    const char* key = info(field).key;
    if (battery.value(field).quality == Quality::rejected) quality[key] = "rejected";
    if (battery.value(field).quality == Quality::held) quality[key] = "held";
    if (battery.value(field).quality == Quality::unknown) quality[key] = "unknown";
    if (const auto value = published(view, field)) json[key] = number(info(field), *value);
  }
  if (battery.pending().cell_voltages()) quality[kCellVoltages.key] = "held";
  if (battery.pending().cell_temperatures()) quality[kCellTemperatures.key] = "held";
  json["quality"] = std::move(quality);
  add_rounded(json, "temperature_c", battery.temperature(), 1);
}

const char* soc_source(const BatteryView& view) {
  if (view.outputs.hides_low_soc) return "counted";
  return view.outputs.measured.soc == view.battery.get(Field::soc) ? "bms" : "sensor";
}

// What charge control makes of what the BMS says, or knows besides.
void add_measured(const BatteryView& view, Json& json) {
  const Measured& measured = view.outputs.measured;
  add_rounded(json, "power_w", measured.power, 1);
  add_rounded(json, "mean_current_a", measured.mean_current, 2);
  const auto said = view.battery.get(Field::current);
  const bool corrected = said && measured.current && std::abs(*said - *measured.current) >= 0.005;
  if (corrected) json["current_bms_a"] = rounded(*said, 2);
  add_rounded(json, "consumed_ah", measured.consumed, 2);
  add_rounded(json, "soc_bms_percent", measured.soc_bms, 2);
  add_rounded(json, "capacity_remaining_bms_ah", measured.remaining_bms, 2);
  add_rounded(json, "consumed_bms_ah", measured.consumed_bms, 2);
  if (measured.soc) json["soc_source"] = soc_source(view);
  add(json, "balancing_allowed", view.outputs.balancer_may);
  add(json, "heating", view.outputs.heating);
}

void add_times(const TimesToGo& times, Json& json) {
  add(json, "time_to_go_s", times.to_go);
  if (times.to_soc.empty()) return;
  Json list = Json::array();
  for (const TimesToGo::Point& point : times.to_soc) {
    Json& entry = list.emplace_back(Json{{"soc_percent", point.percent}});
    add(entry, "time_s", point.seconds);
  }
  json["times_to_soc"] = std::move(list);
}

Json history_json(const HistoryValues& history) {
  Json json = Json::object();
  add_rounded(json, "deepest_discharge_ah", history.deepest_discharge, 1);
  add_rounded(json, "last_discharge_ah", history.last_discharge, 1);
  add_rounded(json, "average_discharge_ah", history.average_discharge, 1);
  add_rounded(json, "total_drawn_ah", history.total_ah_drawn, 1);
  add_rounded(json, "charge_cycles", history.charge_cycles, 1);
  add(json, "full_discharges", history.full_discharges);
  add(json, "last_full_charge", history.timestamp_last_full_charge);
  add(json, "time_since_last_full_charge_s", history.time_since_last_full_charge);
  add(json, "automatic_syncs", history.automatic_syncs);
  add(json, "low_voltage_alarms", history.low_voltage_alarms);
  add(json, "high_voltage_alarms", history.high_voltage_alarms);
  add_rounded(json, "minimum_voltage_v", history.minimum_voltage, 2);
  add_rounded(json, "maximum_voltage_v", history.maximum_voltage, 2);
  add_rounded(json, "minimum_cell_voltage_v", history.minimum_cell_voltage, 3);
  add_rounded(json, "maximum_cell_voltage_v", history.maximum_cell_voltage, 3);
  add_rounded(json, "minimum_temperature_c", history.minimum_temperature, 1);
  add_rounded(json, "maximum_temperature_c", history.maximum_temperature, 1);
  add_rounded(json, "discharged_energy_kwh", history.discharged_energy, 2);
  add_rounded(json, "charged_energy_kwh", history.charged_energy, 2);
  return json;
}

void add_lists(const Battery& battery, Json& json) {
  if (battery.cell_voltages()) json[kCellVoltages.key] = list(kCellVoltages, *battery.cell_voltages());
  if (battery.cell_temperatures()) json[kCellTemperatures.key] = list(kCellTemperatures, *battery.cell_temperatures());
  if (const auto& set = battery.balancing_cells()) {
    Json cells = Json::array();
    for (std::size_t i = 0; i < kMaxCells; ++i) {
      if (set->test(i)) cells.push_back(i + 1);
    }
    json[kBalancingCells] = std::move(cells);
  }
  for (std::size_t i = 0; i < kTextCount; ++i) {
    const Text text = static_cast<Text>(i);
    if (!battery.text(text).empty()) json[info(text).key] = battery.text(text);
  }
}

void add_alarms(const Battery& battery, const Presence& presence, Json& json) {
  json["alarms"] = battery.alarms().names;
  Json levels = Json::object();
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const Alarm alarm = static_cast<Alarm>(i);
    Severity severity = battery.alarms().of(alarm);
    if (alarm == Alarm::bms_cable) severity = std::max(severity, presence.cable_alarm);
    if (severity != Severity::unsupported) levels[std::string(key_of(alarm))] = static_cast<int>(severity);
  }
  json["alarm_levels"] = std::move(levels);
}

Json limits_json(const Limits& limits) {
  Json json = {{"ccl_a", rounded(limits.charge.value, 3)}, {"dcl_a", rounded(limits.discharge.value, 3)},
               {"charge_reason", limits.charge.reason},    {"discharge_reason", limits.discharge.reason},
               {"allow_to_charge", limits.charge.allowed}, {"allow_to_discharge", limits.discharge.allowed},
               {"charge_mode", limits.charge_mode}};
  if (limits.cvl) json["cvl_v"] = rounded(*limits.cvl, 2);
  if (limits.low_voltage) json["low_voltage_v"] = rounded(*limits.low_voltage, 2);
  if (limits.max_charge_cell_voltage) json["max_charge_cell_voltage_v"] = rounded(*limits.max_charge_cell_voltage, 3);
  return json;
}

const char* state_of(const Presence& presence) {
  if (presence.blocked) return "blocked";
  return presence.lost_for > Duration(0) ? "lost" : "connected";
}

// What was not believed at once, by field and rule.
Json odd_values(const Battery& battery, Instant now) {
  Json list = Json::array();
  for (const Oddity& odd : battery.oddities()) {
    Json one = {{"field", odd.key}, {"rule", odd.rule}, {"age_s", rounded(seconds(now - odd.at), 1)}};
    if (odd.held > 0) one["held"] = odd.held;
    if (odd.rejected > 0) one["rejected"] = odd.rejected;
    if (odd.last && std::isfinite(*odd.last)) one["last"] = rounded(*odd.last, 3);
    list.push_back(std::move(one));
  }
  return list;
}

Json connection_json(const BatteryView& view, Instant now) {
  const LinkHealth& health = view.health;
  Json errors = Json::object();
  for (std::size_t i = 0; i < health.errors_by_code.size(); ++i) {
    if (health.errors_by_code.at(i) > 0) {
      errors[std::string(to_string(static_cast<Errc>(i)))] = health.errors_by_code.at(i);
    }
  }
  Json json = {{"state", state_of(view.presence)},
               {"text", view.presence.text},
               {"lost_for_s", rounded(seconds(view.presence.lost_for), 1)},
               {"rounds", health.rounds},
               {"failed_rounds", health.failed_rounds},
               {"exchanges", health.exchanges},
               {"retries", health.retries},
               {"late_replies", health.late_replies},
               {"second_answers", health.second_answers},
               {"errors", std::move(errors)},
               {"rejected", view.battery.rejected()},
               {"held", view.battery.held()}};
  if (health.period > Duration(0)) json["period_s"] = rounded(seconds(health.period), 3);
  if (health.latency > Duration(0)) json["latency_ms"] = rounded(seconds(health.latency) * 1000, 1);
  if (health.last_good) json["age_s"] = rounded(seconds(now - *health.last_good), 3);
  if (!health.last_error.empty()) json["last_error"] = health.last_error;
  if (*view.battery.last_rule() != '\0') json["last_rejection"] = view.battery.last_rule();
  if (!view.battery.oddities().empty()) json["odd"] = odd_values(view.battery, now);
  return json;
}

// Raw words and counts are whole numbers, and look like it.
Json extra_number(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value == std::trunc(value) && std::abs(value) < kExact) return static_cast<std::int64_t>(value);
  return value;
}

Json extra_json(const ExtraValue& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  if (const auto* real = std::get_if<double>(&value)) return extra_number(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
    Json list = Json::array();
    for (const double real : *reals) list.push_back(extra_number(real));
    return list;
  }
  if (const auto* truths = std::get_if<std::vector<bool>>(&value)) return *truths;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return *texts;
  if (const auto* numbers = std::get_if<std::map<std::string, double>>(&value)) {
    Json object = Json::object();
    for (const auto& [key, real] : *numbers) object[key] = extra_number(real);
    return object;
  }
  if (const auto* records = std::get_if<std::vector<ExtraRecord>>(&value)) {
    Json list = Json::array();
    for (const ExtraRecord& record : *records) {
      Json& object = list.emplace_back(Json::object());
      for (const auto& [key, item] : record.values) object[key] = extra_json(item);
    }
    return list;
  }
  return nullptr;
}

}  // namespace

double rounded(double value, int decimals) {
  const double steps = std::pow(10.0, decimals);
  const double result = std::round(value * steps) / steps;
  return result == 0 ? 0 : result;  // no "-0.0"
}

void add_rounded(Json& json, const char* key, const std::optional<double>& value, int decimals) {
  if (value) json[key] = rounded(*value, decimals);
}

Json battery_json(const BatteryView& view, Instant now) {
  Json json = Json::object();
  add_identity(view.identity, json);
  add_fields(view, json);
  add_measured(view, json);
  add_times(view.outputs.times, json);
  add_lists(view.battery, json);
  add_alarms(view.battery, view.presence, json);
  json["limits"] = limits_json(view.limits);
  json["limits"]["explanation"] = explanation_json(explain(view.control, view.limits, now));
  json["history"] = history_json(view.outputs.history);
  json["connection"] = connection_json(view, now);
  Json extras = Json::object();
  for (const auto& [key, value] : view.battery.extras()) extras[key] = extra_json(value);
  json["extras"] = std::move(extras);
  return json;
}

bool nested_too_deep(std::string_view text) {
  constexpr int kDeepest = 64;
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

nlohmann::json parse_json(std::string_view text) {
  if (nested_too_deep(text)) return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(text, nullptr, false);
}

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bmsd
