#include "venus/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bmsd {
namespace {

TEST(ValueText, WithoutAFormatIntegersAreDecimalAndTextsAreAsTheyAre) {
  EXPECT_EQ(text_of(BusValue(-7)), "-7");
  EXPECT_EQ(text_of(BusValue(std::int64_t{5'000'000'000})), "5000000000");
  EXPECT_EQ(text_of(BusValue("C3")), "C3");
  EXPECT_EQ(text_of(BusValue("")), "");
}

TEST(ValueText, WithoutAFormatADoubleIsTheShortestThatReadsBackEqualWithADecimalPoint) {
  EXPECT_EQ(text_of(BusValue(67.0)), "67.0");
  EXPECT_EQ(text_of(BusValue(-68.7843137254902)), "-68.7843137254902");
  EXPECT_EQ(text_of(BusValue(0.1)), "0.1");
  EXPECT_EQ(text_of(BusValue(1e20)), "100000000000000000000.0");
  EXPECT_EQ(text_of(BusValue(1e-5)), "0.00001");
  EXPECT_EQ(std::stod(text_of(BusValue(std::numeric_limits<double>::max()))), std::numeric_limits<double>::max());
  EXPECT_EQ(std::stod(text_of(BusValue(2.2250738585072014e-308))), 2.2250738585072014e-308);
}

TEST(ValueText, FormatsArePrintfs) {
  EXPECT_EQ(text_of(BusValue(53.125), "%.2fV"), "53.12V");
  EXPECT_EQ(text_of(BusValue(80.0), "%.0fAh"), "80Ah");
  EXPECT_EQ(text_of(BusValue(0.0), "%.1f%%"), "0.0%");
  EXPECT_EQ(text_of(BusValue(0xBA77), "0x%X"), "0xBA77");
}

TEST(ValueText, NothingIsShownAsMinusZero) {
  EXPECT_EQ(text_of(BusValue(-0.3), "%.0fW"), "0W");
  EXPECT_EQ(text_of(BusValue(-0.3), "%.1fW"), "-0.3W");
  EXPECT_EQ(text_of(BusValue(round_to(-0.001, 2))), "0.0");
}

TEST(ValueText, InvalidIsThreeDashesInAnyFormat) {
  EXPECT_EQ(text_of(BusValue()), "---");
  EXPECT_EQ(text_of(BusValue(), "%.2fV"), "---");
  EXPECT_EQ(text_of(BusValue(std::nan("")), "%.2fV"), "---");
}

TEST(ValueText, AnEmptyListIsData) {
  EXPECT_EQ(text_of(BusValue(std::vector<std::uint32_t>{})), "[]");
  EXPECT_EQ(text_of(BusValue(std::vector<std::uint32_t>{1, 2})), "[1, 2]");
  EXPECT_TRUE(valid(BusValue(std::vector<std::uint32_t>{})));
}

TEST(ValueText, AListIsInBrackets) {
  EXPECT_EQ(text_of(BusValue(std::vector<double>{3.45, 3.0})), "[3.45, 3.0]");
  EXPECT_EQ(text_of(BusValue(std::vector<std::int32_t>{-1, 2})), "[-1, 2]");
  EXPECT_EQ(text_of(BusValue(std::vector<std::string>{"", "0x01"})), "[, 0x01]");
}

TEST(Sendable, NanAndInfinityBecomeInvalid) {
  EXPECT_EQ(sendable(BusValue(std::nan(""))), BusValue());
  EXPECT_EQ(sendable(BusValue(-std::numeric_limits<double>::infinity())), BusValue());
  EXPECT_EQ(sendable(BusValue(1.5)), BusValue(1.5));
}

TEST(Sendable, TextsBecomeValidUtf8) {
  const std::string unknown = "\xEF\xBF\xBD";
  EXPECT_EQ(valid_utf8("Bulk \xE2\x94\x82 Linear"), "Bulk \xE2\x94\x82 Linear");
  EXPECT_EQ(valid_utf8("\xF0\x9F\x94\x8B"), "\xF0\x9F\x94\x8B");
  EXPECT_EQ(valid_utf8("a\xFFz"), "a" + unknown + "z");
  EXPECT_EQ(valid_utf8("cut \xE2\x94"), "cut " + unknown + unknown);
  EXPECT_EQ(valid_utf8("\xC0\xAF"), unknown + unknown) << "overlong";
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), unknown + unknown + unknown) << "surrogate";
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), unknown + unknown + unknown + unknown) << "above U+10FFFF";
  EXPECT_EQ(valid_utf8(std::string_view("ab\0cd", 5)), "ab");
  EXPECT_EQ(sendable(BusValue("\xFF")), BusValue(unknown));
}

TEST(Sendable, AnEmptyListIsOneOfUint32BecauseOneOfInt32WouldBeInvalid) {
  const BusValue none = std::vector<std::uint32_t>();
  EXPECT_EQ(sendable(BusValue(std::vector<std::int32_t>())), none);
  EXPECT_EQ(sendable(BusValue(std::vector<double>())), none);
  EXPECT_EQ(sendable(BusValue(std::vector<std::string>())), none);
}

TEST(Sendable, AListWithoutANumberSomewhereIsInvalid) {
  EXPECT_EQ(sendable(BusValue(std::vector<double>{1, std::nan("")})), BusValue());
  EXPECT_EQ(sendable(BusValue(std::vector<double>{1, 2})), BusValue(std::vector<double>{1, 2}));
}

TEST(SameValue, NumbersAreComparedAcrossTypes) {
  EXPECT_TRUE(same_value(BusValue(53), BusValue(53.0)));
  EXPECT_FALSE(same_value(BusValue(53), BusValue(53.5)));
  EXPECT_FALSE(same_value(BusValue(0), BusValue()));
  EXPECT_FALSE(same_value(BusValue(""), BusValue()));
  EXPECT_TRUE(same_value(BusValue(), BusValue()));
}

}  // namespace
}  // namespace bmsd
