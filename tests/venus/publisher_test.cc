#include "venus/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace bmsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct PublisherTest : ::testing::Test {
  PublisherTest() {
    publisher.offer(volt, 53.0);
    publisher.offer(limit, 60.0, Urgent::when_it_falls);
    publisher.offer(alarm, 0, Urgent::when_it_rises);
    EXPECT_THAT(publisher.take(start), ElementsAre(volt, limit, alarm));
  }
  Instant at(Duration after) const { return start + after; }

  ItemTree tree;
  ItemTree::Index volt = tree.add("/Dc/0/Voltage", ItemType::real, "%.2fV");
  ItemTree::Index limit = tree.add("/Info/MaxChargeCurrent", ItemType::real);
  ItemTree::Index alarm = tree.add("/Alarms/LowVoltage", ItemType::integer);
  Publisher publisher{tree};
  Instant start{100s};
};

TEST_F(PublisherTest, NothingIsSentWhenNothingChanged) {
  publisher.offer(volt, 53.0);
  EXPECT_EQ(publisher.due(at(5s)), std::nullopt);
  EXPECT_THAT(publisher.take(at(5s)), IsEmpty());
}

TEST_F(PublisherTest, AChangeWaitsForTheSecondToPassAndTheTreeWithIt) {
  publisher.offer(volt, 53.1);
  EXPECT_EQ(publisher.due(at(200ms)), at(1s));
  EXPECT_THAT(publisher.take(at(999ms)), IsEmpty());
  EXPECT_EQ(tree.at(volt).value, BusValue(53.0));
  EXPECT_THAT(publisher.take(at(1s)), ElementsAre(volt));
  EXPECT_EQ(tree.at(volt).text, "53.10V");
}

TEST_F(PublisherTest, AChangeAfterAQuietSecondGoesAtOnce) {
  publisher.offer(volt, 53.1);
  EXPECT_EQ(publisher.due(at(3s)), at(3s));
}

TEST_F(PublisherTest, OnlyTheLastValueOfASecondIsSent) {
  publisher.offer(volt, 53.1);
  publisher.offer(volt, 53.2);
  EXPECT_THAT(publisher.take(at(1s)), ElementsAre(volt));
  EXPECT_EQ(tree.at(volt).value, BusValue(53.2));
}

TEST_F(PublisherTest, WhatChangedBackIsNotSent) {
  publisher.offer(volt, 53.1);
  publisher.offer(volt, 53.0);
  EXPECT_EQ(publisher.due(at(2s)), std::nullopt);
  EXPECT_THAT(publisher.take(at(2s)), IsEmpty());
}

TEST_F(PublisherTest, ARisingAlarmGoesAtOnceAndTakesAlongWhatIsPending) {
  publisher.offer(volt, 53.1);
  publisher.offer(alarm, 1, Urgent::when_it_rises);
  EXPECT_THAT(publisher.take(at(10ms)), ElementsAre(volt, alarm));
  publisher.offer(alarm, 2, Urgent::when_it_rises);
  EXPECT_THAT(publisher.take(at(20ms)), ElementsAre(alarm));
}

TEST_F(PublisherTest, AFallingAlarmWaits) {
  publisher.offer(alarm, 2, Urgent::when_it_rises);
  EXPECT_THAT(publisher.take(at(10ms)), ElementsAre(alarm));
  publisher.offer(alarm, 0, Urgent::when_it_rises);
  EXPECT_THAT(publisher.take(at(20ms)), IsEmpty());
  EXPECT_EQ(publisher.due(at(20ms)), at(1010ms));
}

TEST_F(PublisherTest, AnAlarmThatBecomesSupportedWithoutBeingRaisedIsNotUrgent) {
  publisher.offer(alarm, BusValue(), Urgent::when_it_rises);
  EXPECT_THAT(publisher.take(at(1s)), ElementsAre(alarm));
  publisher.offer(alarm, 0, Urgent::when_it_rises);
  EXPECT_THAT(publisher.take(at(1100ms)), IsEmpty());
}

TEST_F(PublisherTest, ALimitThatFallsByMoreThanOnePercentGoesAtOnce) {
  publisher.offer(limit, 59.5, Urgent::when_it_falls);
  EXPECT_THAT(publisher.take(at(10ms)), IsEmpty());
  publisher.offer(limit, 59.3, Urgent::when_it_falls);
  EXPECT_THAT(publisher.take(at(20ms)), ElementsAre(limit));
}

TEST_F(PublisherTest, TheOnePercentIsOfTheHighestLimitThereWas) {
  publisher.offer(limit, 2.0, Urgent::when_it_falls);
  EXPECT_THAT(publisher.take(at(10ms)), ElementsAre(limit));
  publisher.offer(limit, 1.5, Urgent::when_it_falls);
  EXPECT_THAT(publisher.take(at(20ms)), IsEmpty());
}

TEST_F(PublisherTest, ALimitThatReachesZeroGoesAtOnceHoweverSmallItWas) {
  publisher.offer(limit, 0.1, Urgent::when_it_falls);
  EXPECT_THAT(publisher.take(at(10ms)), ElementsAre(limit));
  publisher.offer(limit, 0.0, Urgent::when_it_falls);
  EXPECT_THAT(publisher.take(at(20ms)), ElementsAre(limit));
}

TEST_F(PublisherTest, ALimitThatRisesWaits) {
  publisher.offer(limit, 80.0, Urgent::when_it_falls);
  EXPECT_THAT(publisher.take(at(10ms)), IsEmpty());
  EXPECT_THAT(publisher.take(at(1s)), ElementsAre(limit));
}

TEST_F(PublisherTest, AnUrgentChangeThatIsTakenBackLeavesNoUrgencyBehind) {
  publisher.offer(alarm, 1, Urgent::when_it_rises);
  publisher.offer(alarm, 0, Urgent::when_it_rises);
  publisher.offer(volt, 53.1);
  EXPECT_EQ(publisher.due(at(10ms)), at(1s));
}

TEST_F(PublisherTest, NanIsTheSameAsInvalid) {
  publisher.offer(volt, BusValue());
  EXPECT_THAT(publisher.take(at(1s)), ElementsAre(volt));
  publisher.offer(volt, std::nan(""));
  EXPECT_THAT(publisher.take(at(3s)), IsEmpty());
}

TEST_F(PublisherTest, OverAMinuteOfChangesEachTenthOfASecondSixtyMessagesLeave) {
  int messages = 0;
  for (int tenth = 1; tenth <= 600; ++tenth) {
    publisher.offer(volt, 53.0 + 0.01 * tenth);
    if (!publisher.take(at(tenth * 100ms)).empty()) ++messages;
  }
  EXPECT_EQ(messages, 60);
}

struct PublisherWithSummary : PublisherTest {
  PublisherWithSummary() {
    publisher.summarize(summary, [](const ItemTree& all) { return all.at(0).text; });
  }
  ItemTree::Index summary = tree.add("/JsonData", ItemType::text);
};

TEST_F(PublisherWithSummary, ItIsMadeOfWhatTheMessageTells) {
  publisher.offer(volt, 53.1);
  EXPECT_EQ(tree.at(summary).value, BusValue());
  EXPECT_THAT(publisher.take(at(1s)), ElementsAre(volt, summary));
  EXPECT_EQ(tree.at(summary).value, BusValue("53.10V"));
}

TEST_F(PublisherWithSummary, ItIsNeverTheCauseOfAMessage) {
  EXPECT_EQ(publisher.due(at(5s)), std::nullopt);
  publisher.offer(volt, 53.0);
  EXPECT_THAT(publisher.take(at(5s)), IsEmpty());
}

TEST_F(PublisherWithSummary, BeforeAnybodyListensItIsMadeToo) {
  publisher.offer(volt, 53.2);
  publisher.store();
  EXPECT_EQ(tree.at(summary).text, "53.20V");
}

TEST_F(PublisherWithSummary, WhatIsSummarizedNoMoreIsInvalidAndComesBackOnce) {
  publisher.offer(volt, 53.1);
  publisher.take(at(1s));
  publisher.summarize(summary, nullptr);
  publisher.offer(summary, {});
  EXPECT_THAT(publisher.take(at(2s)), ElementsAre(summary));
  EXPECT_EQ(tree.at(summary).value, BusValue());
  publisher.offer(volt, 53.2);
  EXPECT_THAT(publisher.take(at(3s)), ElementsAre(volt));
  publisher.summarize(summary, [](const ItemTree& all) { return all.at(0).text; });
  publisher.offer(volt, 53.3);
  EXPECT_THAT(publisher.take(at(4s)), ElementsAre(volt, summary));
}

TEST_F(PublisherTest, ItemsThatAreAddedLaterAreSentWithTheirFirstValue) {
  const auto cell = tree.add("/Voltages/Cell17", ItemType::real, "%.3fV");
  publisher.offer(cell, 3.321);
  EXPECT_THAT(publisher.take(at(1s)), ElementsAre(cell));
}

}  // namespace
}  // namespace bmsd
