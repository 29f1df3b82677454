// The sink where nobody keeps settings: the state file in their place. And where another driver has our instance.
#include <gmock/gmock.h>

#include <filesystem>

#include "other_driver.h"
#include "sink_fixture.h"

namespace bmsd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SinkAlone : public SinkTest {
 protected:
  std::string lock_of(int instance) const {
    return locks.path + "/dbus-serialbattery_" + std::to_string(instance) + ".pid";
  }
};

TEST_F(SinkAlone, TheInstanceIsTheOneThatIsRemembered) {
  state["JD2M02150860_1_"] = Kept{4, "Shed", kNow - 100, 0, "", "33", 0, ""};
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(4));
  EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed"));
  ASSERT_EQ(restored["ttyUSB0 0x01"].size(), 1U);
  EXPECT_EQ(restored["ttyUSB0 0x01"][0].soc_calc, "33");
  EXPECT_EQ(state["JD2M02150860_1_"].last_seen, kNow);
}

TEST_F(SinkAlone, ANewOneHasTheNumberOfItsPlaceAndKeepsIt) {
  run();
  EXPECT_TRUE(restored.empty());
  EXPECT_EQ(state["JD2M02150860_1_"].instance, 7);
  pack.identity.order = 1;
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(7));
}

TEST_F(SinkAlone, NoInstanceIsGivenTwice) {
  TestPack other("ttyUSB1", "other");
  other.identity.order = 8;
  state["other"] = kept_as(7);  // what would be the first one's
  make_sink().added(pack.view(), pack.now);
  sink->added(other.view(), other.now);
  ASSERT_TRUE(appears(2)) << log;
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(8));
  EXPECT_EQ(client.value("com.victronenergy.battery.ttyUSB1", "/DeviceInstance"), BusValue(7));
}

TEST_F(SinkAlone, AnOldIdentityThatIsRememberedStays) {
  pack.identity.identities = {"DJM2205180061", "JD2M02150860 1 "};
  state["JD2M02150860_1_"] = kept_as(3, "Shed");
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/Serial"), BusValue("JD2M02150860_1_"));
  EXPECT_EQ(client.value(kService, "/DeviceInstance"), BusValue(3));
}

TEST_F(SinkAlone, ACustomNameSurvives) {
  run();
  {
    TestClient client(io, bus.address());
    EXPECT_EQ(client.set_value(kService, "/CustomName", "Shed"), 0);
    EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed"));
  }
  EXPECT_EQ(state["JD2M02150860_1_"].custom_name, "Shed");
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/CustomName"), BusValue("Shed"));
  start_settings();
  EXPECT_TRUE(run_until(io, [&] { return settings->value(kDevice + "CustomName") == BusValue("Shed"); }))
      << "and reaches settings that come later";
  EXPECT_EQ(settings->value(kDevice + "ClassAndVrmInstance"), BusValue("battery:7"));
}

TEST_F(SinkAlone, WhatIsToBeKeptIsRememberedUnderTheIdentity) {
  Kept kept;
  kept.soc_calc = "12";
  make_sink().added(pack.view(), pack.now);
  sink->save("ttyUSB0 0x01", kept);
  EXPECT_TRUE(state.empty()) << "who it is, is not known yet";
  ASSERT_TRUE(appears());
  sink->save("ttyUSB0 0x01", kept);
  EXPECT_EQ(state["JD2M02150860_1_"], (Kept{7, "", kNow, 1, "", "12", 0, ""}));
}

TEST_F(SinkAlone, ThePortAsIdentityIsAnIdentity) {
  pack.identity.identities = {"ttyUSB0__0x01"};
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, "/Serial"), BusValue("ttyUSB0__0x01"));
  EXPECT_THAT(log, Not(HasSubstr("uses the identity")));
  EXPECT_EQ(state.count("ttyUSB0__0x01"), 1U);
}

// --- The lock

TEST_F(SinkAlone, TheInstanceIsLockedWhileItIsServed) {
  run();
  OtherDriver driver(lock_of(7), OtherDriver::with_flock);
  EXPECT_FALSE(driver.running());
  sink->removed(pack.identity, pack.now);
  EXPECT_TRUE(OtherDriver(lock_of(7), OtherDriver::with_flock).running());
}

TEST_F(SinkAlone, AnInstanceThatAnotherDriverServesIsTakenOverWhenItEnds) {
  OtherDriver driver(lock_of(7), OtherDriver::with_fcntl);
  ASSERT_TRUE(driver.running());
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(logs("is locked by com.victronenergy.battery.ttyUSB9:4711")) << log;
  EXPECT_THAT(log, HasSubstr(lock_of(7)));
  EXPECT_THAT(log, HasSubstr("USE_PORT_AS_UNIQUE_ID"));
  TestClient client(io, bus.address());
  EXPECT_EQ(client.owner(kService), "");
  driver.stop();
  ASSERT_TRUE(appears()) << log;
  EXPECT_EQ(log.find("is locked by"), log.rfind("is locked by")) << "said once";
}

TEST_F(SinkAlone, ALockThatCannotBeMadeIsNoReasonToStayAway) {
  options.lock_folder = locks.path + "/none";
  run();
  EXPECT_THAT(log, HasSubstr("going on without a lock"));
}

TEST_F(SinkAlone, WithoutAFolderThereIsNoLock) {
  options.lock_folder = "";
  run();
  EXPECT_TRUE(std::filesystem::is_empty(locks.path));
}

TEST_F(SinkAlone, TheLockFollowsTheInstance) {
  start_settings();
  run();
  ASSERT_FALSE(OtherDriver(lock_of(1), OtherDriver::with_flock).running());
  settings->change(kDevice + "ClassAndVrmInstance", "battery:9");
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_FALSE(OtherDriver(lock_of(9), OtherDriver::with_flock).running());
  EXPECT_TRUE(OtherDriver(lock_of(1), OtherDriver::with_flock).running());
}

TEST_F(SinkAlone, TheLockIsHeldWhileTheBusIsAway) {
  run();
  bus.stop();
  ASSERT_TRUE(logs("the bus is gone"));
  EXPECT_FALSE(OtherDriver(lock_of(7), OtherDriver::with_flock).running());
  bus.start();
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_THAT(log, Not(HasSubstr("is locked by")));
}

}  // namespace
}  // namespace bmsd::testing
