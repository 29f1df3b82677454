#include "protocol/jkbms_pb_data.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocol/jkbms_pb_tables.h"
#include "wire/numbers.h"

namespace bmsd::jkpb {
namespace {

constexpr std::size_t kMostCells = 32;

Error implausible(const char* why) { return {Errc::implausible, "implausible", 0, why}; }

double thousandths(std::uint32_t raw) { return raw / 1000.0; }

double number_at(Bytes block, const Item& item) {
  switch (item.as) {
    case As::s8:
      return static_cast<std::int8_t>(block[item.at]) / item.per_unit;
    case As::u16:
      return le_u16(block, item.at) / item.per_unit;
    case As::s16:
      return le_s16(block, item.at) / item.per_unit;
    case As::u32:
      return le_u32(block, item.at) / item.per_unit;
    case As::s32:
      return le_s32(block, item.at) / item.per_unit;
    case As::flag32:
      return le_u32(block, item.at) != 0 ? 1 : 0;
    case As::flag:
    case As::u8:
      break;
  }
  return block[item.at] / item.per_unit;
}

void add_items(Reading& reading, Bytes block, std::span<const Item> items) {
  for (const Item& item : items) {
    const double number = number_at(block, item);
    const bool is_flag = item.as == As::flag || item.as == As::flag32;
    reading.extra(item.key, is_flag ? ExtraValue(number != 0) : ExtraValue(number));
  }
}

void say(Reading& reading, Text which, std::string content) {
  if (!content.empty()) reading.texts.emplace_back(which, std::move(content));
}

// --- Status ---

// The numbers of the cells that are there, from 0.
std::vector<std::size_t> cells_present(Bytes block) {
  const std::uint32_t mask = le_u32(block, 70);
  std::vector<std::size_t> cells;
  for (std::size_t n = 0; n < kMostCells; ++n) {
    if ((mask >> n & 1) != 0) cells.push_back(n);
  }
  return cells;
}

// A number for each cell that is there, from a row of u16.
std::vector<double> row_of(Bytes block, std::size_t at, const std::vector<std::size_t>& cells, double per_unit) {
  std::vector<double> row;
  for (const std::size_t n : cells) row.push_back(le_u16(block, at + 2 * n) / per_unit);
  return row;
}

constexpr unsigned kMosSensor = 1U << 0;

struct Sensor {
  std::uint16_t at;
  unsigned present;  // bit of byte 214
};
// In the order that people see in the vendor's app.
constexpr std::array<Sensor, 4> kBatterySensors = {{{162, 1U << 1}, {164, 1U << 2}, {256, 1U << 4}, {258, 1U << 5}}};

// The sensors that are there. Most packs claim all of them; one that reads what no battery has is not there.
std::vector<double> battery_temperatures(Bytes block) {
  constexpr double kHottest = 100;
  std::vector<double> temperatures;
  for (const Sensor& sensor : kBatterySensors) {
    const double celsius = le_s16(block, sensor.at) / 10.0;
    const bool is_there = (block[214] & sensor.present) != 0;
    if (is_there && celsius >= kCellTemperatures.lowest && celsius <= kHottest) temperatures.push_back(celsius);
  }
  return temperatures;
}

void add_extras_of_status(Reading& reading, Bytes block, const std::vector<std::size_t>& cells) {
  add_items(reading, block, kStatusItems);
  reading.extra("wire_resistances_mohm", row_of(block, 80, cells, 1));
  const auto correction = std::bit_cast<float>(le_u32(block, 226));
  if (std::isfinite(correction)) reading.extra("voltage_correction", static_cast<double>(correction));
  if (block[215] != 0) reading.extra("heater_power_w", le_s16(block, 236) / 1000.0 * thousandths(le_u32(block, 150)));
}

// --- Settings ---

void add_extras_of_settings(Reading& reading, Bytes block, std::uint32_t cells) {
  add_items(reading, block, kSettingsItems);
  const unsigned bits = le_u16(block, 282);
  std::vector<std::string> functions;
  for (const FunctionBit& function : kFunctions) {
    if ((bits >> function.bit & 1) != 0) functions.emplace_back(function.name);
  }
  reading.extra("functions", std::move(functions));
  reading.extra("functions_raw", static_cast<double>(bits));
  reading.extra("heating_enabled", (bits & 1) != 0);
  reading.extra("charge_voltage_v", cells * thousandths(le_u32(block, 38)));
  reading.extra("float_voltage_v", cells * thousandths(le_u32(block, 42)));
  std::vector<double> wires(cells);
  for (std::size_t n = 0; n < wires.size(); ++n) wires[n] = le_u32(block, 142 + 4 * n);
  reading.extra("wire_calibration_uohm", std::move(wires));
}

// --- About ---

// A text ends at its first 00; what follows may be left from an older, longer one.
Bytes text_field(Bytes block, std::size_t at, std::size_t width) {
  const Bytes field = block.subspan(at, width);
  return field.first(static_cast<std::size_t>(std::find(field.begin(), field.end(), 0x00) - field.begin()));
}

std::string text_at(Bytes block, std::size_t at, std::size_t width) {
  return printable_text(text_field(block, at, width));
}

// "2024-09-14" of "240914"; nothing for what is no date.
std::optional<std::string> date_of(const std::string& text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.size() != 6 || !digits) return std::nullopt;
  const std::string year = "20" + text.substr(0, 2), month = text.substr(2, 2), day = text.substr(4, 2);
  if (month < "01" || month > "12" || day < "01" || day > "31") return std::nullopt;
  return year + "-" + month + "-" + day;
}

// Only what has something to tell packs apart by.
bool can_identify(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c != '0' && c != '?' && c != ' '; });
}

}  // namespace

Result<Reading> decode_status(Bytes block, Memory& memory) {
  const std::vector<std::size_t> cells = cells_present(block);
  if (cells.empty()) return implausible("no cell is there");
  std::vector<double> voltages = row_of(block, 6, cells, 1000);

  Reading reading;
  reading.set(Field::voltage, thousandths(le_u32(block, 150)));
  reading.set(Field::current, le_s32(block, 158) / 1000.0);
  reading.set(Field::soc, block[173]);
  reading.set(Field::soh, block[190]);
  const double full = thousandths(le_u32(block, 178));
  if (full > 0 || memory.capacity_design > 0)
    reading.set(Field::capacity_full, full > 0 ? full : memory.capacity_design);
  reading.set(Field::capacity_remaining, le_s32(block, 174) / 1000.0);
  reading.set(Field::cycles, le_u32(block, 182));
  reading.set(Field::cell_count, static_cast<double>(cells.size()));
  if ((block[214] & kMosSensor) != 0) reading.set(Field::mos_temperature, le_s16(block, 144) / 10.0);
  reading.set(Field::charge_fet_on, block[198] != 0 ? 1 : 0);
  reading.set(Field::discharge_fet_on, block[199] != 0 ? 1 : 0);
  reading.cell_temperatures = battery_temperatures(block);
  const std::array<std::uint16_t, 2> words = {le_u16(block, 166), le_u16(block, 168)};
  reading.alarms = alarms_from(kAlarmBits, words);

  // A cell that is there and reads 0 is a fault, or a slip of one reply: it is believed when it stays.
  const bool all_read = std::find(voltages.begin(), voltages.end(), 0.0) == voltages.end();
  if (all_read || !std::exchange(memory.cells_were_good, false)) reading.cell_voltages = std::move(voltages);
  if (all_read) memory.cells_were_good = true;
  memory.cells_are_counted = true;
  if (memory.extras) add_extras_of_status(reading, block, cells);
  return reading;
}

Result<Reading> decode_settings(Bytes block, Memory& memory) {
  const std::uint32_t cells = le_u32(block, 114), capacity = le_u32(block, 130);
  if (cells == 0 || cells > kMostCells) return implausible("not 1 to 32 cells");
  if (capacity == 0) return implausible("no capacity");
  memory.capacity_design = thousandths(capacity);

  Reading reading;
  reading.set(Field::cell_voltage_min_limit, thousandths(le_u32(block, 10)));
  reading.set(Field::cell_voltage_max_limit, thousandths(le_u32(block, 18)));
  reading.set(Field::max_charge_current, thousandths(le_u32(block, 50)));
  reading.set(Field::max_discharge_current, thousandths(le_u32(block, 62)));
  reading.set(Field::capacity_design, memory.capacity_design);
  // How many are wanted; a status says how many are there.
  if (!memory.cells_are_counted) reading.set(Field::cell_count, cells);
  if (memory.extras) add_extras_of_settings(reading, block, cells);
  return reading;
}

// The pass code (62) and the password (118) are never read.
Result<Reading> decode_about(Bytes block, const Memory& memory) {
  constexpr std::size_t kOldIdentity = 15;  // characters of the name that the old driver took for the serial number
  Reading reading;
  const std::string name = text_at(block, 46, 16), date = text_at(block, 78, 8), printed = text_at(block, 86, 16);
  const std::string& serial = can_identify(printed) ? printed : name;
  say(reading, Text::serial_number, serial);
  say(reading, Text::hardware, text_at(block, 22, 8));
  say(reading, Text::software_version, text_at(block, 30, 8));
  say(reading, Text::device_name, name);
  say(reading, Text::production_date, date_of(date).value_or(std::string()));
  for (const std::string& identity : {serial, name.substr(0, kOldIdentity)}) {
    const bool is_new =
        std::find(reading.identities.begin(), reading.identities.end(), identity) == reading.identities.end();
    if (is_new && can_identify(identity)) reading.identities.push_back(identity);
  }
  if (!memory.extras) return reading;
  add_items(reading, block, kAboutItems);
  reading.extra("model", text_at(block, 6, 16));
  reading.extra("manufacturing_date", date);
  reading.extra("user_data", text_at(block, 102, 16));
  reading.extra("user_data_2", text_at(block, 134, 16));
  return reading;
}

}  // namespace bmsd::jkpb
