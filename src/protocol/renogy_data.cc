#include "protocol/renogy_data.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "protocol/renogy_tables.h"

namespace bmsd::renogy {
namespace {

using Problem = std::optional<Error>;

Error implausible(const char* why) { return {Errc::implausible, "implausible", 0, why}; }

std::vector<double> tenths(const Registers& in, int number, int count, bool is_signed) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back((is_signed ? in.s16(number + i) : int(in.u16(number + i))) / 10.0);
  return values;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// --- 5000 to 5041: cells and temperatures ---

Problem say_cells(const Registers& in, Memory& memory, Reading& reading) {
  if (!in.has(5000)) return std::nullopt;
  const int count = static_cast<int>(in.u16(5000));
  if (count < 1 || count > kMostCells) return implausible("not 1 to 16 cells");
  memory.cells = count;
  reading.set(Field::cell_count, count);
  if (in.has(5001, count)) reading.cell_voltages = tenths(in, 5001, count, false);
  return std::nullopt;
}

// The count is right where it is less than the sensors that have a value.
Problem say_cell_temperatures(const Registers& in, Memory& memory, Reading& reading) {
  if (!in.has(5017)) return std::nullopt;
  const int count = static_cast<int>(in.u16(5017));
  if (count > kMostCells) return implausible("more than 16 cell temperatures");
  if (in.has(5018, count)) reading.cell_temperatures = tenths(in, 5018, count, true);
  if (memory.extras) reading.extra("temperature_sensor_count", static_cast<double>(count));
  return std::nullopt;
}

// The counted ones of two sensors; nothing where the range does not hold them.
Result<std::optional<std::vector<double>>> pair_of(const Registers& in, int number) {
  if (!in.has(number)) return std::optional<std::vector<double>>();
  const int count = static_cast<int>(in.u16(number));
  if (count > 2) return implausible("more than two sensors");
  if (!in.has(number + 1, count)) return std::optional<std::vector<double>>();
  return std::optional(tenths(in, number + 1, count, true));
}

Problem say_surroundings(const Registers& in, Memory& memory, Reading& reading) {
  const auto environment = pair_of(in, 5036), heater = pair_of(in, 5039);
  if (!environment) return environment.error();
  if (!heater) return heater.error();
  // 0.0 is what boards without this sensor say.
  if (in.has(5035) && in.s16(5035) != 0) reading.set(Field::mos_temperature, in.s16(5035) / 10.0);
  if (*environment && !(*environment)->empty()) {
    reading.set(Field::ambient_temperature, (*environment)->front());
    reading.set(Field::pack_temperature, mean(**environment));  // used where there is no cell temperature
  }
  if (*heater) memory.has_heater_sensor = !(*heater)->empty();
  if (!memory.extras) return std::nullopt;
  if (in.has(5035)) reading.extra("bms_board_temperature_c", in.s16(5035) / 10.0);
  if (*environment) reading.extra("environment_temperatures_c", **environment);
  if (*heater) reading.extra("heater_temperatures_c", **heater);
  return std::nullopt;
}

// --- 5042 to 5052: measurements and limits ---

// The "Pro" family counts in 0.1 A. Its current has not been captured on RS485.
bool is_pro(std::string_view model) {
  return model.starts_with("RNGRBP") || model.starts_with("RNGC") ||
         (model.starts_with("RBT12") && model.ends_with("LFP-B"));
}

Problem say_measurements(const Registers& in, Memory& memory, Reading& reading) {
  constexpr double kMilli = 1000;
  if (in.has(5046, 2) && in.u32(5046) == 0) return implausible("no capacity");
  if (in.has(5042)) {
    const double unit = memory.unit.value_or(is_pro(memory.model) ? 0.1 : 0.01);
    reading.set(Field::current, in.s16(5042) / std::round(1 / unit));
    if (memory.extras) reading.extra("current_unit_a", unit);
  }
  if (in.has(5043)) reading.set(Field::voltage, in.u16(5043) / 10.0);
  const auto say_capacity = [&](int number, Field field) {
    if (!in.has(number, 2)) return;
    reading.set(field, in.u32(number) / kMilli);
    // To the mAh, where the field shows less.
    if (memory.extras && in.u32(number) % 10 != 0) reading.extra(info(field).key, in.u32(number) / kMilli);
  };
  say_capacity(5044, Field::capacity_remaining);
  say_capacity(5046, Field::capacity_full);
  if (in.has(5044, 4)) {
    const double soc = static_cast<double>(in.u32(5044)) / in.u32(5046) * 100;
    reading.set(Field::soc, std::min(std::round(soc * 100) / 100, 100.0));
  }
  if (in.has(5048)) reading.set(Field::cycles, in.u16(5048));
  return std::nullopt;
}

Problem say_limits(const Registers& in, Memory& memory, Reading& reading) {
  const bool is_unset = in.has(5049, 4) && std::ranges::all_of(in.bytes(5049, 4), [](auto byte) { return byte == 0; });
  if (is_unset) return std::nullopt;
  // The module's limit shared by its cells: cell voltages themselves are too coarse to derive anything from them.
  const auto per_cell = [&](int number, Field field) {
    if (in.has(number) && in.u16(number) != 0 && memory.cells)
      reading.set(field, in.u16(number) / 10.0 / *memory.cells);
  };
  per_cell(5049, Field::cell_voltage_max_limit);
  per_cell(5050, Field::cell_voltage_min_limit);
  if (in.has(5051)) reading.set(Field::max_charge_current, in.u16(5051) / 100.0);
  if (in.has(5052)) reading.set(Field::max_discharge_current, std::abs(in.s16(5052)) / 100.0);
  if (!memory.extras) return std::nullopt;
  if (in.has(5049)) reading.extra("charge_voltage_limit_v", in.u16(5049) / 10.0);
  if (in.has(5050)) reading.extra("discharge_voltage_limit_v", in.u16(5050) / 10.0);
  return std::nullopt;
}

// --- 5100 to 5109: alarms and switches ---

void raise(Alarms& alarms, Alarm alarm) { alarms.level[static_cast<std::size_t>(alarm)] = Severity::alarm; }

void raise(Alarms& alarms, const Levels& levels, std::uint32_t fields, unsigned shift) {
  const std::array<Alarm, 3> meant = {levels.below, levels.above, Alarm::internal_failure};
  if (const unsigned value = fields >> shift & 3U; value != 0) raise(alarms, meant[value - 1]);
}

// On a battery with a heater 5103 was seen to follow the heater's level.
bool may_hold_heater_level(const Memory& memory) {
  return memory.has_heater_sensor || (memory.status.of(5107) & kHeaterOn) != 0 ||
         memory.model.find("SH") != std::string::npos;
}

// Some batteries leave 5106 to 5109 empty: then their zeros mean nothing.
bool is_filled(const StatusWords& status) {
  return (status.of(5106) | status.of(5107) | status.of(5108) | status.of(5109)) != 0;
}
bool is_empty(const StatusWords& status) {
  return !is_filled(status) && status.knows(5106) && status.knows(5107) && status.knows(5108) && status.knows(5109);
}

Alarms alarms_of(const Memory& memory) {
  const StatusWords& status = memory.status;
  const auto both = [&](int number) { return std::uint32_t{status.of(number)} << 16 | status.of(number + 1); };
  const std::array<std::uint16_t, 2> words = {static_cast<std::uint16_t>(status.of(5106)),
                                              static_cast<std::uint16_t>(status.of(5107))};
  Alarms alarms = alarms_from(kAlarmBits, words);
  if (Severity& board = alarms.level[static_cast<std::size_t>(Alarm::high_internal_temperature)]; status.knows(5104))
    board = std::max(board, Severity::ok);
  const std::uint32_t voltages = both(5100), others = both(5104);
  const std::uint32_t temperatures = both(5102) & (may_hold_heater_level(memory) ? 0xFFFF0000U : 0xFFFFFFFFU);
  for (unsigned shift = 0; shift < 32; shift += 2) {
    raise(alarms, kCellVoltageLevels, voltages, shift);
    raise(alarms, kTemperatureLevels, temperatures, shift);
  }
  for (const LevelField& field : kOtherLevels) raise(alarms, field.levels, others, field.shift);
  if (status.of(5108) != 0) raise(alarms, Alarm::internal_failure);
  if (is_filled(status) && status.knows(5109)) {
    const auto forbid = [&](unsigned allowed, Blocks blocks) {
      if ((status.of(5109) & allowed) == 0)
        alarms.blocks = static_cast<std::uint8_t>(alarms.blocks | static_cast<std::uint8_t>(blocks));
    };
    forbid(kChargeAllowed, Blocks::charge);
    forbid(kDischargeAllowed, Blocks::discharge);
  }
  return alarms;
}

void add_status_extras(const Registers& in, const StatusWords& status, Reading& reading) {
  const auto flag = [&](const char* key, int number, unsigned bits) {
    if (in.has(number)) reading.extra(key, (status.of(number) & bits) != 0);
  };
  const auto raw = [&](const char* key, int number) {
    if (in.has(number, 2)) reading.extra(key, static_cast<double>(in.u32(number)));
  };
  raw("cell_voltage_alarm_raw", 5100);
  raw("cell_temperature_alarm_raw", 5102);
  raw("other_alarm_raw", 5104);
  flag("board_powered_by_module", 5106, kPowersBoard);
  flag("buzzer_on", 5107, kBuzzerOn);
  flag("fully_charged", 5107, kFullyCharged);
  flag("heating_on", 5107, kHeaterOn);
  if (in.has(5108)) {
    std::vector<double> cells;
    for (int cell = 1; cell <= kMostCells; ++cell) {
      if ((status.of(5108) >> (cell - 1) & 1U) != 0) cells.push_back(cell);
    }
    reading.extra("unmeasured_cells", std::move(cells));
  }
  if (is_empty(status)) return;
  flag("charge_allowed", 5109, kChargeAllowed);
  flag("discharge_allowed", 5109, kDischargeAllowed);
  flag("charge_immediately", 5109, kChargeAtOnce);
  flag("full_charge_wanted", 5109, kFullChargeWanted);
}

Problem say_status(const Registers& in, Memory& memory, Reading& reading) {
  StatusWords& status = memory.status;
  bool has_any = false;
  for (int i = 0; i < StatusWords::kCount; ++i) {
    if (!in.has(StatusWords::kFirst + i)) continue;
    const auto place = static_cast<std::size_t>(i);
    status.words[place] = static_cast<std::uint16_t>(in.u16(StatusWords::kFirst + i));
    status.known.set(place);
    has_any = true;
  }
  if (!has_any) return std::nullopt;
  if (in.has(5106) && is_empty(status)) {
    reading.set_unknown(Field::charge_fet_on);
    reading.set_unknown(Field::discharge_fet_on);
  } else if (in.has(5106)) {
    reading.set(Field::charge_fet_on, (status.of(5106) & kChargeOn) != 0 ? 1 : 0);
    reading.set(Field::discharge_fet_on, (status.of(5106) & kDischargeOn) != 0 ? 1 : 0);
  }
  if (status.knows(5106)) reading.alarms = alarms_of(memory);
  if (memory.extras) add_status_extras(in, status, reading);
  return std::nullopt;
}

// --- 5110 to 5141: texts ---

void say(Reading& reading, Text which, std::string content) {
  if (!content.empty()) reading.texts.emplace_back(which, std::move(content));
}

// What cannot be decoded, or is only filled up with zeros, names nobody.
void say_serial_number(Bytes field, Reading& reading) {
  std::string serial = printable_text(field);
  const bool is_name = serial.find_first_not_of('0') != std::string::npos && serial.find('?') == std::string::npos;
  if (is_name) reading.identities.push_back(serial);
  say(reading, Text::serial_number, std::move(serial));
}

Problem say_texts(const Registers& in, Memory& memory, Reading& reading) {
  constexpr int kMakerLeast = 8, kMakerMost = 10;
  if (in.has(5110, 8)) say_serial_number(in.bytes(5110, 8), reading);
  const bool has_model = in.has(5122, 8), has_maker = in.has(5132, kMakerLeast);
  if (has_model) memory.model = printable_text(in.bytes(5122, 8));
  if (has_maker) {
    const int registers = in.has(5132, kMakerMost) ? kMakerMost : kMakerLeast;
    memory.maker = printable_text(in.bytes(5132, registers));
    say(reading, Text::manufacturer, memory.maker);
  }
  if ((has_model || has_maker) && !memory.model.empty())
    say(reading, Text::hardware, memory.maker.empty() ? memory.model : memory.maker + " " + memory.model);
  if (in.has(5130, 2)) say(reading, Text::software_version, printable_text(in.bytes(5130, 2)));
  if (!memory.extras) return std::nullopt;
  if (has_model) reading.extra("model", memory.model);
  for (const ShownText& text : kShownTexts) {
    if (in.has(text.number, text.registers))
      reading.extra(text.key, printable_text(in.bytes(text.number, text.registers)));
  }
  return std::nullopt;
}

// --- 5200 to 5229: settings ---

Problem say_settings(const Registers& in, Memory& memory, Reading& reading) {
  if (!memory.extras) return std::nullopt;
  for (const Setting& setting : kSettings) {
    if (!in.has(setting.number)) continue;
    // Only currents of discharge and temperatures can be negative; of the former the amount is shown.
    const bool is_discharge_current = setting.number >= 5219 && setting.number <= 5221;
    const bool is_signed = setting.per_unit > 1 && std::string_view(setting.key).ends_with("_c");
    const double raw = is_discharge_current ? std::abs(in.s16(setting.number))
                       : is_signed          ? in.s16(setting.number)
                                            : static_cast<int>(in.u16(setting.number));
    reading.extra(setting.key, raw / setting.per_unit);
  }
  if (in.has(5226, 2) && in.u32(5226) != 0 && in.u32(5226) != 0xFFFFFFFFU)
    reading.extra("unique_id", to_hex(in.bytes(5226, 2)));
  return std::nullopt;
}

constexpr auto kSections = std::to_array<Problem (*)(const Registers&, Memory&, Reading&)>(
    {say_cells, say_cell_temperatures, say_surroundings, say_texts, say_measurements, say_limits, say_status,
     say_settings});

// The first and last register of what is known.
constexpr auto kKnown = std::to_array<std::pair<int, int>>({{5000, 5052}, {5100, 5141}, {5200, 5229}});

}  // namespace

Result<Reading> decode_registers(const Registers& in, Memory& memory) {
  const int last = in.first + static_cast<int>(in.data.size() / 2) - 1;
  const bool is_known =
      std::ranges::any_of(kKnown, [&](const auto& range) { return in.first <= range.second && last >= range.first; });
  if (!is_known) return Error{Errc::command, "unknown_register", 0, {}};
  Memory next = memory;
  Reading reading;
  for (const auto say_section : kSections) {
    if (auto problem = say_section(in, next, reading)) return std::move(*problem);
  }
  memory = std::move(next);
  return reading;
}

}  // namespace bmsd::renogy
