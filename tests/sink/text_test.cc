#include "sink/text.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

TEST(Text, WidthsAreCountedInCharacters) {
  EXPECT_EQ(columns("25 °C"), 5U);
  EXPECT_EQ(padded_left("°C", 4), "  °C");
  EXPECT_EQ(padded_right("°C", 4), "°C  ");
  EXPECT_EQ(cut("°°°°", 4), "°°°°");
  EXPECT_EQ(cut("°°°°°", 4), "°°°…");
  EXPECT_EQ(cut("abc", 1), "…");
  EXPECT_EQ(cut("abc", 0), "");
}

TEST(Text, WhatABmsStoresCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a [2Jb c ");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J°"),
            " 2J°");
}

TEST(Text, NumbersThatRoundToZeroHaveNoSign) {
  EXPECT_EQ(fixed(-0.04, 1), "0.0");
  EXPECT_EQ(fixed(-0.05, 2), "-0.05");
  EXPECT_EQ(fixed(std::nullopt, 2), "-");
}

TEST(Text, AlarmClassesBecomeWords) {
  EXPECT_EQ(words_of("HighCellVoltage"), "High cell voltage");
  EXPECT_EQ(words_of("BmsCable"), "BMS cable");
}

TEST(Text, MembersOfAnotherTypeAreAbsent) {
  const nlohmann::json json = {{"number", "1"}, {"text", 1}, {"list", {{"a", 1}}}};
  EXPECT_FALSE(number_at(json, "number"));
  EXPECT_EQ(text_at(json, "text"), "");
  EXPECT_TRUE(numbers_at(json, "list").empty());
  EXPECT_TRUE(object_at(json, "number").empty());
  EXPECT_FALSE(number_at(nlohmann::json::array(), "number"));
}

}  // namespace
}  // namespace bmsd
