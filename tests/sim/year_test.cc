// Weeks, or a whole year (script/year), of a battery in a house, under charge control: clouds, cold mornings, lost packs, restarts,
// clocks that jump. In virtual time, and the same for the same seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "control/charge_control.h"
#include "sim/charge_plant.h"
#include "sim/pack_reading.h"
#include "sim/random.h"

namespace bmsd {
namespace {

constexpr std::int64_t kStart = 1'767'225'600;  // Unix time: a 1st of January
constexpr double kDay = 86400;

// The documented bound of the published SoC (docs/plan.md): what the meter of the BMS and its own consumption make of it, percent.
constexpr double kDriftAtOnce = 3, kDriftPerDay = 0.7;

int number_from(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

ChargePlantOptions house(std::uint64_t seed) {
  ChargePlantOptions options;
  options.battery.seed = options.house.seed = seed;
  options.battery.soc_percent = 60;
  options.battery.temperature_c = 4;
  options.house.pv_peak_w = 4500;
  options.house.load_w = 560;
  options.house.clouds = 0.55;
  options.house.room_c = 14;
  options.house.winter_c = 11;
  options.house.day_of_year = 0;
  options.longest_step = 10;
  return options;
}

struct Figures {
  int cycles = 0, full_charges = 0, losses = 0, restarts = 0, clock_steps = 0, changes_of_stage = 0;
  double longest_without_full = 0;  // days
  double worst_drift = 0;           // percent
  double drift_allowed = 0;         // percent, in that moment
  double coldest = 100;             // degrees Celsius, of the cells
  double highest_cell = 0, lowest_cell = 9;
  double cold_hours = 0;  // with CCL below the maximum because of the temperature
};

class Year {
 public:
  explicit Year(std::uint64_t seed) : plant_(house(seed)), random_(seed * 31 + 7) {
    config_.soc.counted = true;
    config_.charge.by_soc = false;
    sync_ = now_;
  }

  Figures run(int days) {
    plan_day();
    while (seconds(now_ - Instant(1h)) < days * kDay && !::testing::Test::HasFailure()) cycle();
    return figures_;
  }

 private:
  // What happens today, s since now; negative: nothing.
  void plan_day() {
    day_end_ = now_ + 24h;
    const auto some_time = [this](double likely) {
      return random_.unit() < likely ? now_ + Duration(static_cast<std::int64_t>(random_.between(0, kDay) * 1e6))
                                     : never();
    };
    loss_begins_ = some_time(0.2);
    restart_at_ = some_time(0.12);
    clock_step_at_ = some_time(0.08);
  }
  static Instant never() { return Instant::max(); }

  void cycle() {
    const bool careful = plant_.battery().highest_cell() > 3.40 || plant_.battery().lowest_cell() < 3.1;
    const Duration interval = careful ? 5s : 15s;
    plant_.advance(interval);
    now_ += interval;
    if (now_ >= day_end_) plan_day();
    if (now_ >= loss_begins_) lose();
    if (now_ >= restart_at_) restart();
    if (now_ >= clock_step_at_) step_clock();
    const bool lost = now_ < lost_until_;
    if (!lost) {
      ASSERT_TRUE(battery_.merge(reading_of(plant_.battery().state()), 0, now_));
      control_.round_good(now_);
    } else {
      control_.round_failed(battery_, config_, now_);
    }
    const ControlOutputs& said = control_.evaluate(config_, battery_, {}, true, wall(), now_);
    hold_limits(said);
    if (said.limits.cvl)
      plant_.obey(ChargeLimits{*said.limits.cvl, said.limits.charge.value, said.limits.discharge.value});
    if (control_.full_charges() > full_charges_) full_charge();
    if (!lost) hold_soc(said);
    count(said, interval);
  }

  void lose() {
    lost_until_ = now_ + Duration(static_cast<std::int64_t>(random_.between(20, 2400) * 1e6));
    loss_begins_ = never();
    ++figures_.losses;
  }

  // The process ends, is away for a while, in which the charger has no battery, and comes back with what it kept.
  void restart() {
    const KeptControl kept = control_.kept();
    const auto away = Duration(static_cast<std::int64_t>(random_.between(5, 3600) * 1e6));
    plant_.obey({});
    plant_.advance(away);
    now_ += away;
    control_ = ChargeControl();
    battery_ = Battery();
    control_.restore(kept);
    full_charges_ = 0;
    before_.reset();
    restart_at_ = never();
    clock_is_set_at_ =
        now_ + Duration(static_cast<std::int64_t>(random_.between(0, 600) * 1e6));  // no battery behind the clock
    ++figures_.restarts;
  }

  void step_clock() {
    wall_offset_ += static_cast<std::int64_t>(random_.between(-10800, 3 * kDay));
    clock_step_at_ = never();
    ++figures_.clock_steps;
  }

  WallTime wall() const {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(now_ - Instant(1h)).count();
    return {now_ < clock_is_set_at_ ? since % 1000 : kStart + wall_offset_ + since};
  }

  void full_charge() {
    ASSERT_EQ(control_.full_charges(), full_charges_ + 1);
    ASSERT_GT(seconds(now_ - last_full_), config_.stages.float_wait_s);
    ASSERT_GT(plant_.battery().soc_percent(), 95) << "a full charge that was none";
    figures_.longest_without_full = std::max(figures_.longest_without_full, seconds(now_ - last_full_) / kDay);
    full_charges_ = control_.full_charges();
    last_full_ = sync_ = now_;
    plant_.battery().set_counter(100);
    ++figures_.full_charges;
  }

  void hold_limits(const ControlOutputs& said) {
    const Limits target = first_limits(config_, battery_, said.presence, true);
    for (const auto& [limit, most] :
         {std::pair(&said.limits.charge, &target.charge), {&said.limits.discharge, &target.discharge}}) {
      ASSERT_TRUE(std::isfinite(limit->value));
      ASSERT_GE(limit->value, 0);
      ASSERT_LE(limit->value, most->value) << limit->reason;
      ASSERT_FALSE(limit->reason.empty());
    }
    ASSERT_TRUE(said.limits.cvl.has_value());
    ASSERT_GE(*said.limits.cvl, 16 * 2.9 - 0.006);
    ASSERT_LE(*said.limits.cvl, 16 * 3.45 + 0.006);
    if (before_) {
      const double elapsed = seconds(now_ - before_at_);
      ASSERT_LE(said.limits.charge.value - before_->charge.value,
                config_.charge_recovery.rate_a_per_s * elapsed + 1e-6);
      ASSERT_LE(said.limits.discharge.value - before_->discharge.value,
                config_.discharge_recovery.rate_a_per_s * elapsed + 1e-6);
    }
    // The limits make the BMS's own protection superfluous.
    ASSERT_TRUE(plant_.battery().charge_fet() && plant_.battery().discharge_fet())
        << plant_.battery().lowest_cell() << " V to " << plant_.battery().highest_cell() << " V";
    before_ = said.limits;
    before_at_ = now_;
  }

  void hold_soc(const ControlOutputs& said) {
    ASSERT_TRUE(said.measured.soc.has_value());
    const double drift = std::abs(*said.measured.soc - std::clamp(plant_.battery().soc_percent(), 0.0, 100.0));
    const double allowed = kDriftAtOnce + kDriftPerDay * seconds(now_ - sync_) / kDay;
    ASSERT_LE(drift, allowed) << "day " << seconds(now_ - Instant(1h)) / kDay << ": " << *said.measured.soc
                              << " % published, " << plant_.battery().soc_percent() << " % in the cells, "
                              << seconds(now_ - sync_) / kDay << " days after the last full charge";
    if (drift > figures_.worst_drift) {
      figures_.worst_drift = drift;
      figures_.drift_allowed = allowed;
    }
  }

  void count(const ControlOutputs& said, Duration interval) {
    ++figures_.cycles;
    const std::string stage = said.limits.charge_mode.substr(0, said.limits.charge_mode.find(' '));
    if (stage != stage_) ++figures_.changes_of_stage;
    stage_ = stage;
    const BatteryModel& battery = plant_.battery();
    figures_.coldest = std::min(figures_.coldest, battery.temperature_c());
    figures_.highest_cell = std::max(figures_.highest_cell, battery.highest_cell());
    figures_.lowest_cell = std::min(figures_.lowest_cell, battery.lowest_cell());
    if (said.limits.charge.reason.find("Temp") != std::string::npos) figures_.cold_hours += seconds(interval) / 3600;
  }

  ChargePlant plant_;
  Random random_;
  ControlConfig config_;
  Battery battery_;
  ChargeControl control_;
  Figures figures_;
  Instant now_{1h}, day_end_{}, lost_until_{};
  Instant loss_begins_ = never(), restart_at_ = never(), clock_step_at_ = never(), clock_is_set_at_{};
  Instant sync_{}, last_full_{}, before_at_{};
  std::int64_t wall_offset_ = 0;  // s
  std::uint64_t full_charges_ = 0;
  std::optional<Limits> before_;
  std::string stage_;
};

// BMSD_YEAR_DAYS and BMSD_YEAR_SEED choose another length and another year.
TEST(Year, NoInvariantBreaksAndTheBatteryGetsFull) {
  const int days = number_from("BMSD_YEAR_DAYS", 21);
  const auto seed = static_cast<std::uint64_t>(number_from("BMSD_YEAR_SEED", 1));
  const Figures f = Year(seed).run(days);
  std::printf(
      "%d days, seed %llu: %d cycles, %d full charges (at most %.1f days apart), %d changes of stage\n"
      "  %d losses, %d restarts, %d steps of the clock; cells %.3f to %.3f V, coldest %.1f C, limited by temperature "
      "%.0f h\n"
      "  SoC at worst %.1f %% beside the cells' (%.1f %% allowed then)\n",
      days, static_cast<unsigned long long>(seed), f.cycles, f.full_charges, f.longest_without_full, f.changes_of_stage,
      f.losses, f.restarts, f.clock_steps, f.lowest_cell, f.highest_cell, f.coldest, f.cold_hours, f.worst_drift,
      f.drift_allowed);
  if (days >= 365) {
    EXPECT_GE(f.full_charges, 20);
    EXPECT_GT(f.restarts, 0);
    EXPECT_GT(f.losses, 0);
    EXPECT_GT(f.clock_steps, 0);
    EXPECT_GT(f.cold_hours, 24);
  }
}

}  // namespace
}  // namespace bmsd
