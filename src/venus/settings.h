// What Victron's settings service (com.victronenergy.settings) keeps of a battery: its device instance and its name.
// The layout below /Settings/Devices is the one of the driver that most systems come from, so that instances, VRM
// history and names stay.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "venus/connection.h"
#include "venus/value.h"

namespace bmsd {

inline constexpr const char* kSettingsService = "com.victronenergy.settings";

// A device that the settings hold.
struct StoredDevice {
  std::string name;      // "serialbattery_ABC"
  std::string identity;  // UniqueIdentifier, safe_identity()
  std::string class_and_instance;
  std::string custom_name;
  std::int64_t last_seen = 0;
};
// From the entries of a GetValue on /Settings/Devices: "serialbattery_ABC/CustomName" and its value.
std::vector<StoredDevice> stored_devices(const std::vector<std::pair<std::string, BusValue>>& entries);

// N of "battery:N".
std::optional<std::int32_t> battery_instance(std::string_view class_and_instance);

// Which battery of this process uses which identity: two with the same one would share a device instance.
class Claims {
 public:
  bool free_for(std::string_view identity, std::string_view id) const;
  void claim(std::string_view identity, std::string_view id);  // one per id: gives back what it had
  void release(std::string_view id);

 private:
  std::map<std::string, std::string, std::less<>> identity_by_id_;
};

// Which of its identities a battery uses: the best one if the settings hold it; else an older one that they hold and no
// other battery claims; else the best one as a new entry. `last_resort` (port and address) when the best one is another
// battery's.
struct Choice {
  std::string identity;
  std::optional<StoredDevice> stored;  // the newest with that identity
};
Choice choose_identity(std::span<const std::string> identities, const std::string& last_resort,
                       std::span<const StoredDevice> devices, const Claims& claims, std::string_view id);

class SettingsClient {
 public:
  struct Enrolled {
    std::string identity;
    std::int32_t instance = 0;
    std::string custom_name;
  };
  // No value: the settings service is not there, did not answer within 2 s, or refused.
  using Done = std::function<void(std::optional<Enrolled>)>;
  using Choose = std::function<Choice(std::span<const StoredDevice>)>;

  struct Handlers {
    std::function<void()> appeared;                            // the service took its name
    std::function<void(const std::string& name)> custom_name;  // changed in the settings
    std::function<void(std::int32_t instance)> instance;       // changed in the settings
  };

  // `connection` must be registered, and outlive this. Calls in flight do not survive the connection.
  SettingsClient(Connection& connection, Handlers handlers, Log log);

  // Reads all devices, lets `choose` say which one we are, adds what is missing, reads the instance back, writes
  // LastSeen.
  void enroll(Choose choose, std::int64_t unix_time, Done done);

  bool enrolled() const { return !device_.empty(); }
  void set_custom_name(const std::string& name, std::function<void(bool accepted)> done);
  void write_last_seen(std::int64_t unix_time);

  void on_signal(DBusMessage& message);

 private:
  void add(const Choice& choice, std::int64_t unix_time, Done done);
  void set(const std::string& setting, const BusValue& value, std::function<void(bool accepted)> done);
  void follow();
  std::string path(const char* setting) const;

  Connection& connection_;
  Handlers handlers_;
  Log log_;
  std::string device_;  // "serialbattery_ABC"; empty: not enrolled
};

}  // namespace bmsd
