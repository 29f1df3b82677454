// Which battery of this process uses which identity.
#include "venus/roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bmsd {
namespace {

using Source = Roster::Source;

Identity battery(int order, std::vector<std::string> identities, const std::string& port = "ttyUSB0",
                 std::optional<int> address = std::nullopt) {
  Identity identity;
  identity.port_name = port;
  identity.address = address.value_or(order);
  identity.id = port + " " + std::to_string(identity.address);
  identity.identities = std::move(identities);
  identity.order = order;
  return identity;
}

StoredDevice device(const std::string& identity, std::int32_t instance, std::int64_t last_seen = 1000) {
  StoredDevice stored{device_name(identity), identity, instance};
  stored.kept.last_seen = last_seen;
  return stored;
}

struct ChooseIdentity : ::testing::Test {
  void SetUp() override { roster.enter(me); }
  // The battery asks and keeps the answer.
  std::string choose(const Identity& identity, Source source = Source::settings) {
    const Choice choice = roster.choose(identity.id, devices, source);
    roster.settle(identity.id, choice.identity, 1, source);
    return choice.identity;
  }
  Choice mine() const { return roster.choose(me.id, devices, Source::settings); }

  Identity me = battery(1, {"SN 1", "JD2M 1 "});  // the best one, then the old driver's
  std::vector<StoredDevice> devices;
  Roster roster;
};

TEST_F(ChooseIdentity, WithoutAnEntryTheBestOneIsNew) {
  EXPECT_EQ(mine().identity, "SN_1");
  EXPECT_FALSE(mine().newest);
}

TEST_F(ChooseIdentity, TheBestOneWinsIfTheSettingsHoldIt) {
  devices = {device("JD2M_1_", 3, 9000), device("SN_1", 2)};
  EXPECT_EQ(mine().identity, "SN_1");
  EXPECT_EQ(mine().newest->instance, 2);
}

TEST_F(ChooseIdentity, AnOldOneThatTheSettingsHoldIsUsed) {
  devices = {device("JD2M_1_", 3)};
  EXPECT_EQ(mine().identity, "JD2M_1_");
  EXPECT_EQ(mine().newest->instance, 3);
}

TEST_F(ChooseIdentity, OfSeveralOldOnesTheOneSeenLastIsUsed) {
  me.identities.push_back("older");
  roster.enter(me);
  devices = {device("JD2M_1_", 3, 10), device("older", 4, 20)};
  EXPECT_EQ(mine().identity, "older");
}

TEST_F(ChooseIdentity, AnOldOneThatIsAnotherBatterysIsNotOurs) {
  devices = {device("JD2M_1_", 3)};
  const Identity other = battery(2, {"JD2M 1 "});
  roster.enter(other);
  EXPECT_EQ(mine().identity, "SN_1");
  EXPECT_EQ(choose(other), "JD2M_1_");
  EXPECT_EQ(mine().identity, "SN_1");
  roster.leave(other.id);
  EXPECT_EQ(mine().identity, "JD2M_1_");
}

TEST_F(ChooseIdentity, AnOldOneOfSeveralIsTheFirstOnesWhoeverAsksFirst) {
  devices = {device("JD2M_1_", 3)};
  const Identity other = battery(2, {"SN 2", "JD2M 1 "});
  roster.enter(other);
  EXPECT_EQ(choose(other), "SN_2");
  EXPECT_EQ(choose(me), "JD2M_1_");
}

TEST_F(ChooseIdentity, WhatTheSettingsMadeOfItStays) {
  devices = {device("JD2M_1_", 3)};
  EXPECT_EQ(choose(me), "JD2M_1_");
  devices = {device("JD2M_1_", 3), device("SN_1", 2)};
  EXPECT_EQ(mine().identity, "JD2M_1_") << "within this process";
}

TEST_F(ChooseIdentity, AGuessGivesWayToTheSettings) {
  EXPECT_EQ(choose(me, Source::guess), "SN_1");
  devices = {device("JD2M_1_", 3)};
  EXPECT_EQ(roster.choose(me.id, devices, Source::guess).identity, "SN_1");
  EXPECT_EQ(choose(me), "JD2M_1_");
}

TEST_F(ChooseIdentity, OfTwinsTheFirstKeepsTheIdentityWhoeverAsksFirst) {
  const Identity twin = battery(2, {"SN 1"});
  roster.enter(twin);
  EXPECT_EQ(choose(twin), "SN_1__0x02");
  EXPECT_EQ(choose(me), "SN_1");
}

TEST_F(ChooseIdentity, ATwinThatComesLateLeavesTheIdentityToTheOneThatHasIt) {
  roster.leave(me.id);
  const Identity twin = battery(2, {"SN 1"});
  roster.enter(twin);
  EXPECT_EQ(choose(twin), "SN_1");
  roster.enter(me);
  EXPECT_EQ(choose(me), "SN_1__0x01");
}

TEST_F(ChooseIdentity, WhatTwinsWereCalledStaysOverARestart) {
  const Identity twin = battery(2, {"SN 1"});
  roster.enter(twin);
  devices = {device("SN_1", 1, 20), device("SN_1__0x01", 2, 10)};
  EXPECT_EQ(choose(me), "SN_1__0x01");
  EXPECT_EQ(choose(twin), "SN_1");
}

TEST_F(ChooseIdentity, ATwinAloneIsStillCalledAsBefore) {
  devices = {device("SN_1", 1, 20), device("SN_1__0x01", 2, 10)};
  EXPECT_EQ(choose(me), "SN_1__0x01");
}

TEST_F(ChooseIdentity, TwinsOfOneAddressAreToldApartByTheirPorts) {
  const Identity second = battery(2, {"SN 1"}, "ttyUSB1", 1), third = battery(3, {"SN 1"}, "ttyUSB2", 1);
  roster.enter(second);
  roster.enter(third);
  EXPECT_EQ(choose(me), "SN_1");
  EXPECT_EQ(choose(second), "SN_1__0x01");
  EXPECT_EQ(choose(third), "SN_1__ttyUSB2__0x01");
}

TEST_F(ChooseIdentity, IdentitiesThatDifferInCaseOnlyAreTwinsTheEntryIsTheSame) {
  const Identity twin = battery(2, {"sn 1"});
  roster.enter(twin);
  EXPECT_EQ(choose(me), "SN_1");
  EXPECT_EQ(choose(twin), "sn_1__0x02");
}

TEST_F(ChooseIdentity, WithoutAnyTextItIsThePortAndTheAddress) {
  me.identities = {""};
  roster.enter(me);
  devices = {device("", 3)};
  EXPECT_EQ(mine().identity, "ttyUSB0__0x01");
}

TEST_F(ChooseIdentity, PortAndAddressAsTheIdentityIsLikeAnyOther) {
  me.identities = {"ttyUSB0__0x01"};
  roster.enter(me);
  devices = {device("ttyUSB0__0x01", 3)};
  EXPECT_EQ(mine().identity, "ttyUSB0__0x01");
  EXPECT_EQ(mine().newest->instance, 3);
  EXPECT_EQ(mine().own->name, "serialbattery_TTYUSB0__0X01");
}

TEST_F(ChooseIdentity, AFreeInstanceIsNobodysHereAndOfNoEntryOfAnother) {
  const Identity other = battery(2, {"SN 2"});
  roster.enter(other);
  roster.settle(other.id, "SN_2", 1, Source::guess);
  devices = {device("SN_3", 2), device("SN_1", 3)};
  EXPECT_EQ(roster.free_instance(me.id, "SN_1", 1, devices), 3);
  EXPECT_EQ(roster.free_instance(me.id, "SN_1", 5, devices), 5);
}

TEST_F(ChooseIdentity, UsedAreTheEntriesThatABatteryHasAndThoseThatItMayChoose) {
  EXPECT_TRUE(roster.uses(device("SN_1", 1)));
  EXPECT_TRUE(roster.uses(device("JD2M_1_", 1)));
  EXPECT_TRUE(roster.uses(device("SN_1__0x01", 1)));
  EXPECT_FALSE(roster.uses(device("SN_2", 1)));
  roster.settle(me.id, "SN_1", 1, Source::settings);
  EXPECT_TRUE(roster.uses(device("SN_1", 1)));
  EXPECT_FALSE(roster.uses(device("JD2M_1_", 1)));
}

}  // namespace
}  // namespace bmsd
