#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace bmsd {
namespace {

TEST(Hex, IsUpperCaseWithTwoDigitsPerByte) {
  EXPECT_EQ(to_hex(as_bytes("~2\n")), "7E320A");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, IsReadInEitherCaseAndWithBlanks) {
  const auto bytes = from_hex("7e 32\t0A");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(as_text(*bytes), "~2\n");
}

TEST(Hex, WhatIsNoHexIsRefused) {
  for (const char* text : {"7", "7E3", "7 E", "0x7E", "7G", "7E,32", "7E\n"}) EXPECT_FALSE(from_hex(text)) << text;
}

TEST(Bytes, ATextFieldLosesItsPadding) {
  EXPECT_EQ(printable_text(as_bytes(std::string_view(" A B\0\x1f\0 ", 8))), "A B??");
  EXPECT_EQ(printable_text(as_bytes("\xff\xff")), "");
}

TEST(Hex, AnAddressHasTwoLowerCaseDigits) {
  EXPECT_EQ(hex_address(10), "0x0a");
  EXPECT_EQ(hex_address(0), "0x00");
  EXPECT_EQ(hex_address(0xF7), "0xf7");
}

RC_GTEST_PROP(Hex, ComesBackAsItWas, (ByteVector bytes)) { RC_ASSERT(from_hex(to_hex(bytes)) == bytes); }

TEST(Bytes, AreTheSameWhenTheirContentIs) {
  const std::string a = "abc", b = "abc";
  EXPECT_TRUE(same(as_bytes(a), as_bytes(b)));
  EXPECT_FALSE(same(as_bytes(a), as_bytes("ab")));
  EXPECT_FALSE(same(as_bytes(a), as_bytes("abd")));
}

}  // namespace
}  // namespace bmsd
