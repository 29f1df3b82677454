#include "app/config_source.h"

#include <gtest/gtest.h>

#include "../store/temporary_folder.h"

namespace bmsd {
namespace {

constexpr const char* kGood = "[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 30\nLOGGING = DEBUG\n";
constexpr const char* kBroken = "[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = many\nMAX_BATTERY_DISCHARGE_CURRENT = 20\n";

double charge_current(const ConfigChoice& choice) {
  const BatteryName name{"/dev/ttyUSB0", "ttyUSB0", 1, {"A"}};
  return choice.config.batteries(std::span(&name, 1)).front().control.max_battery_charge_current;
}
double discharge_current(const ConfigChoice& choice) {
  const BatteryName name{"/dev/ttyUSB0", "ttyUSB0", 1, {"A"}};
  return choice.config.batteries(std::span(&name, 1)).front().control.max_battery_discharge_current;
}

ConfigChoice choose(std::optional<std::string> text, const std::string& last_good) {
  return choose_config("config.ini", Result<std::optional<std::string>>(std::move(text)), last_good);
}

bool reports(const ConfigChoice& choice, Level level, std::string_view part) {
  for (const auto& [at, text] : choice.report) {
    if (at == level && text.find(part) != text.npos) return true;
  }
  return false;
}

TEST(ChooseConfig, AGoodFileIsInForceAndBecomesTheLastGoodOne) {
  const ConfigChoice choice = choose(kGood, "[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 10\n");
  EXPECT_EQ(charge_current(choice), 30);
  EXPECT_EQ(choice.state, ConfigState::fine);
  EXPECT_EQ(choice.good, kGood);
  EXPECT_TRUE(choice.report.empty());
}

TEST(ChooseConfig, NoFileIsTheDefaults) {
  const ConfigChoice choice = choose(std::nullopt, kGood);
  EXPECT_EQ(charge_current(choice), 50);
  EXPECT_EQ(choice.state, ConfigState::fine);
  EXPECT_EQ(choice.good, std::nullopt);
}

TEST(ChooseConfig, ABrokenFileGivesWayToAllOfTheLastGoodOne) {
  const ConfigChoice choice = choose(kBroken, kGood);
  EXPECT_EQ(charge_current(choice), 30);
  EXPECT_EQ(discharge_current(choice), 60) << "what could be read of the broken file is not mixed in";
  EXPECT_EQ(choice.config.daemon().logging, Level::debug);
  EXPECT_EQ(choice.state, ConfigState::unusable);
  EXPECT_EQ(choice.good, std::nullopt);
  EXPECT_TRUE(reports(choice, Level::error, "config.ini:2: MAX_BATTERY_CHARGE_CURRENT: "));
  EXPECT_TRUE(reports(choice, Level::error, "all of the last good configuration is in force"));
}

TEST(ChooseConfig, WithoutALastGoodOneTheRestOfABrokenFileHolds) {
  const ConfigChoice choice = choose(kBroken, "");
  EXPECT_LE(charge_current(choice), 50);
  EXPECT_EQ(discharge_current(choice), 20);
  EXPECT_EQ(choice.state, ConfigState::unusable);
  EXPECT_EQ(choice.good, std::nullopt);
  EXPECT_TRUE(reports(choice, Level::error, "there is no last good configuration"));
}

TEST(ChooseConfig, ACorrectedValueIsNoReasonToGoBack) {
  const std::string corrected = "[DEFAULT]\nFLOAT_CELL_VOLTAGE = 3.6\nMAX_CELL_VOLTAGE = 3.5\n";
  const ConfigChoice choice = choose(corrected, kGood);
  EXPECT_EQ(charge_current(choice), 50);
  EXPECT_EQ(choice.state, ConfigState::corrected);
  EXPECT_EQ(choice.good, corrected);
  EXPECT_TRUE(reports(choice, Level::warning, "FLOAT_CELL_VOLTAGE"));
}

TEST(ChooseConfig, WhatAPowerFailureLeftOfAFileIsNoConfiguration) {
  for (const std::string& wiped : {std::string(), std::string(512, '\0')}) {
    const ConfigChoice choice = choose(wiped, kGood);
    EXPECT_EQ(charge_current(choice), 30);
    EXPECT_EQ(choice.state, ConfigState::unusable);
  }
  EXPECT_EQ(choose("", "").state, ConfigState::fine) << "a file that was never more than empty";
  EXPECT_EQ(charge_current(choose("# the defaults will do\n", kGood)), 50);
}

TEST(ChooseConfig, AFileThatCannotBeReadGivesWayToTheLastGoodOne) {
  const TemporaryFolder folder;
  const auto text = read_config(folder.path());
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(charge_current(choose_config(folder.path(), text, kGood)), 30);
  const ConfigChoice defaults = choose_config(folder.path(), text, "");
  EXPECT_EQ(charge_current(defaults), 50);
  EXPECT_EQ(defaults.state, ConfigState::unusable);
}

TEST(ReadConfig, TellsAMissingFileFromAnEmptyOne) {
  const TemporaryFolder folder;
  const auto missing = read_config(folder.file("config.ini"));
  ASSERT_TRUE(missing.ok());
  EXPECT_EQ(*missing, std::nullopt);
  write_file(folder.file("config.ini"), "");
  const auto empty = read_config(folder.file("config.ini"));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(*empty, "");
  write_file(folder.file("config.ini"), std::string("a\r\n\0b", 5));
  EXPECT_EQ(*read_config(folder.file("config.ini")), std::string("a\r\n\0b", 5));
}

TEST(DescribeFinding, SaysWhereAndWhatToDo) {
  EXPECT_EQ(
      describe(Finding{Finding::warning, 12, "DEFAULT", "POLL_INTERVAL", "is no number", "write 2"}, "/etc/config.ini"),
      "/etc/config.ini:12: POLL_INTERVAL: is no number; write 2");
  EXPECT_EQ(describe(Finding{Finding::unusable, 3, "battery X", "", "fits A and B", ""}, "config.ini"),
            "config.ini:3: [battery X]: fits A and B");
  EXPECT_EQ(describe(Finding{Finding::note, 0, "", "", "nothing", ""}, "config.ini"), "config.ini: nothing");
}

}  // namespace
}  // namespace bmsd
