#include "venus/service.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "venus/names.h"

namespace bmsd {
namespace {

constexpr Duration kRetry = 1s;
constexpr Duration kPatience = 10s;  // with the bus itself
constexpr int kLoudTries = 5;        // for the name; after a quick restart the old process may still hold it

}  // namespace

VenusService::Link::Link(VenusService& service)
    : connection(service.io_, {[&service](Status status) {
                                 if (status) return service.registered();
                                 service.complain(describe(status.error()));
                                 service.connect_later();
                               },
                               [this](DBusMessage& message) {
                                 if (settings) settings->on_signal(message);
                               },
                               [this](DBusMessage& call) { items.answer(call); }, [&service] { service.lost(); }}),
      items(service.io_, service.tree_, [this](DBusMessage& message) { connection.send(message); }) {}

VenusService::VenusService(boost::asio::io_context& io, const VenusOptions& options, const Log& log,
                           const VenusSink::Appeared& appeared, Claims& claims, const BatteryView& view, Instant now)
    : io_(io),
      options_(options),
      log_(log),
      appeared_(appeared),
      claims_(claims),
      identity_(view.identity),
      name_(service_name(view.identity)),
      facts_{options.process_name, options.process_version, {}, {}, view.identity.order},
      paths_(tree_, [this](const BusValue& value, auto done) { set_custom_name(value, std::move(done)); }),
      publisher_(tree_),
      now_(now),
      retry_(io),
      flush_(io),
      daily_(io) {
  changed(view, now);
  connect();
}

VenusService::~VenusService() { claims_.release(identity_.id); }

void VenusService::changed(const BatteryView& view, Instant now) {
  now_ = now;
  paths_.update(view, publisher_);
  flush(now);
  if (!limits_ && view.limits.cvl) {
    limits_ = true;
    request_name();
  }
}

void VenusService::flush(Instant now) {
  if (!online_) return publisher_.store();
  if (const auto changed = publisher_.take(now); !changed.empty()) {
    link_->connection.send(*link_->items.items_changed(changed));
    flush_.cancel();
  }
  // The timer stands for the instant that it was set for: nothing in here reads a clock.
  if (const auto due = publisher_.due(now); due && !flush_.running()) {
    flush_.start(*due - now, [this, when = *due] { flush(when); });
  }
}

// --- The bus

void VenusService::connect() {
  const auto address = bus_address(options_.bus);
  if (!address) {
    complain(describe(address.error()));
    return connect_later();
  }
  link_ = std::make_unique<Link>(*this);
  if (const Status status = link_->connection.open(*address); !status) {
    complain(describe(status.error()));
    link_.reset();
    connect_later();
  }
}

void VenusService::complain(const std::string& problem) {
  if (problem != problem_) note(Level::warning, problem + "; trying again each second");
  problem_ = problem;
}

// The link goes when the time has come, because this may be called by it.
void VenusService::connect_later() {
  retry_.start(kRetry, [this] {
    link_.reset();
    connect();
  });
}

void VenusService::registered() {
  problem_.clear();
  link_->settings = std::make_unique<SettingsClient>(
      link_->connection,
      SettingsClient::Handlers{[this] { settings_appeared(); },
                               [this](const std::string& name) { show_custom_name(name); },
                               [this](std::int32_t instance) {
                                 if (instance == facts_.instance) return;
                                 // Consumers read the instance once, when a service appears.
                                 note(Level::info, "device instance becomes " + std::to_string(instance));
                                 restart();
                               }},
      log_);
  enroll();
}

void VenusService::lost() {
  if (online_) note(Level::warning, "the bus is gone");
  settled_ = asked_ = online_ = false;
  name_tries_ = 0;
  flush_.cancel();
  daily_.cancel();
  link_.reset();
  publisher_.store();
  connect_later();
}

// --- The settings

void VenusService::enroll() {
  link_->settings->enroll([this](std::span<const StoredDevice> devices) { return choose(devices); }, unix_time(),
                          [this](auto result) { enrolled(std::move(result)); });
}

// What was chosen stays as long as the battery does. It is claimed at once: others choose while our answer is on its
// way.
Choice VenusService::choose(std::span<const StoredDevice> devices) {
  Choice choice =
      facts_.identity.empty() || guessed_
          ? choose_identity(identity_.identities, port_and_address(identity_), devices, claims_, identity_.id)
          : choose_identity(std::span(&facts_.identity, 1), facts_.identity, devices, claims_, identity_.id);
  claims_.claim(choice.identity, identity_.id);
  return choice;
}

// Also when the name was taken without the settings: they may know another instance.
void VenusService::settings_appeared() {
  if (!settled_ || !link_->settings->enrolled()) enroll();
}

void VenusService::use(const SettingsClient::Enrolled& found) {
  facts_.identity = found.identity;
  facts_.instance = found.instance;
  facts_.custom_name = found.custom_name;
  guessed_ = false;
  daily_.start(24h, [this] { write_last_seen(); });
}

void VenusService::enrolled_late(const SettingsClient::Enrolled& found) {
  const bool same = found.identity == facts_.identity && found.instance == facts_.instance;
  use(found);
  if (same) return show_custom_name(found.custom_name);
  note(Level::info, "the settings service is there now: device instance becomes " + std::to_string(found.instance));
  restart();
}

// Leaves the bus and comes back: consumers read who a battery is once, when its name appears.
void VenusService::restart() {
  retry_.start(0s, [this] {
    online_ = false;
    lost();
  });
}

void VenusService::enrolled(std::optional<SettingsClient::Enrolled> result) {
  if (settled_) {
    if (result) enrolled_late(*result);
    return;
  }
  if (result) {
    use(*result);
  } else if (options_.wait_for_settings) {
    if (problem_.empty()) note(Level::info, "waiting for the settings service");
    problem_ = "settings";
    return retry_.start(kRetry, [this] { settings_appeared(); });
  } else if (facts_.identity.empty()) {
    facts_.identity = choose({}).identity;
    guessed_ = true;
    note(Level::info, "no settings service: device instance " + std::to_string(facts_.instance));
  }
  if (identity_.identities.empty() || facts_.identity != safe_identity(identity_.identities.front())) {
    note(Level::info, "uses the identity " + facts_.identity);
  }
  settled_ = true;
  paths_.update(Who{identity_, facts_}, publisher_);
  publisher_.store();
  request_name();
}

void VenusService::write_last_seen() {
  if (link_ && link_->settings) link_->settings->write_last_seen(unix_time());
  daily_.start(24h, [this] { write_last_seen(); });
}

std::int64_t VenusService::unix_time() const { return options_.unix_time ? options_.unix_time() : 0; }

// --- The name

void VenusService::request_name() {
  if (!settled_ || !limits_ || asked_) return;
  asked_ = true;
  const auto call = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "RequestName");
  Writer writer(*call);
  writer.text(name_);
  writer.uint32(DBUS_NAME_FLAG_DO_NOT_QUEUE);
  link_->connection.call(*call, kPatience, [this](DBusMessage& reply) { named(reply); });
}

void VenusService::named(DBusMessage& reply) {
  if (const std::string error = error_of(reply); !error.empty()) return try_name_later(error);
  const auto result = first_value(reply);
  const bool ours = result && (*result == BusValue(DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER) ||
                               *result == BusValue(DBUS_REQUEST_NAME_REPLY_ALREADY_OWNER));
  if (!ours) return try_name_later("another process has this name");
  online_ = true;
  name_tries_ = 0;
  note(Level::info, "on the bus, device instance " + std::to_string(facts_.instance) + ", " + facts_.identity);
  if (appeared_) {
    boost::asio::post(io_, [appeared = appeared_, name = name_, id = identity_.id] { appeared(name, id); });
  }
}

void VenusService::try_name_later(const std::string& problem) {
  if (++name_tries_ <= kLoudTries) {
    note(Level::warning,
         problem + (name_tries_ < kLoudTries ? "; trying again" : "; trying again each second, silently"));
  }
  retry_.start(kRetry, [this] {
    asked_ = false;
    request_name();
  });
}

// --- The user's name for it

void VenusService::set_custom_name(const BusValue& value, std::function<void(SetResult)> done) {
  const std::string name = std::get<std::string>(value);
  if (!link_->settings || !link_->settings->enrolled()) {
    show_custom_name(name);
    return done(SetResult::accepted);
  }
  link_->settings->set_custom_name(name, [this, name, done = std::move(done)](bool accepted) {
    if (accepted) show_custom_name(name);
    done(accepted ? SetResult::accepted : SetResult::refused);
  });
}

void VenusService::show_custom_name(const std::string& name) {
  facts_.custom_name = name;
  paths_.update(Who{identity_, facts_}, publisher_);
  publisher_.hurry();
  flush(now_);
}

}  // namespace bmsd
