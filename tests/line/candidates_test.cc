#include "line/candidates.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "protocol/daly_uart.h"
#include "protocol/daren_485.h"
#include "protocol/lltjbd_uart.h"
#include "protocol/registry.h"
#include "scan_rig.h"

namespace bmsd {
namespace {

using testing::ElementsAre;

// Place of the first try that fits; the number of tries if there is none.
template <typename Fits>
std::ptrdiff_t first(const std::vector<Candidate>& tries, Fits fits) {
  return std::find_if(tries.begin(), tries.end(), fits) - tries.begin();
}

TEST(Candidates, EachIsTriedOnce) {
  const auto tries = candidates(test::serial_space());
  for (std::size_t i = 0; i < tries.size(); ++i)
    EXPECT_EQ(std::count(tries.begin(), tries.end(), tries[i]), 1) << tries[i].protocol->name;
}

TEST(Candidates, EveryFamilyHasItsFirstTryBeforeAnyHasASecond) {
  const auto tries = candidates(test::serial_space());
  const auto count = static_cast<std::ptrdiff_t>(protocols_over(Medium::stream).size());
  for (const Protocol* protocol : protocols_over(Medium::stream)) {
    const auto place = first(tries, [&](const Candidate& one) { return one.protocol == protocol; });
    EXPECT_LT(place, count) << protocol->name;
    const Candidate& usual = tries[static_cast<std::size_t>(place)];
    EXPECT_EQ(usual.baud, protocol->speeds.front());
    EXPECT_EQ(usual.address, protocol->default_address);
  }
}

TEST(Candidates, AProbeThatIsFormallyAWriteComesBehindTheFirstTryOfAllOthers) {
  const auto tries = candidates(test::serial_space());
  bool writes = false;
  for (std::size_t i = 0; i < protocols_over(Medium::stream).size(); ++i) {
    EXPECT_FALSE(writes && !tries[i].protocol->probe_is_write) << tries[i].protocol->name;
    writes = tries[i].protocol->probe_is_write;
  }
}

TEST(Candidates, UsualAddressesAtAllSpeedsComeBeforeFurtherOnes) {
  const auto tries = candidates(test::serial_space());
  const auto further = first(tries, [](const Candidate& one) { return one.further; });
  for (const Protocol* protocol : protocols_over(Medium::stream)) {
    for (const int baud : protocol->speeds) {
      EXPECT_LT(first(tries, [&](const Candidate& one) { return one.protocol == protocol && one.baud == baud; }),
                further);
    }
    const auto again = first(tries, [&](const Candidate& one) { return one.protocol == protocol && one.again; });
    EXPECT_LT(again, further) << "who slept is awake now";
  }
}

TEST(Candidates, WhatIsRememberedIsTriedFirst) {
  SearchSpace space = test::serial_space();
  space.remembered = Remembered{&kDalyUart, 9600, {0x42}};
  const auto tries = candidates(space);
  EXPECT_EQ(tries[0].protocol, &kDalyUart);
  EXPECT_EQ(tries[0].address, 0x42);
  EXPECT_EQ(std::count(tries.begin(), tries.end(), tries[0]), 1);
  space.remembered = Remembered{&kDalyUart, 1200, {0x42}};
  EXPECT_NE(candidates(space)[0].protocol, &kDalyUart) << "a speed that it does not have";
}

TEST(Candidates, ConfiguredAddressesGoToThoseWhoCanHaveThem) {
  SearchSpace space;
  space.protocols = {&kDaren485, &kLltJbdUart, &kDalyUart};
  space.addresses = {3, 0x41};
  std::vector<std::pair<std::string_view, int>> places;
  for (const Candidate& one : candidates(space)) {
    if (!one.again && one.baud == one.protocol->speeds.front()) places.emplace_back(one.protocol->name, one.address);
  }
  EXPECT_THAT(places, ElementsAre(std::pair("daren-485", 3), std::pair("daly-uart", 0x41)));
}

TEST(Candidates, AConfiguredSpeedIsTheOnlyOne) {
  SearchSpace space = test::serial_space();
  space.baud = 57600;
  for (const Candidate& one : candidates(space)) EXPECT_EQ(one.baud, 57600);
}

}  // namespace
}  // namespace bmsd
