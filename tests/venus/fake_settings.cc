#include "fake_settings.h"

#include <gtest/gtest.h>

#include "test_bus.h"

namespace bmsd::testing {

FakeSettings::FakeSettings(boost::asio::io_context& io, const std::string& address,
                           const std::function<void(FakeSettings&)>& fill)
    : connection_(io, {[this](const Status& status) { registered_ = status.ok(); }, [](DBusMessage&) {},
                       [this](DBusMessage& call) { on_call(call); }, [] {}}),
      items_(io, tree_, [this](DBusMessage& message) { connection_.send(message); }) {
  EXPECT_TRUE(connection_.open(address));
  EXPECT_TRUE(run_until(io, [this] { return registered_; }));
  fill(*this);
  const auto name = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "RequestName");
  Writer writer(*name);
  writer.text("com.victronenergy.settings");
  writer.uint32(DBUS_NAME_FLAG_DO_NOT_QUEUE);
  connection_.call(*name, 20s, [this](DBusMessage& reply) { named_ = first_value(reply) == BusValue(1); });
  EXPECT_TRUE(run_until(io, [this] { return named_; }));
}

void FakeSettings::store(const std::string& path, const BusValue& value) {
  const ItemType type = std::holds_alternative<std::string>(value) ? ItemType::text
                        : std::holds_alternative<double>(value)    ? ItemType::real
                                                                   : ItemType::integer;
  const auto index = tree_.add(path, type, nullptr, [this, path](const BusValue& wanted, const auto& done) {
    if (refuses) return done(SetResult::refused);
    change(path, wanted);
    done(SetResult::accepted);
  });
  tree_.set(index, value);
}

void FakeSettings::change(const std::string& path, const BusValue& value) {
  tree_.set(*tree_.find(path), value);
  announce(*tree_.find(path));
}

BusValue FakeSettings::value(const std::string& path) const {
  const auto index = tree_.find(path);
  return index ? tree_.at(*index).value : BusValue();
}

void FakeSettings::announce(ItemTree::Index index) {
  const Item& item = tree_.at(index);
  const auto message = signal(item.path.c_str(), kBusItem, "PropertiesChanged");
  Writer writer(*message);
  write_item(writer, item);
  connection_.send(*message);
}

void FakeSettings::on_call(DBusMessage& call) {
  if (silent) return;
  if (dbus_message_is_method_call(&call, "com.victronenergy.Settings", "AddSettings")) return add_settings(call);
  items_.answer(call);
}

// The number that was asked for if it is free, else the next one that is.
std::string FakeSettings::free_instance(const std::string& wanted) const {
  const std::string kind = wanted.substr(0, wanted.find(':') + 1);
  const auto taken = [&](int number) {
    for (const Item& item : tree_.items()) {
      if (item.path.ends_with("/ClassAndVrmInstance") && item.value == BusValue(kind + std::to_string(number)))
        return true;
    }
    return false;
  };
  int number = std::stoi(wanted.substr(kind.size()));
  while (taken(number)) ++number;
  return kind + std::to_string(number);
}

void FakeSettings::add_settings(DBusMessage& call) {
  ASSERT_STREQ(dbus_message_get_signature(&call), "aa{sv}");
  ASSERT_STREQ(dbus_message_get_path(&call), "/");
  const auto reply = reply_to(call);
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
      }
      std::int32_t error = 0;
      if (!path.starts_with("/Settings/")) {
        error = -9;
      } else if (const auto index = tree_.find(path)) {
        if (tree_.at(*index).value.index() != initial.index()) error = -5;
      } else if (path.ends_with("/ClassAndVrmInstance")) {
        store(path, free_instance(std::get<std::string>(initial)));
      } else {
        store(path, initial);
      }
      results.container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& result) {
        result.entry("path", [&](Writer& entry) { entry.variant_text(path); });
        result.entry("error", [&](Writer& entry) { entry.variant(error); });
        result.entry("value", [&](Writer& entry) { entry.variant(value(path)); });
      });
    }
  });
  connection_.send(*reply);
}

}  // namespace bmsd::testing
