// How much of the last minute a line was in use.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace bmsd {

class LineLoad {
 public:
  // In use from `from` to `to`; what was said before is not counted twice. In the order of time.
  void in_use(Instant from, Instant to) {
    if (!began_) began_ = from;
    from = std::max(from, until_);
    until_ = std::max(until_, to);
    while (from < to) {
      const std::int64_t number = number_of(from);
      const Instant end = std::min(to, Instant((number + 1) * kSlot));
      Slot& slot = slots_.at(static_cast<std::size_t>(number) % kSlots);
      if (slot.number != number) slot = {number, Duration(0)};
      slot.used += end - from;
      from = end;
    }
  }

  // 0..100; nothing before the first use.
  std::optional<double> percent(Instant now) const {
    if (!began_ || now <= *began_) return std::nullopt;
    const std::int64_t last = number_of(now);
    Duration used{};
    for (const Slot& slot : slots_) {
      if (slot.number <= last && slot.number > last - static_cast<std::int64_t>(kSlots)) used += slot.used;
    }
    const Instant oldest = Instant((last - static_cast<std::int64_t>(kSlots) + 1) * kSlot);
    const double share = seconds(used) / seconds(now - std::max(oldest, *began_));
    return 100 * std::clamp(share, 0.0, 1.0);
  }

 private:
  static constexpr std::size_t kSlots = 12;
  static constexpr Duration kSlot = 5s;
  struct Slot {
    std::int64_t number = -1;
    Duration used{};
  };
  static std::int64_t number_of(Instant at) { return at.time_since_epoch() / kSlot; }

  std::array<Slot, kSlots> slots_{};
  std::optional<Instant> began_;
  Instant until_{};
};

}  // namespace bmsd
