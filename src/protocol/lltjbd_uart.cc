// LLT Power / JBD (Jiabaida) BMS over UART: JBD SP, AP and DP boards, Overkill Solar, Xiaoxiang, and the batteries that
// have one of them inside (Chins, Eco-Worthy and many more). 3 to 32 cells.
//
// Where this is from: Jiabaida's general protocol V4 and its edition of 2023; more than twenty captured frames; the
// register map of bms-tools. Which of them says what stands in lltjbd_uart_tables.h. 9600 bits per second, 8N1, TTL or
// behind an RS485, RS232 or Bluetooth box. There is no address: one board per port. (The UP series for racks has one, and
// another protocol.) No real board has been read with this program yet.
//
// The frame is in lltjbd_uart_frame.h. One master asks for a register, the board answers with its number:
//
// clang-format off
//   DD A5 03 00 FFFD 77                              read register 03
//   DD 03 00 1D 0618 0000 01F2 01F4 0000 2C7C 0000 0000 0000 80 64 03 04 03 0B8B 0B8A 0B84 FA8D 77
//      |  |     |    |    |    |    |    |    |         |    |  |  |  |  |  sensors, 0.1 K; newer boards add a tail
//      |  |     |    |    |    |    |    |    |         |    |  |  |  |  number of sensors
//      |  |     |    |    |    |    |    |    |         |    |  |  |  4 cells
//      |  |     |    |    |    |    |    |    |         |    |  |  switches; bit 7: 0.1 A and 0.1 Ah
//      |  |     |    |    |    |    |    |    |         |    |  100 %
//      |  |     |    |    |    |    |    |    |         |    version 8.0
//      |  |     |    |    |    |    |    |    balancing protections
//      |  |     |    |    |    |    |    2022-03-28
//      |  |     |    |    |    |    cycles
//      |  |     |    |    |    5.00 Ah
//      |  |     |    |    4.98 Ah
//      |  |     |    0.00 A, + charges
//      |  |     15.60 V
//      |  STATUS
//      REG
//   DD 04 00 08 0F45 0F3D 0F37 0F3D FEC6 77          register 04: cells in mV
// clang-format on
//
// Parameters (10 to 3F, A0 to A2) can only be read in factory mode, and entering it is a write: it is never entered here.
// They are read on demand as they are, for boards that answer nevertheless or that somebody else has opened. Nothing that
// polling needs is among them; the current limits of the BMS (28, 29) are, and the configuration's are in force instead.
// A board is recognised by its port, since its bar code (A2) cannot be read reliably.
//
// Both switches can be turned off and on with E1, which needs no factory mode. One word says both; a switch that is off
// because of a protection is not locked along with the other:
//
//   DD 5A E1 02 0001 FF1C 77                         bit 0: charge off, bit 1: discharge off
//   DD E1 00 00 0000 77
//
// A sleeping board wakes up by a request and does not answer it: the next one is.
//
// What proves it: good replies to 03 (1 to 32 cells) and to 04 (at least as many).
#include "protocol/lltjbd_uart.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "protocol/lltjbd_uart_data.h"
#include "protocol/lltjbd_uart_frame.h"

namespace bmsd {
namespace {

using lltjbd::JbdFrame;
using lltjbd::kRegisters;
using lltjbd::Memory;

// --- Exchanges ---

// The exchanges in their order: the registers that every board answers, the parameters, and the writes, of which
// factory mode is known when it is heard and never sent.
enum Index : std::uint8_t { k03, k04, k05, kAA, kFirstParameter };
constexpr std::array<std::uint8_t, kFirstParameter> kPlain = {0x03, 0x04, 0x05, 0xAA};
constexpr std::array<std::uint8_t, 3> kWritten = {0x00, 0x01, 0xE1};
constexpr std::size_t kFirstWritten = kFirstParameter + kRegisters.size();
constexpr std::size_t kSwitches = kFirstWritten + 2;
constexpr std::size_t kExchangeCount = kFirstWritten + kWritten.size();

// Boards answer within 20 to 100 ms; the longest reply takes 85 ms. The silence inside one is that of the boxes between.
constexpr Exchange exchange(std::string_view name, Cadence cadence, bool optional, std::string_view help) {
  return {name, help, cadence, 500ms, 150ms, 1000ms, optional};
}
constexpr std::array<Exchange, kExchangeCount> kExchanges = [] {
  std::array<Exchange, kExchangeCount> all{};
  all[k03] = exchange("03", Cadence::fast, false, "voltage, current, state of charge, temperatures, alarms, switches");
  all[k04] = exchange("04", Cadence::fast, false, "cell voltages");
  all[k05] = exchange("05", Cadence::once, true, "name of the hardware");
  all[kAA] = exchange("AA", Cadence::demand, true, "how often each protection tripped");
  for (std::size_t i = 0; i < kRegisters.size(); ++i)
    all[kFirstParameter + i] = exchange(kRegisters[i].name, Cadence::demand, true, kRegisters[i].help);
  all[kFirstWritten] = exchange("00", Cadence::write, true, "entering factory mode; never sent");
  all[kFirstWritten + 1] = exchange("01", Cadence::write, true, "leaving factory mode; never sent");
  all[kSwitches] = exchange("E1", Cadence::write, true, "turning switches on and off");
  return all;
}();

bool is_parameter(std::size_t exchange) { return exchange >= kFirstParameter && exchange < kFirstWritten; }

// Position of a register in a table of register numbers, or nothing.
std::optional<std::size_t> place_in(std::span<const std::uint8_t> numbers, std::uint8_t number) {
  const auto found = std::find(numbers.begin(), numbers.end(), number);
  if (found == numbers.end()) return std::nullopt;
  return static_cast<std::size_t>(found - numbers.begin());
}

int exchange_of_read(std::uint8_t number) {
  if (const auto place = place_in(kPlain, number)) return static_cast<int>(*place);
  const auto found = std::find_if(kRegisters.begin(), kRegisters.end(),
                                  [number](const lltjbd::Register& one) { return one.number == number; });
  if (found == kRegisters.end()) return -1;
  return static_cast<int>(kFirstParameter) + static_cast<int>(found - kRegisters.begin());
}

int exchange_of_write(std::uint8_t number) {
  const auto place = place_in(kWritten, number);
  return place ? static_cast<int>(kFirstWritten + *place) : -1;
}

std::uint8_t register_of(std::size_t exchange) {
  return exchange < kFirstParameter ? kPlain[exchange] : kRegisters[exchange - kFirstParameter].number;
}

// --- Tags ---

// A reply with A5 or 5A in the place of its register, which the check does not guard. Boards of one old firmware send all
// of theirs so: nobody can tell what they answer. Entering factory mode is the one request that looks like it.
bool is_nameless_reply(const JbdFrame& frame) {
  const bool is_status = frame.third == 0 || (frame.third >= 0x80 && frame.third <= 0x83);
  return is_status && !(frame.head == lltjbd::kWrite && frame.third == 0 && frame.data.size() == 2);
}

// A frame names its register but no address, since there is one board. A late reply is never taken for another
// register's, and one for the same register is the board's all the same.
Tag tag(const Frame& frame) {
  const auto parsed = lltjbd::parse_frame(frame.bytes);
  if (!parsed) return {};
  if (parsed->is_request()) {
    if (is_nameless_reply(*parsed)) return {};
    const bool reads = parsed->head == lltjbd::kRead;
    return {Role::request, -1, reads ? exchange_of_read(parsed->third) : exchange_of_write(parsed->third)};
  }
  const int read = exchange_of_read(parsed->head);
  return {Role::reply, -1, read >= 0 ? read : exchange_of_write(parsed->head)};
}

// --- Replies ---

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

Error refusal(std::uint8_t status) {
  const auto known = std::find_if(lltjbd::kStatusCodes.begin(), lltjbd::kStatusCodes.end(),
                                  [status](const lltjbd::StatusCode& code) { return code.code == status; });
  const char* meaning = known == lltjbd::kStatusCodes.end() ? "unknown status" : known->meaning;
  return {Errc::refused, "status_error", status, meaning};
}

// The checks of an intact frame: that it answers this request, and well.
Result<JbdFrame> open_reply(const JbdFrame& asked, Bytes reply) {
  auto frame = lltjbd::parse_frame(reply);
  if (!frame) return frame;
  if (frame->head != asked.third) return error(Errc::command, "wrong_type");
  if (frame->third != 0) return refusal(frame->third);
  return frame;
}

Result<Reading> decode_data(const JbdFrame& asked, Bytes data, Memory& memory) {
  if (asked.head == lltjbd::kWrite) {
    if (!data.empty()) return Error{Errc::implausible, "implausible", 0, "an acknowledgement is empty"};
    return lltjbd::decode_acknowledgement(asked.third, memory);
  }
  const int exchange = exchange_of_read(asked.third);
  switch (exchange) {
    case -1:
      return error(Errc::command, "unknown_register");
    case k03:
      return lltjbd::decode_03(data, memory);
    case k04:
      return lltjbd::decode_04(data, memory);
    case k05:
      return lltjbd::decode_05(data);
    case kAA:
      return lltjbd::decode_aa(data, memory);
    default:
      return lltjbd::decode_register(kRegisters[static_cast<std::size_t>(exchange) - kFirstParameter], data, memory);
  }
}

// --- Session ---

void read_percent(std::string_view text, double& to) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 100) to = value;
}

class JbdSession final : public Session {
 public:
  explicit JbdSession(const OpenOptions& options) {
    memory_.extras = options.extras;
    for (const Param& param : options.params) {
      if (param.key == "SOC_LOW_WARNING") read_percent(param.value, memory_.soc_low_warning);
      if (param.key == "SOC_LOW_ALARM") read_percent(param.value, memory_.soc_low_alarm);
    }
  }

  std::optional<Request> request(std::uint8_t exchange) override {
    if (exchange >= kFirstWritten || (is_parameter(exchange) && parameters_closed())) return std::nullopt;
    return Request{exchange, lltjbd::encode_frame({lltjbd::kRead, register_of(exchange), {}})};
  }

  // Bit 12 tells whether a switch is locked at all. While it is clear, the other switch is either on or held by a
  // protection, and must not stay off when that is over. While it is set, an other switch that is off may be locked: it
  // stays as it is, since nobody asked for it to be turned on.
  Result<Request> change(const Change& change) override {
    if (!is_switch(change.what)) return Session::change(change);
    if (!memory_.switches) return usage("the position of the other switch is not known yet: register 03 was not read");
    const auto [charge_on, discharge_on, locked] = *memory_.switches;
    bool charge_off = locked && !charge_on, discharge_off = locked && !discharge_on;
    (change.what == Changeable::charge_fet ? charge_off : discharge_off) = change.value == 0;
    const std::array<std::uint8_t, 2> word = {
        0, static_cast<std::uint8_t>((charge_off ? kChargeOff : 0) | (discharge_off ? kDischargeOff : 0))};
    return Request{static_cast<std::uint8_t>(kSwitches),
                   lltjbd::encode_frame({lltjbd::kWrite, kWritten[kSwitches - kFirstWritten], word})};
  }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.asked == nullptr) return error(Errc::command, "unasked");
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    const auto asked = lltjbd::parse_frame(heard.asked->bytes);
    if (!asked || !asked->is_request()) return error(Errc::command, "unasked");
    return decode_reply(*asked, heard.frames.back().bytes);
  }

  Result<Reading> decode_reply(const JbdFrame& asked, Bytes reply) {
    const auto frame = open_reply(asked, reply);
    if (!frame) return frame.error();
    auto reading = decode_data(asked, frame->data, memory_);
    if (reading && asked.head == lltjbd::kRead) answered(static_cast<std::size_t>(exchange_of_read(asked.third)));
    return reading;
  }

  void failed(std::uint8_t exchange, const Error& error) override {
    if (!is_parameter(exchange) || parameters_open_) return;
    if (error.code == Errc::refused) parameter_misses_ = kTries;
    if (error.code == Errc::timeout) ++parameter_misses_;
  }

 private:
  static constexpr int kTries = 3;
  static constexpr std::uint8_t kChargeOff = 1U << 0, kDischargeOff = 1U << 1;  // of E1

  // A board that does not answer one parameter answers none: not worth the silence of fifty.
  bool parameters_closed() const { return !parameters_open_ && parameter_misses_ >= kTries; }

  void answered(std::size_t exchange) {
    if (is_parameter(exchange)) parameters_open_ = true;
    if (exchange == k05) {  // once per connection
      parameters_open_ = false;
      parameter_misses_ = 0;
    }
  }

  Memory memory_;
  bool parameters_open_ = false;
  int parameter_misses_ = 0;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<JbdSession>(options); }

// --- One reply as it stands in a vector ---

// From where a receiver takes the reply: behind stale bytes, and behind the request where the adapter gives it back. Of
// bytes without an intact frame everything, or what is behind stale bytes and has the size of a frame.
Bytes reply_in(Bytes request, Bytes response) {
  Bytes rest = response;
  while (!rest.empty()) {
    const Scan scan = lltjbd::scan_frame(rest, true);
    const bool echo = scan.kind == Scan::frame && same(rest.first(scan.size), request) && rest.size() > scan.size;
    if (scan.kind == Scan::frame && !echo) return rest;
    const bool is_damaged_frame = scan.why.code == Errc::checksum && lltjbd::frame_size(rest) == rest.size();
    if (!echo && is_damaged_frame) return rest;
    rest = rest.subspan(scan.size);
  }
  return response;
}

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  JbdSession session({.address = -1, .params = params, .extras = true});
  if (response.empty()) return error(Errc::timeout, "no_reply");
  const Bytes reply = reply_in(request, response);
  if (!request.empty()) {
    const auto asked = lltjbd::parse_frame(request);
    if (!asked || !asked->is_request()) return usage("the request is not a frame of this protocol");
    return session.decode_reply(*asked, reply);
  }
  const auto said = lltjbd::parse_frame(reply);
  if (!said) return said.error();
  const bool is_write = exchange_of_read(said->head) < 0 && exchange_of_write(said->head) >= 0;
  return session.decode_reply({is_write ? lltjbd::kWrite : lltjbd::kRead, said->head, {}}, reply);
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"LltJbd"};
constexpr std::array<int, 1> kSpeeds = {9600};
// No board has an address; 1 is what settings are kept under.
constexpr int kOnlyAddress = 1;
constexpr std::array<int, 1> kAddresses = {kOnlyAddress};
constexpr std::array<std::uint8_t, 2> kProof = {k03, k04};
constexpr std::array<Writable, 2> kWritables = {{{Changeable::charge_fet, k03}, {Changeable::discharge_fet, k03}}};
constexpr std::array<Word, 1> kWords = {{{"production_date", "manufacturing_date"}}};

}  // namespace

constinit const Protocol kLltJbdUart = {
    .name = "lltjbd-uart",
    .label = "LLT/JBD UART",
    .bms_types = kTypes,
    .brands =
        "JBD (Jiabaida), LLT Power, Overkill Solar, Xiaoxiang; Chins, Eco-Worthy and other batteries with such a board",
    .medium = Medium::stream,
    .check = Check::sum16,
    .speeds = kSpeeds,
    .addresses = kAddresses,
    .default_address = kOnlyAddress,
    .lowest_address = kOnlyAddress,
    .highest_address = kOnlyAddress,
    .turnaround_start = 50ms,
    .turnaround_min = 20ms,  // boards that are asked sooner send half of a reply, or two in one
    .framer = lltjbd::scan_frame,
    .tag = tag,
    .exchanges = kExchanges,
    .proof = kProof,
    .writables = kWritables,
    .alarm_bits = lltjbd::kAlarmBits,
    .words = kWords,
    .reads =
        "voltage, current, SoC, up to 32 cells, temperatures, capacities, cycles, alarms, FETs, balancing, trip "
        "counters, hardware, version, production date; parameters where the board gives them without factory mode",
    .writes = "charge FET, discharge FET",
    .probe_is_write = false,
    .tells_fets = true,
    .open = open,
    .respond = respond_as_lltjbd_uart,
    .decode_vector = decode_vector,
    .text = false,
};

}  // namespace bmsd
