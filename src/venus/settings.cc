#include "venus/settings.h"

#include <algorithm>
#include <utility>

#include "venus/kept_settings.h"

namespace bmsd {
namespace {

constexpr Duration kReadPatience = 5s;  // at boot the service has a lot to do
constexpr Duration kSetPatience = 4s;   // less than what a client that writes our /CustomName is made to wait
constexpr const char* kDevices = "/Settings/Devices";
constexpr const char* kInterface = "com.victronenergy.Settings";
constexpr int kOtherType = -5;

std::string path_in(const std::string& device, const std::string& setting) {
  return std::string(kDevices) + "/" + device + "/" + setting;
}

// No minimum, no maximum: 0 and 0 say so, and are what a left-out one counts as.
void write_setting(Writer& list, const std::string& path, const BusValue& initial, bool silent) {
  list.container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& setting) {
    setting.entry("path", [&](Writer& entry) { entry.variant_text(path); });
    setting.entry("default", [&](Writer& entry) { entry.variant(initial); });
    if (silent) setting.entry("silent", [&](Writer& entry) { entry.variant(1); });
  });
}

// Calls `each(name, error, value)` for the replies of AddSettings, aa{sv}.
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
    each(path.substr(path.rfind('/') + 1), error, value);
  }
}

bool says_absent(const std::string& error) {
  return error.starts_with(DBUS_ERROR_SERVICE_UNKNOWN) || error.starts_with(DBUS_ERROR_NAME_HAS_NO_OWNER);
}

}  // namespace

SettingsClient::SettingsClient(Connection& connection, Handlers handlers, Log log)
    : connection_(connection), handlers_(std::move(handlers)), log_(std::move(log)) {
  connection_.add_match(std::string("type='signal',sender='") + DBUS_SERVICE_DBUS +
                        "',member='NameOwnerChanged',arg0='" + kSettingsService + "'");
}

void SettingsClient::warn_once(const std::string& problem) {
  if (warned_.insert(problem).second) log_(Level::warning, "settings: " + problem);
}

void SettingsClient::read_devices(Devices done, std::function<void(const std::string&)> failed) {
  const auto call = method_call(kSettingsService, kDevices, kBusItem, "GetValue");
  connection_.call(*call, kReadPatience, [done = std::move(done), failed = std::move(failed)](DBusMessage& reply) {
    // Settings that never held a device have no such object; that is an answer too.
    const bool none = dbus_message_is_error(&reply, DBUS_ERROR_UNKNOWN_OBJECT) ||
                      dbus_message_is_error(&reply, DBUS_ERROR_UNKNOWN_METHOD);
    if (const std::string error = error_of(reply); !error.empty() && !none) return failed(error);
    DBusMessageIter iter;
    std::vector<StoredDevice> devices;
    if (!none && dbus_message_iter_init(&reply, &iter)) devices = stored_devices(read_dict(iter));
    done(std::move(devices));
  });
}

// --- Enrolling

void SettingsClient::enroll(Choose choose, const Kept& fresh, Done done) {
  const unsigned attempt = ++attempt_;
  const auto answer = [this, attempt, done = std::move(done)](const Enrolled* enrolled, bool absent) {
    if (attempt == attempt_) done(enrolled, absent);
  };
  read_devices(
      [this, attempt, choose = std::move(choose), fresh, answer](const std::vector<StoredDevice>& devices) {
        if (attempt != attempt_) return;
        Entry entry{choose(devices), {}, fresh, false, attempt, answer};
        entry.device = device_name(entry.choice.identity);
        const Choice& choice = entry.choice;
        if (choice.own) entry.wanted = choice.own->kept;
        if (choice.newest) entry.wanted = choice.newest->kept;
        entry.copy = choice.newest && choice.newest->name != entry.device;
        add(std::move(entry));
      },
      [this, answer](const std::string& error) {
        log_(Level::debug, "settings: " + error);
        answer(nullptr, says_absent(error));
      });
}

void SettingsClient::add(Entry entry) {
  // The service gives no number twice, so others must leave ours first. They take the next one that is free.
  for (const std::string& other : entry.choice.in_the_way) {
    set(path_in(other, kInstanceSetting), class_and_instance(entry.wanted.instance + 1), [](bool) {});
  }
  const auto call = method_call(kSettingsService, "/", kInterface, "AddSettings");
  Writer(*call).container(DBUS_TYPE_ARRAY, "a{sv}", [&](Writer& list) {
    for (const KeptSetting& setting : kept_settings()) {
      const bool instance = setting.name == std::string_view(kInstanceSetting);
      write_setting(list, path_in(entry.device, setting.name), setting.from(instance ? entry.wanted : Kept{}),
                    setting.silent);
    }
    write_setting(list, path_in(entry.device, kIdentitySetting), entry.choice.identity, false);
  });
  connection_.call(*call, kReadPatience, [this, entry = std::move(entry)](DBusMessage& reply) { added(entry, reply); });
}

void SettingsClient::added(const Entry& entry, DBusMessage& reply) {
  if (entry.attempt != attempt_) return;
  if (const std::string error = error_of(reply); !error.empty()) {
    const bool absent = says_absent(error);
    if (!absent) warn_once("cannot add " + entry.device + ": " + error);
    if (absent || !entry.choice.own) return entry.done(nullptr, absent);  // else: with what is there
  }
  std::map<std::string, BusValue> stored;
  if (entry.choice.own) stored = entry.choice.own->values;
  for_each_added(reply, [&](const std::string& name, std::int64_t error, const BusValue& value) {
    if (error == 0) {
      stored[name] = value;
    } else if (stored.contains(name)) {
      warn_once(entry.device + "/" + name + (error == kOtherType ? " has another type" : " cannot be added") + " (" +
                std::to_string(error) + "); using what is there");
    } else {
      warn_once(entry.device + "/" + name + " cannot be added (" + std::to_string(error) + ")");
    }
  });
  device_ = entry.device;
  stored_ = std::move(stored);
  newest_other_ = entry.choice.newest_other;
  follow();

  const bool is_new = !entry.choice.own;
  if (is_new || entry.copy) {
    save(entry.wanted);
    const BusValue name = entry.wanted.custom_name;
    if (!same_value(std::exchange(stored_[kNameSetting], name), name)) set(path(kNameSetting), name, [](bool) {});
  }
  const auto instance = battery_instance(text_in(stored_[kInstanceSetting]));
  if (instance && (!entry.copy || instance == entry.wanted.instance)) return finish(entry);
  set(path(kInstanceSetting), class_and_instance(entry.wanted.instance), [](bool) {});
  read_instance(entry);
}

void SettingsClient::read_instance(const Entry& entry) {
  const auto call = method_call(kSettingsService, path(kInstanceSetting), kBusItem, "GetValue");
  connection_.call(*call, kReadPatience, [this, entry](DBusMessage& reply) {
    if (entry.attempt != attempt_) return;
    const auto value = first_value(reply);
    if (error_of(reply).empty() && value) stored_[kInstanceSetting] = *value;
    finish(entry);
  });
}

void SettingsClient::finish(const Entry& entry) {
  Enrolled enrolled{entry.choice.identity, {}};
  for (const KeptSetting& setting : kept_settings()) setting.to(enrolled.kept, stored_[setting.name]);
  if (entry.copy) enrolled.kept.last_seen = entry.wanted.last_seen;
  if (!battery_instance(text_in(stored_[kInstanceSetting]))) {
    warn_once("no device instance for " + device_);
    device_.clear();
    return entry.done(nullptr, false);
  }
  entry.done(&enrolled, false);
}

// --- Writing

void SettingsClient::set_custom_name(const std::string& name, std::function<void(bool)> done) {
  if (!enrolled()) return done(false);
  set(path(kNameSetting), name, [this, name, done = std::move(done)](bool accepted) {
    if (accepted) stored_[kNameSetting] = name;
    done(accepted);
  });
}

void SettingsClient::write_last_seen(std::int64_t unix_time) {
  if (!enrolled()) return;
  set(path(kLastSeenSetting), integer_value(std::max(unix_time, newest_other_)), [this](bool accepted) {
    if (!accepted) warn_once("LastSeen was refused");
  });
}

void SettingsClient::save(const Kept& kept) {
  if (!enrolled()) return;
  for (const KeptSetting& setting : kept_settings()) {
    const BusValue value = setting.from(kept);
    if (!setting.state || same_value(stored_[setting.name], value)) continue;
    stored_[setting.name] = value;
    set(path(setting.name), value, [this, name = setting.name, device = device_](bool accepted) {
      if (accepted) return;
      warn_once(std::string(name) + " was refused");
      if (device == device_) stored_[name] = BusValue();
    });
  }
}

void SettingsClient::set(const std::string& path, const BusValue& value, std::function<void(bool)> done) {
  const auto call = method_call(kSettingsService, path, kBusItem, "SetValue");
  Writer(*call).variant(value);
  connection_.call(*call, kSetPatience, [done = std::move(done)](DBusMessage& reply) {
    const auto result = first_value(reply);
    done(error_of(reply).empty() && result && *result == BusValue(0));
  });
}

void SettingsClient::forget(Pick pick) {
  read_devices(
      [this, pick = std::move(pick)](const std::vector<StoredDevice>& devices) {
        for (const StoredDevice& device : pick(devices)) remove(device);
      },
      [](const std::string&) {});
}

void SettingsClient::remove(const StoredDevice& device) {
  const auto call =
      method_call(kSettingsService, std::string(kDevices) + "/" + device.name, kInterface, "RemoveSettings");
  Writer(*call).container(DBUS_TYPE_ARRAY, "s", [&](Writer& names) {
    for (const auto& [name, value] : device.values) {
      if (is_kept_setting(name)) names.text(name);
    }
  });
  connection_.call(*call, kSetPatience, [this, name = device.name](DBusMessage& reply) {
    const std::string error = error_of(reply);
    if (error.empty()) return log_(Level::info, "settings: removed " + name + ", not seen for 30 days");
    log_(Level::info, "settings: cannot remove " + name + ", not seen for 30 days: " + error);
  });
}

// --- What others change

void SettingsClient::follow() {
  if (followed_ == device_) return;
  followed_ = device_;
  for (const char* setting : {kNameSetting, kInstanceSetting}) {
    connection_.add_match(std::string("type='signal',sender='") + kSettingsService + "',interface='" + kBusItem +
                          "',member='PropertiesChanged',path='" + path(setting) + "'");
  }
}

std::string SettingsClient::path(const char* setting) const { return path_in(device_, setting); }

void SettingsClient::owner_changed(DBusMessage& message) {
  const char *name = nullptr, *before = nullptr, *after = nullptr;
  const bool read = dbus_message_get_args(&message, nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &before,
                                          DBUS_TYPE_STRING, &after, DBUS_TYPE_INVALID);
  if (!read || std::string_view(name) != kSettingsService) return;
  device_.clear();
  stored_.clear();
  if (*after) handlers_.appeared();
}

void SettingsClient::on_signal(DBusMessage& message) {
  if (dbus_message_is_signal(&message, DBUS_INTERFACE_DBUS, "NameOwnerChanged")) return owner_changed(message);
  if (!enrolled() || !dbus_message_is_signal(&message, kBusItem, "PropertiesChanged")) return;
  DBusMessageIter iter;
  if (!dbus_message_iter_init(&message, &iter)) return;
  const std::string changed = dbus_message_get_path(&message);
  for (const auto& [key, value] : read_dict(iter)) {
    if (key != "Value") continue;
    if (changed == path(kNameSetting)) {
      stored_[kNameSetting] = value;
      handlers_.custom_name(text_in(value));
    }
    if (changed == path(kInstanceSetting)) {
      if (const auto instance = battery_instance(text_in(value))) handlers_.instance(*instance);
    }
  }
}

}  // namespace bmsd
