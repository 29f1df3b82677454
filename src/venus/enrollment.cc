#include "venus/enrollment.h"

#include <algorithm>
#include <utility>

#include "venus/kept_settings.h"
#include "venus/names.h"

namespace bmsd {
namespace {

constexpr Duration kAskAgain = 1s;
constexpr Duration kAskAgainSettled = 3s;  // nobody waits for it
constexpr Duration kSeenEvery = 24h;
constexpr Duration kClockEvery = 1min;  // until it is set

}  // namespace

Enrollment::Enrollment(boost::asio::io_context& io, const VenusOptions& options, Roster& roster,
                       const Identity& identity, Handlers handlers, Log log)
    : options_(options),
      roster_(roster),
      id_(identity.id),
      best_(identity.identities.empty() ? std::string() : safe_identity(identity.identities.front())),
      handlers_(std::move(handlers)),
      log_(std::move(log)),
      retry_(io),
      patience_(io),
      seen_(io),
      tidy_(io) {
  kept_.instance = identity.order;
  roster_.enter(identity);
}

Enrollment::~Enrollment() { roster_.leave(id_); }

void Enrollment::begin(Connection& connection) {
  told_waiting_ = false;
  client_ = std::make_unique<SettingsClient>(
      connection,
      SettingsClient::Handlers{[this] { ask(); }, [this](const std::string& name) { renamed(name); },
                               [this](std::int32_t instance) { instance_changed(instance); }},
      log_);
  if (!options_.wait_for_settings) patience_.start(options_.settings_patience, [this] { guess(); });
  ask();
}

void Enrollment::end() {
  for (Delay* delay : {&retry_, &patience_, &seen_, &tidy_}) delay->cancel();
  client_.reset();
  settled_ = false;
}

void Enrollment::on_signal(DBusMessage& message) {
  if (client_) client_->on_signal(message);
}

// --- Who are we?

void Enrollment::ask() {
  retry_.cancel();
  const Kept fresh = identity_.empty() ? Kept{} : kept_;  // what is in use stays in use
  client_->enroll([this](std::span<const StoredDevice> devices) { return choose(devices); }, fresh,
                  [this](const SettingsClient::Enrolled* found, bool absent) {
                    if (found) return answered(*found);
                    failed(absent);
                  });
}

Choice Enrollment::choose(std::span<const StoredDevice> devices) {
  return roster_.choose(id_, devices, Roster::Source::settings);
}

void Enrollment::failed(bool absent) {
  if (options_.wait_for_settings && !settled_ && !std::exchange(told_waiting_, true)) {
    log_(Level::info, "waiting for the settings service");
  }
  if (absent) {  // the bus tells when it comes
    if (!options_.wait_for_settings) guess();
    return;
  }
  retry_.start(settled_ ? kAskAgainSettled : kAskAgain, [this] { ask(); });
}

void Enrollment::answered(const SettingsClient::Enrolled& found) {
  const bool first = !std::exchange(answered_, true);
  identity_ = found.identity;
  // What has changed since the first answer is newer here than there; who we are is theirs to say.
  Kept now = first ? found.kept : kept_;
  now.instance = found.kept.instance;
  now.custom_name = unsaved_name_ ? kept_.custom_name : found.kept.custom_name;
  kept_ = std::move(now);
  if (first) roster_.was_here(found.kept.last_seen);
  if (std::exchange(unsaved_name_, false) && kept_.custom_name != found.kept.custom_name) {
    client_->set_custom_name(kept_.custom_name, [this](bool accepted) { unsaved_name_ = !accepted; });
  }
  client_->save(kept_);
  if (first && options_.restored) options_.restored(id_, kept_);
  tidy_.start(options_.tidy_after, [this] { tidy_up(); });
  settle(Roster::Source::settings);
}

// No settings, or they are too slow: what they said last, or what they would say by what we remember.
void Enrollment::guess() {
  if (settled_) return;
  if (identity_.empty()) {
    const std::vector<StoredDevice> devices = recalled();
    const Choice choice = roster_.choose(id_, devices, Roster::Source::guess);
    identity_ = choice.identity;
    const std::int32_t order = kept_.instance;
    if (choice.newest) kept_ = choice.newest->kept;
    kept_.instance = roster_.free_instance(id_, identity_, kept_.instance > 0 ? kept_.instance : order, devices);
    if (choice.newest && options_.restored) options_.restored(id_, kept_);
  }
  log_(Level::info, "no settings service: device instance " + std::to_string(kept_.instance));
  settle(answered_ ? Roster::Source::settings : Roster::Source::guess);
}

// What we remember of all batteries here, as if the settings held it.
std::vector<StoredDevice> Enrollment::recalled() const {
  std::vector<StoredDevice> devices;
  if (!options_.recall) return devices;
  for (const std::string& identity : roster_.all_identities()) {
    const auto kept = options_.recall(identity);
    if (kept) devices.push_back({device_name(identity), identity, kept->instance, *kept, {}});
  }
  return devices;
}

void Enrollment::settle(Roster::Source source) {
  patience_.cancel();
  if (!std::exchange(settled_, true) && identity_ != best_) log_(Level::info, "uses the identity " + identity_);
  roster_.settle(id_, identity_, kept_.instance, source);
  seen();
  handlers_.settled();
}

void Enrollment::instance_changed(std::int32_t instance) {
  if (!answered_ || instance == kept_.instance) return;
  kept_.instance = instance;
  roster_.settle(id_, identity_, instance, Roster::Source::settings);
  remember();
  handlers_.settled();
}

// --- What is kept

void Enrollment::save(const Kept& kept) {
  if (!settled_) return;  // what it was is not known yet
  Kept next = kept;
  next.instance = kept_.instance;
  next.custom_name = kept_.custom_name;
  next.last_seen = kept_.last_seen;
  if (client_) client_->save(next);
  if (next == kept_) return;
  kept_ = std::move(next);
  remember();
}

void Enrollment::set_custom_name(const std::string& name, std::function<void(SetResult)> done) {
  if (client_ && client_->enrolled()) {
    return client_->set_custom_name(name, [this, name, done = std::move(done)](bool accepted) {
      if (accepted) renamed(name);
      done(accepted ? SetResult::accepted : SetResult::refused);
    });
  }
  if (options_.wait_for_settings) return done(SetResult::refused);
  unsaved_name_ = true;
  renamed(name);
  done(SetResult::accepted);
}

void Enrollment::renamed(const std::string& name) {
  kept_.custom_name = name;
  if (settled_) remember();
  handlers_.renamed();
}

void Enrollment::remember() const {
  if (options_.remember) options_.remember(identity_, kept_);
}

// --- The calendar

// By LastSeen everybody can tell which entries are still in use.
void Enrollment::seen() {
  const std::int64_t now = unix_time();
  const bool clock_is_set = now >= kClockIsSet;
  if (clock_is_set) {
    kept_.last_seen = now;
    if (client_) client_->write_last_seen(now);
  }
  remember();
  seen_.start(clock_is_set ? kSeenEvery : kClockEvery, [this] { seen(); });
}

void Enrollment::tidy_up() {
  if (!client_ || !client_->enrolled() || unix_time() < kClockIsSet || !roster_.tidy_once()) return;
  client_->forget([this](std::span<const StoredDevice> devices) {
    return forgotten(devices, unix_time(), roster_.last_here(),
                     [this](const StoredDevice& device) { return roster_.uses(device); });
  });
}

}  // namespace bmsd
