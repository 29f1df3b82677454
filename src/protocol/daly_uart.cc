// Daly Smart BMS over UART and RS485: the boards with the "A5" protocol, 3 to 48 cells ("red" boards, R16, R24, R32 and
// others). The newer H, K, M, S and Y boards with the Modbus dialect and the smallest 3S and 4S boards do not speak it.
//
// Where this is from: Daly's "UART/485 communication protocol" V1.0 and V1.2 and "CAN communication protocol" V1.0 for the
// commands 90 to 98; recorded replies of about ten boards; other programs for the rest, marked [I] in daly_uart_tables.h.
// 9600 bits per second, 8N1. Nobody has read a real board with this program yet.
//
// The frame is in daly_uart_frame.h. The PC asks board n with 40 + n - 1, and it answers as n:
//
// clang-format off
//   A5 40 90 08 0000000000000000 7D       command 90 of board 1
//   A5 01 90 08 0210 0000 7530 01F4 EA
//               |    |    |    50.0 %
//               |    |    0.0 A, biased by 30000
//               |    second voltage, usually 0
//               52.8 V
//   A5 01 95 08 01 0EC0 0EC2 0EC7 20 D7   first frame of command 95: its number, three cells in mV, a leftover
//
//   A5 40 DA 08 01 00000000000000 C8      command DA (charge) or D9 (discharge): 1 turns the FET on, 0 off
//   A5 01 DA 08 01 01000002006CBE B6      the reply repeats it; the rest is left over
//   A5 40 21 08 160C0D151D27 012C C3      command 21: 2022-12-13 21:29:39, 30.0 %; the reply begins with 1
// clang-format on
//
// Of the switches one page of the vendor says the opposite, 0 for on; other programs and recorded replies agree on 1.
// What 93 says after the write decides, so it is always read back.
//
// A board can be asked at 80 instead, which is the address of its other port, and then answers as 1 whatever its number.
// Some boards answer only there, some only at 40. That is an address of its own here, for one board alone on its line.
//
// The only guard of a frame is an 8-bit sum, so one damaged reply of 256 passes that has more than one wrong byte. A reply
// names its command and its board, which catches all mixed-up ones.
//
// Which way the current flows is in daly_uart_data.h. Counts (94) rarely change but nothing can be understood without
// them: they belong to the round, and the session leaves them out most of the time. After 95 a board may go on sending
// frames for cells that it does not have; the next request waits until the line is quiet.
//
// What proves it: a good reply to 94 with 1 to 48 cells and at most 16 sensors, then one to 90.
#include "protocol/daly_uart.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "protocol/daly_uart_session.h"
#include "protocol/daly_uart_tables.h"

namespace bmsd {
namespace daly {
namespace {

// --- Exchanges ---

struct Asked {
  Command command;
  Exchange exchange;
};

// A board begins to answer within 10 to 100 ms; the longest reply (16 frames) takes 217 ms and its gaps.
constexpr Asked ask(Command command, std::string_view name, Cadence cadence, bool optional, std::string_view help) {
  return {command, {name, help, cadence, 200ms, 100ms, 500ms, optional}};
}
constexpr auto kAsked = std::to_array<Asked>({
    ask(kMeasurements, "90", Cadence::fast, false, "voltage, current, state of charge"),
    ask(kState, "93", Cadence::fast, false, "state, FETs, remaining capacity"),
    ask(kCounts, "94", Cadence::fast, false, "numbers of cells and sensors, cycles; about once a minute"),
    ask(kAlarms, "98", Cadence::fast, false, "alarms"),
    ask(kCells, "95", Cadence::fast, false, "cell voltages"),
    ask(kTemperatures, "96", Cadence::fast, true, "temperatures"),
    ask(kBalancing, "97", Cadence::fast, true, "balancing"),
    ask(kBatteryCode, "57", Cadence::once, true, "battery code, which is the serial number"),
    ask(kMade, "53", Cadence::once, true, "date of production, battery type, sleep time"),
    ask(kSoftware, "62", Cadence::once, true, "software version"),
    ask(kHardware, "63", Cadence::once, true, "hardware version"),
    ask(kFirmware, "54", Cadence::once, true, "firmware index"),
    ask(kRated, "50", Cadence::slow, true, "rated capacity"),
    ask(kCellLimits, "59", Cadence::slow, true, "limits of the cell voltage"),
    ask(kCurrentLimits, "5B", Cadence::slow, true, "limits of the current"),
    ask(kCellExtremes, "91", Cadence::demand, true, "highest and lowest cell"),
    ask(kTemperatureExtremes, "92", Cadence::demand, true, "highest and lowest temperature"),
    ask(kBoards, "51", Cadence::demand, true, "boards and what is connected to each"),
    ask(kTotals, "52", Cadence::demand, true, "total charge, in a unit that is not certain"),
    ask(kPackLimits, "5A", Cadence::demand, true, "limits of the pack voltage"),
    ask(kTemperatureLimits, "5C", Cadence::demand, true, "limits of the temperature"),
    ask(kSocLimits, "5D", Cadence::demand, true, "limits of the state of charge"),
    ask(kDifferenceLimits, "5E", Cadence::demand, true, "limits of the differences between cells and sensors"),
    ask(kBalanceSettings, "5F", Cadence::demand, true, "when it balances"),
    ask(kShortCircuit, "60", Cadence::demand, true, "short circuit current, shunt"),
    ask(kClock, "61", Cadence::demand, true, "clock"),
    ask(kChargeSwitch, "DA", Cadence::write, true, "turning the charge FET on and off"),
    ask(kDischargeSwitch, "D9", Cadence::write, true, "turning the discharge FET on and off"),
    ask(kSetSoc, "21", Cadence::write, true, "setting the state of charge, and with it the clock"),
});
constexpr std::size_t kExchangeCount = kAsked.size();
constexpr auto kExchanges = [] {
  std::array<Exchange, kExchangeCount> exchanges{};
  for (std::size_t i = 0; i < kExchangeCount; ++i) exchanges[i] = kAsked[i].exchange;
  return exchanges;
}();

constexpr std::uint8_t index_of(Command command) {
  std::uint8_t index = 0;
  while (kAsked[index].command != command) ++index;
  return index;
}
constexpr std::uint8_t k90 = index_of(kMeasurements), k93 = index_of(kState), k94 = index_of(kCounts);

// Parts of a reply; one frame can be all of it.
bool has_parts(std::uint8_t command) {
  constexpr std::array<std::uint8_t, 5> kInParts = {kCells, kTemperatures, kBatteryCode, kSoftware, kHardware};
  return std::find(kInParts.begin(), kInParts.end(), command) != kInParts.end();
}

// --- Tags ---

// A request at 80 or 20 is for whoever hears it. A reply of board 1 may be one to such a request, so it does not tell the
// address that was asked; the session looks whether it is the right board.
Tag tag(const Frame& frame) {
  const auto parsed = parse_frame(frame.bytes);
  if (!parsed) return {};
  const std::uint8_t from = parsed->address;
  const int exchange = exchange_of(parsed->command);
  if (is_request_address(from)) return {Role::request, from == kGprs || from == kApp ? -1 : from, exchange};
  if (from < 1 || from > kMostBoards || exchange < 0) return {};
  const int address = from == 1 ? -1 : kPc + from - 1;
  return {has_parts(parsed->command) ? Role::part : Role::reply, address, exchange};
}

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

// --- Session ---

constexpr int kRoundsBetweenCounts = 60;
constexpr int kTries = 3;
constexpr int kMissesToGiveUp = 2 * kTries;  // two rounds have failed for it

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void apply(const Param& param, Memory& memory) {
  const double number = number_of(param.value).value_or(0);
  if (param.key == "BATTERY_CAPACITY") memory.configured = number > 0 && number <= 50000 ? number : 0;
  if (param.key == "INVERT_CURRENT_MEASUREMENT" && number < 0) memory.sign.force(Polarity::above_is_charge, true);
  if (param.key == "current_polarity") {
    if (param.value == "above_bias_is_charge") memory.sign.force(Polarity::above_is_charge, false);
    if (param.value == "above_bias_is_discharge") memory.sign.force(Polarity::above_is_discharge, false);
  }
  if (param.key == "cell_count" && number >= 1 && number <= kMostCells) memory.cells = static_cast<int>(number);
  if (param.key == "sensor_count" && number >= 0 && number <= kMostSensors) memory.sensors = static_cast<int>(number);
}

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<DalySession>(options); }

}  // namespace

int exchange_of(std::uint8_t command) {
  const auto found =
      std::find_if(kAsked.begin(), kAsked.end(), [command](const Asked& asked) { return asked.command == command; });
  return found == kAsked.end() ? -1 : static_cast<int>(found - kAsked.begin());
}

std::optional<Error> misfit(const DalyFrame& asked, const DalyFrame& reply) {
  if (is_request_address(reply.address)) return error(Errc::command, "echo");
  if (reply.address != board_asked(asked.address)) return error(Errc::address, "wrong_address");
  if (reply.command != asked.command) return error(Errc::command, "wrong_command");
  return std::nullopt;
}

namespace {

// A switch repeats what it was told; 21 is accepted with 1.
std::optional<Error> refusal(const DalyFrame& asked, const DalyFrame& reply) {
  const bool is_switched = asked.command == kChargeSwitch || asked.command == kDischargeSwitch;
  if (!is_switched && asked.command != kSetSoc) return std::nullopt;
  if (reply.data[0] == (is_switched ? asked.data[0] : 1)) return std::nullopt;
  return Error{Errc::refused, "not_accepted", reply.data[0], {}};
}

// Zeros stop the board's clock, which is what there is to send when the time is not known.
ByteVector clock_of(const std::optional<CivilTime>& time) {
  if (!time || time->year < 2000 || time->year > 2099) return ByteVector(6, 0);
  ByteVector clock;
  for (const int part : {time->year - 2000, time->month, time->day, time->hour, time->minute, time->second})
    clock.push_back(static_cast<std::uint8_t>(part));
  return clock;
}

}  // namespace

ByteVector with_soc(ByteVector clock, double soc) {
  const auto tenths = static_cast<unsigned>(std::lround(soc * 10));
  clock.push_back(static_cast<std::uint8_t>(tenths >> 8));
  clock.push_back(static_cast<std::uint8_t>(tenths & 0xFF));
  return clock;
}

DalySession::DalySession(const OpenOptions& options)
    : address_(static_cast<std::uint8_t>(options.address < 0 ? kPc : options.address)),
      misses_(kExchangeCount, 0),
      answered_(kExchangeCount, false) {
  memory_.extras = options.extras;
  for (const Param& param : options.params) apply(param, memory_);
}

std::optional<Request> DalySession::request(std::uint8_t exchange) {
  if (exchange >= kExchangeCount || given_up(exchange)) return std::nullopt;
  if (kAsked[exchange].exchange.cadence == Cadence::write) return std::nullopt;
  if (exchange == k90) ++rounds_since_counts_;
  const Command command = kAsked[exchange].command;
  if (command == kCounts && !counts_are_due()) return std::nullopt;
  if (command == kCells && memory_.cells == 0) return std::nullopt;
  if (command == kTemperatures && memory_.sensors <= 0) return std::nullopt;
  return Request{exchange, encode_frame(address_, command, {})};
}

Result<Request> DalySession::change(const Change& change) {
  ByteVector data;
  Command command = change.what == Changeable::charge_fet ? kChargeSwitch : kDischargeSwitch;
  if (is_switch(change.what)) {
    data.push_back(change.value != 0 ? 1 : 0);
  } else {
    command = kSetSoc;
    data = with_soc(clock_of(change.local_time), change.value);
  }
  return Request{index_of(command), encode_frame(address_, command, data)};
}

Result<Reading> DalySession::decode(const Heard& heard) {
  if (heard.asked == nullptr) return error(Errc::command, "unasked");
  const auto asked = parse_frame(heard.asked->bytes);
  if (!asked) return error(Errc::command, "unasked");
  std::vector<DalyFrame> frames;
  frames.reserve(heard.frames.size());
  for (const Frame& frame : heard.frames) {
    const auto parsed = parse_frame(frame.bytes);
    if (!parsed) return parsed.error();
    frames.push_back(*parsed);
  }
  auto reading = decode_reply(*asked, frames);
  if (reading) {
    if (auto no = refusal(*asked, frames.back())) return std::move(*no);
  }
  if (reading || reading.error().code != Errc::incomplete || frames.empty()) return reading;
  // Still waiting; the last frame may be none of this reply.
  if (auto why = misfit(*asked, frames.back())) return std::move(*why);
  return reading;
}

Result<Reading> DalySession::decode_reply(const DalyFrame& asked, std::span<const DalyFrame> frames) {
  std::vector<Bytes> parts;
  std::optional<Error> why;
  for (const DalyFrame& frame : frames) {
    auto unfit = misfit(asked, frame);
    if (!unfit) parts.push_back(frame.data);
    if (unfit && !why) why = std::move(unfit);
  }
  if (parts.empty() && why) return std::move(*why);
  auto reading = decode_data(asked.command, parts, memory_);
  const int exchange = exchange_of(asked.command);
  if (reading && exchange >= 0) {
    answered_[static_cast<std::size_t>(exchange)] = true;
    misses_[static_cast<std::size_t>(exchange)] = 0;
    if (exchange == k94) {
      rounds_since_counts_ = 0;
      counts_doubtful_ = false;
    }
  }
  return reading;
}

void DalySession::failed(std::uint8_t exchange, const Error& error) {
  if (exchange >= kExchangeCount) return;
  if (error.code == Errc::timeout) counts_doubtful_ = counts_doubtful_ || answered_[exchange];
  if (++misses_[exchange] % kTries != 0) return;
  settle(kAsked[exchange].command);
  if (has_parts(kAsked[exchange].command)) counts_doubtful_ = true;  // perhaps it has fewer cells than it said
}

// The counts are asked for when they are not known, then about once a minute, and when the pack was silent.
bool DalySession::counts_are_due() {
  return memory_.cells == 0 || memory_.sensors < 0 || counts_doubtful_ || rounds_since_counts_ >= kRoundsBetweenCounts;
}

// What a board does not answer has had its turn: the next best is taken instead.
void DalySession::settle(std::uint8_t command) {
  if (command == kBatteryCode && !memory_.code) memory_.code.emplace();
  if (command == kMade && !memory_.date) memory_.date.emplace();
  if (command == kRated && !memory_.rated) memory_.rated = 0;
}

// A board that does without balancers or sensors need not fail for it.
bool DalySession::given_up(std::uint8_t exchange) const {
  const Exchange& asked = kAsked[exchange].exchange;
  return asked.cadence == Cadence::fast && asked.optional && !answered_[exchange] &&
         misses_[exchange] >= kMissesToGiveUp;
}

// --- Protocol ---

namespace {

constexpr std::array<std::string_view, 1> kTypes = {"Daly"};
constexpr std::array<int, 1> kSpeeds = {9600};
constexpr std::array<int, kMostBoards + 1> kAddresses = {0x40, 0x80, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
                                                         0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F};
constexpr std::array<std::uint8_t, 2> kProof = {k94, k90};
constexpr std::array<Writable, 3> kWritables = {
    {{Changeable::charge_fet, k93}, {Changeable::discharge_fet, k93}, {Changeable::soc, k90}}};
constexpr std::array<Word, 1> kWords = {{{"cell_temperatures_c", "temperatures_c"}}};

}  // namespace
}  // namespace daly

constinit const Protocol kDalyUart = {
    .name = "daly-uart",
    .label = "Daly UART",
    .bms_types = daly::kTypes,
    .brands = "Daly Smart BMS (the boards that speak the A5 protocol; not the Modbus H, K, M, S and Y boards)",
    .medium = Medium::stream,
    .check = Check::sum8,
    .speeds = daly::kSpeeds,
    .addresses = daly::kAddresses,
    .default_address = daly::kPc,
    .lowest_address = daly::kPc,
    .highest_address = daly::kApp,
    .shared_address = daly::kApp,
    .turnaround_start = 150ms,
    .turnaround_min = 30ms,
    .framer = daly::scan_frame,
    .tag = daly::tag,
    .exchanges = daly::kExchanges,
    .proof = daly::kProof,
    .writables = daly::kWritables,
    .alarm_bits = daly::kAlarmBits,
    .words = daly::kWords,
    .reads =
        "voltage, current, SoC, up to 48 cells, temperatures, capacities, cycles, alarms, FETs, balancing, limits, "
        "versions, battery code, production date",
    .writes = "charge FET, discharge FET, state of charge (and with it the clock)",
    .probe_is_write = false,
    .tells_fets = true,
    .open = daly::open,
    .respond = respond_as_daly_uart,
    .decode_vector = daly::decode_vector,
    .text = false,
    .encode_vector = daly::encode_vector,
};

}  // namespace bmsd
