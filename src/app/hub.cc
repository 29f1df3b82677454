#include "app/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/addresses.h"
#include "app/config_source.h"
#include "app/kept_charge.h"
#include "base/bytes.h"

namespace bmsd {
namespace {

constexpr Duration kMissingAfter = 20s;
constexpr int kSocResetTries = 4;
constexpr Duration kSocResetAgain = 60s;
constexpr std::size_t kOverheardAtMost = 16;  // packs for which a line that only listens keeps numbers

}  // namespace

void Hub::add_line(Line& line, LinePlace place) {
  int order = 1;
  for (const Place& other : places_)
    order += static_cast<int>(std::max({other.line->plan().listen ? kOverheardAtMost : 1,
                                        other.line->plan().addresses.size(), other.line->plan().packs.size()}));
  places_.push_back({&line, std::move(place), order, {}});
}

void Hub::set_time(WallTime wall, Instant now) { time_ = {wall, now}; }

WallTime Hub::wall_at(Instant now) const {
  if (!time_) return {};
  return {time_->wall.seconds + std::chrono::duration_cast<std::chrono::seconds>(now - time_->at).count()};
}

void Hub::restore(std::string_view id, const Kept& kept) {
  Unit* unit = find(id);
  if (unit == nullptr) return;
  unit->kept = kept;
  unit->control.restore(kept_control(kept));
}

std::vector<std::pair<std::string, Kept>> Hub::kept(bool at_the_end) const {
  std::vector<std::pair<std::string, Kept>> all;
  for (const Place& place : places_) {
    for (const auto& unit : place.units) {
      if (!unit->published) continue;
      Kept& kept = all.emplace_back(unit->identity.id, unit->kept).second;
      keep(at_the_end ? unit->control.kept_at_the_end() : unit->control.kept(), kept);
      // One that is not counted any more would be an old one when it is counted again.
      if (!unit->config.control.soc.counted) kept.soc_calc.clear();
    }
  }
  return all;
}

void Hub::collect(Instant now) {
  for (Place& place : places_) {
    for (const LineEvent& event : place.line->take_events()) handle(place, event, now);
  }
}

void Hub::know_packs(Place& place, Instant now) {
  for (std::size_t i = place.units.size(); i < place.line->pack_count(); ++i) {
    auto unit = std::make_unique<Unit>();
    unit->pack = &place.line->pack(i);
    unit->known_since = now;
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
  resolve();
  if (!place.names.addresses_configured) suggest_addresses(place);
}

// `run` looks for no more than one pack where nobody said that there are several.
void Hub::suggest_addresses(const Place& place) {
  for (const auto& unit : place.units) {
    log_(Level::info,
         fmt::format(
             "{}: reads the pack at address {}; several packs on this line want BATTERY_ADDRESSES = {}, ... in the "
             "configuration (bmsd scan finds them)",
             place.names.port, hex_address(unit->identity.address), hex_address(unit->identity.address)));
  }
}

void Hub::handle(Place& place, const LineEvent& event, Instant now) {
  if (event.kind == LineEvent::found) return know_packs(place, now);
  if (event.kind == LineEvent::notice) {
    return log_(event.warning ? Level::warning : Level::info, fmt::format("{}: {}", place.names.port, event.text));
  }
  Unit& unit = *place.units[static_cast<std::size_t>(event.pack)];
  switch (event.kind) {
    case LineEvent::joined:
      return join(place, unit, now);
    case LineEvent::changed:
      return changed(unit, event, now);
    case LineEvent::round_good:
      if (unit.published && unit.control.outputs().presence.lost_for >= 10s) {
        log_(Level::info, fmt::format("{}: answers again after {} s", unit.identity.id,
                                      unit.control.outputs().presence.lost_for / 1s));
      }
      unit.control.round_good(now);
      break;
    default:
      unit.control.round_failed(unit.pack->battery, unit.config.control, now);
      break;
  }
  if (unit.published) evaluate_and_tell(unit, now);
}

void Hub::join(Place& place, Unit& unit, Instant now) {
  if (!place.names.port_is_identity) unit.identity.identities = unit.pack->battery.identities();
  if (unit.identity.identities.empty()) {
    const int address = unit.identity.address < 0 ? 1 : unit.identity.address;
    unit.identity.identities.push_back(fmt::format("{}__{}", place.names.port_name, hex_address(address)));
  }
  publish(unit, now);
}

void Hub::publish(Unit& unit, Instant now) {
  resolve();
  take_over(unit, now);
  refresh(unit, now);
  unit.published = true;
  log_(Level::info,
       fmt::format("{}: {} {} with {} cells", unit.identity.id, unit.identity.protocol,
                   unit.identity.identities.front(), unit.pack->battery.get(Field::cell_count).value_or(0)));
  for (Sink* sink : sinks_) sink->added(view(unit), now);
}

bool Hub::configure(Config config, ConfigState state, Instant now) {
  config_ = std::move(config);
  state_ = state;
  told_.clear();
  const bool at_once = resolve();
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      if (unit->published) evaluate_and_tell(*unit, now);
    }
  }
  return at_once;
}

// A battery may get or lose a section when another one becomes known: "ABC123" is no longer the beginning of one
// identity only. What that changes is told with the battery's next round.
bool Hub::resolve() {
  std::vector<BatteryName> names;
  std::vector<Unit*> units;
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      names.push_back({place.names.port, place.names.port_name, unit->identity.address, unit->identity.identities});
      units.push_back(unit.get());
    }
  }
  std::vector<Finding> findings;
  std::vector<BatteryConfig> configs = config_.batteries(names, &findings);
  for (const Finding& finding : findings) {
    if (std::string text = describe(finding, "configuration"); told_.insert(text).second) log_(Level::error, text);
  }
  bool at_once = true;
  for (std::size_t i = 0; i < units.size(); ++i) {
    BatteryConfig& config = configs[i];
    config.display.config_state = std::max(config.display.config_state, state_);
    if (config.allow_writes) {
      for (const Writable& writable : units[i]->pack->protocol->writables)
        config.display.changes.push_back(writable.what);
    }
    if (units[i]->published) at_once = keep_what_is_offered(*units[i], config) && at_once;
    units[i]->config = std::move(config);
  }
  return at_once;
}

// The paths of a service are made when it appears. A permission that was withdrawn holds at once all the same.
bool Hub::keep_what_is_offered(Unit& unit, BatteryConfig& config) {
  const Display& shown = unit.config.display;
  const bool same_cells = config.display.cell_format == shown.cell_format;
  if (config.display.changes != shown.changes) {
    std::string text =
        unit.identity.id + ": ALLOW_WRITES has changed and is in force; its paths on D-Bus change with a restart";
    if (told_.insert(text).second) log_(Level::info, text);
  }
  config.display.cell_format = shown.cell_format;
  config.display.changes = shown.changes;
  return same_cells;
}

// What follows from the readings and the time.
void Hub::refresh(Unit& unit, Instant now) {
  const auto evaluate = [&] {
    unit.control.evaluate(unit.config.control, unit.pack->battery, unit.surroundings, unit.pack->protocol->tells_fets,
                          wall_at(now), now);
  };
  const std::uint64_t syncs = unit.control.syncs();
  evaluate();
  if (unit.control.syncs() != syncs) {
    evaluate();  // a counted SoC is 100 % now: it is told at once
    unit.soc_resets_left = kSocResetTries;
    unit.soc_reset_due = now;
  }
  for (const std::string& note : unit.control.take_notes()) log_(Level::warning, unit.identity.id + ": " + note);
}

// Says whether it differs from before, in more than what the next round tells anyway.
bool Hub::evaluate(Unit& unit, Instant now) {
  const Presence presence = unit.control.outputs().presence;
  const Limits limits = unit.control.outputs().limits;
  refresh(unit, now);
  const ControlOutputs& after = unit.control.outputs();
  if (presence == after.presence && limits == after.limits) return false;
  if (after.presence.blocked && !presence.blocked) {
    log_(Level::warning, fmt::format("{}: lost for {} s, charging and discharging are blocked (last error: {})",
                                     unit.identity.id, after.presence.lost_for / 1s, unit.pack->health.last_error));
  }
  return true;
}

void Hub::evaluate_and_tell(Unit& unit, Instant now) {
  evaluate(unit, now);
  tell(unit, now);
}

void Hub::tell(const Unit& unit, Instant now) {
  for (Sink* sink : sinks_) sink->changed(view(unit), now);
}

// What a slow exchange said in between goes out with the next round: a message of its own would take the battery's one per second.
void Hub::tick(Instant now) {
  collect(now);
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      if (!unit->published) continue;
      if (evaluate(*unit, now)) tell(*unit, now);
      reset_soc(*unit, now);
    }
    tell_missing(place, now);
  }
}

// A configured address is asked for ever; that it does not answer is said once.
void Hub::tell_missing(Place& place, Instant now) {
  for (const auto& unit : place.units) {
    if (unit->published || unit->told_missing || now - unit->known_since < kMissingAfter) continue;
    unit->told_missing = true;
    log_(Level::warning, fmt::format("{}: address {} has not answered yet; it is asked on", place.names.port,
                                     hex_address(unit->identity.address)));
  }
}

BatteryView Hub::view(const Unit& unit) const {
  const ControlOutputs& outputs = unit.control.outputs();
  return {unit.identity,     unit.pack->battery,  outputs.limits,      outputs.presence,
          unit.pack->health, unit.config.display, unit.config.control, outputs};
}

const Hub::Unit* Hub::find(std::string_view id) const {
  for (const Place& place : places_) {
    for (const auto& unit : place.units) {
      if (unit->identity.id == id) return unit.get();
    }
  }
  return nullptr;
}

Hub::Unit* Hub::find(std::string_view id) { return const_cast<Unit*>(std::as_const(*this).find(id)); }

std::vector<BatteryView> Hub::views() const {
  std::vector<BatteryView> all;
  for (const Place& place : places_) {
    for (const auto& unit : place.units) {
      if (unit->published) all.push_back(view(*unit));
    }
  }
  return all;
}

bool Hub::anybody_answered() const {
  return std::any_of(places_.begin(), places_.end(), [](const Place& place) {
    return std::any_of(place.units.begin(), place.units.end(), [](const auto& unit) {
      return unit->pack->state != PackTalk::waiting || unit->pack->health.last_good.has_value();
    });
  });
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

// --- Changes

Result<Hub::Target> Hub::target(std::string_view id, const Change& change) {
  const auto no = [](std::string why) { return Error{Errc::config, "change", 0, std::move(why)}; };
  std::optional<Target> found;
  for (Place& place : places_) {
    for (std::size_t i = 0; i < place.units.size(); ++i) {
      if (place.units[i]->identity.id == id) found = {&place, i};
    }
  }
  if (!found) return no(fmt::format("there is no battery {}", id));
  const Unit& unit = *found->place->units[found->pack];
  if (!unit.published) return no(fmt::format("{} has not told all of its values yet", id));
  const Protocol& protocol = *unit.pack->protocol;
  if (find_writable(protocol, change.what) == nullptr) {
    return no(
        fmt::format("the {} of a {} cannot be changed; {}", name_of(change.what), protocol.label,
                    protocol.writables.empty() ? "nothing of it can" : fmt::format("what can: {}", protocol.writes)));
  }
  if (!unit.config.allow_writes) {
    const std::string scope = unit.identity.address_configured ? "battery" : "line";
    return no(
        fmt::format("{} may only be read: allow it with ALLOW_WRITES = True in the section [{} {}] of the "
                    "configuration",
                    id, scope, id));
  }
  if (const Status sound = check(change); !sound) return sound.error();
  return *found;
}

Status Hub::may_change(std::string_view id, const Change& change) {
  const auto found = target(id, change);
  if (!found) return found.error();
  return Done{};
}

void Hub::change(std::string_view id, const Change& change, Instant now, ChangeDone done) {
  const auto found = target(id, change);
  Status begun = Done{};
  if (!found) begun = found.error();
  if (begun) begun = found->place->line->change(found->pack, change, ++last_change_, now);
  if (begun) {
    pending_[last_change_] = {change, std::move(done)};
    return;
  }
  log_(Level::info, fmt::format("{}: {} to {}: {}", id, name_of(change.what), value_text(change.what, change.value),
                                begun.error().detail));
  done(begun.error());
}

// A BMS that drifts learns that the battery is full, where it can and may be told (AUTO_RESET_SOC): once, and again if
// it does not confirm.
void Hub::reset_soc(Unit& unit, Instant now) {
  if (unit.soc_resets_left == 0 || now < unit.soc_reset_due) return;
  const Change change = {Changeable::soc, 100, {}};
  if (!unit.config.control.auto_reset_soc || !may_change(unit.identity.id, change)) {
    unit.soc_resets_left = 0;
    return;
  }
  --unit.soc_resets_left;
  unit.soc_reset_due = now + kSocResetAgain;
  const ChangeDone done = [&unit](const Result<double>& said) {
    if (said) unit.soc_resets_left = 0;
  };
  if (changer_) return changer_(unit.identity.id, change, done);
  Hub::change(unit.identity.id, change, now, done);
}

// What was read back is told to the sinks first: who asked finds it there.
void Hub::changed(Unit& unit, const LineEvent& event, Instant now) {
  auto pending = pending_.extract(event.change);
  if (pending.empty()) return;
  const auto& [change, done] = pending.mapped();
  log_(Level::info,
       fmt::format("{}: {} to {}: {}", unit.identity.id, name_of(change.what), value_text(change.what, change.value),
                   event.result ? "done" : event.result.error().detail));
  if (unit.published) evaluate_and_tell(unit, now);
  done(event.result);
}

// --- What clients tell charge control

void Hub::set_surroundings(std::string_view id, const Surroundings& surroundings) {
  if (Unit* unit = find(id)) unit->surroundings = surroundings;
}

bool Hub::clear_history(std::string_view id, int group, Instant now) {
  Unit* unit = find(id);
  if (unit == nullptr || !unit->published || !unit->config.control.history) return false;
  unit->control.clear_history(group);
  evaluate_and_tell(*unit, now);
  return true;
}

bool Hub::set_soc_reset_last_reached(std::string_view id, std::int64_t unix_time, Instant now) {
  Unit* unit = find(id);
  if (unit == nullptr || !unit->published || !unit->config.control.stages.soc_reset_after_days) return false;
  unit->control.set_soc_reset_last_reached(unix_time);
  evaluate_and_tell(*unit, now);
  return true;
}

bool Hub::counts_soc(std::string_view id) const {
  const Unit* unit = find(id);
  return unit != nullptr && unit->published && unit->config.control.soc.counted;
}

bool Hub::set_counted_soc(std::string_view id, double percent, Instant now) {
  if (!counts_soc(id)) return false;
  Unit* unit = find(id);
  unit->control.set_soc(percent);
  evaluate_and_tell(*unit, now);
  return true;
}

std::optional<ControlCase> Hub::control_case(std::string_view id, Instant now) const {
  const Unit* unit = find(id);
  if (unit == nullptr || !unit->published) return std::nullopt;
  return ControlCase{
      unit->config.control, unit->pack->battery, unit->surroundings, unit->control, unit->pack->protocol->tells_fets,
      wall_at(now)};
}

void Hub::shut_down(Instant now) {
  for (auto& [id, pending] : std::exchange(pending_, {})) {
    pending.done(Error{Errc::io, "change", 0, "bmsd ends; whether the BMS has taken it is not known"});
  }
  for (Place& place : places_) {
    for (const auto& unit : place.units) {
      if (!unit->published) continue;
      for (Sink* sink : sinks_) sink->removed(unit->identity, now);
      unit->published = false;
    }
  }
}

}  // namespace bmsd
