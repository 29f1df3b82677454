// A private dbus-daemon and a client on it. Everything runs on the test's io_context; nothing sleeps.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "venus/connection.h"

namespace bmsd::testing {

// Runs the loop until `condition` holds; false if it did not within a generous limit.
bool run_until(boost::asio::io_context& io, const std::function<bool()>& condition,
               std::chrono::seconds limit = std::chrono::seconds(30));

// The daemon, at an address that stays the same over restarts.
class TestBus {
 public:
  TestBus();
  ~TestBus();
  TestBus(const TestBus&) = delete;
  TestBus& operator=(const TestBus&) = delete;

  void start();
  void stop();
  const std::string& address() const { return address_; }

 private:
  std::string folder_, address_;
  pid_t pid_ = -1;
};

// What ItemsChanged and GetItems carry: path to value and text.
struct ItemSeen {
  BusValue value;
  std::string text;
};
using ItemsSeen = std::map<std::string, ItemSeen>;
ItemsSeen read_items(DBusMessage& message);

class TestClient {
 public:
  TestClient(boost::asio::io_context& io, const std::string& address);

  void start(DBusMessage& message, Connection::Reply reply) { connection_.call(message, 20s, std::move(reply)); }
  // Sends, runs the loop until the answer is there.
  MessagePtr call(DBusMessage& message);
  MessagePtr call(const std::string& service, const std::string& path, const char* member,
                  const char* interface = kBusItem);
  std::int32_t set_value(const std::string& service, const std::string& path, const BusValue& value);  // -99: an error
  ItemsSeen items(const std::string& service);
  BusValue value(const std::string& service, const std::string& path);
  std::string owner(const std::string& service);  // unique name, empty: none
  std::int32_t request_name(const std::string& name);

  std::vector<ItemsSeen> changes;  // ItemsChanged, in the order of their coming

 private:
  boost::asio::io_context& io_;
  bool ready_ = false;
  Connection connection_;
};

}  // namespace bmsd::testing
