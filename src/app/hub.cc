#include "app/hub.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/addresses.h"
#include "control/limits.h"

namespace bmsd {

void Hub::add_line(Line& line, LinePlace place) {
  int order = 1;
  for (const Place& other : places_)
    order += static_cast<int>(std::max<std::size_t>(1, other.line->plan().addresses.size()));
  places_.push_back({&line, std::move(place), order, {}});
}

void Hub::collect(Instant now) {
  for (Place& place : places_) {
    for (const LineEvent& event : place.line->take_events()) handle(place, event, now);
  }
}

void Hub::know_packs(Place& place) {
  for (std::size_t i = place.units.size(); i < place.line->pack_count(); ++i) {
    auto unit = std::make_unique<Unit>();
    unit->pack = &place.line->pack(i);
    Identity& identity = unit->identity;
    identity.port = place.names.port;
    identity.port_name = place.names.port_name;
    identity.address = unit->pack->address;
    identity.address_configured = place.names.addresses_configured;
    identity.id = identity.port_name;
    if (identity.address_configured) identity.id += " " + hex_address(identity.address);
    identity.protocol = unit->pack->protocol->name;
    identity.bms_type = unit->pack->protocol->bms_types.front();
    identity.order = place.first_order + static_cast<int>(i);
    place.units.push_back(std::move(unit));
  }
}

void Hub::handle(Place& place, const LineEvent& event, Instant now) {
  if (event.kind == LineEvent::found) return know_packs(place);
  if (event.kind == LineEvent::notice) {
    return log_(event.warning ? Level::warning : Level::info, fmt::format("{}: {}", place.names.port, event.text));
  }
  Unit& unit = *place.units[static_cast<std::size_t>(event.pack)];
  switch (event.kind) {
    case LineEvent::joined:
      return join(place, unit, now);
    case LineEvent::round_good:
      if (unit.published && unit.presence.lost_for >= 10s) {
        log_(Level::info, fmt::format("{}: answers again after {} s", unit.identity.id, unit.presence.lost_for / 1s));
      }
      unit.disconnect.round_good(now);
      break;
    default:
      unit.disconnect.round_failed(unit.pack->battery, config_, now);
      break;
  }
  if (!unit.published) return;
  evaluate(unit, now);
  tell(unit, now);
}

void Hub::join(Place& place, Unit& unit, Instant now) {
  const Battery& battery = unit.pack->battery;
  unit.identity.identities = battery.identities();
  if (unit.identity.identities.empty()) {
    unit.identity.identities.push_back(
        fmt::format("{}__{}", place.names.port_name, hex_address(unit.identity.address)));
  }
  unit.presence = unit.disconnect.presence(config_, now);
  unit.limits = first_limits(config_, battery, unit.presence, unit.pack->protocol->tells_fets);
  unit.published = true;
  log_(Level::info, fmt::format("{}: {} {} with {} cells", unit.identity.id, unit.identity.protocol,
                                unit.identity.identities.front(), battery.get(Field::cell_count).value_or(0)));
  for (Sink* sink : sinks_) sink->added(view(unit), now);
}

// What follows from the readings and the time; says whether it differs from before.
bool Hub::evaluate(Unit& unit, Instant now) {
  Presence presence = unit.disconnect.presence(config_, now);
  Limits limits = first_limits(config_, unit.pack->battery, presence, unit.pack->protocol->tells_fets);
  if (presence == unit.presence && limits == unit.limits) return false;
  if (presence.blocked && !unit.presence.blocked) {
    log_(Level::warning, fmt::format("{}: lost for {} s, charging and discharging are blocked (last error: {})",
                                     unit.identity.id, presence.lost_for / 1s, unit.pack->health.last_error));
  }
  unit.presence = std::move(presence);
  unit.limits = std::move(limits);
  return true;
}

void Hub::tell(const Unit& unit, Instant now) {
  for (Sink* sink : sinks_) sink->changed(view(unit), now);
}

// What a slow exchange said in between goes out with the next round: a message of its own would take the battery's one per second.
void Hub::tick(Instant now) {
  collect(now);
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      if (unit->published && evaluate(*unit, now)) tell(*unit, now);
    }
  }
}

BatteryView Hub::view(const Unit& unit) const {
  return {unit.identity, unit.pack->battery, unit.limits, unit.presence, unit.pack->health};
}

std::vector<BatteryView> Hub::views() const {
  std::vector<BatteryView> all;
  for (const Place& place : places_) {
    for (const auto& unit : place.units) {
      if (unit->published) all.push_back(view(*unit));
    }
  }
  return all;
}

std::vector<std::string> Hub::waiting() const {
  std::vector<std::string> silent;
  for (const Place& place : places_) {
    if (place.units.empty()) silent.push_back(fmt::format("{}: no BMS found yet", place.names.port));
    for (const auto& unit : place.units) {
      if (!unit->published)
        silent.push_back(
            fmt::format("{}: address {} does not answer", place.names.port, hex_address(unit->identity.address)));
    }
  }
  return silent;
}

void Hub::shut_down(Instant now) {
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      if (!unit->published) continue;
      for (Sink* sink : sinks_) sink->removed(unit->identity, now);
      unit->published = false;
    }
  }
}

}  // namespace bmsd
