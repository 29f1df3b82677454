#include "line/turnaround.h"

#include <algorithm>

namespace bmsd {
namespace {
constexpr int kGoodBeforeHalving = 8;
constexpr Duration kTroubleLasts = 10min;
}  // namespace

void Turnaround::good() {
  if (++good_in_a_row_ < (troubled_before_ ? kGoodBeforeHalving : 1)) return;
  good_in_a_row_ = 0;
  learned_ = std::max(learned_ / 2, least_);
}

void Turnaround::bad(int address, Instant now) {
  good_in_a_row_ = 0;
  troubled_before_ = true;
  const Duration had = of(address, now);
  learned_ = std::min(learned_ * 2, start_);
  troubled_[address] = {std::min(had * 2, start_), now + kTroubleLasts};
}

Duration Turnaround::of(int address, Instant now) const {
  const auto trouble = troubled_.find(address);
  if (trouble == troubled_.end() || now >= trouble->second.until) return learned_;
  return std::max(learned_, trouble->second.least);
}

}  // namespace bmsd
