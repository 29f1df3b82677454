// What survives a restart on any Linux: one small file, replaced atomically.
#pragma once

#include <map>
#include <string>

#include "bank/kept.h"
#include "base/result.h"

namespace bmsd {

struct State {
  std::map<std::string, Kept, std::less<>> batteries = {};  // by identity, as in /Serial
  std::map<std::string, KeptLine, std::less<>> lines = {};  // by adapter: "usb:A50285BI", or the port
  std::string good_config = {};  // the text of the last configuration file without anything unusable; empty: none yet

  bool operator==(const State&) const = default;
};

struct LoadedState {
  State state;         // safe values (empty) where there is no good file
  std::string report;  // what was wrong and where the damaged file is now; empty: nothing
};

// A file that is not there is an empty state. A damaged one (wrong version, checksum, content) is renamed to
// "<path>.damaged" and reported, never used in part.
LoadedState load_state(const std::string& path);

// Writes a new file beside it, fsync, rename, fsync of the folder: whatever happens, the old or the new content is there.
// Makes the folder. Error io.
Status save_state(const std::string& path, const State& state);

// "/data/apps/bmsd/state" on Venus OS, "/var/lib/bmsd/state" for root, "$XDG_STATE_HOME/bmsd/state" for users.
std::string usual_state_path();

}  // namespace bmsd
