// What users change: written once, read back, never late, and never without having been asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change_rig.h"

namespace bmsd {
namespace {

using test::ChangeRig;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kCharge = Changeable::charge_fet, kDischarge = Changeable::discharge_fet, kSoc = Changeable::soc;

TEST(Change, IsWrittenAtOnceAndReadBack) {
  ChangeRig rig(kDalyUart);
  rig.wire.run_for(137ms);
  ASSERT_TRUE(rig.ask(kCharge, 0));
  ASSERT_EQ(rig.words(), "done");
  EXPECT_EQ(**rig.result(), 0);
  ASSERT_THAT(rig.writes(), SizeIs(1));
  const auto& asked = rig.tap.asked;
  const auto write = std::find(asked.begin(), asked.end(), rig.writes()[0]);
  EXPECT_EQ(write->second, "A540DA080000000000000000C7");
  ASSERT_NE(write + 1, asked.end());
  EXPECT_EQ((write + 1)->second.substr(0, 6), "A54093");
  EXPECT_LE(rig.ended_after[1], 700ms) << "behind no more than the exchange under way";
  EXPECT_FALSE(rig.state().charge_fet);
  EXPECT_EQ(rig.pack().battery.flag(Field::charge_fet_on), false);
  EXPECT_EQ(rig.pack().battery.flag(Field::discharge_fet_on), true);

  ASSERT_TRUE(rig.ask(kCharge, 1, 0, 2));
  EXPECT_EQ(rig.words(2), "done");
  EXPECT_TRUE(rig.state().charge_fet);
}

TEST(Change, TheStateOfChargeIsSetWithTheClock) {
  ChangeRig rig(kDalyUart);
  ASSERT_TRUE(rig.line.change(0, {kSoc, 30, CivilTime{2022, 12, 13, 21, 29, 39}}, 1, rig.wire.now()));
  ASSERT_EQ(rig.words(), "done");
  EXPECT_NEAR(**rig.result(), 30, 0.5);
  ASSERT_THAT(rig.writes(), SizeIs(1));
  EXPECT_EQ(rig.writes()[0].second, "A5402108160C0D151D27012CC3");
  EXPECT_NEAR(rig.state().soc, 30, 0.5);
}

TEST(Change, BothSwitchesOfAJbdAreTurned) {
  ChangeRig rig(kLltJbdUart);
  ASSERT_TRUE(rig.ask(kCharge, 0));
  ASSERT_EQ(rig.words(), "done");
  ASSERT_TRUE(rig.ask(kDischarge, 0, 0, 2));
  ASSERT_EQ(rig.words(2), "done");
  EXPECT_FALSE(rig.state().charge_fet);
  EXPECT_FALSE(rig.state().discharge_fet);
  EXPECT_THAT(rig.pack().battery.alarms().names, testing::Contains(testing::StrEq("mosfet_software_lock")));
  ASSERT_TRUE(rig.ask(kCharge, 1, 0, 3));
  ASSERT_EQ(rig.words(3), "done");
  EXPECT_TRUE(rig.state().charge_fet);
  EXPECT_FALSE(rig.state().discharge_fet);
  ASSERT_THAT(rig.writes(), SizeIs(3));
  EXPECT_EQ(rig.writes()[1].second, "DD5AE1020003FF1A77") << "the first one stays off";
  EXPECT_EQ(rig.writes()[2].second, "DD5AE1020002FF1B77");
}

TEST(Change, PollingGoesOnBesideIt) {
  ChangeRig rig(kDalyUart, {{"writes", "ignore"}});
  const auto rounds = rig.pack().health.rounds;
  ASSERT_TRUE(rig.ask(kCharge, 0));
  ASSERT_TRUE(rig.result());
  rig.wire.run_for(4s - rig.ended_after[1]);
  EXPECT_GE(rig.pack().health.rounds, rounds + 3);
  EXPECT_EQ(rig.pack().health.failed_rounds, 0U);
}

TEST(Change, IsReadBackInTimeAlsoWherePacksAreSeldomAsked) {
  ChangeRig rig(kDalyUart, {{"writes", "ignore"}});
  rig.line.set_interval(60s);
  rig.wire.run_for(2s);
  ASSERT_TRUE(rig.ask(kCharge, 0));
  rig.wire.run_for(3s);  // in one go: nobody looks in between
  EXPECT_THAT(rig.words(), HasSubstr("acknowledged"));
  std::vector<Instant> reads;
  for (const auto& [at, request] : rig.tap.asked) {
    if (at > rig.writes()[0].first && request.starts_with("A54093")) reads.push_back(at);
  }
  ASSERT_THAT(reads, SizeIs(ChangePlan::kReads));
  for (std::size_t i = 1; i < reads.size(); ++i) {
    EXPECT_GE(reads[i] - reads[i - 1], 400ms);
    EXPECT_LE(reads[i] - reads[i - 1], 600ms);
  }
}

// So that a late reply is a right one.
TEST(Change, WaitsUntilAnExchangeThatFailedWasTriedAgain) {
  ChangeRig rig(kDalyUart);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, true));
  while (rig.tap.asked.empty()) rig.wire.run_for(1ms);
  ASSERT_TRUE(rig.ask(kCharge, 0));
  rig.wire.run_for(100ms);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, false));
  ASSERT_EQ(rig.words(), "done");
  ASSERT_GE(rig.tap.asked.size(), 3U);
  EXPECT_EQ(rig.tap.asked[1].second, rig.tap.asked[0].second);
  EXPECT_EQ(rig.tap.asked[2], rig.writes().at(0)) << "at once after that";
}

TEST(Change, NothingElseIsAskedWhileALateAcknowledgementMayComeIn) {
  ChangeRig rig(kDalyUart, {{"writes", "mute"}});
  ASSERT_TRUE(rig.ask(kCharge, 0));
  ASSERT_EQ(rig.words(), "done");
  const auto write = std::find(rig.tap.asked.begin(), rig.tap.asked.end(), rig.writes().at(0));
  EXPECT_GE((write + 1)->first - write->first, 400ms) << "the time-out, and as long again";
}

TEST(Change, WhatWasAcknowledgedButDoesNotFollowFails) {
  ChangeRig off(kDalyUart, {{"writes", "ignore"}});
  ASSERT_TRUE(off.ask(kCharge, 0));
  EXPECT_EQ(off.words(), "the BMS acknowledged, but the charge FET is on");
  EXPECT_THAT(off.writes(), SizeIs(1)) << "a write is sent once";
  EXPECT_GE(off.ended_after[1], 1500ms);
  EXPECT_LE(off.ended_after[1], 2500ms);

  ChangeRig soc(kDalyUart, {{"writes", "ignore"}});
  ASSERT_TRUE(soc.ask(kSoc, 80));
  EXPECT_THAT(soc.words(), testing::MatchesRegex("the BMS acknowledged, but the state of charge is 60.* %, not 80 %"));
}

TEST(Change, AFetThatAProtectionHoldsIsNamedSo) {
  ChangeRig rig(kDalyUart);
  ASSERT_TRUE(rig.bus.set(SimBus::kAllPacks, "discharge_fet_on", "off"));
  rig.wire.run_for(2s);
  ASSERT_TRUE(rig.ask(kDischarge, 1));
  EXPECT_EQ(rig.words(), "the BMS acknowledged, but the discharge FET is off: a protection may hold it");
}

TEST(Change, ARefusalIsToldWithItsStatus) {
  ChangeRig jbd(kLltJbdUart, {{"writes", "refuse"}});
  ASSERT_TRUE(jbd.ask(kCharge, 0));
  EXPECT_EQ(jbd.words(),
            "the BMS refused (status 0x81: not allowed: needs factory mode or a password), but the charge FET is on");
  EXPECT_EQ(jbd.result()->error().code, Errc::refused);
  EXPECT_THAT(jbd.writes(), SizeIs(1));
  ChangeRig daly(kDalyUart, {{"writes", "refuse"}});
  ASSERT_TRUE(daly.ask(kSoc, 10));
  EXPECT_THAT(daly.words(), HasSubstr("the BMS refused (status 0x00)"));
}

TEST(Change, WithoutAnAcknowledgementTheReadBackDecides) {
  for (const Protocol* protocol : {&kDalyUart, &kLltJbdUart}) {
    ChangeRig rig(*protocol, {{"writes", "mute"}});
    ASSERT_TRUE(rig.ask(kDischarge, 0));
    EXPECT_EQ(rig.words(), "done") << protocol->name;
    EXPECT_THAT(rig.writes(), SizeIs(1)) << protocol->name;
    EXPECT_EQ(rig.pack().state, PackTalk::alive);
  }
}

TEST(Change, ABoardThatDoesNotKnowTheCommandIsNotBelievedToHaveObeyed) {
  ChangeRig rig(kDalyUart, {{"silent", "DA"}});
  ASSERT_TRUE(rig.ask(kCharge, 0));
  EXPECT_EQ(rig.words(), "the BMS did not answer the command, but the charge FET is on");
  EXPECT_THAT(rig.writes(), SizeIs(1));

  ASSERT_TRUE(rig.ask(kCharge, 1, 0, 2));
  EXPECT_EQ(rig.words(2), "the BMS did not answer the command; the charge FET is on, as it was before");
}

TEST(Change, WhatIsSoAlreadyIsWrittenAllTheSame) {
  ChangeRig rig(kLltJbdUart);
  ASSERT_TRUE(rig.bus.set(SimBus::kAllPacks, "charge_fet_on", "off"));  // a protection, which will go
  rig.wire.run_for(2s);
  ASSERT_TRUE(rig.ask(kCharge, 0));
  EXPECT_EQ(rig.words(), "done");
  EXPECT_THAT(rig.writes(), SizeIs(1));
  ASSERT_TRUE(rig.bus.set(SimBus::kAllPacks, "charge_fet_on", "on"));
  EXPECT_FALSE(rig.state().charge_fet) << "the user's order outlasts it";
}

TEST(Change, ChangesComeOneAfterTheOther) {
  ChangeRig rig(kDalyUart, {}, 3);
  ASSERT_TRUE(rig.ask(kCharge, 0, 0, 1));
  ASSERT_TRUE(rig.ask(kDischarge, 0, 2, 2));
  ASSERT_TRUE(rig.ask(kCharge, 1, 0, 3));
  EXPECT_EQ(rig.words(3), "done");
  EXPECT_EQ(rig.results.size(), 3U);
  EXPECT_TRUE(rig.results.at(1) && rig.results.at(2));
  ASSERT_THAT(rig.writes(), SizeIs(3));
  EXPECT_EQ(rig.writes()[1].second.substr(0, 6), "A542D9") << "the third board";
  EXPECT_TRUE(rig.state(0).charge_fet);
  EXPECT_TRUE(rig.state(1).discharge_fet && rig.state(1).charge_fet) << "nobody spoke of it";
  EXPECT_FALSE(rig.state(2).discharge_fet);
}

TEST(Change, WhatCannotBeBegunIsAnErrorAtOnce) {
  ChangeRig rig(kLltJbdUart);
  EXPECT_EQ(rig.ask(kSoc, 50).error().code, Errc::config);
  EXPECT_EQ(rig.ask(kCharge, 2).error().code, Errc::config);
  EXPECT_EQ(rig.ask(kCharge, 0, 7).error().code, Errc::config);
  rig.wire.close();
  const Status closed = rig.ask(kCharge, 0);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().detail, "the port is not open; nothing was written");
  EXPECT_FALSE(rig.result());
  EXPECT_THAT(rig.writes(), IsEmpty());
}

TEST(Change, APackThatIsLostIsNotWrittenToWhenItComesBack) {
  ChangeRig rig(kDalyUart);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, true));
  rig.wire.run_for(10s);
  const Status lost = rig.ask(kCharge, 0);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().detail, "the BMS does not answer; nothing was written");
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, false));
  rig.wire.run_for(30s);
  EXPECT_TRUE(rig.pack().answers());
  EXPECT_THAT(rig.writes(), IsEmpty());
}

TEST(Change, APackThatFallsSilentWhileItsTurnIsStillToComeIsNotWrittenTo) {
  ChangeRig rig(kDalyUart, {{"writes", "ignore"}}, 2);
  ASSERT_TRUE(rig.ask(kCharge, 0, 0, 1));  // holds the turn for 2 s
  ASSERT_TRUE(rig.ask(kCharge, 0, 1, 2));
  ASSERT_TRUE(rig.bus.set_silent(kDalyUart.default_address + 1, true));
  const std::string why = rig.words(2);
  EXPECT_THAT(why, HasSubstr("nothing was written"));
  EXPECT_THAT(rig.words(1), HasSubstr("acknowledged"));
  ASSERT_TRUE(rig.bus.set_silent(kDalyUart.default_address + 1, false));
  rig.wire.run_for(30s);
  EXPECT_THAT(rig.writes(), SizeIs(1));
}

TEST(Change, APackThatDiesInTheMiddleLeavesItOpen) {
  ChangeRig rig(kDalyUart);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, true));
  ASSERT_TRUE(rig.ask(kCharge, 0));
  const std::string why = rig.words();
  EXPECT_THAT(why, testing::AnyOf(HasSubstr("does not say what it has done"), HasSubstr("nothing was written")));
  EXPECT_LE(rig.ended_after[1], 5s);
  rig.wire.run_for(60s);
  EXPECT_LE(rig.writes().size(), 1U);
}

// Somebody talks without a pause; when he stops, it is too late.
TEST(Change, AnOrderThatTheLineHasNoTimeForIsNeverSent) {
  ChangeRig rig(kDalyUart);
  ASSERT_TRUE(rig.ask(kCharge, 0));
  const ByteVector noise(4, 0x55);
  for (int i = 0; i < 700; ++i) {
    rig.line.received(noise, rig.wire.now());
    rig.wire.run_for(10ms);
  }
  EXPECT_EQ(rig.words(), "the line was not free in time; nothing was written");
  rig.wire.run_for(60s);
  EXPECT_TRUE(rig.pack().answers());
  EXPECT_THAT(rig.writes(), IsEmpty());
}

TEST(Change, IsToldInTimeThatItWasTooLate) {
  ChangeRig rig(kDalyUart);
  ASSERT_TRUE(rig.ask(kCharge, 0));
  const ByteVector noise(4, 0x55);
  for (int i = 0; i < 250; ++i) {
    rig.line.received(noise, rig.wire.now());
    rig.wire.run_for(10ms);
  }
  EXPECT_TRUE(rig.result(1, 20ms)) << "2 s after it was asked for";
}

TEST(Change, APortThatClosesEndsWhatWaitsAndWhatIsUnderWay) {
  ChangeRig rig(kDalyUart, {{"writes", "ignore"}}, 2);
  ASSERT_TRUE(rig.ask(kCharge, 0, 0, 1));
  ASSERT_TRUE(rig.ask(kCharge, 0, 1, 2));
  rig.wire.run_for(700ms);
  ASSERT_THAT(rig.writes(), SizeIs(1));
  rig.wire.close();
  EXPECT_EQ(rig.words(1), "the port is gone; whether the BMS has taken it is not known");
  EXPECT_EQ(rig.words(2), "the port is gone; nothing was written");
  rig.wire.open(9600);
  rig.wire.run_for(30s);
  EXPECT_TRUE(rig.pack(1).answers());
  EXPECT_THAT(rig.writes(), SizeIs(1));
}

void another_master_asks(ChangeRig& rig) {
  const auto request = *from_hex("A541900800000000000000007E");
  for (int i = 0; i < 2; ++i) {
    rig.line.received(request, rig.wire.now());
    rig.wire.run_for(5ms);
  }
}

TEST(Change, AnotherMasterEndsIt) {
  ChangeRig rig(kDalyUart, {{"writes", "ignore"}});
  ASSERT_TRUE(rig.ask(kCharge, 0, 0, 1));
  ASSERT_TRUE(rig.ask(kDischarge, 0, 0, 2));
  rig.wire.run_for(700ms);
  ASSERT_THAT(rig.writes(), SizeIs(1));
  another_master_asks(rig);
  ASSERT_TRUE(rig.line.paused());
  EXPECT_EQ(rig.words(1), "another master asks on this line; whether the BMS has taken it is not known");
  EXPECT_EQ(rig.words(2), "another master asks on this line; nothing was written");
  const Status paused = rig.ask(kCharge, 0, 0, 3);
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().detail, "another master asks on this line; nothing was written");
  rig.wire.run_for(60s);
  EXPECT_FALSE(rig.line.paused());
  EXPECT_THAT(rig.writes(), SizeIs(1));
}

TEST(Change, AnAdapterThatEchoesIsNotTakenForTheAcknowledgement) {
  ChangeRig rig(kDalyUart, {{"writes", "ignore"}});
  ASSERT_TRUE(rig.bus.faults().set("echo=1"));
  ASSERT_TRUE(rig.ask(kCharge, 0));
  EXPECT_EQ(rig.words(), "the BMS acknowledged, but the charge FET is on");
  ChangeRig silent(kDalyUart, {{"silent", "DA"}});
  ASSERT_TRUE(silent.bus.faults().set("echo=1"));
  ASSERT_TRUE(silent.ask(kCharge, 0));
  EXPECT_THAT(silent.words(), HasSubstr("did not answer the command"));
}

TEST(Change, ALateAcknowledgementIsNotTakenForTheReadBack) {
  ChangeRig rig(kDalyUart, {{"writes", "ignore"}});
  ASSERT_TRUE(rig.ask(kCharge, 0));
  ASSERT_TRUE(rig.bus.set_delay(SimBus::kAllPacks, 250ms));  // later than it is waited for
  EXPECT_NE(rig.words(), "done");
  EXPECT_THAT(rig.writes(), SizeIs(1));
}

// Each change ends within 5 s, is written once at most and within 2 s, and is said to be done only if it is.
class ChangeOnBadLine : public testing::TestWithParam<const char*> {};

TEST_P(ChangeOnBadLine, NothingIsSaidToBeDoneThatIsNot) {
  ChangeRig rig(kDalyUart, {}, 2);
  ASSERT_TRUE(rig.bus.faults().set(GetParam()));
  int done = 0;
  for (int id = 1; id <= 200; ++id) {
    rig.tap.asked.clear();
    rig.wire.run_for(std::chrono::milliseconds(300 + id * 7));
    const std::size_t pack = id % 2 == 0 ? 0 : 1;
    const double wanted = id % 4 < 2 ? 0 : 1;
    if (!rig.ask(kDischarge, wanted, pack, id)) continue;  // it is lost just now
    const auto ended = rig.result(id);
    ASSERT_TRUE(ended);
    ASSERT_LE(rig.ended_after[id], 5s);
    const auto writes = rig.writes();
    ASSERT_LE(writes.size(), 1U);
    if (!writes.empty()) {
      ASSERT_LE(writes[0].first, rig.asked_at + ChangePlan::kSendWithin);
    }
    if (!*ended) continue;
    ++done;
    ASSERT_EQ(writes.size(), 1U);
    ASSERT_EQ(rig.state(static_cast<int>(pack)).discharge_fet, wanted != 0) << id;
  }
  EXPECT_GT(done, 120);
}

INSTANTIATE_TEST_SUITE_P(All, ChangeOnBadLine,
                         testing::Values("corrupt=0.1", "drop=0.1", "silence=0.1", "late=0.1:0.45", "garbage=0.2",
                                         "truncate=0.1", "echo=1"));

TEST(Change, NothingIsEverWrittenUnasked) {
  for (const Protocol* protocol : {&kDalyUart, &kLltJbdUart}) {
    ChangeRig rig(*protocol);
    rig.line.demand_all();
    rig.wire.run_for(5min);
    ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, true));
    rig.wire.run_for(1min);
    ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, false));
    rig.wire.run_for(2min);
    rig.line.demand_all();
    rig.wire.close();
    rig.wire.open(9600);
    rig.wire.run_for(1min);
    EXPECT_FALSE(rig.line.demands());
    EXPECT_GT(rig.tap.asked.size(), 500U);
    EXPECT_THAT(rig.writes(), IsEmpty()) << protocol->name;
  }
}

}  // namespace
}  // namespace bmsd
