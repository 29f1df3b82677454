// Services 42 and 44: a head, then the block of one pack or of each pack of the group.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "protocol/pylontech_rs485_info.h"
#include "protocol/pylontech_rs485_tables.h"
#include "wire/numbers.h"

namespace bmsd::pylontech {
namespace {

using Extras = std::vector<std::pair<const char*, ExtraValue>>;

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

unsigned be_u24(Bytes info, std::size_t at) { return static_cast<unsigned>(info[at]) << 16 | be_u16(info, at + 1); }

// --- Head and blocks ---

constexpr std::size_t kHead = 2;  // DATAFLAG, then the command byte or the number of packs

std::optional<Error> check_head(Bytes info, std::uint8_t command) {
  if (info.size() < kHead) return error(Errc::length, "info_too_short");
  if (command != kAllPacks && info[1] != command) return error(Errc::command, "header_mismatch");
  return std::nullopt;
}

bool is_count_of_cells(std::size_t count) { return count >= 1 && count <= kMaxPylontechCells; }

// A pack's block of 42. P counts the items that the vendor calls user-defined: 2, or 4 where two capacities of three
// bytes follow.
struct AnalogBlock {
  std::size_t cells = 0, cell_count = 0, sensors = 0, sensor_count = 0;  // offsets and counts
  std::size_t back = 0;                                                  // offset of the current
  unsigned items = 0;                                                    // P
  std::size_t end = 0;
  bool has_long_capacities() const { return items >= 4; }
};

// `alone`: no other pack follows, so that a P that no document knows may hold more than the 4 items.
std::optional<AnalogBlock> analog_block(Bytes info, std::size_t at, bool alone) {
  AnalogBlock block;
  if (at >= info.size()) return std::nullopt;
  block.cell_count = info[at];
  block.cells = at + 1;
  const std::size_t count_of_sensors = block.cells + 2 * block.cell_count;
  if (!is_count_of_cells(block.cell_count) || count_of_sensors >= info.size()) return std::nullopt;
  block.sensor_count = info[count_of_sensors];
  block.sensors = count_of_sensors + 1;
  block.back = block.sensors + 2 * block.sensor_count;
  if (block.sensor_count > kMaxSensors || block.back + 6 >= info.size()) return std::nullopt;
  block.items = info[block.back + 6];
  if (block.items > 4 && !alone) return std::nullopt;
  block.end = block.back + (block.has_long_capacities() ? 17 : 11);
  if (block.end > info.size()) return std::nullopt;
  return block;
}

// A pack's block of 44.
struct StateBlock {
  Bytes cells, sensors, others;  // others: charge current, module voltage, discharge current
  Bytes status;                  // 1 to 5
  std::size_t end = 0;
};

std::optional<StateBlock> state_block(Bytes info, std::size_t at) {
  if (at >= info.size()) return std::nullopt;
  const std::size_t cell_count = info[at], count_of_sensors = at + 1 + cell_count;
  if (!is_count_of_cells(cell_count) || count_of_sensors >= info.size()) return std::nullopt;
  const std::size_t sensor_count = info[count_of_sensors], sensors = count_of_sensors + 1;
  const std::size_t others = sensors + sensor_count;
  StateBlock block;
  block.end = others + 8;
  if (sensor_count > kMaxSensors || block.end > info.size()) return std::nullopt;
  block.cells = info.subspan(at + 1, cell_count);
  block.sensors = info.subspan(sensors, sensor_count);
  block.others = info.subspan(others, 3);
  block.status = info.subspan(others + 3, 5);
  return block;
}

// Blocks of different lengths, one behind the other; nothing when the counts do not fit.
template <typename Block>
std::optional<std::vector<Block>> blocks_of_all(Bytes info, std::optional<Block> (*block_at)(Bytes, std::size_t)) {
  const std::size_t packs = info[1];
  if (packs == 0) return std::nullopt;
  std::vector<Block> blocks;
  std::size_t at = kHead;
  for (std::size_t i = 0; i < packs; ++i) {
    const auto block = block_at(info, at);
    if (!block) return std::nullopt;
    at = block->end;
    blocks.push_back(*block);
  }
  return blocks;
}

std::optional<AnalogBlock> one_of_several(Bytes info, std::size_t at) { return analog_block(info, at, false); }

template <typename Block, typename Describe>
Result<Reading> decode_all(Bytes info, const Memory& memory, std::optional<Block> (*block_at)(Bytes, std::size_t),
                           Describe&& describe) {
  const auto blocks = blocks_of_all(info, block_at);
  if (!blocks) return error(Errc::length, "count_overrun");
  Reading reading;
  if (!memory.extras) return reading;
  std::vector<ExtraRecord> packs;
  for (const Block& block : *blocks) packs.push_back({describe(block)});
  reading.extra("data_flag", static_cast<double>(info[0]));
  reading.extra("pack_count", static_cast<double>(packs.size()));
  reading.extra("packs", std::move(packs));
  return reading;
}

// --- 42 ---

struct Analog {
  std::vector<double> cells;                   // V
  std::vector<double> temperatures;            // degrees Celsius; the first is that of the BMS board
  double current = 0, voltage = 0;             // A, + charges; V
  std::optional<double> remaining, full, soc;  // Ah, Ah, percent
  unsigned cycles = 0, items = 0;

  std::vector<double> cell_temperatures() const {
    return {temperatures.begin() + (temperatures.empty() ? 0 : 1), temperatures.end()};
  }
};

// Two bytes end at 65.535 Ah. Batteries with more say P = 4 and fill them with FFFF, which is no capacity.
std::optional<double> short_capacity(std::uint16_t raw) {
  if (raw == 0xFFFF) return std::nullopt;
  return raw / 1000.0;
}

Analog analog_of(Bytes info, const AnalogBlock& block) {
  Analog values;
  values.cells.resize(block.cell_count);
  for (std::size_t i = 0; i < block.cell_count; ++i) values.cells[i] = be_s16(info, block.cells + 2 * i) / 1000.0;
  values.temperatures.resize(block.sensor_count);
  for (std::size_t i = 0; i < block.sensor_count; ++i)
    values.temperatures[i] = celsius(be_u16(info, block.sensors + 2 * i));
  const std::size_t back = block.back;
  values.current = be_s16(info, back) / 10.0;
  values.voltage = be_u16(info, back + 2) / 1000.0;
  values.items = block.items;
  values.cycles = be_u16(info, back + 9);
  if (block.has_long_capacities()) {
    values.remaining = be_u24(info, back + 11) / 1000.0;
    values.full = be_u24(info, back + 14) / 1000.0;
  } else {
    values.remaining = short_capacity(be_u16(info, back + 4));
    values.full = short_capacity(be_u16(info, back + 7));
  }
  // What is counted may pass the capacity by a little before the battery corrects it.
  if (values.remaining && values.full && *values.full > 0)
    values.soc = std::min(100.0, std::round(10000 * *values.remaining / *values.full) / 100);
  return values;
}

ExtraValue number_or_null(const std::optional<double>& value) {
  if (!value) return std::monostate();
  return *value;
}

// A pack among several, under the keys of a single one.
Extras describe(const Analog& values) {
  Extras extras;
  extras.emplace_back("cell_count", static_cast<double>(values.cells.size()));
  extras.emplace_back("cell_voltages_v", values.cells);
  extras.emplace_back("temperatures_c", values.temperatures);
  if (!values.temperatures.empty()) extras.emplace_back("bms_temperature_c", values.temperatures.front());
  extras.emplace_back("cell_temperatures_c", values.cell_temperatures());
  extras.emplace_back("current_a", values.current);
  extras.emplace_back("voltage_v", values.voltage);
  extras.emplace_back("user_defined_items", static_cast<double>(values.items));
  extras.emplace_back("cycles", static_cast<double>(values.cycles));
  extras.emplace_back("capacity_remaining_ah", number_or_null(values.remaining));
  extras.emplace_back("capacity_full_ah", number_or_null(values.full));
  extras.emplace_back("soc_percent", number_or_null(values.soc));
  return extras;
}

void set_or_unknown(Reading& reading, Field field, const std::optional<double>& value) {
  if (value) {
    reading.set(field, *value);
  } else {
    reading.set_unknown(field);
  }
}

// --- 44 ---

// Bits per cell or sensor from their states: low, high and fault, two words each.
void add_states(Bytes states, std::span<std::uint16_t> words) {
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i] == kNormal) continue;
    const std::size_t kind = states[i] == kBelow ? 0 : states[i] == kAbove ? 1 : 2;
    std::uint16_t& word = words[2 * kind + i / 16];
    word = static_cast<std::uint16_t>(word | 1U << i % 16);
  }
}

Alarms alarms_of(const StateBlock& block) {
  std::array<std::uint16_t, kAlarmWords> words{};
  words[kStatus1] = block.status[0];
  words[kCellErrors] = static_cast<std::uint16_t>(block.status[3] | block.status[4] << 8);
  for (std::size_t i = 0; i < block.others.size(); ++i) {
    const std::uint8_t state = block.others[i];
    if (state == kNormal) continue;
    const std::size_t kind = state == kBelow ? 0 : state == kAbove ? 1 : 2;
    words[kOthers] = static_cast<std::uint16_t>(words[kOthers] | 1U << (3 * i + kind));
  }
  add_states(block.cells, std::span(words).subspan(kCellStates, 6));
  add_states(block.sensors, std::span(words).subspan(kSensorStates, 6));
  return alarms_from(kAlarmBits, words);
}

std::vector<double> numbers_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// What a reading has no fields for.
Extras describe_states(const StateBlock& block) {
  const unsigned status2 = block.status[1], status3 = block.status[2];
  Extras extras;
  extras.emplace_back("cell_count", static_cast<double>(block.cells.size()));
  extras.emplace_back("cell_states", numbers_of(block.cells));
  extras.emplace_back("temperature_states", numbers_of(block.sensors));
  extras.emplace_back("charge_current_state", static_cast<double>(block.others[0]));
  extras.emplace_back("module_voltage_state", static_cast<double>(block.others[1]));
  extras.emplace_back("discharge_current_state", static_cast<double>(block.others[2]));
  extras.emplace_back("status_raw", numbers_of(block.status));
  extras.emplace_back("pre_fet_on", (status2 & kPreFetOn) != 0);
  extras.emplace_back("using_module_power", (status2 & kUsingModulePower) != 0);
  extras.emplace_back("effective_charge_current", (status3 & kEffectiveCharge) != 0);
  extras.emplace_back("effective_discharge_current", (status3 & kEffectiveDischarge) != 0);
  extras.emplace_back("heater_on", (status3 & kHeaterOn) != 0);
  extras.emplace_back("fully_charged", (status3 & kFullyCharged) != 0);
  extras.emplace_back("buzzer_on", (status3 & kBuzzerOn) != 0);
  return extras;
}

Extras describe(const StateBlock& block) {
  const Alarms alarms = alarms_of(block);
  Extras extras = describe_states(block);
  extras.emplace_back("charge_fet_on", (block.status[1] & kChargeFetOn) != 0);
  extras.emplace_back("discharge_fet_on", (block.status[1] & kDischargeFetOn) != 0);
  extras.emplace_back("alarms", std::vector<std::string>(alarms.names.begin(), alarms.names.end()));
  return extras;
}

}  // namespace

std::optional<std::size_t> left_over_by_42(Bytes info, std::uint8_t command) {
  const auto known = [](const AnalogBlock& block) { return block.items == 2 || block.items >= 4; };
  if (check_head(info, command)) return std::nullopt;
  if (command != kAllPacks) {
    const auto block = analog_block(info, kHead, true);
    return block && known(*block) ? std::optional(info.size() - block->end) : std::nullopt;
  }
  const auto blocks = blocks_of_all(info, one_of_several);
  if (!blocks || !std::all_of(blocks->begin(), blocks->end(), known)) return std::nullopt;
  return info.size() - blocks->back().end;
}

std::optional<std::size_t> left_over_by_44(Bytes info, std::uint8_t command) {
  if (check_head(info, command)) return std::nullopt;
  std::size_t end = 0;
  if (command != kAllPacks) {
    const auto block = state_block(info, kHead);
    if (!block) return std::nullopt;
    end = block->end;
  } else {
    const auto blocks = blocks_of_all(info, state_block);
    if (!blocks) return std::nullopt;
    end = blocks->back().end;
  }
  // Captured replies have one byte more than the documents. Nearly all that is long enough could be states with more
  // behind them.
  return info.size() - end <= 1 ? std::optional(std::size_t{0}) : std::nullopt;
}

Result<Reading> decode_42(Bytes info, std::uint8_t command, Memory& memory) {
  if (auto refused = check_head(info, command)) return std::move(*refused);
  if (command == kAllPacks) {
    return decode_all(info, memory, one_of_several,
                      [info](const AnalogBlock& block) { return describe(analog_of(info, block)); });
  }
  const auto block = analog_block(info, kHead, true);
  if (!block) return error(Errc::length, "count_overrun");
  Analog values = analog_of(info, *block);
  memory.cells = static_cast<double>(values.cells.size());

  Reading reading;
  reading.set(Field::cell_count, *memory.cells);
  reading.set(Field::current, values.current);
  reading.set(Field::voltage, values.voltage);
  reading.set(Field::cycles, values.cycles);
  set_or_unknown(reading, Field::capacity_remaining, values.remaining);
  set_or_unknown(reading, Field::capacity_full, values.full);
  set_or_unknown(reading, Field::soc, values.soc);
  if (!values.temperatures.empty()) reading.set(Field::mos_temperature, values.temperatures.front());
  reading.cell_temperatures = values.cell_temperatures();
  reading.cell_voltages = std::move(values.cells);
  if (!memory.extras) return reading;
  reading.extra("data_flag", static_cast<double>(info[0]));
  reading.extra("command", static_cast<double>(info[1]));
  reading.extra("temperatures_c", std::move(values.temperatures));
  // In the digits of the wire, which has one more than the fields are shown with.
  reading.extra("voltage_v", values.voltage);
  if (values.remaining) reading.extra("capacity_remaining_ah", *values.remaining);
  if (values.full) reading.extra("capacity_full_ah", *values.full);
  reading.extra("user_defined_items", static_cast<double>(values.items));
  return reading;
}

Result<Reading> decode_44(Bytes info, std::uint8_t command, const Memory& memory) {
  if (auto refused = check_head(info, command)) return std::move(*refused);
  if (command == kAllPacks)
    return decode_all(info, memory, state_block, [](const StateBlock& block) { return describe(block); });
  const auto block = state_block(info, kHead);
  if (!block) return error(Errc::length, "count_overrun");

  Reading reading;
  reading.alarms = alarms_of(*block);
  reading.set(Field::charge_fet_on, (block->status[1] & kChargeFetOn) != 0 ? 1 : 0);
  reading.set(Field::discharge_fet_on, (block->status[1] & kDischargeFetOn) != 0 ? 1 : 0);
  if (!memory.extras) return reading;
  reading.extra("data_flag", static_cast<double>(info[0]));
  reading.extra("command", static_cast<double>(info[1]));
  for (auto& [key, value] : describe_states(*block)) reading.extra(key, std::move(value));
  return reading;
}

}  // namespace bmsd::pylontech
