// What to type when a port is held.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace bmsd {

// A running bmsd that has the port.
struct HoldingDaemon {
  int pid = 0;
  std::string socket;  // its control socket, as it was named; empty: the usual one
};
std::optional<HoldingDaemon> daemon_that_holds(const std::string& port);

// The error as it is shown for a port that could not be opened. Where a running bmsd holds it: how to ask that one instead.
std::string describe_port_error(const Error& error, const std::string& port);

}  // namespace bmsd
