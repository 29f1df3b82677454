// The sink on a real bus, without a settings service; with one: sink_settings_test.cc.
#include <gmock/gmock.h>

#include "sink_fixture.h"

namespace bmsd::testing {
namespace {

using ::testing::HasSubstr;

using Sink = SinkTest;

TEST_F(Sink, ABatteryAppearsWithEverythingThatConsumersAskFor) {
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  EXPECT_EQ(appeared[0], std::string(kService) + " ttyUSB0 0x01");
  TestClient client(io, bus.address());
  const ItemsSeen items = client.items(kService);
  EXPECT_EQ(items.at("/Dc/0/Voltage").value, BusValue(53.12));
  EXPECT_EQ(items.at("/Dc/0/Voltage").text, "53.12V");
  EXPECT_EQ(items.at("/DeviceInstance").value, BusValue(7));
  EXPECT_EQ(items.at("/ProductId").text, "0xBA77");
  EXPECT_EQ(items.at("/ErrorCode").value, BusValue());
  EXPECT_EQ(items.at("/ErrorCode").text, "---");
  EXPECT_EQ(items.at("/Info/MaxChargeVoltage").value, BusValue(55.2));
  EXPECT_EQ(items.at("/Voltages/Cell16").text, "3.320V");
}

TEST_F(Sink, ABatteryDoesNotAppearBeforeItsLimitsAreKnown) {
  pack.limits.cvl.reset();
  make_sink().added(pack.view(), pack.now);
  TestClient client(io, bus.address());
  ASSERT_TRUE(run_until(io, [&] { return log.find("no settings service") != std::string::npos; })) << log;
  EXPECT_EQ(client.owner(kService), "");
  pack.limits.cvl = 55.2;
  sink->changed(pack.view(), pack.now);
  ASSERT_TRUE(appears());
  EXPECT_EQ(client.value(kService, "/Info/MaxChargeVoltage"), BusValue(55.2));
}

TEST_F(Sink, ChangesLeaveTogetherAndOnlyOnceASecond) {
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears());
  TestClient client(io, bus.address());
  const Instant start = pack.now + 10s;
  for (int tenth = 0; tenth < 10; ++tenth) {
    pack.says(Field::current, tenth);
    pack.says(Field::soc, 60 + tenth);
    sink->changed(pack.view(), start + tenth * 100ms);
  }
  // The first change leaves at once, the rest a second after it, without another call.
  ASSERT_TRUE(run_until(io, [&] { return client.changes.size() >= 2; }));
  EXPECT_EQ(client.changes[0].at("/Dc/0/Current").value, BusValue(0.0));
  EXPECT_EQ(client.changes[0].at("/Dc/0/Current").text, "0.00A");
  EXPECT_EQ(client.changes[1].at("/Dc/0/Current").value, BusValue(9.0));
  EXPECT_EQ(client.changes[1].at("/Soc").value, BusValue(69.0));
  EXPECT_FALSE(client.changes[1].contains("/Dc/0/Voltage")) << "it did not change";
  sink->changed(pack.view(), start + 5s);
  client.value(kService, "/Soc");
  EXPECT_EQ(client.changes.size(), 2U) << "nothing changed";
}

TEST_F(Sink, ALimitThatFallsLeavesAtOnce) {
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears());
  TestClient client(io, bus.address());
  pack.says(Field::current, 1);
  sink->changed(pack.view(), pack.now);
  pack.says(Field::current, 2);
  pack.limits.charge = {0, "Cell Voltage", false};
  sink->changed(pack.view(), pack.now - 1s);
  client.value(kService, "/Soc");  // the answer comes behind the signals
  ASSERT_EQ(client.changes.size(), 2U);
  EXPECT_EQ(client.changes[1].at("/Info/MaxChargeCurrent").value, BusValue(0.0));
  EXPECT_EQ(client.changes[1].at("/Io/AllowToCharge").value, BusValue(0));
  EXPECT_EQ(client.changes[1].at("/Dc/0/Current").value, BusValue(2.0));
}

TEST_F(Sink, EachBatteryHasAConnectionOfItsOwn) {
  TestPack other("ttyUSB1", "other");
  other.identity.address_configured = true;
  make_sink().added(pack.view(), pack.now);
  sink->added(other.view(), other.now);
  ASSERT_TRUE(appears(2));
  TestClient client(io, bus.address());
  const std::string one = client.owner(kService), two = client.owner("com.victronenergy.battery.ttyUSB1__0x01");
  EXPECT_NE(one, "");
  EXPECT_NE(two, "");
  EXPECT_NE(one, two);
}

TEST_F(Sink, ABatteryThatIsRemovedLeavesTheBus) {
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears());
  TestClient client(io, bus.address());
  sink->removed(pack.identity, pack.now);
  EXPECT_TRUE(run_until(io, [&] { return client.owner(kService).empty(); }));
}

TEST_F(Sink, ANameThatIsTakenIsTriedAgain) {
  auto holder = std::make_unique<TestClient>(io, bus.address());
  ASSERT_EQ(holder->request_name(kService), DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER);
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(run_until(io, [&] { return log.find("another process has this name") != std::string::npos; }));
  EXPECT_TRUE(appeared.empty());
  holder.reset();
  EXPECT_TRUE(appears()) << log;
}

TEST_F(Sink, WhenTheBusWasAwayTheNamesAreTakenAgain) {
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears());
  bus.stop();
  ASSERT_TRUE(run_until(io, [&] { return log.find("the bus is gone") != std::string::npos; }));
  pack.says(Field::soc, 50);
  sink->changed(pack.view(), pack.now);
  bus.start();
  ASSERT_TRUE(appears(2)) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/Soc"), BusValue(50.0));
  pack.says(Field::soc, 51);
  sink->changed(pack.view(), pack.now);
  EXPECT_TRUE(run_until(io, [&] { return !client.changes.empty(); }));
}

TEST_F(Sink, ABusThatIsNotThereYetIsWaitedFor) {
  bus.stop();
  make_sink().added(pack.view(), pack.now);
  EXPECT_THAT(log, HasSubstr("trying again each second"));
  bus.start();
  EXPECT_TRUE(appears()) << log;
}

TEST_F(Sink, OnlyWhatMayBeWrittenCanBe) {
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears());
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, "/Soc", 10), 1);
  EXPECT_EQ(client.set_value(kService, "/Mode", 3), 0) << "it is 3";
  EXPECT_EQ(client.set_value(kService, "/Mode", 4), 2);
  EXPECT_EQ(client.set_value(kService, "/CustomName", "Shed"), 0);
  EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed")) << "without settings it is kept in memory";
}

}  // namespace
}  // namespace bmsd::testing
