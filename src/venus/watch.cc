#include "venus/watch.h"

#include <utility>

namespace bmsd {
namespace {

constexpr Duration kConnectAnew = 1s;
constexpr Duration kReadWithin = 25s;  // drivers that read their line while they are asked take seconds

std::string owner_rule(const std::string& name) {
  return std::string("type='signal',sender='") + DBUS_SERVICE_DBUS + "',interface='" + DBUS_INTERFACE_DBUS +
         "',member='NameOwnerChanged',arg0='" + name + "'";
}
std::string items_rule(const std::string& name) {
  return "type='signal',sender='" + name + "',interface='" + kBusItem + "',member='ItemsChanged',path='/'";
}
std::string item_rule(const std::string& name, const std::string& path) {
  return "type='signal',sender='" + name + "',interface='" + kBusItem + "',member='PropertiesChanged',path='" + path +
         "'";
}

}  // namespace

BusWatch::BusWatch(boost::asio::io_context& io, std::string bus, Log log, std::function<void()> changed, Duration step)
    : io_(io),
      bus_(std::move(bus)),
      log_(log ? std::move(log) : [](Level, std::string_view) {}),
      changed_(changed ? std::move(changed) : [] {}),
      step_length_(step),
      retry_(io),
      step_(io) {}

BusWatch::~BusWatch() = default;

bool BusWatch::can_be_watched(const WatchedItem& item) {
  // libdbus ends the process for a name or a path that is none.
  const bool name = dbus_validate_bus_name(item.service.c_str(), nullptr) && item.service.front() != ':';
  if (name && dbus_validate_path(item.path.c_str(), nullptr)) return true;
  if (impossible_.insert(item).second) {
    log_(Level::error,
         name ? "\"" + item.path + "\" is no path on D-Bus; write it as /Dc/0/Current"
              : "\"" + item.service + "\" is no name on D-Bus; write it as com.victronenergy.battery.ttyS6");
  }
  return false;
}

void BusWatch::watch(const std::set<WatchedItem>& items) {
  std::map<std::string, std::map<std::string, bool>> wanted;  // service, path, lasts
  for (const WatchedItem& item : items) {
    if (can_be_watched(item)) wanted[item.service][item.path] = item.lasts;
  }
  for (auto at = services_.begin(); at != services_.end();) {
    const auto kept = wanted.find(at->first);
    std::erase_if(at->second.items, [&](const auto& item) {
      const bool goes = kept == wanted.end() || !kept->second.contains(item.first);
      if (goes && online_) end(at->first, item.first);
      return goes;
    });
    if (kept == wanted.end() && online_) end(at->first);
    at = kept == wanted.end() ? services_.erase(at) : std::next(at);
  }
  for (const auto& [name, paths] : wanted) {
    const bool is_new = services_.try_emplace(name).second;
    if (is_new && online_) begin(name);
    for (const auto& [path, lasts] : paths) {
      if (services_[name].items.try_emplace(path, Item{.lasts = lasts}).second && online_) begin(name, path);
    }
  }
  if (!services_.empty() && !connection_ && !retry_.running()) connect();
}

BusValue BusWatch::value(const WatchedItem& item) const {
  const auto service = services_.find(item.service);
  if (service == services_.end()) return {};
  const auto found = service->second.items.find(item.path);
  return found == service->second.items.end() ? BusValue() : found->second.value;
}

bool BusWatch::is_there(const std::string& service) const {
  const auto found = services_.find(service);
  return found != services_.end() && !found->second.owner.empty();
}

// --- The bus

void BusWatch::complain(const std::string& problem) {
  if (std::exchange(problem_, problem) != problem) log_(Level::warning, problem + "; trying again each second");
}

void BusWatch::connect() {
  const auto again = [this] {
    retry_.start(kConnectAnew, [this] {
      connection_.reset();
      connect();
    });
  };
  const auto address = bus_address(bus_);
  if (!address) {
    complain(describe(address.error()));
    return again();
  }
  connection_ =
      std::make_unique<Connection>(io_, Connection::Handlers{[this, again](const Status& status) {
                                                               if (status) return registered();
                                                               complain(describe(status.error()));
                                                               again();
                                                             },
                                                             [this](DBusMessage& message) { on_signal(message); },
                                                             {},
                                                             [this] { lost(); }});
  if (const Status status = connection_->open(*address); !status) {
    complain(describe(status.error()));
    connection_.reset();
    again();
  }
}

void BusWatch::registered() {
  problem_.clear();
  online_ = true;
  for (const auto& [name, service] : services_) {
    begin(name);
    for (const auto& [path, item] : service.items) begin(name, path);
  }
  step_.start(step_length_, [this] { step(); });
}

void BusWatch::lost() {
  online_ = false;
  step_.cancel();
  connection_.reset();
  for (auto& [name, service] : services_) {
    service.owner.clear();
    service.forget();
  }
  retry_.start(kConnectAnew, [this] { connect(); });
  changed_();
}

// --- Services

void BusWatch::Service::forget() {
  for (auto& [path, item] : items) item = Item{.lasts = item.lasts};
}

void BusWatch::begin(const std::string& name) {
  connection_->add_match(owner_rule(name));
  connection_->add_match(items_rule(name));
  const auto call = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetNameOwner");
  Writer(*call).text(name);
  connection_->call(*call, kReadWithin, [this, name](DBusMessage& reply) {
    const auto owner = first_value(reply);
    const auto* unique = owner ? std::get_if<std::string>(&*owner) : nullptr;
    if (error_of(reply).empty() && unique != nullptr) owned(name, *unique);
  });
}
void BusWatch::begin(const std::string& name, const std::string& path) {
  connection_->add_match(item_rule(name, path));
  ask(name, path);
}
void BusWatch::end(const std::string& name) {
  connection_->remove_match(owner_rule(name));
  connection_->remove_match(items_rule(name));
}
void BusWatch::end(const std::string& name, const std::string& path) {
  connection_->remove_match(item_rule(name, path));
}

void BusWatch::owned(const std::string& name, const std::string& owner) {
  const auto found = services_.find(name);
  if (found == services_.end() || found->second.owner == owner) return;
  found->second.owner = owner;
  found->second.forget();
  for (const auto& [path, item] : found->second.items) ask(name, path);
  changed_();
}

// The unique name is asked: what answers is what was asked, also when the service has begun anew in between.
void BusWatch::ask(const std::string& name, const std::string& path) {
  const std::string owner = services_[name].owner;
  if (owner.empty()) return;
  services_[name].items[path].asked = true;
  const auto call = method_call(owner.c_str(), path, kBusItem, "GetValue");
  connection_->call(*call, kReadWithin, [this, name, owner, path](DBusMessage& reply) {
    const auto service = services_.find(name);
    if (service == services_.end() || service->second.owner != owner) return;
    const auto item = service->second.items.find(path);
    if (item == service->second.items.end()) return;
    item->second.asked = false;
    // One that is only slow may still be right; it is asked again.
    if (dbus_message_is_error(&reply, DBUS_ERROR_NO_REPLY) || dbus_message_is_error(&reply, DBUS_ERROR_TIMEOUT)) return;
    const bool answered = error_of(reply).empty();
    told(service->second, path, answered ? first_value(reply).value_or(BusValue()) : BusValue());
  });
}

void BusWatch::told(Service& service, const std::string& path, const BusValue& value) {
  const auto found = service.items.find(path);
  if (found == service.items.end()) return;
  found->second.told = true;
  found->second.age = 0;
  if (std::exchange(found->second.value, value) != value) changed_();
}

void BusWatch::on_signal(DBusMessage& message) {
  if (dbus_message_is_signal(&message, DBUS_INTERFACE_DBUS, "NameOwnerChanged")) {
    const char *name = nullptr, *before = nullptr, *after = nullptr;
    if (dbus_message_get_args(&message, nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &before, DBUS_TYPE_STRING,
                              &after, DBUS_TYPE_INVALID))
      owned(name, after);
    return;
  }
  const char* sender = dbus_message_get_sender(&message);
  const auto values = changed_values(message);
  if (sender == nullptr || values.empty()) return;
  for (auto& [name, service] : services_) {
    if (service.owner != sender) continue;
    for (const auto& [path, value] : values) told(service, path, value);
  }
}

void BusWatch::step() {
  bool dropped = false;
  for (auto& [name, service] : services_) {
    for (auto& [path, item] : service.items) {
      if (item.lasts && item.told) continue;
      ++item.age;
      if (item.age >= kValidFor && valid(item.value)) {
        item.value = {};
        dropped = true;
      }
      if (item.age >= kAskAfter && !item.asked) ask(name, path);
    }
  }
  step_.start(step_length_, [this] { step(); });
  if (dropped) changed_();
}

}  // namespace bmsd
