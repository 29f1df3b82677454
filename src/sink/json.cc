#include "sink/json.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace bmsd {
namespace {

using Json = nlohmann::json;

double rounded(double value, int decimals) {
  const double steps = std::pow(10.0, decimals);
  const double result = std::round(value * steps) / steps;
  return result == 0 ? 0 : result;  // no "-0.0"
}

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

void add_fields(const Battery& battery, const Presence& presence, Json& json) {
  Json quality = Json::object();
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Field field = field_at(i);
    const char* key = info(field).key;
    if (battery.value(field).quality == Quality::rejected) quality[key] = "rejected";
    if (battery.value(field).quality == Quality::unknown) quality[key] = "unknown";
    const bool momentary = field == Field::voltage || field == Field::current;
    if (momentary && !presence.measurements_valid) continue;
    if (const auto value = battery.get(field)) json[key] = number(info(field), *value);
  }
  json["quality"] = std::move(quality);

  const auto voltage = battery.get(Field::voltage);
  const auto current = battery.get(Field::current);
  if (voltage && current && presence.measurements_valid) json["power_w"] = rounded(*voltage * *current, 1);
  if (const auto temperature = battery.temperature()) json["temperature_c"] = rounded(*temperature, 1);
}

// What is published in the place of what the BMS says: of a sensor, counted, or corrected.
void add_published(const Measured& measured, Json& json) {
  const auto put = [&](const char* key, std::optional<double> value, int decimals) {
    if (value) json[key] = rounded(*value, decimals);
  };
  put(info(Field::current).key, measured.current, info(Field::current).decimals);
  put("power_w", measured.power, 1);
  put("mean_current_a", measured.mean_current, info(Field::current).decimals);
  put(info(Field::soc).key, measured.soc, info(Field::soc).decimals);
  put("soc_bms_percent", measured.soc_bms, info(Field::soc).decimals);
  if (measured.remaining_bms) {
    put(info(Field::capacity_remaining).key, measured.remaining, info(Field::capacity_remaining).decimals);
  }
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
               {"errors", std::move(errors)},
               {"rejected", view.battery.rejected()}};
  if (health.period > Duration(0)) json["period_s"] = rounded(seconds(health.period), 3);
  if (health.latency > Duration(0)) json["latency_ms"] = rounded(seconds(health.latency) * 1000, 1);
  if (health.last_good) json["age_s"] = rounded(seconds(now - *health.last_good), 3);
  if (!health.last_error.empty()) json["last_error"] = health.last_error;
  if (*view.battery.last_rule() != '\0') json["last_rejection"] = view.battery.last_rule();
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

Json battery_json(const BatteryView& view, Instant now) {
  Json json = Json::object();
  add_identity(view.identity, json);
  add_fields(view.battery, view.presence, json);
  add_published(view.outputs.measured, json);
  if (view.outputs.times.to_go) json["time_to_go_s"] = *view.outputs.times.to_go;
  add_lists(view.battery, json);
  add_alarms(view.battery, view.presence, json);
  json["limits"] = limits_json(view.limits);
  json["connection"] = connection_json(view, now);
  Json extras = Json::object();
  for (const auto& [key, value] : view.battery.extras()) extras[key] = extra_json(value);
  json["extras"] = std::move(extras);
  return json;
}

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bmsd
