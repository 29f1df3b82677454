// /TimeToSoC/N: when the battery will be at N percent (TIME_TO_SOC_POINTS).
#pragma once

#include <cstdint>
#include <map>

#include "control/config.h"
#include "control/times_to_go.h"
#include "venus/item_tree.h"
#include "venus/publisher.h"

namespace bmsd {

class TimesPaths {
 public:
  explicit TimesPaths(ItemTree& tree) : tree_(tree) {}

  // Offers the times as TIME_TO_SOC_VALUE_TYPE wants them: seconds are a number, the other forms a text. Items come when
  // their point does; one whose point has gone is invalid, because paths do not go.
  void update(const TimesToGo& times, TimesShown shown, Publisher& publisher);

 private:
  ItemTree& tree_;
  std::map<std::int64_t, ItemTree::Index> items_;  // by percent
};

}  // namespace bmsd
