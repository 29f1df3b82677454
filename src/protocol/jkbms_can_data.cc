#include "protocol/jkbms_can_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "wire/numbers.h"

namespace bmsd::jkcan {
namespace {

constexpr int kBias = 4000;  // of the current, 0.1 A
constexpr Duration kPeriod = 950ms, kBurst = 500ms;
constexpr Duration kV2ShowsWithin = 3s;
constexpr int kLeastCount = 3, kMostCount = 32, kTimesCounted = 10;
constexpr double kHalfADigit = 0.05;                     // V, of the pack voltage
constexpr double kChargerLow = 0.8, kChargerHigh = 1.3;  // of the pack voltage

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
double celsius(std::uint8_t raw) { return static_cast<int>(raw) - 50; }
bool bit(std::uint8_t byte, unsigned number) { return (byte >> number & 1) != 0; }

Alarms alarms_of_items(const std::array<std::uint16_t, kItems>& words) {
  return alarms_from(std::span(kAlarmBits).first(kItemBits), words);
}

// --- V1 ---

void say_version(Reading& reading, Instant at, Memory& memory) {
  if (!memory.first_at) memory.first_at = at;
  if (memory.told_version || (!memory.is_v2 && at - *memory.first_at < kV2ShowsWithin)) return;
  reading.texts.emplace_back(Text::hardware, memory.is_v2 ? "JKBMS CAN V2" : "JKBMS CAN V1");
  memory.told_version = true;
}

Result<Reading> decode_status(Bytes data, Instant at, Memory& memory) {
  const double voltage = le_u16(data, 0) / 10.0;
  const int raw = le_u16(data, 2), above = raw - kBias;
  if (data[4] > 100) return error(Errc::implausible, "out_of_range_value");
  memory.pack_voltage = voltage;
  Reading reading;
  if (!memory.lists_cells || memory.is_vector) reading.set(Field::voltage, voltage);
  reading.set(Field::current, (memory.mirrored ? -above : above) / 10.0);
  reading.set(Field::soc, data[4]);
  if (memory.configured > 0 && !memory.tells_capacity) reading.set(Field::capacity_full, memory.configured);
  if (!memory.is_vector) {
    say_version(reading, at, memory);
    reading.alarms = alarms_of_items({});  // those that are active come in frames of their own
  }
  if (!memory.extras) return reading;
  reading.extra("current_raw", static_cast<double>(raw));
  if (data.size() == kMaxCanData) reading.extra("discharge_time_h", static_cast<double>(le_u16(data, 6)));
  return reading;
}

// As many cells as between their lowest and highest make the pack voltage, when it is the same for ten frames.
void count_cells(Reading& reading, double highest, double lowest, Memory& memory) {
  if (memory.lists_cells || memory.is_vector || !memory.pack_voltage || lowest <= 0 || highest < lowest) return;
  const double pack = *memory.pack_voltage;
  const int count = static_cast<int>(std::lround(pack / ((highest + lowest) / 2)));
  const bool fits = count * lowest <= pack + kHalfADigit && count * highest >= pack - kHalfADigit;
  if (count < kLeastCount || count > kMostCount || !fits) return;
  memory.counted_times = count == memory.counted ? memory.counted_times + 1 : 1;
  memory.counted = count;
  if (memory.counted_times >= kTimesCounted) reading.set(Field::cell_count, count);
}

Result<Reading> decode_cell_extremes(Bytes data, Memory& memory) {
  const double highest = le_u16(data, 0) / 1000.0, lowest = le_u16(data, 3) / 1000.0;
  Reading reading;
  reading.set(Field::cell_voltage_max, highest);
  reading.set(Field::cell_voltage_min, lowest);
  count_cells(reading, highest, lowest, memory);
  if (!memory.is_vector) {
    reading.texts.emplace_back(Text::cell_voltage_max_id, "C" + std::to_string(data[2]));
    reading.texts.emplace_back(Text::cell_voltage_min_id, "C" + std::to_string(data[5]));
  }
  if (!memory.extras) return reading;
  reading.extra("cell_voltage_max_number", static_cast<double>(data[2]));
  reading.extra("cell_voltage_min_number", static_cast<double>(data[5]));
  return reading;
}

Result<Reading> decode_temperatures(Bytes data, Memory& memory) {
  Reading reading;
  reading.set(Field::temperature_max, celsius(data[0]));
  reading.set(Field::temperature_min, celsius(data[2]));
  if (!memory.extras) return reading;
  reading.extra("temperature_max_sensor", static_cast<double>(data[1]));
  reading.extra("temperature_min_sensor", static_cast<double>(data[3]));
  reading.extra("temperature_average_c", celsius(data[4]));
  return reading;
}

void say_names(Reading& reading, const Memory& memory) {
  if (!memory.extras) return;
  std::vector<std::string> names = memory.alarm_names;
  names.insert(names.end(), memory.fault_names.begin(), memory.fault_names.end());
  reading.extra("alarms", std::move(names));
}

Result<Reading> decode_alarms(Bytes data, Memory& memory) {
  const std::uint32_t word = le_u32(data, 0);
  std::array<std::uint16_t, kItems> words{};
  std::map<std::string, double> levels;
  memory.alarm_names.clear();
  for (std::size_t k = 0; k < kItems; ++k) {
    const unsigned level = word >> 2 * k & 3;
    if (level == 0) continue;
    words[k] = level == 3 ? 2 : 1;
    const auto item =
        std::find_if(kItemAlarms.begin(), kItemAlarms.end(), [k](const Item& one) { return one.number == k; });
    memory.alarm_names.emplace_back(item->name);
    levels[item->name] = level;
  }
  Reading reading;
  reading.alarms = alarms_of_items(words);
  if (memory.extras) reading.extra("alarm_levels", std::move(levels));
  if (memory.is_vector) say_names(reading, memory);
  return reading;
}

// --- V2 ---

Result<Reading> decode_capacity(Bytes data, Memory& memory) {
  const double full = le_u16(data, 2) / 10.0;
  Reading reading;
  reading.set(Field::capacity_remaining, le_u16(data, 0) / 10.0);
  if (full > 0) {
    reading.set(Field::capacity_full, full);
    memory.tells_capacity = true;
  }
  reading.set(Field::cycles, le_u16(data, 6));
  if (memory.extras) reading.extra("cycle_capacity_total_ah_mod_6553_6", le_u16(data, 4) / 10.0);
  return reading;
}

Result<Reading> decode_sensors(Bytes data, Memory& memory) {
  constexpr std::size_t kSlots = 5, kMos = 2;
  std::vector<double> cells;
  Reading reading;
  std::array<std::optional<double>, kSlots> said;
  for (std::size_t k = 0; k < kSlots; ++k) {
    const std::uint8_t raw = data[k + 1];
    if (!bit(data[0], static_cast<unsigned>(k)) || raw == 0x00 || raw == 0xFF) continue;
    said[k] = celsius(raw);
    if (k != kMos) cells.push_back(*said[k]);
  }
  if (said[kMos]) reading.set(Field::mos_temperature, *said[kMos]);
  reading.cell_temperatures = std::move(cells);
  if (!memory.extras) return reading;
  std::vector<double> list;
  for (const auto& slot : said) list.push_back(slot.value_or(std::nan("")));
  reading.extra("temperature_slots_c", std::move(list));
  return reading;
}

Result<Reading> decode_faults(Bytes data, Memory& memory) {
  std::array<std::uint16_t, kFaultWord + 2> words{};
  words[kFaultWord] = le_u16(data, 0);
  words[kFaultWord + 1] = data[2];
  memory.fault_names.clear();
  for (const AlarmBit& one : kFaultBits) {
    if ((words[one.word] >> one.bit & 1) != 0) memory.fault_names.emplace_back(one.name);
  }
  Reading reading;
  reading.alarms = alarms_from(kFaultBits, words);
  if (memory.is_vector) say_names(reading, memory);
  return reading;
}

Result<Reading> decode_health(Bytes data, Memory& memory) {
  Reading reading;
  if (data[6] >= 1 && data[6] <= 100) reading.set(Field::soh, data[6]);
  if (!memory.extras) return reading;
  reading.extra("runtime_s", static_cast<double>(le_u32(data, 0)));
  reading.extra("heater_current_ma", static_cast<double>(le_u16(data, 4)));
  return reading;
}

Result<Reading> decode_switches(Bytes data, Memory& memory) {
  Reading reading;
  reading.set(Field::charge_fet_on, bit(data[0], 0) ? 1 : 0);
  reading.set(Field::discharge_fet_on, bit(data[0], 1) ? 1 : 0);
  if (!memory.extras) return reading;
  reading.extra("balancing", bit(data[0], 2));
  reading.extra("heater_on", bit(data[0], 3));
  reading.extra("charger_plugged", bit(data[0], 4));
  reading.extra("acc_on", bit(data[0], 5));
  return reading;
}

// Nothing tells how many frames there are. In a vector what came is all; of a BMS the cells are all there when they make
// the pack voltage, to half a cell.
Result<Reading> decode_cells(std::size_t part, Bytes data, Instant at, Memory& memory) {
  if (!memory.is_v2) memory.told_version = false;
  memory.is_v2 = true;
  memory.cell_frames.add(part, data, at);
  auto cells = memory.cell_frames.list();
  if (!cells || cells->empty()) return error(Errc::incomplete, "missing_frame");
  const double sum = std::accumulate(cells->begin(), cells->end(), 0.0),
               mean = sum / static_cast<double>(cells->size());
  Reading reading;
  if (!memory.is_vector) {
    if (!memory.pack_voltage || std::abs(sum - *memory.pack_voltage) >= mean / 2)
      return error(Errc::incomplete, "missing_frame");
    memory.cell_frames.clear();
    memory.lists_cells = true;
    reading.set(Field::voltage, sum);
    reading.set(Field::cell_count, static_cast<double>(cells->size()));
  }
  reading.cell_voltages = std::move(cells);
  return reading;
}

// Some send it with the high byte first, some with the low one: what is near the pack voltage is right. Shown only.
Result<Reading> decode_charger(Bytes data, Memory& memory) {
  Reading reading;
  if (!memory.extras || !memory.pack_voltage) return reading;
  for (const bool big : {true, false}) {
    const auto word = [&](std::size_t k) { return (big ? be_u16(data, k) : le_u16(data, k)) / 10.0; };
    if (word(0) < *memory.pack_voltage * kChargerLow || word(0) > *memory.pack_voltage * kChargerHigh) continue;
    reading.extra("charger_voltage_v", word(0));
    reading.extra("charger_current_a", word(2));
    reading.extra("charger_stopped", data[4] != 0);
    break;
  }
  return reading;
}

}  // namespace

void CellFrames::add(std::size_t part, Bytes data, Instant at) {
  for (std::size_t other = 0; other < parts_.size(); ++other) {
    const Duration most = other < part ? kPeriod : kBurst;
    if (parts_[other] && at - parts_[other]->at >= most) parts_[other].reset();
  }
  if (parts_[part] && at != parts_[part]->at) parts_ = {};  // again, and too early: somebody else's, or a new round
  Part& to = parts_[part].emplace();
  to.at = at;
  const std::size_t count = part + 1 == kCellFrames ? 1 : kCellsPerFrame;
  for (std::size_t i = 0; i < count; ++i) to.cells.push_back(le_u16(data, 2 * i) / 1000.0);
}

std::optional<std::vector<double>> CellFrames::list() const {
  std::vector<double> cells;
  bool ended = false;
  for (const auto& part : parts_) {
    if (part && ended) return std::nullopt;
    if (!part) ended = true;
    if (part) cells.insert(cells.end(), part->cells.begin(), part->cells.end());
  }
  while (!cells.empty() && cells.back() == 0) cells.pop_back();
  if (std::find(cells.begin(), cells.end(), 0.0) != cells.end()) return std::nullopt;
  return cells;
}

Result<Reading> decode_frame(const Id& id, Bytes data, Instant at, Memory& memory) {
  if (data.size() < id.least) return error(Errc::incomplete, "truncated");
  switch (id.kind) {
    case kStatus:
      return decode_status(data, at, memory);
    case kCellExtremes:
      return decode_cell_extremes(data, memory);
    case kTemperatures:
      return decode_temperatures(data, memory);
    case kAlarms:
      return decode_alarms(data, memory);
    case kCapacity:
      return decode_capacity(data, memory);
    case kSensors:
      return decode_sensors(data, memory);
    case kFaults:
      return decode_faults(data, memory);
    case kHealth:
      return decode_health(data, memory);
    case kSwitches:
      return decode_switches(data, memory);
    case kCells:
      return decode_cells(id.part, data, at, memory);
    case kCharger:
      return decode_charger(data, memory);
    case kKinds:
      break;
  }
  return error(Errc::command, "unknown_id");
}

std::optional<Reading> silence_of(Kind kind, Memory& memory) {
  Reading reading;
  switch (kind) {
    case kAlarms:
      reading.alarms = alarms_of_items({});
      return reading;
    case kTemperatures:
      reading.set_unknown(Field::temperature_max);
      reading.set_unknown(Field::temperature_min);
      return reading;
    case kSensors:
      reading.cell_temperatures.emplace();
      reading.set_unknown(Field::mos_temperature);
      return reading;
    case kSwitches:
      reading.set_unknown(Field::charge_fet_on);
      reading.set_unknown(Field::discharge_fet_on);
      return reading;
    case kCells:
      if (!std::exchange(memory.lists_cells, false)) return std::nullopt;
      memory.cell_frames.clear();
      memory.counted_times = 0;
      reading.forgets_cells = true;
      return reading;
    default:
      return std::nullopt;
  }
}

}  // namespace bmsd::jkcan
