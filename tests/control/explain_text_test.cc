// The words of explanations, from facts that are written down here.
#include "control/explain_text.h"

#include <gtest/gtest.h>

namespace bmsd::explain_text_test {
namespace {

LimitExplanation cell_limit() {
  LimitExplanation limit;
  limit.value = limit.target = 12;
  limit.rule = Rule::cell_voltage;
  limit.candidates = {{.rule = Rule::configured, .value = 50},
                      {.rule = Rule::cell_voltage, .place = 7, .value = 12, .input = 3.52},
                      {.rule = Rule::temperature, .place = 2, .value = 50, .input = 25}};
  limit.hold_s = 30;
  limit.rate_per_s = 5;
  limit.releases = {{.rule = Rule::cell_voltage, .kind = Release::below, .place = 7, .at = 3.45}};
  return limit;
}

TEST(LimitText, SaysWhatLimitsWhatTheOthersAllowAndWhatReleasesIt) {
  EXPECT_EQ(
      limit_text(cell_limit(), LimitName::ccl),
      "CCL 12.0 A: cell 7 at 3.520 V (rule cell voltage); temperature would allow 50 A; recovers at 5 A/s 30 s after "
      "cell 7 is below 3.450 V");
}

TEST(LimitText, SaysWhereTheLimitIsWholeAgain) {
  LimitExplanation limit = cell_limit();
  limit.releases.front().whole_at = 3.375;
  EXPECT_TRUE(limit_text(limit, LimitName::ccl).ends_with("cell 7 is below 3.450 V (in full below 3.375 V)"));
}

TEST(LimitText, RecoversAtOnceWithoutHoldAndRamp) {
  LimitExplanation limit = cell_limit();
  limit.hold_s = limit.rate_per_s = 0;
  EXPECT_TRUE(limit_text(limit, LimitName::ccl).ends_with("recovers at once as soon as cell 7 is below 3.450 V"));
}

TEST(LimitText, NamesEveryRuleThatLimitsAndWhatEachNeeds) {
  LimitExplanation limit;
  limit.rule = Rule::protection;
  limit.candidates = {{.rule = Rule::configured, .value = 60},
                      {.rule = Rule::bms_limit, .value = 40},
                      {.rule = Rule::protection},
                      {.rule = Rule::fet_off}};
  limit.hold_s = 30;
  limit.rate_per_s = 2.5;
  limit.releases = {{.rule = Rule::protection, .kind = Release::by_bms},
                    {.rule = Rule::fet_off, .kind = Release::by_bms}};
  EXPECT_EQ(
      limit_text(limit, LimitName::dcl),
      "DCL 0.0 A: the BMS has stopped discharging (rule protection of the BMS) and the BMS has switched discharging "
      "off (rule FET of the BMS); limit of the BMS would allow 40 A; recovers at 2.5 A/s 30 s after the BMS permits "
      "discharging again and the BMS has switched discharging on");
}

TEST(LimitText, OfTheConfiguredMaximumPromisesNoRecovery) {
  LimitExplanation limit;
  limit.value = limit.target = 50;
  limit.candidates = {{.rule = Rule::configured, .value = 50}, {.rule = Rule::temperature, .value = 50, .input = 25}};
  limit.releases = {{.rule = Rule::configured}, {.rule = Rule::temperature}};
  EXPECT_EQ(limit_text(limit, LimitName::ccl), "CCL 50.0 A: the configured maximum (MAX_BATTERY_CHARGE_CURRENT)");
}

TEST(LimitText, OnItsWaySaysHowLongThatTakes) {
  LimitExplanation limit;
  limit.value = 10;
  limit.target = 50;
  limit.candidates = {{.rule = Rule::configured, .value = 50}};
  limit.releases = {{}};
  limit.hold_s = 30;
  limit.rate_per_s = 5;
  limit.recovering = Recovering::holds;
  limit.hold_left_s = 12;
  limit.arrives_in_s = 20;
  EXPECT_EQ(limit_text(limit, LimitName::ccl),
            "CCL 10.0 A: held for 12 s more, then rises at 5 A/s to 50 A; then limited by the configured maximum "
            "(MAX_BATTERY_CHARGE_CURRENT)");
  limit.recovering = Recovering::rises;
  limit.hold_left_s.reset();
  limit.arrives_in_s = 8;
  EXPECT_TRUE(limit_text(limit, LimitName::ccl).starts_with("CCL 10.0 A: rises at 5 A/s to 50 A, in 8 s; then"));
  limit.recovering = Recovering::no_data;
  EXPECT_TRUE(limit_text(limit, LimitName::ccl).starts_with("CCL 10.0 A: keeps, because the BMS does not tell"));
  limit.recovering = Recovering::too_little;
  limit.value = 0;
  limit.target = 0.5;
  EXPECT_TRUE(limit_text(limit, LimitName::ccl).starts_with("CCL 0.0 A: stays, because 0.5 A would be too little"));
}

TEST(LimitText, OfAChargeVoltageNamesTheCellThatHoldsItDown) {
  LimitExplanation limit;
  limit.value = limit.target = 54.45;
  limit.rule = Rule::high_cell;
  limit.candidates = {{.rule = Rule::max_cell_voltage, .value = 55.2, .input = 3.45},
                      {.rule = Rule::high_cell, .place = 1, .value = 54.45, .input = 3.55}};
  limit.hold_s = 60;
  limit.rate_per_s = 0.001;
  limit.releases = {{.rule = Rule::high_cell, .kind = Release::below, .place = 1, .at = 3.45}};
  EXPECT_EQ(
      limit_text(limit, LimitName::cvl),
      "CVL 54.45 V: cell 1 at 3.550 V (rule one cell too high); maximum of the cells would allow 55.20 V; recovers at "
      "1 mV/s 60 s after cell 1 is below 3.450 V");
}

StageExplanation stage(ChargeStageName name) {
  StageExplanation stage;
  stage.facts.mode.stage = name;
  stage.facts.sees = stage.facts.single_cells = true;
  stage.facts.count = 16;
  stage.facts.bounds.lowest = 46.4;
  stage.facts.bounds.float_voltage = 54;
  stage.facts.bounds.highest = 55.2;
  stage.facts.sum = 54.24;
  stage.facts.difference = 0.012;
  stage.facts.soc = 95;
  stage.allowed_difference = 0.010;
  return stage;
}

TEST(StageText, OfBulkSaysWhatIsMissingForAbsorption) {
  StageExplanation bulk = stage(ChargeStageName::bulk);
  bulk.missing_volts = 0.96;
  bulk.missing_difference = 0.002;
  EXPECT_EQ(
      stage_text(bulk),
      "Bulk: absorption begins when the cells reach 55.20 V (now 54.24 V, 0.96 V missing) and are at most 10 mV apart "
      "(now 12 mV, 2 mV too far)");
  bulk.missing_difference.reset();
  bulk.allowed_difference.reset();
  bulk.facts.mode.soc_reset = true;
  EXPECT_EQ(stage_text(bulk),
            "Bulk for a SoC reset: absorption begins when the cells reach 55.20 V (now 54.24 V, 0.96 V missing)");
}

TEST(StageText, OfAbsorptionCountsTheTimeUntilFloat) {
  StageExplanation absorption = stage(ChargeStageName::absorption);
  absorption.facts.sum = 55.2;
  absorption.seconds_to_float = 500;
  absorption.volts_to_bulk = 0.48;
  absorption.restart_difference = 0.013;
  EXPECT_EQ(
      stage_text(absorption),
      "Absorption: float in 8 min 20 s, if the cells stay above 54.72 V (now 55.20 V); cells more than 13 mV apart "
      "begin the wait again (now 12 mV)");
}

TEST(StageText, OfFloatSaysWhatEndsIt) {
  StageExplanation floating = stage(ChargeStageName::floating);
  floating.facts.bulk_soc = 80;
  floating.soc_to_bulk = 15;
  floating.difference_to_bulk = 0.068;
  EXPECT_EQ(stage_text(floating),
            "Float: bulk begins below a state of charge of 80 % (now 95 %) or with cells 80 mV apart (now 12 mV)");
  floating.soc_to_bulk.reset();
  floating.difference_to_bulk.reset();
  EXPECT_EQ(stage_text(floating), "Float: nothing ends it");
}

TEST(StageText, WithoutStagesAndWithoutCellsSaysSo) {
  EXPECT_EQ(stage_text(stage(ChargeStageName::always_max)), "Always max: there are no stages (CVCM_ENABLE = False)");
  EXPECT_EQ(stage_text(stage(ChargeStageName::error)),
            "Error: a cell is missing or cannot be believed, so CVL is not above float (54.00 V)");
}

Explanation debug(ChargeStageName name) {
  Explanation explanation;
  explanation.stage = stage(name);
  explanation.cvl = cell_limit();
  explanation.cvl->candidates = {{.rule = Rule::max_cell_voltage, .value = 12, .input = 3.45}};
  explanation.cvl->releases = {{}};
  return explanation;
}

TEST(DebugTexts, ShowTheConditionsWithTheirPresentValues) {
  const ControlConfig config;
  EXPECT_EQ(float_debug_text(config, debug(ChargeStageName::bulk)),
            "Charges to the maximum: yes\nSum of the cells 54.240 V, needed 55.20 V, 0.960 V missing\n"
            "Difference 0.012 V, allowed 0.010 V, 0.002 V too far\nWait: not begun, 900 s");
  Explanation absorption = debug(ChargeStageName::absorption);
  absorption.stage->seconds_to_float = 580;
  absorption.stage->volts_to_bulk = 0.48;
  EXPECT_TRUE(float_debug_text(config, absorption)
                  .ends_with("Wait: 580 s left of 900 s; begins again above 0.013 V, ends below 53.76 V"));
  EXPECT_EQ(bulk_debug_text(config, debug(ChargeStageName::floating)),
            "In float: yes\nSoC 95 %, bulk below 80 %\nDifference 0.012 V, bulk from 0.080 V\nSoC reset wanted: no");
}

TEST(DebugTexts, ShowEverythingThatDecides) {
  ControlConfig config;
  Explanation explanation = debug(ChargeStageName::floating);
  explanation.stage->facts.soc_reset_last_reached = 1'750'000'000;
  config.stages.soc_reset_after_days = 30;
  const std::string text = charge_debug_text(config, explanation);
  for (const char* fact : {"Cells: 16, sum 54.240 V", "difference 0.012 V", "SoC: 95 %", "maximum 55.20 V",
                           "float 54.00 V", "wait 900 s", "hold 60 s", "after 30 days", "last 2025-06-15"}) {
    EXPECT_NE(text.find(fact), std::string::npos) << fact << " in\n" << text;
  }
}

TEST(DebugTexts, SayThatNothingIsKnownYet) {
  EXPECT_EQ(charge_debug_text({}, {}), "The number of cells is not known yet");
  EXPECT_EQ(bulk_debug_text({}, {}), float_debug_text({}, {}));
}

}  // namespace
}  // namespace bmsd::explain_text_test
