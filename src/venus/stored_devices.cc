#include "venus/stored_devices.h"

#include <algorithm>

#include "venus/kept_settings.h"
#include "venus/names.h"

namespace bmsd {
namespace {

constexpr std::string_view kFamily = "serialbattery";
constexpr std::int64_t kForgotten = std::int64_t{30} * 24 * 3600;

bool belongs(const StoredDevice& device, const std::string& identity) {
  if (upper_case(device.identity) == upper_case(identity)) return true;
  const std::string name = device_name(identity);
  return device.name == name || (device.identity.empty() && upper_case(device.name) == upper_case(name));
}

}  // namespace

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::string device_name(std::string_view identity) { return std::string(kFamily) + "_" + upper_case(identity); }

std::vector<StoredDevice> stored_devices(const std::vector<std::pair<std::string, BusValue>>& entries) {
  std::map<std::string, StoredDevice> by_name;
  for (const auto& [path, value] : entries) {
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos || !path.starts_with(kFamily)) continue;
    StoredDevice& device = by_name[path.substr(0, slash)];
    device.name = path.substr(0, slash);
    device.values[path.substr(slash + 1)] = value;
  }
  std::vector<StoredDevice> devices;
  for (auto& [name, device] : by_name) {
    for (const KeptSetting& setting : kept_settings()) {
      if (const auto found = device.values.find(setting.name); found != device.values.end())
        setting.to(device.kept, found->second);
    }
    device.identity = safe_identity(text_in(device.values[kIdentitySetting]));
    device.instance = battery_instance(text_in(device.values[kInstanceSetting]));
    std::erase_if(device.values, [](const auto& entry) { return !valid(entry.second); });
    devices.push_back(std::move(device));
  }
  return devices;
}

Choice stored_of(const std::string& identity, std::span<const StoredDevice> devices) {
  Choice choice;
  choice.identity = identity;
  if (identity.empty()) return choice;
  const std::string name = device_name(identity);
  for (const StoredDevice& device : devices) {
    if (!belongs(device, identity)) continue;
    const bool own = device.name == name;
    if (own) choice.own = device;
    if (!own) choice.newest_other = std::max(choice.newest_other, device.kept.last_seen);
    if (!device.instance) continue;
    const bool newer = !choice.newest || device.kept.last_seen > choice.newest->kept.last_seen ||
                       (own && device.kept.last_seen == choice.newest->kept.last_seen);
    if (newer) choice.newest = device;
  }
  for (const StoredDevice& device : devices) {
    if (choice.newest && device.name != name && device.instance == choice.newest->instance && belongs(device, identity))
      choice.in_the_way.push_back(device.name);
  }
  return choice;
}

std::vector<StoredDevice> forgotten(std::span<const StoredDevice> devices, std::int64_t now, std::int64_t away_since,
                                    const std::function<bool(const StoredDevice&)>& in_use) {
  const auto seen_later = [now](const StoredDevice& device) { return device.kept.last_seen > now; };
  if (now < kClockIsSet || std::any_of(devices.begin(), devices.end(), seen_later)) return {};
  const std::int64_t limit = (away_since > 0 ? std::min(now, away_since) : now) - kForgotten;
  std::vector<StoredDevice> found;
  for (const StoredDevice& device : devices) {
    if ((device.kept.last_seen <= 0 || device.kept.last_seen < limit) && !in_use(device)) found.push_back(device);
  }
  return found;
}

}  // namespace bmsd
