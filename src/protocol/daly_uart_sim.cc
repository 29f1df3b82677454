// Answers as a Daly BMS on UART or RS485. An encoder of its own: what it shares with the decoder is the description of the
// wire, not tables or offsets. Where boards differ, `PackOptions::variant` says which board it is:
//
//   host           any | 40 | 80          at which request address it answers: its own from 40 on, 80, or both
//   polarity       discharge | charge     which current counts upwards from 30000
//   mirrored       no | yes               it takes charging for discharging in all that it says
//   cell_frames    host80 | needed | 16   when 95 is filled up to 16 frames: when asked at 80, never, always
//   sensor_frames  two | needed           96 has two frames though one would do
//   cycles         kept | reserved        reserved: 0, as in V1.2 of the document
//   balancing      told | untold          untold: 97 is always 0, as of boards with an active balancer
//   code           kept | none            none: the battery code is empty
//   silent         57,62 ...              commands that it does not answer
//   writes         obey | mute | ignore | refuse   does as it is told; does so without an answer; only acknowledges;
//                                         answers that it has not
//   dead_current   2.5                    A; what is smaller reads as 0
//   sleeps         3                      so many requests wake it up and get no answer
//   fault_code     0 ... 255              byte 7 of 98
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <set>
#include <utility>

#include "protocol/daly_uart.h"

namespace bmsd {
namespace {

constexpr std::size_t kFrame = 13, kContent = 8;

// --- The frame ---

std::uint8_t low_sum(Bytes bytes) {
  std::size_t sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return static_cast<std::uint8_t>(sum % 256);
}

void append_frame(ByteVector& to, int board, int command, Bytes content) {
  ByteVector frame = {0xA5, static_cast<std::uint8_t>(board), static_cast<std::uint8_t>(command), 0x08};
  frame.insert(frame.end(), content.begin(), content.end());
  frame.push_back(low_sum(frame));
  to.insert(to.end(), frame.begin(), frame.end());
}

// Appends big-endian numbers. What does not fit is held at the nearest number that does.
class Content {
 public:
  ByteVector bytes;

  Content& u8(double value) { return put(value, 1); }
  Content& u16(double value) { return put(value, 2); }
  Content& u32(double value) { return put(value, 4); }
  Content& celsius(double value) { return put(value + 40, 1); }

 private:
  Content& put(double value, int size) {
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

// --- What a board can be ---

struct Variant {
  std::string host = "any", cell_frames = "host80", writes = "obey";
  bool charge_counts_up = false, mirrored = false, two_sensor_frames = true;
  bool keeps_cycles = true, tells_balancing = true, has_code = true;
  std::set<int> silent;
  double dead_current = 0;
  double sleeps = 0, fault_code = 0;
};

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

// False: a key or value that this protocol does not have.
bool apply(std::string_view key, std::string_view value, Variant& to) {
  const auto one_of = [value](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), value) != words.end();
  };
  if (key == "host") return to.host = value, one_of({"any", "40", "80"});
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

class DalyUartPack final : public Responder {
 public:
  DalyUartPack(const PackOptions& options, Variant variant)
      : board_(options.address - 0x3F), code_(options.serial_number), variant_(std::move(variant)) {}

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    if (request.size() != kFrame || request[0] != 0xA5 || request[3] != 0x08) return std::nullopt;
    if (low_sum(request.first(kFrame - 1)) != request[kFrame - 1]) return std::nullopt;
    asked_at_80_ = request[1] == 0x80;
    if (!asked_at_80_ && request[1] != board_ + 0x3F) return std::nullopt;
    if (variant_.host != "any" && asked_at_80_ != (variant_.host == "80")) return std::nullopt;
    if (variant_.sleeps > 0) {
      --variant_.sleeps;
      return std::nullopt;
    }
    const int command = request[2];
    if (variant_.silent.contains(command)) return std::nullopt;
    const int as = asked_at_80_ ? 1 : board_;
    ByteVector reply;
    for (const ByteVector& content :
         is_write(command) ? written(command, request.subspan(4, kContent), state) : contents(command, state)) {
      std::copy(content.begin(), content.end(), buffer_.begin());
      append_frame(reply, as, command, buffer_);
    }
    if (reply.empty()) return std::nullopt;
    return reply;
  }

  std::vector<Change> take_changes() override { return std::exchange(changes_, {}); }

 private:
  using Contents = std::vector<ByteVector>;
  static Contents one(const Content& content) { return {content.bytes}; }

  // --- Writing ---

  static bool is_write(int command) { return command == 0x21 || command == 0xD9 || command == 0xDA; }

  Contents written(int command, Bytes data, const PackState& state) {
    if (variant_.writes == "obey" || variant_.writes == "mute") obey(command, data);
    if (variant_.writes == "mute") return {};
    const bool refuses = variant_.writes == "refuse";
    if (command == 0x21) return one(Content().u8(refuses ? 0 : 1));
    const bool is_on = command == 0xDA ? state.charge_fet : state.discharge_fet;
    return one(Content().u8(refuses ? (is_on ? 1 : 0) : data[0]));
  }

  void obey(int command, Bytes data) {
    if (command == 0x21) {
      clock_.assign(data.begin(), data.begin() + 6);
      changes_.push_back({Changeable::soc, (data[6] * 256 + data[7]) / 10.0});
    } else {
      changes_.push_back(
          {command == 0xDA ? Changeable::charge_fet : Changeable::discharge_fet, data[0] == 1 ? 1.0 : 0.0});
    }
  }

  // --- Reading ---

  Contents contents(int command, const PackState& state) {
    switch (command) {
      case 0x90:
        return one(measurements(state));
      case 0x91:
        return one(extreme_cells(state));
      case 0x92:
        return one(extreme_temperatures(state));
      case 0x93:
        return one(operation(state));
      case 0x94:
        return one(counts(state));
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
  double felt_current(const PackState& state) const {
    const double current = std::abs(state.current) < variant_.dead_current ? 0 : state.current;
    return variant_.mirrored ? -current : current;
  }

  Content measurements(const PackState& state) const {
    const double upwards = variant_.charge_counts_up ? felt_current(state) : -felt_current(state);
    return Content().u16(state.voltage * 10).u16(0).u16(30000 + upwards * 10).u16(state.soc * 10);
  }

  Content extreme_cells(const PackState& state) const {
    const auto& all = state.cell_voltages;
    if (all.empty()) return {};
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    Content content;
    content.u16(*high * 1000).u8(static_cast<double>(high - all.begin() + 1));
    return content.u16(*low * 1000).u8(static_cast<double>(low - all.begin() + 1));
  }

  Content extreme_temperatures(const PackState& state) const {
    const auto& all = state.cell_temperatures;
    if (all.empty()) return {};
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    Content content;
    content.celsius(*high).u8(static_cast<double>(high - all.begin() + 1));
    return content.celsius(*low).u8(static_cast<double>(low - all.begin() + 1));
  }

  Content operation(const PackState& state) {
    const long tenths = std::lround(felt_current(state) * 10);
    const int activity = tenths > 0 ? 1 : tenths < 0 ? 2 : 0;
    life_ = (life_ + 1) % 256;
    Content content;
    content.u8(activity).u8(state.charge_fet ? 1 : 0).u8(state.discharge_fet ? 1 : 0).u8(life_);
    return content.u32(state.capacity_remaining * 1000);
  }

  Content counts(const PackState& state) const {
    Content content;
    content.u8(static_cast<double>(state.cell_voltages.size())).u8(static_cast<double>(state.cell_temperatures.size()));
    content.u8(state.current > 0 ? 1 : 0).u8(state.current < 0 ? 1 : 0).u8(0x02);
    return content.u16(variant_.keeps_cycles ? state.cycles : 0);
  }

  Contents cells(const PackState& state) const {
    const auto& all = state.cell_voltages;
    const bool filled = variant_.cell_frames == "16" || (variant_.cell_frames == "host80" && asked_at_80_);
    const std::size_t frames = filled ? std::max<std::size_t>(16, (all.size() + 2) / 3) : (all.size() + 2) / 3;
    Contents contents;
    for (std::size_t frame = 0; frame < frames; ++frame) {
      Content content;
      content.u8(static_cast<double>(frame + 1));
      for (std::size_t cell = frame * 3; cell < frame * 3 + 3; ++cell) {
        if (cell < all.size() || filled) content.u16(cell < all.size() ? all[cell] * 1000 : 0);
      }
      contents.push_back(content.bytes);
    }
    return contents;
  }

  Contents temperatures(const PackState& state) const {
    const auto& all = state.cell_temperatures;
    std::size_t frames = (all.size() + 6) / 7;
    if (variant_.two_sensor_frames) frames = std::max<std::size_t>(frames, 2);
    Contents contents;
    for (std::size_t frame = 0; frame < frames; ++frame) {
      Content content;
      content.u8(static_cast<double>(frame + 1));
      for (std::size_t sensor = frame * 7; sensor < frame * 7 + 7; ++sensor) {
        sensor < all.size() ? content.celsius(all[sensor]) : content.u8(0);
      }
      contents.push_back(content.bytes);
    }
    return contents;
  }

  ByteVector balancing(const PackState& state) const {
    ByteVector bits(kContent, 0);
    for (const int cell : state.balancing_cells) {
      if (cell < 1 || cell > 48 || !variant_.tells_balancing) continue;
      std::uint8_t& byte = bits[static_cast<std::size_t>(cell - 1) / 8];
      byte = static_cast<std::uint8_t>(byte | 1U << (cell - 1) % 8);
    }
    return bits;
  }

  ByteVector alarms(const PackState& state) const {
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

  // Numbered frames with seven characters each.
  static Contents text(std::string_view text, std::size_t frames) {
    Contents contents;
    for (std::size_t frame = 0; frame < frames; ++frame) {
      ByteVector content = {static_cast<std::uint8_t>(frame + 1)};
      const std::string_view piece = text.substr(std::min(text.size(), frame * 7), 7);
      content.insert(content.end(), piece.begin(), piece.end());
      content.resize(kContent, 0);
      contents.push_back(std::move(content));
    }
    return contents;
  }

  // Nothing for a command that no board knows.
  Contents settings(int command, const PackState& state) const {
    const auto cell_count = static_cast<double>(state.cell_voltages.size());
    const double high = state.cell_voltage_max_limit, low = state.cell_voltage_min_limit;
    const double charge = state.max_charge_current * 10, discharge = state.max_discharge_current * 10;
    Content to;
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

  int board_;
  std::string code_;
  Variant variant_;
  bool asked_at_80_ = false;
  int life_ = 0;
  std::vector<int> clock_ = {22, 12, 13, 21, 29, 39};
  std::vector<Change> changes_;
  // A board writes each answer over the one before: bytes that an answer leaves out are those of an earlier one.
  std::array<std::uint8_t, kContent> buffer_{};
};

}  // namespace

std::unique_ptr<Responder> respond_as_daly_uart(const PackOptions& options) {
  constexpr int kFirst = 0x40, kLast = 0x4F;
  if (options.address < kFirst || options.address > kLast) return nullptr;
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<DalyUartPack>(options, std::move(variant));
}

}  // namespace bmsd
