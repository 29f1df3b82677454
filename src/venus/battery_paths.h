// The items that the path table makes of one battery.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "bank/view.h"
#include "venus/config_paths.h"
#include "venus/internal_errors.h"
#include "venus/item_tree.h"
#include "venus/paths.h"
#include "venus/publisher.h"
#include "venus/times_paths.h"

namespace bmsd {

// The items of one battery.
class BatteryPaths {
 public:
  // What a write to a path does; an empty handler: it is refused.
  using Handlers = std::function<SetHandler(std::string_view path)>;

  // Adds the items to `tree`. The form of the cell paths, and the paths with which something can be changed in the BMS,
  // stay those of `display` as long as this lives, because consumers look for them once: others need a new service. All
  // else in BatteryView::display may change.
  BatteryPaths(ItemTree& tree, Handlers handlers, const Display& display);

  // Offer what the table makes of who the battery is, and of what it says. What comes later, as new cells, gets items of
  // its own. `who` is looked at again then, so what it refers to has to stay.
  void update(Who who, Publisher& publisher);
  void update(const BatteryView& view, Publisher& publisher, Instant now);

 private:
  struct Bound {
    const PathRow* row;
    ItemTree::Index item;
    std::size_t cell;  // counted from 0
  };
  bool wanted(const PathRow& row) const;
  bool wanted_now(const PathRow& row, const PathInput& in) const;
  bool offers(Changeable what) const;
  void add(const PathRow& row);
  void add_what_came(const PathInput& in, Publisher& publisher);
  void add_cells(std::size_t count);
  void show_json(bool wanted, Publisher& publisher);
  PathInput input(const BatteryView& view, Instant now) const;

  ItemTree& tree_;
  const Handlers handlers_;
  const int cell_format_;
  const std::vector<Changeable> changes_;
  std::vector<Bound> bound_;
  std::vector<const PathRow*> absent_;  // that may come
  std::optional<Who> who_;
  std::size_t cells_ = 0;
  InternalErrors internal_errors_;
  ConfigPaths config_;
  TimesPaths times_;
  bool as_json_ = false;
};

}  // namespace bmsd
