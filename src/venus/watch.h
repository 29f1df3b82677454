// What other programs on the bus say: single items of com.victronenergy.BusItem, by their signals. Nothing is waited for;
// the first value and each confirmation are asked for like anything else on the bus. Source: the Victron wiki "D-Bus API".
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "venus/connection.h"
#include "venus/delay.h"
#include "venus/value.h"

namespace bmsd {

struct WatchedItem {
  std::string service;  // well-known name, "com.victronenergy.battery.ttyS6"
  std::string path;     // "/Dc/0/Current"
  // What it holds counts until its service goes or says something else: it is no measurement.
  bool lasts = false;

  auto operator<=>(const WatchedItem&) const = default;
};

// One connection of its own, without a name; from the first item on.
class BusWatch {
 public:
  // A measurement counts for 60 s after its service has told or confirmed it, and is asked for again when it is 20 s
  // old: services tell changes only, so a value that stays is as silent as a program that hangs. In steps, so that one
  // timer will do; a value is never used for longer than 60 s and never dropped before 50 s.
  static constexpr Duration kStep = 10s;
  static constexpr int kAskAfter = 2, kValidFor = 6;  // steps

  // `bus` as in VenusOptions; `io` must outlive the watch. `changed`: a value or the presence of a service is another
  // one now; comes from the loop, never from within watch().
  BusWatch(boost::asio::io_context& io, std::string bus, Log log, std::function<void()> changed, Duration step = kStep);
  ~BusWatch();
  BusWatch(const BusWatch&) = delete;
  BusWatch& operator=(const BusWatch&) = delete;

  // All items to watch from now on; those that were watched before stay known. What cannot be a name or a path on D-Bus
  // is never there, which is logged once.
  void watch(const std::set<WatchedItem>& items);

  // What the item holds. Invalid: its service is not there or does not answer, it has no such item, or that is invalid.
  BusValue value(const WatchedItem& item) const;
  bool is_there(const std::string& service) const;

 private:
  struct Item {
    bool lasts = false;
    BusValue value = {};
    bool told = false;   // by this owner
    int age = 0;         // steps since the service told or confirmed it
    bool asked = false;  // a call is on its way
  };
  struct Service {
    std::string owner;  // unique name; empty: not on the bus, or not known yet
    std::map<std::string, Item> items;

    void forget();  // what the owner said
  };

  void connect();
  void registered();
  void lost();
  void begin(const std::string& name);
  void begin(const std::string& name, const std::string& path);
  void end(const std::string& name);
  void end(const std::string& name, const std::string& path);

  void on_signal(DBusMessage& message);
  void owned(const std::string& name, const std::string& owner);
  void ask(const std::string& name, const std::string& path);
  void told(Service& service, const std::string& path, const BusValue& value);
  void step();
  bool can_be_watched(const WatchedItem& item);
  void complain(const std::string& problem);

  boost::asio::io_context& io_;
  const std::string bus_;
  Log log_;
  std::function<void()> changed_;
  const Duration step_length_;
  std::map<std::string, Service> services_;
  std::unique_ptr<Connection> connection_;
  bool online_ = false;
  Delay retry_, step_;
  std::string problem_;               // with the bus, the one that was logged last
  std::set<WatchedItem> impossible_;  // logged
};

}  // namespace bmsd
