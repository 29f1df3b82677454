#include "venus/settings.h"

#include <algorithm>
#include <charconv>

#include "venus/names.h"

namespace bmsd {
namespace {

constexpr Duration kPatience = 2s;
constexpr const char* kDevices = "/Settings/Devices";
constexpr std::string_view kClass = "battery:";

std::string device_name(std::string_view identity) {
  std::string name = "serialbattery_" + std::string(identity);
  std::transform(name.begin() + 14, name.end(), name.begin() + 14,
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

std::string text_in(const BusValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text ? *text : std::string();
}

std::int64_t integer_in(const BusValue& value) {
  if (const auto* i = std::get_if<std::int32_t>(&value)) return *i;
  if (const auto* x = std::get_if<std::int64_t>(&value)) return *x;
  return 0;
}

// LastSeen is an integer setting of 32 bits in existing files; later times need 64.
BusValue time_value(std::int64_t unix_time) {
  const auto fits = static_cast<std::int32_t>(unix_time);
  return fits == unix_time ? BusValue(fits) : BusValue(unix_time);
}

void write_setting(Writer& list, const std::string& path, const BusValue& initial) {
  list.container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& setting) {
    setting.entry("path", [&](Writer& entry) { entry.variant_text(path); });
    setting.entry("default", [&](Writer& entry) { entry.variant(initial); });
  });
}

// Calls `each(path, error, value)` for the replies of AddSettings, aa{sv}.
template <typename Each>
void for_each_added(DBusMessage& reply, Each each) {
  DBusMessageIter iter, list;
  if (!dbus_message_has_signature(&reply, "aa{sv}") || !dbus_message_iter_init(&reply, &iter)) return;
  for (dbus_message_iter_recurse(&iter, &list); dbus_message_iter_get_arg_type(&list) == DBUS_TYPE_ARRAY;
       dbus_message_iter_next(&list)) {
    std::string path;
    std::int64_t error = 0;
    BusValue value;
    for (auto& [key, content] : read_dict(list)) {
      if (key == "path") path = text_in(content);
      if (key == "error") error = integer_in(content);
      if (key == "value") value = std::move(content);
    }
    each(path, error, value);
  }
}

}  // namespace

std::vector<StoredDevice> stored_devices(const std::vector<std::pair<std::string, BusValue>>& entries) {
  std::map<std::string, StoredDevice> by_name;
  for (const auto& [path, value] : entries) {
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos) continue;
    const std::string name = path.substr(0, slash);
    const std::string_view setting = std::string_view(path).substr(slash + 1);
    StoredDevice& device = by_name[name];
    device.name = name;
    if (setting == "UniqueIdentifier") device.identity = safe_identity(text_in(value));
    if (setting == "ClassAndVrmInstance") device.class_and_instance = text_in(value);
    if (setting == "CustomName") device.custom_name = text_in(value);
    if (setting == "LastSeen") device.last_seen = integer_in(value);
  }
  std::vector<StoredDevice> devices;
  for (auto& [name, device] : by_name) devices.push_back(std::move(device));
  return devices;
}

std::optional<std::int32_t> battery_instance(std::string_view text) {
  if (!text.starts_with(kClass)) return std::nullopt;
  text.remove_prefix(kClass.size());
  std::int32_t instance = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), instance);
  if (error != std::errc() || end != text.data() + text.size() || instance < 0) return std::nullopt;
  return instance;
}

bool Claims::free_for(std::string_view identity, std::string_view id) const {
  return std::none_of(identity_by_id_.begin(), identity_by_id_.end(),
                      [&](const auto& entry) { return entry.second == identity && entry.first != id; });
}
void Claims::claim(std::string_view identity, std::string_view id) {
  identity_by_id_.insert_or_assign(std::string(id), std::string(identity));
}
void Claims::release(std::string_view id) {
  if (const auto found = identity_by_id_.find(id); found != identity_by_id_.end()) identity_by_id_.erase(found);
}

Choice choose_identity(std::span<const std::string> identities, const std::string& last_resort,
                       std::span<const StoredDevice> devices, const Claims& claims, std::string_view id) {
  const auto newest = [&](const std::string& identity) {
    std::optional<StoredDevice> found;
    for (const StoredDevice& device : devices) {
      if (device.identity != identity || !battery_instance(device.class_and_instance)) continue;
      if (!found || device.last_seen > found->last_seen) found = device;
    }
    return found;
  };
  for (const std::string& candidate : identities) {
    const std::string identity = safe_identity(candidate);
    if (identity.empty() || !claims.free_for(identity, id)) continue;
    if (auto stored = newest(identity)) return {identity, std::move(stored)};
  }
  const std::string best = identities.empty() ? std::string() : safe_identity(identities.front());
  if (!best.empty() && claims.free_for(best, id)) return {best, std::nullopt};
  const std::string port = safe_identity(last_resort);
  return {port, newest(port)};
}

SettingsClient::SettingsClient(Connection& connection, Handlers handlers, Log log)
    : connection_(connection), handlers_(std::move(handlers)), log_(std::move(log)) {
  connection_.add_match(std::string("type='signal',sender='") + DBUS_SERVICE_DBUS +
                        "',member='NameOwnerChanged',arg0='" + kSettingsService + "'");
}

void SettingsClient::enroll(Choose choose, std::int64_t unix_time, Done done) {
  device_.clear();
  const auto call = method_call(kSettingsService, kDevices, kBusItem, "GetValue");
  connection_.call(*call, kPatience,
                   [this, choose = std::move(choose), unix_time, done = std::move(done)](DBusMessage& reply) {
                     // Settings that never held a device have no such object; that is an answer too.
                     const bool none = dbus_message_is_error(&reply, DBUS_ERROR_UNKNOWN_OBJECT) ||
                                       dbus_message_is_error(&reply, DBUS_ERROR_UNKNOWN_METHOD);
                     if (const std::string error = error_of(reply); !error.empty() && !none) {
                       log_(Level::debug, "settings: " + error);
                       return done(std::nullopt);
                     }
                     DBusMessageIter iter;
                     std::vector<StoredDevice> devices;
                     if (!none && dbus_message_iter_init(&reply, &iter)) devices = stored_devices(read_dict(iter));
                     add(choose(devices), unix_time, done);
                   });
}

void SettingsClient::add(const Choice& choice, std::int64_t unix_time, Done done) {
  const std::string device = device_name(choice.identity);
  const std::string base = std::string(kDevices) + "/" + device + "/";
  const auto call = method_call(kSettingsService, "/", "com.victronenergy.Settings", "AddSettings");
  Writer(*call).container(DBUS_TYPE_ARRAY, "a{sv}", [&](Writer& list) {
    write_setting(list, base + "ClassAndVrmInstance", choice.stored ? choice.stored->class_and_instance : "battery:1");
    write_setting(list, base + "CustomName", choice.stored ? choice.stored->custom_name : "");
    write_setting(list, base + "UniqueIdentifier", choice.identity);
    write_setting(list, base + "LastSeen", time_value(unix_time));
  });
  connection_.call(*call, kPatience, [this, device, identity = choice.identity, unix_time, done](DBusMessage& reply) {
    if (const std::string error = error_of(reply); !error.empty()) {
      log_(Level::warning, "settings: cannot add " + device + ": " + error);
      return done(std::nullopt);
    }
    Enrolled enrolled{identity, 0, ""};
    std::optional<std::int32_t> instance;
    for_each_added(reply, [&](const std::string& added, std::int64_t error, const BusValue& value) {
      if (error != 0) log_(Level::warning, "settings: " + added + " refused with " + std::to_string(error));
      if (added.ends_with("ClassAndVrmInstance") && error == 0) instance = battery_instance(text_in(value));
      if (added.ends_with("CustomName") && error == 0) enrolled.custom_name = text_in(value);
    });
    if (!instance) {
      log_(Level::warning, "settings: no device instance for " + device);
      return done(std::nullopt);
    }
    enrolled.instance = *instance;
    device_ = device;
    follow();
    write_last_seen(unix_time);
    done(std::move(enrolled));
  });
}

void SettingsClient::set_custom_name(const std::string& name, std::function<void(bool)> done) {
  set("CustomName", name, std::move(done));
}
void SettingsClient::write_last_seen(std::int64_t unix_time) {
  set("LastSeen", time_value(unix_time), [this](bool accepted) {
    if (!accepted) log_(Level::debug, "settings: LastSeen was refused");
  });
}

void SettingsClient::set(const std::string& setting, const BusValue& value, std::function<void(bool)> done) {
  if (!enrolled()) return done(false);
  const auto call = method_call(kSettingsService, path(setting.c_str()), kBusItem, "SetValue");
  Writer(*call).variant(value);
  connection_.call(*call, kPatience, [done = std::move(done)](DBusMessage& reply) {
    const auto result = first_value(reply);
    done(error_of(reply).empty() && result && *result == BusValue(0));
  });
}

void SettingsClient::follow() {
  for (const char* setting : {"CustomName", "ClassAndVrmInstance"}) {
    connection_.add_match(std::string("type='signal',sender='") + kSettingsService + "',interface='" + kBusItem +
                          "',member='PropertiesChanged',path='" + path(setting) + "'");
  }
}

std::string SettingsClient::path(const char* setting) const {
  return std::string(kDevices) + "/" + device_ + "/" + setting;
}

void SettingsClient::on_signal(DBusMessage& message) {
  if (dbus_message_is_signal(&message, DBUS_INTERFACE_DBUS, "NameOwnerChanged")) {
    const char *name = nullptr, *before = nullptr, *after = nullptr;
    const bool read = dbus_message_get_args(&message, nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &before,
                                            DBUS_TYPE_STRING, &after, DBUS_TYPE_INVALID);
    if (read && std::string_view(name) == kSettingsService && *after) handlers_.appeared();
    return;
  }
  if (!enrolled() || !dbus_message_is_signal(&message, kBusItem, "PropertiesChanged")) return;
  DBusMessageIter iter;
  if (!dbus_message_iter_init(&message, &iter)) return;
  const std::string changed = dbus_message_get_path(&message);
  for (const auto& [key, value] : read_dict(iter)) {
    if (key != "Value" || !std::holds_alternative<std::string>(value)) continue;
    if (changed == path("CustomName")) handlers_.custom_name(std::get<std::string>(value));
    if (changed == path("ClassAndVrmInstance")) {
      if (const auto instance = battery_instance(std::get<std::string>(value))) handlers_.instance(*instance);
    }
  }
}

}  // namespace bmsd
