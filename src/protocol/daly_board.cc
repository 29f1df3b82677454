#include "protocol/daly_board.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>

namespace bmsd::daly_sim {
namespace {

// Appends big-endian numbers. What does not fit is held at the nearest number that does.
class Words {
 public:
  ByteVector bytes;

  Words& u8(double value) { return put(value, 1); }
  Words& u16(double value) { return put(value, 2); }
  Words& u32(double value) { return put(value, 4); }
  Words& celsius(double value) { return put(value + 40, 1); }

 private:
  Words& put(double value, int size) {
    const double most = std::pow(256.0, size) - 1;
    const auto number = static_cast<std::uint64_t>(std::isnan(value) ? 0 : std::llround(std::clamp(value, 0.0, most)));
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
      bytes.push_back(static_cast<std::uint8_t>(number >> shift));
    return *this;
  }
};

// --- Alarms: a row per byte of 98, bit 0 first ---

constexpr std::array<std::array<std::string_view, 8>, 7> kAlarmNames = {{
    {"cell_voltage_high_l1", "cell_voltage_high_l2", "cell_voltage_low_l1", "cell_voltage_low_l2",
     "pack_voltage_high_l1", "pack_voltage_high_l2", "pack_voltage_low_l1", "pack_voltage_low_l2"},
    {"charge_temp_high_l1", "charge_temp_high_l2", "charge_temp_low_l1", "charge_temp_low_l2", "discharge_temp_high_l1",
     "discharge_temp_high_l2", "discharge_temp_low_l1", "discharge_temp_low_l2"},
    {"charge_overcurrent_l1", "charge_overcurrent_l2", "discharge_overcurrent_l1", "discharge_overcurrent_l2",
     "soc_high_l1", "soc_high_l2", "soc_low_l1", "soc_low_l2"},
    {"cell_voltage_diff_l1", "cell_voltage_diff_l2", "temp_diff_l1", "temp_diff_l2", "", "", "", ""},
    {"charge_mos_temp_high", "discharge_mos_temp_high", "charge_mos_temp_sensor_fault",
     "discharge_mos_temp_sensor_fault", "charge_mos_stuck", "discharge_mos_stuck", "charge_mos_open",
     "discharge_mos_open"},
    {"afe_fault", "cell_sense_wire_lost", "cell_temp_sensor_fault", "eeprom_fault", "rtc_fault", "precharge_fault",
     "vehicle_comm_fault", "internal_comm_fault"},
    {"current_module_fault", "pack_voltage_sense_fault", "short_circuit", "low_voltage_charge_forbidden",
     "mos_switched_off_remotely", "", "", ""},
}};

// "charge_..." for "discharge_..." and the reverse, of the alarms of overcurrent.
std::string seen_in_mirror(std::string_view name) {
  if (name.starts_with("charge_overcurrent")) return "dis" + std::string(name);
  if (name.starts_with("discharge_overcurrent")) return std::string(name.substr(3));
  return std::string(name);
}

using Contents = std::vector<ByteVector>;

Contents one(const Words& content) { return {content.bytes}; }

Words extreme_cells(const PackState& state) {
  const auto& all = state.cell_voltages;
  if (all.empty()) return {};
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  Words content;
  content.u16(*high * 1000).u8(static_cast<double>(high - all.begin() + 1));
  return content.u16(*low * 1000).u8(static_cast<double>(low - all.begin() + 1));
}

Words extreme_temperatures(const PackState& state) {
  const auto& all = state.cell_temperatures;
  if (all.empty()) return {};
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  Words content;
  content.celsius(*high).u8(static_cast<double>(high - all.begin() + 1));
  return content.celsius(*low).u8(static_cast<double>(low - all.begin() + 1));
}

// Numbered frames with seven characters each.
Contents text(std::string_view text, std::size_t frames) {
  Contents contents;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    ByteVector content = {static_cast<std::uint8_t>(frame + 1)};
    const std::string_view piece = text.substr(std::min(text.size(), frame * 7), 7);
    content.insert(content.end(), piece.begin(), piece.end());
    content.resize(Board::kContent, 0);
    contents.push_back(std::move(content));
  }
  return contents;
}

bool number(std::string_view text, double highest, double& to) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > highest) return false;
  to = value;
  return true;
}

// "57,62"
bool commands(std::string_view text, std::set<int>& to) {
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto byte = from_hex(text.substr(0, comma));
    if (!byte || byte->size() != 1) return false;
    to.insert(byte->front());
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

}  // namespace

bool apply(std::string_view key, std::string_view value, Variant& to) {
  const auto one_of = [value](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), value) != words.end();
  };
  if (key == "polarity") return to.charge_counts_up = value == "charge", one_of({"discharge", "charge"});
  if (key == "mirrored") return to.mirrored = value == "yes", one_of({"no", "yes"});
  if (key == "cell_frames") return to.cell_frames = value, one_of({"host80", "needed", "16"});
  if (key == "sensor_frames") return to.two_sensor_frames = value == "two", one_of({"two", "needed"});
  if (key == "cycles") return to.keeps_cycles = value == "kept", one_of({"kept", "reserved"});
  if (key == "balancing") return to.tells_balancing = value == "told", one_of({"told", "untold"});
  if (key == "code") return to.has_code = value == "kept", one_of({"kept", "none"});
  if (key == "writes") return to.writes = value, one_of({"obey", "mute", "ignore", "refuse"});
  if (key == "silent") return commands(value, to.silent);
  if (key == "dead_current") return number(value, 1000, to.dead_current);
  if (key == "sleeps") return number(value, 1000, to.sleeps);
  if (key == "fault_code") return number(value, 255, to.fault_code);
  return false;
}

std::vector<Board::Content> Board::answer(int command, Bytes data, bool asked_at_80, const PackState& state) {
  asked_at_80_ = asked_at_80;
  if (variant_.sleeps > 0) {
    --variant_.sleeps;
    return {};
  }
  if (variant_.silent.contains(command)) return {};
  const bool is_write = command == 0x21 || command == 0xD9 || command == 0xDA;
  std::vector<Content> answer;
  for (const ByteVector& content : is_write ? written(command, data, state) : contents(command, state)) {
    std::copy(content.begin(), content.end(), buffer_.begin());
    answer.push_back(buffer_);
  }
  return answer;
}

// --- Writing ---

Board::Contents Board::written(int command, Bytes data, const PackState& state) {
  if (variant_.writes == "obey" || variant_.writes == "mute") obey(command, data);
  if (variant_.writes == "mute") return {};
  const bool refuses = variant_.writes == "refuse";
  if (command == 0x21) return one(Words().u8(refuses ? 0 : 1));
  const bool is_on = command == 0xDA ? state.charge_fet : state.discharge_fet;
  return one(Words().u8(refuses ? (is_on ? 1 : 0) : data[0]));
}

void Board::obey(int command, Bytes data) {
  if (command == 0x21) {
    clock_.assign(data.begin(), data.begin() + 6);
    changes_.push_back({Changeable::soc, (data[6] * 256 + data[7]) / 10.0});
  } else {
    changes_.push_back(
        {command == 0xDA ? Changeable::charge_fet : Changeable::discharge_fet, data[0] == 1 ? 1.0 : 0.0});
  }
}

// --- Reading ---

Board::Contents Board::contents(int command, const PackState& state) {
  switch (command) {
    case 0x90:
      return measurements(state);
    case 0x91:
      return one(extreme_cells(state));
    case 0x92:
      return one(extreme_temperatures(state));
    case 0x93:
      return operation(state);
    case 0x94:
      return counts(state);
    case 0x95:
      return cells(state);
    case 0x96:
      return temperatures(state);
    case 0x97:
      return {balancing(state)};
    case 0x98:
      return {alarms(state)};
    case 0x57:
      return text(variant_.has_code ? code_ : "", 5);
    case 0x62:
      return text("20210222-1.01", 2);
    case 0x63:
      return text("DL-R16T-V1.2", 2);
    case 0x54:
      return {ByteVector{'2', '0', '2', '2', '0', '8', '1', '0'}};
    default:
      return settings(command, state);
  }
}

// The current as the board takes it, + charges.
double Board::felt_current(const PackState& state) const {
  const double current = std::abs(state.current) < variant_.dead_current ? 0 : state.current;
  return variant_.mirrored ? -current : current;
}

Board::Contents Board::measurements(const PackState& state) const {
  const double upwards = variant_.charge_counts_up ? felt_current(state) : -felt_current(state);
  return one(Words().u16(state.voltage * 10).u16(0).u16(30000 + upwards * 10).u16(state.soc * 10));
}

Board::Contents Board::operation(const PackState& state) {
  const long tenths = std::lround(felt_current(state) * 10);
  const int activity = tenths > 0 ? 1 : tenths < 0 ? 2 : 0;
  life_ = (life_ + 1) % 256;
  Words content;
  content.u8(activity).u8(state.charge_fet ? 1 : 0).u8(state.discharge_fet ? 1 : 0).u8(life_);
  return one(content.u32(state.capacity_remaining * 1000));
}

Board::Contents Board::counts(const PackState& state) const {
  Words content;
  content.u8(static_cast<double>(state.cell_voltages.size())).u8(static_cast<double>(state.cell_temperatures.size()));
  content.u8(state.current > 0 ? 1 : 0).u8(state.current < 0 ? 1 : 0).u8(0x02);
  return one(content.u16(variant_.keeps_cycles ? state.cycles : 0));
}

Board::Contents Board::cells(const PackState& state) const {
  const auto& all = state.cell_voltages;
  const bool filled = variant_.cell_frames == "16" || (variant_.cell_frames == "host80" && asked_at_80_);
  const std::size_t frames = filled ? std::max<std::size_t>(16, (all.size() + 2) / 3) : (all.size() + 2) / 3;
  Contents contents;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    Words content;
    content.u8(static_cast<double>(frame + 1));
    for (std::size_t cell = frame * 3; cell < frame * 3 + 3; ++cell) {
      if (cell < all.size() || filled) content.u16(cell < all.size() ? all[cell] * 1000 : 0);
    }
    contents.push_back(content.bytes);
  }
  return contents;
}

Board::Contents Board::temperatures(const PackState& state) const {
  const auto& all = state.cell_temperatures;
  std::size_t frames = (all.size() + 6) / 7;
  if (variant_.two_sensor_frames) frames = std::max<std::size_t>(frames, 2);
  Contents contents;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    Words content;
    content.u8(static_cast<double>(frame + 1));
    for (std::size_t sensor = frame * 7; sensor < frame * 7 + 7; ++sensor) {
      sensor < all.size() ? content.celsius(all[sensor]) : content.u8(0);
    }
    contents.push_back(content.bytes);
  }
  return contents;
}

ByteVector Board::balancing(const PackState& state) const {
  ByteVector bits(kContent, 0);
  for (const int cell : state.balancing_cells) {
    if (cell < 1 || cell > 48 || !variant_.tells_balancing) continue;
    std::uint8_t& byte = bits[static_cast<std::size_t>(cell - 1) / 8];
    byte = static_cast<std::uint8_t>(byte | 1U << (cell - 1) % 8);
  }
  return bits;
}

ByteVector Board::alarms(const PackState& state) const {
  ByteVector bits(kContent, 0);
  for (std::size_t byte = 0; byte < kAlarmNames.size(); ++byte) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const std::string_view name = kAlarmNames[byte][bit];
      if (name.empty()) continue;
      const std::string meant = variant_.mirrored ? seen_in_mirror(name) : std::string(name);
      if (state.alarms.contains(meant)) bits[byte] = static_cast<std::uint8_t>(bits[byte] | 1U << bit);
    }
  }
  bits.back() = static_cast<std::uint8_t>(variant_.fault_code);
  return bits;
}

// Nothing for a command that no board knows.
Board::Contents Board::settings(int command, const PackState& state) const {
  const auto cell_count = static_cast<double>(state.cell_voltages.size());
  const double high = state.cell_voltage_max_limit, low = state.cell_voltage_min_limit;
  const double charge = state.max_charge_current * 10, discharge = state.max_discharge_current * 10;
  Words to;
  switch (command) {
    case 0x50:
      return one(to.u32(state.capacity_full * 1000).u32(3200));
    case 0x51:
      to.u8(1).u8(cell_count).u8(0).u8(0);
      return one(to.u8(static_cast<double>(state.cell_temperatures.size())).u8(0).u8(0));
    case 0x52:
      return one(to.u32(state.total_charge).u32(state.total_discharge));
    case 0x53:
      return one(to.u8(1).u8(0).u8(22).u8(8).u8(10).u16(65535).u8(10));
    case 0x59:
      return one(to.u16(high * 1000).u16(high * 1000 + 50).u16(low * 1000).u16(low * 1000 - 100));
    case 0x5A:
      to.u16(high * cell_count * 10).u16((high + 0.05) * cell_count * 10);
      return one(to.u16(low * cell_count * 10).u16((low - 0.1) * cell_count * 10));
    case 0x5B:
      to.u16(30000 - charge).u16(30000 - charge * 1.25);
      return one(to.u16(30000 + discharge).u16(30000 + discharge * 1.25));
    case 0x5C:
      to.celsius(55).celsius(60).celsius(-5).celsius(-10);
      return one(to.celsius(60).celsius(65).celsius(-15).celsius(-20));
    case 0x5D:
      return one(to.u16(1000).u16(1000).u16(100).u16(50));
    case 0x5E:
      return one(to.u16(300).u16(500).u8(10).u8(15));
    case 0x5F:
      return one(to.u16(3400).u16(30));
    case 0x60:
      return one(to.u16(800).u16(250));
    case 0x61:
      for (const int part : clock_) to.u8(part);
      return one(to.u16(state.soc * 10));
    default:
      return {};
  }
}

}  // namespace bmsd::daly_sim
