// The old process: starts a new one, hands over everything, and stays as the way back until that one has good data and the
// names on the bus. docs/restart.md tells the whole of it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/daemon.h"
#include "app/snapshot.h"
#include "app/state_keeper.h"
#include "base/log.h"
#include "io/parcel.h"
#include "sink/control_socket.h"
#include "venus/delay.h"
#include "venus/sink.h"

namespace bmsd {

class Handover {
 public:
  static constexpr Duration kHelloWithin = 10s, kQuietWithin = 5s, kGoodWithin = 60s;

  // What is handed over; `venus` and `socket` may be null. `save` brings the state of the batteries to where it is kept.
  // `leave`: the new process serves, this one is to end.
  struct Owner {
    Daemon& daemon;
    VenusSink* venus;
    ControlSocket* socket;
    StateKeeper& keeper;
    int guardian = 0;  // as Snapshot::guardian
    std::function<void()> save;
    std::function<void()> leave;
  };
  Handover(boost::asio::io_context& io, Owner owner, Log log);
  ~Handover();  // as abort()

  // `binary` empty: the one that runs. `done` is called once: with the process that has taken over, or with why this one
  // goes on. Where one is under way already, that is an error.
  struct Success {
    int pid = 0;
    std::string version;
  };
  using Finished = std::function<void(const Result<Success>&)>;
  void begin(const std::string& binary, Finished finished);

  // Nothing is to be written that survives a restart: the new process may be doing it.
  bool has_given() const { return stage_ == Stage::given || stage_ == Stage::finished; }
  int successor() const { return stage_ == Stage::finished ? child_ : 0; }
  // This process ends: the new one goes, unless it has taken over.
  void abort();

 private:
  enum class Stage : unsigned char { idle, started, resting, given, finished };

  Status start(const std::string& binary);
  void listen();
  void heard();
  void wait_until_quiet(Instant since);
  void give();
  Snapshot snapshot(std::vector<int>& descriptors) const;
  void succeed();
  void go_back(const std::string& why);
  std::string end_child();

  boost::asio::io_context& io_;
  Owner owner_;
  Log log_;
  const std::string own_binary_;  // where it was at the beginning: it may be moved away before a successor comes
  Stage stage_ = Stage::idle;
  int child_ = 0;
  std::string version_;
  std::string waiting_for_;  // the new process says
  Finished finished_;
  std::unique_ptr<boost::asio::posix::stream_descriptor> channel_;
  std::vector<Descriptor> ports_;  // of each line, while the new process has them, too
  Delay timer_, door_;
};

}  // namespace bmsd
