// /Info/Config/KEY: the configuration as it is in force, for those who look after a system from afar
// (PUBLISH_CONFIG_VALUES).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bank/display.h"
#include "venus/item_tree.h"
#include "venus/publisher.h"

namespace bmsd {

class ConfigPaths {
 public:
  using Values = std::vector<std::pair<std::string, ShownSetting>>;

  explicit ConfigPaths(ItemTree& tree) : tree_(tree) {}

  // Offers what has changed since the last call. Items come when their key does; one whose key has gone is invalid,
  // because paths do not go.
  void update(const Values& values, Publisher& publisher);

 private:
  ItemTree& tree_;
  Values shown_;
  std::map<std::string, ItemTree::Index, std::less<>> items_;  // by key
};

// Yes and no are 1 and 0, as everywhere on this bus.
BusValue bus_value(const ShownSetting& setting);

}  // namespace bmsd
