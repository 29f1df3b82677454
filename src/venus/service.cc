#include "venus/service.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "venus/names.h"

namespace bmsd {
namespace {

constexpr Duration kConnectAgain = 1s;
constexpr Duration kLockAgain = 5s;
constexpr Duration kBusPatience = 10s;  // with the bus itself
constexpr int kLoudTries = 5;           // for the name; after a quick restart the old process may still hold it

}  // namespace

VenusService::Link::Link(VenusService& service)
    : connection(service.io_, {[&service](Status status) {
                                 if (status) return service.registered();
                                 service.complain(describe(status.error()));
                                 service.connect_later();
                               },
                               [&service](DBusMessage& message) { service.on_signal(message); },
                               [this](DBusMessage& call) { items.answer(call); }, [&service] { service.lost(); }}),
      items(service.io_, service.tree_, [this](DBusMessage& message) { connection.send(message); }) {}

VenusService::VenusService(boost::asio::io_context& io, const VenusOptions& options, const Log& log,
                           const VenusSink::Appeared& appeared, Roster& roster, const BatteryView& view, Instant now)
    : io_(io),
      options_(options),
      log_(log),
      appeared_(appeared),
      identity_(view.identity),
      name_(service_name(view.identity)),
      facts_{options.process_name, options.process_version, {}, {}, 0, 100},
      commands_({[this](const Change& change, auto done) {
                   options_.change ? options_.change(identity_.id, change, std::move(done)) : done(false);
                 },
                 [this](double percent) {
                   return options_.set_counted_soc && options_.set_counted_soc(identity_.id, percent);
                 },
                 [this](int group) { return options_.clear_history && options_.clear_history(identity_.id, group); },
                 [this](std::int64_t unix_time) {
                   return options_.date_soc_reset && options_.date_soc_reset(identity_.id, unix_time);
                 }},
                [this] { show_who(); }),
      paths_(
          tree_, [this](std::string_view path) { return handler(path); }, view.display),
      publisher_(tree_),
      now_(now),
      enrollment_(io, options, roster, identity_, {[this] { settled(); }, [this] { show_who(); }},
                  [this](Level level, std::string_view text) { note(level, text); }),
      retry_(io),
      flush_(io),
      holds_back_(options.takes_over),
      replaces_(options.takes_over) {
  changed(view, now);
  connect();
}

void VenusService::changed(const BatteryView& view, Instant now) {
  now_ = now;
  paths_.update(view, publisher_, now);
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
  retry_.start(kConnectAgain, [this] {
    link_.reset();
    connect();
  });
}

void VenusService::registered() {
  problem_.clear();
  enrollment_.begin(link_->connection);
}

void VenusService::lost() {
  if (online_) note(Level::warning, "the bus is gone");
  asked_ = online_ = prepared_ = gone_ = false;
  name_tries_ = 0;
  flush_.cancel();
  enrollment_.end();
  link_.reset();
  publisher_.store();
  connect_later();
}

// --- Who we are

void VenusService::settled() {
  const bool another = facts_.identity != enrollment_.identity() || facts_.instance != enrollment_.kept().instance;
  if (another && asked_) {
    note(Level::info, "device instance becomes " + std::to_string(enrollment_.kept().instance));
    return restart();
  }
  show_who();
  request_name();
}

// Leaves the bus and comes back: consumers read who a battery is once, when its name appears.
void VenusService::restart() {
  retry_.start(0s, [this] {
    online_ = false;
    lost();
  });
}

SetHandler VenusService::handler(std::string_view path) {
  if (path != "/CustomName") return commands_.handler(path);
  return [this](const BusValue& value, auto done) {
    enrollment_.set_custom_name(std::get<std::string>(value), std::move(done));
  };
}

void VenusService::show_who() {
  facts_.soc_target = commands_.soc_target();
  facts_.identity = enrollment_.identity();
  facts_.instance = enrollment_.kept().instance;
  facts_.custom_name = enrollment_.kept().custom_name;
  paths_.update(Who{identity_, facts_}, publisher_);
  publisher_.hurry();
  flush(now_);
}

// --- The name

// Two drivers for one instance would both be believed by half of the system.
bool VenusService::lock() {
  if (options_.lock_folder.empty()) return true;
  const std::string path = InstanceLock::path_of(options_.lock_folder, facts_.instance);
  if (lock_ && lock_->path() == path && lock_->state() != InstanceLock::State::taken) return true;
  if (lock_inherited(path)) return true;
  lock_.reset();
  lock_.emplace(options_.lock_folder, facts_.instance, name_);
  if (lock_->state() == InstanceLock::State::held) {
    problem_.clear();
    return true;
  }
  std::string problem = path + ": " + lock_->detail();
  if (lock_->state() == InstanceLock::State::taken) {
    problem = "device instance " + std::to_string(facts_.instance) + " is in use: " + path + " is locked by " +
              lock_->detail() +
              ". Stop that driver; if it serves another battery, give one of the two another user field in its BMS, or "
              "set USE_PORT_AS_UNIQUE_ID. Waiting until it is free";
  } else {
    problem += "; going on without a lock of device instance " + std::to_string(facts_.instance);
  }
  if (std::exchange(problem_, problem) != problem) note(Level::warning, problem);
  return lock_->state() == InstanceLock::State::unusable;
}

bool VenusService::lock_inherited(const std::string& path) {
  const int descriptor = options_.inherited_lock ? options_.inherited_lock(path) : -1;
  if (descriptor < 0) return false;
  lock_.reset();
  lock_.emplace(path, InstanceLock::Inherited{descriptor}, name_);
  return lock_->state() == InstanceLock::State::held;
}

void VenusService::request_name() {
  prepared_ = false;
  if (!enrollment_.settled() || !limits_ || asked_) return;
  if (!lock()) return retry_.start(kLockAgain, [this] { request_name(); });
  prepared_ = true;
  if (holds_back_) return;
  asked_ = true;
  call_request_name(DBUS_NAME_FLAG_DO_NOT_QUEUE | (replaces_ ? DBUS_NAME_FLAG_REPLACE_EXISTING : 0U),
                    [this](DBusMessage& reply) { named(reply); });
}

void VenusService::call_request_name(unsigned flags, Connection::Reply reply) {
  const auto call = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "RequestName");
  Writer writer(*call);
  writer.text(name_);
  writer.uint32(flags);
  link_->connection.call(*call, kBusPatience, std::move(reply));
}

void VenusService::named(DBusMessage& reply) {
  if (const std::string error = error_of(reply); !error.empty()) return try_name_later(error);
  const auto result = first_value(reply);
  const bool ours = result && (*result == BusValue(DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER) ||
                               *result == BusValue(DBUS_REQUEST_NAME_REPLY_ALREADY_OWNER));
  if (!ours) return try_name_later("another process has this name");
  online_ = true;
  replaces_ = false;
  name_tries_ = 0;
  note(Level::info, "on the bus, device instance " + std::to_string(facts_.instance) + ", " + facts_.identity);
  if (appeared_) {
    boost::asio::post(io_, [appeared = appeared_, name = name_, id = identity_.id] { appeared(name, id); });
  }
}

// --- Another process takes over

void VenusService::take_name() {
  holds_back_ = false;
  request_name();
}

// For a name that is ours this only changes what others may do. Waiting in the queue for it means: when the other process
// goes, the bus gives it back in the same step.
void VenusService::let_name_go(bool may) {
  lets_go_ = may;
  if (!may && lock_ && lock_->descriptor() >= 0) lock_->sign(name_);
  if (!asked_ || !link_ || gone_) return;
  call_request_name(may ? DBUS_NAME_FLAG_ALLOW_REPLACEMENT : DBUS_NAME_FLAG_DO_NOT_QUEUE, [](DBusMessage&) {});
}

// The bus tells a connection of its own names without being asked.
void VenusService::on_signal(DBusMessage& message) {
  const bool lost = dbus_message_is_signal(&message, DBUS_INTERFACE_DBUS, "NameLost");
  const bool acquired = dbus_message_is_signal(&message, DBUS_INTERFACE_DBUS, "NameAcquired");
  if (!lost && !acquired) return enrollment_.on_signal(message);
  if (!(acquired ? gone_ : lets_go_) || first_value(message) != std::optional(BusValue(name_))) return;
  gone_ = lost;
  online_ = acquired;
  flush_.cancel();
  if (acquired && !lets_go_) let_name_go(false);
  note(Level::debug, acquired ? "has its name again" : "is served by another process now");
}

void VenusService::try_name_later(const std::string& problem) {
  if (++name_tries_ <= kLoudTries) {
    note(Level::warning,
         problem + (name_tries_ < kLoudTries ? "; trying again" : "; trying again each second, silently"));
  }
  retry_.start(kConnectAgain, [this] {
    asked_ = false;
    request_name();
  });
}

}  // namespace bmsd
