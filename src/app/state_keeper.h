// The state of the running daemon: read once, written now and then, and when the daemon ends in order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"
#include "store/state_file.h"
#include "store/state_lock.h"

namespace bmsd {

class StateKeeper {
 public:
  static constexpr Duration kPause = 15s;  // between two writings; the file may be on flash

  // Loads. `path` empty: nothing is kept. Where another process has the file, it is read and never written; that is said
  // when there is something to write.
  StateKeeper(std::string path, Log log);
  // Goes on for another process: `state` as it had it, and the lock of the file that it has handed over.
  StateKeeper(std::string path, State state, StateLock lock, Log log);

  const State& state() const { return state_; }
  const std::string& path() const { return path_; }
  int lock_descriptor() const { return lock_ ? lock_->descriptor() : -1; }

  // What is known of a battery; `identity` as in /Serial.
  std::optional<Kept> recall(std::string_view identity) const;
  void remember(std::string_view identity, const Kept& kept);
  std::optional<KeptLine> recall_line(std::string_view adapter) const;
  void remember_line(std::string_view adapter, const KeptLine& line);
  void remember_good_config(std::string text);

  // Writes what has changed, if the last time is long enough ago. To be called about once a second.
  void look(Instant now);
  // Writes what has changed: the daemon ends.
  void finish();

 private:
  void write();
  void complain(Level level, const std::string& why);

  std::string path_;
  Log log_;
  std::optional<StateLock> lock_;
  std::string why_not_;  // why nothing is written at all
  State state_;
  bool changed_ = false;  // since it was written
  std::optional<Instant> last_try_;
  std::string told_;  // the failure that was logged last
};

}  // namespace bmsd
