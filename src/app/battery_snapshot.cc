#include "app/battery_snapshot.h"

#include <algorithm>
#include <map>
#include <utility>

namespace bmsd {
namespace {

using Json = nlohmann::json;

const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text_of(const Json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }

template <typename Number>
Number number_from(const Json& json) {
  return json.is_number() ? json.get<Number>() : Number{};
}

std::string exchange_name(const Protocol& protocol, std::uint8_t exchange) {
  return exchange < protocol.exchanges.size() ? std::string(protocol.exchanges[exchange].name) : std::string();
}

Json alarms_json(const Alarms& alarms) {
  Json levels = Json::object();
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const Alarm alarm = static_cast<Alarm>(i);
    if (alarms.of(alarm) != Severity::unsupported)
      levels[std::string(key_of(alarm))] = static_cast<int>(alarms.of(alarm));
  }
  return {{"levels", levels}, {"names", alarms.names}, {"blocks", alarms.blocks}};
}

Alarms alarms_from_json(const Json& json, const Protocol& protocol) {
  Alarms alarms;
  const Json& levels = member(json, "levels");
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const Json& level = member(levels, std::string(key_of(static_cast<Alarm>(i))).c_str());
    if (!level.is_number_integer()) continue;
    alarms.level.at(i) = static_cast<Severity>(std::clamp(level.get<int>(), -1, 2));
  }
  // Names are the protocol's own texts: one that it does not have any more has nobody to show it.
  for (const Json& name : member(json, "names")) {
    for (const AlarmBit& bit : protocol.alarm_bits) {
      const bool known = std::find(alarms.names.begin(), alarms.names.end(), bit.name) != alarms.names.end();
      if (!known && text_of(name) == bit.name) alarms.names.push_back(bit.name);
    }
  }
  alarms.blocks = static_cast<std::uint8_t>(number_from<unsigned>(member(json, "blocks")) & 3U);
  return alarms;
}

std::optional<std::vector<double>> numbers_of(const Json& json) {
  if (!json.is_array() || json.size() > kMaxCells) return std::nullopt;
  std::vector<double> numbers;
  for (const Json& number : json) {
    if (!number.is_number()) return std::nullopt;
    numbers.push_back(number.get<double>());
  }
  return numbers;
}

// The replies that a battery was made of: what one exchange said at one instant.
using Replies = std::map<std::pair<Instant, std::uint8_t>, Reading>;

Replies replies_of(const Json& json, const Protocol& protocol, Instant now) {
  Replies replies;
  for (const Json& value : member(json, "values")) {
    const auto field = field_of(text_of(member(value, "field")));
    const auto at = instant_from(value, "at_us", now);
    const int exchange = exchange_index(protocol, text_of(member(value, "exchange")));
    if (!field || !at || exchange < 0) continue;
    Reading& reading = replies[{*at, static_cast<std::uint8_t>(exchange)}];
    const Json& number = member(value, "value");
    if (number.is_number()) {
      reading.set(*field, number.get<double>());
    } else {
      reading.set_unknown(*field);
    }
  }
  return replies;
}

}  // namespace

Json instant_snapshot(std::optional<Instant> instant) {
  return instant ? Json(instant->time_since_epoch().count()) : Json();
}

std::optional<Instant> instant_from(const Json& object, const char* key, Instant now) {
  const Json& json = member(object, key);
  if (!json.is_number_integer()) return std::nullopt;
  const Instant instant{Duration(json.get<std::int64_t>())};
  if (instant > now || instant < Instant{}) return std::nullopt;
  return instant;
}

Json battery_snapshot(const Battery& battery, const Protocol& protocol) {
  Json json = {{"values", Json::array()}, {"alarms", Json::object()}, {"texts", Json::object()}};
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Field field = field_at(i);
    const Value& value = battery.value(field);
    if (value.quality == Quality::never) continue;
    const auto believed = battery.get(field);
    json["values"].push_back({{"field", info(field).key},
                              {"value", believed ? Json(*believed) : Json()},
                              {"at_us", instant_snapshot(value.at)},
                              {"exchange", exchange_name(protocol, value.source)}});
  }
  if (const auto& cells = battery.cell_voltages())
    json["cell_voltages"] = {{"value", *cells}, {"at_us", instant_snapshot(battery.cell_voltages_at())}};
  if (const auto& sensors = battery.cell_temperatures())
    json["cell_temperatures"] = {{"value", *sensors}, {"at_us", instant_snapshot(battery.cell_temperatures_at())}};
  if (battery.balancing_cells()) json["balancing_cells"] = battery.balancing_cells()->to_string();
  for (std::size_t i = 0; i < protocol.exchanges.size(); ++i) {
    const Battery::SaidAlarms* said = battery.alarms_of(static_cast<std::uint8_t>(i));
    if (said == nullptr) continue;
    Json& alarms = json["alarms"][std::string(protocol.exchanges[i].name)];
    alarms = alarms_json(said->alarms);
    alarms["at_us"] = instant_snapshot(said->at);
  }
  for (std::size_t i = 0; i < kTextCount; ++i) {
    const std::string& text = battery.text(static_cast<Text>(i));
    if (!text.empty()) json["texts"][info(static_cast<Text>(i)).key] = text;
  }
  json["identities"] = battery.identities();
  return json;
}

Battery battery_from(const Json& json, const Protocol& protocol, Instant now) {
  Battery battery;
  for (const auto& [said, reading] : replies_of(json, protocol, now))
    (void)battery.merge(reading, said.second, said.first);
  const auto merge_list = [&](const char* key, std::optional<std::vector<double>> Reading::*list) {
    const Json& said = member(json, key);
    const auto at = instant_from(said, "at_us", now);
    Reading reading;
    reading.*list = numbers_of(member(said, "value"));
    if (at) (void)battery.merge(reading, 0, *at);
  };
  merge_list("cell_voltages", &Reading::cell_voltages);
  merge_list("cell_temperatures", &Reading::cell_temperatures);
  for (std::size_t i = 0; i < protocol.exchanges.size(); ++i) {
    const Json& said = member(member(json, "alarms"), std::string(protocol.exchanges[i].name).c_str());
    const auto at = instant_from(said, "at_us", now);
    if (!at) continue;
    Reading reading;
    reading.alarms = alarms_from_json(said, protocol);
    (void)battery.merge(reading, static_cast<std::uint8_t>(i), *at);
  }
  Reading texts;  // what has no time
  const std::string balancing = text_of(member(json, "balancing_cells"));
  if (balancing.size() == kMaxCells && balancing.find_first_not_of("01") == std::string::npos)
    texts.balancing_cells = CellSet(balancing);
  for (std::size_t i = 0; i < kTextCount; ++i) {
    const Text text = static_cast<Text>(i);
    if (const std::string said = text_of(member(member(json, "texts"), info(text).key)); !said.empty())
      texts.texts.emplace_back(text, said);
  }
  for (const Json& identity : member(json, "identities")) {
    if (identity.is_string()) texts.identities.push_back(identity.get<std::string>());
  }
  (void)battery.merge(texts, 0, Instant{});
  return battery;
}

Json health_snapshot(const LinkHealth& health) {
  Json errors = Json::object();
  for (std::size_t i = 0; i < health.errors_by_code.size(); ++i)
    errors[std::string(to_string(static_cast<Errc>(i)))] = health.errors_by_code.at(i);
  return {{"rounds", health.rounds},
          {"failed_rounds", health.failed_rounds},
          {"errors", errors},
          {"period_us", health.period.count()},
          {"latency_us", health.latency.count()},
          {"last_good_us", instant_snapshot(health.last_good)},
          {"last_error", health.last_error}};
}

LinkHealth health_from(const Json& json, Instant now) {
  LinkHealth health;
  health.rounds = number_from<std::uint64_t>(member(json, "rounds"));
  health.failed_rounds = number_from<std::uint64_t>(member(json, "failed_rounds"));
  const Json& errors = member(json, "errors");
  for (std::size_t i = 0; i < health.errors_by_code.size(); ++i)
    health.errors_by_code.at(i) =
        number_from<std::uint64_t>(member(errors, std::string(to_string(static_cast<Errc>(i))).c_str()));
  health.period = Duration(number_from<std::int64_t>(member(json, "period_us")));
  health.latency = Duration(number_from<std::int64_t>(member(json, "latency_us")));
  health.last_good = instant_from(json, "last_good_us", now);
  health.last_error = text_of(member(json, "last_error"));
  return health;
}

}  // namespace bmsd
