#include "sim/battery_model.h"

#include <algorithm>
#include <cmath>

#include "sim/lfp_cell.h"
#include "sim/random.h"

namespace bmsd {
namespace {

// The cells. A 280 Ah cell has 0.25 mohm at once; as much again and a half comes up within minutes (a guess).
constexpr double kOhmAmpereHours = 0.07, kSlowOhmAmpereHours = 0.105;
constexpr double kRelaxation = 600;              // s, a guess: cells go on settling for half an hour
constexpr double kColdPerKelvin = 0.028;         // resistance doubles from 25 to 0 degrees
constexpr double kChargeEfficiency = 0.998;      // of the charge; LFP is said to have 0.99 to 0.999
constexpr double kSelfDischargePerMonth = 0.01;  // of the capacity
constexpr double kHoursPerMonth = 730;
constexpr double kLeastCharge = -0.05, kMostCharge = 1.025;  // of the capacity: the ends of the voltage curve

// How they differ, at most and at spread 1 (guesses after what sorted cells show).
constexpr double kCapacitySpread = 0.01, kChargeSpread = 0.0006, kResistanceSpread = 0.12, kSelfDischargeSpread = 0.3;

// Heat: a cell of 280 Ah weighs 5.4 kg; a case with 16 of them gives off some 4 W/K (a guess: a warm pack takes 6 hours to cool).
constexpr double kJoulePerKelvinAmpereHour = 1000 * 5.4 / 280, kWattPerKelvinAmpereHour = 4.0 / (16 * 280);

// The BMS.
constexpr double kOvervoltage = 3.65, kOvervoltageRelease = 3.45;    // V of a cell
constexpr double kUndervoltage = 2.50, kUndervoltageRelease = 2.90;  // V of a cell
constexpr double kBalanceFrom = 3.40, kBalanceDifference = 0.005;    // V
constexpr double kBalanceShare = 0.15 / 280;  // of the capacity, A: a passive balancer of 0.15 A at 280 Ah
constexpr double kFullCell = 3.445;           // V, mean of the cells: the counter says 100 %
constexpr double kSupply = 0.02;              // A that the BMS itself takes, unmeasured
constexpr double kDeadBand = 0.1;             // A that it does not see
constexpr double kGainSpread = 0.005, kOffsetSpread = 0.03;  // of the shunt: share, A

}  // namespace

BatteryModel::BatteryModel(const BatteryModelOptions& options)
    : options_(options), temperature_c_(options.temperature_c), room_c_(options.temperature_c) {
  Random random(options_.seed * 7919 + 17);
  const auto around = [&](double spread) { return 1 + random.between(-spread, spread) * options_.spread; };
  const double capacity = options_.capacity_ah;
  cells_.resize(static_cast<std::size_t>(std::clamp(options_.cells, 1, 32)));
  for (Cell& cell : cells_) {
    cell.capacity = capacity * std::max(0.5, around(kCapacitySpread));
    cell.resistance = kOhmAmpereHours / capacity * std::max(0.2, around(kResistanceSpread));
    cell.slow_resistance = kSlowOhmAmpereHours / capacity * std::max(0.2, around(kResistanceSpread));
    cell.self_discharge =
        capacity * kSelfDischargePerMonth / kHoursPerMonth * std::max(0.0, around(kSelfDischargeSpread));
    cell.charge = random.between(-kChargeSpread, kChargeSpread) * options_.spread * cell.capacity;  // beside the mean
  }
  gain_ = 1 + random.between(-kGainSpread, kGainSpread) * options_.spread;
  offset_a_ = random.between(-kOffsetSpread, kOffsetSpread) * options_.spread;
  // Balanced at the top, as packs are: what is missing to full is the same charge in all of them.
  for (Cell& cell : cells_) cell.charge += cell.capacity - capacity * (1 - options_.soc_percent / 100);
  set_counter(options_.soc_percent);
  measure();
}

void BatteryModel::step(double seconds, double current, double room_c) {
  current_ = std::clamp(current, discharge_fet() ? -1e9 : 0.0, charge_fet() ? 1e9 : 0.0);
  room_c_ = room_c;
  heat(seconds, room_c);
  charge_cells(seconds);
  measure();
  count(seconds);
  balance();
  protect();
}

double BatteryModel::cold_factor() const { return std::exp(kColdPerKelvin * (25 - temperature_c_)); }

void BatteryModel::heat(double seconds, double room_c) {
  double ohm = 0;
  for (const Cell& cell : cells_) ohm += cell.resistance + cell.slow_resistance;
  const auto count = static_cast<double>(cells_.size());
  const double loss = current_ * current_ * ohm * cold_factor();                       // W
  const double conductance = kWattPerKelvinAmpereHour * options_.capacity_ah * count;  // W/K
  const double capacity = kJoulePerKelvinAmpereHour * options_.capacity_ah * count;    // J/K
  const double settled = room_c + loss / conductance;
  temperature_c_ = settled + (temperature_c_ - settled) * std::exp(-seconds * conductance / capacity);
}

void BatteryModel::charge_cells(double seconds) {
  const double cold = cold_factor(), hours = seconds / 3600;
  const double settling = 1 - std::exp(-seconds / kRelaxation);
  const double bleed = kBalanceShare * options_.capacity_ah;
  const double stored = current_ > 0 ? current_ * kChargeEfficiency : current_;
  for (Cell& cell : cells_) {
    const double net = stored - cell.self_discharge - kSupply - (cell.bleeds ? bleed : 0);
    cell.charge = std::clamp(cell.charge + net * hours, kLeastCharge * cell.capacity, kMostCharge * cell.capacity);
    cell.polarisation += (current_ * cell.slow_resistance * cold - cell.polarisation) * settling;
  }
}

void BatteryModel::measure() {
  const double cold = cold_factor();
  for (Cell& cell : cells_) {
    cell.voltage =
        open_circuit_voltage(cell.charge / cell.capacity * 100) + cell.polarisation + current_ * cell.resistance * cold;
  }
}

// A FET that a protection has opened closes when the cells are back, or when current flows the other way.
void BatteryModel::protect() {
  const double highest = highest_cell(), lowest = lowest_cell();
  if (highest >= kOvervoltage) charge_fet_ = false;
  if (highest <= kOvervoltageRelease || current_ < -1) charge_fet_ = charge_fet_ || highest < kOvervoltage;
  if (lowest <= kUndervoltage) discharge_fet_ = false;
  if (lowest >= kUndervoltageRelease || current_ > 1) discharge_fet_ = discharge_fet_ || lowest > kUndervoltage;
}

void BatteryModel::balance() {
  const double lowest = lowest_cell();
  for (Cell& cell : cells_) cell.bleeds = cell.voltage > kBalanceFrom && cell.voltage > lowest + kBalanceDifference;
}

double BatteryModel::measured_current() const {
  const double seen = current_ * gain_ + offset_a_;
  return std::abs(seen) < kDeadBand ? 0 : seen;
}

void BatteryModel::count(double seconds) {
  const double hours = seconds / 3600, measured = measured_current();
  counter_ah_ = std::clamp(counter_ah_ + measured * hours, 0.0, options_.capacity_ah);
  if (voltage() >= kFullCell * static_cast<double>(cells_.size())) counter_ah_ = options_.capacity_ah;
  const double energy = measured * hours * voltage() / 1000;
  (measured > 0 ? charged_ah_ : discharged_ah_) += std::abs(measured) * hours;
  (measured > 0 ? charged_kwh_ : discharged_kwh_) += std::abs(energy);
}

double BatteryModel::resting_voltage() const { return voltage() - current_ * resistance(); }

double BatteryModel::resistance() const {
  double ohm = 0;
  for (const Cell& cell : cells_) ohm += cell.resistance;
  return ohm * cold_factor();
}

double BatteryModel::voltage() const {
  double sum = 0;
  for (const Cell& cell : cells_) sum += cell.voltage;
  return sum;
}

double BatteryModel::current() const { return current_; }
double BatteryModel::temperature_c() const { return temperature_c_; }

double BatteryModel::lowest_cell() const {
  return std::min_element(cells_.begin(), cells_.end(),
                          [](const Cell& a, const Cell& b) { return a.voltage < b.voltage; })
      ->voltage;
}

double BatteryModel::highest_cell() const {
  return std::max_element(cells_.begin(), cells_.end(),
                          [](const Cell& a, const Cell& b) { return a.voltage < b.voltage; })
      ->voltage;
}

double BatteryModel::soc_percent() const {
  double charge = 0, capacity = 0;
  for (const Cell& cell : cells_) {
    charge += cell.charge;
    capacity += cell.capacity;
  }
  return charge / capacity * 100;
}

void BatteryModel::set_counter(double percent) {
  counter_ah_ = std::clamp(percent, 0.0, 100.0) / 100 * options_.capacity_ah;
}

// Keeps how the cells differ.
void BatteryModel::set_soc(double percent) {
  const double change = percent - soc_percent();
  for (Cell& cell : cells_) {
    cell.charge = std::clamp(cell.charge + cell.capacity * change / 100, kLeastCharge * cell.capacity,
                             kMostCharge * cell.capacity);
  }
  set_counter(percent);
  measure();
}

void BatteryModel::set_switches(bool charge, bool discharge) {
  charge_switch_ = charge;
  discharge_switch_ = discharge;
}

PackState BatteryModel::state() const {
  PackState state;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    state.cell_voltages.push_back(std::round(cells_[i].voltage * 1000) / 1000);  // what a BMS resolves
    if (cells_[i].bleeds) state.balancing_cells.insert(static_cast<int>(i) + 1);
  }
  const double load = std::abs(current_) / options_.capacity_ah;  // in C
  for (int i = 0; i < options_.sensors; ++i) {
    state.cell_temperatures.push_back(std::round((temperature_c_ + 0.3 * (i % 4) * options_.spread) * 10) / 10);
  }
  state.voltage = voltage();
  state.current = std::round(measured_current() * 100) / 100;
  state.soc = counter_ah_ / options_.capacity_ah * 100;
  state.capacity_full = state.capacity_design = options_.capacity_ah;
  state.capacity_remaining = counter_ah_;
  state.mos_temperature = temperature_c_ + 2 + 40 * load;  // a guess
  state.ambient_temperature = room_c_;
  state.pack_temperature = temperature_c_;
  state.max_charge_current = state.max_discharge_current = options_.capacity_ah;  // 1 C
  state.cell_voltage_max_limit = kOvervoltage;
  state.cell_voltage_min_limit = kUndervoltage;
  state.total_charge = charged_ah_;
  state.total_discharge = discharged_ah_;
  state.total_charge_energy = charged_kwh_;
  state.total_discharge_energy = discharged_kwh_;
  state.cycles = static_cast<int>(discharged_ah_ / options_.capacity_ah);
  state.charge_fet = charge_fet();
  state.discharge_fet = discharge_fet();
  return state;
}

}  // namespace bmsd
