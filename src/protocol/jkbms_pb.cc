// JK (Jikong) Inverter BMS over RS485, the "PB" models: JK-PB1A16S10P, PB1A16S15P, PB2A16S15P, PB2A16S20P and their V14 to
// V19 hardware. 4 to 16 cells; the blocks have room for 32. JK's older boards (4E 57) speak something else.
//
// Where this is from: the vendor's "BMS RS485 Modbus" V1.0 and V1.1, which have the contents; captured frames of seven
// packs, which have the talk; other programs for what jkbms_pb_tables.h marks [I]. 115200 bits per second, 8N1, RS485 on
// the sockets "RS485-2", with JK's own UART protocol chosen in the app (0 or 1; 13 is the same at 9600). Four switches give
// the address 1 to 15. No real pack has been read with this program yet.
//
// The frames are in jkbms_pb_frame.h. A request is formally a Modbus write of 0 to a register that triggers a block; nothing
// is stored:
//
// clang-format off
//   03 10 1620 0001 02 0000 CF91                          pack 3, status
//   55AAEB90 02 00 DD0C DD0C ... 21  03 10 1620 0001 05A9  its block of 300 bytes, and who sent it
//   |        |  |  |    |        |   |
//   |        |  |  |    |        |   acknowledgement
//   |        |  |  |    |        sum
//   |        |  |  |    3.293 V
//   |        |  |  3.293 V, cell 1
//   |        |  counter
//   |        01 settings, 02 status, 03 about
//   header
// clang-format on
//
// A block does not say who sent it. So only a block with the acknowledgement behind it is a reply: one that lost it is
// asked for again. `decode` shows such a block and says that its sender is not proven.
//
// A pack with address 0 is a master. It asks the others all the time, sends its own blocks unasked, and answers nobody. It
// cannot be polled; its requests are recognised as another master's, and the packs that it asks are read by listening. The
// same addresses also answer plain Modbus reads, unreliably; these are not used.
//
// What proves it: a good reply to the settings (1 to 32 cells, a capacity), then one to the status. About may stay silent
// for a while with newer software and proves nothing.
#include "protocol/jkbms_pb.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "protocol/jkbms_pb_data.h"
#include "protocol/jkbms_pb_frame.h"
#include "protocol/jkbms_pb_tables.h"

namespace bmsd {
namespace jkpb {
namespace {

// --- Exchanges ---

enum Index : std::uint8_t { kStatus, kSettings, kAbout, kExchangeCount };

// The register that triggers a block, and the type of that block.
struct Trigger {
  std::uint16_t reg;
  std::uint8_t type;
};
constexpr std::array<Trigger, kExchangeCount> kTriggers = {{{0x1620, 0x02}, {0x161E, 0x01}, {0x161C, 0x03}}};

// A pack begins to answer after 10 to 25 ms and needs 27 ms; whatever is between makes it longer.
constexpr std::array<Exchange, kExchangeCount> kExchanges = {{
    {"status", "voltage, current, state of charge, cells, temperatures, alarms, switches", Cadence::fast, 400ms, 100ms,
     500ms, false},
    {"settings", "limits, capacity, what is enabled", Cadence::slow, 900ms, 100ms, 1000ms, false},
    {"about", "model, versions, serial number, name", Cadence::once, 900ms, 100ms, 1000ms, true},
}};

int exchange_of_register(std::uint16_t reg) {
  const auto found =
      std::find_if(kTriggers.begin(), kTriggers.end(), [reg](const Trigger& trigger) { return trigger.reg == reg; });
  return found == kTriggers.end() ? -1 : static_cast<int>(found - kTriggers.begin());
}

int exchange_of_type(std::uint8_t type) {
  const auto found =
      std::find_if(kTriggers.begin(), kTriggers.end(), [type](const Trigger& trigger) { return trigger.type == type; });
  return found == kTriggers.end() ? -1 : static_cast<int>(found - kTriggers.begin());
}

// --- Tags ---

// A block with the acknowledgement of another register belongs to nobody's question.
Tag tag(const Frame& frame) {
  const auto parsed = parse_frame(frame.bytes);
  if (!parsed) return {};
  switch (parsed->kind) {
    case PbFrame::request:
      return {Role::request, parsed->address, exchange_of_register(parsed->reg)};
    case PbFrame::exception:
      return {Role::reply, parsed->address, -1};
    case PbFrame::answer:
      break;
  }
  const int exchange = exchange_of_type(parsed->block_type());
  if (exchange < 0 || exchange != exchange_of_register(parsed->reg)) return {};
  return {Role::reply, parsed->address, exchange};
}

// --- Replies ---

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

// What is asked of whom.
struct Question {
  int address = -1;
  int exchange = -1;
};

Error refusal(std::uint8_t code) {
  const auto known = std::find_if(kExceptionCodes.begin(), kExceptionCodes.end(),
                                  [code](const ExceptionCode& one) { return one.code == code; });
  return {Errc::refused, "modbus_exception", code, known == kExceptionCodes.end() ? "unknown code" : known->meaning};
}

// Why a frame does not answer this question well; nothing if it does.
std::optional<Error> misfit(const Question& asked, const PbFrame& said) {
  if (said.kind == PbFrame::request) return error(Errc::command, "echo");
  const bool is_answer = said.kind == PbFrame::answer;
  if (is_answer && exchange_of_type(said.block_type()) != asked.exchange) return error(Errc::command, "wrong_type");
  if (said.address != asked.address) return error(Errc::address, "wrong_address");
  if (!is_answer) return refusal(said.code);
  if (exchange_of_register(said.reg) != asked.exchange) return error(Errc::command, "wrong_type");
  return std::nullopt;
}

// --- Session ---

class PbSession final : public Session {
 public:
  explicit PbSession(const OpenOptions& options) : address_(options.address) { memory_.extras = options.extras; }

  // A master (0) answers nobody.
  std::optional<Request> request(std::uint8_t exchange) override {
    if (exchange >= kExchangeCount || address_ < 1 || address_ >= kMostAddresses) return std::nullopt;
    return Request{exchange, encode_request(static_cast<std::uint8_t>(address_), kTriggers[exchange].reg)};
  }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    const auto said = parse_frame(heard.frames.back().bytes);
    if (!said) return said.error();
    if (heard.asked == nullptr) return decode_unasked(*said);
    const auto asked = parse_frame(heard.asked->bytes);
    if (!asked || asked->kind != PbFrame::request) return error(Errc::command, "unasked");
    return decode_answer({asked->address, exchange_of_register(asked->reg)}, *said);
  }

  // What a master sends of itself.
  Result<Reading> decode_unasked(const PbFrame& said) {
    if (said.kind != PbFrame::answer) return error(Errc::command, "unasked");
    return decode_answer({address_, exchange_of_type(said.block_type())}, said);
  }

  Result<Reading> decode_answer(const Question& asked, const PbFrame& said) {
    if (auto why = misfit(asked, said)) return std::move(*why);
    auto reading = decode_block(said.block);
    if (reading && memory_.extras) reading->extra("responder_address", static_cast<double>(said.address));
    return reading;
  }

  Result<Reading> decode_block(Bytes block) {
    switch (exchange_of_type(block[4])) {
      case kStatus:
        return decode_status(block, memory_);
      case kSettings:
        return decode_settings(block, memory_);
      case kAbout:
        return decode_about(block, memory_);
      default:
        return error(Errc::command, "wrong_type");
    }
  }

 private:
  int address_;
  Memory memory_;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<PbSession>(options); }

// --- One reply as it stands in a vector ---

// Who is asked: what the request says, else whoever answers.
Question question_of(const std::optional<Question>& asked, const PbFrame& said) {
  if (asked) return *asked;
  return {said.address, said.kind == PbFrame::answer ? exchange_of_type(said.block_type()) : -1};
}

// Why what is at the front of `rest` is no frame. The type of a block is looked at before its sum.
Error damage(const std::optional<Question>& asked, Bytes rest, const Scan& scan) {
  const bool is_block = scan.why.code == Errc::checksum && is_block_head(rest);
  if (is_block && asked && exchange_of_type(rest[4]) != asked->exchange) return error(Errc::command, "wrong_type");
  return scan.why;
}

// Searches the whole of it, as a receiver does, past echoes and what does not fit. A block that lost its acknowledgement is
// taken when nobody else has answered.
Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> /*params*/) {
  std::optional<Question> asked;
  if (!request.empty()) {
    const auto parsed = parse_frame(request);
    const int exchange = parsed && parsed->kind == PbFrame::request ? exchange_of_register(parsed->reg) : -1;
    if (exchange < 0) return usage("the request is none of this protocol");
    asked = Question{parsed->address, exchange};
  }
  PbSession session({.address = -1, .params = {}, .extras = true});
  std::optional<Bytes> unproven;
  bool somebody_else = false;
  std::optional<Error> why;  // the first that is no noise, else the first noise
  const auto note = [&why](const Error& reason) {
    if (!why || (why->code == Errc::noise && reason.code != Errc::noise)) why = reason;
  };
  for (Bytes rest = response; !rest.empty();) {
    const Scan scan = scan_frame(rest, true);
    if (scan.kind != Scan::frame) {
      if (!unproven) unproven = intact_block(rest);
      note(damage(asked, rest, scan));
    } else if (const PbFrame said = *parse_frame(rest); said.kind != PbFrame::request) {
      auto reading = session.decode_answer(question_of(asked, said), said);
      const bool fits = reading || (reading.error().code != Errc::address && reading.error().code != Errc::command);
      if (fits) return reading;
      somebody_else = true;
      note(reading.error());
    }
    rest = rest.subspan(scan.size);
  }
  if (!why) return error(Errc::timeout, "no_reply");
  if (!unproven || somebody_else) return std::move(*why);
  if (asked && exchange_of_type((*unproven)[4]) != asked->exchange) return error(Errc::command, "wrong_type");
  auto reading = session.decode_block(*unproven);
  if (reading) reading->extra("responder_unverified", true);
  return reading;
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"Jkbms_pb"};
constexpr std::array<int, 2> kSpeeds = {115200, 9600};  // 9600: protocol 13 of the app
constexpr std::array<int, kMostAddresses - 1> kAddresses = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::array<std::uint8_t, 2> kProof = {kSettings, kStatus};
constexpr std::array<Word, 3> kWords = {{{"cell_temperatures_c", "temperatures_c"},
                                         {"cell_voltage_max_limit_v", "cell_ovp_v"},
                                         {"cell_voltage_min_limit_v", "cell_uvp_v"}}};

}  // namespace
}  // namespace jkpb

constinit const Protocol kJkBmsPb = {
    .name = "jkbms-pb",
    .label = "JK PB",
    .bms_types = jkpb::kTypes,
    .brands =
        "JK (Jikong) Inverter BMS: JK-PB1A16S10P, PB1A16S15P, PB2A16S15P, PB2A16S20P and batteries with one inside",
    .medium = Medium::stream,
    .check = Check::sum8,
    .speeds = jkpb::kSpeeds,
    .addresses = jkpb::kAddresses,
    .default_address = 1,
    .lowest_address = 1,  // 0 is a master
    .highest_address = jkpb::kMostAddresses - 1,
    .turnaround_start = 120ms,
    .turnaround_min = 100ms,  // asked sooner than about 50 ms, several packs answer at once
    .framer = jkpb::scan_frame,
    .tag = jkpb::tag,
    .exchanges = jkpb::kExchanges,
    .proof = jkpb::kProof,
    .alarm_bits = jkpb::kAlarmBits,
    .words = jkpb::kWords,
    .reads =
        "voltage, current, SoC, SoH, up to 32 cells, temperatures, capacities, cycles, alarms, FETs, limits, model, "
        "versions, serial number, name, production date",
    .writes = "",
    .master_advice =
        "a JK PB whose four DIP switches are off is master and asks by itself; give it an address from 1 to 15",
    .probe_is_write = true,
    .tells_fets = true,
    .open = jkpb::open,
    .respond = respond_as_jkbms_pb,
    .decode_vector = jkpb::decode_vector,
    .text = false,
};

}  // namespace bmsd
