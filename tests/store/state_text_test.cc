#include "store/state_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace bmsd {
namespace {

State sample() {
  State state;
  state.batteries["JD2M02150860"] = {.instance = 3,
                                     .custom_name = "Garage",
                                     .last_seen = 1'790'000'000'000,
                                     .allow_max_voltage = 0,
                                     .max_voltage_start_time = "1790000000",
                                     .soc_calc = "67.25",
                                     .soc_reset_last_reached = 1'780'000'000,
                                     .history_values = R"({"charge_cycles": 12})"};
  state.batteries["ttyUSB0__0x02"] = {};
  state.lines["usb:A50285BI"] = {"daly-uart", 9600, 0x41};
  state.good_config = "[DEFAULT]\nMAX_CELL_VOLTAGE = 3.5\n";
  return state;
}

// `content` with a first line that fits it.
std::string intact(const std::string& content) {
  return fmt::format("bmsd-state 1 crc32 {:08X}\n{}", crc32(content), content);
}

TEST(Crc32, IsThatOfZip) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
}

TEST(StateText, ComesBackAsItWas) {
  const auto back = parse_state(state_text(sample()));
  ASSERT_TRUE(back.ok()) << describe(back.error());
  EXPECT_EQ(*back, sample());
}

TEST(StateText, BeginsWithItsVersionAndChecksum) {
  const std::string text = state_text({});
  EXPECT_EQ(text.substr(0, 19), "bmsd-state 1 crc32 ");
  EXPECT_EQ(text, intact(text.substr(text.find('\n') + 1)));
}

RC_GTEST_PROP(StateText, ComesBackWhateverTheTextsHold, (const std::string& identity, const std::string& text)) {
  State state;
  Kept& kept = state.batteries[identity];
  kept.instance = -5;
  kept.custom_name = text;
  kept.history_values = identity;
  state.good_config = text;
  const auto back = parse_state(state_text(state));
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == state);
}

TEST(StateText, EveryFlippedBitIsNoticed) {
  const std::string text = state_text(sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = text;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      ASSERT_FALSE(parse_state(bad).ok()) << "byte " << i << ", bit " << bit;
    }
  }
}

TEST(StateText, EveryCutIsNoticed) {
  const std::string text = state_text(sample());
  for (std::size_t size = 0; size < text.size(); ++size) ASSERT_FALSE(parse_state(text.substr(0, size)).ok()) << size;
  EXPECT_FALSE(parse_state(text + "\n").ok());
  EXPECT_FALSE(parse_state(text + text).ok());
}

TEST(StateText, AnotherVersionIsNamed) {
  std::string text = state_text(sample());
  text.replace(text.find(" 1 "), 3, " 27 ");
  const auto read = parse_state(text);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().detail, "it is of version \"27\", this bmsd reads 1");
}

TEST(StateText, WhatIsMissingHasItsSafeValue) {
  const auto read = parse_state(intact(R"({"batteries": [{"identity": "A", "something_new": [1]}]})"));
  ASSERT_TRUE(read.ok());
  State expected;
  expected.batteries["A"] = {};
  EXPECT_EQ(*read, expected);
}

TEST(StateText, ContentOfAnotherKindIsRefusedAsAWhole) {
  for (const char* content :
       {"", "{", "[]", "1", R"({"batteries": {}})", R"({"batteries": [1]})", R"({"batteries": [{}]})",
        R"({"good_config": 1})", R"({"good_config": {"hex": "4"}})", R"({"good_config": {"hex": 4}})",
        R"({"good_config": {}})", R"({"batteries": [{"identity": 7}]})",
        R"({"batteries": [{"identity": "A", "instance": "1"}]})",
        R"({"batteries": [{"identity": "A", "instance": 1.5}]})",
        R"({"batteries": [{"identity": "A", "instance": 2147483648}]})",
        R"({"batteries": [{"identity": "A", "last_seen": 9223372036854775808}]})",
        R"({"batteries": [{"identity": "A", "custom_name": null}]})"}) {
    const auto read = parse_state(intact(content));
    ASSERT_FALSE(read.ok()) << content;
    EXPECT_EQ(read.error().code, Errc::implausible) << content;
  }
}

TEST(StateText, WhatIsNoStateIsRefused) {
  for (const char* text : {"", "\n", "bmsd-state", "bmsd-state 1", "bmsd-state 1\n{}", "{}\n", "\0\0\0\0"}) {
    EXPECT_FALSE(parse_state(text).ok()) << text;
  }
  EXPECT_FALSE(parse_state(std::string(4096, '\0')).ok())
      << "what some file systems leave of a file after a power failure";
}

}  // namespace
}  // namespace bmsd
