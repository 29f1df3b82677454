#include "config/similar.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace bmsd {
namespace {

constexpr std::array<std::string_view, 4> kKeys = {"MAX_CELL_VOLTAGE", "MIN_CELL_VOLTAGE", "LOGGING", "LISTEN"};

TEST(Similar, OneMistakeIsForgiven) {
  for (const char* word :
       {"MAX_CELL_VOLTGE", "MAX_CELL_VOLTAGES", "MAX_CELL_VOLTAXE", "MAX_CELL_VOLTAEG", "MAX_CELLVOLTAGE"}) {
    EXPECT_EQ(most_similar(word, kKeys), "MAX_CELL_VOLTAGE") << word;
  }
}

TEST(Similar, CaseDoesNotMatter) { EXPECT_EQ(most_similar("loging", kKeys), "LOGGING"); }

TEST(Similar, TheNearestIsTaken) {
  EXPECT_EQ(most_similar("MIN_CEL_VOLTAGE", kKeys), "MIN_CELL_VOLTAGE");
  EXPECT_EQ(most_similar("MXN_CELL_VOLTAGE", kKeys), "MIN_CELL_VOLTAGE");
}

TEST(Similar, TwoLettersInTheWrongOrderAreOneMistake) {
  EXPECT_EQ(most_similar("ITP", std::array<std::string_view, 1>{"TIP"}), "TIP");
  EXPECT_EQ(most_similar("AFB", std::array<std::string_view, 1>{"BFA"}), "");
}

TEST(Similar, WhatIsFarFromAllOfThemIsLikeNone) {
  for (const char* word : {"", "X", "BANANA", "MAX", "VOLTAGE", "TEMPERATURE_1_NAME", "LOG"}) {
    EXPECT_EQ(most_similar(word, kKeys), "") << word;
  }
  EXPECT_EQ(most_similar("LOGGING", {}), "");
}

TEST(Similar, ShortWordsMustBeNearer) {
  EXPECT_EQ(most_similar("CAN1", std::array<std::string_view, 1>{"CAN0"}), "CAN0");
  EXPECT_EQ(most_similar("CA", std::array<std::string_view, 1>{"CAN"}), "");
}

TEST(Similar, WordsOfAnyLengthAreAnswered) {
  const std::string longest(5000, 'M');
  EXPECT_EQ(most_similar(longest, kKeys), "");
  EXPECT_EQ(most_similar("MAX_CELL_VOLTAGE", std::array<std::string_view, 1>{longest}), "");
}

}  // namespace
}  // namespace bmsd
