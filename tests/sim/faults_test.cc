#include "sim/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.h"

namespace bmsd {
namespace {

ByteVector some_reply() {
  ByteVector reply(100);
  for (std::size_t i = 0; i < reply.size(); ++i) reply[i] = static_cast<std::uint8_t>(i);
  return reply;
}

TEST(Faults, ParsesKindAndRate) {
  Faults faults;
  ASSERT_TRUE(faults.set("corrupt=0.25").ok());
  EXPECT_EQ(faults.rate(Fault::corrupt), 0.25);
  ASSERT_TRUE(faults.set("late=0.1").ok());
  EXPECT_EQ(faults.late_by(), 450ms);
  ASSERT_TRUE(faults.set("late=1:1.5").ok());
  EXPECT_EQ(faults.rate(Fault::late), 1);
  EXPECT_EQ(faults.late_by(), 1500ms);
}

TEST(Faults, AnErrorNamesTheKinds) {
  Faults faults;
  for (const char* text : {"", "rain=0.1", "corrupt", "corrupt=", "corrupt=2", "corrupt=-1", "corrupt=0.1x",
                           "corrupt=0.1:2", "late=0.1:", "late=0.1:-1", "late=nan", "=0.5"}) {
    const Status status = faults.set(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().code, Errc::config);
    for (const char* kind : {"drop", "corrupt", "flip", "truncate", "late", "garbage", "foreign", "echo", "silence",
                             "twin", "ringing", "inverted"}) {
      EXPECT_THAT(describe(status.error()), ::testing::HasSubstr(kind));
    }
  }
}

TEST(Faults, StrikeAsOftenAsSaid) {
  Faults faults(3);
  faults.set(Fault::silence, 0.1);
  int struck = 0;
  for (int i = 0; i < 10000; ++i) struck += faults.strikes(Fault::silence) ? 1 : 0;
  EXPECT_NEAR(struck, 1000, 100);
  EXPECT_EQ(faults.count(Fault::silence), static_cast<std::uint64_t>(struck));
  EXPECT_FALSE(faults.strikes(Fault::echo));
}

TEST(Faults, EachKindDoesWhatItsNameSays) {
  const ByteVector good = some_reply();
  Faults faults(5);
  for (int round = 0; round < 200; ++round) {
    const auto with = [&](Fault fault) {
      ByteVector reply = good;
      faults.set(fault, 1);
      faults.damage(reply);
      faults.set(fault, 0);
      return reply;
    };
    EXPECT_EQ(with(Fault::drop).size(), 99U);
    const ByteVector cut = with(Fault::truncate);
    EXPECT_GE(cut.size(), 1U);
    EXPECT_LT(cut.size(), 100U);
    EXPECT_TRUE(std::equal(cut.begin(), cut.end(), good.begin()));
    int differ = 0, bits = 0;
    const ByteVector corrupt = with(Fault::corrupt), flip = with(Fault::flip);
    for (std::size_t i = 0; i < good.size(); ++i) {
      differ += corrupt[i] != good[i] ? 1 : 0;
      bits += __builtin_popcount(static_cast<unsigned>(flip[i] ^ good[i]));
    }
    EXPECT_EQ(differ, 1);
    EXPECT_EQ(bits, 1);
    EXPECT_GE(faults.burst().size(), 1U);
    const ByteVector inverted = with(Fault::inverted), rung = with(Fault::ringing);
    for (std::size_t i = 0; i < good.size(); ++i) EXPECT_EQ(inverted[i], static_cast<std::uint8_t>(~good[i]));
    EXPECT_GE(rung.size(), good.size());
    EXPECT_LE(rung.size(), good.size() + 2);
  }
}

// The bytes that come back to 50 requests, with their times.
std::vector<std::pair<Instant, std::string>> bad_day(std::uint64_t seed) {
  SimBusOptions options;
  options.seed = seed;
  TestLine line({1, 2}, options);
  for (const char* fault : {"drop=0.1", "corrupt=0.1", "flip=0.1", "truncate=0.1", "late=0.2:0.3", "garbage=0.3",
                            "foreign=0.2", "echo=0.2", "silence=0.1", "twin=0.1", "ringing=0.1", "inverted=0.1"}) {
    EXPECT_TRUE(line.bus.faults().set(fault).ok());
  }
  for (int i = 0; i < 50; ++i) {
    line.master.say(i % 2 == 0 ? kAsk42Of1 : kAsk42Of2);
    line.wire.run_for(300ms);
  }
  for (std::size_t kind = 0; kind < kFaultCount; ++kind) {
    EXPECT_GT(line.bus.faults().count(static_cast<Fault>(kind)), 0U) << to_string(static_cast<Fault>(kind));
  }
  return line.master.pieces;
}

TEST(Faults, RepeatWithTheSameSeed) {
  const auto first = bad_day(7);
  EXPECT_EQ(first, bad_day(7));
  EXPECT_NE(first, bad_day(8));
}

TEST(Faults, ALateReplyIsWholeButLate) {
  TestLine line({1});
  ASSERT_TRUE(line.bus.faults().set("late=1:0.4").ok());
  EXPECT_EQ(address_of_frame(line.ask(kAsk42Of1)), 1);
  EXPECT_EQ(line.when(0), wire_time(20, 19200) + 20ms + 400ms + wire_time(1, 19200));
}

TEST(Faults, AnEchoComesWhileTheRequestIsOnTheWire) {
  TestLine line({1});
  ASSERT_TRUE(line.bus.faults().set("echo=1").ok());
  const std::string heard = line.ask(kAsk42Of1);
  ASSERT_EQ(heard.size(), 236U);
  EXPECT_EQ(heard.substr(0, 20), kAsk42Of1);
  EXPECT_EQ(address_of_frame(heard.substr(20)), 1);
  EXPECT_EQ(line.when(19), wire_time(20, 19200));
  EXPECT_EQ(line.bus.counters().collisions, 0U);
}

TEST(Faults, GarbageComesBeforeInsideAndAfterTheReply) {
  TestLine line({1});
  const std::string good = line.ask(kAsk42Of1);
  ASSERT_TRUE(line.bus.faults().set("garbage=1").ok());
  int before = 0, inside = 0, after = 0;
  for (int i = 0; i < 60; ++i) {
    const std::string heard = line.ask(kAsk42Of1);
    EXPECT_GT(heard.size(), good.size());
    const std::size_t at = heard.find(good);
    ++(at == std::string::npos ? inside : at == 0 ? after : before);
  }
  EXPECT_GT(before, 5);
  EXPECT_GT(inside, 5);
  EXPECT_GT(after, 5);
}

TEST(Faults, AForeignReplyIsIntactAndOfAnotherPack) {
  TestLine line({1, 2});
  ASSERT_TRUE(line.bus.faults().set("foreign=1").ok());
  std::vector<int> told;
  line.bus.on_reply([&](int address, const PackState&, Bytes, Instant) { told.push_back(address); });
  int instead = 0, before = 0, strangers = 0;
  for (int i = 0; i < 60; ++i) {
    told.clear();
    const std::string heard = line.ask(kAsk42Of1);
    ASSERT_TRUE(heard.size() == 216U || heard.size() == 432U);
    const int other = address_of_frame(heard.substr(0, 216));
    EXPECT_NE(other, 1);
    ASSERT_GE(other, 0);
    strangers += other != 2 ? 1 : 0;
    ++(heard.size() == 216U ? instead : before);
    if (heard.size() == 432U) {
      EXPECT_EQ(address_of_frame(heard.substr(216)), 1);
    }
    EXPECT_EQ(told.front(), other);
  }
  EXPECT_GT(instead, 5);
  EXPECT_GT(before, 5);
  EXPECT_GT(strangers, 5);
  EXPECT_LT(strangers, 55);
}

}  // namespace
}  // namespace bmsd
