#include "fake_settings.h"

#include <gtest/gtest.h>

#include <utility>

#include "test_bus.h"
#include "venus/bus_item.h"

namespace bmsd::testing {
namespace {

// The letter that the service knows a type by.
char type_of(const BusValue& value) {
  if (std::holds_alternative<std::string>(value)) return 's';
  return std::holds_alternative<double>(value) ? 'f' : 'i';
}

bool is_instance(const std::string& path) { return path.ends_with("/ClassAndVrmInstance"); }

MessagePtr number(DBusMessage& call, std::int32_t value) {
  MessagePtr reply = reply_to(call);
  Writer(*reply).int32(value);
  return reply;
}

}  // namespace

FakeSettings::FakeSettings(boost::asio::io_context& io, const std::string& address, File file)
    : file_(std::move(file)),
      connection_(io, {[this](const Status& status) { registered_ = status.ok(); }, [](DBusMessage&) {},
                       [this](DBusMessage& call) { on_call(call); }, [] {}}) {
  EXPECT_TRUE(connection_.open(address));
  EXPECT_TRUE(run_until(io, [this] { return registered_; }));
  const auto name = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "RequestName");
  Writer writer(*name);
  writer.text("com.victronenergy.settings");
  writer.uint32(DBUS_NAME_FLAG_DO_NOT_QUEUE);
  connection_.call(*name, 20s, [this](DBusMessage& reply) { named_ = first_value(reply) == BusValue(1); });
  EXPECT_TRUE(run_until(io, [this] { return named_; }));
}

void FakeSettings::change(const std::string& path, const BusValue& value) { put(path, value); }

BusValue FakeSettings::value(const std::string& path) const {
  const auto found = file_.find(path);
  return found == file_.end() ? BusValue() : found->second;
}

void FakeSettings::put(const std::string& path, const BusValue& value) {
  file_[path] = value;
  const auto message = signal(path.c_str(), kBusItem, "PropertiesChanged");
  Writer(*message).container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& changes) {
    changes.entry("Value", [&](Writer& entry) { entry.variant(value); });
    changes.entry("Text", [&](Writer& entry) { entry.variant_text(text_of(value)); });
  });
  connection_.send(*message);
}

void FakeSettings::on_call(DBusMessage& call) {
  if (silent) return;
  if (busy) {
    waiting_.push_back(adopt(dbus_message_ref(&call)));
    return;
  }
  const MessagePtr reply = answer(call);
  if (!dbus_message_get_no_reply(&call)) connection_.send(*reply);
}

void FakeSettings::not_busy() {
  busy = false;
  for (const MessagePtr& call : std::exchange(waiting_, {})) on_call(*call);
}

MessagePtr FakeSettings::answer(DBusMessage& call) {
  const std::string path = dbus_message_get_path(&call);
  if (dbus_message_is_method_call(&call, kBusItem, "GetValue")) return get_value(call, path);
  if (dbus_message_is_method_call(&call, kBusItem, "SetValue")) return set_value(call, path);
  if (dbus_message_is_method_call(&call, "com.victronenergy.Settings", "AddSettings")) return add_settings(call);
  if (dbus_message_is_method_call(&call, "com.victronenergy.Settings", "RemoveSettings"))
    return remove_settings(call, path);
  return error_reply(call, DBUS_ERROR_UNKNOWN_METHOD, "no such method");
}

MessagePtr FakeSettings::get_value(DBusMessage& call, const std::string& path) const {
  MessagePtr reply = reply_to(call);
  Writer writer(*reply);
  if (const auto found = file_.find(path); found != file_.end()) {
    writer.variant(found->second);
    return reply;
  }
  const std::string prefix = path + "/";
  const auto first = file_.lower_bound(prefix);
  if (first == file_.end() || !first->first.starts_with(prefix)) {
    return error_reply(call, DBUS_ERROR_UNKNOWN_OBJECT, "no " + path);
  }
  writer.container(DBUS_TYPE_VARIANT, "a{sv}", [&](Writer& variant) {
    variant.container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& values) {
      for (auto at = first; at != file_.end() && at->first.starts_with(prefix); ++at) {
        values.entry(at->first.substr(prefix.size()), [&](Writer& entry) { entry.variant(at->second); });
      }
    });
  });
  return reply;
}

MessagePtr FakeSettings::set_value(DBusMessage& call, const std::string& path) {
  const auto found = file_.find(path);
  if (found == file_.end()) return error_reply(call, DBUS_ERROR_UNKNOWN_OBJECT, "no " + path);
  auto wanted = first_value(call);
  if (refuses || !wanted) return number(call, -1);
  if (is_instance(path)) wanted = free_instance(path, std::get<std::string>(*wanted));
  if (type_of(*wanted) != type_of(found->second)) {
    // As Python's str(), int() and float() do.
    if (type_of(found->second) == 's') {
      wanted = text_of(*wanted);
    } else {
      wanted = convert(*wanted, type_of(found->second) == 'i' ? ItemType::integer : ItemType::real);
    }
    if (!wanted) return number(call, -1);
  }
  if (!(*wanted == found->second)) {
    written.push_back(path);
    put(path, *wanted);
  }
  return number(call, 0);
}

// The number that was asked for if it is free, else the next one that is.
std::string FakeSettings::free_instance(const std::string& path, const std::string& wanted) const {
  const std::string kind = wanted.substr(0, wanted.find(':') + 1);
  const auto taken = [&](int number) {
    for (const auto& [other, value] : file_) {
      if (other != path && is_instance(other) && value == BusValue(kind + std::to_string(number))) return true;
    }
    return false;
  };
  int number = std::stoi(wanted.substr(kind.size()));
  while (taken(number)) ++number;
  return kind + std::to_string(number);
}

std::int32_t FakeSettings::add(const std::string& path, const BusValue& initial) {
  if (!path.starts_with("/Settings/")) return -9;
  if (path.find("/_") != std::string::npos) return -2;
  if (const auto found = file_.find(path); found != file_.end()) {
    return type_of(found->second) == type_of(initial) ? 0 : -5;
  }
  put(path, is_instance(path) ? BusValue(free_instance(path, std::get<std::string>(initial))) : initial);
  return 0;
}

MessagePtr FakeSettings::add_settings(DBusMessage& call) {
  EXPECT_STREQ(dbus_message_get_signature(&call), "aa{sv}");
  EXPECT_STREQ(dbus_message_get_path(&call), "/");
  ++enrolled;
  if (refuses_adding) return error_reply(call, DBUS_ERROR_FAILED, "not now");
  MessagePtr reply = reply_to(call);
  Writer(*reply).container(DBUS_TYPE_ARRAY, "a{sv}", [&](Writer& results) {
    DBusMessageIter iter, list;
    dbus_message_iter_init(&call, &iter);
    for (dbus_message_iter_recurse(&iter, &list); dbus_message_iter_get_arg_type(&list) == DBUS_TYPE_ARRAY;
         dbus_message_iter_next(&list)) {
      std::string path;
      BusValue initial;
      for (const auto& [key, value] : read_dict(list)) {
        if (key == "path") path = std::get<std::string>(value);
        if (key == "default") initial = value;
        if (key == "silent" && value == BusValue(1)) silent_.insert(path);
        EXPECT_TRUE(key == "path" || key == "default" || key == "silent") << key;
      }
      const std::int32_t error = add(path, initial);
      results.container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& result) {
        result.entry("path", [&](Writer& entry) { entry.variant_text(path); });
        result.entry("error", [&](Writer& entry) { entry.variant(error); });
        result.entry("value", [&](Writer& entry) { entry.variant(error == 0 ? value(path) : BusValue()); });
      });
    }
  });
  return reply;
}

MessagePtr FakeSettings::remove_settings(DBusMessage& call, const std::string& group) {
  EXPECT_STREQ(dbus_message_get_signature(&call), "as");
  if (refuses_removal) return error_reply(call, DBUS_ERROR_FAILED, "not now");
  MessagePtr reply = reply_to(call);
  Writer(*reply).container(DBUS_TYPE_ARRAY, "i", [&](Writer& results) {
    DBusMessageIter iter, list;
    dbus_message_iter_init(&call, &iter);
    for (dbus_message_iter_recurse(&iter, &list); dbus_message_iter_get_arg_type(&list) == DBUS_TYPE_STRING;
         dbus_message_iter_next(&list)) {
      const char* name = nullptr;
      dbus_message_iter_get_basic(&list, &name);
      results.int32(file_.erase(group + "/" + name) == 1 ? 0 : -1);
    }
  });
  return reply;
}

}  // namespace bmsd::testing
