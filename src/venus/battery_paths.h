// The items that the path table makes of one battery.
#pragma once

#include <optional>
#include <vector>

#include "bank/view.h"
#include "control/mean_current.h"
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

  ItemTree& tree_;
  std::vector<Bound> bound_;
  std::size_t cells_ = 0;
  MeanCurrent mean_current_;
};

}  // namespace bmsd
