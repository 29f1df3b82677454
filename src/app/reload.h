// A configuration that was read again while the daemon runs: what takes effect at once, and what only a restart can.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/port_plan.h"
#include "base/time.h"

namespace bmsd {

struct Changes {
  std::vector<std::pair<std::string, Duration>> intervals;  // port, POLL_INTERVAL
  std::vector<std::string> after_restart;                   // "PORTS", "BAUD of /dev/ttyUSB0"
};

Changes compare(const RunPlan& before, const RunPlan& after);

}  // namespace bmsd
