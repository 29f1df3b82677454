// Another program on the bus that shows items: a shunt, say. Everything runs on the test's io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <string>

#include "venus/bus_item.h"
#include "venus/connection.h"
#include "venus/item_tree.h"

namespace bmsd::testing {

class FakeService {
 public:
  // Runs the loop until `name` is ours.
  FakeService(boost::asio::io_context& io, const std::string& address, const std::string& name);

  void has(const std::string& path, const BusValue& value);      // tells nobody
  void changes(const std::string& path, const BusValue& value);  // by ItemsChanged
  void property_changes(const std::string& path, const BusValue& value);
  void send(DBusMessage& message) { connection_.send(message); }

  bool silent = false;                  // answers nothing
  int asked = 0;                        // calls of any method
  std::map<std::string, int> asked_of;  // by path

 private:
  ItemTree tree_;
  bool registered_ = false, named_ = false;
  Connection connection_;
  BusItems items_;
};

}  // namespace bmsd::testing
