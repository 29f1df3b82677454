// Which entry of the settings is ours.
#include "venus/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bmsd {
namespace {

using ::testing::SizeIs;

StoredDevice device(const std::string& identity, const std::string& instance, std::int64_t last_seen = 1000) {
  return {"serialbattery_" + identity, identity, instance, "", last_seen};
}

struct ChooseIdentity : ::testing::Test {
  Choice choose() const { return choose_identity(identities, "ttyUSB0__0x01", devices, claims, "me"); }

  std::vector<std::string> identities = {"SN 1", "JD2M 1 "};  // the best one, then the old driver's
  std::vector<StoredDevice> devices;
  Claims claims;
};

TEST_F(ChooseIdentity, WithoutAnEntryTheBestOneIsNew) {
  EXPECT_EQ(choose().identity, "SN_1");
  EXPECT_FALSE(choose().stored);
}

TEST_F(ChooseIdentity, TheBestOneWinsIfTheSettingsHoldIt) {
  devices = {device("JD2M_1_", "battery:3", 9000), device("SN_1", "battery:2")};
  EXPECT_EQ(choose().identity, "SN_1");
  EXPECT_EQ(choose().stored->class_and_instance, "battery:2");
}

TEST_F(ChooseIdentity, AnOldOneThatTheSettingsHoldIsUsed) {
  devices = {device("JD2M_1_", "battery:3")};
  EXPECT_EQ(choose().identity, "JD2M_1_");
  EXPECT_EQ(choose().stored->class_and_instance, "battery:3");
}

TEST_F(ChooseIdentity, AnOldOneThatAnotherBatteryUsesIsNotOurs) {
  devices = {device("JD2M_1_", "battery:3")};
  claims.claim("JD2M_1_", "other");
  EXPECT_EQ(choose().identity, "SN_1");
  EXPECT_FALSE(choose().stored);
  claims.release("other");
  EXPECT_EQ(choose().identity, "JD2M_1_");
}

TEST_F(ChooseIdentity, WhatABatteryClaimedItselfIsFreeForIt) {
  claims.claim("SN_1", "me");
  EXPECT_EQ(choose().identity, "SN_1");
}

TEST_F(ChooseIdentity, WithTheSameSerialNumberTheSecondBatteryIsNamedAfterItsPort) {
  claims.claim("SN_1", "other");
  EXPECT_EQ(choose().identity, "ttyUSB0__0x01");
}

TEST_F(ChooseIdentity, AnEmptyIdentityMatchesNoEntryThatLacksOne) {
  identities = {""};
  devices = {device("", "battery:3")};
  EXPECT_EQ(choose().identity, "ttyUSB0__0x01");
}

TEST_F(ChooseIdentity, OfSeveralEntriesTheNewestCounts) {
  devices = {device("SN_1", "battery:2", 5), device("SN_1", "battery:4", 7), device("SN_1", "battery:6", 6)};
  EXPECT_EQ(choose().stored->class_and_instance, "battery:4");
}

TEST_F(ChooseIdentity, AnEntryOfAnotherKindOfDeviceIsNotOurs) {
  devices = {device("SN_1", "solarcharger:2")};
  EXPECT_FALSE(choose().stored);
}

TEST(StoredDevices, AreReadFromTheTreeWhateverElseIsInIt) {
  const auto devices = stored_devices({{"serialbattery_A/ClassAndVrmInstance", "battery:2"},
                                       {"serialbattery_A/CustomName", "Shed"},
                                       {"serialbattery_A/LastSeen", 1'700'000'000},
                                       {"serialbattery_A/UniqueIdentifier", "a"},
                                       {"serialbattery_A/SocCalc", ""},
                                       {"vebus_1/ClassAndVrmInstance", BusValue()},
                                       {"NoSlash", 1}});
  ASSERT_THAT(devices, SizeIs(2));
  EXPECT_EQ(devices[0].name, "serialbattery_A");
  EXPECT_EQ(devices[0].identity, "a");
  EXPECT_EQ(devices[0].class_and_instance, "battery:2");
  EXPECT_EQ(devices[0].custom_name, "Shed");
  EXPECT_EQ(devices[0].last_seen, 1'700'000'000);
  EXPECT_EQ(devices[1].class_and_instance, "");
}

TEST(BatteryInstance, IsTheNumberOfTheClassBattery) {
  EXPECT_EQ(battery_instance("battery:12"), 12);
  EXPECT_EQ(battery_instance("battery:"), std::nullopt);
  EXPECT_EQ(battery_instance("battery:1x"), std::nullopt);
  EXPECT_EQ(battery_instance("battery:-1"), std::nullopt);
  EXPECT_EQ(battery_instance("grid:1"), std::nullopt);
}

}  // namespace
}  // namespace bmsd
