// What a process is told of a battery by the one that published it until now.
#pragma once

#include <string>
#include <vector>

#include "bank/kept.h"
#include "base/time.h"

namespace bmsd {

struct InheritedBattery {
  std::string id;                       // Identity::id
  std::string port;                     // as the user named it
  std::vector<std::string> identities;  // of its Identity; never empty
  bool answers = true;
  Instant lost_since{};              // of one that does not: its first failed round
  double charge = 0, discharge = 0;  // A, the limits that were published
  Kept kept{};                       // only what charge control makes of it counts
};

}  // namespace bmsd
