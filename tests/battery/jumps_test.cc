// What jumps is held once and believed when it persists; what protects sees it at once.
#include "battery/jumps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "battery/battery.h"
#include "saying.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using List = std::vector<double>;

using test::at, test::saying;
Reading cells(List volts) {
  Reading reading;
  reading.cell_voltages = std::move(volts);
  return reading;
}
Reading sensors(List celsius) {
  Reading reading;
  reading.cell_temperatures = std::move(celsius);
  return reading;
}
Reading alarm(bool active) {
  static constexpr AlarmBit kBits[] = {{0, 0, "hot", Alarm::high_temperature, Severity::alarm, Blocks::charge}};
  const std::uint16_t words[] = {static_cast<std::uint16_t>(active ? 1 : 0)};
  Reading reading;
  reading.alarms = alarms_from(kBits, words);
  return reading;
}

// Readings a second apart; what is believed after each of them.
struct Pack {
  Battery battery;
  Guard guard = Guard::strong;
  int now = 0;

  void take(const Reading& reading, int later = 1) {
    now += later;
    EXPECT_TRUE(battery.take(reading, 0, at(now), guard));
  }
  List believed(Field field, const List& said) {
    List all;
    for (const double value : said) {
      take(saying(field, value));
      all.push_back(*battery.get(field));
    }
    return all;
  }
};

TEST(Jumps, TheFirstValueIsBelieved) {
  Pack pack;
  EXPECT_THAT(pack.believed(Field::soc, {55}), ElementsAre(55));
  EXPECT_EQ(pack.battery.held(), 0U);
}

TEST(Jumps, OneOddSampleIsNeverBelieved) {
  EXPECT_THAT(Pack().believed(Field::soc, {55, 5, 55, 55.1}), ElementsAre(55, 55, 55, 55.1));
  EXPECT_THAT(Pack().believed(Field::voltage, {52, 0, 52.1}), ElementsAre(52, 52, 52.1));
  EXPECT_THAT(Pack().believed(Field::mos_temperature, {25, -40, 25}), ElementsAre(25, 25, 25));
  EXPECT_THAT(Pack().believed(Field::current, {42, -42, 42}), ElementsAre(42, 42, 42));
}

TEST(Jumps, ARealStepIsBelievedWithItsSecondReading) {
  EXPECT_THAT(Pack().believed(Field::soc, {55, 98, 98}), ElementsAre(55, 55, 98));
  EXPECT_THAT(Pack().believed(Field::current, {42, -42, -42}), ElementsAre(42, 42, -42));
}

TEST(Jumps, TheThirdReadingIsBelievedWhateverItSays) {
  EXPECT_THAT(Pack().believed(Field::soc, {50, 90, 20, 70}), ElementsAre(50, 50, 50, 70));
}

TEST(Jumps, AHeldValueIsMarkedAndKeepsItsTime) {
  Pack pack;
  pack.believed(Field::soc, {55, 5});
  const Value& soc = pack.battery.value(Field::soc);
  EXPECT_EQ(soc.quality, Quality::held);
  EXPECT_EQ(soc.at, at(1));
  EXPECT_STREQ(soc.rule, "soc_jump");
  EXPECT_EQ(pack.battery.pending().get(Field::soc), 5);
  EXPECT_TRUE(pack.battery.pending().waits_for(0));
  EXPECT_FALSE(pack.battery.pending().waits_for(1));
  pack.take(saying(Field::soc, 55));
  EXPECT_EQ(soc.quality, Quality::fresh);
  EXPECT_FALSE(pack.battery.pending().get(Field::soc));
}

TEST(Jumps, AreCountedByFieldAndRuleWithTheLastValue) {
  Pack pack;
  pack.believed(Field::soc, {55, 5, 55, 6, 55});
  ASSERT_EQ(pack.battery.oddities().size(), 1U);
  const Oddity& odd = pack.battery.oddities().front();
  EXPECT_STREQ(odd.key, "soc_percent");
  EXPECT_STREQ(odd.rule, "soc_jump");
  EXPECT_EQ(odd.held, 2U);
  EXPECT_EQ(odd.last, 6);
  EXPECT_EQ(odd.at, at(4));
  EXPECT_EQ(pack.battery.held(), 2U);
  EXPECT_EQ(pack.battery.rejected(), 0U);
}

TEST(Jumps, ACurrentExplainsWhatTheStateOfChargeDoes) {
  Pack pack;
  Reading first = saying(Field::soc, 50);
  first.set(Field::current, 100);
  first.set(Field::capacity_full, 100);
  pack.take(first);
  pack.take(saying(Field::soc, 54), 150);  // 4.2 points
  EXPECT_EQ(pack.battery.get(Field::soc), 54);
  pack.take(saying(Field::soc, 58), 10);
  EXPECT_EQ(pack.battery.get(Field::soc), 54);
}

TEST(Jumps, ALoadLowersTheVoltageAtOnce) {
  Pack pack;
  Reading idle = saying(Field::voltage, 53);
  idle.set(Field::current, 0);
  Reading loaded = saying(Field::voltage, 47.5);  // 10 %
  loaded.set(Field::current, -200);
  pack.take(idle);
  pack.take(loaded);
  EXPECT_EQ(pack.battery.get(Field::voltage), 47.5);
  EXPECT_EQ(pack.battery.get(Field::current), -200);
}

TEST(Jumps, OneCellThatLeavesTheOthersIsHeld) {
  Pack pack;
  pack.take(cells({3.30, 3.30, 3.30, 3.30}));
  pack.take(cells({3.30, 3.34, 3.30, 3.30}));
  EXPECT_THAT(*pack.battery.cell_voltages(), ElementsAre(3.30, 3.30, 3.30, 3.30));
  EXPECT_THAT(pack.battery.pending().highest_cells(), ElementsAre(3.30, 3.34, 3.30, 3.30));
  pack.take(cells({3.30, 3.30, 3.30, 3.30}));
  EXPECT_TRUE(pack.battery.pending().highest_cells().empty());
  pack.take(cells({3.30, 3.36, 3.30, 3.30}));
  pack.take(cells({3.30, 3.37, 3.30, 3.30}));
  EXPECT_THAT(*pack.battery.cell_voltages(), ElementsAre(3.30, 3.37, 3.30, 3.30));
}

TEST(Jumps, CellsThatSinkTogetherUnderALoadDoNotJump) {
  Pack pack;
  pack.take(cells({3.30, 3.31, 3.32, 3.33}));
  pack.take(cells({3.15, 3.16, 3.17, 3.16}));
  EXPECT_THAT(*pack.battery.cell_voltages(), ElementsAre(3.15, 3.16, 3.17, 3.16));
}

TEST(Jumps, AllCellsAreOddTogether) {
  Pack pack;
  pack.take(cells({3.30, 3.31, 3.32, 3.33}));
  pack.take(cells({2.30, 2.31, 2.32, 2.33}));
  EXPECT_THAT(*pack.battery.cell_voltages(), ElementsAre(3.30, 3.31, 3.32, 3.33));
}

TEST(Jumps, AnotherNumberOfCellsHasToBeSaidTwice) {
  Pack pack;
  pack.take(cells({3.3, 3.3, 3.3, 3.3}));
  pack.take(cells({3.3, 3.3, 3.3}));
  EXPECT_EQ(pack.battery.cell_voltages()->size(), 4U);
  EXPECT_TRUE(pack.battery.pending().highest_cells().empty());
  pack.take(cells({3.3, 3.3, 3.3}));
  EXPECT_EQ(pack.battery.cell_voltages()->size(), 3U);
}

TEST(Jumps, ToldExtremesAreHeldTogether) {
  const auto told = [](double low, double high) {
    Reading reading = saying(Field::cell_voltage_min, low);
    reading.set(Field::cell_voltage_max, high);
    return reading;
  };
  Pack pack;
  pack.take(told(3.30, 3.32));
  pack.take(told(3.30, 3.36));
  EXPECT_EQ(pack.battery.get(Field::cell_voltage_max), 3.32);
  EXPECT_EQ(pack.battery.pending().get(Field::cell_voltage_max), 3.36);
  pack.take(told(3.30, 3.36));
  EXPECT_EQ(pack.battery.get(Field::cell_voltage_max), 3.36);
  pack.take(told(3.20, 3.27));  // under a load
  EXPECT_EQ(pack.battery.get(Field::cell_voltage_min), 3.20);
}

TEST(Jumps, AnUnusualFirstCellHasToBeSaidTwice) {
  Pack glitch;
  glitch.take(cells({3.3, 4.9, 3.3, 3.3}));
  EXPECT_FALSE(glitch.battery.cell_voltages());
  EXPECT_THAT(glitch.battery.pending().highest_cells(), ElementsAre(3.3, 4.9, 3.3, 3.3));  // limits look at it at once
  glitch.take(cells({3.3, 3.3, 3.3, 3.3}));
  EXPECT_THAT(*glitch.battery.cell_voltages(), ElementsAre(3.3, 3.3, 3.3, 3.3));
  EXPECT_STREQ(glitch.battery.oddities().front().rule, "unusual_cell");
  glitch.take(cells({3.3, 4.9, 3.3, 3.3}), 301);  // what is believed is too old to compare with
  EXPECT_THAT(*glitch.battery.cell_voltages(), ElementsAre(3.3, 3.3, 3.3, 3.3));

  Pack overcharged;  // true, and told
  overcharged.take(cells({3.3, 4.4, 3.3, 3.3}));
  overcharged.take(cells({3.3, 4.4, 3.3, 3.3}));
  EXPECT_THAT(*overcharged.battery.cell_voltages(), ElementsAre(3.3, 4.4, 3.3, 3.3));
}

TEST(Jumps, WhatIsUnusualDependsOnTheChemistry) {
  const auto is_believed_at_once = [](std::optional<Chemistry> chemistry, double volts) {
    Pack pack;
    Reading reading = cells({volts, volts});
    reading.chemistry = chemistry;
    pack.take(reading);  // what it is was not known before
    pack.take(cells({volts, volts}));
    EXPECT_TRUE(pack.battery.cell_voltages()) << volts;
    pack.battery.forget_trend(at(++pack.now));
    const auto held = pack.battery.held();
    pack.take(cells({volts, volts}));
    return pack.battery.held() == held;
  };
  for (const double volts : {1.4, 2.0, 2.9, 3.7, 4.3}) EXPECT_TRUE(is_believed_at_once({}, volts)) << volts;
  for (const double volts : {1.3, 4.4}) EXPECT_FALSE(is_believed_at_once({}, volts)) << volts;
  EXPECT_TRUE(is_believed_at_once(Chemistry::lfp, 3.7));
  EXPECT_FALSE(is_believed_at_once(Chemistry::lfp, 4.1));
  EXPECT_TRUE(is_believed_at_once(Chemistry::nmc, 4.1));
  EXPECT_FALSE(is_believed_at_once(Chemistry::nmc, 2.2));
  EXPECT_TRUE(is_believed_at_once(Chemistry::lto, 2.2));
  EXPECT_FALSE(is_believed_at_once(Chemistry::lto, 3.3));
}

TEST(Jumps, UnusualToldExtremesHaveToBeSaidTwice) {
  Reading odd = saying(Field::cell_voltage_min, 0.9);
  odd.set(Field::cell_voltage_max, 3.3);
  Pack pack;
  pack.take(odd);
  EXPECT_FALSE(pack.battery.get(Field::cell_voltage_min));
  EXPECT_FALSE(pack.battery.get(Field::cell_voltage_max));
  pack.take(odd);
  EXPECT_EQ(pack.battery.get(Field::cell_voltage_min), 0.9);
}

TEST(Jumps, ASensorThatDropsOutIsHeldAndWarmthIsNot) {
  Pack pack;
  pack.take(sensors({25, 25}));
  pack.take(sensors({25, -40}));
  EXPECT_THAT(*pack.battery.cell_temperatures(), ElementsAre(25, 25));
  EXPECT_THAT(*pack.battery.pending().cell_temperatures(), ElementsAre(25, -40));
  pack.take(sensors({26, 25}));
  EXPECT_FALSE(pack.battery.pending().cell_temperatures());
  pack.take(sensors({40, 39}), 180);  // 5 degrees a minute
  EXPECT_THAT(*pack.battery.cell_temperatures(), ElementsAre(40, 39));
}

TEST(Jumps, BehindAStrongGuardCurrentsFetsAndAlarmsActAtOnce) {
  Pack pack;
  EXPECT_THAT(pack.believed(Field::current, {5, 180}), ElementsAre(5, 180));
  EXPECT_THAT(pack.believed(Field::charge_fet_on, {1, 0}), ElementsAre(1, 0));
  pack.take(alarm(false));
  pack.take(alarm(true));
  EXPECT_EQ(pack.battery.alarms().of(Alarm::high_temperature), Severity::alarm);
}

TEST(Jumps, BehindAWeakGuardCurrentsFetsAndAlarmsAreConfirmed) {
  Pack pack;
  pack.guard = Guard::weak;
  EXPECT_THAT(pack.believed(Field::current, {5, 180, 5, 180, 182}), ElementsAre(5, 5, 5, 5, 182));
  EXPECT_THAT(pack.believed(Field::charge_fet_on, {1, 0, 0}), ElementsAre(1, 1, 0));
  pack.take(alarm(false));
  pack.take(alarm(true));
  EXPECT_EQ(pack.battery.alarms().of(Alarm::high_temperature), Severity::ok);
  EXPECT_TRUE(pack.battery.pending().blocks_charge());
  EXPECT_FALSE(pack.battery.pending().blocks_discharge());
  pack.take(alarm(true));
  EXPECT_EQ(pack.battery.alarms().of(Alarm::high_temperature), Severity::alarm);
  EXPECT_FALSE(pack.battery.pending().blocks_charge());
  pack.take(alarm(false));
  EXPECT_EQ(pack.battery.alarms().of(Alarm::high_temperature), Severity::alarm);
  pack.take(alarm(false));
  EXPECT_EQ(pack.battery.alarms().of(Alarm::high_temperature), Severity::ok);
}

TEST(Jumps, WhatWasSaidLongAgoOrBeforeALossJudgesNothing) {
  Pack pack;
  pack.believed(Field::soc, {50});
  pack.take(saying(Field::soc, 90), 301);
  EXPECT_EQ(pack.battery.get(Field::soc), 90);
  pack.take(saying(Field::soc, 40), 1);
  EXPECT_EQ(pack.battery.get(Field::soc), 90);
  pack.battery.forget_trend(at(pack.now + 1));
  EXPECT_FALSE(pack.battery.pending().get(Field::soc));
  pack.take(saying(Field::soc, 40), 2);
  EXPECT_EQ(pack.battery.get(Field::soc), 40);
}

TEST(Jumps, AnImplausibleListDoesNotWait) {
  Pack pack;
  pack.take(sensors({25, 25}));
  pack.take(sensors({25, 1931}));
  EXPECT_FALSE(pack.battery.pending().cell_temperatures());
  EXPECT_EQ(pack.battery.rejected(), 1U);
  EXPECT_THAT(*pack.battery.cell_temperatures(), ElementsAre(25, 25));
}

TEST(Jumps, WhatIsMergedWithoutAWireIsNeverHeld) {
  Battery battery;
  ASSERT_TRUE(battery.merge(saying(Field::soc, 55), 0, at(1)));
  ASSERT_TRUE(battery.merge(saying(Field::soc, 5), 0, at(2)));
  EXPECT_EQ(battery.get(Field::soc), 5);
}

}  // namespace
}  // namespace bmsd
