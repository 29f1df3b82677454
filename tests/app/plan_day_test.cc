#include "app/plan_day.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/plan_svg.h"
#include "app/plan_text.h"

namespace bmsd {
namespace {

using ::testing::HasSubstr;

PlanDayOptions afternoon(double soc) {
  PlanDayOptions options;
  options.plant.start_hour = 8;
  options.hours = 9;
  options.plant.house.clouds = 0;
  options.plant.house.day_of_year = 172;
  options.plant.battery.soc_percent = soc;
  options.plant.battery.spread = 0;
  return options;
}

TEST(PlanDay, TheStageIsWhatTheModeBeginsWith) {
  EXPECT_EQ(stage_of("Bulk │ Linear Mode"), "Bulk");
  EXPECT_EQ(stage_of("Absorption (Cell OVP) & SoC Reset + Balancing │ Linear Mode"), "Absorption");
  EXPECT_EQ(stage_of("Float Transition │ Step Mode"), "Float Transition");
  EXPECT_EQ(stage_of("Keep always max voltage"), "Keep always max voltage");
}

TEST(PlanDay, WhatLimitsIsTheRuleAndNotThatItRecovers) {
  EXPECT_EQ(limiting_rule("Cell Voltage, Temp *", true), "Cell Voltage, Temp");
  EXPECT_EQ(limiting_rule("Max Battery Charge Current *", true), "coming back");
  EXPECT_EQ(limiting_rule("Max Battery Charge Current", false), "Max Battery Charge Current");
}

TEST(PlanDay, ASunnyDayFillsABatteryOfEqualCells) {
  const BatteryConfig config;
  const PlanDay day = simulate_day(config, afternoon(85));
  ASSERT_FALSE(day.full_charges.empty());
  EXPECT_GT(day.full_charges.front(), 8);
  EXPECT_GT(day.at_maximum_hours, 0.1);
  double hours = 0;
  for (const PlanShare& mode : day.modes) hours += mode.hours;
  EXPECT_NEAR(hours, 9, 0.01);
  EXPECT_THAT(plan_summary(day, config, afternoon(85)), HasSubstr("Charged fully at"));
}

TEST(PlanDay, WithoutStagesNothingIsFullAndTheReasonIsSaid) {
  BatteryConfig config;
  config.control.stages.enabled = false;
  const PlanDay day = simulate_day(config, afternoon(85));
  EXPECT_TRUE(day.full_charges.empty());
  EXPECT_THAT(plan_summary(day, config, afternoon(85)), HasSubstr("CVCM_ENABLE"));
}

TEST(PlanDay, VoltageDropIsLostInTheCable) {
  BatteryConfig config;
  config.control.voltage_drop = 1;
  const PlanDay day = simulate_day(config, afternoon(95));
  EXPECT_LT(day.highest_sum, 55.3);
}

TEST(PlanSvg, TextsAreEscaped) {
  PlanDay day = simulate_day({}, afternoon(50));
  for (PlanSample& sample : day.samples) sample.charge_rule = "<&\">";
  const std::string svg = plan_svg(day, "a < b", "c & d");
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr("c &amp; d"));
  EXPECT_THAT(svg, HasSubstr("&lt;&amp;&quot;&gt;"));
  EXPECT_EQ(svg.find("<&"), std::string::npos);
}

}  // namespace
}  // namespace bmsd
