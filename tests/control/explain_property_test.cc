// Whatever the battery says: an explanation agrees with the limit that it explains, and what it says would release the
// limit does.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "control/charge_control.h"
#include "control/current_limits.h"
#include "control/explain.h"
#include "control/explain_text.h"
#include "control_fixture.h"

namespace bmsd::explain_property_test {
namespace {

struct State {
  int high_mv, low_mv;  // V / 1000 above 2.7, of cell 7 and of cell 3; the others are at 3.3 V
  int cold, hot;        // degrees Celsius
  int mos, soc;
  int bms_a;  // 0..100; more than the configured ones limit nothing
  bool fet, protection;

  friend std::ostream& operator<<(std::ostream& out, const State& s) {
    return out << "cells " << 2.7 + s.low_mv / 1000.0 << " to " << 2.7 + s.high_mv / 1000.0 << " V, " << s.cold
               << " to " << s.hot << " C, MOSFET " << s.mos << ", SoC " << s.soc << ", BMS " << s.bms_a << " A, FET "
               << s.fet << ", protection " << s.protection;
  }
};

rc::Gen<State> states() {
  return rc::gen::build<State>(
      rc::gen::set(&State::high_mv, rc::gen::inRange(600, 900)), rc::gen::set(&State::low_mv, rc::gen::inRange(0, 600)),
      rc::gen::set(&State::cold, rc::gen::inRange(-19, 25)), rc::gen::set(&State::hot, rc::gen::inRange(25, 60)),
      rc::gen::set(&State::mos, rc::gen::inRange(20, 95)), rc::gen::set(&State::soc, rc::gen::inRange(0, 101)),
      rc::gen::set(&State::bms_a, rc::gen::inRange(0, 100)),
      rc::gen::set(&State::fet, rc::gen::weightedElement<bool>({{9, true}, {1, false}})),
      rc::gen::set(&State::protection, rc::gen::weightedElement<bool>({{1, true}, {9, false}})));
}

Reading reading_of(const State& s) {
  std::vector<double> cells(16, 3.3);
  cells[6] = 2.7 + s.high_mv / 1000.0;
  cells[2] = 2.7 + s.low_mv / 1000.0;
  Reading reading = bmsd::reading_of(std::move(cells));
  reading.cell_temperatures = {static_cast<double>(s.hot), static_cast<double>(s.cold)};
  reading.set(Field::mos_temperature, s.mos);
  reading.set(Field::soc, s.soc);
  reading.set(Field::max_charge_current, s.bms_a);
  reading.set(Field::max_discharge_current, s.bms_a);
  reading.set(Field::charge_fet_on, s.fet);
  reading.set(Field::discharge_fet_on, s.fet);
  reading.alarms = Alarms();
  if (s.protection) reading.alarms->raise({0, 0, "x", Alarm::high_voltage, Severity::alarm, Blocks::both});
  return reading;
}

rc::Gen<ControlConfig> configurations() {
  return rc::gen::map(rc::gen::tuple(rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>(), rc::gen::inRange(1, 4),
                                     rc::gen::inRange(0, 4)),
                      [](const std::tuple<bool, bool, int, int>& choice) {
                        const auto& [steps, by_soc, size, controller] = choice;
                        ControlConfig config;
                        config.steps = steps;
                        config.charge.by_soc = config.discharge.by_soc = by_soc;
                        config.max_battery_charge_current = 37.5 * size;
                        config.max_battery_discharge_current = 55 * size;
                        config.stages.controller = static_cast<CellController>(controller);
                        return config;
                      });
}

void agrees(const LimitExplanation& limit) {
  RC_ASSERT(!limit.candidates.empty());
  double lowest = limit.candidates.front().value;
  for (const LimitCandidate& candidate : limit.candidates) lowest = std::min(lowest, candidate.value);
  RC_ASSERT(std::abs(lowest - limit.target) <= 0.00051);  // it is rounded to 1 mA
  const auto named = std::find_if(limit.candidates.begin(), limit.candidates.end(),
                                  [&](const LimitCandidate& candidate) { return candidate.rule == limit.rule; });
  RC_ASSERT(named != limit.candidates.end());
  RC_ASSERT(named->value - lowest < 0.001);
  RC_ASSERT(!limit.releases.empty());
}

RC_GTEST_PROP(Explanation, AgreesWithTheLimitThroughAnyHistory, ()) {
  const ControlConfig config = *configurations();
  const auto history = *rc::gen::container<std::vector<std::pair<State, int>>>(rc::gen::pair(
      states(), rc::gen::weightedOneOf<int>({{3, rc::gen::inRange(0, 5)}, {1, rc::gen::inRange(5, 2000)}})));
  Battery battery = calm_battery();
  ChargeControl control;
  Instant now(1h);
  for (const auto& [state, after] : history) {
    now += after * 1s;
    if (after % 7 == 6) {
      control.round_failed(battery, config, now);
    } else {
      RC_ASSERT(battery.merge(reading_of(state), 0, now).ok());
      control.round_good(now);
    }
    const Limits limits = control.evaluate(config, battery, {}, true, {}, now).limits;
    const Explanation explanation = explain(config, limits, now);
    for (const auto& [limit, published] :
         {std::pair(explanation.ccl, limits.charge.value), std::pair(explanation.dcl, limits.discharge.value)}) {
      agrees(limit);
      RC_ASSERT(limit.value == published);
      RC_ASSERT(limit.value <= limit.target);
      RC_ASSERT((limit.recovering == Recovering::no) == (limit.value == limit.target));
    }
    RC_ASSERT(explanation.cvl.has_value() == limits.cvl.has_value());
    if (explanation.cvl) {
      agrees(*explanation.cvl);
      const double away = explanation.cvl->target - explanation.cvl->value;
      if (explanation.cvl->recovering == Recovering::no) RC_ASSERT(std::abs(away) < 0.011);
      if (explanation.cvl->recovering == Recovering::rises) RC_ASSERT(away > -0.006);
    }
    RC_ASSERT(!limit_text(explanation.ccl, LimitName::ccl).empty());
  }
}

// Does to the battery what the explanation asks for: a small step beyond each threshold.
bool release(State& state, Reading& reading, const Release& release, bool charging) {
  const double step = release.rule == Rule::cell_voltage ? 0.001 : 0.1;  // enough for a milliampere
  const double at = release.at.value_or(0) + (release.kind == Release::below ? -step : step);
  switch (release.rule) {
    case Rule::cell_voltage:
      (*reading.cell_voltages)[charging ? 6 : 2] = at;
      // The other cells are not in the way where the threshold is beyond them.
      for (double& cell : *reading.cell_voltages) cell = charging ? std::min(cell, at) : std::max(cell, at);
      return true;
    case Rule::temperature:
      (*reading.cell_temperatures)[release.kind == Release::below ? 0 : 1] = at;
      for (double& celsius : *reading.cell_temperatures) {
        celsius = release.kind == Release::below ? std::min(celsius, at) : std::max(celsius, at);
      }
      return true;
    case Rule::mos_temperature:
      reading.set(Field::mos_temperature, at);
      return true;
    case Rule::soc:
      reading.set(Field::soc, at);
      return at >= 0 && at <= 100;
    case Rule::bms_limit:
      reading.set(charging ? Field::max_charge_current : Field::max_discharge_current, state.bms_a + 2);
      return true;
    case Rule::fet_off:
      reading.set(charging ? Field::charge_fet_on : Field::discharge_fet_on, 1);
      return true;
    case Rule::protection:
      reading.alarms = Alarms();
      return true;
    default:
      return false;
  }
}

RC_GTEST_PROP(Explanation, WhatItSaysWouldReleaseALimitOfCurrentDoes, ()) {
  const ControlConfig config = *configurations();
  State state = *states();
  const bool charging = *rc::gen::arbitrary<bool>();
  const Battery battery = battery_of(reading_of(state));
  const auto explained = [&](const Battery& of) {
    const Limits limits = first_limits(config, of, {}, true);
    const Explanation explanation = explain(config, limits, Instant());
    return charging ? explanation.ccl : explanation.dcl;
  };
  const LimitExplanation before = explained(battery);
  RC_PRE(before.rule != Rule::configured);
  // Released rule by rule: where one is out of the way another one may be as low.
  Reading reading = reading_of(state);
  LimitExplanation now = before;
  for (int i = 0; i < 8 && now.target <= before.target; ++i) {
    for (const Release& each : now.releases) {
      if (each.kind == Release::by_user) RC_DISCARD("nothing but the configuration would");
      RC_ASSERT(each.at || each.kind == Release::by_bms);
      if (!release(state, reading, each, charging)) RC_DISCARD("no battery can be like that");
    }
    now = explained(battery_of(reading));
  }
  RC_ASSERT(now.target > before.target);
  const double configured = charging ? config.max_battery_charge_current : config.max_battery_discharge_current;
  if (before.target == 0) RC_ASSERT(now.target >= 0.015 * configured - 0.0011 || now.rule == Rule::bms_limit);
}

RC_GTEST_PROP(Explanation, WhatItSaysWouldReleaseAChargeVoltageDoes, ()) {
  ControlConfig config;
  config.stages.controller =
      *rc::gen::element(CellController::penalty, CellController::integral, CellController::clipped);
  const double others = 3.3 + *rc::gen::inRange(0, 140) / 1000.0;
  const double high = 3.462 + *rc::gen::inRange(0, 150) / 1000.0;
  Battery battery;
  ChargeControl control;
  Instant now(1h);
  const auto say = [&](double cell) {
    std::vector<double> cells(16, others);
    cells[6] = cell;
    (void)battery.merge(bmsd::reading_of(std::move(cells)), 0, now += 1s);
    control.round_good(now);
    return *explain(config, control.evaluate(config, battery, {}, true, {}, now).limits, now).cvl;
  };
  const auto volts = [&] { return *control.outputs().limits.control_voltage; };  // not rounded
  say(others);  // the integral controller begins at the maximum
  LimitExplanation held = say(high);
  for (int i = 0; i < 60; ++i) held = say(high);  // the integral controller takes its time
  RC_ASSERT(held.rule == Rule::high_cell);
  RC_ASSERT(held.releases.size() == 1U);
  const Release& release = held.releases.front();
  RC_ASSERT(release.kind == Release::below);
  RC_ASSERT(release.place == 7);
  const double before = volts();
  for (int i = 0; i < 100; ++i) say(*release.at - 0.001);
  RC_ASSERT(volts() > before);
}

}  // namespace
}  // namespace bmsd::explain_property_test
