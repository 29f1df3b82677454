#include "config/packs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Packs, AreProtocolsWithTheirAddresses) {
  const Packs packs = packs_of(" daren-485@1, 0x0A ;pylontech-rs485@4; ");
  EXPECT_THAT(packs.places, ElementsAre(ProtocolPacks{"daren-485", {1, 10}}, ProtocolPacks{"pylontech-rs485", {4}}));
  EXPECT_THAT(packs.unreadable, IsEmpty());
}

TEST(Packs, WhatCannotBeReadIsNamed) {
  const Packs packs = packs_of("daren-485; @1; daly@; daly@0x40,x; jk@1");
  EXPECT_THAT(packs.places, ElementsAre(ProtocolPacks{"jk", {1}}));
  EXPECT_THAT(packs.unreadable, ElementsAre("daren-485", "@1", "daly@", "daly@0x40,x"));
}

TEST(Packs, OnePartThatCannotBeReadDoesNotSpoilTheOthers) {
  const Converted some = convert_packs("daren-485; jk@1");
  EXPECT_TRUE(some.value);
  ASSERT_THAT(some.findings, SizeIs(1));
  EXPECT_EQ(some.findings[0].weight, Finding::warning);
  const Converted none = convert_packs("daren-485");
  EXPECT_FALSE(none.value);
  ASSERT_THAT(none.findings, SizeIs(1));
  EXPECT_EQ(none.findings[0].weight, Finding::unusable);
}

RC_GTEST_PROP(Packs, NothingBreaksThem, (const std::string& text)) {
  for (const ProtocolPacks& one : packs_of(text).places) {
    RC_ASSERT(!one.protocol.empty());
    for (const int address : one.addresses) RC_ASSERT(address >= 0 && address <= 255);
  }
}

}  // namespace
}  // namespace bmsd
