#include "battery/alarms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::StrEq;

constexpr AlarmBit kTable[] = {
    {0, 0, "over_voltage_warning", Alarm::high_voltage, Severity::warning},
    {0, 15, "over_voltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {1, 2, "short_circuit", Alarm::high_discharge_current, Severity::alarm, Blocks::both},
    {1, 3, "balancing_failed", Alarm::cell_imbalance, Severity::warning},
};

TEST(Alarms, EveryClassOfTheTableIsSupportedAndNoOther) {
  const std::uint16_t words[] = {0, 0};
  const Alarms alarms = alarms_from(kTable, words);
  EXPECT_EQ(alarms.of(Alarm::high_voltage), Severity::ok);
  EXPECT_EQ(alarms.of(Alarm::cell_imbalance), Severity::ok);
  EXPECT_EQ(alarms.of(Alarm::low_voltage), Severity::unsupported);
  EXPECT_TRUE(alarms.names.empty());
  EXPECT_FALSE(alarms.blocks_charge());
}

TEST(Alarms, BitsRaiseTheirClassToTheGravestLevel) {
  const std::uint16_t words[] = {0x8001, 0x0004};
  const Alarms alarms = alarms_from(kTable, words);
  EXPECT_EQ(alarms.of(Alarm::high_voltage), Severity::alarm);
  EXPECT_EQ(alarms.of(Alarm::high_discharge_current), Severity::alarm);
  EXPECT_EQ(alarms.of(Alarm::cell_imbalance), Severity::ok);
  EXPECT_THAT(alarms.names, ElementsAre(StrEq("over_voltage"), StrEq("over_voltage_warning"), StrEq("short_circuit")));
  EXPECT_TRUE(alarms.blocks_charge());
  EXPECT_TRUE(alarms.blocks_discharge());
}

TEST(Alarms, BitsOfOtherWordsAndMissingWordsRaiseNothing) {
  const std::uint16_t words[] = {0x7FFE};
  EXPECT_TRUE(alarms_from(kTable, words).names.empty());
}

TEST(Alarms, UnitedNamesStandOnceAndSorted) {
  Alarms one, other;
  one.raise(kTable[2]);
  one.raise(kTable[0]);
  other.raise(kTable[1]);
  other.raise(kTable[0]);
  one.unite(other);
  EXPECT_THAT(one.names, ElementsAre(StrEq("over_voltage"), StrEq("over_voltage_warning"), StrEq("short_circuit")));
  EXPECT_EQ(one.of(Alarm::high_voltage), Severity::alarm);
}

TEST(Alarms, KeysAreDifferentAndComplete) {
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < kAlarmCount; ++i) keys.insert(key_of(static_cast<Alarm>(i)));
  EXPECT_EQ(keys.size(), kAlarmCount);
  EXPECT_EQ(key_of(Alarm::low_voltage), "LowVoltage");
  EXPECT_EQ(key_of(Alarm::bms_cable), "BmsCable");
  EXPECT_EQ(key_of(Alarm::fuse_blown), "FuseBlown");
}

}  // namespace
}  // namespace bmsd
