#include "app/state_keeper.h"

#include <utility>

#include "io/holder.h"

namespace bmsd {

StateKeeper::StateKeeper(std::string path, Log log) : path_(std::move(path)), log_(std::move(log)) {
  if (path_.empty()) {
    why_not_ = "there is no place for the state file, HOME is not set";
    return;
  }
  auto lock = StateLock::take(path_);
  if (lock) {
    lock_ = std::move(*lock);
  } else if (std::string_view(lock.error().what) == "held") {
    const auto holder = find_holder(path_ + ".lock");
    why_not_ = path_ + " belongs to " + (holder ? describe(*holder) : "another bmsd");
  }
  LoadedState loaded = load_state(path_);
  if (!loaded.report.empty()) log_(Level::error, loaded.report);
  state_ = std::move(loaded.state);
}

StateKeeper::StateKeeper(std::string path, State state, StateLock lock, Log log)
    : path_(std::move(path)), log_(std::move(log)), lock_(std::move(lock)), state_(std::move(state)) {}

std::optional<Kept> StateKeeper::recall(std::string_view identity) const {
  const auto found = state_.batteries.find(identity);
  return found == state_.batteries.end() ? std::nullopt : std::optional(found->second);
}

void StateKeeper::remember(std::string_view identity, const Kept& kept) {
  Kept& known = state_.batteries[std::string(identity)];
  changed_ = changed_ || known != kept;
  known = kept;
}

std::optional<KeptLine> StateKeeper::recall_line(std::string_view adapter) const {
  const auto found = state_.lines.find(adapter);
  return found == state_.lines.end() ? std::nullopt : std::optional(found->second);
}

void StateKeeper::remember_line(std::string_view adapter, const KeptLine& line) {
  KeptLine& known = state_.lines[std::string(adapter)];
  changed_ = changed_ || known != line;
  known = line;
}

void StateKeeper::remember_good_config(std::string text) {
  changed_ = changed_ || state_.good_config != text;
  state_.good_config = std::move(text);
}

void StateKeeper::look(Instant now) {
  if (!changed_ || (last_try_ && now - *last_try_ < kPause)) return;
  last_try_ = now;
  write();
}

void StateKeeper::finish() {
  if (changed_) write();
}

void StateKeeper::write() {
  if (!why_not_.empty()) return complain(Level::warning, why_not_ + "; name another file with --state");
  if (const Status saved = save_state(path_, state_); !saved) return complain(Level::error, describe(saved.error()));
  changed_ = false;
  if (!std::exchange(told_, {}).empty()) log_(Level::info, path_ + ": written again");
}

void StateKeeper::complain(Level level, const std::string& why) {
  if (std::exchange(told_, why) != why) log_(level, why + "; nothing is kept over a restart");
}

}  // namespace bmsd
