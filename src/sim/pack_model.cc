#include "sim/pack_model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "sim/lfp_cell.h"
#include "sim/random.h"

namespace bmsd {
namespace {

constexpr int kMostCells = 32, kMostSensors = 16;
constexpr double kMaxStepHours = 0.25;  // the model integrates in steps, so that a leap of hours is no error of hours

// Scalars that are set as they are. `modelled`: the model would change it, so setting it pins it.
struct Scalar {
  std::string_view key;
  double PackState::*member;
  double lowest, highest;
  bool modelled;
};
constexpr Scalar kScalars[] = {
    {"voltage_v", &PackState::voltage, 0, 1000, true},
    {"current_a", &PackState::current, -5000, 5000, false},
    {"soc_percent", &PackState::soc, 0, 200, false},  // above 100: what a BMS never says and a reader must refuse
    {"soh_percent", &PackState::soh, 0, 200, false},
    {"capacity_full_ah", &PackState::capacity_full, 0, 5000, false},
    {"capacity_remaining_ah", &PackState::capacity_remaining, 0, 5000, true},
    {"capacity_design_ah", &PackState::capacity_design, 0, 5000, false},
    {"mos_temperature_c", &PackState::mos_temperature, -100, 250, true},
    {"ambient_temperature_c", &PackState::ambient_temperature, -100, 250, true},
    {"pack_temperature_c", &PackState::pack_temperature, -100, 250, true},
    {"max_charge_current_a", &PackState::max_charge_current, 0, 5000, false},
    {"max_discharge_current_a", &PackState::max_discharge_current, 0, 5000, false},
    {"cell_voltage_max_limit_v", &PackState::cell_voltage_max_limit, 0, 10, false},
    {"cell_voltage_min_limit_v", &PackState::cell_voltage_min_limit, 0, 10, false},
    {"total_charge_ah", &PackState::total_charge, 0, 1e9, false},
    {"total_discharge_ah", &PackState::total_discharge, 0, 1e9, false},
    {"total_charge_energy_kwh", &PackState::total_charge_energy, 0, 1e9, false},
    {"total_discharge_energy_kwh", &PackState::total_discharge_energy, 0, 1e9, false},
};
constexpr std::string_view kOtherKeys[] = {
    "cells",
    "sensors",
    "cycles",
    "temperature_c",
    "drift",
    "cell_voltages_v",
    "cell_temperatures_c",
    "balancing_cells",
    "charge_fet_on",
    "discharge_fet_on",
};
constexpr std::string_view kModelledLists[] = {"cell_voltages_v", "cell_temperatures_c", "balancing_cells"};

const Scalar* find_scalar(std::string_view key) {
  const auto* found =
      std::find_if(std::begin(kScalars), std::end(kScalars), [key](const Scalar& s) { return s.key == key; });
  return found == std::end(kScalars) ? nullptr : found;
}

bool modelled(std::string_view key) {
  if (key == "pv_w" || key == "load_w") return true;
  const Scalar* scalar = find_scalar(key);
  return scalar != nullptr
             ? scalar->modelled
             : std::find(std::begin(kModelledLists), std::end(kModelledLists), key) != std::end(kModelledLists);
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// "3.31,3.32", "[3.31, 3.32]", "none".
std::optional<std::vector<double>> parse_list(std::string_view text) {
  std::vector<double> values;
  if (text == "none") return values;
  std::size_t at = 0;
  const auto is_gap = [](char c) { return c == ',' || c == ' ' || c == '[' || c == ']'; };
  while (at < text.size()) {
    if (is_gap(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && !is_gap(text[end])) ++end;
    const auto value = parse_number(text.substr(at, end - at));
    if (!value) return std::nullopt;
    values.push_back(*value);
    at = end;
  }
  return values;
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "on" || text == "true" || text == "1" || text == "yes") return true;
  if (text == "off" || text == "false" || text == "0" || text == "no") return false;
  return std::nullopt;
}

Error wrong(std::string_view key, std::string_view value, std::string_view wanted) {
  return {Errc::config, "", 0, std::string(key) + ": \"" + std::string(value) + "\" is not " + std::string(wanted)};
}

std::string range_text(double lowest, double highest) {
  const auto text = [](double number) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    return std::string(buffer, end);
  };
  return "a number from " + text(lowest) + " to " + text(highest);
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

PackModel::PackModel(const PackModelOptions& options) : options_(options) {
  state_.soc = options_.soc_percent;
  state_.capacity_full = state_.capacity_design = options_.capacity_ah;
  state_.max_charge_current = state_.max_discharge_current = options_.capacity_ah;  // 1 C
  build(options_.cells, options_.sensors);
  if (options_.charged) build_plant();
  // A life so far of some cycles, with the losses that a pack has.
  state_.cycles = 25;
  state_.total_discharge = 25 * options_.capacity_ah;
  state_.total_charge = state_.total_discharge * 1.02;
  state_.total_discharge_energy = state_.total_discharge * state_.voltage * 0.98 / 1000;
  state_.total_charge_energy = state_.total_charge * state_.voltage * 1.02 / 1000;
}

PackModel::PackModel(PackState state) : state_(std::move(state)) {
  charge_fet_.set = state_.charge_fet;
  discharge_fet_.set = state_.discharge_fet;
  for (const Scalar& scalar : kScalars) pinned_.emplace(scalar.key);
  for (const std::string_view key : kModelledLists) pinned_.emplace(key);
  options_.fixed = true;
  options_.current_a = state_.current;
  build(static_cast<int>(state_.cell_voltages.size()), static_cast<int>(state_.cell_temperatures.size()));
}

// Gives each cell and sensor its nature. The same cell has the same nature in a pack of any size.
void PackModel::build(int cells, int sensors) {
  const auto make = [this](int count, std::uint64_t salt, double spread) {
    std::vector<Cell> made(static_cast<std::size_t>(std::max(count, 0)));
    Random random(options_.seed * 1000003 + salt);
    for (Cell& cell : made) {
      cell.offset = random.between(-spread, spread);
      cell.resistance = random.between(0.8, 1.2) * 0.05 / std::max(options_.capacity_ah, 1.0);  // 0.5 mohm at 100 Ah
      cell.phase = random.between(0, 2 * std::numbers::pi);
    }
    return made;
  };
  cells_ = make(cells, 1, 0.006);
  sensors_ = make(sensors, 2, 0.8);
  refresh();
}

void PackModel::advance(Instant now) {
  if (!started_) now_ = now;
  started_ = true;
  if (now <= now_) return;
  const double elapsed = seconds(now - now_);
  now_ = now;
  if (options_.fixed) return;
  if (plant_) {
    plant_->advance(Duration(static_cast<std::int64_t>(elapsed * options_.time_factor * 1e6)));
    return follow_plant();
  }
  double hours = elapsed / 3600;
  for (; hours > kMaxStepHours; hours -= kMaxStepHours) integrate(kMaxStepHours);
  integrate(hours);
  wander_seconds_ += elapsed;
  refresh();
}

void PackModel::integrate(double hours) {
  const double charge = state_.current * hours;  // Ah
  const double energy = charge * state_.voltage / 1000;
  if (charge > 0) {
    state_.total_charge += charge;
    state_.total_charge_energy += energy;
  } else if (charge < 0) {
    const auto cycles = [this] { return std::floor(state_.total_discharge / std::max(state_.capacity_full, 1.0)); };
    const double before = cycles();
    state_.total_discharge -= charge;
    state_.total_discharge_energy -= energy;
    state_.cycles += static_cast<int>(cycles() - before);
  }
  if (state_.capacity_full > 0) {
    state_.soc = std::clamp(state_.soc + charge / state_.capacity_full * 100, 0.0, std::max(100.0, state_.soc));
  }
}

void PackModel::refresh() {
  if (plant_) return follow_plant();
  state_.charge_fet = charge_fet_.set && charge_fet_.commanded;
  state_.discharge_fet = discharge_fet_.set && discharge_fet_.commanded;
  if (!pinned("current_a")) {
    const bool open = options_.current_a > 0 ? state_.charge_fet : state_.discharge_fet;
    state_.current = open ? options_.current_a : 0;
  }
  if (!pinned("cell_voltages_v")) {
    const double at_rest = open_circuit_voltage(std::min(state_.soc, 100.0));
    state_.cell_voltages.resize(cells_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const Cell& cell = cells_[i];
      const double wander = 0.0015 * std::sin(wander_seconds_ / 90 + cell.phase);
      state_.cell_voltages[i] = std::max(0.0, at_rest + cell.offset + wander + state_.current * cell.resistance);
    }
  }
  if (!pinned("voltage_v")) {
    state_.voltage = std::accumulate(state_.cell_voltages.begin(), state_.cell_voltages.end(), 0.0);
  }
  if (!pinned("capacity_remaining_ah")) state_.capacity_remaining = state_.soc / 100 * state_.capacity_full;
  if (!pinned("balancing_cells") && !state_.cell_voltages.empty()) {
    const double average = mean(state_.cell_voltages);
    state_.balancing_cells.clear();
    for (std::size_t i = 0; i < state_.cell_voltages.size(); ++i) {
      const double voltage = state_.cell_voltages[i];
      if (voltage > 3.45 && voltage > average + 0.003) state_.balancing_cells.insert(static_cast<int>(i) + 1);
    }
  }
  refresh_temperatures();
}

void PackModel::refresh_temperatures() {
  const double room = options_.temperature_c + 1.5 * std::sin(wander_seconds_ / 3600);
  const double load = std::abs(state_.current) / std::max(options_.capacity_ah, 1.0);  // in C
  if (!pinned("ambient_temperature_c")) state_.ambient_temperature = room;
  if (!pinned("mos_temperature_c")) state_.mos_temperature = room + 1 + 12 * load;
  if (!pinned("cell_temperatures_c")) {
    state_.cell_temperatures.resize(sensors_.size());
    for (std::size_t i = 0; i < sensors_.size(); ++i) {
      const Cell& sensor = sensors_[i];
      state_.cell_temperatures[i] =
          room + sensor.offset + 0.3 * std::sin(wander_seconds_ / 600 + sensor.phase) + 5 * load;
    }
  }
  if (!pinned("pack_temperature_c")) {
    state_.pack_temperature = state_.cell_temperatures.empty() ? room : mean(state_.cell_temperatures);
  }
}

bool PackModel::knows(std::string_view key) {
  return find_scalar(key) != nullptr || is_plant_key(key) ||
         std::find(std::begin(kOtherKeys), std::end(kOtherKeys), key) != std::end(kOtherKeys);
}

std::vector<std::string_view> PackModel::keys() {
  std::vector<std::string_view> all(std::begin(kOtherKeys), std::end(kOtherKeys));
  for (const Scalar& scalar : kScalars) all.push_back(scalar.key);
  all.insert(all.end(), std::begin(kPlantKeys), std::end(kPlantKeys));
  std::sort(all.begin(), all.end());
  return all;
}

Status PackModel::set(std::string_view key, std::string_view value) {
  if (!knows(key)) return Error{Errc::config, "", 0, std::string(key) + ": a pack has no such value"};
  if (value == "auto") {
    if (!modelled(key)) return wrong(key, value, "possible here: the model does not change this value");
    pinned_.erase(pinned_.find(key) == pinned_.end() ? std::string() : std::string(key));
    if (plant_ && key == "pv_w") plant_->fix_pv({});
    if (plant_ && key == "load_w") plant_->fix_load({});
    refresh();
    return Done{};
  }
  if (key == "drift" || key == "charge_fet_on" || key == "discharge_fet_on") return set_switch(key, value);
  if (std::find(std::begin(kModelledLists), std::end(kModelledLists), key) != std::end(kModelledLists)) {
    return set_list(key, value);
  }

  const Scalar* scalar = find_scalar(key);
  const double lowest = scalar != nullptr ? scalar->lowest : key == "cells" ? 1 : key == "temperature_c" ? -60 : 0;
  const double highest = scalar != nullptr        ? scalar->highest
                         : key == "cells"         ? kMostCells
                         : key == "sensors"       ? kMostSensors
                         : key == "temperature_c" ? 150
                                                  : 1000000;
  const auto number = parse_number(value);
  const bool whole = key == "cells" || key == "sensors" || key == "cycles";
  if (!number || *number < lowest || *number > highest || (whole && *number != std::floor(*number))) {
    return wrong(key, value, (whole ? "whole and " : "") + range_text(lowest, highest));
  }
  if (is_plant_key(key)) return set_plant(key, *number);
  if (plant_ && key == "current_a")
    return wrong(key, value, "possible here: the charger decides; set pv_w, load_w or ccl_a");
  if (scalar != nullptr) {
    state_.*(scalar->member) = *number;
    if (plant_ && key == "soc_percent") plant_->battery().set_soc(*number);
    if (scalar->modelled) pinned_.emplace(key);
    if (key == "current_a") options_.current_a = *number;
  } else if (key == "cycles") {
    state_.cycles = static_cast<int>(*number);
  } else if (key == "temperature_c") {
    options_.temperature_c = *number;
  } else if (key == "cells") {
    for (const char* list : {"cell_voltages_v", "balancing_cells", "voltage_v"}) pinned_.erase(list);
    build(static_cast<int>(*number), static_cast<int>(sensors_.size()));
  } else {
    pinned_.erase("cell_temperatures_c");
    build(static_cast<int>(cells_.size()), static_cast<int>(*number));
  }
  // What a battery is made of: it is another one then.
  if (plant_ && (key == "cells" || key == "sensors" || key == "capacity_full_ah" || key == "temperature_c"))
    build_plant();
  refresh();
  return Done{};
}

Status PackModel::set_switch(std::string_view key, std::string_view value) {
  const auto on = parse_switch(value);
  if (!on) return wrong(key, value, "on or off");
  (key == "drift"           ? options_.fixed
   : key == "charge_fet_on" ? charge_fet_.set
                            : discharge_fet_.set) = key == "drift" ? !*on : *on;
  refresh();
  return Done{};
}

Status PackModel::set_list(std::string_view key, std::string_view value) {
  const auto list = parse_list(value);
  if (!list) return wrong(key, value, "a list of numbers such as 3.31,3.32");
  const auto within = [&list](double lowest, double highest) {
    return std::all_of(list->begin(), list->end(), [=](double x) { return x >= lowest && x <= highest; });
  };
  if (key == "cell_voltages_v") {
    if (list->empty() || list->size() > kMostCells || !within(0, 10))
      return wrong(key, value, "1 to 32 voltages from 0 to 10");
    state_.cell_voltages = *list;
    cells_.resize(list->size());
  } else if (key == "cell_temperatures_c") {
    if (list->size() > kMostSensors || !within(-100, 250))
      return wrong(key, value, "up to 16 temperatures from -100 to 250");
    state_.cell_temperatures = *list;
    sensors_.resize(list->size());
  } else {
    if (!within(1, kMostCells)) return wrong(key, value, "a list of cell numbers from 1 to 32");
    state_.balancing_cells.clear();
    for (const double cell : *list) state_.balancing_cells.insert(static_cast<int>(cell));
  }
  pinned_.emplace(key);
  refresh();
  return Done{};
}

void PackModel::command(const Change& change) {
  switch (change.what) {
    case Changeable::charge_fet:
      charge_fet_.commanded = change.value != 0;
      break;
    case Changeable::discharge_fet:
      discharge_fet_.commanded = change.value != 0;
      break;
    case Changeable::soc:
      if (plant_) plant_->battery().set_counter(change.value);
      state_.soc = change.value;
      break;
  }
  refresh();
}

void PackModel::set_alarm(std::string_view name, bool on) {
  if (on) {
    state_.alarms.emplace(name);
  } else if (const auto found = state_.alarms.find(name); found != state_.alarms.end()) {
    state_.alarms.erase(found);
  }
}

}  // namespace bmsd
