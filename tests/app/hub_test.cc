#include "app/hub.h"

#include "hub_rig.h"

namespace bmsd {
namespace {

TEST_F(HubTest, BatteriesAppearCompleteAndInOrder) {
  run(5s);
  ASSERT_EQ(sink_.added_count, 2);
  EXPECT_EQ(told("ttySIM0 0x01").identities.front(), "HUB000000001");
  EXPECT_EQ(told("ttySIM0 0x01").order, 1);
  EXPECT_EQ(told("ttySIM0 0x02").order, 2);
  EXPECT_DOUBLE_EQ(*told("ttySIM0 0x01").limits.cvl, 55.2);
  EXPECT_GT(told("ttySIM0 0x01").limits.charge.value, 0);
}

TEST_F(HubTest, AProtectionStopsItsDirectionWithTheNextRound) {
  run(5s);
  ASSERT_TRUE(bus_.set_alarm(1, "cell_overvoltage_protection", true));
  run(2s);
  EXPECT_EQ(told("ttySIM0 0x01").limits.charge.value, 0);
  EXPECT_FALSE(told("ttySIM0 0x01").limits.charge.allowed);
  EXPECT_GT(told("ttySIM0 0x01").limits.discharge.value, 0);
  EXPECT_GT(told("ttySIM0 0x02").limits.charge.value, 0) << "the other pack is not concerned";
}

TEST_F(HubTest, ALostPackKeepsItsPlaceAndLosesItsMeasurements) {
  run(10s);
  ASSERT_TRUE(bus_.set_silent(1, true));
  run(8s);
  EXPECT_TRUE(told("ttySIM0 0x01").presence.measurements_valid);
  run(8s);
  EXPECT_FALSE(told("ttySIM0 0x01").presence.measurements_valid) << "after 10 s without data";
  EXPECT_TRUE(told("ttySIM0 0x02").presence.measurements_valid);
  EXPECT_DOUBLE_EQ(*told("ttySIM0 0x01").limits.cvl, 55.2) << "CVL keeps its last value";
  run(31min);
  EXPECT_TRUE(told("ttySIM0 0x01").presence.given_up);
  EXPECT_EQ(told("ttySIM0 0x01").limits.charge.value, 0);
  EXPECT_EQ(told("ttySIM0 0x01").limits.discharge.value, 0);
  EXPECT_EQ(sink_.batteries.size(), 2U) << "nothing ends a service but removal or exit";
  ASSERT_TRUE(bus_.set_silent(1, false));
  run(9s);
  EXPECT_TRUE(told("ttySIM0 0x01").presence.measurements_valid) << "values at once";
  run(1min);
  EXPECT_GT(told("ttySIM0 0x01").limits.charge.value, 0) << "limits by hold and ramp";
}

TEST_F(HubTest, EveryBatteryIsToldAtLeastOnceASecondEvenWhenItIsLost) {
  run(10s);
  ASSERT_TRUE(bus_.set_silent(SimBus::kAllPacks, true));
  run(10s);
  const int before = sink_.changes;
  run(10s);
  EXPECT_GE(sink_.changes - before, 20);
}

TEST_F(HubTest, APackThatHasNotAnsweredIsNamed) {
  ASSERT_TRUE(bus_.set_silent(2, true));
  run(5s);
  ASSERT_EQ(hub_.waiting().size(), 1U);
  EXPECT_EQ(hub_.waiting().front(), "/tmp/ttySIM0: address 0x02 does not answer");
}

TEST_F(HubTest, ShuttingDownLeavesTheSinks) {
  run(5s);
  hub_.shut_down(wire_.now());
  EXPECT_TRUE(sink_.batteries.empty());
}

}  // namespace
}  // namespace bmsd
