// What charge control as a whole promises, whatever happens to a battery.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "any_history.h"
#include "control/cells.h"
#include "control/charge_control.h"
#include "control_fixture.h"
#include "limit_witness.h"
#include "many_histories.h"

namespace bmsd::charge_control_property_test {
namespace {

constexpr std::int64_t kStart = 1'750'000'000;  // Unix time of the first happening
constexpr int kLongest = 40;                    // happenings of a history

// A battery and what controls it, on their way through a history.
struct Life {
  explicit Life(const ControlConfig& given) : config(given) { begin(reading_of(Happening(0))); }

  void begin(const Reading& first) {
    (void)battery.merge(first, 0, now);
    control.round_good(now);
  }

  const ControlOutputs& live(const Happening& h) { return live(h, reading_of(h)); }
  const ControlOutputs& live(const Happening& h, const Reading& reading) {
    now += h.after;
    wall_jump += h.wall_jump;
    if (h.what != What::tick) {
      // What the BMS says and no battery can have is a failed round, too.
      const bool good = h.what == What::reading && battery.merge(reading, 0, now).ok();
      good ? control.round_good(now) : control.round_failed(battery, config, now);
    }
    if (h.action == 1) control.set_soc(h.soc);
    if (h.action == 2) control.clear_history(1);
    return evaluate(surroundings_of(h));
  }
  const ControlOutputs& evaluate(const Surroundings& surroundings) {
    const Duration since = now - Instant(1h) + (sets_wall ? wall_jump : Duration());
    const WallTime wall = {kStart + std::chrono::duration_cast<std::chrono::seconds>(since).count()};
    return control.evaluate(config, battery, surroundings, true, wall, now);
  }

  ControlConfig config;
  Battery battery;
  ChargeControl control;
  Instant now{1h};
  Duration wall_jump{};
  bool sets_wall = true;  // wall clock jumps are made
};

void is_a_number(const std::optional<double>& value) { RC_ASSERT(!value || std::isfinite(*value)); }

// Of a limit beside what the witness looks at.
void respects(const CurrentLimit& limit, std::optional<double> of_bms, std::optional<bool> fet, bool stopped) {
  if (of_bms) RC_ASSERT(limit.value <= *of_bms);
  if (fet == false || stopped) RC_ASSERT(limit.value == 0);
  if (limit.value == 0) RC_ASSERT(!limit.allowed);
}

// CVL: present, between the empty and the highest voltage.
void stays_within_bounds(const Life& life, const Limits& limits) {
  RC_ASSERT(limits.cvl.has_value());
  RC_ASSERT(std::isfinite(*limits.cvl));
  if (number_of_cells(life.battery) != kHistoryCells) return;
  const double most = life.config.stages.soc_reset_after_days ? 3.65 : 3.45;
  RC_ASSERT(*limits.cvl <= kHistoryCells * most + life.config.voltage_drop + 0.0051);
  RC_ASSERT(*limits.cvl >= kHistoryCells * 2.9 + life.config.voltage_drop - 0.0051);
}

void measures(const Life& life, const ControlOutputs& said) {
  const Measured& m = said.measured;
  for (const auto* value : {&m.voltage, &m.current, &m.power, &m.mean_current, &m.soc, &m.soc_bms, &m.remaining,
                            &m.consumed, &m.remaining_bms, &m.consumed_bms}) {
    is_a_number(*value);
  }
  if (m.soc) RC_ASSERT(*m.soc >= 0 && *m.soc <= 100);
  if (m.consumed) RC_ASSERT(*m.consumed <= 0);
  if (m.current && life.battery.flag(Field::charge_fet_on) == false) RC_ASSERT(*m.current <= 0);
  if (m.current && life.battery.flag(Field::discharge_fet_on) == false) RC_ASSERT(*m.current >= 0);
  const HistoryValues& h = said.history;
  for (const auto* value : {&h.deepest_discharge, &h.last_discharge, &h.average_discharge, &h.total_ah_drawn,
                            &h.charge_cycles, &h.discharged_energy, &h.charged_energy}) {
    is_a_number(*value);
    if (*value) RC_ASSERT(**value >= 0);
  }
}

// What the rules ask for at this moment. The SoC that limits is the published one, wherever it comes from.
Limits target_of(ControlConfig config, const Battery& battery, const ControlOutputs& said) {
  const bool by_soc = std::exchange(config.charge.by_soc, false);
  config.discharge.by_soc = false;
  Limits target = first_limits(config, battery, said.presence, true);
  if (!by_soc || !said.measured.soc) return target;
  const auto lower = [&](CurrentLimit& limit, double configured, const Table& table) {
    const double share = fraction_at(table, *said.measured.soc, config.steps ? Between::upper : Between::line);
    limit.value = std::min(limit.value, std::round(configured * share * 1000) / 1000);
    limit.allowed = limit.allowed && limit.value > 0;
  };
  lower(target.charge, config.max_battery_charge_current, config.charge.soc);
  lower(target.discharge, config.max_battery_discharge_current, config.discharge.soc);
  return target;
}

TEST(ChargeControl, KeepsItsPromisesThroughAnyHistory) {
  holds_through(45'000, kLongest, [] {
    Life life(*any_config());
    const auto history = *any_history();
    LimitWitness charge, discharge;
    std::uint64_t full_charges = 0;
    std::optional<Instant> last_full;
    for (const Happening& h : history) {
      const ControlOutputs& said = life.live(h);
      const ControlConfig& config = life.config;
      const Battery& battery = life.battery;
      const bool lost = said.presence.lost_for > Duration();
      const Limits target = target_of(config, battery, said);
      // What is missing may lower a limit without a lower target.
      charge.check(said.limits.charge, target.charge, config.max_battery_charge_current, config.charge_recovery, lost,
                   true, life.now);
      discharge.check(said.limits.discharge, target.discharge, config.max_battery_discharge_current,
                      config.discharge_recovery, lost, true, life.now);
      respects(said.limits.charge, battery.get(Field::max_charge_current), battery.flag(Field::charge_fet_on),
               battery.alarms().blocks_charge());
      respects(said.limits.discharge, battery.get(Field::max_discharge_current), battery.flag(Field::discharge_fet_on),
               battery.alarms().blocks_discharge());
      if (said.presence.blocked) RC_ASSERT(said.limits.charge.value == 0 && said.limits.discharge.value == 0);
      stays_within_bounds(life, said.limits);
      measures(life, said);

      // A full charge takes its whole wait, so there is no going round faster than the timers.
      RC_ASSERT(life.control.full_charges() - full_charges <= 1);
      if (life.control.full_charges() > full_charges) {
        RC_ASSERT(seconds(life.now - last_full.value_or(Instant(1h))) > config.stages.float_wait_s);
        last_full = life.now;
        full_charges = life.control.full_charges();
      }
    }
  });
}

// What cannot be believed never allows more than what was said before would have.
TEST(ChargeControl, WhatIsAbsurdNeverMakesALimitLessSafe) {
  holds_through(25'000, kLongest, [] {
    ControlConfig config = *any_config();
    if (config.charge.by_soc) config.soc.counted = false;  // it goes on with the current that was believed last
    Life life(config);
    for (const Happening& h : *any_history()) life.live(h);
    const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>());
    Happening last(*number);
    last.what = What::reading;
    last.absurd = Absurd::nothing;
    life.live(last);
    Happening again = last;
    again.after = Happening(*number).after;
    again.action = 0;
    again.wall_jump = Duration();
    Happening absurd = again;
    absurd.absurd = static_cast<Absurd>(*rc::gen::inRange(1, 7));
    RC_LOG() << "last " << last << " then " << absurd;
    const Limits before = life.control.outputs().limits;
    Life other = life;
    const Limits sane = life.live(again).limits;
    const Limits said = other.live(absurd).limits;
    // What the rules allowed before is where a limit that was coming back may come to.
    const auto most = [](const CurrentLimit& was, const CurrentLimit& would_be) {
      return std::max({was.value, was.cause.target, would_be.value});
    };
    RC_ASSERT(said.charge.value <= most(before.charge, sane.charge));
    RC_ASSERT(said.discharge.value <= most(before.discharge, sane.discharge));
    if (before.cvl && sane.cvl) RC_ASSERT(*said.cvl <= std::max(*before.cvl, *sane.cvl) + 1e-6);
  });
}

// At any moment: what is kept and taken over makes no full charge, no higher voltage than the stage's, and the same SoC.
TEST(ChargeControl, ARestartBetweenAnyTwoCyclesIsNoFullChargeAndKeepsTheSoc) {
  holds_through(15'000, kLongest, [] {
    Life life(*any_config());
    for (const Happening& h : *any_history()) life.live(h);
    const ControlOutputs before = life.control.outputs();
    const KeptControl kept = life.control.kept();
    Life next = life;
    next.control = ChargeControl();
    next.control.restore(kept);
    next.control.round_good(next.now);
    const ControlOutputs& said = next.evaluate({});
    RC_ASSERT(next.control.full_charges() == 0);
    RC_ASSERT(said.limits.cvl.has_value());
    if (number_of_cells(life.battery) == kHistoryCells) {
      const double most = life.config.stages.soc_reset_after_days ? 3.65 : 3.45;
      RC_ASSERT(*said.limits.cvl <= kHistoryCells * most + life.config.voltage_drop + 0.0051);
    }
    if (life.config.soc.counted && kept.soc_calc && said.measured.soc && said.measured.soc_bms) {
      RC_ASSERT(std::abs(*said.measured.soc - *kept.soc_calc) < 0.01);
    }
  });
}

// Without a SoC reset, whose date it is, the wall clock decides nothing.
TEST(ChargeControl, AStepOfTheWallClockChangesNothingButTimesOfDay) {
  holds_through(15'000, kLongest, [] {
    ControlConfig config = *any_config();
    config.stages.soc_reset_after_days.reset();
    Life stepped(config), steady(config);
    steady.sets_wall = false;
    for (const Happening& h : *any_history()) {
      const ControlOutputs& one = stepped.live(h);
      const ControlOutputs& other = steady.live(h);
      RC_ASSERT(one.limits == other.limits);
      RC_ASSERT(one.measured == other.measured);
      RC_ASSERT(one.presence == other.presence);
      RC_ASSERT(stepped.control.full_charges() == steady.control.full_charges());
    }
  });
}

// Looked at in steps of 5 s or of 2.5 s; times of the history are multiples of 100 s, and no timer is.
TEST(ChargeControl, TheSameHistoryInTwoStepSizesEndsInTheSameStageAndSoc) {
  holds_through(400, 8, [] {
    ControlConfig config = *any_config();
    config.stages.float_wait_s = 255;
    config.stages.soc_reset_after_days.reset();
    config.stages.bulk_difference = 10;  // cells that are both balanced and apart go round and round, each time later
    config.stages.controller = CellController::penalty;  // the integral one looks at the time between
    const auto history = *any_history();
    const auto play = [&](Duration step) {
      Life life(config);
      for (Happening h : history) {
        const auto times = Duration(100s * (1 + h.number % 6)) / step;
        h.what = What::reading;
        h.absurd = Absurd::nothing;
        h.action = 0;
        h.after = step;
        for (std::int64_t i = 0; i < times; ++i) life.live(h);
      }
      return life;
    };
    const Life coarse = play(5s), fine = play(2500ms);
    const ControlOutputs& a = coarse.control.outputs();
    const ControlOutputs& b = fine.control.outputs();
    RC_ASSERT(coarse.control.kept().charge.may_reach_max == fine.control.kept().charge.may_reach_max);
    RC_ASSERT(coarse.control.full_charges() == fine.control.full_charges());
    if (a.measured.soc) RC_ASSERT(std::abs(*a.measured.soc - *b.measured.soc) < 0.2);
    if (a.history.total_ah_drawn && b.history.total_ah_drawn) {
      RC_ASSERT(std::abs(*a.history.total_ah_drawn - *b.history.total_ah_drawn) < 0.2);
    }
  });
}

}  // namespace
}  // namespace bmsd::charge_control_property_test
