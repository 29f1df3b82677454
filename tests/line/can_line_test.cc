// Lines that are CAN buses: packs that send by themselves, packs that are asked, both at once.
#include <gmock/gmock.h>

#include "can_rig.h"
#include "line/detection.h"

namespace bmsd::test {
namespace {

TEST(CanLine, APackThatSendsByItselfIsThereWithoutBeingAsked) {
  CanRig rig(CanRig::plan({{&pushed(), 2}}));
  CanRig::add(rig.pushing, 2, 42);
  rig.wire.open(250000);
  rig.wire.run_for(10s);
  EXPECT_EQ(rig.watched.bytes_sent, 0U);
  EXPECT_EQ(rig.count(LineEvent::joined), 1);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_EQ(rig.pack(0).state, PackTalk::alive);
  EXPECT_NEAR(rig.pack(0).battery.get(Field::soc).value_or(0), 42, 1);
  EXPECT_EQ(rig.pack(0).battery.cell_voltages().value_or(std::vector<double>{}).size(), kCells);
}

TEST(CanLine, ItsFirstValuesAreThereAtOnceAndRoundsAreToldAtMostTenTimesASecond) {
  CanRig rig(CanRig::plan({{&pushed(), 1}}));
  CanRig::add(rig.pushing, 1, 42);
  rig.wire.open(250000);
  rig.wire.run_for(400ms);
  EXPECT_EQ(rig.count(LineEvent::joined), 1);
  const int before = rig.count(LineEvent::round_good);
  rig.wire.run_for(10s);
  EXPECT_NEAR(rig.count(LineEvent::round_good) - before, 90, 15) << "frames come every 20 ms";
  EXPECT_LT(rig.watched.most_calls_at_once, 20);
}

TEST(CanLine, ItsSilenceIsNoticedByTimeAndItIsBackAtOnce) {
  CanRig rig(CanRig::plan({{&pushed(), 1}}));
  CanRig::add(rig.pushing, 1, 42);
  rig.wire.open(250000);
  rig.wire.run_for(2s);
  ASSERT_TRUE(rig.pushing.set_silent(1, true));
  rig.wire.run_for(1900ms);
  EXPECT_EQ(rig.pack(0).state, PackTalk::alive) << "it may stay away for two seconds";
  rig.wire.run_for(300ms);
  EXPECT_EQ(rig.pack(0).state, PackTalk::lost);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 1);
  rig.wire.run_for(60s);
  ASSERT_TRUE(rig.pushing.set_silent(1, false));
  rig.wire.run_for(250ms);
  EXPECT_EQ(rig.pack(0).state, PackTalk::alive);
  EXPECT_EQ(rig.count(LineEvent::joined), 1) << "it is the same one";
}

TEST(CanLine, APortThatGoesIsALossAndItsReturnEndsIt) {
  CanRig rig(CanRig::plan({{&pushed(), 1}, {&asked(), 3}}));
  CanRig::add(rig.pushing, 1, 42);
  CanRig::add(rig.asking, 3, 52);
  rig.wire.open(250000);
  rig.wire.run_for(3s);
  rig.wire.close();
  for (const std::size_t i : {0U, 1U}) EXPECT_EQ(rig.pack(i).state, PackTalk::lost) << i;
  rig.wire.run_for(5s);
  rig.wire.open(250000);
  rig.wire.run_for(500ms);
  for (const std::size_t i : {0U, 1U}) EXPECT_EQ(rig.pack(i).state, PackTalk::alive) << i;
}

TEST(CanLine, AnAlarmThatIsNoLongerSentIsOver) {
  CanRig rig(CanRig::plan({{&pushed(), 1}}));
  CanRig::add(rig.pushing, 1, 42);
  rig.wire.open(250000);
  rig.wire.run_for(3s);
  EXPECT_EQ(rig.pack(0).battery.alarms().of(Alarm::high_temperature), Severity::ok) << "its silence says so";
  ASSERT_TRUE(rig.pushing.set_alarm(1, "too_hot", true));
  rig.wire.run_for(300ms);
  EXPECT_EQ(rig.pack(0).battery.alarms().of(Alarm::high_temperature), Severity::alarm);
  ASSERT_TRUE(rig.pushing.set_alarm(1, "too_hot", false));
  rig.wire.run_for(1200ms);
  EXPECT_EQ(rig.pack(0).battery.alarms().of(Alarm::high_temperature), Severity::ok);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
}

TEST(CanLine, AskedAndPushedPacksShareABusOnWhichOthersTalkAllTheTime) {
  CanRig rig(CanRig::plan({{&pushed(), 1}, {&pushed(), 2}, {&asked(), 1}, {&asked(), 3}}));
  CanRig::add(rig.pushing, 1, 21);
  CanRig::add(rig.pushing, 2, 22);
  CanRig::add(rig.asking, 1, 31);
  CanRig::add(rig.asking, 3, 33);
  rig.both.every = 1ms;
  rig.wire.open(250000);
  rig.wire.run_for(30s);
  EXPECT_GT(rig.both.strangers, 25000);
  EXPECT_EQ(rig.count(LineEvent::joined), 4);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_EQ(rig.count(LineEvent::notice), 0) << "nobody babbles, and there is no other master on a bus of many";
  const double soc[] = {21, 22, 31, 33};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(rig.pack(i).battery.get(Field::soc).value_or(0), soc[i], 1) << i;
  for (const int pack : {2, 3}) EXPECT_NEAR(rig.count(LineEvent::round_good, pack), 30, 2);
}

TEST(CanLine, WhatOthersAskIsNoReasonToPause) {
  CanRig rig(CanRig::plan({{&asked(), 1}}));
  CanRig::add(rig.asking, 1, 31);
  rig.wire.open(250000);
  AskedSession other(2);
  for (int i = 0; i < 200; ++i) {
    rig.wire.run_for(100ms);
    rig.watched.received(other.request(0)->bytes, rig.wire.now());
  }
  EXPECT_FALSE(rig.watched.line().paused());
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_NEAR(rig.count(LineEvent::round_good), 20, 2);
}

TEST(CanLine, LostFramesShortFramesAndFramesOfOthersMakeNoWrongValue) {
  for (const char* fault : {"drop=0.2", "truncate=0.2", "flip=0.2", "foreign=0.2", "silence=0.3", "late=0.1:0.4",
                            "garbage=0.5", "echo=0.5"}) {
    CanRig rig(CanRig::plan({{&pushed(), 1}, {&pushed(), 2}, {&asked(), 1}, {&asked(), 3}}));
    CanRig::add(rig.pushing, 1, 21);
    CanRig::add(rig.pushing, 2, 22);
    CanRig::add(rig.asking, 1, 31);
    CanRig::add(rig.asking, 3, 33);
    ASSERT_TRUE(rig.pushing.faults().set(fault));
    ASSERT_TRUE(rig.asking.faults().set(fault));
    rig.wire.open(250000);
    rig.wire.run_for(60s);
    EXPECT_EQ(rig.count(LineEvent::joined), 4) << fault;
    EXPECT_GT(rig.checked, 250) << fault;
    for (std::size_t i = 0; i < 4; ++i) EXPECT_GT(rig.pack(i).health.rounds, 10U) << fault << " " << i;
  }
}

TEST(CanLine, TellsThePortWhichFramesItWants) {
  Line line(CanRig::plan({{&pushed(), 1}}));
  line.opened(0, Instant{});
  std::optional<SetFilter> filter;
  while (auto action = line.next(Instant{})) {
    if (auto* one = std::get_if<SetFilter>(&*action)) filter = *one;
  }
  ASSERT_TRUE(filter);
  ASSERT_EQ(filter->ids.size(), 1U);
  EXPECT_EQ(filter->ids.front().id, 0x300U);
  Line other(CanRig::plan({{&pushed(), 1}, {&asked(), 1}}));
  other.opened(0, Instant{});
  while (auto action = other.next(Instant{})) {
    if (auto* one = std::get_if<SetFilter>(&*action)) filter = *one;
  }
  EXPECT_TRUE(filter->ids.empty()) << "one of them does not say";
}

// --- Who is there ---

LinePlan open_plan(int baud = 0) {
  LinePlan plan;
  plan.protocols = {&asked(), &pushed()};
  plan.baud = baud;
  return plan;
}

TEST(CanDetection, HearsWhoSendsByItselfAtTheBitrateOfTheBusWithoutSendingAnything) {
  CanRig rig(open_plan(), 500000);
  CanRig::add(rig.pushing, 2, 42);
  rig.wire.open(250000);
  rig.wire.run_for(5s);
  ASSERT_EQ(rig.watched.line().pack_count(), 1U);
  EXPECT_EQ(rig.pack(0).protocol, &pushed());
  EXPECT_EQ(rig.pack(0).address, 2);
  EXPECT_EQ(rig.watched.line().baud(), 500000);
  EXPECT_EQ(rig.pack(0).state, PackTalk::alive);
  EXPECT_EQ(rig.watched.bytes_sent, 0U);
}

TEST(CanDetection, AsksThoseWhoOnlyAnswerOnceItHasListened) {
  for (const int port : {0, 250000}) {
    CanRig rig(open_plan(), port);
    CanRig::add(rig.asking, 1, 31);
    rig.both.every = 10ms;
    rig.wire.open(port);
    rig.wire.run_for(2900ms);
    EXPECT_EQ(rig.watched.bytes_sent, 0U) << port;
    rig.wire.run_for(8s);
    ASSERT_EQ(rig.watched.line().pack_count(), 1U) << port;
    EXPECT_EQ(rig.pack(0).protocol, &asked());
    EXPECT_EQ(rig.pack(0).state, PackTalk::alive);
  }
}

TEST(CanDetection, FindsEverybodyOnABus) {
  SimBus pushing({.protocol = &pushed(), .speed = 250000}), asking({.protocol = &asked(), .speed = 250000});
  CanRig::add(pushing, 1, 21);
  CanRig::add(pushing, 3, 23);
  CanRig::add(asking, 1, 31);
  CanRig::add(asking, 2, 32);
  JoinedBus both(pushing, asking);
  DetectionOptions options;
  options.space.protocols = {&asked(), &pushed()};
  Detection detection(options);
  VirtualWire wire(detection, both);
  wire.open(500000);
  wire.run_for(30s);
  ASSERT_TRUE(detection.finished());
  std::vector<std::pair<std::string_view, int>> found;
  for (const Found& one : detection.found()) {
    found.emplace_back(one.protocol->name, one.address);
    EXPECT_EQ(one.baud, 250000);
    EXPECT_TRUE(one.second_proof);
  }
  EXPECT_THAT(found, testing::UnorderedElementsAre(std::pair("test-pushed", 1), std::pair("test-pushed", 3),
                                                   std::pair("test-asked", 1), std::pair("test-asked", 2)));
}

TEST(CanDetection, SaysWhatItHeardWhereNobodyIsKnown) {
  SimBus pushing({.protocol = &pushed()}), asking({.protocol = &asked()});
  JoinedBus both(pushing, asking);
  DetectionOptions options;
  options.space.protocols = {&asked(), &pushed()};
  Detection detection(options);
  VirtualWire wire(detection, both);
  wire.open(0);
  wire.run_for(30s);
  ASSERT_TRUE(detection.finished());
  EXPECT_THAT(detection.diagnosis(), testing::StartsWith("silence, not a single frame came"));

  Detection other(options);
  both.every = 10ms;
  VirtualWire busy(other, both);
  busy.open(0);
  busy.run_for(30s);
  EXPECT_THAT(other.diagnosis(), testing::HasSubstr("00000123, 123"));
}

}  // namespace
}  // namespace bmsd::test
