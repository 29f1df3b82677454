// What sinks are given of a battery. Sinks see neither protocols nor lines.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bank/display.h"
#include "base/result.h"
#include "base/time.h"
#include "battery/battery.h"
#include "battery/link_health.h"
#include "control/charge_control.h"

namespace bmsd {

// Who a battery is; fixed from the moment it appears.
struct Identity {
  std::string id;         // key within this process: "ttyUSB0 0x01"
  std::string port;       // as the user named it: "/dev/ttyUSB0", "tcp://10.0.0.2:8899"
  std::string port_name;  // last part, safe for a bus name: "ttyUSB0", "tcp_10_0_0_2_8899", "pts_3"
  int address = -1;
  bool address_configured = false;      // the service name carries the address
  std::string protocol;                 // "daren-485"
  std::string bms_type;                 // "Daren485"
  std::vector<std::string> identities;  // best first, then the old driver's; never empty
  int order = 0;  // 1, 2, ... by line and address: the device instance where no settings service gives one
};

struct BatteryView {
  const Identity& identity;
  const Battery& battery;
  const Limits& limits;
  const Presence& presence;  // connected, waiting, lost (control/disconnect.h)
  const LinkHealth& health;
  const Display& display;
  const ControlConfig& control;
  const ControlOutputs& outputs;  // `limits` and `presence` are of these
};

// Where batteries are published to. All calls come from the loop's thread; a sink that cannot keep up loses
// intermediate values and delays nobody.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void added(const BatteryView& view, Instant now) = 0;
  // After a round, good or failed, and within a second of what changes by time alone. Only the state is given: the sink
  // compares with what it published.
  virtual void changed(const BatteryView& view, Instant now) = 0;
  virtual void removed(const Identity& identity, Instant now) = 0;
};

}  // namespace bmsd
