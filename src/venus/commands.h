// The items of a battery with which clients change something in its BMS: /Settings/Force...Off, /Settings/ResetSoc...
#pragma once

#include <functional>
#include <string_view>

#include "battery/change.h"
#include "venus/item_tree.h"

namespace bmsd {

class Commands {
 public:
  using Request = std::function<void(const Change& change, std::function<void(bool)> done)>;

  // `request`: changes something, and calls `done` with whether the BMS says now what was wanted. `target_set`:
  // soc_target() is another one now, and is to be shown.
  Commands(Request request, std::function<void()> target_set);

  // What a write to `path` does; empty: it is none of these items.
  SetHandler handler(std::string_view path);

  // What /Settings/ResetSocToApply will set, percent.
  int soc_target() const { return soc_target_; }

 private:
  void turn(Changeable what, const BusValue& is_off, const std::function<void(SetResult)>& done);
  void set_target(const BusValue& value, const std::function<void(SetResult)>& done);
  void apply_target(const BusValue& value, const std::function<void(SetResult)>& done);
  void ask(const Change& change, const std::function<void(SetResult)>& done);

  Request request_;
  std::function<void()> target_set_;
  int soc_target_ = 100;
};

}  // namespace bmsd
