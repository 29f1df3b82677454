#include "app/addresses.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

TEST(Addresses, AreHexadecimalWith0xAndOneDigitAsItIs) {
  EXPECT_EQ(*parse_addresses("1,2,0x0A"), (std::vector<int>{1, 2, 10}));
  EXPECT_EQ(*parse_addresses(" 3 ,\t0X1f , "), (std::vector<int>{3, 31}));
  EXPECT_TRUE(parse_addresses("")->empty());
}

TEST(Addresses, AreSortedAndEachIsThereOnce) { EXPECT_EQ(*parse_addresses("2,1,0x02"), (std::vector<int>{1, 2})); }

TEST(Addresses, MoreDigitsWithout0xAreRefusedWithWhatToWrite) {
  const auto ten = parse_addresses("10");
  ASSERT_FALSE(ten);
  EXPECT_EQ(ten.error().code, Errc::config);
  EXPECT_NE(describe(ten.error()).find("write 0x10 or 0x0a"), std::string::npos) << describe(ten.error());
  EXPECT_FALSE(parse_addresses("01"));
  EXPECT_FALSE(parse_addresses("a"));
}

TEST(Addresses, WhatIsNoNumberIsRefused) {
  for (const char* text : {"x", "0x", "0x100", "-1", "1;2", "one"}) EXPECT_FALSE(parse_addresses(text)) << text;
}

}  // namespace
}  // namespace bmsd
