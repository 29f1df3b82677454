// The charge to a higher voltage every SOC_RESET_AFTER_DAYS days, at which a BMS finds its 100 % again.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "control/charge_inputs.h"

namespace bmsd {

constexpr bool is_set(WallTime wall) { return wall.seconds >= 1'577'836'800; }  // 2020

class SocReset {
 public:
  // What was saved: when it was reached last (Unix time, 0: never), and whether the pack has been full before.
  void restore(std::int64_t last_reached, bool was_full);

  // Once per evaluation, first of all. Says whether the higher voltage is wanted:
  //   from when the last time is more than SOC_RESET_AFTER_DAYS ago. A pack that never had one has a regular full charge
  //   first. A wall clock that is not set, or is before the last time, makes nothing due;
  //   until float(), or until the BMS opens its charge FET because of a cell that is as high as asked for. Then there is
  //   no other one before float().
  bool wanted(const ChargeStageConfig& config, const ChargeInputs& inputs, WallTime wall, Instant now);

  // Float begins. `reached`: the whole wait was at the higher voltage.
  void float_begins(bool reached, WallTime wall, Instant now);

  // The BMS's warnings of high voltage are expected: while it is wanted, for a day at most, and for half an hour after.
  bool hides_warnings(Instant now) const;

  bool wanted() const { return wanted_since_.has_value(); }
  std::int64_t last_reached() const { return last_reached_; }  // Unix time, 0: never

 private:
  bool due(double days, WallTime wall) const;
  void date(WallTime wall, Instant now);

  std::optional<Instant> wanted_since_;
  bool stopped_by_bms_ = false;
  bool was_full_ = false;
  std::int64_t last_reached_ = 0;
  std::optional<Instant> reached_at_;
  bool undated_ = false;   // reached while the wall clock was not set
  bool restored_ = false;  // just now
};

}  // namespace bmsd
