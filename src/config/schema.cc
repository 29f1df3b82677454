#include "config/schema.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "config/schema_groups.h"

namespace bmsd {
namespace {

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::vector<Key> joined() {
  std::vector<Key> keys;
  for (const auto group : {general_keys(), limit_keys(), soc_keys(), transport_keys(), disconnect_keys(),
                           charge_voltage_keys(), current_table_keys(), time_keys(), temperature_keys(), own_keys()}) {
    keys.insert(keys.end(), group.begin(), group.end());
  }
  return keys;
}

}  // namespace

std::span<const Key> all_keys() {
  static const std::vector<Key> keys = joined();
  return keys;
}

const Key* find_key(std::string_view name) {
  const auto keys = all_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return same_word(key.name, name); });
  return found == keys.end() ? nullptr : &*found;
}

const Renamed* find_renamed(std::string_view old_name) {
  const auto all = renamed_keys();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Renamed& row) { return same_word(row.old_name, old_name); });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace bmsd
