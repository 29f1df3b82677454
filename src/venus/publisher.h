// Decides what is sent when. Pure: whoever owns it says the instant and sends.
//
// The tree holds what clients were told. What is offered waits beside it until it may be sent, so a value that changed
// and changed back within the second is never sent, and GetValue and the signals never disagree.
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "venus/item_tree.h"

namespace bmsd {

// Which changes of an item go out at once, taking along what is pending. "Falls" counts from 1 % of the item's highest
// value on, or when it reaches 0.
enum class Urgent : unsigned char { never, when_it_rises, when_it_falls, when_it_changes };

class Publisher {
 public:
  static constexpr Duration kPeriod = 1s;  // between two messages of a battery, if nothing is urgent

  explicit Publisher(ItemTree& tree) : tree_(tree) {}

  // `value`: rounded as it is to be published.
  void offer(ItemTree::Index index, BusValue value, Urgent urgent = Urgent::never);
  // What is pending shall leave at once.
  void hurry() { urgent_ = count_ > 0; }

  // When take() has something to give; nothing while nothing is pending.
  std::optional<Instant> due(Instant now) const;

  // Stores what is pending in the tree and returns its items in the order of the tree; empty before due().
  std::vector<ItemTree::Index> take(Instant now);

  // Stores what is pending without counting as a message: nobody listens yet.
  void store();

  // `item` tells all the others in one text: it is made anew with each message and never the cause of one. Null: it is
  // an item like any other again.
  using Summary = std::string (*)(const ItemTree& tree);
  void summarize(ItemTree::Index item, Summary summary);

 private:
  std::vector<ItemTree::Index> flush();
  bool is_urgent(ItemTree::Index index, const BusValue& value, Urgent urgent) const;

  ItemTree& tree_;
  std::vector<std::optional<BusValue>> pending_;  // by item
  std::vector<double> highest_;                   // by item, of those that are watched for falling
  std::size_t count_ = 0;                         // of pending
  bool urgent_ = false;
  std::optional<Instant> sent_;
  ItemTree::Index summary_item_ = 0;
  Summary summary_ = nullptr;
};

}  // namespace bmsd
