#include "protocol/daren_485_info.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "protocol/daren_485_tables.h"
#include "wire/numbers.h"

namespace bmsd::daren {
namespace {

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

bool is_pad(std::uint8_t byte) { return byte == 0x00 || byte == 0x20 || byte == 0xFF; }

Bytes trimmed(Bytes field) {
  while (!field.empty() && is_pad(field.back())) field = field.first(field.size() - 1);
  while (!field.empty() && is_pad(field.front())) field = field.subspan(1);
  return field;
}

// As received, with its padding.
std::string printable(Bytes field) {
  std::string text(as_text(field));
  for (char& c : text) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return text;
}

// Either of 47 and B0/3 can come with the bytes of each 16-bit word exchanged (both ways were captured). A pad byte
// inside the trimmed text gives an odd length away; an exchanged text of even length cannot be told and stays as
// received.
std::string text(Bytes field) {
  const auto has_pad = [](Bytes bytes) { return std::any_of(bytes.begin(), bytes.end(), is_pad); };
  if (!has_pad(trimmed(field))) return printable_text(field);
  ByteVector exchanged(field.begin(), field.end());
  for (std::size_t i = 0; i + 1 < exchanged.size(); i += 2) std::swap(exchanged[i], exchanged[i + 1]);
  return has_pad(trimmed(exchanged)) ? printable_text(field) : printable_text(exchanged);
}

// Bits of a word per 16 cells as cell numbers.
std::vector<double> cells_of(std::uint32_t bits) {
  std::vector<double> cells;
  for (unsigned i = 0; i < 32; ++i) {
    if ((bits >> i & 1) != 0) cells.push_back(i + 1);
  }
  return cells;
}

std::string names_of(std::span<const StateBit> table, unsigned bits) {
  std::string names;
  for (const StateBit& state : table) {
    if ((bits >> state.bit & 1) == 0) continue;
    if (!names.empty()) names += ", ";
    names += state.name;
  }
  return names;
}

// Serial number: of B0/3, else (empty there, or the pack does not know B0/3) the BMS bar code of 47. Nothing before
// B0/3 had its turn, so that a pack does not change its name. The old driver took the first 15 bytes of the text of
// B0/3 as they came.
void say_identity(Reading& reading, const Memory& memory) {
  if (!memory.manufacturing_read) return;
  const std::string& serial = memory.pack_serial.empty() ? memory.bar_code : memory.pack_serial;
  if (serial.empty()) return;
  reading.texts.emplace_back(Text::serial_number, serial);
  reading.identities.push_back(serial);
  if (!memory.old_identity.empty()) reading.identities.push_back(memory.old_identity);
}

// Offsets of service 42, which move with the counts of cells (m) and of cell sensors (n).
struct Layout {
  std::size_t cells = 0, sensors = 0;
  std::size_t back = 0;  // where the current is, "B"
  bool has_high_words = false, has_machine_status = false;
};
constexpr std::size_t kCount = 5, kCells = 6;
constexpr std::size_t kMaxDarenCells = 32;
constexpr std::size_t kShortBack = 33, kHighWordsBack = 43, kLongBack = 46;  // bytes from B on, by form

Result<Layout> layout_of_42(Bytes info) {
  Layout layout;
  if (info.size() <= kCount) return error(Errc::length, "info_too_short");
  layout.cells = info[kCount];
  if (layout.cells == 0 || layout.cells > kMaxDarenCells) return error(Errc::length, "count_overrun");
  const std::size_t sensor_count = 12 + 2 * layout.cells;
  if (info.size() <= sensor_count) return error(Errc::length, "count_overrun");
  layout.sensors = info[sensor_count];
  layout.back = sensor_count + 1 + 2 * layout.sensors;
  if (info.size() < layout.back + kShortBack) return error(Errc::length, "count_overrun");
  layout.has_high_words = info.size() >= layout.back + kHighWordsBack;
  layout.has_machine_status = info.size() >= layout.back + kLongBack;
  return layout;
}

// A bitmap of cells: 1..16 at `low`, 17..32 at `high` where the form has it.
std::uint32_t bitmap(Bytes info, const Layout& layout, std::size_t low, std::size_t high) {
  const std::uint32_t low_word = be_u16(info, layout.back + low);
  return layout.has_high_words ? std::uint32_t{be_u16(info, layout.back + high)} << 16 | low_word : low_word;
}

void add_extras_of_42(Reading& reading, Bytes info, const Layout& layout, std::span<const std::uint16_t> words) {
  const std::size_t b = layout.back;
  reading.extra("data_flag", static_cast<double>(info[0]));
  reading.extra("internal_resistance_raw", static_cast<double>(be_u16(info, b + 2)));  // unit unknown
  reading.extra("user_defined_number", static_cast<double>(info[b + 6]));
  reading.extra("voltage_status_raw", static_cast<double>(words[kVoltageStatus]));
  reading.extra("current_status_raw", static_cast<double>(words[kCurrentStatus]));
  reading.extra("temperature_status_raw", static_cast<double>(words[kTemperatureStatus]));
  reading.extra("alarm_status_raw", static_cast<double>(words[kAlarmStatus]));
  reading.extra("fet_status_raw", static_cast<double>(words[kFetStatus]));
  reading.extra("charging", (words[kCurrentStatus] & kCharging) != 0);
  reading.extra("discharging", (words[kCurrentStatus] & kDischarging) != 0);
  reading.extra("entering_sleep", (words[kVoltageStatus] & kEnteringSleep) != 0);
  reading.extra("current_limit_mode", static_cast<double>(words[kFetStatus] >> 4 & 3));
  reading.extra("overvoltage_protection_cells", cells_of(bitmap(info, layout, 23, 35)));
  reading.extra("undervoltage_protection_cells", cells_of(bitmap(info, layout, 25, 37)));
  reading.extra("overvoltage_alarm_cells", cells_of(bitmap(info, layout, 27, 39)));
  reading.extra("undervoltage_alarm_cells", cells_of(bitmap(info, layout, 29, 41)));
  if (!layout.has_machine_status) return;
  const unsigned machine = info[b + 43], io = be_u16(info, b + 44);
  reading.extra("machine_status_raw", static_cast<double>(machine));
  reading.extra("io_status_raw", static_cast<double>(io));
  reading.extra("machine_status", names_of(kMachineStates, machine));
  reading.extra("io_status", names_of(kIoStates, io));
}

std::vector<double> list_of(Bytes info, std::size_t k, std::size_t count, double per_unit, bool is_signed) {
  std::vector<double> list(count);
  for (std::size_t i = 0; i < count; ++i) {
    list[i] = (is_signed ? be_s16(info, k + 2 * i) : int{be_u16(info, k + 2 * i)}) / per_unit;
  }
  return list;
}

// At least two; a byte above 99 keeps its three.
std::string two_digits(unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// Texts that stand in B0/3 and 51 only count when they say something.
void say(Reading& reading, Text which, const std::string& content) {
  if (!content.empty()) reading.texts.emplace_back(which, content);
}

// Year since 2000, month, day; nothing when unset (FF FF FF) or no date.
std::optional<std::string> date_of(Bytes info, std::size_t k) {
  const unsigned year = info[k], month = info[k + 1], day = info[k + 2];
  if (year > 99 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  return "20" + two_digits(year) + "-" + two_digits(month) + "-" + two_digits(day);
}

// Echo of the request in front of 83 and B0, and the size of what follows.
std::optional<Error> check_head(Bytes info, std::uint8_t service, std::size_t size) {
  if (info.empty()) return error(Errc::length, "info_too_short");
  if (info[0] != service) return error(Errc::command, "header_mismatch");
  if (info.size() < size) return error(Errc::length, "info_too_short");
  return std::nullopt;
}

void add_words(Reading& reading, Bytes info, std::size_t k, std::span<const char* const> names) {
  for (std::size_t i = 0; i < names.size(); ++i) reading.extra(names[i], static_cast<double>(be_u16(info, k + 2 * i)));
}

// B0/3: who it is.
void decode_manufacturing(Bytes info, Memory& memory, Reading& reading) {
  const Bytes serial = info.subspan(6, 30);
  memory.manufacturing_read = true;
  memory.pack_serial = text(serial);
  memory.old_identity = memory.pack_serial.empty() ? std::string() : printable(serial.first(15));
  say_identity(reading, memory);
  const std::string manufacturer = text(info.subspan(99, 20));
  const auto date = date_of(info, 96);
  say(reading, Text::manufacturer, manufacturer);
  if (date) say(reading, Text::production_date, *date);

  if (!memory.extras) return;
  reading.extra("pack_sn_raw", printable_text(serial));
  if (reading.identities.empty()) reading.extra("serial_number", std::string());
  reading.extra("product_id", text(info.subspan(36, 30)));
  reading.extra("bms_id", text(info.subspan(66, 30)));
  if (!date) reading.extra("born_date", std::monostate());
  if (manufacturer.empty()) reading.extra("manufacturer", std::string());
}

// B0/4: capacities and totals. Totals count whole Ah (a pack with 204 cycles of 80 Ah says 15239). Energies probably
// count 0.1 kWh, but one captured pack's fit no unit: believed only when energy / charge is about the pack's voltage.
void decode_capacities(Bytes info, const Memory& memory, Reading& reading) {
  const auto energy = [&](Field field, double raw, double charge_ah) {
    const double kwh = raw / 10;
    const double voltage = charge_ah > 0 ? kwh * 1000 / charge_ah : 0;
    const bool believed = memory.voltage && voltage >= 0.7 * *memory.voltage && voltage <= 1.3 * *memory.voltage;
    if (believed && voltage > 0) {
      reading.set(field, kwh);
    } else {
      reading.set_unknown(field);
    }
  };
  reading.set(Field::capacity_design, be_u16(info, 10) / 100.0);
  reading.set(Field::total_charge, be_u32(info, 12));
  reading.set(Field::total_discharge, be_u32(info, 16));
  energy(Field::total_charge_energy, be_u16(info, 20), be_u32(info, 12));
  energy(Field::total_discharge_energy, be_u16(info, 22), be_u32(info, 16));

  if (!memory.extras) return;
  reading.extra("capacity_remaining_ah", be_u16(info, 6) / 100.0);  // as in service 42, which is the fresher one
  reading.extra("capacity_full_ah", be_u16(info, 8) / 100.0);
  reading.extra("total_charge_energy_raw", static_cast<double>(be_u16(info, 20)));
  reading.extra("total_discharge_energy_raw", static_cast<double>(be_u16(info, 22)));
}

}  // namespace

bool has_shape_of_42(Bytes info) {
  const auto layout = layout_of_42(info);
  if (!layout) return false;
  const std::size_t behind = info.size() - layout->back;
  return behind == kShortBack || behind == kLongBack;
}

Result<Reading> decode_42(Bytes info, Memory& memory) {
  const auto layout = layout_of_42(info);
  if (!layout) return layout.error();
  const std::size_t m = layout->cells, b = layout->back;

  Reading reading;
  // P counts the items behind it in the short form (13) and is 0 or 1 in the long one. The one capture of a short form
  // gives the state of charge in whole percent, all others in 0.01 %.
  const bool whole_percent = info[b + 6] == 13 && be_u16(info, 1) <= 100;
  reading.set(Field::soc, be_u16(info, 1) / (whole_percent ? 1.0 : 100.0));
  reading.set(Field::voltage, be_u16(info, 3) / 100.0);
  reading.set(Field::cell_count, static_cast<double>(m));
  reading.cell_voltages = list_of(info, kCells, m, 1000.0, false);
  reading.set(Field::ambient_temperature, be_s16(info, 6 + 2 * m) / 10.0);
  reading.set(Field::pack_temperature, be_s16(info, 8 + 2 * m) / 10.0);
  reading.set(Field::mos_temperature, be_s16(info, 10 + 2 * m) / 10.0);
  reading.cell_temperatures = list_of(info, 13 + 2 * m, layout->sensors, 10.0, true);
  reading.set(Field::current, be_s16(info, b) / 100.0);
  reading.set(Field::soh, be_u16(info, b + 4));
  reading.set(Field::capacity_full, be_u16(info, b + 7) / 100.0);
  reading.set(Field::capacity_remaining, be_u16(info, b + 9) / 100.0);
  reading.set(Field::cycles, be_u16(info, b + 11));

  std::array<std::uint16_t, kStatusWords> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = be_u16(info, b + 13 + 2 * i);
  reading.alarms = alarms_from(kAlarmBits, words);
  const unsigned charge_bit = memory.swap_fet_bits ? kDischargeFetOn : kChargeFetOn;
  const unsigned discharge_bit = memory.swap_fet_bits ? kChargeFetOn : kDischargeFetOn;
  reading.set(Field::charge_fet_on, (words[kFetStatus] & charge_bit) != 0 ? 1 : 0);
  reading.set(Field::discharge_fet_on, (words[kFetStatus] & discharge_bit) != 0 ? 1 : 0);
  reading.balancing_cells = CellSet(bitmap(info, *layout, 31, 33));

  memory.voltage = reading.get(Field::voltage);
  if (memory.extras) add_extras_of_42(reading, info, *layout, words);
  return reading;
}

Result<Reading> decode_47(Bytes info, Memory& memory) {
  if (info.size() < kSize47) return error(Errc::length, "info_too_short");
  Reading reading;
  reading.set(Field::cell_voltage_max_limit, be_u16(info, 1) / 1000.0);
  reading.set(Field::cell_voltage_min_limit, be_u16(info, 3) / 1000.0);
  const double upper_limit = be_u16(info, 9) / 100.0, limit = be_u16(info, 17) / 100.0;
  reading.set(Field::max_charge_current, limit > 0 ? limit : upper_limit);  // a limit of 0 is a limit
  memory.bar_code = text(info.subspan(45, 20));
  if (memory.pack_serial.empty()) say_identity(reading, memory);

  if (!memory.extras) return reading;
  reading.extra("data_flag", static_cast<double>(info[0]));
  reading.extra("temperature_upper_limit_raw", static_cast<double>(be_s16(info, 5)));  // two firmwares, two meanings
  reading.extra("temperature_lower_limit_raw", static_cast<double>(be_s16(info, 7)));
  reading.extra("charge_current_upper_limit_a", upper_limit);
  if (limit <= 0) reading.extra("max_charge_current_a", limit);
  reading.extra("pack_voltage_upper_limit_raw", static_cast<double>(be_u16(info, 11)));  // hold the limits of a cell
  reading.extra("pack_voltage_lower_limit_raw", static_cast<double>(be_u16(info, 13)));
  reading.extra("cell_count", static_cast<double>(be_u16(info, 15)));  // service 42 counts the cells
  reading.extra("parameter_capacity_ah", be_u16(info, 19) / 100.0);
  reading.extra("history_interval_raw", static_cast<double>(be_u16(info, 21)));
  reading.extra("balance_mode_raw", static_cast<double>(be_u16(info, 23)));
  reading.extra("product_barcode", text(info.subspan(25, 20)));
  reading.extra("product_barcode_raw", printable_text(info.subspan(25, 20)));
  reading.extra("bms_barcode", memory.bar_code);
  reading.extra("bms_barcode_raw", printable_text(info.subspan(45, 20)));
  return reading;
}

Result<Reading> decode_4f(Bytes info, const Memory& memory) {
  if (info.size() < kSize4f) return error(Errc::length, "info_too_short");
  Reading reading;
  if (memory.extras) reading.extra("protocol_version_raw", static_cast<double>(info[0]));
  return reading;
}

Result<Reading> decode_51(Bytes info, const Memory& memory) {
  if (info.size() < kSize51) return error(Errc::length, "info_too_short");
  const std::string type = text(info.first(10));
  const std::string product = text(info.subspan(10, 10));
  const std::string project = text(info.subspan(20, 10));
  const std::string version = two_digits(info[30]) + "." + two_digits(info[31]) + "." + two_digits(info[32]);
  Reading reading;
  std::string hardware;
  for (const std::string_view part : {std::string_view(product), std::string_view(project), std::string_view(type)}) {
    if (!part.empty()) hardware.append(part).append(" ");
  }
  say(reading, Text::hardware, hardware + version);
  say(reading, Text::software_version, version);

  if (!memory.extras) return reading;
  reading.extra("hardware", type);
  reading.extra("product_code", product);
  reading.extra("project_code", project);
  reading.extra("boot_version_raw", static_cast<double>(be_u16(info, 33)));
  return reading;
}

Result<Reading> decode_83(Bytes info, const Memory& memory) {
  if (auto refused = check_head(info, 0x83, kSize83)) return std::move(*refused);
  Reading reading;
  if (memory.extras) add_words(reading, info, 2, kCounters);
  return reading;
}

Result<Reading> decode_b0(std::uint8_t module, Bytes info, Memory& memory) {
  if (module < 1 || module > kModules) return error(Errc::command, "wrong_command");
  if (auto refused = check_head(info, 0xB0, 4)) return std::move(*refused);
  if (info[3] != module) return error(Errc::command, "header_mismatch");
  if (info.size() < kSizeOfModule[module]) return error(Errc::length, "info_too_short");

  Reading reading;
  if (memory.extras) {
    reading.extra("module", static_cast<double>(module));
    reading.extra("function_len_raw", static_cast<double>(info[5]));  // some firmware says 0: not checked
  }
  if (module == 3) decode_manufacturing(info, memory, reading);
  if (module == 4) decode_capacities(info, memory, reading);
  if (memory.extras && module == 1) {
    reading.extra("ocv_flag_raw", static_cast<double>(info[6]));
    add_words(reading, info, 7, kModule1Words);
  }
  if (memory.extras && module == 2) add_words(reading, info, 6, kModule2Words);
  return reading;
}

}  // namespace bmsd::daren
