// Answers as a JBD BMS on UART. An encoder of its own: what it shares with the decoder is the vendor's description of the
// wire, not tables or offsets. Where boards differ, `PackOptions::variant` says which board it is:
//
//   firmware      "8.0", "2.9" ...      version, two numbers from 0 to 15
//   name          a text, or none       register 05; none: the board does not know it (STATUS 80)
//   date          "2022-03-28"          of production
//   tail          none | short | balance | long   what follows the sensors in register 03: nothing, up to the capacities, up
//                                       to the balance current, and six bytes of unknown meaning
//   units         auto | small | large  0.01 or 0.1 A and Ah; auto: large where the numbers do not fit otherwise
//   board_sensor  yes | no              whether a sensor of the board comes before those of the cells
//   heating       no | yes              the bit of newer boards
//   counters      12 | 11               in register AA
//   parameters    locked | silent | open  registers of the EEPROM outside factory mode: STATUS 81, nothing, or the content
//   sleeps        no | yes              the first request wakes the board up and gets no answer
//   stale         0 ... 8               bytes 00 in front of each answer
//   writes        obey | mute | ignore | refuse   the switches: turned and acknowledged, turned without an answer, only
//                                       acknowledged, or STATUS 81
//   nameless      no | yes              A5 in the place of the register in an answer, as one old board does
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "protocol/lltjbd_uart.h"

namespace bmsd {
namespace {

enum Status : std::uint8_t { kGood = 0x00, kUnknown = 0x80, kNotAllowed = 0x81 };

// --- Bytes ---

// Appends big-endian numbers. What does not fit is held at the nearest number that does.
class Content {
 public:
  ByteVector bytes;

  void u8(double value) { bytes.push_back(static_cast<std::uint8_t>(fit(value, 0, 255))); }
  void u16(double value) { put(fit(value, 0, 65535)); }
  void s16(double value) { put(fit(value, -32768, 32767)); }
  void kelvin(double celsius) { u16(celsius * 10 + 2731); }
  void text(std::string_view text) { bytes.insert(bytes.end(), text.begin(), text.end()); }

 private:
  static long long fit(double value, double low, double high) {
    return std::isnan(value) ? 0 : std::llround(std::clamp(value, low, high));
  }
  void put(long long value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8 & 0xFF));
    bytes.push_back(static_cast<std::uint8_t>(value & 0xFF));
  }
};

unsigned sum_of(Bytes bytes) {
  unsigned sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return sum & 0xFFFFU;
}

// --- What a board can be ---

struct Variant {
  int major = 8, minor = 0;
  std::string name = "JBD-SP25S003-L16S-100A-100A-B";
  unsigned date = 22U << 9 | 3U << 5 | 28U;
  std::string tail = "none", units = "auto", parameters = "locked", writes = "obey";
  bool board_sensor = true, heating = false, restarts_counted = true, sleeps = false, nameless = false;
  int stale = 0;
};

bool whole(std::string_view text, int lowest, int highest, int& to) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lowest || value > highest) return false;
  to = value;
  return true;
}

bool version(std::string_view text, Variant& to) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  return dot < text.size() && whole(text.substr(0, dot), 0, 15, to.major) &&
         whole(text.substr(dot + 1), 0, 15, to.minor);
}

bool date(std::string_view text, Variant& to) {
  int year = 0, month = 0, day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  if (!whole(text.substr(0, 4), 2000, 2127, year) || !whole(text.substr(5, 2), 1, 12, month) ||
      !whole(text.substr(8, 2), 1, 31, day))
    return false;
  to.date = static_cast<unsigned>((year - 2000) * 512 + month * 32 + day);
  return true;
}

// False: a key or value that this protocol does not have.
bool apply(const std::string& key, const std::string& value, Variant& to) {
  const auto one_of = [&value](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), value) != words.end();
  };
  const auto yes_or_no = [&](bool& flag) { return flag = value == "yes", one_of({"yes", "no"}); };
  if (key == "firmware") return version(value, to);
  if (key == "date") return date(value, to);
  if (key == "name") return to.name = value == "none" ? "" : value, !value.empty() && value.size() < 32;
  if (key == "tail") return to.tail = value, one_of({"none", "short", "balance", "long"});
  if (key == "units") return to.units = value, one_of({"auto", "small", "large"});
  if (key == "parameters") return to.parameters = value, one_of({"locked", "silent", "open"});
  if (key == "writes") return to.writes = value, one_of({"obey", "mute", "ignore", "refuse"});
  if (key == "counters") return to.restarts_counted = value == "12", one_of({"11", "12"});
  if (key == "board_sensor") return yes_or_no(to.board_sensor);
  if (key == "heating") return yes_or_no(to.heating);
  if (key == "sleeps") return yes_or_no(to.sleeps);
  if (key == "nameless") return yes_or_no(to.nameless);
  if (key == "stale") return whole(value, 0, 8, to.stale);
  return false;
}

// --- Protections ---

struct Protection {  // `counter`: its place in register AA, from 0; -1: not counted
  std::string_view name;
  int bit;
  int counter;
};
constexpr Protection kProtections[] = {
    {"cell_overvoltage", 0, 3},       {"cell_undervoltage", 1, 4},      {"pack_overvoltage", 2, 9},
    {"pack_undervoltage", 3, 10},     {"charge_overtemp", 4, 5},        {"charge_undertemp", 5, 6},
    {"discharge_overtemp", 6, 7},     {"discharge_undertemp", 7, 8},    {"charge_overcurrent", 8, 1},
    {"discharge_overcurrent", 9, 2},  {"short_circuit", 10, 0},         {"frontend_ic_error", 11, -1},
    {"mosfet_software_lock", 12, -1}, {"charge_mos_breakdown", 13, -1}, {"discharge_mos_breakdown", 14, -1},
};

// --- Parameters that are the same for every simulated board; the others follow the pack's state ---

struct Fixed {
  std::uint8_t number;
  int value;
};
constexpr Fixed kFixed[] = {
    {0x12, 3500}, {0x42, 3342}, {0x32, 3333}, {0x43, 3325}, {0x33, 3310}, {0x44, 3300}, {0x34, 3295},
    {0x45, 3280}, {0x35, 3250}, {0x46, 3200}, {0x13, 2600}, {0x16, 77},   {0x18, 3381}, {0x19, 3331},
    {0x1A, 2731}, {0x1B, 2781}, {0x1C, 3431}, {0x1D, 3381}, {0x1E, 2531}, {0x1F, 2581}, {0x2A, 3400},
    {0x2B, 10},   {0x2C, 1},    {0x36, 3800}, {0x37, 2000}, {0x38, 1},    {0x39, 2},    {0x3A, 3},
    {0x3B, 4},    {0x3C, 5},    {0x3D, 6},    {0x3E, 7},    {0x3F, 8},
};

class JbdBoard final : public Responder {
 public:
  JbdBoard(const PackOptions& options, const Variant& variant)
      : serial_number_(options.serial_number), variant_(variant) {}

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    count_trips(state);
    // A damaged request gets no answer; V4 says nothing else, though it has a status for it.
    if (request.size() < 7 || request.size() != request[3] + std::size_t{7} || request[0] != 0xDD) return std::nullopt;
    const unsigned check = static_cast<unsigned>(request[request.size() - 3]) << 8 | request[request.size() - 2];
    if (((sum_of(request.subspan(2, request.size() - 5)) + check) & 0xFFFFU) != 0) return std::nullopt;
    if (request.back() != 0x77) return std::nullopt;
    if (variant_.sleeps && !std::exchange(awake_, true)) return std::nullopt;
    const Bytes data = request.subspan(4, request[3]);
    std::optional<Reply> reply;
    if (request[1] == 0xA5) reply = read(request[2], state);
    if (request[1] == 0x5A) reply = written(request[2], data);
    if (!reply) return std::nullopt;
    return frame(request[2], *reply);
  }

  std::vector<Change> take_changes() override { return std::exchange(changes_, {}); }

 private:
  struct Reply {
    Status status = kGood;
    Content content;
  };
  static Reply refuse(Status status) { return {status, {}}; }

  ByteVector frame(std::uint8_t number, const Reply& reply) const {
    ByteVector bytes(static_cast<std::size_t>(variant_.stale), 0x00);
    bytes.push_back(0xDD);
    bytes.push_back(variant_.nameless ? 0xA5 : number);
    const std::size_t guarded = bytes.size();
    bytes.push_back(reply.status);
    bytes.push_back(static_cast<std::uint8_t>(reply.content.bytes.size()));
    bytes.insert(bytes.end(), reply.content.bytes.begin(), reply.content.bytes.end());
    const unsigned check = 0x10000U - sum_of(Bytes(bytes).subspan(guarded));
    bytes.push_back(static_cast<std::uint8_t>(check >> 8 & 0xFF));
    bytes.push_back(static_cast<std::uint8_t>(check & 0xFF));
    bytes.push_back(0x77);
    return bytes;
  }

  std::optional<Reply> read(std::uint8_t number, const PackState& state) const {
    switch (number) {
      case 0x03:
        return basic(state);
      case 0x04:
        return cells(state);
      case 0x05:
        return variant_.name.empty() ? refuse(kUnknown) : text(variant_.name);
      case 0xAA:
        return counters();
      default:
        break;
    }
    const Reply reply = parameter(number, state);
    if (reply.status == kUnknown || factory_mode_ || variant_.parameters == "open") return reply;
    if (variant_.parameters == "silent") return std::nullopt;
    return refuse(kNotAllowed);
  }

  // Writing: factory mode and the switches. Nothing: no answer.
  std::optional<Reply> written(std::uint8_t number, Bytes data) {
    if (data.size() != 2) return refuse(kUnknown);
    const unsigned word = static_cast<unsigned>(data[0]) << 8 | data[1];
    switch (number) {
      case 0x00:
        factory_mode_ = word == 0x5678;
        return factory_mode_ ? Reply() : refuse(kUnknown);
      case 0x01:
        factory_mode_ = false;
        if (word == 0x2828) trips_.fill(0);
        return Reply();
      case 0xE1:
        return lock(word & 3);
      default:
        return refuse(factory_mode_ ? kUnknown : kNotAllowed);
    }
  }

  // Switches that are turned off so stay off until they are turned on so.
  std::optional<Reply> lock(unsigned switches_off) {
    if (variant_.writes == "refuse") return refuse(kNotAllowed);
    if (variant_.writes == "ignore") return Reply();
    locked_ = switches_off;
    changes_ = {{Changeable::charge_fet, (locked_ & 1) == 0 ? 1.0 : 0.0},
                {Changeable::discharge_fet, (locked_ & 2) == 0 ? 1.0 : 0.0}};
    if (variant_.writes == "mute") return std::nullopt;
    return Reply();
  }

  // --- Register 03 ---

  bool large(const PackState& state) const {
    const bool fits = std::abs(state.current) < 327 && state.capacity_full < 655 && state.capacity_remaining < 655;
    return variant_.units == "large" || (variant_.units == "auto" && !fits);
  }
  double per_ampere(const PackState& state) const { return large(state) ? 10 : 100; }

  Reply basic(const PackState& state) const {
    Reply reply;
    Content& out = reply.content;
    const double scale = per_ampere(state);
    out.u16(state.voltage * 100);
    out.s16(state.current * scale);
    out.u16(state.capacity_remaining * scale);
    out.u16(state.capacity_full * scale);
    out.u16(state.cycles);
    out.u16(variant_.date);
    out.u16(balancing(state, 1));
    out.u16(balancing(state, 17));
    out.u16(protections(state));
    out.u8(variant_.major * 16 + variant_.minor);
    out.u8(state.soc);
    out.u8(switches(state));
    out.u8(static_cast<double>(state.cell_voltages.size()));
    const std::vector<double> sensors = sensors_of(state);
    out.u8(static_cast<double>(sensors.size()));
    for (const double sensor : sensors) out.kelvin(sensor);
    add_tail(out, state);
    return reply;
  }

  // Without sensors in the cells there is none of the board either: a single one would be taken for a cell's.
  std::vector<double> sensors_of(const PackState& state) const {
    std::vector<double> sensors = state.cell_temperatures;
    if (variant_.board_sensor && !sensors.empty()) sensors.insert(sensors.begin(), state.mos_temperature);
    return sensors;
  }

  void add_tail(Content& out, const PackState& state) const {
    if (variant_.tail == "none") return;
    out.u8(0);                                      // humidity
    out.u16(variant_.tail == "long" ? 0x8000 : 0);  // flags: both were seen on healthy boards
    out.u16(state.capacity_full * per_ampere(state));
    out.u16(state.capacity_remaining * per_ampere(state));
    if (variant_.tail == "short") return;
    out.u16(0);  // balance current: 0 in captures
    if (variant_.tail == "balance") return;
    for (int i = 0; i < 3; ++i) out.u16(0);
  }

  int switches(const PackState& state) const {
    const bool charge = state.charge_fet && (locked_ & 1) == 0, discharge = state.discharge_fet && (locked_ & 2) == 0;
    return (charge ? 1 : 0) + (discharge ? 2 : 0) + (variant_.heating ? 8 : 0) + (large(state) ? 128 : 0);
  }

  int protections(const PackState& state) const {
    int word = locked_ != 0 ? 1 << 12 : 0;
    for (const Protection& one : kProtections) {
      if (state.alarms.find(one.name) != state.alarms.end()) word |= 1 << one.bit;
    }
    return word;
  }

  // The bits of cells first .. first + 15.
  static int balancing(const PackState& state, int first) {
    int word = 0;
    for (const int cell : state.balancing_cells) {
      if (cell >= first && cell < first + 16) word |= 1 << (cell - first);
    }
    return word;
  }

  // --- The other registers ---

  static Reply cells(const PackState& state) {
    Reply reply;
    for (const double cell : state.cell_voltages) reply.content.u16(cell * 1000);
    return reply;
  }

  static Reply text(std::string_view text) {
    Reply reply;
    reply.content.text(text);
    return reply;
  }

  Reply counters() const {
    Reply reply;
    for (const int count : trips_) reply.content.u16(count);
    if (variant_.restarts_counted) reply.content.u16(1);
    return reply;
  }

  void count_trips(const PackState& state) {
    for (const Protection& one : kProtections) {
      const bool now = state.alarms.find(one.name) != state.alarms.end();
      const bool before = alarms_before_.find(one.name) != alarms_before_.end();
      if (now && !before && one.counter >= 0) ++trips_[static_cast<std::size_t>(one.counter)];
    }
    if (alarms_before_ != state.alarms) alarms_before_ = state.alarms;
  }

  Reply parameter(std::uint8_t number, const PackState& state) const {
    const double cells = static_cast<double>(state.cell_voltages.size()), scale = per_ampere(state);
    const double high = state.cell_voltage_max_limit, low = state.cell_voltage_min_limit;
    Reply reply;
    Content& out = reply.content;
    switch (number) {
      case 0x10:
        return out.u16(state.capacity_design * scale), reply;
      case 0x11:
        return out.u16(state.capacity_full * scale), reply;
      case 0x15:
        return out.u16(variant_.date), reply;
      case 0x17:
        return out.u16(state.cycles), reply;
      case 0x20:
        return out.u16(high * cells * 100), reply;
      case 0x21:
        return out.u16((high - 0.1) * cells * 100), reply;
      case 0x22:
        return out.u16(low * cells * 100), reply;
      case 0x23:
        return out.u16((low + 0.2) * cells * 100), reply;
      case 0x24:
        return out.u16(high * 1000), reply;
      case 0x25:
        return out.u16((high - 0.1) * 1000), reply;
      case 0x26:
        return out.u16(low * 1000), reply;
      case 0x27:
        return out.u16((low + 0.2) * 1000), reply;
      case 0x28:
        return out.s16(state.max_charge_current * scale), reply;
      case 0x29:
        return out.s16(-state.max_discharge_current * scale), reply;
      case 0x2D:
        return out.u16((large(state) ? 0x1000 : 0) + 0x0005), reply;  // switch, balancing
      case 0x2E:
        return out.u16(std::exp2(static_cast<double>(sensors_of(state).size())) - 1), reply;
      case 0x2F:
        return out.u16(cells), reply;
      case 0xA0:
        return stored_text("SIMULATOR");
      case 0xA1:
        return stored_text("SIM-16S");
      case 0xA2:
        return stored_text(serial_number_);
      default:
        break;
    }
    const auto* const fixed =
        std::find_if(std::begin(kFixed), std::end(kFixed), [number](const Fixed& one) { return one.number == number; });
    if (fixed == std::end(kFixed)) return refuse(kUnknown);
    out.u16(fixed->value);
    return reply;
  }

  static Reply stored_text(std::string_view text) {
    Reply reply;
    reply.content.u8(static_cast<double>(text.size()));
    reply.content.text(text);
    return reply;
  }

  std::string serial_number_;
  Variant variant_;
  bool awake_ = false;
  bool factory_mode_ = false;
  std::vector<Change> changes_;
  unsigned locked_ = 0;  // switches that were turned off: 1 charge, 2 discharge
  std::array<int, 11> trips_{};
  std::set<std::string, std::less<>> alarms_before_;
};

}  // namespace

std::unique_ptr<Responder> respond_as_lltjbd_uart(const PackOptions& options) {
  Variant variant;
  for (const auto& [key, value] : options.variant) {
    if (!apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<JbdBoard>(options, variant);
}

}  // namespace bmsd
