#include "protocol/jkbms_uart_data.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/jkbms_uart_tables.h"
#include "wire/numbers.h"

namespace bmsd::jkuart {
namespace {

Error error(Errc code, const char* what, std::string detail = {}) { return {code, what, 0, std::move(detail)}; }

// --- The chain ---

constexpr auto kRegisterOf = [] {
  std::array<const Register*, 256> all{};
  for (const Register& one : kRegisters) all[one.id] = &one;
  return all;
}();

// The values by register; empty: not in this answer.
class Chain {
 public:
  Bytes& operator[](std::uint8_t id) { return values_[id - kCells]; }
  Bytes operator[](std::uint8_t id) const { return values_[id - kCells]; }
  bool has(std::uint8_t id) const { return !values_[id - kCells].empty(); }

 private:
  std::array<Bytes, kVersion - kCells + 1> values_{};
};

// The width of the list of cells, which begins at `at`: its number of bytes stands in front.
Result<std::size_t> width_of_cells(Bytes data, std::size_t at) {
  if (at == data.size()) return error(Errc::length, "bad_length");
  const std::size_t bytes = data[at];
  if (bytes == 0 || bytes % 3 != 0 || bytes > 3 * kMostCells) return error(Errc::implausible, "absurd_cell_count");
  return 1 + bytes;
}

Result<Chain> split(Bytes data) {
  Chain chain;
  for (std::size_t at = 0; at < data.size() && !chain.has(kVersion);) {
    const std::uint8_t id = data[at++];
    const Register* const known = kRegisterOf[id];
    if (known == nullptr || chain.has(id)) return error(Errc::command, "unknown_register", hex_address(id));
    const auto width = id == kCells ? width_of_cells(data, at) : Result<std::size_t>(known->width);
    if (!width) return width.error();
    if (*width > data.size() - at) return error(Errc::length, "bad_length", hex_address(id));
    chain[id] = data.subspan(at, *width);
    at += *width;
  }
  return chain;
}

// --- Values ---

double number_of(Bytes value) {
  std::uint32_t number = 0;
  for (const std::uint8_t byte : value) number = number << 8 | byte;
  return number;
}

// 0 to 100 as they are; 101 is -1, 140 is -40. Nothing for what is beyond.
std::optional<double> celsius_of(Bytes value) {
  const int raw = be_u16(value, 0);
  if (raw > 140) return std::nullopt;
  return raw <= 100 ? raw : 100 - raw;
}

// A, + charges, in steps of 0.01 A. The first version of the protocol counts down from 10000 while charging and up while
// discharging. All later ones have an amount, and bit 15 set while charging.
double current_of(Bytes value, bool is_first_version) {
  const int raw = be_u16(value, 0), amount = raw & 0x7FFF;
  if (is_first_version) return (10000 - raw) / 100.0;
  return (raw == amount ? -amount : amount) / 100.0;
}

// Volt. Nothing where the cells are not numbered from 1 on.
std::optional<std::vector<double>> cells_of(Bytes list) {
  std::vector<double> cells;
  for (std::size_t at = 1; at < list.size(); at += 3) {
    if (list[at] != cells.size() + 1) return std::nullopt;
    cells.push_back(be_u16(list, at + 1) / 1000.0);
  }
  return cells;
}

// --- Texts ---

std::string text_of(Bytes field) {
  std::string text(as_text(field));
  std::replace(text.begin(), text.end(), '\0', ' ');
  return printable_text(as_bytes(text));
}

// "2024-05" of "2405"; nothing for what is no month.
std::optional<std::string> month_of(Bytes field) {
  const std::string text = text_of(field);
  if (text.size() != 4 || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const std::string month = text.substr(2);
  if (month < "01" || month > "12") return std::nullopt;
  return "20" + text.substr(0, 2) + "-" + month;
}

// "11.XW" of "11.XW_S11.262H_"; empty where the hardware is not in it.
std::string hardware_of(std::string_view version) {
  const std::size_t end = version.find("_S");
  if (end == std::string_view::npos) return {};
  version = version.substr(0, end);
  return std::string(version.substr(0, version.find_last_not_of('_') + 1));
}

// What the owner entered as private data, and the name of the device: "Bank_A_01_JK_B2A24S15P".
std::string serial_number_of(Bytes user_data) {
  constexpr std::string_view kNothingEntered = "Input Userda";
  std::string text = text_of(user_data);
  if (const std::size_t at = text.find(kNothingEntered); at != std::string::npos)
    text.erase(at, kNothingEntered.size());
  text = printable_text(as_bytes(text));
  text.erase(std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }), text.end());
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

void say(Reading& reading, Text which, std::string content) {
  if (!content.empty()) reading.texts.emplace_back(which, std::move(content));
}

// --- Registers to the reading ---

void add_register(Reading& reading, const Register& which, Bytes value, bool extras) {
  if (which.kind == Kind::number && which.key == nullptr) reading.set(which.field, number_of(value) / which.per_unit);
  if (!extras || which.key == nullptr) return;
  switch (which.kind) {
    case Kind::number:
      reading.extra(which.key, number_of(value) / which.per_unit);
      break;
    case Kind::integer:
      reading.extra(which.key, static_cast<double>(be_s16(value, 0)));
      break;
    case Kind::flag:
      reading.extra(which.key, value[0] != 0);
      break;
    case Kind::text:
      reading.extra(which.key, text_of(value));
      break;
    case Kind::withheld:
      break;
  }
}

// Error: the cells are not believed.
std::optional<Error> add_cells(Reading& reading, const Chain& chain) {
  const double counted = chain.has(kCellCount) ? number_of(chain[kCellCount]) : 0;
  if (counted > kMostCells) return error(Errc::implausible, "absurd_cell_count");
  double cells = counted;
  if (chain.has(kCells)) {
    reading.cell_voltages = cells_of(chain[kCells]);
    if (!reading.cell_voltages) return error(Errc::implausible, "absurd_cell_count", "not numbered from 1 on");
    cells = static_cast<double>(reading.cell_voltages->size());
    if (counted != 0 && counted != cells) return error(Errc::implausible, "absurd_cell_count", "two different ones");
  }
  if (cells != 0) reading.set(Field::cell_count, cells);
  return std::nullopt;
}

void add_temperatures(Reading& reading, const Chain& chain) {
  if (chain.has(kMosTemperature)) {
    if (const auto celsius = celsius_of(chain[kMosTemperature])) reading.set(Field::mos_temperature, *celsius);
  }
  for (const std::uint8_t probe : kProbes) {
    if (!chain.has(probe)) continue;
    if (!reading.cell_temperatures) reading.cell_temperatures.emplace();
    if (const auto celsius = celsius_of(chain[probe])) reading.cell_temperatures->push_back(*celsius);
  }
}

// What one register alone cannot say is left out: the current without the version of the protocol, unless the answer is
// long enough to show that there is none.
void add_current(Reading& reading, const Chain& chain, bool extras) {
  const bool whole = chain.has(kCells), versioned = chain.has(kVersion);
  const double version = versioned ? number_of(chain[kVersion]) : 0;
  if (chain.has(kCurrent) && (whole || versioned))
    reading.set(Field::current, current_of(chain[kCurrent], version == 0));
  if (extras && (whole || versioned)) reading.extra("protocol_version", version);
}

void add_state(Reading& reading, const Chain& chain, bool extras) {
  if (chain.has(kAlarmWord)) {
    const std::array<std::uint16_t, 1> words = {be_u16(chain[kAlarmWord], 0)};
    reading.alarms = alarms_from(kAlarmBits, words);
  }
  if (!chain.has(kStatus)) return;
  const unsigned status = be_u16(chain[kStatus], 0);
  reading.set(Field::charge_fet_on, (status & 1) != 0 ? 1 : 0);
  reading.set(Field::discharge_fet_on, (status & 2) != 0 ? 1 : 0);
  if (extras) reading.extra("balancing", (status & 4) != 0);  // which cells, it does not say
}

// The capacity is the configured one: the measured one (B9) is 0 on old boards. What remains is derived of it.
void add_capacity(Reading& reading, const Chain& chain) {
  const double capacity = chain.has(kCapacity) ? number_of(chain[kCapacity]) : 0;
  if (capacity == 0) return;
  reading.set(Field::capacity_full, capacity);
  if (const auto soc = reading.get(Field::soc)) reading.set(Field::capacity_remaining, capacity * *soc / 100);
}

// What the owner calls it; else what the board is called over Bluetooth.
std::string name_of(const Chain& chain, std::string bluetooth_name) {
  constexpr std::string_view kNothingEntered = "Input Us";
  std::string entered = text_of(chain[kDeviceId]);
  return entered.empty() || entered == kNothingEntered ? std::move(bluetooth_name) : std::move(entered);
}

void add_texts(Reading& reading, const Chain& chain, bool extras) {
  const std::string software = text_of(chain[kSoftware]);
  say(reading, Text::software_version, software);
  say(reading, Text::hardware, hardware_of(software));
  say(reading, Text::production_date, month_of(chain[kMade]).value_or(std::string()));
  if (!chain.has(kUserData)) {
    say(reading, Text::device_name, name_of(chain, {}));
    return;
  }
  const Bytes names = chain[kUserData];
  const std::string bluetooth_name = text_of(names.subspan(kUserDataSize));
  say(reading, Text::device_name, name_of(chain, bluetooth_name));
  const std::string serial_number = serial_number_of(names);
  say(reading, Text::serial_number, serial_number);
  if (!serial_number.empty()) reading.identities = {serial_number};
  if (!extras) return;
  reading.extra("user_data", text_of(names.first(kUserDataSize)));
  reading.extra("device_name", bluetooth_name);
}

void add_chemistry(Reading& reading, const Chain& chain, bool extras) {
  constexpr auto kNames = std::to_array<const char*>({"lfp", "nmc", "lto"});
  if (!chain.has(kChemistry)) return;
  const std::size_t chemistry = chain[kChemistry][0];
  if (chemistry >= kNames.size()) return;
  reading.chemistry = static_cast<Chemistry>(chemistry);
  if (extras) reading.extra("battery_type", kNames[chemistry]);
}

}  // namespace

Result<Reading> decode_registers(Bytes data, bool extras) {
  const auto chain = split(data);
  if (!chain) return chain.error();
  Reading reading;
  if (auto absurd = add_cells(reading, *chain)) return std::move(*absurd);
  if (chain->has(kSoc) && number_of((*chain)[kSoc]) > 100) return error(Errc::implausible, "out_of_range_value");
  for (const Register& one : kRegisters) {
    if (chain->has(one.id)) add_register(reading, one, (*chain)[one.id], extras);
  }
  add_temperatures(reading, *chain);
  add_current(reading, *chain, extras);
  add_state(reading, *chain, extras);
  add_capacity(reading, *chain);
  add_texts(reading, *chain, extras);
  add_chemistry(reading, *chain, extras);
  return reading;
}

bool is_whole(const Reading& reading) {
  return reading.cell_voltages && reading.get(Field::voltage) && reading.get(Field::current) && reading.get(Field::soc);
}

}  // namespace bmsd::jkuart
