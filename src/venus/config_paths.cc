#include "venus/config_paths.h"

#include <algorithm>
#include <limits>

namespace bmsd {
namespace {

bool is_int32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max();
}

BusValue bus_value(bool value) { return value ? 1 : 0; }
BusValue bus_value(double value) { return value; }
BusValue bus_value(std::int64_t value) { return integer_value(value); }
BusValue bus_value(const std::string& value) { return value; }
BusValue bus_value(const std::vector<double>& value) { return value; }
BusValue bus_value(const std::vector<std::string>& value) { return value; }
BusValue bus_value(const std::vector<std::int64_t>& value) {
  // No list of the bus has wider integers.
  if (!std::all_of(value.begin(), value.end(), is_int32)) return std::vector<double>(value.begin(), value.end());
  return std::vector<std::int32_t>(value.begin(), value.end());
}

}  // namespace

BusValue bus_value(const ShownSetting& setting) {
  return std::visit([](const auto& value) { return bus_value(value); }, setting);
}

void ConfigPaths::update(const Values& values, Publisher& publisher) {
  if (values == shown_) return;
  const auto has = [&](const std::string& key) {
    return std::any_of(values.begin(), values.end(), [&](const auto& value) { return value.first == key; });
  };
  for (const auto& [key, item] : items_) {
    if (!has(key)) publisher.offer(item, {});
  }
  for (const auto& [key, setting] : values) {
    auto found = items_.find(key);
    if (found == items_.end()) {
      found = items_.emplace(key, tree_.add("/Info/Config/" + key, ItemType::any)).first;
    }
    publisher.offer(found->second, bus_value(setting));
  }
  shown_ = values;
}

}  // namespace bmsd
