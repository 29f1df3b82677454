#include "any_history.h"

#include <cmath>
#include <limits>

namespace bmsd {
namespace {

// Takes a number apart from its low end.
class Bits {
 public:
  explicit Bits(std::uint64_t number) : left_(number) {}
  std::size_t take(unsigned count) {
    const std::uint64_t taken = left_ & ((1ULL << count) - 1);
    left_ >>= count;
    return static_cast<std::size_t>(taken);
  }
  template <std::size_t N>
  double one_of(const double (&values)[N], unsigned count) {
    return values[take(count) % N];
  }

 private:
  std::uint64_t left_;
};

constexpr double kCells[] = {3.30, 3.45, 3.451, 3.448, 3.455, 3.46, 3.44, 3.40,  3.38, 3.36, 3.35,
                             3.25, 3.20, 3.10,  3.00,  2.95,  2.90, 2.89, 2.85,  2.80, 2.60, 3.425,
                             3.43, 3.47, 3.50,  3.55,  3.60,  3.64, 3.65, 3.652, 3.66, 3.70};
constexpr double kHigher[] = {0, 0.003, 0.008, 0.009, 0.012, 0.02, 0.09, 0.25};
constexpr double kCelsius[] = {25, 20, 15, 10, 7, 4, 2, 0, -5, -12, 40, 42, 47, 50, 55, 60};
constexpr double kMos[] = {30, 72, 85, 95};
constexpr double kCurrents[] = {0, 5, 10, 20, 40, 60, -5, -10, -20, -40, -60, 0.3, -0.3, 2, -2, 100};
constexpr double kSocs[] = {60, 100, 99, 95, 90, 85, 81, 80, 79, 75, 50, 30, 20, 10, 5, 0};
constexpr double kBmsLimits[] = {-1, -1, -1, -1, 0, 10, 25, 80};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Duration after(std::size_t kind, std::size_t amount) {
  const auto count = static_cast<std::int64_t>(amount);
  if (kind < 9) return count % 30 * 100ms;
  if (kind < 12) return count * 500ms;
  if (kind < 15) return count * 8s;
  return count * 1min;
}

Absurd absurd(std::size_t kind) { return kind < 10 ? Absurd::nothing : static_cast<Absurd>(kind - 9); }

int fet(std::size_t kind) { return kind < 6 ? 1 : kind == 6 ? 0 : -1; }

}  // namespace

Happening::Happening(std::uint64_t from) : number(from) {
  Bits bits(from);
  const std::size_t kind = bits.take(4);
  what = kind < 11 ? What::reading : kind < 14 ? What::tick : What::failed;
  const std::size_t time = bits.take(4);
  after = bmsd::after(time, bits.take(7));
  cell = bits.one_of(kCells, 5);
  higher = bits.one_of(kHigher, 3);
  celsius = bits.one_of(kCelsius, 4);
  mos = bits.one_of(kMos, 2);
  current = bits.one_of(kCurrents, 4);
  soc = bits.one_of(kSocs, 4);
  bms_limit = bits.one_of(kBmsLimits, 3);
  charge_fet = fet(bits.take(3));
  discharge_fet = fet(bits.take(3));
  absurd = bmsd::absurd(bits.take(4));
  const std::size_t sensor = bits.take(3);
  has_sensor = sensor > 4;
  sensor_current = current / 2 + 1;
  sensor_soc = sensor == 7 ? soc / 2 : soc;
  const std::size_t jump = bits.take(3);
  wall_jump = jump < 6    ? Duration()
              : jump == 6 ? Duration(std::chrono::hours(24 * 30))
                          : -Duration(std::chrono::hours(5));
  const std::size_t does = bits.take(3);
  action = does == 6 ? 1 : does == 7 ? 2 : 0;
  protection = bits.take(3) == 7;
  balancing = bits.take(1) == 1;
}

std::ostream& operator<<(std::ostream& out, const Happening& h) {
  out << "{"
      << (h.what == What::reading ? "reading"
          : h.what == What::tick  ? "tick"
                                  : "failed")
      << " after " << seconds(h.after) << " s";
  if (h.what == What::reading) {
    out << ": cells " << h.cell << " V, one +" << h.higher << ", " << h.celsius << " C, MOS " << h.mos << " C, "
        << h.current << " A, " << h.soc << " %";
    if (h.bms_limit >= 0) out << ", BMS " << h.bms_limit << " A";
    if (h.charge_fet != 1) out << ", charge FET " << h.charge_fet;
    if (h.discharge_fet != 1) out << ", discharge FET " << h.discharge_fet;
    if (h.protection) out << ", protection";
    if (h.absurd != Absurd::nothing) out << ", absurd " << static_cast<int>(h.absurd);
  }
  if (h.has_sensor) out << ", sensor " << h.sensor_current << " A " << h.sensor_soc << " %";
  if (h.wall_jump != Duration()) out << ", wall clock " << seconds(h.wall_jump) << " s";
  if (h.action != 0) out << ", action " << h.action;
  return out << " #" << h.number << "}";
}

std::ostream& operator<<(std::ostream& out, const ControlConfig& c) {
  const ChargeStageConfig& s = c.stages;
  out << "{" << c.max_battery_charge_current << " A/" << c.max_battery_discharge_current << " A, charge hold "
      << c.charge_recovery.hold_s << " rate " << c.charge_recovery.rate_a_per_s << ", discharge hold "
      << c.discharge_recovery.hold_s << " rate " << c.discharge_recovery.rate_a_per_s << (c.steps ? ", steps" : "")
      << (c.block_on_disconnect ? ", blocks" : "") << (c.charge.by_soc ? ", by SoC" : "")
      << (c.soc.counted ? ", counted" : "") << ", drop " << c.voltage_drop << (s.enabled ? "" : ", no stages")
      << ", controller " << static_cast<int>(s.controller) << ", wait " << s.float_wait_s << ", float difference "
      << s.float_difference << ", bulk difference " << s.bulk_difference << ", bulk SoC " << s.bulk_soc << ", CVL hold "
      << s.recovery_hold_s << " rate " << s.recovery_v_per_s;
  if (s.soc_reset_after_days) out << ", SoC reset after " << *s.soc_reset_after_days << " days";
  return out << "}";
}

rc::Gen<std::vector<Happening>> any_history() {
  const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>());
  return rc::gen::container<std::vector<Happening>>(rc::gen::map(number, [](std::uint64_t n) { return Happening(n); }));
}

// Every bit of the number that is not 0 is something that is not the default.
rc::Gen<ControlConfig> any_config() {
  const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>());
  return rc::gen::map(number, [](std::uint64_t n) {
    Bits bits(n);
    ControlConfig config;
    config.max_battery_charge_current = bits.one_of({50, 0, 100, 33.3}, 2);
    config.max_battery_discharge_current = bits.one_of({60, 0, 120, 7}, 2);
    config.charge_recovery = {bits.one_of({30, 0, 7, 300}, 2), bits.one_of({5, 0, 0.5, 40}, 2), 0.015};
    config.discharge_recovery = {bits.one_of({30, 0, 7, 300}, 2), bits.one_of({5, 0, 0.5, 40}, 2), 0.03};
    config.steps = bits.take(1) == 1;
    config.block_on_disconnect = bits.take(1) == 1;
    config.charge.by_soc = bits.take(1) == 1;
    config.discharge.by_soc = config.charge.by_soc;
    config.soc.counted = bits.take(1) == 1;
    config.soc.charge_efficiency = bits.one_of({1, 0.98}, 1);
    config.voltage_drop = bits.one_of({0, 0.2}, 1);
    config.stages.enabled = bits.take(3) != 7;
    config.stages.controller = static_cast<CellController>((bits.take(2) + 1) % 4);
    config.stages.float_wait_s = bits.one_of({900, 0, 45, 250}, 2);
    config.stages.float_difference = bits.one_of({0.01, 0.1, 10, 0.01}, 2);
    config.stages.bulk_difference = bits.one_of({0.08, 10}, 1);
    config.stages.bulk_soc = bits.one_of({80, 0}, 1);
    config.stages.recovery_hold_s = bits.one_of({60, 0}, 1);
    config.stages.recovery_v_per_s = bits.one_of({0.001, 0.02}, 1);
    const std::size_t reset = bits.take(3);
    if (reset >= 5) config.stages.soc_reset_after_days = reset == 5 ? 0 : reset == 6 ? 0.01 : 15;
    return config;
  });
}

Reading reading_of(const Happening& h) {
  Reading reading;
  if (h.absurd == Absurd::empty) return reading;
  std::vector<double> cells(kHistoryCells, h.cell);
  cells[5] += h.higher;
  double voltage = 0;
  for (const double cell : cells) voltage += cell;
  if (h.absurd == Absurd::high_cell) cells[3] = 8.5;
  if (h.absurd == Absurd::cell_is_no_number) cells[3] = kNaN;
  if (h.absurd == Absurd::no_cells) cells.clear();
  reading.cell_voltages = std::move(cells);
  reading.cell_temperatures = std::vector<double>{h.celsius, h.celsius + 1};
  if (h.absurd == Absurd::no_temperature) reading.cell_temperatures = std::vector<double>{kNaN, HUGE_VAL};
  reading.set(Field::cell_count, kHistoryCells);
  if (h.absurd != Absurd::high_cell) reading.set(Field::voltage, voltage);
  reading.set(Field::current, h.absurd == Absurd::no_current ? kNaN : h.current);
  reading.set(Field::soc, h.absurd == Absurd::no_current ? kNaN : h.soc);
  reading.set(Field::capacity_full, 100);
  reading.set(Field::mos_temperature, h.absurd == Absurd::no_temperature ? 1e308 : h.mos);
  if (h.bms_limit >= 0) {
    reading.set(Field::max_charge_current, h.bms_limit);
    reading.set(Field::max_discharge_current, h.bms_limit / 2);
  }
  const auto say = [&](Field field, int on) { on < 0 ? reading.set_unknown(field) : reading.set(field, on); };
  say(Field::charge_fet_on, h.charge_fet);
  say(Field::discharge_fet_on, h.discharge_fet);
  reading.balancing_cells = CellSet();
  if (h.balancing) reading.balancing_cells->set(5);
  reading.alarms = Alarms();
  if (h.protection) reading.alarms->raise({0, 0, "x", Alarm::high_voltage, Severity::alarm, Blocks::both});
  return reading;
}

Surroundings surroundings_of(const Happening& h) {
  Surroundings around;
  if (h.has_sensor) {
    around.sensor_current = h.sensor_current;
    around.sensor_soc = h.sensor_soc;
  }
  return around;
}

}  // namespace bmsd
