#include "app/line_watch.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

constexpr Instant kStart = Instant(1000s);

LineFacts counted(std::uint64_t requests) {
  LineFacts facts;
  facts.counts.requests = facts.counts.frames = requests;
  facts.packs.push_back({.address = 1, .replies = {{.good = requests, .bytes = 100}}});
  return facts;
}

TEST(LineWatch, TellsEverythingAtFirst) {
  LineWatch watch;
  EXPECT_EQ(watch.facts(counted(7), "/dev/ttyUSB0", kStart).counts.requests, 7U);
  watch.look(counted(0), 0, kStart);
  EXPECT_EQ(watch.facts(counted(60), "/dev/ttyUSB0", kStart + 1min).counts.requests, 60U);
}

TEST(LineWatch, TellsOfTheLastMinutesOnly) {
  LineWatch watch;
  for (int second = 0; second <= 3600; ++second)
    watch.look(counted(static_cast<std::uint64_t>(second)), 0, kStart + second * 1s);
  const LineFacts facts = watch.facts(counted(3600), "/dev/ttyUSB0", kStart + 3600s);
  EXPECT_GE(facts.counts.requests, 120U);
  EXPECT_LE(facts.counts.requests, 240U);
  EXPECT_EQ(facts.packs.front().replies.front().good, facts.counts.requests);
  EXPECT_EQ(facts.port, "/dev/ttyUSB0");
}

TEST(LineWatch, BearsCountersThatBeginAnew) {
  LineWatch watch;
  for (int second = 0; second <= 600; ++second) watch.look(counted(1000), 0, kStart + second * 1s);
  EXPECT_EQ(watch.facts(counted(5), "x", kStart + 600s).counts.requests, 5U);
}

TEST(LineWatch, NoticesBytesThatDoNotLeave) {
  LineWatch watch;
  const auto stuck_at = [&](Duration after) { return watch.facts({}, "x", kStart + after).stuck; };
  watch.look({}, 20, kStart);
  watch.look({}, 20, kStart + 1s);
  EXPECT_FALSE(stuck_at(1s));
  watch.look({}, 40, kStart + 4s);
  EXPECT_EQ(stuck_at(4s), Duration(4s));
  watch.look({}, 10, kStart + 5s);  // something has left
  EXPECT_FALSE(stuck_at(5s));
  watch.look({}, 0, kStart + 6s);
  EXPECT_FALSE(stuck_at(60s));
}

TEST(LineWatch, KnowsWhyThePortIsNotOpen) {
  LineWatch watch;
  const auto state = [&](const char* what, const char* port) {
    watch.lost({Errc::io, what, 0, "why"});
    return watch.facts({}, port, kStart);
  };
  EXPECT_EQ(state("missing", "/dev/ttyUSB0").state, LineFacts::missing);
  EXPECT_EQ(state("gone", "/dev/ttyUSB0").state, LineFacts::missing);
  EXPECT_EQ(state("gone", "tcp://gateway:1").state, LineFacts::unreachable);
  EXPECT_TRUE(state("connect", "tcp://gateway:1").gateway);
  EXPECT_EQ(state("permission", "/dev/ttyUSB0").state, LineFacts::forbidden);
  EXPECT_EQ(state("held", "/dev/ttyUSB0").state, LineFacts::held);
  EXPECT_EQ(state("held", "/dev/ttyUSB0").trouble, "why");
  watch.opened();
  EXPECT_EQ(watch.facts({}, "/dev/ttyUSB0", kStart).state, LineFacts::open);
}

}  // namespace
}  // namespace bmsd
