// Whatever a BMS says in whatever order: limits with memory keep their promises at every call. Histories are values, so
// that a counterexample is shrunk to the few steps that matter.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <ostream>

#include "control/current_limits.h"
#include "control/disconnect.h"
#include "control/limiter.h"
#include "control_fixture.h"
#include "limit_witness.h"

namespace bmsd::limiter_property_test {
namespace {

enum class What { reading, tick, failed };

// One thing that happens, `after` the one before it. Numbers are small ones, which RapidCheck shrinks towards nothing.
struct Happening {
  What what;
  int after_tenths;      // s / 10
  int cell_mv;           // above 2.7 V
  int celsius;           // above -15; 70 and more: the BMS does not tell
  int bms_limit;         // A
  bool tells_bms_limit;  // stays until told again
  bool charge_fet, discharge_fet;
  bool protection;
  bool no_such_cell;  // one of 8.5 V
};

std::ostream& operator<<(std::ostream& out, const Happening& h) {
  out << "{"
      << (h.what == What::reading ? "reading"
          : h.what == What::tick  ? "tick"
                                  : "failed")
      << " after " << h.after_tenths / 10.0 << " s";
  if (h.what == What::reading) {
    out << ": cells " << 2700 + h.cell_mv << " mV, " << h.celsius - 15 << " C";
    if (h.tells_bms_limit) out << ", BMS " << h.bms_limit << " A";
    if (!h.charge_fet) out << ", charge FET off";
    if (!h.discharge_fet) out << ", discharge FET off";
    if (h.protection) out << ", protection";
    if (h.no_such_cell) out << ", absurd cell";
  }
  return out << "}";
}

rc::Gen<Happening> happenings() {
  return rc::gen::build<Happening>(
      rc::gen::set(&Happening::what,
                   rc::gen::weightedElement<What>({{6, What::reading}, {2, What::tick}, {2, What::failed}})),
      rc::gen::set(&Happening::after_tenths, rc::gen::weightedOneOf<int>({{8, rc::gen::inRange(0, 30)},
                                                                          {3, rc::gen::inRange(100, 700)},
                                                                          {1, rc::gen::inRange(700, 20000)}})),
      rc::gen::set(&Happening::cell_mv,
                   rc::gen::weightedOneOf<int>({{2, rc::gen::just(600)}, {3, rc::gen::inRange(0, 850)}})),
      rc::gen::set(&Happening::celsius,
                   rc::gen::weightedOneOf<int>({{3, rc::gen::just(40)}, {2, rc::gen::inRange(0, 76)}})),
      rc::gen::set(&Happening::bms_limit, rc::gen::inRange(0, 80)),
      rc::gen::set(&Happening::tells_bms_limit, rc::gen::weightedElement<bool>({{4, false}, {1, true}})),
      rc::gen::set(&Happening::charge_fet, rc::gen::weightedElement<bool>({{9, true}, {1, false}})),
      rc::gen::set(&Happening::discharge_fet, rc::gen::weightedElement<bool>({{9, true}, {1, false}})),
      rc::gen::set(&Happening::protection, rc::gen::weightedElement<bool>({{19, false}, {1, true}})),
      rc::gen::set(&Happening::no_such_cell, rc::gen::weightedElement<bool>({{19, false}, {1, true}})));
}

rc::Gen<std::vector<Happening>> histories() { return rc::gen::container<std::vector<Happening>>(happenings()); }

rc::Gen<ControlConfig> configurations() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, 4), rc::gen::element(0.0, 0.5, 5.0, 40.0), rc::gen::element(0.0, 7.0, 30.0),
                     rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>()),
      [](const std::tuple<int, double, double, bool, bool>& choice) {
        const auto& [size, rate, hold, steps, block] = choice;
        ControlConfig config;
        config.max_battery_charge_current = 50 * size;
        config.max_battery_discharge_current = 33.3 * size;
        config.charge_recovery = {hold, rate, 0.015};
        config.discharge_recovery = {hold / 2, rate * 2, 0.03};
        config.steps = steps;
        config.block_on_disconnect = block;
        return config;
      });
}

Reading reading_of(const Happening& h) {
  std::vector<double> cells(16, 2.7 + h.cell_mv / 1000.0);
  if (h.no_such_cell) cells[3] = 8.5;
  Reading reading = bmsd::reading_of(std::move(cells), h.celsius - 15);
  if (h.celsius >= 70) reading.cell_temperatures->clear();
  if (h.tells_bms_limit) {
    reading.set(Field::max_charge_current, h.bms_limit);
    reading.set(Field::max_discharge_current, h.bms_limit / 2.0);
  }
  reading.set(Field::charge_fet_on, h.charge_fet);
  reading.set(Field::discharge_fet_on, h.discharge_fet);
  reading.alarms = Alarms();
  if (h.protection) reading.alarms->raise({0, 0, "x", Alarm::high_voltage, Severity::alarm, Blocks::both});
  return reading;
}

RC_GTEST_PROP(Limiter, KeepsItsPromisesThroughAnyHistory, ()) {
  const ControlConfig config = *configurations();
  const auto history = *histories();
  Battery battery = calm_battery();
  Disconnect disconnect;
  Limiter limiter;
  LimitWitness charge, discharge;
  Instant now(1h);
  for (const Happening& h : history) {
    now += h.after_tenths * 100ms;
    if (h.what == What::reading) {
      RC_ASSERT(battery.merge(reading_of(h), 0, now).ok());
      disconnect.round_good(now);
    } else if (h.what == What::failed) {
      disconnect.round_failed(battery, config, now);
    }
    const Presence presence = disconnect.presence(config, now);
    const Limits limits = limiter.evaluate(config, battery, believed(battery), presence, true, {}, now);
    const Limits target = first_limits(config, battery, presence, true);
    const bool lost = presence.lost_for > Duration();
    const bool may_fall = lost || battery.cell_temperatures()->empty();  // without a lower target
    charge.check(limits.charge, target.charge, config.max_battery_charge_current, config.charge_recovery, lost,
                 may_fall, now);
    discharge.check(limits.discharge, target.discharge, config.max_battery_discharge_current, config.discharge_recovery,
                    lost, may_fall, now);
    if (presence.blocked) RC_ASSERT(limits.charge.value == 0 && limits.discharge.value == 0);
  }
}

// A call more changes nothing but by time: what is published does not depend on how often the limits are worked out.
RC_GTEST_PROP(Limiter, AnEvaluationTwiceAtTheSameInstantSaysTheSame, ()) {
  const ControlConfig config = *configurations();
  Battery battery;
  Disconnect disconnect;
  Limiter limiter;
  Instant now(1h);
  for (const Happening& h : *histories()) {
    now += h.after_tenths * 100ms;
    if (h.what == What::reading) {
      RC_ASSERT(battery.merge(reading_of(h), 0, now).ok());
      disconnect.round_good(now);
    } else if (h.what == What::failed) {
      disconnect.round_failed(battery, config, now);
    }
    const Presence presence = disconnect.presence(config, now);
    const Limits once = limiter.evaluate(config, battery, believed(battery), presence, true, {}, now);
    const Limits twice = limiter.evaluate(config, battery, believed(battery), presence, true, {}, now);
    RC_ASSERT(twice.charge == once.charge && twice.discharge == once.discharge && twice.cvl == once.cvl);
  }
}

}  // namespace
}  // namespace bmsd::limiter_property_test
