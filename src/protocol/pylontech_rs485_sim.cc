// Answers as a Pylontech battery on RS485. An encoder of its own: what it shares with the decoder is the vendor's
// description of the wire, not tables or offsets. Where batteries differ, `PackOptions::variant` says which one it is:
//
//   items         auto | 2 | 4 | 5 ...  user-defined items of 42; auto: 4 where a capacity does not fit 65.534 Ah. With 4
//                                       the remaining capacity in two bytes is FFFF, as of a small battery beside large ones
//   all_packs     none | 1 ... 16       packs in the reply to command byte FF, all with this one's values; none: no answer
//   more_states   yes | no              the byte 00 behind 44 that no document has
//   unknown       92,96 ...             services that are answered with RTN 04
//   silent        92,96 ...             services that are not answered at all
//   protocol      20 ... 29             VER of replies, in hexadecimal
//   force_charge  none | 1 | 2          charge immediately, of 92
//   full_charge   no | yes              full charge request, of 92
//   data_flag     0 ... 255
//   name          a text                device name of 51
//   board         yes | no              whether there is a sensor on the board, which comes first
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "protocol/pylontech_rs485.h"
#include "protocol/variant.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

enum class Rtn : std::uint8_t { normal = 0, chksum = 2, lchksum = 3, cid2 = 4, format = 5, data = 6 };

constexpr std::uint8_t kCid1 = 0x46, kEverybody = 0xFF;

// --- The frame ---

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

ByteVector frame(int ver, int address, Rtn rtn, Bytes info) {
  NumberWriter head;
  head.u8(ver).u8(address).u8(kCid1).u8(static_cast<int>(rtn)).u16(length_word(info.size() * 2));
  std::string text = to_hex(head.bytes) + to_hex(info);
  NumberWriter check;
  check.u16((0x10000U - sum_of_characters(text) % 0x10000U) % 0x10000U);
  text = "~" + text + to_hex(check.bytes) + "\r";
  return {text.begin(), text.end()};
}

// --- What a battery can be ---

struct Variant {
  std::string items = "auto", force_charge = "none", name = "US3000C";
  int all_packs = 1, data_flag = 0, protocol = 0x20;
  bool more_states = true, full_charge = false, board = true;
  std::set<int> unknown, silent;
};

// "92,96"
bool services(std::string_view text, std::set<int>& to) {
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
  int number = 0;
  if (key == "items") return to.items = value, value == "auto" || variant::whole(value, 2, 255, number);
  if (key == "all_packs")
    return value == "none" ? (to.all_packs = 0, true) : variant::whole(value, 1, 16, to.all_packs);
  if (key == "more_states") return variant::yes_or_no(value, to.more_states);
  if (key == "full_charge") return variant::yes_or_no(value, to.full_charge);
  if (key == "board") return variant::yes_or_no(value, to.board);
  if (key == "force_charge") return variant::one_of(value, {"none", "1", "2"}, to.force_charge);
  if (key == "data_flag") return variant::whole(value, 0, 255, to.data_flag);
  if (key == "name") return to.name = value, value.size() <= 10;
  if (key == "unknown") return services(value, to.unknown);
  if (key == "silent") return services(value, to.silent);
  if (key == "protocol") {
    if (!variant::whole(value, 20, 29, number)) return false;
    to.protocol = 0x20 + number - 20;
    return true;
  }
  return false;
}

class PylontechPack final : public Responder {
 public:
  PylontechPack(const PackOptions& options, Variant variant)
      : address_(options.address), serial_number_(options.serial_number), variant_(std::move(variant)) {}

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    std::string_view text = as_text(request);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (turned_off_ || text.size() < 17 || text.front() != '~') return std::nullopt;
    const auto bytes = from_hex(text.substr(1));
    if (!bytes || bytes->size() * 2 + 1 != text.size()) return std::nullopt;  // from_hex would take blanks
    if ((*bytes)[1] != address_ || (*bytes)[2] != kCid1) return std::nullopt;

    const int service = (*bytes)[3];
    Reply reply{check(text, *bytes), NumberWriter()};
    if (reply.rtn == Rtn::normal) {
      if (variant_.silent.contains(service)) return std::nullopt;
      auto served = serve(service, Bytes(*bytes).subspan(6, bytes->size() - 8), state);
      if (!served) return std::nullopt;
      reply = std::move(*served);
    }
    return frame(variant_.protocol, address_, reply.rtn, reply.info.bytes);
  }

 private:
  struct Reply {
    Rtn rtn = Rtn::normal;
    NumberWriter info;
  };
  static Reply refuse(Rtn rtn) { return {rtn, NumberWriter()}; }

  static Rtn check(std::string_view text, const ByteVector& bytes) {
    const std::size_t size = bytes.size();
    const unsigned given = be_u16(bytes, size - 2);
    if ((sum_of_characters(text.substr(1, text.size() - 5)) + given) % 0x10000U != 0) return Rtn::chksum;
    const unsigned length = be_u16(bytes, 4);
    if (length != length_word(length % 4096)) return Rtn::lchksum;
    return length % 4096 == (size - 8) * 2 ? Rtn::normal : Rtn::format;
  }

  // Nothing: silence.
  std::optional<Reply> serve(int service, Bytes asked, const PackState& state) {
    if (variant_.unknown.contains(service)) return refuse(Rtn::cid2);
    switch (service) {
      case 0x42:
        return counted(asked, [&](NumberWriter& info) { add_analog_values(info, state); });
      case 0x44: {
        auto reply = counted(asked, [&](NumberWriter& info) { add_states(info, state); });
        if (reply && reply->rtn == Rtn::normal && variant_.more_states) reply->info.u8(0);
        return reply;
      }
      case 0x47:
        return asked.empty() ? system_parameters(state) : refuse(Rtn::format);
      case 0x4F:
        return asked.empty() ? Reply() : refuse(Rtn::format);
      case 0x51:
        return asked.empty() ? manufacturer() : refuse(Rtn::format);
      case 0x92:
        return named(asked, [&](NumberWriter& info) { add_management(info, state); });
      case 0x93:
        return named(asked, [&](NumberWriter& info) { info.text(serial_number_, 16); });
      case 0x94:  // takes the limits of another until they lapse; this battery keeps its own
        return asked.size() == 9 ? Reply() : refuse(Rtn::format);
      case 0x95:
        turned_off_ = asked.size() == 1;
        return turned_off_ ? Reply() : refuse(Rtn::format);
      case 0x96:
        return named(asked, [](NumberWriter& info) { info.u8(1).u8(3).u8(0).u8(6).u8(9); });
      default:
        return refuse(Rtn::cid2);
    }
  }

  // A reply that repeats the command byte.
  template <typename Add>
  Reply named(Bytes asked, Add&& add) const {
    if (asked.size() != 1) return refuse(Rtn::format);
    if (asked[0] != address_) return refuse(Rtn::data);
    Reply reply;
    reply.info.u8(asked[0]);
    add(reply.info);
    return reply;
  }

  // A reply about this pack or all of them.
  template <typename Add>
  std::optional<Reply> counted(Bytes asked, Add&& add) const {
    if (asked.size() != 1) return refuse(Rtn::format);
    const bool all = asked[0] == kEverybody;
    if (all && variant_.all_packs == 0) return std::nullopt;
    if (!all && asked[0] != address_) return refuse(Rtn::data);
    const int packs = all ? variant_.all_packs : 1;
    Reply reply;
    reply.info.u8(variant_.data_flag).u8(all ? packs : address_);
    for (int i = 0; i < packs; ++i) add(reply.info);
    return reply;
  }

  // --- 42 ---

  std::vector<double> sensors_of(const PackState& state) const {
    std::vector<double> sensors = state.cell_temperatures;
    if (variant_.board) sensors.insert(sensors.begin(), state.mos_temperature);
    return sensors;
  }

  static void add_kelvin(NumberWriter& info, double celsius) { info.u16(celsius * 10 + 2731); }
  static void add_three_bytes(NumberWriter& info, double amount) {
    const double whole = std::clamp(std::round(amount), 0.0, 16777215.0);
    info.u8(std::floor(whole / 65536)).u16(std::fmod(whole, 65536));
  }

  void add_analog_values(NumberWriter& info, const PackState& state) const {
    info.u8(static_cast<double>(state.cell_voltages.size()));
    for (const double cell : state.cell_voltages) info.s16(cell * 1000);
    const std::vector<double> sensors = sensors_of(state);
    info.u8(static_cast<double>(sensors.size()));
    for (const double sensor : sensors) add_kelvin(info, sensor);
    const double remaining = state.capacity_remaining * 1000, full = state.capacity_full * 1000;
    const bool large = std::max(remaining, full) >= 65534.5;
    int items = large ? 4 : 2;
    if (variant_.items != "auto") variant::whole(variant_.items, 2, 255, items);
    info.s16(state.current * 10).u16(state.voltage * 1000);
    info.u16(items >= 4 ? 0xFFFF : remaining).u8(items);
    info.u16(large ? 0xFFFF : full).u16(state.cycles);
    if (items < 4) return;
    add_three_bytes(info, remaining);
    add_three_bytes(info, full);
  }

  // --- 44 ---

  static bool has(const PackState& state, const std::string& alarm) { return state.alarms.contains(alarm); }

  static int state_of(const PackState& state, const std::string& of) {
    if (has(state, of + "_fault")) return 0xF0;
    return has(state, of + "_high") ? 2 : has(state, of + "_low") ? 1 : 0;
  }

  void add_states(NumberWriter& info, const PackState& state) const {
    const std::size_t cells = state.cell_voltages.size(), sensors = sensors_of(state).size();
    info.u8(static_cast<double>(cells));
    for (std::size_t i = 1; i <= cells; ++i) info.u8(state_of(state, "cell_" + std::to_string(i) + "_voltage"));
    info.u8(static_cast<double>(sensors));
    for (std::size_t i = 1; i <= sensors; ++i) info.u8(state_of(state, "temperature_" + std::to_string(i)));
    for (const char* of : {"charge_current", "module_voltage", "discharge_current"}) info.u8(state_of(state, of));

    constexpr std::array<const char*, 8> kStatus1 = {
        "module_overvoltage",    "cell_undervoltage",         "charge_overcurrent",     "",
        "discharge_overcurrent", "discharge_overtemperature", "charge_overtemperature", "module_undervoltage"};
    int status1 = 0;
    for (std::size_t bit = 0; bit < kStatus1.size(); ++bit) status1 += has(state, kStatus1[bit]) ? 1 << bit : 0;
    const bool charging = state.current > 0.1, discharging = state.current < -0.1;
    info.u8(status1);
    info.u8((discharging ? 8 : 0) + (state.discharge_fet ? 4 : 0) + (state.charge_fet ? 2 : 0));
    info.u8((charging ? 0x80 : 0) + (discharging ? 0x40 : 0) + (state.soc >= 100 ? 0x08 : 0));
    int errors = 0;
    for (int cell = 1; cell <= 16; ++cell)
      errors += has(state, "cell_" + std::to_string(cell) + "_voltage_error") ? 1 << (cell - 1) : 0;
    info.u8(errors % 256).u8(errors / 256);  // low byte first
  }

  // --- The other services ---

  Reply system_parameters(const PackState& state) const {
    const double cells = static_cast<double>(state.cell_voltages.size()) * 1000;
    const double high = state.cell_voltage_max_limit, low = state.cell_voltage_min_limit;
    Reply reply;
    NumberWriter& info = reply.info;
    info.u8(variant_.data_flag);
    info.u16(high * 1000).u16((low + 0.25) * 1000).u16(low * 1000);
    add_kelvin(info, 60);
    add_kelvin(info, -10);
    info.s16(state.max_charge_current * 10);
    info.u16(high * cells).u16((low + 0.25) * cells).u16(low * cells);
    add_kelvin(info, 65);
    add_kelvin(info, -20);
    info.s16(state.max_discharge_current * -10);
    return reply;
  }

  Reply manufacturer() const {
    Reply reply;
    reply.info.text(variant_.name, 10).u8(1).u8(3).text("Pylon", 20, '-');
    return reply;
  }

  void add_management(NumberWriter& info, const PackState& state) const {
    const double cells = static_cast<double>(state.cell_voltages.size()) * 1000;
    info.u16(state.cell_voltage_max_limit * cells).u16((state.cell_voltage_min_limit + 0.25) * cells);
    info.s16(state.max_charge_current * 10).s16(state.max_discharge_current * -10);
    const int force = variant_.force_charge == "1" ? 0x20 : variant_.force_charge == "2" ? 0x10 : 0;
    info.u8((state.charge_fet ? 0x80 : 0) + (state.discharge_fet ? 0x40 : 0) + force + (variant_.full_charge ? 8 : 0));
  }

  int address_;
  std::string serial_number_;
  Variant variant_;
  bool turned_off_ = false;  // by 95
};

}  // namespace

std::unique_ptr<Responder> respond_as_pylontech_rs485(const PackOptions& options) {
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<PylontechPack>(options, std::move(variant));
}

}  // namespace bmsd
