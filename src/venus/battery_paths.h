// The items that the path table makes of one battery.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "bank/view.h"
#include "control/mean_current.h"
#include "venus/config_paths.h"
#include "venus/internal_errors.h"
#include "venus/item_tree.h"
#include "venus/paths.h"
#include "venus/publisher.h"

namespace bmsd {

// The items of one battery.
class BatteryPaths {
 public:
  // What a write to a path does; an empty handler: it is refused.
  using Handlers = std::function<SetHandler(std::string_view path)>;

  // Adds the items to `tree`. The form of the cell paths, and the paths with which something can be changed, stay those
  // of `display` as long as this lives, because consumers look for them once: others need a new service. All else in
  // BatteryView::display may change.
  BatteryPaths(ItemTree& tree, const Handlers& handlers, const Display& display);

  // Offer what the table makes of who the battery is, and of what it says. New cells get items of their own.
  void update(Who who, Publisher& publisher);
  void update(const BatteryView& view, Publisher& publisher, Instant now);

 private:
  struct Bound {
    const PathRow* row;
    ItemTree::Index item;
    std::size_t cell;  // counted from 0
  };
  bool wanted(const PathRow& row) const;
  bool offers(Changeable what) const;
  void add_cells(std::size_t count);
  void show_json(bool wanted, Publisher& publisher);
  PathInput input(const BatteryView& view) const;

  ItemTree& tree_;
  const int cell_format_;
  const std::vector<Changeable> changes_;
  std::vector<Bound> bound_;
  std::size_t cells_ = 0;
  MeanCurrent mean_current_;
  InternalErrors internal_errors_;
  ConfigPaths config_;
  bool as_json_ = false;
};

}  // namespace bmsd
