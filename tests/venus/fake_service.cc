#include "fake_service.h"

#include <gtest/gtest.h>

#include "test_bus.h"

namespace bmsd::testing {

FakeService::FakeService(boost::asio::io_context& io, const std::string& address, const std::string& name)
    : connection_(io, {[this](const Status& status) { registered_ = status.ok(); }, [](DBusMessage&) {},
                       [this](DBusMessage& call) {
                         ++asked;
                         ++asked_of[dbus_message_get_path(&call)];
                         if (!silent) items_.answer(call);
                       },
                       [] {}}),
      items_(io, tree_, [this](DBusMessage& message) { connection_.send(message); }) {
  EXPECT_TRUE(connection_.open(address));
  EXPECT_TRUE(run_until(io, [this] { return registered_; }));
  const auto call = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "RequestName");
  Writer writer(*call);
  writer.text(name);
  writer.uint32(DBUS_NAME_FLAG_DO_NOT_QUEUE);
  connection_.call(*call, 20s, [this](DBusMessage& reply) { named_ = first_value(reply) == BusValue(1); });
  EXPECT_TRUE(run_until(io, [this] { return named_; }));
}

void FakeService::has(const std::string& path, const BusValue& value) {
  const auto found = tree_.find(path);
  tree_.set(found ? *found : tree_.add(path, ItemType::any), value);
}

void FakeService::changes(const std::string& path, const BusValue& value) {
  has(path, value);
  const ItemTree::Index changed[] = {*tree_.find(path)};
  connection_.send(*items_.items_changed(changed));
}

void FakeService::property_changes(const std::string& path, const BusValue& value) {
  has(path, value);
  const auto message = signal(path.c_str(), kBusItem, "PropertiesChanged");
  Writer writer(*message);
  write_item(writer, tree_.at(*tree_.find(path)));
  connection_.send(*message);
}

}  // namespace bmsd::testing
