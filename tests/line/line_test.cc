#include "line/line.h"

#include "rig.h"

namespace bmsd {
namespace {

// Bytes of a service 42 exchange of a 16-cell, 4-sensor pack, both directions.
constexpr std::size_t kExchangeBytes = 20 + 216;

double floor_of(int packs, int baud, Duration delay) {
  return packs * (seconds(wire_time(kExchangeBytes, baud)) + seconds(delay));
}

TEST(Line, APinnedPackIsCompleteWithinTheFloorOfItsExchangesAnd100Ms) {
  Rig rig;
  rig.open();
  rig.wire.run_for(3s);
  ASSERT_EQ(rig.count(LineEvent::joined), 1);
  Instant joined{};
  for (const auto& happened : rig.watched.events) {
    if (happened.event.kind == LineEvent::joined) joined = happened.at;
  }
  // 42, 51, B0/3, 47, B0/4, 4F: requests and replies with CR, and the delay of each.
  const std::size_t bytes = (20 + 216) + (18 + 88) + (28 + 256) + (20 + 148) + (28 + 66) + (18 + 20);
  const double floor = seconds(wire_time(bytes, 19200)) + 6 * 0.020;
  EXPECT_LE(seconds(joined - Instant{}), floor + 0.100);
  EXPECT_EQ(rig.pack(1).battery.text(Text::serial_number), "RIG000000001");
}

TEST(Line, FifteenPacksAreReadWithinFivePercentOfTheWiresFloor) {
  Rig rig({.packs = 15});
  rig.open();
  rig.wire.run_for(60s);
  const Instant since = rig.wire.now();
  rig.wire.run_for(180s);
  const double floor = floor_of(15, 19200, 20ms);
  for (int pack = 0; pack < 15; ++pack) {
    EXPECT_LE(rig.mean_period(pack, since) / floor, 1.05);
    EXPECT_LE(rig.longest_period(pack, since) / floor, 1.15) << "a slow exchange must not make a round visibly longer";
  }
  EXPECT_EQ(rig.line().turnaround(), Duration(2ms));
}

TEST(Line, OneSilentPackOfFifteenCostsTheOthersNextToNothing) {
  Rig rig({.packs = 15});
  rig.open();
  rig.wire.run_for(60s);
  ASSERT_TRUE(rig.bus.set_silent(7, true));
  rig.wire.run_for(30s);
  const Instant since = rig.wire.now();
  rig.wire.run_for(180s);
  EXPECT_LE(rig.mean_period(0, since) / floor_of(14, 19200, 20ms), 1.10);
  ASSERT_TRUE(rig.bus.set_silent(7, false));
  const Instant back = rig.wire.now();
  const int before = rig.count(LineEvent::round_good, 6);
  rig.wire.run_for(8500ms);
  EXPECT_GT(rig.count(LineEvent::round_good, 6), before)
      << "a single pack is back within 8.5 s, at " << seconds(back - Instant{});
}

TEST(Line, AnIntervalThatTheLineCanCarryIsKept) {
  Rig rig({.packs = 2});
  rig.open();
  rig.wire.run_for(10s);
  const Instant since = rig.wire.now();
  rig.wire.run_for(120s);
  EXPECT_NEAR(rig.mean_period(0, since), 1.0, 0.01);
  EXPECT_NEAR(rig.mean_period(1, since), 1.0, 0.01);
}

TEST(Line, AnIntervalOfZeroPollsAsFastAsTheWireAllows) {
  Rig rig({.packs = 1, .interval = 0s});
  rig.open();
  rig.wire.run_for(30s);
  const Instant since = rig.wire.now();
  rig.wire.run_for(60s);
  EXPECT_LE(rig.mean_period(0, since) / floor_of(1, 19200, 20ms), 1.05);
}

TEST(Line, SlowExchangesAreReadAgainAndTakeAtMostTwoPercentOfAFullLine) {
  Rig rig({.packs = 15});
  rig.open();
  rig.wire.run_for(60s);
  const Instant since = rig.wire.now();
  rig.wire.run_for(300s);
  for (int address = 1; address <= 15; ++address) {
    for (const char* slow : {"47", "B0/4"}) {
      const auto index = static_cast<std::size_t>(exchange_index(kDaren485, slow));
      ASSERT_TRUE(rig.pack(address).exchanges[index].last_ok);
      EXPECT_GT(*rig.pack(address).exchanges[index].last_ok, since) << slow << " of " << address;
    }
  }
}

TEST(Line, APackThatNeverAnswersDoesNotKeepTheOthersAway) {
  Rig rig({.packs = 3});
  ASSERT_TRUE(rig.bus.set_silent(1, true));
  rig.open();
  rig.wire.run_for(20s);
  EXPECT_EQ(rig.count(LineEvent::joined), 2);
  ASSERT_TRUE(rig.bus.set_silent(1, false));
  rig.wire.run_for(12s);
  EXPECT_EQ(rig.count(LineEvent::joined), 3);
}

TEST(Line, AWholeLineThatReturnsIsReadWithinOneRoundAndOneProbeEach) {
  Rig rig({.packs = 4});
  rig.open();
  rig.wire.run_for(60s);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, true));
  rig.wire.run_for(300s);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, false));
  const Instant back = rig.wire.now();
  rig.wire.run_for(3s);
  for (int pack = 0; pack < 4; ++pack) {
    std::optional<Instant> first;
    for (const auto& happened : rig.watched.events) {
      if (!first && happened.event.kind == LineEvent::round_good && happened.event.pack == pack && happened.at > back)
        first = happened.at;
    }
    ASSERT_TRUE(first);
    EXPECT_LE(seconds(*first - back), floor_of(4, 19200, 20ms) + 4 * 0.6);
  }
}

TEST(Line, AfterAReconnectTheExchangesOfAConnectionAreReadAgain) {
  Rig rig;
  rig.open();
  rig.wire.run_for(10s);
  rig.wire.close();
  rig.wire.run_for(20s);
  EXPECT_EQ(rig.pack(1).state, PackTalk::lost);
  rig.wire.open(9600);
  const Instant back = rig.wire.now();
  rig.wire.run_for(5s);
  EXPECT_EQ(rig.pack(1).state, PackTalk::alive);
  EXPECT_GT(*rig.pack(1).exchanges[static_cast<std::size_t>(exchange_index(kDaren485, "B0/3"))].last_ok, back);
}

TEST(Line, TheSpeedIsFoundWhereItIsNotPinned) {
  Rig rig({.packs = 1, .baud = 9600, .pinned = false});
  rig.open();
  rig.wire.run_for(10s);
  ASSERT_EQ(rig.line().pack_count(), 1U);
  EXPECT_EQ(rig.line().plan().baud, 9600);
  EXPECT_EQ(rig.count(LineEvent::joined), 1);
}

TEST(Line, APackThatWantsItsAddressAsCommandGroupIsRead) {
  Rig rig({.packs = 0, .pinned = true});
  PackOptions pack;
  pack.address = 2;
  pack.variant["group"] = "adr";
  ASSERT_TRUE(rig.bus.add_pack(pack, PackModel(PackModelOptions{})));
  LinePlan plan = Rig::plan({});
  plan.addresses = {2};
  Watched watched(plan);
  VirtualWire wire(watched, rig.bus);
  wire.open(9600);
  wire.run_for(10s);
  EXPECT_EQ(watched.line().pack(0).state, PackTalk::alive);
}

// Every fault for two minutes of line time: what is believed was sent by that pack, and rounds go on.
struct FaultCase {
  const char* name;
  std::vector<const char*> faults;
};

class LineUnderFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(LineUnderFaults, BelievesOnlyWhatThePackSent) {
  for (const int packs : {1, 4}) {
    Rig rig({.packs = packs, .seed = 7});
    rig.open();
    for (const char* fault : GetParam().faults) ASSERT_TRUE(rig.bus.faults().set(fault));
    rig.wire.run_for(120s);
    EXPECT_GT(rig.checked, packs * 30) << "rounds go on";
    for (const char* slow : {"47", "B0/4"}) EXPECT_GT(rig.news[slow], packs) << slow << " was read again";
    for (int address = 1; address <= packs; ++address) {
      EXPECT_EQ(rig.pack(address).battery.text(Text::serial_number), "RIG00000000" + std::to_string(address));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LineUnderFaults,
                         testing::Values(FaultCase{"Corrupted", {"corrupt=0.1"}},
                                         FaultCase{"FlippedBits", {"flip=0.1"}}, FaultCase{"Dropped", {"drop=0.1"}},
                                         FaultCase{"Truncated", {"truncate=0.1"}},
                                         FaultCase{"LateBy450Ms", {"late=0.1:0.45"}},
                                         FaultCase{"LateBy600Ms", {"late=0.1:0.6"}},
                                         FaultCase{"LateBy1200Ms", {"late=0.1:1.2"}},
                                         FaultCase{"Foreign", {"foreign=0.05"}}, FaultCase{"Echo", {"echo=1"}},
                                         FaultCase{"Garbage", {"garbage=0.2"}}, FaultCase{"Silence", {"silence=0.1"}},
                                         FaultCase{"EverythingAtOnce",
                                                   {"corrupt=0.03", "late=0.03:0.6", "foreign=0.03", "garbage=0.05",
                                                    "truncate=0.02", "silence=0.02", "echo=0.5"}}),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace bmsd
