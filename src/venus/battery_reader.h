// Reads what batteries show on a bus, of this program or of any other; for commands.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "venus/value.h"

namespace bmsd {

struct BatteryOnBus {
  std::string service;                    // "com.victronenergy.battery.ttyUSB0"
  std::map<std::string, BusValue> items;  // by path, "/Info/MaxChargeCurrent"
};

// All services below com.victronenergy.battery, by name; one that does not answer is left out. Blocks for at most about
// `patience`. Errors: config, the bus has no address; io, it cannot be reached or does not answer.
Result<std::vector<BatteryOnBus>> read_batteries(const std::string& bus, Duration patience = 5s);

}  // namespace bmsd
