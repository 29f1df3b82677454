// com.victronenergy.settings, as far as a battery uses it, faithful to the real service: AddSettings with its error
// numbers and the special ClassAndVrmInstance, BusItem on each setting, tree GetValue, PropertiesChanged.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "venus/bus_item.h"
#include "venus/connection.h"

namespace bmsd::testing {

class FakeSettings {
 public:
  // Runs the loop until the name is ours; before that `fill` stores what the file holds.
  FakeSettings(
      boost::asio::io_context& io, const std::string& address,
      const std::function<void(FakeSettings&)>& fill = [](FakeSettings&) {});

  void store(const std::string& path, const BusValue& value);   // as if it had been in the file
  void change(const std::string& path, const BusValue& value);  // as if somebody else had written it
  BusValue value(const std::string& path) const;                // invalid: no such setting
  std::size_t size() const { return tree_.items().size(); }

  bool refuses = false;  // SetValue answers 2
  bool silent = false;   // answers nothing

 private:
  void on_call(DBusMessage& call);
  void add_settings(DBusMessage& call);
  void announce(ItemTree::Index index);
  std::string free_instance(const std::string& wanted) const;

  ItemTree tree_;
  bool registered_ = false, named_ = false;
  Connection connection_;
  BusItems items_;
};

}  // namespace bmsd::testing
