#include "app/snapshot.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/battery_snapshot.h"
#include "protocol/registry.h"
#include "store/state_text.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

Error unusable(std::string detail) { return {Errc::config, "snapshot", 0, std::move(detail)}; }

// What can be any bytes.
Json text_json(const std::string& text) { return Json::binary(std::vector<std::uint8_t>(text.begin(), text.end())); }

std::string text_or_bytes(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_binary()) return {};
  const auto& bytes = json.get_binary();
  return {bytes.begin(), bytes.end()};
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::string() : text_or_bytes(*found);
}

int int_at(const Json& object, const char* key, int otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int>() : otherwise;
}

bool bool_at(const Json& object, const char* key, bool otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

// A; what cannot be a limit allows nothing, and comes back from there.
double current_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  const double current = found != object.end() && found->is_number() ? found->get<double>() : 0;
  return current >= 0 ? current : 0;
}

// The objects of an array; what is anything else is passed over.
std::vector<const Json*> objects_at(const Json& object, const char* key) {
  std::vector<const Json*> all;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return all;
  for (const Json& one : *found) {
    if (one.is_object()) all.push_back(&one);
  }
  return all;
}

Json pack_json(const InheritedPack& pack) {
  Json json = {{"protocol", pack.place.protocol->name},
               {"address", pack.place.address},
               {"health", health_snapshot(pack.health)}};
  if (pack.lost) json["lost"] = battery_snapshot(*pack.lost, *pack.place.protocol);
  return json;
}

std::optional<InheritedPack> pack_from(const Json& json, Instant now) {
  const Protocol* protocol = find_protocol(text_at(json, "protocol"));
  if (protocol == nullptr) return std::nullopt;
  InheritedPack pack;
  pack.place = {protocol, int_at(json, "address", -1)};
  if (const auto health = json.find("health"); health != json.end()) pack.health = health_from(*health, now);
  if (const auto lost = json.find("lost"); lost != json.end()) pack.lost = battery_from(*lost, *protocol, now);
  return pack;
}

Json port_json(const Snapshot::Port& port) {
  Json packs = Json::array();
  for (const InheritedPack& pack : port.packs) packs.push_back(pack_json(pack));
  return {{"name", text_json(port.name)},
          {"descriptor", port.descriptor},
          {"baud", port.baud},
          {"listens", port.listens},
          {"packs", packs}};
}

// All packs of a line or none: it would take a pack that is missing here for one that is not there.
Snapshot::Port port_from(const Json& json, Instant now) {
  Snapshot::Port port = {text_at(json, "name"), int_at(json, "descriptor", -1), int_at(json, "baud", 0),
                         bool_at(json, "listens", false)};
  for (const Json* pack : objects_at(json, "packs")) {
    auto known = pack_from(*pack, now);
    if (!known) {
      port.packs.clear();
      break;
    }
    port.packs.push_back(std::move(*known));
  }
  return port;
}

Json battery_json_of(const InheritedBattery& battery) {
  Json identities = Json::array();
  for (const std::string& identity : battery.identities) identities.push_back(text_json(identity));
  return {{"id", text_json(battery.id)},
          {"port", text_json(battery.port)},
          {"identities", identities},
          {"answers", battery.answers},
          {"lost_since_us", battery.answers ? Json() : instant_snapshot(battery.lost_since)},
          {"charge_limit_a", battery.charge},
          {"discharge_limit_a", battery.discharge}};
}

std::optional<InheritedBattery> battery_of(const Json& json, Instant now) {
  InheritedBattery battery;
  battery.id = text_at(json, "id");
  battery.port = text_at(json, "port");
  if (const auto identities = json.find("identities"); identities != json.end() && identities->is_array()) {
    for (const Json& identity : *identities) battery.identities.push_back(text_or_bytes(identity));
  }
  battery.answers = bool_at(json, "answers", true);
  battery.lost_since = instant_from(json, "lost_since_us", now).value_or(Instant{});
  battery.charge = current_at(json, "charge_limit_a");
  battery.discharge = current_at(json, "discharge_limit_a");
  if (battery.id.empty() || battery.identities.empty()) return std::nullopt;
  return battery;
}

Json lock_json(const Snapshot::Lock& lock) { return {{"path", text_json(lock.path)}, {"descriptor", lock.descriptor}}; }

Snapshot::Lock lock_from(const Json& json) { return {text_at(json, "path"), int_at(json, "descriptor", -1)}; }

State state_in(const Json& object, const char* key) {
  auto state = parse_state(text_at(object, key));
  return state ? std::move(*state) : State{};
}

// Null where it is none. The parser throws for lengths that cannot be, even when it is told not to.
Json json_of(const std::string& text) {
  try {
    return Json::from_cbor(text.begin(), text.end(), true, false);
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

std::string snapshot_text(const Snapshot& snapshot) {
  State control;  // Kept has one form of being written, and there it goes by a name
  Json json = {{"format", kSnapshotFormat},
               {"guardian", snapshot.guardian},
               {"ports", Json::array()},
               {"batteries", Json::array()},
               {"instance_locks", Json::array()},
               {"state", text_json(state_text(snapshot.state))},
               {"state_lock", lock_json(snapshot.state_lock)},
               {"control_socket", snapshot.control_socket}};
  for (const Snapshot::Port& port : snapshot.ports) json["ports"].push_back(port_json(port));
  for (const InheritedBattery& battery : snapshot.batteries) {
    json["batteries"].push_back(battery_json_of(battery));
    control.batteries[battery.id] = battery.kept;
  }
  for (const Snapshot::Lock& lock : snapshot.instance_locks) json["instance_locks"].push_back(lock_json(lock));
  json["control"] = text_json(state_text(control));
  const std::vector<std::uint8_t> bytes = Json::to_cbor(json);  // JSON as bytes: texts may be any
  return {bytes.begin(), bytes.end()};
}

Result<Snapshot> parse_snapshot(const std::string& text, Instant now) {
  const Json json = json_of(text);
  if (!json.is_object()) return unusable("what the running bmsd hands over cannot be read");
  if (int_at(json, "format", 0) != kSnapshotFormat)
    return unusable("the running bmsd hands over in a form that this version does not know; stop it and start anew");
  Snapshot snapshot;
  snapshot.guardian = int_at(json, "guardian", 0);
  for (const Json* port : objects_at(json, "ports")) snapshot.ports.push_back(port_from(*port, now));
  const State control = state_in(json, "control");
  for (const Json* one : objects_at(json, "batteries")) {
    auto battery = battery_of(*one, now);
    if (!battery) continue;
    if (const auto kept = control.batteries.find(battery->id); kept != control.batteries.end())
      battery->kept = kept->second;
    snapshot.batteries.push_back(std::move(*battery));
  }
  snapshot.state = state_in(json, "state");
  if (const auto lock = json.find("state_lock"); lock != json.end() && lock->is_object())
    snapshot.state_lock = lock_from(*lock);
  for (const Json* lock : objects_at(json, "instance_locks")) snapshot.instance_locks.push_back(lock_from(*lock));
  snapshot.control_socket = int_at(json, "control_socket", -1);
  return snapshot;
}

}  // namespace bmsd
