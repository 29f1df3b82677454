#include "battery/change.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bmsd {
namespace {

constexpr Changeable kAll[] = {Changeable::charge_fet, Changeable::discharge_fet, Changeable::soc};

TEST(Change, WordsAreReadBack) {
  for (const Changeable what : kAll) EXPECT_EQ(changeable_of(word_of(what)), what);
  EXPECT_EQ(word_of(Changeable::discharge_fet), "discharge-fet");
  EXPECT_EQ(changeable_of("charge_fet"), std::nullopt);
  EXPECT_EQ(changeable_of(""), std::nullopt);
}

TEST(Change, ValuesAreWrittenAndRead) {
  EXPECT_EQ(value_text(Changeable::charge_fet, 1), "on");
  EXPECT_EQ(value_text(Changeable::discharge_fet, 0), "off");
  EXPECT_EQ(value_text(Changeable::soc, 80), "80");
  EXPECT_EQ(value_text(Changeable::soc, 79.9000001), "79.9");
  EXPECT_EQ(value_of(Changeable::charge_fet, "on"), 1);
  EXPECT_EQ(value_of(Changeable::charge_fet, "off"), 0);
  EXPECT_EQ(value_of(Changeable::soc, "80.5"), 80.5);
}

TEST(Change, WhatIsNoValueIsNone) {
  for (const char* text : {"", "1", "ON", "true", "yes", "80"}) {
    EXPECT_EQ(value_of(Changeable::charge_fet, text), std::nullopt) << text;
  }
  for (const char* text : {"", "-1", "100.1", "80%", "nan", "inf", "80 ", "on"}) {
    EXPECT_EQ(value_of(Changeable::soc, text), std::nullopt) << text;
  }
}

TEST(Change, OnlyWhatCanBeWrittenIsSound) {
  EXPECT_TRUE(check({Changeable::charge_fet, 1}));
  EXPECT_TRUE(check({Changeable::soc, 0}));
  EXPECT_TRUE(check({Changeable::soc, 100}));
  EXPECT_FALSE(check({Changeable::charge_fet, 2}));
  EXPECT_FALSE(check({Changeable::soc, 100.5}));
  EXPECT_FALSE(check({Changeable::soc, std::nan("")}));
}

TEST(Change, ASwitchIsAsWantedOrNotAndAStateOfChargeNearlySo) {
  EXPECT_TRUE(is_as_wanted({Changeable::charge_fet, 0}, 0));
  EXPECT_FALSE(is_as_wanted({Changeable::charge_fet, 0}, 1));
  EXPECT_TRUE(is_as_wanted({Changeable::soc, 80}, 79.5));
  EXPECT_FALSE(is_as_wanted({Changeable::soc, 80}, 79.4));
  EXPECT_FALSE(is_as_wanted({Changeable::soc, 80}, std::nan("")));
}

}  // namespace
}  // namespace bmsd
