// What one process of this program passes on to the next: everything that is not in the configuration and that the lines
// would not tell again at once. As text, because the two may be of different versions.
#pragma once

#include <string>
#include <vector>

#include "app/inherited.h"
#include "base/result.h"
#include "line/line.h"
#include "store/state_file.h"

namespace bmsd {

inline constexpr int kSnapshotFormat = 1;

struct Snapshot {
  struct Port {
    std::string name;     // as the user named it
    int descriptor = -1;  // index among the descriptors that come along; -1: opened anew
    int baud = 0;
    bool listens = false;  // another master asks: the packs are met anew, but for those that are lost
    std::vector<InheritedPack> packs = {};
  };
  struct Lock {
    std::string path;
    int descriptor = -1;
  };

  int guardian = 0;  // the process that the service manager knows (app/guardian.h); 0: none yet
  std::vector<Port> ports = {};
  std::vector<InheritedBattery> batteries = {};  // that are published
  State state = {};                              // as the state file has it
  Lock state_lock = {};                          // of that file
  std::vector<Lock> instance_locks = {};
  int control_socket = -1;  // index, as above
};

std::string snapshot_text(const Snapshot& snapshot);

// The reverse, at `now`. What this version does not know is left out. Error config: of another format, or no snapshot at
// all.
Result<Snapshot> parse_snapshot(const std::string& text, Instant now);

}  // namespace bmsd
