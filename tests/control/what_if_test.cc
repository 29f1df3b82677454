// What the limits would be, if: through the same evaluation, without a trace in the battery that was asked about.
#include "control/what_if.h"

#include <gtest/gtest.h>

#include "control_fixture.h"

namespace bmsd::what_if_test {
namespace {

constexpr Instant kNow{1h};

ControlCase case_of(const Reading& reading) {
  ControlCase now;
  EXPECT_TRUE(now.battery.merge(reading, 0, kNow));
  now.control.round_good(kNow);
  now.control.evaluate(now.config, now.battery, {}, true, {}, kNow);
  return now;
}

WhatIf result(const ControlCase& now, std::vector<Supposition> suppositions) {
  const auto supposed = suppose(now, suppositions, kNow);
  EXPECT_TRUE(supposed) << describe(supposed.error());
  return what_if(*supposed, kNow);
}

std::string error(const ControlCase& now, std::vector<Supposition> suppositions) {
  const auto supposed = suppose(now, suppositions, kNow);
  EXPECT_FALSE(supposed);
  return supposed ? "" : supposed.error().detail;
}

TEST(WhatIf, ReductionsActAtOnceAndStay) {
  const ControlCase now = case_of(reading_of(16, 3.3));
  const WhatIf cold = result(now, {{Supposed::temperature, 2}});
  EXPECT_DOUBLE_EQ(cold.at_once.explanation.ccl.value, 12.5);
  EXPECT_EQ(cold.at_once.explanation.ccl.rule, Rule::temperature);
  EXPECT_DOUBLE_EQ(cold.later.explanation.ccl.value, 12.5);
  EXPECT_DOUBLE_EQ(cold.after_s, 0);
  EXPECT_TRUE(cold.settled);
}

TEST(WhatIf, RisesComeAfterHoldAndRamp) {
  std::vector<double> cells(16, 3.3);
  cells[3] = 3.52;
  const ControlCase now = case_of(reading_of(std::move(cells)));
  const WhatIf lower = result(now, {{Supposed::cell_max, 3.35}});
  EXPECT_DOUBLE_EQ(lower.at_once.explanation.ccl.value, 0);
  EXPECT_EQ(lower.at_once.explanation.ccl.recovering, Recovering::holds);
  EXPECT_DOUBLE_EQ(lower.later.explanation.ccl.value, 50);
  EXPECT_TRUE(lower.settled);
  EXPECT_GE(lower.after_s, 40);
}

TEST(WhatIf, TheHighestCellIsTheHighest) {
  const ControlCase now = case_of(reading_of(16, 3.3));
  const auto high = suppose(now, std::vector<Supposition>{{Supposed::cell_max, 3.6}}, kNow);
  ASSERT_TRUE(high);
  EXPECT_DOUBLE_EQ(high->battery.cell_voltages()->at(0), 3.6);
  EXPECT_DOUBLE_EQ(high->battery.cell_voltages()->at(15), 3.3);
  const auto low = suppose(now, std::vector<Supposition>{{Supposed::cell_max, 3.2}}, kNow);
  for (const double cell : *low->battery.cell_voltages()) EXPECT_DOUBLE_EQ(cell, 3.2);
}

TEST(WhatIf, BothEndsOfEqualCellsAreDifferentCells) {
  const ControlCase now = case_of(reading_of(16, 3.3));
  const auto apart = suppose(now, std::vector<Supposition>{{Supposed::cell_max, 3.5}, {Supposed::cell_min, 3.1}}, kNow);
  ASSERT_TRUE(apart);
  EXPECT_DOUBLE_EQ(apart->battery.cell_voltages()->front(), 3.5);
  EXPECT_DOUBLE_EQ(apart->battery.cell_voltages()->back(), 3.1);
}

TEST(WhatIf, TheVoltageMovesAllCells) {
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::voltage, 52.8);
  const auto up = suppose(case_of(reading), std::vector<Supposition>{{Supposed::voltage, 54.4}}, kNow);
  ASSERT_TRUE(up);
  EXPECT_NEAR(up->battery.cell_voltages()->at(5), 3.4, 1e-9);
  EXPECT_NEAR(*up->battery.get(Field::voltage), 54.4, 1e-9);
}

TEST(WhatIf, FetsAndLimitsOfTheBms) {
  const ControlCase now = case_of(reading_of(16, 3.3));
  const WhatIf off = result(now, {{Supposed::charge_fet, 0}, {Supposed::bms_discharge_limit, 15}});
  EXPECT_FALSE(off.at_once.may_charge);
  EXPECT_EQ(off.at_once.explanation.ccl.rule, Rule::fet_off);
  EXPECT_DOUBLE_EQ(off.at_once.explanation.dcl.value, 15);
}

TEST(WhatIf, LeavesTheBatteryThatItIsAboutAsItIs) {
  const ControlCase now = case_of(reading_of(16, 3.3));
  const Limits before = now.control.outputs().limits;
  result(now, {{Supposed::cell_max, 3.6}, {Supposed::temperature, -5}});
  EXPECT_EQ(now.control.outputs().limits, before);
  EXPECT_DOUBLE_EQ(now.battery.cell_voltages()->front(), 3.3);
}

TEST(WhatIf, TellsWhyABatteryCannotBeLikeThat) {
  ControlCase now = case_of(reading_of(16, 3.3));
  EXPECT_NE(error(now, {{Supposed::soc, 140}}).find("would not believe"), std::string::npos);
  EXPECT_EQ(error(now, {{Supposed::cell_min, 3.4}, {Supposed::cell_max, 3.3}}), "cell_min is above cell_max");
  Reading no_cells;
  no_cells.set(Field::voltage, 52.8);
  no_cells.set(Field::cell_count, 16);
  now = case_of(no_cells);
  EXPECT_NE(error(now, {{Supposed::cell_max, 3.4}}).find("single cells"), std::string::npos);
  EXPECT_NE(error(now, {{Supposed::temperature, 3}}).find("no temperature"), std::string::npos);
  EXPECT_DOUBLE_EQ(*suppose(now, std::vector<Supposition>{{Supposed::voltage, 55}}, kNow)->battery.get(Field::voltage),
                   55);
}

TEST(WhatIf, EveryKeyHasItsName) {
  for (const SupposedKey& key : supposed_keys()) {
    const auto what = supposed_of(key.name);
    ASSERT_TRUE(what) << key.name;
    EXPECT_EQ(supposed_keys()[static_cast<std::size_t>(*what)].name, key.name);
  }
  EXPECT_FALSE(supposed_of("cellmax"));
}

}  // namespace
}  // namespace bmsd::what_if_test
