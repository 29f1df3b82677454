// What the charge stages promise whatever happens.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "charge_fixture.h"
#include "control/charge_stage.h"

namespace bmsd::charge_stage_property_test {
namespace {

constexpr std::int64_t kStart = 1'750'000'000;

// What is seen of a pack for some time.
struct Span {
  int tenths;     // s, how long
  int cell_mv;    // above 3.3 V
  int higher_mv;  // the first cell, above the others
  int soc;        // percent; from 101: not told
  int current;    // A
  int bms_mv;     // above 3.3 V; 0: not told
  bool charge_fet;
  bool lost;
  bool missing;
};

std::ostream& operator<<(std::ostream& out, const Span& s) {
  return out << "{" << s.tenths << " ds, " << s.cell_mv << " mV +" << s.higher_mv << ", " << s.soc << " %, "
             << s.current << " A, BMS " << s.bms_mv << (s.charge_fet ? "" : ", FET off") << (s.lost ? ", lost" : "")
             << (s.missing ? ", missing" : "") << "}";
}

bool rarely() { return *rc::gen::weightedElement<bool>({{14, false}, {1, true}}); }

rc::Gen<Span> spans(rc::Gen<int> tenths) {
  return rc::gen::exec([tenths] {
    Span s{};
    s.tenths = *tenths;
    s.cell_mv = *rc::gen::weightedOneOf<int>({{4, rc::gen::inRange(145, 160)},
                                              {3, rc::gen::inRange(-100, 160)},
                                              {2, rc::gen::inRange(345, 360)},
                                              {1, rc::gen::inRange(-800, 700)}});
    s.higher_mv = *rc::gen::weightedOneOf<int>({{5, rc::gen::inRange(0, 14)}, {2, rc::gen::inRange(0, 250)}});
    s.soc = *rc::gen::weightedOneOf<int>({{3, rc::gen::inRange(75, 101)}, {1, rc::gen::inRange(0, 110)}});
    s.current = *rc::gen::inRange(-40, 40);
    s.bms_mv = *rc::gen::weightedOneOf<int>({{9, rc::gen::just(0)}, {1, rc::gen::inRange(1, 400)}});
    s.charge_fet = !rarely();
    s.lost = rarely();
    s.missing = rarely();
    return s;
  });
}

rc::Gen<ControlConfig> configurations() {
  return rc::gen::exec([] {
    ControlConfig config;
    config.stages.controller = static_cast<CellController>(*rc::gen::inRange(0, 4));
    config.stages.float_wait_s = *rc::gen::element(0.0, 45.0, 900.0);
    config.stages.float_difference = *rc::gen::element(0.01, 0.1, 10.0);
    config.stages.bulk_difference = *rc::gen::element(0.08, 10.0);
    config.stages.recovery_hold_s = *rc::gen::element(0.0, 60.0);
    config.stages.recovery_v_per_s = *rc::gen::element(0.001, 0.02);
    if (*rc::gen::arbitrary<bool>()) config.stages.soc_reset_after_days = *rc::gen::element(0.0, 0.01, 15.0);
    return config;
  });
}

std::vector<double> volts_of(const Span& s) { return sixteen(3.3 + s.cell_mv / 1000.0, s.higher_mv / 1000.0); }

ChargeInputs inputs_of(const Span& s, const std::vector<double>& volts) {
  ChargeInputs inputs = charge_inputs_of(volts);
  if (s.soc <= 100) {
    inputs.soc = s.soc;
  } else {
    inputs.soc.reset();
  }
  inputs.current = s.current;
  if (s.bms_mv > 0) inputs.bms_limit = 3.3 + s.bms_mv / 1000.0;
  inputs.charge_fet_off = !s.charge_fet;
  inputs.lost = s.lost;
  if (s.missing) inputs.cells.reset();
  return inputs;
}

bool in_float(ChargeStageName stage) {
  return stage == ChargeStageName::floating || stage == ChargeStageName::float_transition;
}

RC_GTEST_PROP(ChargeStage, KeepsItsPromisesThroughAnyHistory, ()) {
  const ControlConfig config = *configurations();
  const auto history = *rc::gen::container<std::vector<Span>>(
      spans(rc::gen::weightedOneOf<int>({{4, rc::gen::inRange(0, 30)}, {4, rc::gen::inRange(100, 9500)}})));
  ChargeStage stage;
  stage.restore({*rc::gen::arbitrary<bool>(), {}, *rc::gen::element(std::int64_t{0}, kStart - 20 * 86400)});
  Instant now(1h);
  std::optional<ChargeVoltage> before, seen;
  Instant seen_at{}, charging_since = now;
  std::uint64_t full_charges = 0;
  for (const Span& span : history) {
    now += span.tenths * 100ms;
    const WallTime wall = {kStart + std::chrono::duration_cast<std::chrono::seconds>(now - Instant(1h)).count()};
    const auto volts = volts_of(span);
    const ChargeInputs inputs = inputs_of(span, volts);
    const auto said = stage.evaluate(config, inputs, wall, now);
    RC_ASSERT(said.has_value());
    RC_ASSERT(std::isfinite(said->cvl));

    const double most = config.stages.soc_reset_after_days ? 3.65 : 3.45;
    RC_ASSERT(said->cvl <= 16 * std::min(most, inputs.bms_limit.value_or(most)) + 0.0051);
    RC_ASSERT(said->cvl >= 16 * std::min(2.9, inputs.bms_limit.value_or(2.9)) - 0.0051);
    if (!in_float(said->mode.stage) && !inputs.lost && inputs.cells) RC_ASSERT(said->cvl <= said->highest + 1e-9);

    // A full charge takes its whole wait, and there is one at most between two bulk phases.
    RC_ASSERT(stage.full_charges() - full_charges <= 1);
    if (stage.full_charges() > full_charges) {
      RC_ASSERT(before && !in_float(before->mode.stage));
      RC_ASSERT(seconds(now - charging_since) > config.stages.float_wait_s);
    }
    full_charges = stage.full_charges();
    if (before && in_float(before->mode.stage) && !in_float(said->mode.stage)) charging_since = now;

    // A high cell's limit comes back at its rate.
    const bool sees = !inputs.lost && inputs.cells;
    if (sees && seen && (seen->mode.cell_ovp_holds || seen->mode.cell_ovp_rises) && !in_float(said->mode.stage) &&
        said->highest == seen->highest) {
      const double rise = said->cvl - seen->cvl;
      RC_ASSERT(rise <= config.stages.recovery_v_per_s * seconds(now - seen_at) + 0.001);
    }
    if (sees) {
      seen = said;
      seen_at = now;
    }
    if (inputs.lost && before && said->highest == before->highest && !inputs.bms_limit) {
      RC_ASSERT(said->cvl == before->cvl && said->mode == before->mode);
    }
    before = said;
  }
}

// Times of a history are multiples of 100 s and no timer is, so a second more or less decides nothing.
RC_GTEST_PROP(ChargeStage, TheSameHistoryInTwoStepSizesEndsInTheSameStage, ()) {
  ControlConfig config = *configurations();
  config.stages.float_wait_s = 250;
  config.stages.soc_reset_after_days.reset();
  config.stages.bulk_difference = 10;  // cells that are both balanced and apart go round and round, each time later
  const auto hundreds = rc::gen::map(rc::gen::inRange(1, 8), [](int n) { return n * 1000; });
  const auto history = *rc::gen::container<std::vector<Span>>(spans(hundreds));
  const auto play = [&](Duration step) {
    ChargeStage stage;
    std::vector<bool> floats;
    Instant now(1h);
    for (const Span& span : history) {
      const auto volts = volts_of(span);
      const Instant end = now + span.tenths * 100ms;
      std::optional<ChargeVoltage> said;
      for (; now < end; now += step) said = stage.evaluate(config, inputs_of(span, volts), {}, now);
      floats.push_back(stage.kept().may_reach_max);
    }
    return std::pair(floats, stage.full_charges());
  };
  RC_ASSERT(play(1s) == play(500ms));
}

RC_GTEST_PROP(ChargeStage, ARestartIsNoFullChargeAndDoesNotRaiseTheVoltageAboveTheMaximum, ()) {
  const ControlConfig config = *configurations();
  const auto history = *rc::gen::container<std::vector<Span>>(spans(rc::gen::inRange(1, 9500)));
  ChargeStage stage;
  Instant now(1h);
  for (const Span& span : history) {
    now += span.tenths * 100ms;
    const WallTime wall = {kStart + std::chrono::duration_cast<std::chrono::seconds>(now - Instant(1h)).count()};
    const auto volts = volts_of(span);
    const ChargeInputs inputs = inputs_of(span, volts);
    (void)stage.evaluate(config, inputs, wall, now);
    ChargeStage again;
    again.restore(stage.kept());
    const auto said = again.evaluate(config, inputs, wall, now);
    RC_ASSERT(said.has_value());
    RC_ASSERT(again.full_charges() == 0);
    RC_ASSERT(said->cvl <= said->highest + 1e-9);
    RC_ASSERT(again.kept().soc_reset_last_reached == stage.kept().soc_reset_last_reached || in_float(said->mode.stage));
  }
}

}  // namespace
}  // namespace bmsd::charge_stage_property_test
