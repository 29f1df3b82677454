#include "protocol/lltjbd_uart_data.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace bmsd::lltjbd {
namespace {

Error implausible(const char* why) { return {Errc::implausible, "implausible", 0, why}; }

unsigned u16(Bytes data, std::size_t k) { return static_cast<unsigned>(data[k]) << 8 | data[k + 1]; }
int s16(Bytes data, std::size_t k) { return static_cast<std::int16_t>(u16(data, k)); }

// 0.1 K, from 273.1 K on.
double celsius(unsigned raw) { return (static_cast<int>(raw) - 2731) / 10.0; }

// Hundredths, or tenths in large units.
double hundredths(double raw, bool large) { return large ? raw / 10 : raw / 100; }

// "2022-03-28"; nothing for what is no date (unset boards send 0).
std::optional<std::string> date_of(unsigned raw) {
  const unsigned day = raw & 31, month = raw >> 5 & 15, year = 2000 + (raw >> 9);
  if (day < 1 || month < 1 || month > 12) return std::nullopt;
  const auto two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(year) + "-" + two(month) + "-" + two(day);
}

// Without padding; what cannot be printed becomes '?'.
std::string text_of(Bytes field) {
  const auto is_pad = [](std::uint8_t byte) { return byte == 0x00 || byte == 0x20 || byte == 0xFF; };
  while (!field.empty() && is_pad(field.back())) field = field.first(field.size() - 1);
  while (!field.empty() && is_pad(field.front())) field = field.subspan(1);
  std::string text(as_text(field));
  for (char& c : text) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return text;
}

// Some registers have the length of the text in front.
Bytes without_length(Bytes field) {
  const bool has_length = !field.empty() && field[0] < 0x20 && field[0] <= field.size() - 1;
  return has_length ? field.subspan(1, field[0]) : field;
}

// --- Register 03 ---

constexpr std::size_t kLeast03 = 23;  // bytes without sensors and tail
constexpr unsigned kChargeOn = 1U << 0, kDischargeOn = 1U << 1, kLimiterOn = 1U << 2, kHeatingOn = 1U << 3,
                   kLarge = 1U << 7;
constexpr unsigned kSoftwareLock = 1U << 12;  // of the protections

// A board has no alarm of its own for a low state of charge. There is no name for people either: the state of charge
// says it.
Severity low_soc(double soc, const Memory& memory) {
  if (soc < memory.soc_low_alarm) return Severity::alarm;
  return soc < memory.soc_low_warning ? Severity::warning : Severity::ok;
}

// All sensors in the order of the reply; those that the reply has no room for are left out.
std::vector<double> sensors_of(Bytes data) {
  const std::size_t count = std::min<std::size_t>(data[22], (data.size() - kLeast03) / 2);
  std::vector<double> sensors(count);
  for (std::size_t i = 0; i < count; ++i) sensors[i] = celsius(u16(data, kLeast03 + 2 * i));
  return sensors;
}

// What newer boards add behind the sensors. Nothing of it is used: the flags stand on healthy boards, and the capacities
// need not be those above.
void add_tail(Reading& reading, Bytes data, bool large) {
  const std::size_t tail = kLeast03 + 2 * std::size_t{data[22]};
  const auto reaches = [&](std::size_t size) { return data.size() >= tail + size; };
  if (reaches(1)) reading.extra("humidity_percent", static_cast<double>(data[tail]));
  if (reaches(3)) reading.extra("alarm_flags_raw", static_cast<double>(u16(data, tail + 1)));
  if (reaches(5)) reading.extra("learned_capacity_ah", hundredths(u16(data, tail + 3), large));
  if (reaches(7)) reading.extra("learned_capacity_remaining_ah", hundredths(u16(data, tail + 5), large));
  if (reaches(9)) reading.extra("balance_current_a", u16(data, tail + 7) / 1000.0);
  if (reaches(10)) reading.extra("tail_hex", to_hex(data.subspan(tail + 9)));
}

void add_extras_of_03(Reading& reading, Bytes data, const std::vector<double>& sensors) {
  const std::uint32_t mask = u16(data, 14) << 16 | u16(data, 12);
  std::vector<bool> balancing(data[21]);
  for (std::size_t i = 0; i < balancing.size(); ++i) balancing[i] = (mask >> i & 1) != 0;
  reading.extra("balancing", mask != 0);
  reading.extra("cell_balancing", std::move(balancing));
  reading.extra("temperatures_c", sensors);
  reading.extra("protection_raw", static_cast<double>(u16(data, 16)));
  reading.extra("current_limiter_on", (data[20] & kLimiterOn) != 0);
  reading.extra("heating_on", (data[20] & kHeatingOn) != 0);
  reading.extra("large_units", (data[20] & kLarge) != 0);
  add_tail(reading, data, (data[20] & kLarge) != 0);
}

void say(Reading& reading, Text which, std::string content) {
  if (!content.empty()) reading.texts.emplace_back(which, std::move(content));
}

}  // namespace

Result<Reading> decode_03(Bytes data, Memory& memory) {
  if (data.size() < kLeast03) return implausible("fewer than 23 bytes");
  const std::size_t cells = data[21];
  if (cells == 0 || cells > kMostCells) return implausible("not 1 to 32 cells");
  memory.cells = cells;
  const bool large = memory.large_units = (data[20] & kLarge) != 0;
  memory.switches = {(data[20] & kChargeOn) != 0, (data[20] & kDischargeOn) != 0, (u16(data, 16) & kSoftwareLock) != 0};

  Reading reading;
  reading.set(Field::voltage, u16(data, 0) / 100.0);
  reading.set(Field::current, hundredths(s16(data, 2), large));
  reading.set(Field::capacity_remaining, hundredths(u16(data, 4), large));
  reading.set(Field::capacity_full, hundredths(u16(data, 6), large));
  reading.set(Field::cycles, u16(data, 8));
  reading.set(Field::soc, data[19]);
  reading.set(Field::cell_count, static_cast<double>(cells));
  reading.set(Field::charge_fet_on, memory.switches->charge_on ? 1 : 0);
  reading.set(Field::discharge_fet_on, memory.switches->discharge_on ? 1 : 0);
  reading.balancing_cells = CellSet(u16(data, 14) << 16 | u16(data, 12));

  // The first of several sensors is the board's own, a single one is in the battery.
  const std::vector<double> sensors = sensors_of(data);
  const bool has_board_sensor = data[22] >= 2 && !sensors.empty();
  if (has_board_sensor) reading.set(Field::mos_temperature, sensors.front());
  reading.cell_temperatures.emplace(sensors.begin() + (has_board_sensor ? 1 : 0), sensors.end());

  const std::array<std::uint16_t, 1> words = {static_cast<std::uint16_t>(u16(data, 16))};
  Alarms alarms = alarms_from(kAlarmBits, words);
  alarms.level[static_cast<std::size_t>(Alarm::low_soc)] = low_soc(data[19], memory);
  reading.alarms = std::move(alarms);

  say(reading, Text::software_version, std::to_string(data[18] >> 4) + "." + std::to_string(data[18] & 15));
  say(reading, Text::production_date, date_of(u16(data, 10)).value_or(std::string()));
  if (memory.extras) add_extras_of_03(reading, data, sensors);
  return reading;
}

Result<Reading> decode_04(Bytes data, const Memory& memory) {
  if (data.empty() || data.size() % 2 != 0) return implausible("empty, or half a number");
  const std::size_t sent = data.size() / 2, cells = memory.cells.value_or(sent);
  if (cells > sent || cells > kMostCells) return implausible("fewer cells than counted, or more than 32");
  std::vector<double> voltages(cells);
  for (std::size_t i = 0; i < cells; ++i) voltages[i] = u16(data, 2 * i) / 1000.0;
  Reading reading;
  reading.cell_voltages = std::move(voltages);
  return reading;
}

Result<Reading> decode_05(Bytes data) {
  Reading reading;
  say(reading, Text::hardware, text_of(without_length(data)));
  return reading;
}

Result<Reading> decode_aa(Bytes data, const Memory& memory) {
  if (data.empty() || data.size() % 2 != 0) return implausible("empty, or half a number");
  Reading reading;
  if (!memory.extras) return reading;
  std::vector<double> counts(data.size() / 2);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = u16(data, 2 * i);
  for (std::size_t i = 0; i < std::min(counts.size(), kCounters.size()); ++i) reading.extra(kCounters[i], counts[i]);
  reading.extra("protection_counts", std::move(counts));
  return reading;
}

// --- Parameters ---

namespace {

void add_functions(Reading& reading, const Register& which, unsigned bits) {
  reading.extra(which.key, static_cast<double>(bits));
  std::vector<std::string> names;
  for (const FunctionBit& function : kFunctions) {
    if ((bits >> function.bit & 1) != 0) names.emplace_back(function.name);
  }
  reading.extra("functions", std::move(names));
  reading.extra("balancer_enabled", (bits & kBalancerEnabled) != 0);
}

void decode_text(Reading& reading, const Register& which, Bytes data, const Memory& memory) {
  const std::string content = text_of(without_length(data));
  if (which.number == 0xA0) say(reading, Text::manufacturer, content);
  // For people only. No identity: whether it can be read depends on who else has opened the factory mode.
  if (which.number == 0xA2) say(reading, Text::serial_number, content);
  if (memory.extras) reading.extra(which.key, content);
}

}  // namespace

Result<Reading> decode_register(const Register& which, Bytes data, Memory& memory) {
  Reading reading;
  if (which.kind == Kind::text) {
    if (data.empty()) return implausible("empty");
    decode_text(reading, which, data, memory);
    return reading;
  }
  if (data.size() != 2) return implausible("not two bytes");
  const unsigned raw = u16(data, 0);
  if (which.kind == Kind::functions) memory.large_in_2d = (raw & kLargeUnits) != 0;
  const bool large = memory.large_in_2d.value_or(memory.large_units);
  // The limit of discharging is stored as a negative current.
  const double factor = large ? 10 : 1, amount = std::abs(s16(data, 0)) / which.per_unit * factor;
  if (which.number == 0x28) reading.set(Field::max_charge_current, amount);
  if (which.number == 0x29) reading.set(Field::max_discharge_current, amount);
  if (!memory.extras) return reading;

  switch (which.kind) {
    case Kind::number:
      reading.extra(which.key, raw / which.per_unit);
      break;
    case Kind::large:
      reading.extra(which.key, raw / which.per_unit * factor);
      break;
    case Kind::kelvin:
      reading.extra(which.key, celsius(raw));
      break;
    case Kind::date:
      if (const auto date = date_of(raw)) reading.extra(which.key, *date);
      break;
    case Kind::functions:
      add_functions(reading, which, raw);
      break;
    case Kind::current:  // a field
    case Kind::text:
      break;
  }
  return reading;
}

Result<Reading> decode_acknowledgement(std::uint8_t number, Memory& memory) {
  Reading reading;
  if (!memory.extras) return reading;
  const std::array<std::uint8_t, 1> bytes = {number};
  std::string name = "0x" + to_hex(bytes);
  auto& all = memory.acknowledged;
  if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
  reading.extra("acknowledged", memory.acknowledged);
  return reading;
}

}  // namespace bmsd::lltjbd
