// The devices that the settings hold, and which of them are a battery's.
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

#include "bank/kept.h"
#include "venus/value.h"

namespace bmsd {

// One that is named like a battery of this family; the settings hold devices of everybody.
struct StoredDevice {
  std::string name;                      // "serialbattery_ABC"
  std::string identity;                  // UniqueIdentifier, safe_identity(); empty: none
  std::optional<std::int32_t> instance;  // none: no ClassAndVrmInstance, or of another class
  Kept kept{};
  std::map<std::string, BusValue> values{};  // of all its entries, as they are
};

// From the entries of a GetValue on /Settings/Devices: "serialbattery_ABC/CustomName" and its value.
std::vector<StoredDevice> stored_devices(const std::vector<std::pair<std::string, BusValue>>& entries);

// The name of the entry of an identity: "serialbattery_ABC" of "abc".
std::string device_name(std::string_view identity);

std::string upper_case(std::string_view text);  // ASCII

// An identity, and what is stored of it. Drivers before this one have left entries of one battery that differ in upper
// and lower case; the newest knows best.
struct Choice {
  std::string identity;
  std::optional<StoredDevice> newest;   // by LastSeen, with a device instance; of equal ones our own
  std::optional<StoredDevice> own;      // the one that is named device_name()
  std::vector<std::string> in_the_way;  // others' names, with the instance of `newest`
  std::int64_t newest_other = 0;        // greatest LastSeen of the others
};
Choice stored_of(const std::string& identity, std::span<const StoredDevice> devices);

// Which entries nobody needs any more: not seen for 30 days, or without LastSeen, and not `in_use`. None while the clock
// cannot be right: not set, or behind an entry. `away_since` is when a battery here was seen last before it came now
// (0: never): what was seen up to 30 days before that was there when it was, and months in which the whole system was
// off do not count.
std::vector<StoredDevice> forgotten(std::span<const StoredDevice> devices, std::int64_t now, std::int64_t away_since,
                                    const std::function<bool(const StoredDevice&)>& in_use);

}  // namespace bmsd
