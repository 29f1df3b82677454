// JK (Jikong) BMS over CAN: the boards whose app is set to "JK BMS CAN protocol", 250 kbit/s. They only send.
//
// Where this is from: JK's "BMS-CAN protocol" V1.02 of 2019 and V2.1; recordings of a 16S board of 2025 and of a
// JK-B2A24S20P; what other programs agree on. Nobody has read a real board with this program yet.
//
// clang-format off
//   2F4   13 02  B2 0F  51  00  00 00      standard identifiers (V1), low byte first
//         53.1 V |      81 %
//                1.8 A, biased by 4000
//   4F4   FF 0C  06  FC 0C  01  00 00      highest cell 3.327 V, cell 6; lowest 3.324 V, cell 1
//   18E028F4  EE 0C F0 0C F2 0C F4 0C      extended ones (V2): cells 1 to 4; 18E128F4 has 5 to 8, and so on
// clang-format on
//
// The device address, 0 to 11, is added to the identifier. A V2 board sends the frames of V1 too, and some boards send one
// or two of the extended ones: each frame is understood by itself, and none is called for but 2F4 and 4F4.
//
// V1 has no single cells: the lowest and the highest are shown, and how many there are follows from the pack voltage. A list
// of V2 with a hole is no list, and one that does not make the pack voltage is not all of it (jkbms_can_data.cc).
//
// 7F4 comes only while an alarm is active: silence of 5 s is its end. Of the current the vendor's text says the opposite of
// what boards do; INVERT_CURRENT_MEASUREMENT turns it round.
//
// What proves it: 2F4, which comes every 20 ms, then 4F4.
#include "protocol/jkbms_can.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "protocol/jkbms_can_data.h"

namespace bmsd {
namespace jkcan {
namespace {

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

constexpr Exchange push(std::string_view name, std::string_view help, Duration waited_for, Duration away,
                        bool optional) {
  return {name, help, Cadence::pushed, waited_for, {}, away, optional};
}
// In the order of Kind. What comes every 20 ms is lost after 2 s, the rest is old after 5.
constexpr auto kExchanges = std::to_array<Exchange>({
    push("2F4", "voltage, current, state of charge; every 20 ms", {}, 2s, false),
    push("4F4", "highest and lowest cell; every 100 ms", {}, 5s, false),
    push("5F4", "highest, lowest and mean temperature; every 100 or 500 ms", 1500ms, 5s, true),
    push("7F4", "alarms; only while one is active", {}, 5s, true),
    push("18F1", "remaining and full capacity, cycles; V2", 500ms, 5s, true),
    push("18F2", "temperatures; V2", 1500ms, 5s, true),
    push("18F3", "faults; V2", 500ms, 5s, true),
    push("18F4", "run time, heater, state of health; V2", 1500ms, 5s, true),
    push("18F5", "FETs, balancing, heater, charger; V2", 1500ms, 5s, true),
    push("18E0", "cell voltages, four per frame; V2, every second", 2500ms, 5s, true),
    push("1806", "what it asks a charger for; V2, doubtful", {}, 5s, true),
});
static_assert(kExchanges.size() == kKinds);

Tag tag(const Frame& frame) {
  if (can_framer(frame.bytes, true).kind != Scan::frame) return {};
  const auto found = find(can_frame(frame.bytes));
  if (!found) return {};
  return {found->id->kind == kCells ? Role::part : Role::reply, found->address, found->id->kind};
}

// --- Session ---

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void apply(const Param& param, Memory& memory) {
  const double number = number_of(param.value).value_or(0);
  if (param.key == "BATTERY_CAPACITY") memory.configured = number > 0 && number <= 50000 ? number : 0;
  if (param.key == "INVERT_CURRENT_MEASUREMENT" && number < 0) memory.mirrored = true;
  if (param.key == "current_polarity") memory.mirrored = param.value == "positive_is_discharge";
}

class JkCanSession final : public Session {
 public:
  explicit JkCanSession(const OpenOptions& options) : address_(std::max(options.address, 0)) {
    memory_.extras = options.extras;
    for (const Param& param : options.params) apply(param, memory_);
  }

  std::optional<Request> request(std::uint8_t) override { return std::nullopt; }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    const Bytes record = heard.frames.back().bytes;
    if (can_framer(record, true).kind != Scan::frame) return error(Errc::noise, "no_can_frame");
    const CanFrame frame = can_frame(record);
    const auto found = find(frame);
    if (!found) return error(Errc::command, "unknown_id");
    if (found->address != address_) return error(Errc::address, "wrong_address");
    return decode_frame(*found->id, frame.data, heard.at, memory_);
  }

  std::optional<Reading> stayed_away(std::uint8_t exchange) override {
    return exchange < kKinds ? silence_of(static_cast<Kind>(exchange), memory_) : std::nullopt;
  }

 private:
  int address_;
  Memory memory_;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<JkCanSession>(options); }

// --- Vectors ---

// Frames in the order of arrival. What is skipped is no error while another one is good; else the gravest is told.
Result<Reading> decode_vector(Bytes, Bytes frames, std::span<const Param> params) {
  constexpr std::array<Errc, 5> kGravestFirst = {Errc::implausible, Errc::length, Errc::incomplete, Errc::address,
                                                 Errc::command};
  Memory memory;
  memory.extras = memory.is_vector = true;
  int address = 0;
  for (const Param& param : params) {
    apply(param, memory);
    if (param.key == "device_address") address = static_cast<int>(number_of(param.value).value_or(0));
  }
  Reading all;
  bool any = false, has_cells = false;
  Error why = error(Errc::timeout, "no_answer");
  const auto place = [&](Errc code) { return std::find(kGravestFirst.begin(), kGravestFirst.end(), code); };
  const auto refuse = [&](const Error& reason) {
    if (place(reason.code) < place(why.code)) why = reason;
  };
  for (; !frames.empty(); frames = frames.subspan(can_framer(frames, true).size)) {
    const CanFrame frame = can_frame(frames.first(can_framer(frames, true).size));
    const auto found = find(frame);
    if (!found || found->address != address) {
      refuse(found ? error(Errc::address, "wrong_address") : error(Errc::command, "unknown_id"));
      continue;
    }
    auto reading = decode_frame(*found->id, frame.data, {}, memory);
    if (!reading) refuse(reading.error());
    if (found->id->kind == kCells && frame.data.size() >= found->id->least) {
      has_cells = true;
    } else if (reading) {
      any = true;
      all.take(std::move(*reading));
    }
  }
  const auto cells = has_cells ? memory.cell_frames.list() : std::nullopt;
  if (cells && !cells->empty()) all.cell_voltages = cells;
  if (!any && !all.cell_voltages) return has_cells ? error(Errc::incomplete, "missing_frame") : why;
  return all;
}

// Switching (V2.1), as the vendor's text has it.
Result<ByteVector> encode_vector(std::span<const Param> input) {
  constexpr std::uint32_t kToAddress0 = 0x18F0F428, kToOthers = 0x18F0F429;
  constexpr std::array<std::string_view, 3> kOps = {"set_charge", "set_discharge", "set_balance"};
  const auto value = [&](std::string_view key) {
    const auto found = std::find_if(input.begin(), input.end(), [key](const Param& param) { return param.key == key; });
    return found == input.end() ? std::string_view() : found->value;
  };
  const auto op = std::find(kOps.begin(), kOps.end(), value("op"));
  const auto address = value("device_address").empty() ? std::optional<double>(0) : number_of(value("device_address"));
  const std::string_view on = value("on");
  if (op == kOps.end()) return Error{Errc::config, "", 0, "op is set_charge, set_discharge or set_balance"};
  if (on != "true" && on != "false") return Error{Errc::config, "", 0, "on is true or false"};
  if (!address || *address < 0 || *address > kMostAddress)
    return Error{Errc::config, "", 0, "device_address is a number from 0 to 11"};
  const auto which = static_cast<std::size_t>(op - kOps.begin());
  ByteVector data(kMaxCanData, 0);
  data[0] = static_cast<std::uint8_t>(1U << which);
  data[which + 1] = on == "true" ? 1 : 0;
  return can_record(*address == 0 ? kToAddress0 : kToOthers, true, data);
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"Jkbms_Can"};
constexpr std::array<int, 1> kSpeeds = {250000};
constexpr std::array<int, kMostAddress + 1> kAddresses = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
constexpr auto kCanIds = std::to_array<CanIds>({{0x2F0, 0x7F0, false},
                                                {0x4F0, 0x7F0, false},
                                                {0x5F0, 0x7F0, false},
                                                {0x7F0, 0x7F0, false},
                                                {0x18F028F0, 0x1FF0FFF0, true},
                                                {0x18E028F0, 0x1FF0FFF0, true},
                                                {0x1806E5F0, 0x1FFFFFF0, true}});
constexpr std::array<std::uint8_t, 2> kProof = {kStatus, kCellExtremes};
constexpr std::array<Word, 1> kWords = {{{"cell_temperatures_c", "temperatures_c"}}};

}  // namespace
}  // namespace jkcan

constinit const Protocol kJkBmsCan = {
    .name = "jkbms-can",
    .label = "JK BMS CAN",
    .bms_types = jkcan::kTypes,
    .brands = "JK (Jikong) with a CAN port that is set to \"JK BMS CAN protocol\" (V1 and V2)",
    .medium = Medium::can,
    .check = Check::medium,
    .speeds = jkcan::kSpeeds,
    .can_ids = jkcan::kCanIds,
    .addresses = jkcan::kAddresses,
    .default_address = 0,
    .lowest_address = 0,
    .highest_address = jkcan::kMostAddress,
    .framer = can_framer,
    .tag = jkcan::tag,
    .exchanges = jkcan::kExchanges,
    .proof = jkcan::kProof,
    .alarm_bits = jkcan::kAlarmBits,
    .words = jkcan::kWords,
    .reads =
        "voltage, current, SoC, highest and lowest cell and temperature, alarms; V2: up to 25 cells, temperatures, "
        "SoH, "
        "capacities, cycles, FETs",
    .writes = "",
    .tells_fets = false,
    .open = jkcan::open,
    .respond = respond_as_jkbms_can,
    .decode_vector = jkcan::decode_vector,
    .encode_vector = jkcan::encode_vector,
};

}  // namespace bmsd
