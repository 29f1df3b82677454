// Victron's settings service (com.victronenergy.settings): what it keeps of one battery below /Settings/Devices.
// Sources: the Victron wiki "D-Bus API" and the service's README ("localsettings").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bank/kept.h"
#include "base/log.h"
#include "venus/connection.h"
#include "venus/stored_devices.h"
#include "venus/value.h"

namespace bmsd {

inline constexpr const char* kSettingsService = "com.victronenergy.settings";

class SettingsClient {
 public:
  struct Enrolled {
    std::string identity;
    Kept kept;
  };
  // Null: the service is not there (`absent`), or it did not answer, or refused.
  using Done = std::function<void(const Enrolled* enrolled, bool absent)>;
  using Choose = std::function<Choice(std::span<const StoredDevice>)>;

  struct Handlers {
    std::function<void()> appeared;                            // the service took its name
    std::function<void(const std::string& name)> custom_name;  // changed in the settings
    std::function<void(std::int32_t instance)> instance;       // changed in the settings
  };

  // `connection` must be registered, and outlive this. Calls in flight do not survive the connection.
  SettingsClient(Connection& connection, Handlers handlers, Log log);

  // Reads all devices, lets `choose` say which one we are, adds what is missing and reads what is there. An entry that
  // another one of the same battery is newer than gets the values of that one; a new entry starts with `fresh`. Only
  // the last call is answered.
  void enroll(Choose choose, const Kept& fresh, Done done);

  bool enrolled() const { return !device_.empty(); }  // not while the service is away
  void set_custom_name(const std::string& name, std::function<void(bool accepted)> done);
  // What differs from what the service has; of the state only. What it refuses is tried again with the next call.
  void save(const Kept& kept);
  void write_last_seen(std::int64_t unix_time);  // never behind another entry of the same battery

  // Reads all devices and removes the entries of those that `pick` gives back, if the service lets us.
  using Pick = std::function<std::vector<StoredDevice>(std::span<const StoredDevice>)>;
  void forget(Pick pick);

  void on_signal(DBusMessage& message);

 private:
  // What enrolling knows on its way.
  struct Entry {
    Choice choice;
    std::string device;
    Kept wanted;        // what is to be stored
    bool copy = false;  // although there is an entry of our own
    unsigned attempt = 0;
    Done done;
  };
  using Devices = std::function<void(std::vector<StoredDevice> devices)>;

  void read_devices(Devices done, std::function<void(const std::string& error)> failed);
  void add(Entry entry);
  void added(const Entry& entry, DBusMessage& reply);
  void read_instance(const Entry& entry);
  void finish(const Entry& entry);

  void set(const std::string& path, const BusValue& value, std::function<void(bool accepted)> done);
  void remove(const StoredDevice& device);
  void follow();
  void owner_changed(DBusMessage& message);
  std::string path(const char* setting) const;
  void warn_once(const std::string& problem);

  Connection& connection_;
  Handlers handlers_;
  Log log_;
  std::string device_;                      // "serialbattery_ABC"; empty: not enrolled
  std::string followed_;                    // whose changes we asked for
  std::map<std::string, BusValue> stored_;  // by name; what the service has, or was told last
  std::int64_t newest_other_ = 0;           // Choice::newest_other
  unsigned attempt_ = 0;                    // of enroll()
  std::set<std::string> warned_;
};

}  // namespace bmsd
