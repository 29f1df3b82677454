#include "wire/numbers.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace bmsd {
namespace {

constexpr std::uint8_t kBytes[] = {0xFE, 0x01, 0x02, 0x83};

TEST(Numbers, AreReadInEitherOrder) {
  EXPECT_EQ(be_u16(kBytes, 1), 0x0102);
  EXPECT_EQ(le_u16(kBytes, 1), 0x0201);
  EXPECT_EQ(be_s16(kBytes, 0), -0x01FF);
  EXPECT_EQ(le_s16(kBytes, 2), static_cast<std::int16_t>(0x8302));
  EXPECT_EQ(be_u32(kBytes, 0), 0xFE010283U);
  EXPECT_EQ(le_u32(kBytes, 0), 0x830201FEU);
  EXPECT_LT(be_s32(kBytes, 0), 0);
  EXPECT_LT(le_s32(kBytes, 0), 0);
  EXPECT_EQ(sum8(kBytes), 0x84);
}

TEST(Numbers, WhatDoesNotFitIsHeldAtTheEdge) {
  NumberWriter writer;
  writer.u8(256).u8(-1).s8(-200).s16(40000).u16(-3).u8(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(to_hex(writer.bytes), "FF00807FFF000000");
}

TEST(Numbers, TextIsCutOrFilledUp) {
  NumberWriter writer;
  writer.text("ABC", 2).text("D", 3, 0x20).fill(1, 0xFF).text("E");
  EXPECT_EQ(to_hex(writer.bytes), "4142442020FF45");
}

RC_GTEST_PROP(Numbers, ComeBackAsTheyWere, (std::int32_t number, std::int16_t small)) {
  NumberWriter big, little(NumberWriter::Order::little);
  big.s32(number).s16(small).u32(static_cast<std::uint32_t>(number));
  little.s32(number).s16(small).u32(static_cast<std::uint32_t>(number));
  RC_ASSERT(be_s32(big.bytes, 0) == number);
  RC_ASSERT(be_s16(big.bytes, 4) == small);
  RC_ASSERT(be_u32(big.bytes, 6) == static_cast<std::uint32_t>(number));
  RC_ASSERT(le_s32(little.bytes, 0) == number);
  RC_ASSERT(le_s16(little.bytes, 4) == small);
  RC_ASSERT(le_u32(little.bytes, 6) == static_cast<std::uint32_t>(number));
}

}  // namespace
}  // namespace bmsd
