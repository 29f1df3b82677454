// The facts behind limits: which rule made them, what the others asked for, what would release them.
#include "control/explain.h"

#include <gtest/gtest.h>

#include "control/charge_control.h"
#include "control_fixture.h"

namespace bmsd::explain_test {
namespace {

// A battery and its charge control.
class Watched {
 public:
  ControlConfig config;

  Explanation says(const Reading& reading) {
    EXPECT_TRUE(battery_.merge(reading, 0, now_));
    control_.round_good(now_);
    return evaluated();
  }
  Explanation fails() {
    control_.round_failed(battery_, config, now_);
    return evaluated();
  }
  Explanation after(Duration time) {
    now_ += time;
    return evaluated();
  }
  // Says it again and again, once a second.
  Explanation says_for(Duration time, const Reading& reading) {
    Explanation explanation = says(reading);
    for (const Instant end = now_ + time; now_ < end;) {
      now_ += 1s;
      explanation = says(reading);
    }
    return explanation;
  }
  const Limits& limits() const { return control_.outputs().limits; }

 private:
  Explanation evaluated() {
    control_.evaluate(config, battery_, {}, true, {}, now_);
    return explain(config, limits(), now_);
  }

  Battery battery_;
  ChargeControl control_;
  Instant now_{1h};
};

const LimitCandidate* candidate_of(const LimitExplanation& limit, Rule rule) {
  for (const LimitCandidate& candidate : limit.candidates) {
    if (candidate.rule == rule) return &candidate;
  }
  return nullptr;
}

Reading with_high_cell(double volts, double others = 3.3) {
  std::vector<double> cells(16, others);
  cells[6] = volts;
  return reading_of(std::move(cells));
}

// --- Where a table gives more

const Table kFalling = {{3.5, 3.45, 3.4, 3.3}, {0, 0.1, 0.5, 1}};
const Table kHill = {{0, 10, 40, 50}, {0, 1, 1, 0}};

TEST(ReleaseOfATable, IsABreakPointWhereItDoesNotSlope) {
  const auto release = release_of(kFalling, Between::line, 3.6, 0);
  ASSERT_TRUE(release);
  EXPECT_TRUE(release->below);
  EXPECT_DOUBLE_EQ(release->at, 3.5);
  EXPECT_NEAR(release->whole_at, 3.3, 1e-6);
}

TEST(ReleaseOfATable, IsWhereWeAreOnASlope) {
  const auto release = release_of(kFalling, Between::line, 3.42, fraction_at(kFalling, 3.42));
  ASSERT_TRUE(release);
  EXPECT_DOUBLE_EQ(release->at, 3.42);
}

TEST(ReleaseOfATable, IsBetweenTwoPointsForAShareBetweenTheirs) {
  const auto release = release_of(kFalling, Between::line, 3.6, 0.05);
  ASSERT_TRUE(release);
  EXPECT_NEAR(release->at, 3.475, 1e-9);
}

TEST(ReleaseOfATable, InStepsIsTheBeginningOfTheNextOne) {
  const auto lower = release_of(kFalling, Between::lower, 3.42, 0.5);  // of 3.4
  ASSERT_TRUE(lower);
  EXPECT_DOUBLE_EQ(lower->at, 3.4);
  const auto upper = release_of(kFalling, Between::upper, 3.42, 0.1);  // of 3.45
  ASSERT_TRUE(upper);
  EXPECT_DOUBLE_EQ(upper->at, 3.4);
  EXPECT_GT(fraction_at(kFalling, upper->at - 1e-6, Between::upper), 0.1);
}

TEST(ReleaseOfATable, OfAHillIsTowardsItsTop) {
  const auto cold = release_of(kHill, Between::line, -5, 0), hot = release_of(kHill, Between::line, 45, 0.5);
  ASSERT_TRUE(cold && hot);
  EXPECT_FALSE(cold->below);
  EXPECT_DOUBLE_EQ(cold->at, 0);
  EXPECT_NEAR(cold->whole_at, 10, 1e-6);
  EXPECT_TRUE(hot->below);
  EXPECT_NEAR(hot->whole_at, 40, 1e-6);
}

TEST(ReleaseOfATable, IsNowhereWhenItNeverGivesMore) {
  EXPECT_FALSE(release_of(kFalling, Between::line, 3.2, 1));
  EXPECT_FALSE(release_of({{1, 2}, {0}}, Between::line, 1, 0));
  EXPECT_FALSE(release_of({}, Between::line, 1, 0));
}

// --- Currents

TEST(ExplainedCurrent, IsTheConfiguredOneWhereNothingLimits) {
  Watched battery;
  const LimitExplanation ccl = battery.says(reading_of(16, 3.3)).ccl;
  EXPECT_EQ(ccl.rule, Rule::configured);
  EXPECT_DOUBLE_EQ(ccl.value, 50);
  ASSERT_EQ(ccl.releases.front().kind, Release::by_user);
  EXPECT_EQ(ccl.recovering, Recovering::no);
}

TEST(ExplainedCurrent, NamesTheCellAndWhatTheOtherRulesAskFor) {
  Watched battery;
  const LimitExplanation ccl = battery.says(with_high_cell(3.44)).ccl;
  EXPECT_EQ(ccl.rule, Rule::cell_voltage);
  const LimitCandidate* cell = candidate_of(ccl, Rule::cell_voltage);
  ASSERT_NE(cell, nullptr);
  EXPECT_EQ(cell->place, 7);
  EXPECT_DOUBLE_EQ(*cell->input, 3.44);
  EXPECT_NEAR(cell->value, ccl.value, 0.001);
  ASSERT_NE(candidate_of(ccl, Rule::temperature), nullptr);
  EXPECT_DOUBLE_EQ(candidate_of(ccl, Rule::temperature)->value, 50);
  EXPECT_EQ(candidate_of(ccl, Rule::soc), nullptr);  // is off
}

TEST(ExplainedCurrent, OfZeroIsReleasedWhereTheThresholdIsReached) {
  Watched battery;
  const LimitExplanation ccl = battery.says(with_high_cell(3.52)).ccl;
  EXPECT_DOUBLE_EQ(ccl.value, 0);
  ASSERT_EQ(ccl.releases.size(), 1U);
  const Release& release = ccl.releases.front();
  EXPECT_EQ(release.kind, Release::below);
  EXPECT_EQ(release.place, 7);
  // 0.5 % at 3.450 V, 5 % at 3.425 V: 1.5 % is at 3.4444 V.
  EXPECT_NEAR(*release.at, 3.4444, 1e-4);
  EXPECT_NEAR(*release.whole_at, 3.375, 1e-4);
  EXPECT_DOUBLE_EQ(ccl.hold_s, 30);
  EXPECT_DOUBLE_EQ(ccl.rate_per_s, 5);
}

TEST(ExplainedCurrent, OfTheLowestCellIsReleasedUpwards) {
  Watched battery;
  std::vector<double> cells(16, 3.3);
  cells[2] = 3.05;
  const LimitExplanation dcl = battery.says(reading_of(std::move(cells))).dcl;
  EXPECT_EQ(dcl.rule, Rule::cell_voltage);
  EXPECT_EQ(candidate_of(dcl, Rule::cell_voltage)->place, 3);
  EXPECT_EQ(dcl.releases.front().kind, Release::above);
  EXPECT_DOUBLE_EQ(*dcl.releases.front().at, 3.05);
}

TEST(ExplainedCurrent, NamesTheSensorOfTheTemperatureThatLimits) {
  Watched battery;
  Reading reading = reading_of(16, 3.3);
  reading.cell_temperatures = {25.0, 3.0};
  const LimitExplanation cold = battery.says(reading).ccl;
  EXPECT_EQ(cold.rule, Rule::temperature);
  EXPECT_EQ(candidate_of(cold, Rule::temperature)->place, 2);
  EXPECT_EQ(cold.releases.front().kind, Release::above);
  reading.cell_temperatures = {47.0, 30.0};
  const LimitExplanation hot = battery.says(reading).ccl;
  EXPECT_EQ(candidate_of(hot, Rule::temperature)->place, 1);
  EXPECT_EQ(hot.releases.front().kind, Release::below);
}

TEST(ExplainedCurrent, OfTheMosfetsAndOfTheStateOfCharge) {
  Watched battery;
  battery.config.charge.by_soc = true;
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::mos_temperature, 75);
  EXPECT_EQ(battery.says(reading).ccl.rule, Rule::mos_temperature);
  reading.set(Field::soc, 97);
  const LimitExplanation ccl = battery.says(reading).ccl;
  EXPECT_EQ(ccl.rule, Rule::soc);
  EXPECT_EQ(ccl.releases.front().kind, Release::below);
  EXPECT_DOUBLE_EQ(*candidate_of(ccl, Rule::soc)->input, 97);
}

TEST(ExplainedCurrent, OfTheBmsIsReleasedByTheBms) {
  Watched battery;
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::max_charge_current, 20);
  EXPECT_EQ(battery.says(reading).ccl.rule, Rule::bms_limit);
  reading.set(Field::charge_fet_on, 0);
  reading.alarms = Alarms();
  reading.alarms->raise({0, 0, "x", Alarm::low_voltage, Severity::alarm, Blocks::discharge});
  const Explanation stopped = battery.says(reading);
  EXPECT_EQ(stopped.ccl.rule, Rule::fet_off);
  EXPECT_EQ(stopped.dcl.rule, Rule::protection);
  EXPECT_EQ(stopped.ccl.releases.front().kind, Release::by_bms);
  EXPECT_EQ(candidate_of(stopped.ccl, Rule::bms_limit)->value, 20);
}

TEST(ExplainedCurrent, NeedsTheReleaseOfEveryRuleThatIsAsLow) {
  Watched battery;
  Reading reading = with_high_cell(3.52);
  reading.cell_temperatures = {-3.0};
  const LimitExplanation ccl = battery.says(reading).ccl;
  ASSERT_EQ(ccl.releases.size(), 2U);
  EXPECT_EQ(ccl.releases[0].rule, Rule::cell_voltage);
  EXPECT_EQ(ccl.releases[1].rule, Rule::temperature);
}

TEST(ExplainedCurrent, OfCellsInDoubtIsReleasedWhenTheyCanBeBelieved) {
  Watched battery;
  const LimitExplanation ccl = battery.says(with_high_cell(8)).ccl;
  EXPECT_EQ(ccl.rule, Rule::cell_voltage);
  EXPECT_TRUE(candidate_of(ccl, Rule::cell_voltage)->in_doubt);
  EXPECT_EQ(ccl.releases.front().kind, Release::believe);
}

TEST(ExplainedCurrent, OnItsWayBackTellsHowLongThatTakes) {
  Watched battery;
  battery.says(with_high_cell(3.52));
  battery.after(10s);
  const LimitExplanation holds = battery.says(reading_of(16, 3.3)).ccl;
  EXPECT_EQ(holds.recovering, Recovering::holds);
  EXPECT_DOUBLE_EQ(holds.value, 0);
  EXPECT_DOUBLE_EQ(holds.target, 50);
  EXPECT_EQ(holds.rule, Rule::configured);
  EXPECT_DOUBLE_EQ(*holds.hold_left_s, 30);
  EXPECT_DOUBLE_EQ(*holds.arrives_in_s, 40);
  EXPECT_DOUBLE_EQ(*battery.after(10s).ccl.hold_left_s, 20);
  battery.after(20s);
  const LimitExplanation rises = battery.after(4s).ccl;
  EXPECT_EQ(rises.recovering, Recovering::rises);
  EXPECT_DOUBLE_EQ(rises.value, 20);
  EXPECT_DOUBLE_EQ(*rises.arrives_in_s, 6);
  EXPECT_EQ(battery.after(6s).ccl.recovering, Recovering::no);
}

TEST(ExplainedCurrent, DoesNotRiseWithoutDataNorFromZeroToNextToNothing) {
  Watched battery;
  battery.says(with_high_cell(3.52));
  EXPECT_EQ(battery.says(with_high_cell(3.449)).ccl.recovering, Recovering::too_little);
  battery.says(reading_of(16, 3.3));
  battery.fails();
  battery.after(1s);
  battery.fails();
  EXPECT_EQ(battery.after(40s).ccl.recovering, Recovering::no_data);
  const LimitExplanation blocked = battery.after(31min).ccl;
  EXPECT_EQ(blocked.rule, Rule::connection);
  EXPECT_EQ(blocked.releases.front().kind, Release::answers);
  EXPECT_NE(candidate_of(blocked, Rule::temperature), nullptr);
}

// --- Charge voltage and stages

TEST(ExplainedVoltage, IsTheMaximumAndTellsWhatAbsorptionMisses) {
  Watched battery;
  const Explanation bulk = battery.says(with_high_cell(3.32));
  ASSERT_TRUE(bulk.cvl && bulk.stage);
  EXPECT_EQ(bulk.cvl->rule, Rule::max_cell_voltage);
  EXPECT_DOUBLE_EQ(bulk.cvl->value, 55.2);
  EXPECT_NEAR(*bulk.stage->missing_volts, 55.2 - 15 * 3.3 - 3.32, 1e-9);
  EXPECT_NEAR(*bulk.stage->missing_difference, 0.010, 1e-9);
}

TEST(ExplainedVoltage, NamesTheCellThatIsTooHighAndWhenItIsNot) {
  Watched battery;
  const LimitExplanation cvl = *battery.says(with_high_cell(3.5, 3.4)).cvl;
  EXPECT_EQ(cvl.rule, Rule::high_cell);
  EXPECT_NEAR(cvl.value, 15 * 3.4 + 3.45, 0.005);
  EXPECT_EQ(candidate_of(cvl, Rule::high_cell)->place, 7);
  EXPECT_DOUBLE_EQ(candidate_of(cvl, Rule::max_cell_voltage)->value, 55.2);
  EXPECT_EQ(cvl.releases.front().kind, Release::below);
  EXPECT_DOUBLE_EQ(*cvl.releases.front().at, 3.45);

  const LimitExplanation holds = *battery.says(with_high_cell(3.44, 3.4)).cvl;
  EXPECT_EQ(holds.recovering, Recovering::holds);
  EXPECT_DOUBLE_EQ(*holds.hold_left_s, 60);
  EXPECT_NEAR(holds.target, 55.2, 1e-9);
  const LimitExplanation rises = *battery.after(70s).cvl;
  EXPECT_EQ(rises.recovering, Recovering::rises);
  EXPECT_NEAR(*rises.arrives_in_s, (55.2 - 54.46) / 0.001, 1);
}

TEST(ExplainedVoltage, CountsTheSecondsUntilFloatAndWhatEndsFloat) {
  Watched battery;
  const Reading full = reading_of(16, 3.451);
  Explanation absorption = battery.says_for(100s, full);
  EXPECT_EQ(absorption.stage->facts.mode.stage, ChargeStageName::absorption);
  EXPECT_DOUBLE_EQ(*absorption.stage->seconds_to_float, 800);
  EXPECT_NEAR(*absorption.stage->volts_to_bulk, 16 * 0.031, 1e-6);
  Explanation falling = battery.says_for(801s, full);
  EXPECT_EQ(falling.cvl->rule, Rule::float_cell_voltage);
  EXPECT_EQ(falling.cvl->recovering, Recovering::falls);
  EXPECT_EQ(falling.cvl->releases.front().kind, Release::by_stage);
  const Explanation floating = battery.says_for(1300s, reading_of(16, 3.37));
  EXPECT_EQ(floating.stage->facts.mode.stage, ChargeStageName::floating);
  EXPECT_DOUBLE_EQ(floating.cvl->value, 54);
  EXPECT_DOUBLE_EQ(*floating.stage->difference_to_bulk, 0.08);
  // The BMS says 60 % of the full battery: it has to fall by 1 % more.
  EXPECT_DOUBLE_EQ(*floating.stage->soc_to_bulk, 1);
}

TEST(ExplainedVoltage, OfTheBmsOfASocResetAndOfCellsThatAreNotKnown) {
  Watched battery;
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::cell_voltage_max_limit, 3.4);
  const LimitExplanation of_bms = *battery.says(reading).cvl;
  EXPECT_EQ(of_bms.rule, Rule::bms_cell_limit);
  EXPECT_NEAR(of_bms.value, 54.4, 1e-9);
  EXPECT_DOUBLE_EQ(candidate_of(of_bms, Rule::max_cell_voltage)->value, 55.2);

  const LimitExplanation kept = *battery.says(with_high_cell(8)).cvl;
  EXPECT_EQ(kept.recovering, Recovering::no_data);
  const LimitExplanation unknown = *battery.after(2min).cvl;
  EXPECT_EQ(unknown.rule, Rule::cells_unknown);
  EXPECT_EQ(unknown.releases.front().kind, Release::believe);
}

TEST(ExplainedVoltage, CarriesTheVoltageDropInEveryValue) {
  Watched battery;
  battery.config.voltage_drop = 0.3;
  const LimitExplanation cvl = *battery.says(reading_of(16, 3.3)).cvl;
  EXPECT_DOUBLE_EQ(cvl.value, 55.5);
  EXPECT_DOUBLE_EQ(cvl.target, 55.5);
  EXPECT_DOUBLE_EQ(candidate_of(cvl, Rule::max_cell_voltage)->value, 55.5);
}

TEST(ExplainedVoltage, IsNotThereBeforeTheCellsAreCounted) {
  Watched battery;
  Reading reading;
  reading.set(Field::soc, 50);
  const Explanation explanation = battery.says(reading);
  EXPECT_FALSE(explanation.cvl);
  EXPECT_FALSE(explanation.stage);
  EXPECT_EQ(explanation.ccl.rule, Rule::configured);
}

}  // namespace
}  // namespace bmsd::explain_test
