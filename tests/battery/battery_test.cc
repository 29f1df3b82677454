#include "battery/battery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "saying.h"

namespace bmsd {
namespace {

using testing::ElementsAre;

using test::at, test::saying;

TEST(Battery, KnowsNothingAtFirst) {
  const Battery battery;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    EXPECT_FALSE(battery.get(field_at(i)));
    EXPECT_EQ(battery.value(field_at(i)).quality, Quality::never);
  }
  EXPECT_FALSE(battery.cell_voltages());
  EXPECT_FALSE(battery.temperature());
  EXPECT_EQ(battery.alarms().of(Alarm::low_voltage), Severity::unsupported);
}

TEST(Battery, BelievesAValueWithItsTimeAndSource) {
  Battery battery;
  ASSERT_TRUE(battery.merge(saying(Field::voltage, 53.2), 4, at(7)));
  EXPECT_EQ(battery.get(Field::voltage), 53.2);
  EXPECT_EQ(battery.value(Field::voltage).at, at(7));
  EXPECT_EQ(battery.value(Field::voltage).source, 4);
  EXPECT_EQ(battery.value(Field::voltage).quality, Quality::fresh);
}

TEST(Battery, WhatAReplyDoesNotSayStays) {
  Battery battery;
  ASSERT_TRUE(battery.merge(saying(Field::voltage, 53.2), 0, at(1)));
  ASSERT_TRUE(battery.merge(saying(Field::current, -5), 0, at(2)));
  EXPECT_EQ(battery.get(Field::voltage), 53.2);
  EXPECT_EQ(battery.value(Field::voltage).at, at(1));
}

TEST(Battery, UnknownTakesTheValueAway) {
  Battery battery;
  ASSERT_TRUE(battery.merge(saying(Field::soh, 98), 0, at(1)));
  Reading reading;
  reading.set_unknown(Field::soh);
  ASSERT_TRUE(battery.merge(reading, 0, at(2)));
  EXPECT_FALSE(battery.get(Field::soh));
  EXPECT_EQ(battery.value(Field::soh).quality, Quality::unknown);
}

TEST(Battery, AnImplausibleFieldKeepsItsLastValueAndIsCounted) {
  Battery battery;
  ASSERT_TRUE(battery.merge(saying(Field::cycles, 12), 0, at(1)));
  Reading reading = saying(Field::cycles, -1);
  reading.set(Field::voltage, 50);
  ASSERT_TRUE(battery.merge(reading, 0, at(2)));
  EXPECT_EQ(battery.get(Field::cycles), 12);
  EXPECT_EQ(battery.value(Field::cycles).quality, Quality::rejected);
  EXPECT_EQ(battery.value(Field::cycles).at, at(1));
  EXPECT_EQ(battery.get(Field::voltage), 50) << "the rest of the reply holds";
  EXPECT_EQ(battery.rejected(), 1U);
  EXPECT_STREQ(battery.last_rule(), "out_of_range");
}

TEST(Battery, AnImplausibleFirstValueIsNotBelieved) {
  Battery battery;
  ASSERT_TRUE(battery.merge(saying(Field::mos_temperature, 900), 0, at(1)));
  EXPECT_FALSE(battery.get(Field::mos_temperature));
}

TEST(Battery, AReadingThatFailsAsAWholeChangesNothing) {
  Battery battery;
  Reading good = saying(Field::soc, 50);
  good.cell_voltages = std::vector<double>{3.3, 3.3};
  ASSERT_TRUE(battery.merge(good, 0, at(1)));
  Reading bad = saying(Field::soc, 60);
  bad.cell_voltages = std::vector<double>{3.3, 42};
  bad.alarms = Alarms();
  const Status status = battery.merge(bad, 0, at(2));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::implausible);
  EXPECT_STREQ(status.error().what, "cell_out_of_range");
  EXPECT_EQ(battery.get(Field::soc), 50);
  EXPECT_THAT(*battery.cell_voltages(), ElementsAre(3.3, 3.3));
  EXPECT_EQ(battery.rejected(), 1U);
}

TEST(Battery, ListsAreReplacedWhole) {
  Battery battery;
  Reading reading;
  reading.cell_voltages = std::vector<double>{3.3, 3.3, 3.3};
  reading.cell_temperatures = std::vector<double>{20, 21};
  ASSERT_TRUE(battery.merge(reading, 0, at(1)));
  reading.cell_voltages = std::vector<double>{3.4};
  reading.cell_temperatures = std::vector<double>{22, std::nan("")};
  ASSERT_TRUE(battery.merge(reading, 0, at(2)));
  EXPECT_THAT(*battery.cell_voltages(), ElementsAre(3.4));
  EXPECT_THAT(*battery.cell_temperatures(), ElementsAre(20, 21)) << "one absurd sensor refuses the list";
  EXPECT_STREQ(battery.last_rule(), "temperature_out_of_range");
}

TEST(Battery, ItsTemperatureIsTheMeanOfTheCellSensorsElseThePacks) {
  Battery battery;
  ASSERT_TRUE(battery.merge(saying(Field::pack_temperature, 30), 0, at(1)));
  EXPECT_EQ(battery.temperature(), 30);
  Reading reading;
  reading.cell_temperatures = std::vector<double>{20, 25};
  ASSERT_TRUE(battery.merge(reading, 0, at(2)));
  EXPECT_EQ(battery.temperature(), 22.5);
  reading.cell_temperatures->clear();
  ASSERT_TRUE(battery.merge(reading, 0, at(3)));
  EXPECT_EQ(battery.temperature(), 30);
}

TEST(Battery, FlagsAreOnOffOrUnknown) {
  Battery battery;
  EXPECT_EQ(battery.flag(Field::charge_fet_on), std::nullopt);
  ASSERT_TRUE(battery.merge(saying(Field::charge_fet_on, 0), 0, at(1)));
  EXPECT_EQ(battery.flag(Field::charge_fet_on), false);
  ASSERT_TRUE(battery.merge(saying(Field::charge_fet_on, 1), 0, at(2)));
  EXPECT_EQ(battery.flag(Field::charge_fet_on), true);
}

constexpr AlarmBit kHigh = {0, 0, "pack_high", Alarm::high_voltage, Severity::warning};
constexpr AlarmBit kHigher = {0, 1, "pack_too_high", Alarm::high_voltage, Severity::alarm, Blocks::charge};

TEST(Battery, AlarmsOfEachExchangeAreKeptAndUnited) {
  Battery battery;
  Reading one, other;
  one.alarms = Alarms();
  one.alarms->raise(kHigh);
  other.alarms = Alarms();
  other.alarms->raise(kHigher);
  ASSERT_TRUE(battery.merge(one, 1, at(1)));
  ASSERT_TRUE(battery.merge(other, 2, at(1)));
  EXPECT_EQ(battery.alarms().of(Alarm::high_voltage), Severity::alarm);
  EXPECT_TRUE(battery.alarms().blocks_charge());
  EXPECT_FALSE(battery.alarms().blocks_discharge());
  other.alarms = Alarms();
  ASSERT_TRUE(battery.merge(other, 2, at(2)));
  EXPECT_EQ(battery.alarms().of(Alarm::high_voltage), Severity::warning);
  EXPECT_FALSE(battery.alarms().blocks_charge());
  ASSERT_TRUE(battery.merge(saying(Field::soc, 1), 1, at(3)));
  EXPECT_EQ(battery.alarms().of(Alarm::high_voltage), Severity::warning) << "a reply without alarms clears none";
}

TEST(Battery, TextsIdentitiesAndExtrasAreKeptUntilSaidAgain) {
  Battery battery;
  Reading reading;
  reading.texts = {{Text::hardware, "V1"}};
  reading.identities = {"a", "b"};
  reading.extra("mode", 1.0);
  ASSERT_TRUE(battery.merge(reading, 0, at(1)));
  Reading next;
  next.extra("mode", 2.0);
  ASSERT_TRUE(battery.merge(next, 0, at(2)));
  EXPECT_EQ(battery.text(Text::hardware), "V1");
  EXPECT_EQ(battery.text(Text::serial_number), "");
  EXPECT_THAT(battery.identities(), ElementsAre("a", "b"));
  EXPECT_EQ(std::get<double>(battery.extras().at("mode")), 2.0);
}

}  // namespace
}  // namespace bmsd
