#include "protocol/daly_uart_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "protocol/daly_uart_tables.h"

namespace bmsd::daly {
namespace {

constexpr int kBias = 30000;             // of currents, 0.1 A
constexpr int kLeastTellingCurrent = 5;  // 0.1 A; less says nothing about its direction
constexpr int kContradictions = 3;
constexpr double kMostCurrent = 1000;                            // A
constexpr double kLeastVoltage = 8, kMostVoltage = 300;          // V, of a pack
constexpr double kLeastCellVoltage = 1.5, kMostCellVoltage = 5;  // V, of a pack per cell
constexpr double kLeastCellLimit = 1;                            // V
constexpr double kLeastSocToEstimate = 10;                       // percent
constexpr double kSameEstimate = 0.05;

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error out_of_range() { return error(Errc::implausible, "out_of_range_value"); }
Error count_needed(const char* param) {
  return {Errc::config, "", 0, std::string("how many there are stands in 0x94: give --param ") + param + "=N"};
}

Error unconfirmed() { return error(Errc::implausible, "unconfirmed"); }

unsigned u16(Bytes data, std::size_t k) { return static_cast<unsigned>(data[k]) << 8 | data[k + 1]; }
unsigned u32(Bytes data, std::size_t k) { return u16(data, k) << 16 | u16(data, k + 2); }
double celsius(std::uint8_t raw) { return static_cast<int>(raw) - 40; }
bool bit(std::uint8_t byte, unsigned number) { return (byte >> number & 1) != 0; }

double amount_of(const Item& item, Bytes data) {
  const std::size_t k = item.offset;
  switch (item.kind) {
    case Kind::u8:
      return data[k];
    case Kind::u16:
      return u16(data, k);
    case Kind::u32:
      return u32(data, k);
    case Kind::millivolt:
    case Kind::micro_ohm:
      return u16(data, k) / 1000.0;
    case Kind::decivolt:
    case Kind::permille:
      return u16(data, k) / 10.0;
    case Kind::distance_from_bias:
      return std::abs(static_cast<int>(u16(data, k)) - kBias) / 10.0;
    case Kind::celsius:
      return celsius(data[k]);
  }
  return 0;
}

void add_items(Reading& reading, std::uint8_t command, Bytes data) {
  for (const Item& item : kItems) {
    if (item.command == command) reading.extra(item.key, amount_of(item, data));
  }
}

std::vector<bool> bits_of(std::uint8_t byte, unsigned first, unsigned count) {
  std::vector<bool> bits(count);
  for (unsigned i = 0; i < count; ++i) bits[i] = bit(byte, first + i);
  return bits;
}

std::string two_digits(unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// Year since 2000, month, day; empty when that is no date.
std::string date_of(Bytes data, std::size_t k) {
  const unsigned year = data[k], month = data[k + 1], day = data[k + 2];
  if (year > 99 || month < 1 || month > 12 || day < 1 || day > 31) return {};
  return "20" + two_digits(year) + "-" + two_digits(month) + "-" + two_digits(day);
}

// The frames 1 to `count` of a reply by their number, which is their first byte. Others (from 0, or more than there are
// cells for) fill the reply up and mean nothing.
Result<std::vector<Bytes>> in_order(std::span<const Bytes> parts, std::size_t count) {
  std::vector<Bytes> placed(count);
  for (const Bytes part : parts) {
    if (part[0] >= 1 && part[0] <= count) placed[part[0] - 1U] = part.subspan(1);
  }
  const bool whole = std::none_of(placed.begin(), placed.end(), [](Bytes part) { return part.empty(); });
  if (!whole) return error(Errc::incomplete, "missing_frame");
  return placed;
}

// Padding (zeros, or the FF of an erased memory) and runs of blanks become one blank, none at the ends.
std::string text_of(std::span<const Bytes> parts) {
  std::string text;
  for (const Bytes part : parts) {
    for (const std::uint8_t byte : part) {
      const bool blank = byte == 0x00 || byte == 0x20 || byte == 0xFF;
      if (!blank) text += byte > 0x20 && byte < 0x7F ? static_cast<char>(byte) : '?';
      if (blank && !text.empty() && text.back() != ' ') text += ' ';
    }
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

// The sum of a frame is a weak guard, and these would be believed for long: once they are known, something else has to be
// said twice.
bool confirmed(std::uint8_t command, Bytes content, Memory& memory) {
  auto& [told, claimed] = memory.lasting[command];
  const bool first = told.empty(), again = same(claimed, content);
  claimed.assign(content.begin(), content.end());
  if (!first && !again && !same(told, content)) return false;
  told = claimed;
  return true;
}

// A text that is empty is no value, but decode and show tell that the board has the field.
void say(Reading& reading, const Memory& memory, Text which, const std::string& content) {
  if (!content.empty()) reading.texts.emplace_back(which, content);
  if (content.empty() && memory.extras) reading.extra(info(which).key, std::string());
}

// The battery code, or when it is empty the date of production and the capacity. Nothing before all of them had their
// turn, so that a pack does not change its name. The old driver did the same.
void say_identity(Reading& reading, const Memory& memory) {
  if (!memory.code) return;
  std::string identity = *memory.code;
  std::replace(identity.begin(), identity.end(), ' ', '_');
  const bool can_be_made = memory.named_by_date && memory.date && !memory.date->empty() && memory.rated.value_or(0) > 0;
  if (identity.empty() && can_be_made) {
    identity = *memory.date + "_" + std::to_string(static_cast<int>(*memory.rated));
    std::erase(identity, '-');
  }
  if (!identity.empty()) reading.identities.push_back(std::move(identity));
}

// --- 0x90 to 0x98 ---

bool believable_voltage(double voltage, const Memory& memory) {
  if (voltage < kLeastVoltage || voltage > kMostVoltage) return false;
  const double per_cell = memory.cells > 0 ? voltage / memory.cells : 3;
  return per_cell >= kLeastCellVoltage && per_cell <= kMostCellVoltage;
}

Result<Reading> decode_measurements(Bytes data, Memory& memory) {
  const double voltage = u16(data, 0) / 10.0;
  const unsigned gathered = u16(data, 2), raw = u16(data, 4), soc = u16(data, 6);
  const double current = memory.sign.amperes(raw);
  if (raw == 0 || std::abs(current) >= kMostCurrent || soc > 1000) return out_of_range();
  memory.raw_current = raw;
  memory.said_current = current;
  memory.soc = soc / 10.0;
  memory.voltage_is_wrong = !believable_voltage(voltage, memory);

  Reading reading;
  if (!memory.voltage_is_wrong) reading.set(Field::voltage, voltage);
  if (memory.voltage_is_wrong && memory.sum_of_cells) reading.set(Field::voltage, *memory.sum_of_cells);
  reading.set(Field::current, current);
  reading.set(Field::soc, soc / 10.0);
  if (!memory.extras) return reading;
  reading.extra("current_raw", static_cast<double>(raw));
  if (gathered != 0) reading.extra("gathered_voltage_v", gathered / 10.0);
  return reading;
}

// For boards that do not tell their capacity: the configured one, else what the remaining one and the state of charge
// give. The estimate stays as long as it is about right, instead of trembling with the digits of both.
void say_capacity(Reading& reading, double remaining, Memory& memory) {
  if (memory.rated.value_or(0) > 0) return;
  if (memory.configured > 0) return reading.set(Field::capacity_full, memory.configured);
  if (memory.soc.value_or(0) > kLeastSocToEstimate && remaining > 0) {
    const double estimate = std::round(remaining / *memory.soc * 100);
    if (std::abs(estimate - memory.estimate) > kSameEstimate * memory.estimate) memory.estimate = estimate;
  }
  if (memory.estimate > 0) reading.set(Field::capacity_full, memory.estimate);
}

// A switch is 1 or 0; anything else is not known rather than on.
void say_switch(Reading& reading, Field field, std::uint8_t raw) {
  raw <= 1 ? reading.set(field, raw) : reading.set_unknown(field);
}

Result<Reading> decode_state(Bytes data, Memory& memory) {
  constexpr std::array<const char*, 3> kStates = {"idle", "charging", "discharging"};
  const double remaining = u32(data, 4) / 1000.0;
  Reading reading;
  say_switch(reading, Field::charge_fet_on, data[1]);
  say_switch(reading, Field::discharge_fet_on, data[2]);
  reading.set(Field::capacity_remaining, remaining);
  say_capacity(reading, remaining, memory);
  if (const auto raw = std::exchange(memory.raw_current, std::nullopt)) {
    memory.sign.learn(data[0], *raw);
    const double current = memory.sign.amperes(*raw);
    if (current != memory.said_current) reading.set(Field::current, current);
  }
  if (!memory.extras) return reading;
  reading.extra("state", data[0] < kStates.size() ? ExtraValue(kStates[data[0]]) : ExtraValue());
  return reading;
}

Result<Reading> decode_counts(Bytes data, Memory& memory) {
  if (data[0] < 1 || data[0] > kMostCells) return error(Errc::implausible, "absurd_cell_count");
  if (data[1] > kMostSensors) return out_of_range();
  if (!confirmed(kCounts, data.first(2), memory)) return unconfirmed();
  memory.cells = data[0];
  memory.sensors = data[1];
  Reading reading;
  reading.set(Field::cell_count, memory.cells);
  reading.set(Field::cycles, u16(data, 5));
  if (!memory.has_hardware)
    reading.texts.emplace_back(Text::hardware, std::string(memory.hardware) + std::to_string(memory.cells) + "S");
  if (!memory.extras) return reading;
  reading.extra("charger_connected", data[2] != 0);  // 0 on some boards although they are being charged
  reading.extra("load_connected", data[3] != 0);
  reading.extra("di_states", bits_of(data[4], 0, 4));
  reading.extra("do_states", bits_of(data[4], 4, 4));
  return reading;
}

Result<Reading> decode_cells(std::span<const Bytes> parts, Memory& memory) {
  constexpr std::size_t kPerFrame = 3;
  if (memory.cells == 0) return count_needed("cell_count");
  const auto count = static_cast<std::size_t>(memory.cells);
  const auto frames = in_order(parts, (count + kPerFrame - 1) / kPerFrame);
  if (!frames) return frames.error();
  std::vector<double> cells(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    cells[i] = u16((*frames)[i / kPerFrame], i % kPerFrame * 2) / 1000.0;
    sum += cells[i];
  }
  memory.sum_of_cells = sum;
  Reading reading;
  reading.cell_voltages = std::move(cells);
  if (memory.voltage_is_wrong) reading.set(Field::voltage, sum);
  return reading;
}

Result<Reading> decode_temperatures(std::span<const Bytes> parts, Memory& memory) {
  constexpr std::size_t kPerFrame = 7;
  if (memory.sensors < 0) return count_needed("sensor_count");
  const auto count = static_cast<std::size_t>(memory.sensors);
  const auto frames = in_order(parts, (count + kPerFrame - 1) / kPerFrame);
  if (!frames) return frames.error();
  std::vector<double> sensors(count);
  for (std::size_t i = 0; i < count; ++i) sensors[i] = celsius((*frames)[i / kPerFrame][i % kPerFrame]);
  Reading reading;
  reading.cell_temperatures = std::move(sensors);
  return reading;
}

Result<Reading> decode_balancing(Bytes data, Memory& memory) {
  CellSet cells;
  const unsigned known = static_cast<unsigned>(memory.cells > 0 ? memory.cells : kMostCells);
  for (unsigned i = 0; i < known; ++i) cells[i] = bit(data[i / 8], i % 8);
  Reading reading;
  reading.balancing_cells = cells;
  if (!memory.extras) return reading;
  if (memory.cells > 0) {
    std::vector<bool> list(known);
    for (unsigned i = 0; i < known; ++i) list[i] = cells[i];
    reading.extra("cell_balancing", std::move(list));
  }
  reading.extra("balancing", cells.any());
  return reading;
}

Result<Reading> decode_alarms(Bytes data, Memory& memory) {
  std::array<std::uint16_t, kAlarmBytes> words{};
  std::copy_n(data.begin(), words.size(), words.begin());
  if (memory.sign.mirrored()) words[2] = with_overcurrents_exchanged(data[2]);
  Reading reading;
  reading.alarms = alarms_from(kAlarmBits, words);
  return reading;
}

// --- Settings ---

Result<Reading> decode_rated(Bytes data, Memory& memory) {
  if (!confirmed(kRated, data, memory)) return unconfirmed();
  Reading reading;
  memory.rated = u32(data, 0) / 1000.0;
  if (*memory.rated > 0) reading.set(Field::capacity_full, *memory.rated);
  say_identity(reading, memory);
  if (memory.extras) reading.extra("nominal_cell_voltage_v", u32(data, 4) / 1000.0);
  return reading;
}

Result<Reading> decode_boards(Bytes data, Memory& memory) {
  Reading reading;
  if (!memory.extras) return reading;
  reading.extra("cells_per_board", std::vector<double>(data.begin() + 1, data.begin() + 4));
  reading.extra("sensors_per_board", std::vector<double>(data.begin() + 4, data.begin() + 7));
  return reading;
}

Result<Reading> decode_made(Bytes data, Memory& memory) {
  if (!confirmed(kMade, data, memory)) return unconfirmed();
  Reading reading;
  if (data[1] <= 2) reading.chemistry = static_cast<Chemistry>(data[1]);  // 0 LFP, 1 NMC, 2 LTO
  memory.date = date_of(data, 2);
  if (!memory.date->empty()) reading.texts.emplace_back(Text::production_date, *memory.date);
  if (memory.date->empty() && memory.extras) reading.extra("production_date", std::monostate());
  say_identity(reading, memory);
  return reading;
}

Result<Reading> decode_firmware(Bytes data, Memory& memory) {
  const std::string index = text_of({&data, 1});
  Reading reading;
  if (!memory.has_software && !index.empty()) reading.texts.emplace_back(Text::software_version, index);
  if (memory.extras) reading.extra("software_index", index);
  return reading;
}

Result<Reading> decode_battery_code(std::span<const Bytes> parts, Memory& memory) {
  const auto frames = in_order(parts, 5);
  if (!frames) return frames.error();
  std::string code = text_of(*frames);
  if (!confirmed(kBatteryCode, as_bytes("=" + code), memory)) return unconfirmed();
  memory.code = std::move(code);
  Reading reading;
  say(reading, memory, Text::serial_number, *memory.code);
  say_identity(reading, memory);
  return reading;
}

Result<Reading> decode_version(std::span<const Bytes> parts, Text which, bool& has, const Memory& memory) {
  const auto frames = in_order(parts, 2);
  if (!frames) return frames.error();
  const std::string version = text_of(*frames);
  Reading reading;
  if (!version.empty()) has = true;
  say(reading, memory, which, version);
  return reading;
}

// The first level is where the board begins to complain: a bound from above, and only where the numbers make sense.
Result<Reading> decode_current_limits(Bytes data, Memory& memory) {
  if (!confirmed(kCurrentLimits, data, memory)) return unconfirmed();
  Reading reading;
  const auto say_bound = [&](Field field, std::size_t k) {
    const double bound = std::abs(static_cast<int>(u16(data, k)) - kBias) / 10.0;
    if (bound > 0 && bound < kMostCurrent) reading.set(field, bound);
  };
  say_bound(Field::max_charge_current, 0);
  say_bound(Field::max_discharge_current, 4);
  return reading;
}

Result<Reading> decode_cell_limits(Bytes data, Memory& memory) {
  if (!confirmed(kCellLimits, data, memory)) return unconfirmed();
  const double high = u16(data, 0) / 1000.0, low = u16(data, 4) / 1000.0;
  Reading reading;
  if (low < kLeastCellLimit || high <= low || high > kMostCellVoltage) return reading;
  reading.set(Field::cell_voltage_max_limit, high);
  reading.set(Field::cell_voltage_min_limit, low);
  return reading;
}

Result<Reading> decode_clock(Bytes data, Memory& memory) {
  Reading reading;
  if (!memory.extras) return reading;
  const std::string date = date_of(data, 0);
  const bool set = !date.empty() && data[3] < 24 && data[4] < 60 && data[5] < 60;
  const std::string time = two_digits(data[3]) + ":" + two_digits(data[4]) + ":" + two_digits(data[5]);
  reading.extra("clock", set ? ExtraValue(date + "T" + time) : ExtraValue());
  return reading;
}

Result<Reading> decode_one(std::uint8_t command, std::span<const Bytes> parts, Memory& memory) {
  const Bytes data = parts.front();
  switch (command) {
    case kMeasurements:
      return decode_measurements(data, memory);
    case kState:
      return decode_state(data, memory);
    case kCounts:
      return decode_counts(data, memory);
    case kCells:
      return decode_cells(parts, memory);
    case kTemperatures:
      return decode_temperatures(parts, memory);
    case kBalancing:
      return decode_balancing(data, memory);
    case kAlarms:
      return decode_alarms(data, memory);
    case kRated:
      return decode_rated(data, memory);
    case kBoards:
      return decode_boards(data, memory);
    case kMade:
      return decode_made(data, memory);
    case kFirmware:
      return decode_firmware(data, memory);
    case kBatteryCode:
      return decode_battery_code(parts, memory);
    case kSoftware:
      return decode_version(parts, Text::software_version, memory.has_software, memory);
    case kHardware:
      return decode_version(parts, Text::hardware, memory.has_hardware, memory);
    case kCurrentLimits:
      return decode_current_limits(data, memory);
    case kCellLimits:
      return decode_cell_limits(data, memory);
    case kClock:
      return decode_clock(data, memory);
    default:
      break;
  }
  const bool known =
      std::any_of(kItems.begin(), kItems.end(), [=](const Item& item) { return item.command == command; });
  if (!known) return error(Errc::command, "wrong_command");
  return Reading();
}

}  // namespace

void CurrentSign::force(Polarity polarity, bool inverted) {
  forced_ = polarity;
  inverted_ = inverted;
}

double CurrentSign::amperes(unsigned raw) const {
  const int above = static_cast<int>(raw) - kBias;
  return (in_force() == Polarity::above_is_charge ? above : -above) / 10.0;
}

void CurrentSign::learn(unsigned state, unsigned raw) {
  const int above = static_cast<int>(raw) - kBias;
  if ((state != 1 && state != 2) || std::abs(above) < kLeastTellingCurrent) return;
  const Polarity seen = (above > 0) == (state == 1) ? Polarity::above_is_charge : Polarity::above_is_discharge;
  if (seen == learned_) {
    contradictions_ = 0;
  } else if (!proven_ || ++contradictions_ >= kContradictions) {
    learned_ = seen;
    contradictions_ = 0;
  }
  proven_ = true;
}

bool CurrentSign::mirrored() const { return inverted_ && learned_ != in_force(); }

Result<Reading> decode_data(std::uint8_t command, std::span<const Bytes> parts, Memory& memory) {
  if (parts.empty()) return error(Errc::incomplete, "missing_frame");
  auto reading = decode_one(command, parts, memory);
  if (reading && memory.extras) add_items(*reading, command, parts.front());
  return reading;
}

}  // namespace bmsd::daly
