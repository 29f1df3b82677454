#include "app/scenario_step.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

namespace bmsd {
namespace {

using Json = nlohmann::json;

constexpr double kAbsentCell = 9.9;  // V: a list has no holes, but a cell like this is not believed (control/cells.h)
constexpr double kHighestCell = 10;
constexpr double kMost = 1e12;  // of anything that a scenario says: what is more cannot be counted with

// "low_cell_voltage" of "LowCellVoltage".
std::string word_of(Alarm alarm) {
  std::string word;
  for (const char c : key_of(alarm)) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !word.empty()) word += '_';
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return word;
}

void say(Reading& reading, Field field, std::optional<double> value) {
  if (value) {
    reading.set(field, *value);
  } else {
    reading.set_unknown(field);
  }
}

// A switch that is on where the step does not mention it.
std::optional<double> fet(const Json& step, const char* key) {
  if (!step.contains(key)) return 1;
  const auto on = flag_of(step, key);
  return on ? std::optional(*on ? 1.0 : 0.0) : std::nullopt;
}

}  // namespace

std::optional<double> number_in(const Json& value) {
  const auto sensible = [](double number) { return std::abs(number) < kMost ? std::optional(number) : std::nullopt; };
  if (value.is_number()) return sensible(value.get<double>());
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' ? sensible(number) : std::nullopt;
}

std::optional<double> number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : number_in(*found);
}

std::optional<bool> flag_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  if (*found == "True" || *found == "true") return true;
  if (*found == "False" || *found == "false") return false;
  const auto number = number_in(*found);
  return number ? std::optional(*number != 0) : std::nullopt;
}

StepReader::StepReader(const Json& scenario)
    : cell_count_(static_cast<std::size_t>(std::clamp(number_of(scenario, "cell_count").value_or(16), 1.0, 64.0))),
      capacity_(scenario.contains("capacity_ah") ? number_of(scenario, "capacity_ah") : 280),
      history_of_bms_(scenario.value("history_from_bms", Json())) {
  alarms_.level.fill(Severity::ok);
}

bool StepReader::read(const Json& step, Battery& battery, Instant now) {
  const auto keep = [&](const char* key, std::optional<double>& kept) {
    if (step.contains(key)) kept = number_of(step, key);
  };
  keep("bms_max_charge_a", max_charge_);
  keep("bms_max_discharge_a", max_discharge_);
  balancer_may_ = flag_of(step, "balance_fet");
  heating_ = flag_of(step, "heating");
  read_alarms(step);

  Reading reading;
  reading.set(Field::cell_count, static_cast<double>(cell_count_));
  read_cells(step, reading);
  read_temperatures(step, reading);
  say(reading, Field::current, number_of(step, "current_a"));
  say(reading, Field::soc, number_of(step, "soc_percent"));
  say(reading, Field::mos_temperature, number_of(step, "mos_temp_c"));
  say(reading, Field::capacity_full, capacity_);
  say(reading, Field::max_charge_current, max_charge_);
  say(reading, Field::max_discharge_current, max_discharge_);
  say(reading, Field::charge_fet_on, fet(step, "charge_fet"));
  say(reading, Field::discharge_fet_on, fet(step, "discharge_fet"));
  if (history_of_bms_.is_object()) {
    say(reading, Field::cycles, number_of(history_of_bms_, "charge_cycles"));
    say(reading, Field::total_discharge, number_of(history_of_bms_, "total_ah_drawn"));
    say(reading, Field::total_discharge_energy, number_of(history_of_bms_, "discharged_energy"));
    say(reading, Field::total_charge_energy, number_of(history_of_bms_, "charged_energy"));
  }
  reading.balancing_cells = CellSet();
  const Json balancing = step.value("balancing_cells", Json::array());
  for (const Json& cell : balancing) {
    const double number = number_in(cell).value_or(0);
    if (number >= 1 && number <= static_cast<double>(kMaxCells)) {
      reading.balancing_cells->set(static_cast<std::size_t>(number) - 1);
    }
  }
  reading.alarms = alarms_;
  Battery said;  // anew, so that what is missing is not known
  if (!said.merge(reading, 0, now)) return false;
  battery = std::move(said);
  return true;
}

void StepReader::read_cells(const Json& step, Reading& reading) const {
  std::vector<double> cells;
  if (const auto all = step.find("cells_v"); all != step.end() && all->is_array()) {
    for (const Json& cell : *all) cells.push_back(number_in(cell).value_or(kAbsentCell));
  } else if (const auto each = number_of(step, "cell_v")) {
    cells.assign(cell_count_, *each);
  }
  if (cells.empty()) return;
  double sum = 0;
  for (double& cell : cells) {
    if (cell > kHighestCell) cell = kAbsentCell;
    sum += cell;
  }
  reading.set(Field::voltage, sum);
  reading.set(Field::cell_count, static_cast<double>(cells.size()));
  reading.cell_voltages = std::move(cells);
}

void StepReader::read_temperatures(const Json& step, Reading& reading) {
  const Json told = step.value("temps_c", Json::array({25, 25}));
  present_.clear();
  std::vector<double> sensors;
  for (std::size_t i = 0; told.is_array() && i < told.size(); ++i) {
    const auto celsius = number_in(told[i]);
    if (!celsius) continue;
    sensors.push_back(*celsius);
    present_.push_back(i);
  }
  reading.cell_temperatures = std::move(sensors);
}

void StepReader::read_alarms(const Json& step) {
  const auto told = step.find("alarms");
  if (told == step.end() || !told->is_object()) return;
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const auto level = number_of(*told, word_of(static_cast<Alarm>(i)).c_str());
    if (level) alarms_.level[i] = static_cast<Severity>(static_cast<int>(std::clamp(*level, 0.0, 2.0)));
  }
}

SensorConfig StepReader::sensors(const SensorConfig& config) const {
  SensorConfig moved = config;
  moved.source.clear();
  for (std::size_t place = 0; place < present_.size(); ++place) {
    const std::size_t sensor = present_[place];
    if (place < moved.adjust.size() && sensor < config.adjust.size()) moved.adjust[place] = config.adjust[sensor];
    const auto counts = std::find(config.source.begin(), config.source.end(), static_cast<int>(sensor) + 1);
    if (counts != config.source.end()) moved.source.push_back(static_cast<int>(place) + 1);
  }
  return moved;
}

}  // namespace bmsd
