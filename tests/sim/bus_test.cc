#include "sim/bus.h"

#include <gtest/gtest.h>

#include "bench.h"

namespace bmsd {
namespace {

TEST(SimBus, AReplyTakesItsTimeOnTheWire) {
  TestLine line({1});
  const std::string reply = line.ask(kAsk42Of1);
  ASSERT_EQ(reply.size(), 216U);
  EXPECT_EQ(address_of_frame(reply), 1);

  // 20 characters of the request, 20 ms of the pack, then 216 characters one by one.
  const Duration request = wire_time(20, 19200), start = request + 20ms;
  ASSERT_EQ(line.master.pieces.size(), 216U);
  EXPECT_EQ(line.when(0), start + wire_time(1, 19200));
  EXPECT_EQ(line.when(215), start + 112'500us);
  for (std::size_t i = 0; i < 216; ++i) EXPECT_EQ(line.when(i), start + wire_time(i + 1, 19200)) << i;
}

TEST(SimBus, ChunksNeverRunAheadOfTheSpeed) {
  SimBusOptions options;
  options.chunk = 5ms;
  TestLine line({1}, options);
  ASSERT_EQ(line.ask(kAsk42Of1).size(), 216U);
  const Duration start = wire_time(20, 19200) + 20ms;
  std::size_t sent = 0;
  for (std::size_t i = 0; i < line.master.pieces.size(); ++i) {
    sent += line.master.pieces[i].second.size();
    EXPECT_GE(line.when(i), start + wire_time(sent, 19200));
  }
  EXPECT_LT(line.master.pieces.size(), 25U);
  EXPECT_EQ(line.when(line.master.pieces.size() - 1), start + 112'500us);
}

TEST(SimBus, APortThatAlreadyPacesIsNotPacedTwice) {
  SimBusOptions options;
  options.paced_input = true;
  TestLine line({1}, options);
  line.wire.run_for(1s);
  line.ask(kAsk42Of1);
  EXPECT_EQ(line.when(0), 20ms + wire_time(1, 19200));
}

TEST(SimBus, ARequestInPiecesIsHeardAtItsEnd) {
  TestLine line({1});
  line.master.say(kAsk42Of1.substr(0, 7));
  line.wire.run_for(3ms);  // less than its 3.6 ms on the wire
  line.master.say(kAsk42Of1.substr(7));
  line.wire.run_for(1s);
  ASSERT_EQ(line.master.heard().size(), 216U);
  EXPECT_NEAR(seconds(line.when(0)), seconds(wire_time(21, 19200) + 20ms), 2e-6);
}

TEST(SimBus, HalfARequestIsForgottenAfterSilence) {
  TestLine line({1});
  EXPECT_EQ(line.ask("~22014A42E0"), "");
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of1)), 1);
}

TEST(SimBus, OnlyTheAskedPackAnswers) {
  TestLine line({1, 2, 15});
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of1)), 1);
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of2)), 2);
  EXPECT_EQ(address_of_frame(line.ask("~220F4A42E00201FD13\r")), 15);
  EXPECT_EQ(line.ask("~22034A42E00201FD26\r"), "");
}

TEST(SimBus, ASilentPackSaysNothingUntilItSpeaksAgain) {
  TestLine line({1, 2});
  ASSERT_TRUE(line.bus.set_silent(1, true).ok());
  EXPECT_EQ(line.ask(kAsk42Of1), "");
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of2)), 2);
  ASSERT_TRUE(line.bus.set_silent(SimBus::kAllPacks, true).ok());
  EXPECT_EQ(line.ask(kAsk42Of2), "");
  ASSERT_TRUE(line.bus.set_silent(SimBus::kAllPacks, false).ok());
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of1)), 1);
}

TEST(SimBus, AtAnotherSpeedPacksHearNothing) {
  SimBusOptions options;
  options.speed = 9600;
  TestLine line({1}, options);
  EXPECT_EQ(line.ask(kAsk42Of1), "");
  line.master.speed = 9600;
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of1)), 1);
  EXPECT_EQ(line.when(215) - line.when(0), wire_time(216, 9600) - wire_time(1, 9600));
  line.bus.set_speed(115200);
  EXPECT_EQ(line.ask(kAsk42Of1), "");
  line.bus.set_speed(0);
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of1)), 1);
}

TEST(SimBus, AReplyThatOutlivesAChangeOfSpeedIsGarbled) {
  TestLine line({1});
  line.master.say(kAsk42Of1);
  line.wire.run_for(60ms);
  const std::size_t good = line.master.heard().size();
  ASSERT_GT(good, 10U);
  line.master.speed = 9600;
  line.wire.run_for(1s);
  EXPECT_EQ(line.master.heard().size(), 216U);
  EXPECT_EQ(address_of_frame(line.master.heard()), -1);
}

TEST(SimBus, ARequestDuringAReplyGarblesBoth) {
  TestLine line({1, 2});
  line.master.say(kAsk42Of1);
  line.wire.run_for(60ms);
  line.master.say(kAsk42Of2);
  line.wire.run_for(1s);
  const std::string heard = line.master.heard();
  EXPECT_EQ(heard.size(), 216U) << "pack 2 has not understood and does not answer";
  EXPECT_EQ(address_of_frame(heard), -1);
  EXPECT_EQ(line.bus.counters().collisions, 1U);
  EXPECT_EQ(line.bus.counters().requests, 1U);
}

TEST(SimBus, TwoPacksAtOnceGarbleEachOther) {
  TestLine line({1, 2});
  // Pack 1 is slow, and the master impatient.
  ASSERT_TRUE(line.bus.set_delay(1, 100ms).ok());
  line.master.say(kAsk42Of1);
  line.wire.run_for(80ms);
  line.master.say(kAsk42Of2);
  line.wire.run_for(1s);
  const std::string heard = line.master.heard();
  EXPECT_EQ(line.bus.counters().replies, 2U);
  EXPECT_EQ(line.bus.counters().collisions, 1U);
  EXPECT_LT(heard.size(), 432U) << "bytes at the same time are not one after the other";
  EXPECT_GE(heard.size(), 216U);
  EXPECT_EQ(heard.find("~22024A00"), std::string::npos);
  // Never more bytes than the speed allows.
  const auto& pieces = line.master.pieces;
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    EXPECT_GE(pieces[i].first - pieces[i - 1].first, (pieces[i].second.size() * 520) * 1us);
  }
}

TEST(SimBus, TellsEveryReplyThatReallyLeft) {
  TestLine line({1, 2});
  std::vector<std::pair<int, std::string>> told;
  std::vector<double> soc;
  line.bus.on_reply([&](int address, const PackState& state, Bytes reply, Instant now) {
    told.emplace_back(address, as_text(reply));
    soc.push_back(state.soc);
    EXPECT_EQ(now, line.asked_at + wire_time(20, 19200) + 20ms);
  });
  ASSERT_TRUE(line.bus.set(2, "soc_percent", "33.25").ok());
  const std::string first = line.ask(kAsk42Of1), second = line.ask(kAsk42Of2);
  line.bus.faults().set(Fault::silence, 1);
  line.ask(kAsk42Of1);
  line.bus.faults().set(Fault::silence, 0);
  line.bus.faults().set(Fault::corrupt, 1);
  const std::string third = line.ask(kAsk42Of1);

  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0], std::pair(1, first));
  EXPECT_EQ(told[1], std::pair(2, second));
  EXPECT_EQ(told[2], std::pair(1, first)) << "before the fault";
  EXPECT_NE(third, first);
  EXPECT_EQ(soc, (std::vector<double>{60, 33.25, 60}));
  EXPECT_EQ(line.bus.counters().replies, 3U);
}

TEST(SimBus, ADamagedRequestIsAnsweredWithTheReason) {
  TestLine line({1});
  EXPECT_EQ(line.ask("~22014A42E00201FD29\r"), "~22014A020000FDA4\r");
}

TEST(SimBus, ALostPortForgetsWhatWasBeingSaid) {
  TestLine line({1});
  line.master.say(kAsk42Of1);
  line.wire.run_for(60ms);
  const std::size_t before = line.master.heard().size();
  line.wire.close();
  line.wire.run_for(1s);
  EXPECT_EQ(line.master.heard().size(), before);
  EXPECT_FALSE(line.bus.deadline().has_value());
  line.wire.open(19200);
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of1)), 1);
}

TEST(SimBus, RefusesWhatCannotBe) {
  TestLine line({1});
  PackOptions taken;
  EXPECT_EQ(describe(line.bus.add_pack(taken, PackModel()).error()), "address 1 is given twice");
  PackOptions beyond;
  beyond.address = 999;
  EXPECT_EQ(line.bus.add_pack(beyond, PackModel()).error().code, Errc::config);
  PackOptions strange;
  strange.address = 5;
  strange.variant["form"] = "round";
  EXPECT_EQ(describe(line.bus.add_pack(strange, PackModel()).error()), "daren-485 does not know all of form=round");

  EXPECT_FALSE(line.bus.set(7, "soc_percent", "50").ok());
  EXPECT_FALSE(line.bus.set(1, "soc", "50").ok());
  EXPECT_FALSE(line.bus.set_alarm(1, "tired", true).ok());
  EXPECT_FALSE(line.bus.set(1, "alarms", "fuse_blown,tired").ok());
  EXPECT_FALSE(line.bus.set_silent(7, true).ok());
}

TEST(SimBus, AlarmsAreSetOneByOneOrAsAList) {
  TestLine line({1, 2});
  using Names = std::set<std::string, std::less<>>;
  ASSERT_TRUE(line.bus.set_alarm(SimBus::kAllPacks, "fuse_blown", true).ok());
  ASSERT_TRUE(line.bus.set(1, "alarms", "low_battery_alarm,afe_failure").ok());
  EXPECT_EQ(line.bus.pack(1)->state().alarms, (Names{"low_battery_alarm", "afe_failure"}));
  EXPECT_EQ(line.bus.pack(2)->state().alarms, Names{"fuse_blown"});
  ASSERT_TRUE(line.bus.set(2, "alarms", "none").ok());
  EXPECT_TRUE(line.bus.pack(2)->state().alarms.empty());
}

}  // namespace
}  // namespace bmsd
