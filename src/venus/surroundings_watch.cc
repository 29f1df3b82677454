#include "venus/surroundings_watch.h"

#include <cmath>
#include <set>
#include <utility>

#include "battery/plausibility.h"
#include "venus/item_tree.h"
#include "venus/names.h"
#include "venus/settings.h"

namespace bmsd {
namespace {

constexpr Duration kSensorPatience = 20s;  // with a sensor, until it is said that it is not there
constexpr Duration kQuiet = 60s;           // between two lines on the same value

constexpr const char* kHub4Mode = "/Settings/CGwacs/Hub4Mode";
constexpr const char* kBatteryLifeState = "/Settings/CGwacs/BatteryLife/State";
constexpr const char* kMinimumSocLimit = "/Settings/CGwacs/BatteryLife/MinimumSocLimit";
constexpr const char* kSocLimit = "/Settings/CGwacs/BatteryLife/SocLimit";

std::optional<double> as_real(const BusValue& value) {
  const auto real = convert(value, ItemType::real);
  return real ? std::optional(std::get<double>(*real)) : std::nullopt;
}
std::optional<std::int64_t> as_integer(const BusValue& value) {
  const auto real = as_real(value);
  return real && std::abs(*real) < 1e6 ? std::optional(static_cast<std::int64_t>(*real)) : std::nullopt;
}

}  // namespace

SurroundingsWatch::SurroundingsWatch(boost::asio::io_context& io, std::string bus, Log log, Tell tell)
    : io_(io),
      log_(log),
      tell_(std::move(tell)),
      watch_(io, std::move(bus), std::move(log), [this] { look_later(); }),
      look_(io) {}

void SurroundingsWatch::follow(const BatteryView& view) {
  auto& followed = batteries_[view.identity.id];
  ExternalSensor sensor = view.display.external_sensor;
  if (!sensor.service.empty() && sensor.service == service_name(view.identity)) {
    // Its values would be its own of the last second, for ever.
    if (!followed) {
      log_(Level::error,
           view.identity.id + ": EXTERNAL_SENSOR_DBUS_DEVICE is the battery itself; the values are those of the BMS");
    }
    sensor = {};
  }
  const bool wants_ess = view.control.times.to_go;
  if (followed && followed->sensor == sensor && followed->wants_ess == wants_ess) return;
  followed = std::make_unique<Followed>(io_);
  followed->sensor = std::move(sensor);
  followed->wants_ess = wants_ess;
  if (!followed->sensor.service.empty()) {
    for (Use* use : {&followed->current, &followed->soc}) use->quiet.start(kSensorPatience, [this] { look(); });
  }
  rewatch();
  look_later();
}

void SurroundingsWatch::leave(const std::string& id) {
  if (batteries_.erase(id) > 0) rewatch();
}

void SurroundingsWatch::rewatch() {
  std::set<WatchedItem> items;
  for (const auto& [id, battery] : batteries_) {
    const ExternalSensor& sensor = battery->sensor;
    for (const std::string& path : {sensor.current_path, sensor.soc_path}) {
      if (!sensor.service.empty() && !path.empty()) items.insert({sensor.service, path});
    }
    if (!battery->wants_ess) continue;
    for (const char* path : {kHub4Mode, kBatteryLifeState, kMinimumSocLimit, kSocLimit})
      items.insert({kSettingsService, path, true});
  }
  watch_.watch(items);
}

// Several values come at once, and who follows is told once.
void SurroundingsWatch::look_later() {
  if (!look_.running()) look_.start(0s, [this] { look(); });
}

void SurroundingsWatch::look() {
  for (const auto& [id, battery] : batteries_) {
    const ExternalSensor& sensor = battery->sensor;
    Surroundings surroundings;
    surroundings.sensor_current = measured(sensor, sensor.current_path, Field::current);
    surroundings.sensor_soc = measured(sensor, sensor.soc_path, Field::soc);
    if (battery->wants_ess) surroundings.ess = ess();
    battery->current.used = surroundings.sensor_current.has_value();
    battery->soc.used = surroundings.sensor_soc.has_value();
    note(id, sensor, sensor.current_path, "current", battery->current);
    note(id, sensor, sensor.soc_path, "SoC", battery->soc);
    if (battery->told == surroundings) continue;
    battery->told = surroundings;
    tell_(id, surroundings);
  }
}

std::optional<double> SurroundingsWatch::measured(const ExternalSensor& sensor, const std::string& path,
                                                  Field field) const {
  if (sensor.service.empty() || path.empty()) return std::nullopt;
  const auto value = as_real(watch_.value({sensor.service, path}));
  if (!value || broken_rule(field, *value) != nullptr) return std::nullopt;
  return std::round(*value * 1000) / 1000;
}

std::optional<Ess> SurroundingsWatch::ess() const {
  const auto setting = [this](const char* path) { return watch_.value({kSettingsService, path, true}); };
  const Ess ess{as_integer(setting(kHub4Mode)), as_integer(setting(kBatteryLifeState)),
                as_real(setting(kMinimumSocLimit)), as_real(setting(kSocLimit))};
  return ess == Ess{} ? std::nullopt : std::optional(ess);
}

// A sensor that comes and goes every second must not fill the log.
void SurroundingsWatch::note(const std::string& id, const ExternalSensor& sensor, const std::string& path,
                             const char* what, Use& use) {
  if (sensor.service.empty() || path.empty() || use.told == use.used) return;
  // At first only what is there is said at once; what is not there may be on its way.
  const bool first = !use.told.has_value();
  if (use.quiet.running() && !(first && use.used)) return;
  use.told = use.used;
  const std::string source = sensor.service + path;
  if (use.used) {
    log_(Level::info, id + ": the " + what + " is that of " + source);
  } else {
    const char* why = watch_.is_there(sensor.service) ? " shows no value that can be used" : " is not there";
    log_(Level::warning, id + ": " + source + why + "; the " + what + " is that of the BMS");
  }
  use.quiet.start(kQuiet, [this] { look(); });
}

}  // namespace bmsd
