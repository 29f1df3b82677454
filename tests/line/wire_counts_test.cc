// What a line has to tell of what it saw: the numbers behind `show` and `doctor`.
#include <gtest/gtest.h>

#include "rig.h"

namespace bmsd {
namespace {

RigOptions packs(int count) {
  RigOptions options;
  options.packs = count;
  return options;
}

TEST(WireCounts, OfAHealthyLineAreRequestsAndFramesAndNothingElse) {
  Rig rig(packs(2));
  rig.open();
  rig.wire.run_for(60s);
  const WireCounts& counts = rig.line().counts();
  EXPECT_GT(counts.requests, 110U);
  EXPECT_LE(counts.requests - counts.frames, 1U);  // one may be under way
  EXPECT_EQ(counts.garbled + counts.junk_bytes + counts.late_or_foreign + counts.echoes + counts.foreign_requests, 0U);
  const LinkHealth& health = rig.pack(1).health;
  EXPECT_EQ(health.retries + health.late_replies + health.second_answers, 0U);
  EXPECT_GE(health.exchanges, health.rounds);
  ASSERT_FALSE(health.by_exchange.empty());
  EXPECT_GT(health.by_exchange.front().good, 50U);
  EXPECT_GT(health.by_exchange.front().reply_bytes, 100U);
}

TEST(WireCounts, TellALateReplyFromAForeignOne) {
  Rig rig(packs(2));
  rig.open();
  rig.wire.run_for(10s);
  rig.bus.faults().set(Fault::late, 0.2);
  rig.bus.faults().set_late_by(700ms);
  rig.wire.run_for(120s);
  const WireCounts late = rig.line().counts();
  EXPECT_GT(late.late, 10U);
  EXPECT_GT(rig.pack(1).health.late_replies + rig.pack(2).health.late_replies, 10U);
  EXPECT_GT(rig.pack(1).health.retries, 5U);

  Rig other(packs(2));
  other.open();
  other.wire.run_for(10s);
  other.bus.faults().set(Fault::foreign, 0.05);
  other.wire.run_for(300s);
  const WireCounts foreign = other.line().counts();
  EXPECT_GT(foreign.late_or_foreign, 10U);
  EXPECT_GT(foreign.late_or_foreign, 3 * (foreign.late + foreign.second_answers));
}

TEST(WireCounts, CountAReplyThatIsSpoiltAtItsExchange) {
  Rig rig;
  rig.open();
  rig.wire.run_for(5s);
  rig.bus.faults().set(Fault::flip, 0.2);
  rig.wire.run_for(100s);
  const LinkHealth::Exchange& exchange = rig.pack(1).health.by_exchange.front();
  EXPECT_GT(exchange.damaged, 10U);
  EXPECT_NEAR(static_cast<double>(exchange.damaged) / static_cast<double>(exchange.good), 0.25, 0.15);
  EXPECT_NEAR(static_cast<double>(rig.line().counts().garbled),
              static_cast<double>(rig.bus.faults().count(Fault::flip)), 3);
}

TEST(WireCounts, SayHowFullTheLineIs) {
  Rig rig(packs(1));
  rig.open();
  rig.wire.run_for(120s);
  const double one = *rig.line().utilisation(rig.wire.now());
  EXPECT_GT(one, 5);
  EXPECT_LT(one, 30);  // one of its rounds takes 0.15 s
  RigOptions fast = packs(2);
  fast.interval = 0s;
  Rig full(fast);
  full.open();
  full.wire.run_for(120s);
  EXPECT_GT(*full.line().utilisation(full.wire.now()), 97);
}

}  // namespace
}  // namespace bmsd
