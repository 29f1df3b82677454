// Batteries from one process to the next (docs/restart.md).
#include <algorithm>
#include <utility>

#include "app/hub.h"
#include "app/kept_charge.h"

namespace bmsd {

std::vector<InheritedBattery> Hub::hand_over(Instant now) const {
  std::map<std::string, Kept> all_kept;
  for (auto& [id, kept] : kept(true)) all_kept[id] = std::move(kept);
  std::vector<InheritedBattery> all;
  for (const Place& place : places_) {
    for (const auto& unit : place.units) {
      if (!unit->published) continue;
      const ControlOutputs& outputs = unit->control.outputs();
      InheritedBattery& one = all.emplace_back();
      one.id = unit->identity.id;
      one.port = unit->identity.port;
      one.identities = unit->identity.identities;
      one.answers = unit->pack->answers();
      one.lost_since = now - outputs.presence.lost_for;
      one.charge = outputs.limits.charge.value;
      one.discharge = outputs.limits.discharge.value;
      one.kept = all_kept[one.id];
    }
  }
  return all;
}

void Hub::rounds_end(Instant now) {
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      if (unit->published) unit->control.round_failed(unit->pack->battery, unit->config.control, now);
    }
  }
}

void Hub::inherit(std::vector<InheritedBattery> batteries, Instant now) {
  collect(now);  // the lines have found packs
  for (InheritedBattery& battery : batteries) {
    const std::string id = battery.id;
    inherited_.insert_or_assign(id, std::move(battery));
  }
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      const auto found = inherited_.find(unit->identity.id);
      if (unit->published || found == inherited_.end() || found->second.answers) continue;
      unit->identity.identities = found->second.identities;
      publish(*unit, now);
    }
  }
}

// Limits come back from where they were, and a loss began when it began. What was kept of another BMS, in the place of one
// that was exchanged meanwhile, is not this one's.
void Hub::take_over(Unit& unit, Instant now) {
  const auto found = inherited_.find(unit.identity.id);
  if (found == inherited_.end()) return;
  const InheritedBattery battery = std::move(inherited_.extract(found).mapped());
  if (battery.identities.front() != unit.identity.identities.front()) return;
  unit.kept = battery.kept;
  unit.control.restore(kept_control(battery.kept));
  const Instant last_round = battery.answers ? now : battery.lost_since;
  unit.control.resume(battery.charge, battery.discharge, last_round);
  if (battery.answers) return;
  // Its last round once more: what stays as it is while a pack is lost has to have been something before.
  unit.control.evaluate(unit.config.control, unit.pack->battery, unit.surroundings, unit.pack->protocol->tells_fets,
                        wall_at(last_round), last_round);
  for (int round = 0; round < 2; ++round)  // two make it a loss, however long it lasts
    unit.control.round_failed(unit.pack->battery, unit.config.control, last_round);
}

std::vector<std::string> Hub::missing() const {
  std::vector<std::string> ids;
  for (const auto& [id, battery] : inherited_) {
    const auto on_its_port = [&port = battery.port](const Place& place) { return place.names.port == port; };
    const auto place = std::find_if(places_.begin(), places_.end(), on_its_port);
    if (place == places_.end()) continue;  // the configuration has no such port any more
    const bool known = std::any_of(place->units.begin(), place->units.end(),
                                   [&id = id](const auto& unit) { return unit->identity.id == id; });
    if (known || place->units.empty()) ids.push_back(id);  // or no such address
  }
  return ids;
}

}  // namespace bmsd
