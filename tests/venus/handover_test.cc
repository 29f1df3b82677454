// A battery's name from one process to another, on a real bus.
#include <gmock/gmock.h>

#include <algorithm>

#include "sink_fixture.h"
#include "venus/instance_lock.h"
#include "venus/message.h"

namespace bmsd::testing {
namespace {

// Two processes are two sinks. The second one takes over from the first.
struct Handover : SinkTest {
  Handover() {
    run();
    VenusOptions takes_over = options;
    takes_over.takes_over = true;
    takes_over.inherited_lock = [this](const std::string& path) {
      for (const auto& [held, descriptor] : sink->instance_locks()) {
        if (held == path) return dup(descriptor);
      }
      return -1;
    };
    next = std::make_unique<VenusSink>(io, takes_over,
                                       [this](Level, std::string_view line) { next_log += std::string(line) + "\n"; });
    watch_owners();
    first_owner = client.owner(kService);
  }

  // Every change of the name's owner, as the bus tells it.
  void watch_owners() {
    ASSERT_TRUE(watcher.open(bus.address()));
    run_until(io, [this] { return watching; });
  }

  bool prepares() {
    next->added(pack.view(), pack.now);
    return run_until(io, [this] { return next->prepared("ttyUSB0 0x01"); });
  }
  bool takes() {
    sink->let_names_go(true);
    next->take_names();
    return run_until(io, [this] { return next->on_the_bus("ttyUSB0 0x01"); });
  }
  bool never_without_owner() const {
    return std::none_of(owners.begin(), owners.end(), [](const std::string& owner) { return owner.empty(); });
  }

  std::unique_ptr<VenusSink> next;
  std::string next_log;
  TestClient client{io, bus.address()};
  std::string first_owner;
  std::vector<std::string> owners;  // in the order of their coming
  bool watching = false;
  Connection watcher{
      io,
      {[this](const Status&) {
         watcher.add_match("type='signal',member='NameOwnerChanged',arg0='" + std::string(kService) + "'");
         const auto ping = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetId");
         watcher.call(*ping, 10s, [this](DBusMessage&) { watching = true; });
       },
       [this](DBusMessage& message) {
         if (!dbus_message_is_signal(&message, DBUS_INTERFACE_DBUS, "NameOwnerChanged")) return;
         const char *name = nullptr, *old = nullptr, *owner = nullptr;
         if (dbus_message_get_args(&message, nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &old, DBUS_TYPE_STRING,
                                   &owner, DBUS_TYPE_INVALID))
           owners.emplace_back(owner);
       },
       {},
       {}}};
};

TEST_F(Handover, TheNameIsNotAskedForBeforeItIsTime) {
  ASSERT_TRUE(prepares()) << next_log;
  EXPECT_FALSE(next->on_the_bus("ttyUSB0 0x01"));
  EXPECT_EQ(client.owner(kService), first_owner);
}

TEST_F(Handover, TheNameGoesOverInOneStep) {
  pack.says(Field::soc, 77);
  ASSERT_TRUE(prepares()) << next_log;
  ASSERT_TRUE(takes()) << next_log;
  EXPECT_EQ(client.value(kService, "/Soc"), BusValue(77.0)) << "everything is there with the name";
  sink.reset();
  run_until(
      io, [this] { return owners.size() > 1; }, std::chrono::seconds(1));
  ASSERT_EQ(owners.size(), 1U);
  EXPECT_NE(owners.front(), first_owner);
  EXPECT_TRUE(never_without_owner());
}

TEST_F(Handover, WithoutConsentTheNameStays) {
  ASSERT_TRUE(prepares());
  next->take_names();
  ASSERT_TRUE(run_until(io, [this] { return next_log.find("another process has this name") != std::string::npos; }));
  EXPECT_EQ(client.owner(kService), first_owner);
  EXPECT_TRUE(owners.empty());
}

TEST_F(Handover, WhenTheNewProcessGoesTheNameComesBackInOneStep) {
  ASSERT_TRUE(prepares());
  ASSERT_TRUE(takes());
  pack.says(Field::soc, 55);
  sink->changed(pack.view(), pack.now + 1s);
  next.reset();
  ASSERT_TRUE(run_until(io, [this] { return sink->on_the_bus("ttyUSB0 0x01"); }));
  ASSERT_TRUE(run_until(io, [this] { return owners.size() == 2; }));
  EXPECT_EQ(owners.back(), first_owner);
  EXPECT_TRUE(never_without_owner());
  EXPECT_EQ(client.value(kService, "/Soc"), BusValue(55.0));
  pack.says(Field::soc, 56);
  sink->changed(pack.view(), pack.now + 5s);
  ASSERT_TRUE(run_until(io, [this] { return client.value(kService, "/Soc") == BusValue(56.0); })) << "it publishes on";
}

TEST_F(Handover, AfterwardsNobodyMayTakeTheName) {
  ASSERT_TRUE(prepares());
  ASSERT_TRUE(takes());
  next.reset();
  ASSERT_TRUE(run_until(io, [this] { return sink->on_the_bus("ttyUSB0 0x01"); }));
  sink->let_names_go(false);
  EXPECT_EQ(client.request_name(kService), DBUS_REQUEST_NAME_REPLY_EXISTS);
  EXPECT_EQ(client.owner(kService), first_owner);
}

TEST_F(Handover, TheLockOfTheInstanceGoesAlong) {
  ASSERT_TRUE(prepares()) << next_log;
  const auto locks = next->instance_locks();
  ASSERT_EQ(locks.size(), 1U);
  ASSERT_TRUE(takes());
  sink.reset();
  const InstanceLock other(options.lock_folder, 7, "another driver");
  EXPECT_EQ(other.state(), InstanceLock::State::taken) << "it is still held";
  next.reset();
  const InstanceLock later(options.lock_folder, 7, "another driver");
  EXPECT_EQ(later.state(), InstanceLock::State::held);
}

}  // namespace
}  // namespace bmsd::testing
