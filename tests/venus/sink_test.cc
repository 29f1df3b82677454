// The sink on a real bus, with a settings service that is faithful where it matters.
#include "venus/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_settings.h"
#include "test_bus.h"
#include "test_pack.h"

namespace bmsd::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kService = "com.victronenergy.battery.ttyUSB0";
const std::string kDevice = "/Settings/Devices/serialbattery_JD2M02150860_1_/";

class Sink : public ::testing::Test {
 protected:
  VenusSink& make_sink(bool wait_for_settings = false) {
    VenusOptions options{bus.address(), "bmsd", "0.1.0", wait_for_settings, [] { return 1'700'000'000; }};
    sink = std::make_unique<VenusSink>(
        io, options, [this](Level, std::string_view line) { log += std::string(line) + "\n"; },
        [this](const std::string& service, std::string_view id) {
          appeared.push_back(service + " " + std::string(id));
        });
    return *sink;
  }
  bool appears(std::size_t count = 1) {
    return run_until(io, [&] { return appeared.size() >= count; });
  }

  TestBus bus;
  boost::asio::io_context io;
  std::string log;
  std::vector<std::string> appeared;
  TestPack pack;
  std::unique_ptr<VenusSink> sink;
};

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

TEST_F(Sink, ANewBatteryIsEnteredInTheSettings) {
  FakeSettings settings(io, bus.address());
  settings.store("/Settings/Devices/vebus_1/ClassAndVrmInstance", "battery:1");
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(2)) << "the next free one";
  EXPECT_EQ(settings.value(kDevice + "ClassAndVrmInstance"), BusValue("battery:2"));
  EXPECT_EQ(settings.value(kDevice + "UniqueIdentifier"), BusValue("JD2M02150860_1_"));
  EXPECT_EQ(settings.value(kDevice + "CustomName"), BusValue(""));
  EXPECT_EQ(settings.value(kDevice + "LastSeen"), BusValue(1'700'000'000));
}

TEST_F(Sink, AnInstanceAndANameThatTheSettingsHoldAreKept) {
  FakeSettings settings(io, bus.address());
  settings.store(kDevice + "ClassAndVrmInstance", "battery:5");
  settings.store(kDevice + "UniqueIdentifier", "JD2M02150860_1_");
  settings.store(kDevice + "CustomName", "Shed");
  settings.store(kDevice + "LastSeen", 1'600'000'000);
  pack.identity.identities = {"DJM2205180061", "JD2M02150860 1 "};
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(5));
  EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed"));
  EXPECT_EQ(client.value(kService, "/Serial"), BusValue("JD2M02150860_1_"));
  EXPECT_TRUE(run_until(io, [&] { return settings.value(kDevice + "LastSeen") == BusValue(1'700'000'000); }));
  EXPECT_EQ(settings.size(), 4U) << "nothing was added";
}

TEST_F(Sink, TwoBatteriesOfOneSerialNumberGetAnInstanceEach) {
  FakeSettings settings(io, bus.address());
  TestPack twin("ttyUSB1", pack.identity.identities[0]);
  make_sink().added(pack.view(), pack.now);
  sink->added(twin.view(), twin.now);
  ASSERT_TRUE(appears(2)) << log;
  TestClient client(io, bus.address());
  const BusValue one = client.value(kService, "/DeviceInstance");
  const BusValue two = client.value("com.victronenergy.battery.ttyUSB1", "/DeviceInstance");
  EXPECT_NE(one, two);
}

TEST_F(Sink, ACustomNameIsStoredInTheSettingsBeforeItIsShown) {
  FakeSettings settings(io, bus.address());
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, "/CustomName", "Shed"), 0);
  EXPECT_EQ(settings.value(kDevice + "CustomName"), BusValue("Shed"));
  EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed"));
  ASSERT_TRUE(run_until(io, [&] { return !client.changes.empty(); }));
  EXPECT_EQ(client.changes[0].at("/CustomName").text, "Shed");
  settings.refuses = true;
  EXPECT_EQ(client.set_value(kService, "/CustomName", "Barn"), 2);
  EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed"));
}

TEST_F(Sink, ACustomNameThatIsChangedInTheSettingsIsFollowed) {
  FakeSettings settings(io, bus.address());
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  settings.change(kDevice + "CustomName", "Garage");
  EXPECT_TRUE(run_until(io, [&] { return client.value(kService, "/CustomName") == BusValue("Garage"); }));
}

TEST_F(Sink, AnInstanceThatIsChangedInTheSettingsBringsTheServiceBackWithIt) {
  FakeSettings settings(io, bus.address());
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  settings.change(kDevice + "ClassAndVrmInstance", "battery:9");
  ASSERT_TRUE(appears(2)) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(9));
}

TEST_F(Sink, SettingsThatComeLateBringTheServiceBackWithTheirInstance) {
  pack.identity.identities = {"DJM2205180061", "JD2M02150860 1 "};
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/Serial"), BusValue("DJM2205180061"));
  FakeSettings settings(io, bus.address(), [](FakeSettings& before) {
    before.store(kDevice + "ClassAndVrmInstance", "battery:5");
    before.store(kDevice + "UniqueIdentifier", "JD2M02150860_1_");
    before.store(kDevice + "CustomName", "Shed");
  });
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(5));
  EXPECT_EQ(client.value(kService, "/Serial"), BusValue("JD2M02150860_1_")) << "the entry that the settings hold";
  EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed"));
}

TEST_F(Sink, SettingsThatComeLateAndAgreeOnlyBringTheName) {
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  const std::string owner = client.owner(kService);
  FakeSettings settings(io, bus.address(), [](FakeSettings& before) {
    before.store(kDevice + "ClassAndVrmInstance", "battery:7");
    before.store(kDevice + "UniqueIdentifier", "JD2M02150860_1_");
    before.store(kDevice + "CustomName", "Shed");
  });
  ASSERT_TRUE(run_until(io, [&] { return client.value(kService, "/CustomName") == BusValue("Shed"); })) << log;
  EXPECT_EQ(client.owner(kService), owner) << "it never left";
  EXPECT_EQ(client.set_value(kService, "/CustomName", "Barn"), 0);
  EXPECT_EQ(settings.value(kDevice + "CustomName"), BusValue("Barn"));
}

TEST_F(Sink, SettingsThatDoNotAnswerAreGivenUp) {
  FakeSettings settings(io, bus.address());
  settings.silent = true;
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(7));
}

TEST_F(Sink, WhereSettingsMustBeNoNameIsTakenBeforeTheyAnswered) {
  make_sink(true).added(pack.view(), pack.now);
  ASSERT_TRUE(run_until(io, [&] { return log.find("waiting for the settings service") != std::string::npos; })) << log;
  EXPECT_TRUE(appeared.empty());
  FakeSettings settings(io, bus.address());
  ASSERT_TRUE(appears()) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(1));
}

}  // namespace
}  // namespace bmsd::testing
