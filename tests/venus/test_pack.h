// A battery as the hub shows it to sinks, built by hand: 16 cells, 53.12 V.
#pragma once

#include <string>
#include <vector>

#include "bank/view.h"

namespace bmsd::testing {

struct TestPack {
  explicit TestPack(const std::string& port_name = "ttyUSB0", const std::string& serial = "JD2M02150860 1 ");

  Display display;
  ControlConfig control;
  ControlOutputs outputs;  // without limits and presence

  BatteryView view() const { return {identity, battery, limits, presence, health, display, control, outputs}; }
  // What the next good round says of the field, which is what is published of it, too.
  void says(Field field, double value);
  void says(const Reading& reading);

  Identity identity;
  Battery battery;
  Limits limits;
  Presence presence;
  LinkHealth health;
  Instant now{};
};

}  // namespace bmsd::testing
