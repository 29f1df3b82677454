// Answers as a JK BMS on UART. An encoder of its own: what it shares with the decoder is the description of the wire, not
// tables or offsets. The pack's address is its terminal number: it answers whoever asks for it or for 0. Its serial number
// is what the owner has entered as private data (the last 12 characters of it). Where boards differ,
// `PackOptions::variant` says which board it is:
//
//   current      signed | biased    how the current is told: with the direction in bit 15 (C0 is 1), or away from 10000
//                                   (C0 is 0)
//   ends_with    C0 | B8 | B7       the last register; without C0 the current is biased
//   user_data    a text, or none    private data instead of the serial number; none: "Input Userda", as delivered
//   device_name  a text             up to 12 characters
//   device_id    a text             up to 8 characters
//   software     a text             up to 15 characters
//   chemistry    lfp | nmc | lto
//   counts       told | zero        zero: register 8A is 0
//   beyond       no | yes           a register that nobody knows behind C0
//   stranger     no | yes           a register that nobody knows in front of B0
//   stale        0 ... 8            bytes 00 in front of each answer
//   sleeps       no | command | questions   it answers after command 01, or after the third question
//   activation   silent | answered  whether command 01 has an answer
//   single       yes | no           whether command 03 has an answer
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "protocol/jkbms_uart.h"
#include "protocol/variant.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

// --- What a board can be ---

struct Variant {
  std::string current = "signed", ends_with = "C0", user_data, device_name = "JK_B2A24S15P", device_id = "Input Us";
  std::string software = "11.XW_S11.262H_", chemistry = "lfp", counts = "told", sleeps = "no", activation = "silent";
  bool beyond = false, stranger = false, single = true;
  int stale = 0;
};

bool short_text(std::string_view text, std::size_t most, std::string& to) {
  to = text;
  return !text.empty() && text.size() <= most;
}

// False: a key or value that this protocol does not have.
bool apply(std::string_view key, std::string_view value, Variant& to) {
  if (key == "current") return variant::one_of(value, {"signed", "biased"}, to.current);
  if (key == "ends_with") return variant::one_of(value, {"C0", "B8", "B7"}, to.ends_with);
  if (key == "user_data") return short_text(value, 12, to.user_data);
  if (key == "device_name") return short_text(value, 12, to.device_name);
  if (key == "device_id") return short_text(value, 8, to.device_id);
  if (key == "software") return short_text(value, 15, to.software);
  if (key == "chemistry") return variant::one_of(value, {"lfp", "nmc", "lto"}, to.chemistry);
  if (key == "counts") return variant::one_of(value, {"told", "zero"}, to.counts);
  if (key == "beyond") return variant::yes_or_no(value, to.beyond);
  if (key == "stranger") return variant::yes_or_no(value, to.stranger);
  if (key == "stale") return variant::whole(value, 0, 8, to.stale);
  if (key == "sleeps") return variant::one_of(value, {"no", "command", "questions"}, to.sleeps);
  if (key == "activation") return variant::one_of(value, {"silent", "answered"}, to.activation);
  if (key == "single") return variant::yes_or_no(value, to.single);
  return false;
}

// --- Registers ---

// Bits of 8B, bit 0 first.
constexpr std::array<std::string_view, 14> kAlarmNames = {"low_capacity",
                                                          "mos_overtemperature",
                                                          "charge_overvoltage",
                                                          "discharge_undervoltage",
                                                          "battery_overtemperature",
                                                          "charge_overcurrent",
                                                          "discharge_overcurrent",
                                                          "cell_voltage_difference",
                                                          "battery_box_overtemperature",
                                                          "battery_low_temperature",
                                                          "cell_overvoltage",
                                                          "cell_undervoltage",
                                                          "protect_309_a",
                                                          "protect_309_b"};

int alarm_word(const PackState& state) {
  int word = 0;
  for (std::size_t bit = 0; bit < kAlarmNames.size(); ++bit) {
    if (state.alarms.contains(kAlarmNames[bit])) word += 1 << bit;
  }
  return word;
}

// Whole degrees; below zero they count on from 100.
double temperature(double celsius) {
  const double whole = std::round(std::clamp(celsius, -40.0, 100.0));
  return whole < 0 ? 100 - whole : whole;
}

double current(const PackState& state, bool biased) {
  const double amount = std::round(std::abs(state.current) * 100);
  if (biased) return 10000 - (state.current < 0 ? -amount : amount);
  return std::min(amount, 32767.0) + (state.current > 0 ? 32768 : 0);
}

// A chain that is written register by register. `wanted` 0: all of them; else only that one.
class Chain {
 public:
  explicit Chain(int wanted) : wanted_(wanted) {}

  NumberWriter* begin(int id) {
    if (wanted_ != 0 && wanted_ != id) return nullptr;
    out_.u8(id);
    return &out_;
  }
  void u8(int id, double value) {
    if (auto* out = begin(id)) out->u8(value);
  }
  void u16(int id, double value) {
    if (auto* out = begin(id)) out->u16(value);
  }
  void s16(int id, double value) {
    if (auto* out = begin(id)) out->s16(value);
  }
  void u32(int id, double value) {
    if (auto* out = begin(id)) out->u32(value);
  }
  void text(int id, std::string_view text, std::size_t size, std::uint8_t pad = 0) {
    if (auto* out = begin(id)) out->text(text, size, pad);
  }
  ByteVector take() { return std::move(out_.bytes); }

 private:
  int wanted_;
  NumberWriter out_;
};

// --- The frame ---

struct Question {
  Bytes terminal;  // 4 bytes
  int command = 0;
  Bytes data;
};

double sum_of(Bytes bytes) {
  std::size_t sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return static_cast<double>(sum % 65536);
}

// Nothing for what is damaged or is no question.
std::optional<Question> question_in(Bytes bytes) {
  if (bytes.size() < 20 || bytes[0] != 'N' || bytes[1] != 'W' || be_u16(bytes, 2) != bytes.size() - 2)
    return std::nullopt;
  const std::size_t end = bytes.size() - 5;
  if (bytes[end] != 0x68 || be_u32(bytes, end + 1) != sum_of(bytes.first(end + 1))) return std::nullopt;
  if (bytes[9] == 0 || bytes[10] != 0) return std::nullopt;
  return Question{bytes.subspan(4, 4), bytes[8], bytes.subspan(11, end - 4 - 11)};
}

class JkBoard final : public Responder {
 public:
  JkBoard(const PackOptions& options, Variant variant) : address_(options.address), variant_(std::move(variant)) {
    if (variant_.ends_with != "C0") variant_.current = "biased";
    const std::string& serial = options.serial_number;
    if (variant_.user_data.empty())
      variant_.user_data = serial.substr(serial.size() - std::min<std::size_t>(serial.size(), 12));
    if (variant_.user_data == "none") variant_.user_data = "Input Userda";
  }

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    const auto question = question_in(request);
    if (!question) return std::nullopt;
    const std::uint32_t terminal = be_u32(question->terminal, 0);
    if (terminal != 0 && terminal != static_cast<std::uint32_t>(address_)) return std::nullopt;
    if (question->command == 1) {
      awake_ = true;
      if (variant_.activation == "silent") return std::nullopt;
      return frame(1, ByteVector{0});
    }
    if (!is_awake()) return std::nullopt;
    switch (question->command) {
      case 2:
        write(question->data);
        return std::nullopt;
      case 3:
        if (!variant_.single || question->data.size() != 1) return std::nullopt;
        return read(3, question->data[0], state);
      case 6:
        return read(6, 0, state);
      default:
        return std::nullopt;  // pairing has no answer
    }
  }

 private:
  bool is_awake() {
    if (variant_.sleeps == "questions" && ++questions_ > 2) awake_ = true;
    return awake_ || variant_.sleeps == "no";
  }

  ByteVector frame(int command, const ByteVector& data) const {
    NumberWriter out;
    out.text("NW").u16(static_cast<double>(data.size() + 18)).u32(address_).u8(command).u8(0).u8(1);
    out.text(as_text(data)).u32(0).u8(0x68);
    out.u32(sum_of(out.bytes));
    out.bytes.insert(out.bytes.begin(), static_cast<std::size_t>(variant_.stale), 0x00);
    return out.bytes;
  }

  // The switches of the owner; they stay as they were set.
  void write(Bytes data) {
    if (data.size() != 2) return;
    if (data[0] == 0xAB) charge_switch_ = data[1] != 0;
    if (data[0] == 0xAC) discharge_switch_ = data[1] != 0;
  }

  std::optional<ByteVector> read(int command, int wanted, const PackState& state) const {
    Chain chain(wanted);
    measurements(chain, state);
    protections(chain, state);
    settings(chain, state);
    if (variant_.ends_with != "B7") chain.u8(0xB8, 0);
    if (variant_.ends_with == "C0") {
      chain.u32(0xB9, state.capacity_full);
      if (auto* out = chain.begin(0xBA)) out->text(variant_.user_data, 12).text(variant_.device_name, 12);
      chain.u8(0xC0, variant_.current == "signed" ? 1 : 0);
      if (variant_.beyond) chain.u16(0xD1, 0x7984);
    }
    const ByteVector data = chain.take();
    if (data.empty()) return std::nullopt;
    return frame(command, data);
  }

  void measurements(Chain& chain, const PackState& state) const {
    const double cells = static_cast<double>(state.cell_voltages.size());
    if (auto* out = chain.begin(0x79)) {
      out->u8(cells * 3);
      int number = 0;
      for (const double volt : state.cell_voltages) out->u8(++number).u16(volt * 1000);
    }
    // A probe that is not connected shows the room.
    const auto probe = [&state](std::size_t i) {
      return temperature(i < state.cell_temperatures.size() ? state.cell_temperatures[i] : state.ambient_temperature);
    };
    chain.u16(0x80, temperature(state.mos_temperature));
    chain.u16(0x81, probe(0));
    chain.u16(0x82, probe(1));
    chain.u16(0x83, state.voltage * 100);
    chain.u16(0x84, current(state, variant_.current == "biased"));
    chain.u8(0x85, state.soc);
    chain.u8(0x86, 2);
    chain.u16(0x87, state.cycles);
    chain.u32(0x89, state.total_discharge);
    chain.u16(0x8A, variant_.counts == "told" ? cells : 0);
    chain.u16(0x8B, alarm_word(state));
    const bool charge = state.charge_fet && charge_switch_, discharge = state.discharge_fet && discharge_switch_;
    chain.u16(0x8C, (charge ? 1 : 0) + (discharge ? 2 : 0) + (state.balancing_cells.empty() ? 0 : 4));
  }

  static void protections(Chain& chain, const PackState& state) {
    const double cells = static_cast<double>(state.cell_voltages.size());
    const double high = state.cell_voltage_max_limit, low = state.cell_voltage_min_limit;
    chain.u16(0x8E, high * cells * 100);
    chain.u16(0x8F, (low + 0.1) * cells * 100);
    chain.u16(0x90, high * 1000);
    chain.u16(0x91, (high - 0.11) * 1000);
    chain.u16(0x92, 5);
    chain.u16(0x93, low * 1000);
    chain.u16(0x94, (low + 0.15) * 1000);
    chain.u16(0x95, 5);
    chain.u16(0x96, 300);
    chain.u16(0x97, state.max_discharge_current);
    chain.u16(0x98, 300);
    chain.u16(0x99, state.max_charge_current);
    chain.u16(0x9A, 30);
    chain.u16(0x9B, 3400);
    chain.u16(0x9C, 10);
    chain.u8(0x9D, 1);
    chain.u16(0x9E, 90);
    chain.u16(0x9F, 70);
    chain.u16(0xA0, 100);
    chain.u16(0xA1, 100);
    chain.u16(0xA2, 20);
    chain.u16(0xA3, 60);
    chain.u16(0xA4, 65);
    chain.s16(0xA5, -5);
    chain.s16(0xA6, 2);
    chain.s16(0xA7, -20);
    chain.s16(0xA8, -10);
  }

  void settings(Chain& chain, const PackState& state) const {
    chain.u8(0xA9, static_cast<double>(state.cell_voltages.size()));
    chain.u32(0xAA, state.capacity_full);
    chain.u8(0xAB, charge_switch_ ? 1 : 0);
    chain.u8(0xAC, discharge_switch_ ? 1 : 0);
    chain.u16(0xAD, 1005);
    chain.u8(0xAE, 1);
    chain.u8(0xAF, variant_.chemistry == "lfp" ? 0 : variant_.chemistry == "nmc" ? 1 : 2);
    if (variant_.stranger) chain.u16(0x88, 1);
    chain.u16(0xB0, 10);
    chain.u8(0xB1, 20);
    chain.text(0xB2, "123456", 10);
    chain.u8(0xB3, 0);
    chain.text(0xB4, variant_.device_id, 8);
    chain.text(0xB5, "2405", 4);
    chain.u32(0xB6, 54321);
    chain.text(0xB7, variant_.software, 15, '_');
  }

  int address_;
  Variant variant_;
  bool awake_ = false;
  int questions_ = 0;
  bool charge_switch_ = true, discharge_switch_ = true;
};

}  // namespace

std::unique_ptr<Responder> respond_as_jkbms_uart(const PackOptions& options) {
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<JkBoard>(options, std::move(variant));
}

}  // namespace bmsd
