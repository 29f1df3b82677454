#include "venus/publisher.h"

#include <algorithm>
#include <utility>

namespace bmsd {
namespace {

double number_or_zero(const BusValue& value) {
  if (const auto* i = std::get_if<std::int32_t>(&value)) return *i;
  if (const auto* d = std::get_if<double>(&value)) return *d;
  return 0;
}

}  // namespace

void Publisher::offer(ItemTree::Index index, BusValue value, Urgent urgent) {
  if (index >= pending_.size()) {
    pending_.resize(tree_.items().size());
    highest_.resize(tree_.items().size());
  }
  auto& pending = pending_[index];
  const BusValue& told = tree_.at(index).value;
  if (same_value(value, pending ? *pending : told)) return;
  value = sendable(std::move(value));
  if (same_value(value, told)) {
    if (pending && --count_ == 0) urgent_ = false;
    pending.reset();
    return;
  }
  if (is_urgent(index, value, urgent)) urgent_ = true;
  if (urgent == Urgent::when_it_falls) highest_[index] = std::max(highest_[index], number_or_zero(value));
  if (!pending) ++count_;
  pending = std::move(value);
}

bool Publisher::is_urgent(ItemTree::Index index, const BusValue& value, Urgent urgent) const {
  if (!valid(value)) return false;
  const double before = number_or_zero(tree_.at(index).value), after = number_or_zero(value);
  switch (urgent) {
    case Urgent::never:
      return false;
    case Urgent::when_it_rises:
      return after > before;
    case Urgent::when_it_changes:
      return true;
    case Urgent::when_it_falls:
      return after < before && (after == 0 || before - after > 0.01 * highest_[index]);
  }
  return false;
}

std::optional<Instant> Publisher::due(Instant now) const {
  if (count_ == 0) return std::nullopt;
  if (urgent_ || !sent_) return now;
  return std::max(now, *sent_ + kPeriod);
}

std::vector<ItemTree::Index> Publisher::take(Instant now) {
  const auto when = due(now);
  if (!when || *when > now) return {};
  sent_ = sent_ ? std::max(*sent_, now) : now;
  return flush();
}

void Publisher::store() { flush(); }

void Publisher::summarize(ItemTree::Index item, Summary summary) {
  if (summary) offer(item, tree_.at(item).value);  // what was offered before does not count any more
  summary_item_ = item;
  summary_ = summary;
}

std::vector<ItemTree::Index> Publisher::flush() {
  std::vector<ItemTree::Index> changed;
  changed.reserve(count_);
  for (ItemTree::Index index = 0; index < pending_.size() && changed.size() < count_; ++index) {
    auto& pending = pending_[index];
    if (!pending) continue;
    tree_.set(index, std::move(*pending));
    pending.reset();
    changed.push_back(index);
  }
  count_ = 0;
  urgent_ = false;
  if (summary_ && !changed.empty()) {
    tree_.set(summary_item_, summary_(tree_));
    changed.push_back(summary_item_);
  }
  return changed;
}

}  // namespace bmsd
