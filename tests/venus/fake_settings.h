// com.victronenergy.settings, as far as a battery uses it, faithful to the real service: AddSettings with its error
// numbers and the special ClassAndVrmInstance, RemoveSettings, BusItem on each setting, tree GetValue,
// PropertiesChanged.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "venus/connection.h"

namespace bmsd::testing {

class FakeSettings {
 public:
  using File = std::map<std::string, BusValue>;  // path to value

  // Runs the loop until the name is ours; `file` is there from the beginning.
  FakeSettings(boost::asio::io_context& io, const std::string& address, File file = {});

  void store(const std::string& path, const BusValue& value) { file_[path] = value; }  // as if it had been in the file
  void change(const std::string& path, const BusValue& value);  // as if somebody else had written it
  BusValue value(const std::string& path) const;                // invalid: no such setting
  bool has(const std::string& path) const { return file_.contains(path); }
  bool is_silent(const std::string& path) const { return silent_.contains(path); }
  std::size_t size() const { return file_.size(); }
  const File& file() const { return file_; }

  bool refuses = false;          // SetValue answers -1
  bool refuses_adding = false;   // AddSettings is an error
  bool refuses_removal = false;  // RemoveSettings is an error
  bool silent = false;           // answers nothing
  bool busy = false;             // answers when it is over
  void not_busy();
  std::vector<std::string> written;  // paths of SetValue that changed something
  int enrolled = 0;                  // calls of AddSettings

 private:
  void on_call(DBusMessage& call);
  MessagePtr answer(DBusMessage& call);
  MessagePtr get_value(DBusMessage& call, const std::string& path) const;
  MessagePtr set_value(DBusMessage& call, const std::string& path);
  MessagePtr add_settings(DBusMessage& call);
  MessagePtr remove_settings(DBusMessage& call, const std::string& group);
  std::int32_t add(const std::string& path, const BusValue& initial);
  void put(const std::string& path, const BusValue& value);
  std::string free_instance(const std::string& path, const std::string& wanted) const;

  File file_;
  std::set<std::string> silent_;
  std::vector<MessagePtr> waiting_;
  bool registered_ = false, named_ = false;
  Connection connection_;
};

}  // namespace bmsd::testing
