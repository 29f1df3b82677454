// JK (Jikong) BMS over UART, the "NW" protocol: boards of the series BD, B1A and B2A with the 4-pin socket for TTL or
// GPS, 3 to 32 cells. (The PB boards for inverters, the CAN port and the port of the display speak other protocols.)
//
// Where this is from: JK's communication protocol between monitoring platform and BMS V2.5 and its example of 20 cells;
// recorded frames of boards with 13 to 16 cells; what users report of sleep and of cells that read 0. 115200 bits per
// second, 8N1, TTL at 3.3 V or through JK's RS485 adapter. No real board has been read with this program yet.
//
// The frame is in jkbms_uart_frame.h, the registers are in jkbms_uart_tables.h. One question has everything for an
// answer: a chain of register numbers and values, 291 bytes for 16 cells.
//
// clang-format off
//   4E57 0013 00000000 06 03 00 00 00000000 68 00000129       read everything; the PC asks
//   4E57 0109 00000000 06 00 01                               the BMS answers
//     79 18 01 0CF0 02 0CF1 ... 08 0CF7                       24 bytes: 8 cells, number and mV
//     80 001F 81 0016 82 0015                                 31 C at the MOSFETs; 22 C, 21 C
//     83 0A5D 84 85F0 85 4D                                   26.53 V; charging with 15.20 A; 77 %
//     ...
//     C0 01                                                   version 1 of the protocol: how 84 is to be read
//     00000000 68 00005089
// clang-format on
//
// The terminal number is 0 in all recordings, of questions and of answers, and means whoever hears it: one board per port.
// What a board does with another one is not known. An address other than 0 is sent as the terminal number, and only
// answers that carry it are taken then.
//
// A board that sleeps may want the command 01 before it answers; others wake up by a few questions. It is sent after a
// question without an answer, and to a board that has answered before after three. It changes no setting.
//
// Command 03 with register 0 has the same answer under its own number. The answer is taken for the question whichever of
// the two it belongs to, since it says the same. What another master asks of single registers is not taken.
//
// What proves it: good answers to both. Writing is never done.
#include "protocol/jkbms_uart.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "protocol/jkbms_uart_data.h"
#include "protocol/jkbms_uart_frame.h"
#include "protocol/jkbms_uart_tables.h"

namespace bmsd {
namespace jkuart {
namespace {

// --- Exchanges ---

enum Index : std::uint8_t { k06, k03 };

// An answer begins within 30 to 90 ms as a rule (within 5 s, says the vendor) and takes 25 ms.
constexpr Exchange exchange(std::string_view name, Cadence cadence, bool optional, std::string_view help) {
  return {name, help, cadence, 1000ms, 100ms, 2000ms, optional};
}
constexpr std::array<Exchange, 2> kExchanges = {
    exchange("06", Cadence::fast, false, "everything"),
    exchange("03", Cadence::demand, true, "everything, asked for as register 0"),
};
constexpr std::array<Command, kExchanges.size()> kCommands = {kReadAll, kReadOne};
constexpr std::array<std::uint8_t, 1> kEverything = {0x00};

int exchange_of(const NwFrame& request) {
  const auto found = std::find(kCommands.begin(), kCommands.end(), request.command);
  const bool reads = found != kCommands.end() && (request.command == kReadAll || same(request.data, kEverything));
  return reads ? static_cast<int>(found - kCommands.begin()) : -1;
}

// --- Tags ---

bool is_from_bms(const NwFrame& frame) { return frame.source == kFromBms && frame.type == kAnswer; }

bool tells_registers(const NwFrame& frame) {
  return is_from_bms(frame) && (frame.command == kReadAll || frame.command == kReadOne);
}

// A question at terminal 0 is for whoever hears it, and any board may have answered it; the session looks whether it is
// the right one. What a board uploads without being asked is nobody's.
Tag tag(const Frame& frame) {
  const auto parsed = parse_frame(frame.bytes);
  if (!parsed) return {};
  if (parsed->type == kRequest) {
    constexpr std::uint32_t kMost = std::numeric_limits<int>::max();
    const int terminal = static_cast<int>(std::min(parsed->terminal, kMost));
    return {Role::request, terminal == 0 ? -1 : terminal, exchange_of(*parsed)};
  }
  const bool is_reply = tells_registers(*parsed) || (is_from_bms(*parsed) && parsed->command == kActivate);
  return {is_reply ? Role::reply : Role::foreign, -1, -1};
}

// --- Replies ---

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

Result<Reading> decode_reply(const NwFrame& asked, Bytes reply, bool extras) {
  const auto frame = parse_frame(reply);
  if (!frame) return frame.error();
  if (asked.terminal != 0 && frame->terminal != asked.terminal) return error(Errc::address, "wrong_address");
  if (!tells_registers(*frame)) return error(Errc::command, "wrong_command");
  return decode_registers(frame->data, extras);
}

// --- Session ---

constexpr int kTries = 3;
// A cell that reads 0 is a fault of the measurement that some boards have for a moment. Beyond so many answers in a row
// it is what the board says.
constexpr int kMostZeros = 10;

class JkSession final : public Session {
 public:
  explicit JkSession(const OpenOptions& options)
      : terminal_(static_cast<std::uint32_t>(std::max(options.address, 0))), extras_(options.extras) {}

  std::optional<Request> request(std::uint8_t exchange) override {
    if (exchange >= kExchanges.size()) return std::nullopt;
    const bool wakes = exchange == k06 && misses_ >= patience_;
    if (wakes) {
      misses_ = 0;
      patience_ = kTries;
    }
    const Command command = wakes ? kActivate : kCommands[exchange];
    return Request{exchange, encode_frame({terminal_, command, kFromPc, kRequest, kEverything})};
  }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.asked == nullptr) return error(Errc::command, "unasked");
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    const auto asked = parse_frame(heard.asked->bytes);
    if (!asked || asked->type != kRequest) return error(Errc::command, "unasked");
    const Bytes reply = heard.frames.back().bytes;
    if (is_awake(*asked, reply)) return Error{Errc::refused, "awake", 0, "it was woken up and has said nothing yet"};
    auto reading = decode_reply(*asked, reply, extras_);
    if (!reading) return reading;
    if (!is_whole(*reading)) return error(Errc::command, "wrong_command");
    misses_ = 0;
    patience_ = kTries;
    bridge_zeros(*reading->cell_voltages);
    return reading;
  }

  void failed(std::uint8_t exchange, const Error& error) override {
    if (exchange == k06 && error.code == Errc::timeout) ++misses_;
  }

 private:
  // The answer to the command that wakes the board up. It is asked again at once.
  bool is_awake(const NwFrame& asked, Bytes reply) const {
    const auto frame = parse_frame(reply);
    const bool is_mine = frame && (terminal_ == 0 || frame->terminal == terminal_);
    return asked.command == kActivate && is_mine && is_from_bms(*frame) && frame->command == kActivate;
  }

  void bridge_zeros(std::vector<double>& cells) {
    const bool has_zero = std::find(cells.begin(), cells.end(), 0.0) != cells.end();
    zeros_ = has_zero ? zeros_ + 1 : 0;
    if (has_zero && zeros_ <= kMostZeros && cells.size() == cells_before_.size()) {
      std::transform(cells.begin(), cells.end(), cells_before_.begin(), cells.begin(),
                     [](double now, double before) { return now == 0 ? before : now; });
    }
    cells_before_ = cells;
  }

  std::uint32_t terminal_;
  bool extras_;
  int misses_ = 0;    // in a row
  int patience_ = 1;  // misses before it is woken up
  int zeros_ = 0;     // answers in a row with a cell at 0
  std::vector<double> cells_before_;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<JkSession>(options); }

// --- Vectors ---

std::string_view value_of(std::span<const Param> params, std::string_view key) {
  const auto found = std::find_if(params.begin(), params.end(), [key](const Param& param) { return param.key == key; });
  return found == params.end() ? std::string_view() : found->value;
}

// "133", "0x85"; nothing for what is no number.
std::optional<std::uint32_t> number_of(std::string_view text) {
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  const int base = is_hex ? 16 : 10;
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// 0 where nothing is given.
std::optional<std::uint32_t> terminal_of(std::span<const Param> params) {
  const std::string_view text = value_of(params, "terminal_number");
  return text.empty() ? 0 : number_of(text);
}

// From where a receiver takes the answer: the first intact frame, behind the request where the adapter gives it back; else
// the first beginning of a frame, rather one whose length can be; else everything.
Bytes answer_in(Bytes response) {
  std::optional<Bytes> damaged, absurd;
  for (Bytes rest = response; !rest.empty();) {
    const auto frame = parse_frame(rest);
    const std::size_t size = frame ? frame_size(rest) : find_start(rest, 1);
    const bool is_echo = frame && frame->type == kRequest && size < rest.size();
    if (frame && !is_echo) return rest;
    if (!frame && find_start(rest, 0) == 0) {
      auto& first = frame.error().code == Errc::length ? absurd : damaged;
      if (!first) first = rest;
    }
    rest = rest.subspan(size);
  }
  return damaged ? *damaged : absurd.value_or(response);
}

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  NwFrame asked;
  if (!request.empty()) {
    const auto parsed = parse_frame(request);
    if (!parsed || parsed->type != kRequest) return usage("the request is not a frame of this protocol");
    asked = *parsed;
  }
  const auto terminal = terminal_of(params);
  if (!terminal) return usage("terminal_number is a number");
  if (*terminal != 0) asked.terminal = *terminal;
  if (response.empty()) return error(Errc::timeout, "no_answer");
  return decode_reply(asked, answer_in(response), true);
}

// The bytes behind `register`, for comparison only: no session can write.
Result<ByteVector> encode_vector(std::span<const Param> input) {
  constexpr auto kOps = std::to_array<std::pair<std::string_view, Command>>(
      {{"read_all", kReadAll}, {"read_one", kReadOne}, {"activate", kActivate}, {"write", kWrite}});
  constexpr auto kSources = std::to_array<std::pair<std::string_view, Source>>(
      {{"pc", kFromPc}, {"gps", kFromGps}, {"bluetooth", kFromBluetooth}, {"", kFromPc}});
  const auto named = [&input](const auto& table, std::string_view key) {
    const auto text = value_of(input, key);
    return std::find_if(table.begin(), table.end(), [text](const auto& entry) { return entry.first == text; });
  };
  const auto* const op = named(kOps, "op");
  const auto* const source = named(kSources, "source");
  const auto terminal = terminal_of(input);
  if (op == kOps.end()) return usage("op is read_all, read_one, activate or write");
  if (source == kSources.end()) return usage("source is pc, gps or bluetooth");
  if (!terminal) return usage("terminal_number is a number");

  ByteVector data(kEverything.begin(), kEverything.end());
  if (op->second == kReadOne || op->second == kWrite) {
    const auto which = number_of(value_of(input, "register"));
    if (!which || *which > 0xFF) return usage("register is a number like 0x85");
    data = {static_cast<std::uint8_t>(*which)};
  }
  if (op->second == kWrite) {
    const auto value = from_hex(value_of(input, "value_hex"));
    if (!value || value->empty() || value->size() > 100) return usage("value_hex is the value in hexadecimal");
    data.insert(data.end(), value->begin(), value->end());
  }
  return encode_frame({*terminal, op->second, source->second, kRequest, data});
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"Jkbms"};
constexpr std::array<int, 1> kSpeeds = {115200};
constexpr int kWhoeverHears = 0;
constexpr std::array<int, 1> kAddresses = {kWhoeverHears};
constexpr std::array<std::uint8_t, 2> kProof = {k06, k03};
constexpr std::array<Word, 7> kWords = {{{"cell_temperatures_c", "temperatures_c"},
                                         {"max_charge_current_a", "charge_current_limit_a"},
                                         {"max_discharge_current_a", "discharge_current_limit_a"},
                                         {"cell_voltage_max_limit_v", "cell_overvoltage_v"},
                                         {"cell_voltage_min_limit_v", "cell_undervoltage_v"},
                                         {"device_name", "custom_name"},
                                         {"production_date", "manufacture_date"}}};

}  // namespace
}  // namespace jkuart

constinit const Protocol kJkBmsUart = {
    .name = "jkbms-uart",
    .label = "JK UART",
    .bms_types = jkuart::kTypes,
    .brands = "JK (Jikong) BMS of the series BD, B1A and B2A at the 4-pin TTL/GPS socket; not the PB inverter boards",
    .medium = Medium::stream,
    .check = Check::sum16,
    .speeds = jkuart::kSpeeds,
    .addresses = jkuart::kAddresses,
    .default_address = jkuart::kWhoeverHears,
    .lowest_address = jkuart::kWhoeverHears,
    .highest_address = 255,
    .turnaround_start = 100ms,
    .turnaround_min = 100ms,  // the vendor's least distance between packets
    .framer = jkuart::scan_frame,
    .tag = jkuart::tag,
    .exchanges = jkuart::kExchanges,
    .proof = jkuart::kProof,
    .alarm_bits = jkuart::kAlarmBits,
    .words = jkuart::kWords,
    .reads =
        "voltage, current, SoC, up to 32 cells, temperatures, capacity, cycles, alarms, FETs, limits, settings, "
        "hardware, software version, production date, private data as serial number",
    .writes = "",
    .probe_is_write = false,
    .tells_fets = true,
    .open = jkuart::open,
    .respond = respond_as_jkbms_uart,
    .decode_vector = jkuart::decode_vector,
    .text = false,
    .encode_vector = jkuart::encode_vector,
};

}  // namespace bmsd
