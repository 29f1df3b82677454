// One battery on the bus: its connection, its items, its name.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "bank/view.h"
#include "venus/battery_paths.h"
#include "venus/bus_item.h"
#include "venus/commands.h"
#include "venus/connection.h"
#include "venus/delay.h"
#include "venus/enrollment.h"
#include "venus/instance_lock.h"
#include "venus/publisher.h"
#include "venus/sink.h"

namespace bmsd {

// The way to the bus: connect, say hello, learn who we are (Enrollment), wait for limits, lock the instance, take the
// name. Whatever fails is tried again; when the bus goes away, or somebody else is to be shown than before, it starts
// anew. The items outlive the connection.
class VenusService {
 public:
  VenusService(boost::asio::io_context& io, const VenusOptions& options, const Log& log,
               const VenusSink::Appeared& appeared, Roster& roster, const BatteryView& view, Instant now);

  void changed(const BatteryView& view, Instant now);
  void save(const Kept& kept) { enrollment_.save(kept); }

  // As of VenusSink.
  void let_name_go(bool may);
  void take_name();
  bool prepared() const { return prepared_; }
  bool online() const { return online_; }
  const InstanceLock* instance_lock() const { return lock_ ? &*lock_ : nullptr; }

 private:
  // What lives as long as one connection; the members go in reverse order.
  struct Link {
    explicit Link(VenusService& service);
    Connection connection;
    BusItems items;
  };

  void connect();
  void registered();
  void lost();
  void connect_later();
  void complain(const std::string& problem);

  void settled();
  void restart();

  bool lock();
  void request_name();
  void named(DBusMessage& reply);
  void call_request_name(unsigned flags, Connection::Reply reply);
  void on_signal(DBusMessage& message);
  bool lock_inherited(const std::string& path);
  void try_name_later(const std::string& problem);

  SetHandler handler(std::string_view path);
  void show_who();
  void flush(Instant now);
  void note(Level level, std::string_view text) const { log_(level, name_ + ": " + std::string(text)); }

  boost::asio::io_context& io_;
  const VenusOptions& options_;
  const Log& log_;
  const VenusSink::Appeared& appeared_;

  const Identity identity_;
  const std::string name_;
  ServiceFacts facts_;
  ItemTree tree_;
  Commands commands_;
  BatteryPaths paths_;
  Publisher publisher_;
  Instant now_;  // of the last call from outside

  Enrollment enrollment_;
  std::optional<InstanceLock> lock_;
  std::unique_ptr<Link> link_;
  Delay retry_, flush_;
  bool limits_ = false;  // the charge voltage is known
  bool holds_back_;      // another process still serves this battery
  bool replaces_;        // the name may be another process's, which lets it go
  bool prepared_ = false;
  bool lets_go_ = false;  // another process may take the name
  bool gone_ = false;     // and has
  bool asked_ = false;    // for the name
  bool online_ = false;   // the name is ours
  int name_tries_ = 0;
  std::string problem_;  // the one that was logged last
};

}  // namespace bmsd
