// When /ErrorCode is 8, "internal error": at least 180 errors, and the oldest of the last 180 younger than 3 h.
#pragma once

#include <cstdint>
#include <deque>

#include "base/time.h"
#include "battery/link_health.h"

namespace bmsd {

// Replies that came whole and made no sense. What silence and a noisy wire do is told by /ConnectionInformation and
// /Alarms/BmsCable, and is no fault of the program or of the BMS.
std::uint64_t internal_errors(const LinkHealth& health);

class InternalErrors {
 public:
  // `total`: of all errors since the pack was first asked; less than before: counted anew since a port was reopened.
  void count(std::uint64_t total, Instant now);
  // Becomes true at once and is looked at again each hour, so that it does not flicker. Call after count().
  bool many() const { return many_; }

 private:
  bool many_within(Instant now) const;

  std::uint64_t total_ = 0;
  std::deque<Instant> last_;  // up to 180
  bool many_ = false;
  Instant looked_{};
};

}  // namespace bmsd
