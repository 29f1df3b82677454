// The check of a frame passes many damaged ones. What jumps is believed when a second reply tells it too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eg4_lifepower_replies.h"

namespace bmsd::eg4_lifepower_agreement_test {
namespace {

using namespace test::eg4;  // NOLINT: a test of these replies
using testing::ElementsAre;
using testing::IsEmpty;

const Error silence{Errc::timeout, "no_reply", 0, {}};

// Says the replies one after the other and keeps what is made of the last one.
Reading last_of(const std::vector<General>& replies) {
  auto session = open();
  Reading last;
  for (const General& data : replies) {
    const auto reading = hear(*session, data);
    EXPECT_TRUE(reading);
    if (reading) last = *reading;
  }
  return last;
}

General with(int General::*number, int value) {
  General data;
  data.*number = value;
  return data;
}

TEST(Eg4LifepowerAgreement, AFlippedTopBitLeavesNoTraceInTheCheck) {
  const ByteVector good = reply(1, General().bytes());
  for (std::size_t at = 4; at + 2 < good.size(); ++at) {
    ByteVector bad = good;
    bad[at] ^= 0x80;
    EXPECT_EQ(lifepower.framer(bad, true).kind, Scan::frame) << "which is why replies are compared";
  }
}

// Every one of the damaged replies that the check passes, between good ones.
TEST(Eg4LifepowerAgreement, OneDamagedReplyChangesNothingThatMatters) {
  const General truth;
  const Reading want = last_of({truth});
  const ByteVector good = reply(1, truth.bytes());
  int passed = 0, refused = 0;
  for (std::size_t at = 4; at + 2 < good.size(); ++at) {
    for (int wrong = 1; wrong < 256; ++wrong) {
      ByteVector bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ wrong);
      if (lifepower.framer(bad, true).kind != Scan::frame) continue;
      auto session = open(1, false);
      ASSERT_TRUE(hear(*session, truth));
      ASSERT_TRUE(hear(*session, truth));
      const auto got = hear(*session, "01", bad);
      ++(got ? passed : refused);
      if (!got) continue;
      EXPECT_THAT(got->alarms->names, IsEmpty());
      EXPECT_EQ(got->cell_temperatures->size(), 2U);
      EXPECT_NEAR(*got->get(Field::current), 0, 2);
      EXPECT_NEAR(*got->get(Field::soc), 50, 0.2);
      EXPECT_NEAR(*got->get(Field::voltage), 52.8, 0.2);
      for (const double cell : *got->cell_voltages) EXPECT_NEAR(cell, 3.3, 0.02);
      for (const Field same : {Field::soh, Field::capacity_full, Field::cycles, Field::cell_count})
        EXPECT_EQ(got->get(same), want.get(same));
    }
  }
  EXPECT_GT(passed, 1000);
  EXPECT_GT(refused, 50) << "by the groups and the sum of the cells";
}

TEST(Eg4LifepowerAgreement, ASmallChangeIsBelievedAtOnce) {
  EXPECT_DOUBLE_EQ(*last_of({{}, with(&General::current, 30200)}).get(Field::current), -2);
  EXPECT_DOUBLE_EQ(*last_of({{}, with(&General::soc, 4980)}).get(Field::soc), 49.8);
  EXPECT_DOUBLE_EQ(*last_of({{}, with(&General::voltage, 5300)}).get(Field::voltage), 53);
  General cells;
  cells.cells[15] = 3320;
  EXPECT_DOUBLE_EQ(last_of({{}, cells}).cell_voltages->back(), 3.32);
  General sensors;
  sensors.temperatures[0] = 0x0042;
  EXPECT_EQ(last_of({{}, sensors}).cell_temperatures->front(), 16);
}

TEST(Eg4LifepowerAgreement, AJumpIsBelievedWhenItIsToldAgain) {
  const General jumped = with(&General::current, 40000), returned = with(&General::current, 39000);
  EXPECT_DOUBLE_EQ(*last_of({{}, jumped}).get(Field::current), 0);
  EXPECT_DOUBLE_EQ(*last_of({{}, jumped, jumped}).get(Field::current), -100);
  EXPECT_DOUBLE_EQ(*last_of({{}, jumped, {}}).get(Field::current), 0);
  EXPECT_DOUBLE_EQ(*last_of({{}, jumped, returned}).get(Field::current), -90) << "the middle one";
}

TEST(Eg4LifepowerAgreement, ANumberThatAlwaysJumpsIsStillFollowed) {
  std::vector<General> rising;
  for (int i = 0; i < 10; ++i) rising.push_back(with(&General::current, 30000 + 1000 * i));
  EXPECT_DOUBLE_EQ(*last_of(rising).get(Field::current), -80) << "one reply behind";
}

TEST(Eg4LifepowerAgreement, AnAlarmComesAndGoesWithTheSecondReplyThatTellsIt) {
  General alarm;
  alarm.status[1] = 0x10;
  EXPECT_THAT(last_of({{}, {}, alarm}).alarms->names, IsEmpty());
  EXPECT_THAT(last_of({{}, {}, alarm, alarm}).alarms->names, ElementsAre(testing::StrEq("overvoltage")));
  EXPECT_THAT(last_of({alarm, alarm, {}}).alarms->names, ElementsAre(testing::StrEq("overvoltage")));
  EXPECT_THAT(last_of({alarm, alarm, {}, {}}).alarms->names, IsEmpty());
}

TEST(Eg4LifepowerAgreement, TheFlagsOfCellsAreNoJump) {
  General flagged;
  flagged.cells[0] |= 0xC000;
  const Reading reading = last_of({{}, flagged});
  EXPECT_DOUBLE_EQ(reading.cell_voltages->front(), 3.3);
  EXPECT_TRUE(std::get<std::vector<bool>>(extras_of(reading).at("cell_bit15")).front());
}

TEST(Eg4LifepowerAgreement, AnotherNumberOfCellsIsTakenAsItIs) {
  General fifteen;
  fifteen.cells.assign(15, 3400);
  fifteen.voltage = 5100;
  EXPECT_EQ(last_of({{}, fifteen}).cell_voltages->size(), 15U);
  EXPECT_DOUBLE_EQ(last_of({{}, fifteen}).cell_voltages->front(), 3.4);
}

TEST(Eg4LifepowerAgreement, TheFirstReplyIsSettledByASecondOne) {
  auto session = open();
  ASSERT_TRUE(hear(*session, General()));
  const auto second = hear(*session, General(), "01 again");
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->alarms) << "nobody would take them back";
  EXPECT_DOUBLE_EQ(*second->get(Field::soc), 50);
}

TEST(Eg4LifepowerAgreement, AWrongFirstReplyIsCorrectedByTheNextTwo) {
  auto session = open();
  ASSERT_TRUE(hear(*session, with(&General::soc, 9000)));
  EXPECT_EQ(word_of(hear(*session, General(), "01 again")), "implausible") << "which of the two?";
  const auto third = hear(*session, General(), "01 again");
  ASSERT_TRUE(third);
  EXPECT_DOUBLE_EQ(*third->get(Field::soc), 50);
}

TEST(Eg4LifepowerAgreement, AnOldReplyIsForgottenWhenThePackWasAwayForLong) {
  auto session = open();
  ASSERT_TRUE(hear(*session, General()));
  for (int i = 0; i < 7; ++i) session->failed(index_of("01"), silence);
  const General later = with(&General::soc, 9000);
  EXPECT_DOUBLE_EQ(*hear(*session, later)->get(Field::soc), 50);
  for (int i = 0; i < 8; ++i) session->failed(index_of("01"), silence);
  EXPECT_DOUBLE_EQ(*hear(*session, "01", reply(1, later.bytes(), 1, start_byte(*session)))->get(Field::soc), 90);
}

}  // namespace
}  // namespace bmsd::eg4_lifepower_agreement_test
