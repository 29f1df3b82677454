// What a configuration does to batteries: at the start, when one joins, when it is read again.
#include <gtest/gtest.h>

#include "hub_rig.h"

namespace bmsd {
namespace {

class HubConfig : public HubTest {
 protected:
  using HubTest::HubTest;
  bool configure(const std::string& text) {
    Config config = Config::parse(text);
    const ConfigState state = config.state();
    return hub_.configure(std::move(config), state, wire_.now());
  }
  double cvl(const std::string& id) { return told(id).limits.cvl.value_or(0); }
};

class PortAsIdentity : public HubConfig {
 protected:
  PortAsIdentity() : HubConfig(LinePlace{"/tmp/ttySIM0", "ttySIM0", true, true}) {}
};

// The second pack is said to report its switches the other way round.
class OwnParameters : public HubConfig {
 protected:
  OwnParameters() : HubConfig(LinePlace{"/tmp/ttySIM0", "ttySIM0", true, false}, swapped()) {}
  static LinePlan swapped() {
    LinePlan plan = HubTest::plan();
    plan.pack_params = {{2, {{"SWAP_FET_BITS", "True"}}}};
    return plan;
  }
};

TEST_F(HubConfig, ASectionHoldsForItsBatteryAlone) {
  configure("[DEFAULT]\nMAX_CELL_VOLTAGE = 3.40\n[battery HUB000000002]\nMAX_CELL_VOLTAGE = 3.5\n");
  run(5s);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x01"), 54.4);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x02"), 56.0);
}

TEST_F(HubConfig, ASectionMayNameThePortAndTheAddress) {
  configure("[battery ttySIM0 0x02]\nMAX_CELL_VOLTAGE = 3.5\n");
  run(5s);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x01"), 55.2);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x02"), 56.0);
}

TEST_F(HubConfig, ASectionThatBecomesAmbiguousHoldsForNobodyAndIsToldOnce) {
  configure("[battery HUB0000]\nMAX_CELL_VOLTAGE = 3.5\n");
  ASSERT_TRUE(bus_.set_silent(2, true));
  run(5s);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x01"), 56.0) << "the only one that begins like this";
  ASSERT_TRUE(bus_.set_silent(2, false));
  run(20s);
  ASSERT_EQ(sink_.batteries.size(), 2U);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x01"), 55.2);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x02"), 55.2);
  EXPECT_EQ(std::count_if(
                log_.begin(), log_.end(),
                [](const std::string& line) { return line.find("[battery HUB0000]: it names several") != line.npos; }),
            1);
}

TEST_F(HubConfig, ABatteryThatJoinsChangesNothingForTheOthers) {
  configure("[battery HUB000000001]\nMAX_CELL_VOLTAGE = 3.5\n[battery ttySIM0 2]\nMAX_CELL_VOLTAGE = 3.3\n");
  ASSERT_TRUE(bus_.set_silent(2, true));
  run(5s);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x01"), 56.0);
  ASSERT_TRUE(bus_.set_silent(2, false));
  run(20s);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x01"), 56.0);
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x02"), 52.8);
}

TEST_F(HubConfig, IsInForceAtOnceWhenItIsReadAgain) {
  configure("[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 40\n");
  run(5s);
  EXPECT_DOUBLE_EQ(told("ttySIM0 0x01").limits.charge.value, 40);
  const int added = sink_.added_count;
  EXPECT_TRUE(configure("[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 25\nMIDPOINT_ENABLE = True\n"));
  EXPECT_DOUBLE_EQ(told("ttySIM0 0x01").limits.charge.value, 25) << "without a round in between";
  EXPECT_TRUE(told("ttySIM0 0x02").display.midpoint);
  EXPECT_EQ(sink_.added_count, added) << "nobody leaves for it";
}

TEST_F(HubConfig, TheFormatOfCellsWaitsForARestart) {
  run(5s);
  EXPECT_FALSE(configure("[DEFAULT]\nBATTERY_CELL_DATA_FORMAT = 2\n"));
  EXPECT_EQ(told("ttySIM0 0x01").display.cell_format, 1);
  EXPECT_TRUE(configure("[DEFAULT]\nBATTERY_CELL_DATA_FORMAT = 1\n"));
}

TEST_F(HubConfig, EveryBatteryShowsWhatIsToBeSaidOfTheConfiguration) {
  run(5s);
  EXPECT_EQ(told("ttySIM0 0x01").display.config_state, ConfigState::fine);
  hub_.configure(Config(), ConfigState::unusable, wire_.now());
  EXPECT_EQ(told("ttySIM0 0x01").display.config_state, ConfigState::unusable);
  EXPECT_EQ(told("ttySIM0 0x02").display.config_state, ConfigState::unusable);
  hub_.configure(Config(), ConfigState::fine, wire_.now());
  EXPECT_EQ(told("ttySIM0 0x02").display.config_state, ConfigState::fine);
}

TEST_F(HubConfig, AnAddressThatDoesNotAnswerIsToldOnce) {
  ASSERT_TRUE(bus_.set_silent(2, true));
  run(15s);
  EXPECT_FALSE(logged("0x02 has not answered"));
  run(60s);
  EXPECT_EQ(std::count(log_.begin(), log_.end(), "/tmp/ttySIM0: address 0x02 has not answered yet; it is asked on"), 1);
  EXPECT_FALSE(logged("0x01 has not answered"));
}

TEST_F(HubConfig, SomebodyHasAnsweredWhenTheFirstReplyIsThere) {
  ASSERT_TRUE(bus_.set_silent(SimBus::kAllPacks, true));
  run(5s);
  EXPECT_FALSE(hub_.anybody_answered());
  ASSERT_TRUE(bus_.set_silent(2, false));
  run(20s);
  EXPECT_TRUE(hub_.anybody_answered());
}

TEST_F(HubConfig, AnotherIntervalHoldsFromNowOn) {
  const auto rounds_in = [this](Duration duration) {
    const auto before = line_.pack(0).health.rounds;
    run(duration);
    return line_.pack(0).health.rounds - before;
  };
  run(10s);
  EXPECT_NEAR(static_cast<double>(rounds_in(20s)), 20, 2);
  line_.set_interval(10s);
  EXPECT_NEAR(static_cast<double>(rounds_in(60s)), 6, 1);
  line_.set_interval(2s);
  EXPECT_NEAR(static_cast<double>(rounds_in(60s)), 30, 2) << "without waiting for the round that was due in 10 s";
}

TEST_F(OwnParameters, HoldForTheirPackAlone) {
  for (const int address : {1, 2}) ASSERT_TRUE(bus_.set(address, "discharge_fet_on", "off"));
  run(10s);
  EXPECT_FALSE(told("ttySIM0 0x01").limits.discharge.allowed);
  EXPECT_TRUE(told("ttySIM0 0x01").limits.charge.allowed);
  EXPECT_TRUE(told("ttySIM0 0x02").limits.discharge.allowed);
  EXPECT_FALSE(told("ttySIM0 0x02").limits.charge.allowed);
}

TEST_F(PortAsIdentity, IsThePortAndTheAddressAndNothingElse) {
  configure("[battery ttySIM0__0x02]\nMAX_CELL_VOLTAGE = 3.5\n");
  run(5s);
  EXPECT_EQ(told("ttySIM0 0x01").identities, std::vector<std::string>{"ttySIM0__0x01"});
  EXPECT_EQ(told("ttySIM0 0x02").identities, std::vector<std::string>{"ttySIM0__0x02"});
  EXPECT_DOUBLE_EQ(cvl("ttySIM0 0x02"), 56.0);
}

}  // namespace
}  // namespace bmsd
