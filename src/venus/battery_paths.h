// The items that the path table makes of one battery.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "bank/view.h"
#include "venus/item_tree.h"
#include "venus/paths.h"
#include "venus/publisher.h"

namespace bmsd {

// The items of one battery.
class BatteryPaths {
 public:
  // Adds the items to `tree`. `set_custom_name` answers writes of /CustomName.
  BatteryPaths(ItemTree& tree, SetHandler set_custom_name);

  // Offer what the table makes of who the battery is, and of what it says. New cells get items of their own.
  void update(Who who, Publisher& publisher);
  void update(const BatteryView& view, Publisher& publisher);

 private:
  struct Bound {
    const PathRow* row;
    ItemTree::Index item;
    std::size_t cell;  // counted from 0
  };
  void add_cells(std::size_t count);
  void count_current(const BatteryView& view);

  ItemTree& tree_;
  std::vector<Bound> bound_;
  std::size_t cells_ = 0;

  // /CurrentAvg: the last 300 rounds.
  std::array<double, 300> currents_{};
  std::size_t current_count_ = 0;  // ever
  std::optional<Instant> counted_;
};

}  // namespace bmsd
