// The new process: learns from the old one, and takes its place when every battery that answered there has answered here.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/daemon.h"
#include "app/snapshot.h"
#include "io/parcel.h"
#include "venus/sink.h"

namespace bmsd {

class Takeover {
 public:
  // Reports to the old process at the other end of `channel`, and waits until that hands over. Errors: it does not, or what
  // it says cannot be read.
  static Result<std::unique_ptr<Takeover>> begin(int channel);

  Takeover(Descriptor channel, Snapshot snapshot, std::vector<Descriptor> descriptors);

  const Snapshot& snapshot() const { return snapshot_; }
  // Of a snapshot's index; each once. Nothing (-1): there is none.
  int take(int index);
  int take_instance_lock(const std::string& path);

  // What is known of the port of the daemon's line `index`, and its descriptor.
  void give_port(Daemon& daemon, std::size_t index);

  // `venus` may be null. All come from the loop. `serves`: everything is proved, and the old process will hear of it.
  // `alone`: it has gone, all is ours. `end`: it has gone too early, or nobody watches over this process; why.
  struct Hooks {
    std::function<void()> serves;
    std::function<void()> alone;
    std::function<void(const std::string& why)> end;
  };
  void start(boost::asio::io_context& io, Daemon& daemon, VenusSink* venus, Hooks hooks);
  // After each event and tick.
  void look(Instant now);
  // Whether the old process has left it to this one to keep what survives a restart.
  bool in_charge() const { return stage_ == Stage::done || stage_ == Stage::alone; }

 private:
  enum class Stage : unsigned char { learning, naming, done, alone };

  void wait_for_end();
  void say(const char* what, const std::string& text = {}) const;
  std::string missing() const;
  bool all_have(bool (VenusSink::*what)(std::string_view) const) const;

  Descriptor channel_;
  Snapshot snapshot_;
  std::vector<Descriptor> descriptors_;
  Daemon* daemon_ = nullptr;
  VenusSink* venus_ = nullptr;
  Hooks hooks_;
  std::unique_ptr<boost::asio::posix::stream_descriptor> other_end_;
  Stage stage_ = Stage::learning;
  bool follows_guardian_ = false;
  Instant alone_since_{};
  std::string told_missing_;
};

}  // namespace bmsd
