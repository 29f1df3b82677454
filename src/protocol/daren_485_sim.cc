// Answers as a Daren BMS on RS485. An encoder of its own: what it shares with the decoder is the vendor's description
// of the wire, not tables or offsets. Where packs differ, `PackOptions::variant` says which pack it is:
//
//   form          extended | short      service 42 as most packs send it, or as the BASEN text has it (SoC in whole percent)
//   firmware      1.0.2 | 1.5.5         texts, temperature limits, two more bytes in 51, function length of B0 module 4
//   group         any | one | adr       which COMMAND GROUP services 42 and 47 accept; another one is refused with RTN 06
//   swapped_text  none | b0 | 47        where texts come with the bytes of each 16-bit word exchanged
//   b0            yes | no              whether the pack knows service B0 (no: RTN 04)
//   data_flag, user_number, fet_settings   raw numbers of service 42 without a known meaning or that are mere settings
//                                          (0x.. or decimal)
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "protocol/daren_485.h"
#include "protocol/variant.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

enum class Rtn : std::uint8_t { normal = 0, ver = 1, chksum = 2, lchksum = 3, cid2 = 4, format = 5, data = 6 };

// --- The frame ---

constexpr std::uint8_t kVer = 0x22, kCid1 = 0x4A;

unsigned sum_of_characters(std::string_view text) {
  unsigned sum = 0;
  for (const char c : text) sum += static_cast<std::uint8_t>(c);
  return sum;
}

unsigned length_word(std::size_t characters) {
  const auto lenid = static_cast<unsigned>(characters);
  const unsigned nibbles = lenid / 256 + lenid / 16 % 16 + lenid % 16;
  return (16 - nibbles % 16) % 16 * 4096 + lenid;
}

ByteVector frame(int address, Rtn rtn, Bytes info) {
  NumberWriter head;
  head.u8(kVer).u8(address).u8(kCid1).u8(static_cast<int>(rtn)).u16(length_word(info.size() * 2));
  std::string text = to_hex(head.bytes) + to_hex(info);
  NumberWriter check;
  check.u16((0x10000U - sum_of_characters(text) % 0x10000U) % 0x10000U);
  text = "~" + text + to_hex(check.bytes) + "\r";
  return {text.begin(), text.end()};
}

// A text field of `width` bytes. `swapped`: the bytes of each word exchanged, padding included.
void add_text(NumberWriter& info, std::string_view text, std::size_t width, std::uint8_t pad, bool swapped) {
  const std::size_t first = info.bytes.size();
  info.text(text, width, pad);
  if (!swapped) return;
  for (std::size_t i = first; i + 1 < info.bytes.size(); i += 2) std::swap(info.bytes[i], info.bytes[i + 1]);
}

// --- Status words of service 42 ---

enum StatusWord : std::uint8_t { kVoltage, kCurrent, kTemperature, kAlarm, kFet, kStatusWords };

// Every place where a name has a bit; some names have two. Also the states and settings that are no alarm.
struct Place {
  std::string_view name;
  StatusWord word;
  int bit;
};
constexpr Place kPlaces[] = {
    {"cell_overvoltage_protection", kVoltage, 0},
    {"cell_undervoltage_protection", kVoltage, 1},
    {"pack_overvoltage_protection", kVoltage, 2},
    {"pack_undervoltage_protection", kVoltage, 3},
    {"cell_overvoltage_alarm", kVoltage, 4},
    {"cell_undervoltage_alarm", kVoltage, 5},
    {"pack_overvoltage_alarm", kVoltage, 6},
    {"pack_undervoltage_alarm", kVoltage, 7},
    {"cell_voltage_difference_alarm", kVoltage, 8},
    {"overvoltage_lockout", kVoltage, 9},
    {"undervoltage_lockout", kVoltage, 10},
    {"temperature_difference_alarm", kVoltage, 11},
    {"cell_failure", kVoltage, 12},
    {"fuse_blown", kVoltage, 13},
    {"cell_voltage_difference_protection", kVoltage, 14},
    {"entering_sleep", kVoltage, 15},
    {"charge_overcurrent_protection", kCurrent, 2},
    {"short_circuit_protection", kCurrent, 3},
    {"discharge_overcurrent_1_protection", kCurrent, 4},
    {"discharge_overcurrent_2_protection", kCurrent, 5},
    {"charge_overcurrent_alarm", kCurrent, 6},
    {"discharge_overcurrent_alarm", kCurrent, 7},
    {"overcurrent_lockout", kCurrent, 8},
    {"reverse_connection_protection", kCurrent, 9},
    {"charge_overtemperature_protection", kTemperature, 0},
    {"charge_undertemperature_protection", kTemperature, 1},
    {"discharge_overtemperature_protection", kTemperature, 2},
    {"discharge_undertemperature_protection", kTemperature, 3},
    {"ambient_overtemperature_protection", kTemperature, 4},
    {"ambient_undertemperature_protection", kTemperature, 5},
    {"mos_overtemperature_protection", kTemperature, 6},
    {"mos_undertemperature_protection", kTemperature, 7},
    {"charge_overtemperature_alarm", kTemperature, 8},
    {"charge_undertemperature_alarm", kTemperature, 9},
    {"discharge_overtemperature_alarm", kTemperature, 10},
    {"discharge_undertemperature_alarm", kTemperature, 11},
    {"ambient_overtemperature_alarm", kTemperature, 12},
    {"ambient_undertemperature_alarm", kTemperature, 13},
    {"mos_overtemperature_alarm", kTemperature, 14},
    {"mos_undertemperature_alarm", kTemperature, 15},
    {"cell_voltage_difference_alarm", kAlarm, 0},
    {"charge_mos_damage_alarm", kAlarm, 1},
    {"external_storage_failure_alarm", kAlarm, 2},
    {"spi_communication_failure_alarm", kAlarm, 3},
    {"eeprom_failure_alarm", kAlarm, 4},
    {"led_alarm_enabled", kAlarm, 5},
    {"buzzer_alarm_enabled", kAlarm, 6},
    {"low_battery_alarm", kAlarm, 7},
    {"mos_overtemperature_protection", kAlarm, 8},
    {"mos_overtemperature_alarm", kAlarm, 9},
    {"current_limiter_failure", kAlarm, 10},
    {"sampling_failure", kAlarm, 11},
    {"battery_failure", kAlarm, 12},
    {"ntc_failure", kAlarm, 13},
    {"charge_mos_failure", kAlarm, 14},
    {"discharge_mos_failure", kAlarm, 15},
    {"charge_mos_failure", kFet, 2},
    {"discharge_mos_failure", kFet, 3},
    {"afe_failure", kFet, 13},
    {"afe_alarm", kFet, 14},
    {"low_battery_protection", kFet, 15},
};

// --- Protection counters of service 83 ---

struct Trip {  // counter: which of the eight in the order of the reply
  std::string_view name;
  std::size_t counter;
};
constexpr Trip kTrips[] = {
    {"cell_overvoltage_protection", 0},           {"pack_overvoltage_protection", 0},
    {"cell_undervoltage_protection", 1},          {"pack_undervoltage_protection", 1},
    {"charge_overcurrent_protection", 2},         {"discharge_overcurrent_1_protection", 2},
    {"discharge_overcurrent_2_protection", 2},    {"charge_overtemperature_protection", 3},
    {"charge_undertemperature_protection", 3},    {"discharge_overtemperature_protection", 3},
    {"discharge_undertemperature_protection", 3}, {"short_circuit_protection", 4},
    {"mos_overtemperature_protection", 5},        {"ambient_overtemperature_protection", 6},
    {"ambient_undertemperature_protection", 7},
};

// --- The pack ---

struct Variant {
  std::string form = "extended", firmware = "1.0.2", group = "any", swapped_text = "none";
  bool knows_b0 = true;
  int data_flag = 0;
  int user_number = -1;     // -1: 1, in the short form 13
  int fet_settings = 0x20;  // limit mode 10 A, as in all captures

  bool is_short() const { return form == "short"; }
  bool has_firmware_155() const { return firmware == "1.5.5"; }
};

bool number(std::string_view text, int highest, int& to) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > highest) return false;
  to = value;
  return true;
}

// False: a key or value that this protocol does not have.
bool apply(std::string_view key, std::string_view value, Variant& to) {
  if (key == "form") return variant::one_of(value, {"extended", "short"}, to.form);
  if (key == "firmware") return variant::one_of(value, {"1.0.2", "1.5.5"}, to.firmware);
  if (key == "group") return variant::one_of(value, {"any", "one", "adr"}, to.group);
  if (key == "swapped_text") return variant::one_of(value, {"none", "b0", "47"}, to.swapped_text);
  if (key == "b0") return variant::yes_or_no(value, to.knows_b0);
  if (key == "data_flag") return number(value, 0xFF, to.data_flag);
  if (key == "user_number") return number(value, 0xFF, to.user_number);
  if (key == "fet_settings") return number(value, 0xFFFF, to.fet_settings);
  return false;
}

class Daren485Pack final : public Responder {
 public:
  Daren485Pack(const PackOptions& options, Variant variant)
      : address_(options.address), serial_number_(options.serial_number), variant_(std::move(variant)) {}

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    count_trips(state);
    std::string_view text = as_text(request);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.size() < 17 || text.front() != '~') return std::nullopt;
    const auto bytes = from_hex(text.substr(1));
    if (!bytes || bytes->size() * 2 + 1 != text.size()) return std::nullopt;  // from_hex would take blanks
    if ((*bytes)[1] != address_ || (*bytes)[2] != kCid1) return std::nullopt;

    Reply reply;
    const Rtn refused = check(text, *bytes);
    if (refused != Rtn::normal) {
      reply.rtn = refused;
    } else {
      reply = serve((*bytes)[3], Bytes(*bytes).subspan(6, bytes->size() - 8), state);
    }
    if (reply.rtn != Rtn::normal) reply.info.bytes.clear();
    return frame(address_, reply.rtn, reply.info.bytes);
  }

 private:
  struct Reply {
    Rtn rtn = Rtn::normal;
    NumberWriter info;
  };
  static Reply refuse(Rtn rtn) { return {rtn, NumberWriter()}; }

  static Rtn check(std::string_view text, const ByteVector& bytes) {
    if (bytes[0] != kVer) return Rtn::ver;
    const std::size_t size = bytes.size();
    const unsigned given = be_u16(bytes, size - 2);
    if ((sum_of_characters(text.substr(1, text.size() - 5)) + given) % 0x10000U != 0) return Rtn::chksum;
    const unsigned length = be_u16(bytes, 4);
    if (length != length_word(length % 4096)) return Rtn::lchksum;
    return length % 4096 == (size - 8) * 2 ? Rtn::normal : Rtn::format;
  }

  Reply serve(std::uint8_t service, Bytes info, const PackState& state) {
    switch (service) {
      case 0x42:
        return grouped(info, [&] { return run_time_data(state); });
      case 0x47:
        return grouped(info, [&] { return parameters(state); });
      case 0x4F:
        return info.empty() ? protocol_version() : refuse(Rtn::format);
      case 0x51:
        return info.empty() ? manufacturer() : refuse(Rtn::format);
      case 0x83:
        return counters(info);
      case 0xB0:
        return variant_.knows_b0 ? module(info, state) : refuse(Rtn::cid2);
      default:
        return refuse(Rtn::cid2);
    }
  }

  template <typename Make>
  Reply grouped(Bytes info, Make&& make) const {
    if (info.size() != 1) return refuse(Rtn::format);
    const bool one = info[0] == 1, adr = info[0] == address_;
    const bool taken = variant_.group == "one" ? one : variant_.group == "adr" ? adr : one || adr;
    return taken ? Reply{Rtn::normal, make()} : refuse(Rtn::data);
  }

  // Service 42.
  NumberWriter run_time_data(const PackState& state) const {
    NumberWriter info;
    info.u8(variant_.data_flag);
    info.u16(variant_.is_short() ? state.soc : state.soc * 100);
    info.u16(state.voltage * 100);
    info.u8(static_cast<double>(state.cell_voltages.size()));
    for (const double cell : state.cell_voltages) info.u16(cell * 1000);
    info.s16(state.ambient_temperature * 10);
    info.s16(state.pack_temperature * 10);
    info.s16(state.mos_temperature * 10);
    info.u8(static_cast<double>(state.cell_temperatures.size()));
    for (const double sensor : state.cell_temperatures) info.s16(sensor * 10);
    info.s16(state.current * 100);
    info.u16(0);  // internal resistance: 0 in every extended capture
    info.u16(state.soh);
    info.u8(variant_.user_number >= 0 ? variant_.user_number : variant_.is_short() ? 13 : 1);
    info.u16(state.capacity_full * 100);
    info.u16(state.capacity_remaining * 100);
    info.u16(state.cycles);
    for (const std::uint16_t word : status_words(state)) info.u16(word);
    for (int i = 0; i < 4; ++i) info.u16(0);  // which cells are over and under: packs are seen to leave them 0
    info.u16(balancing(state, 1));
    if (variant_.is_short()) return info;
    info.u16(balancing(state, 17));
    for (int i = 0; i < 4; ++i) info.u16(0);
    info.u8(0);   // machine status
    info.u16(0);  // IO status
    return info;
  }

  std::array<std::uint16_t, kStatusWords> status_words(const PackState& state) const {
    std::array<std::uint16_t, kStatusWords> words{};
    const auto raise = [&words](StatusWord word, int bit) {
      words[word] = static_cast<std::uint16_t>(words[word] | 1U << bit);
    };
    for (const Place& place : kPlaces) {
      if (state.alarms.find(place.name) != state.alarms.end()) raise(place.word, place.bit);
    }
    if (state.current > 0) raise(kCurrent, 0);
    if (state.current < 0) raise(kCurrent, 1);
    if (state.charge_fet) raise(kFet, 0);
    if (state.discharge_fet) raise(kFet, 1);
    words[kFet] = static_cast<std::uint16_t>(words[kFet] | variant_.fet_settings);
    return words;
  }

  // The bits of cells first .. first + 15.
  static std::uint16_t balancing(const PackState& state, int first) {
    std::uint16_t word = 0;
    for (const int cell : state.balancing_cells) {
      if (cell >= first && cell < first + 16) word = static_cast<std::uint16_t>(word | 1U << (cell - first));
    }
    return word;
  }

  // Service 47.
  NumberWriter parameters(const PackState& state) const {
    const double upper = state.cell_voltage_max_limit * 1000, lower = state.cell_voltage_min_limit * 1000;
    NumberWriter info;
    info.u8(variant_.data_flag);
    info.u16(upper);
    info.u16(lower);
    info.s16(variant_.has_firmware_155() ? 60 : 115);
    info.s16(variant_.has_firmware_155() ? -5 : 45);
    info.u16(state.max_charge_current * 100);
    info.u16(upper);  // of the pack by its name, but packs send the limits of a cell
    info.u16(lower);
    info.u16(static_cast<double>(state.cell_voltages.size()));
    info.u16(state.max_charge_current * 100);
    info.u16(state.capacity_full * 100);
    info.u16(1440);  // history interval, as captured
    info.u16(0);     // balance mode, as captured
    info.text("", 20, 0xFF);
    add_text(info, serial_number_, 20, ' ', variant_.swapped_text == "47");
    return info;
  }

  static Reply protocol_version() {
    Reply reply;
    reply.info.u8(200);
    return reply;
  }

  // Service 51.
  Reply manufacturer() const {
    Reply reply;
    NumberWriter& info = reply.info;
    if (variant_.has_firmware_155()) {
      info.text("T1", 10, ' ');
      info.text("STD08", 10, ' ');
      info.text("16S100JC25", 10, ' ');
      for (const int byte : {1, 5, 5, 0x02, 0x15, 0x48, 0x43}) info.u8(byte);
    } else {
      info.text("T1_G", 10, ' ');
      info.text("HUANY04", 10, ' ');
      info.text("16S100A", 10, ' ');
      for (const int byte : {1, 0, 2, 1, 1}) info.u8(byte);
    }
    return reply;
  }

  // Service 83: INFO of the request is group, operation.
  Reply counters(Bytes asked) const {
    if (asked.size() != 2) return refuse(Rtn::format);
    if (asked[0] != address_ || asked[1] != 1) return refuse(Rtn::data);
    Reply reply;
    reply.info.u8(0x83);
    reply.info.u8(1);
    for (const int count : trips_) reply.info.u16(count);
    for (int i = 0; i < 6; ++i) reply.info.u16(0);
    return reply;
  }

  void count_trips(const PackState& state) {
    for (const Trip& trip : kTrips) {
      const bool now = state.alarms.find(trip.name) != state.alarms.end();
      if (now && alarms_before_.find(trip.name) == alarms_before_.end()) ++trips_[trip.counter];
    }
    if (alarms_before_ != state.alarms) alarms_before_ = state.alarms;
  }

  // Service B0: INFO of the request is group, operation, module, function id, function length.
  Reply module(Bytes asked, const PackState& state) const {
    if (asked.size() != 5) return refuse(Rtn::format);
    const int module = asked[2];
    if (asked[0] != address_ || asked[1] != 1 || asked[3] != 0xFF || module < 1 || module > 4) return refuse(Rtn::data);
    const NumberWriter data = module == 1   ? open_circuit_parameters()
                              : module == 2 ? hardware_protection()
                              : module == 3 ? manufacturing_data()
                                            : capacities(state);
    const bool tells_length = module != 4 || variant_.has_firmware_155();
    Reply reply;
    NumberWriter& info = reply.info;
    info.u8(0xB0);
    info.u8(asked[0]);
    info.u8(1);
    info.u8(module);
    info.u8(0xFF);
    info.u8(tells_length ? static_cast<double>(data.bytes.size()) : 0);
    info.bytes.insert(info.bytes.end(), data.bytes.begin(), data.bytes.end());
    return reply;
  }

  // Modules 1 and 2 were never captured: plausible numbers that all differ.
  static NumberWriter open_circuit_parameters() {
    NumberWriter info;
    info.u8(0);
    for (const int word : {50, 1000, 1001, 3, 2800, 3220, 3270, 3330, 3380, 5, 3500, 2600, 15}) info.u16(word);
    return info;
  }
  static NumberWriter hardware_protection() {
    NumberWriter info;
    for (const int word : {200, 80, 400, 300, 60, 3750, 1000, 2200, 1001}) info.u16(word);
    return info;
  }

  NumberWriter manufacturing_data() const {
    NumberWriter info;
    add_text(info, serial_number_, 20, ' ', variant_.swapped_text == "b0");  // of the field's 30, as captured
    info.text("", 10, 0xFF);
    info.text("", 30, 0xFF);                    // product id
    info.text("", 30, 0xFF);                    // BMS id
    for (int i = 0; i < 3; ++i) info.u8(0xFF);  // date of manufacture: unset
    info.text("", 19, 0xFF);                    // manufacturer
    info.u8(0);
    return info;
  }

  static NumberWriter capacities(const PackState& state) {
    NumberWriter info;
    info.u16(state.capacity_remaining * 100);
    info.u16(state.capacity_full * 100);
    info.u16(state.capacity_design * 100);
    info.u32(state.total_charge);
    info.u32(state.total_discharge);
    info.u16(state.total_charge_energy * 10);
    info.u16(state.total_discharge_energy * 10);
    return info;
  }

  int address_;
  std::string serial_number_;
  Variant variant_;
  std::array<int, 8> trips_{};
  std::set<std::string, std::less<>> alarms_before_;
};

}  // namespace

std::unique_ptr<Responder> respond_as_daren_485(const PackOptions& options) {
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<Daren485Pack>(options, std::move(variant));
}

}  // namespace bmsd
