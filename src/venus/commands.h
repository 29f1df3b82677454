// The items of a battery with which clients change something, in its BMS or in charge control: /Settings/Force...Off,
// /Settings/ResetSoc..., /Settings/SocResetLastReached, /History/Clear
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "battery/change.h"
#include "venus/item_tree.h"

namespace bmsd {

class Commands {
 public:
  // What is left empty cannot be done. Those that return a bool say whether it was done.
  struct Actions {
    // Changes something in the BMS, and calls `done` with whether it says now what was wanted.
    std::function<void(const Change& change, std::function<void(bool)> done)> request = {};
    std::function<bool(double percent)> set_counted_soc = {};  // false also where the SoC is that of the BMS
    std::function<bool(int group)> clear_history = {};         // 1..7 (HistoryGroup)
    std::function<bool(std::int64_t unix_time)> date_soc_reset = {};
  };

  // `target_set`: soc_target() is another one now, and is to be shown.
  Commands(Actions actions, std::function<void()> target_set);

  // What a write to `path` does; empty: it is none of these items.
  SetHandler handler(std::string_view path);

  // What /Settings/ResetSocToApply will set, percent.
  int soc_target() const { return soc_target_; }

 private:
  void turn(Changeable what, const BusValue& is_off, const std::function<void(SetResult)>& done);
  void set_target(const BusValue& value, const std::function<void(SetResult)>& done);
  void apply_target(const BusValue& value, const std::function<void(SetResult)>& done);
  void clear_history(const BusValue& value, const std::function<void(SetResult)>& done);
  void date_soc_reset(const BusValue& value, const std::function<void(SetResult)>& done);
  void ask(const Change& change, const std::function<void(SetResult)>& done);

  Actions actions_;
  std::function<void()> target_set_;
  int soc_target_ = 100;
};

}  // namespace bmsd
