// What can be typed at a simulator while it runs: changes of packs, faults, the cable.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sim/bus.h"

namespace bmsd {

class Console {
 public:
  // Acts on the cable; an empty function: there is none to pull.
  struct Cable {
    std::function<Status()> unplug, replug;
  };

  // `bus` outlives the console.
  Console(SimBus& bus, Cable cable) : bus_(bus), cable_(std::move(cable)) {}

  // Does what one line says. The text to print ("ok", a table, help), or error config with what would be right; empty
  // for an empty line.
  Result<std::string> execute(std::string_view line);

  bool quit() const { return quit_; }  // "quit" was typed

 private:
  std::string show() const;

  SimBus& bus_;
  Cable cable_;
  bool quit_ = false;
};

}  // namespace bmsd
