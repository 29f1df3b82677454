// Renogy smart lithium batteries over RS485: RBT100LFP12S, RBT100LFP12SH-G1, RBT100LFP12-BT, RBT50LFP48S, LFP100S,
// RBT12200LFP-B and others of the family. Their BMS is made by RongSi. 1 to 16 cells.
//
// Where this is from: RongSi's "Lithium Iron Battery BMS Modbus Protocol V1.7"; register dumps and captured frames of
// three batteries; what users report. renogy_tables.h says which. 9600 bits per second, 8N1, addresses 1 to 247: F7
// from the factory, 30 and upwards once a monitor, a Bluetooth box or the app has given one. Nobody has read a real
// battery with this program yet.
//
// Frames are those of Modbus RTU (wire/modbus_frame.h), read with function 03. Numbers of registers are those on the
// wire:
//
// clang-format off
//   30 03 13B2 0007 A48A                                   registers 5042 to 5048 of battery 30
//   30 03 0E FFAA 0088 00017BB0 000186A0 000F E01E
//            |    |    |        |        15 cycles
//            |    |    |        100.0 Ah
//            |    |    97.2 Ah
//            |    13.6 V
//            -0.86 A, + charges
//   30 83 02 913E                                          there are no such registers
// clang-format on
//
// A reply does not say which registers it holds, only how many bytes. No two blocks that are polled have the same
// length, so that a late reply cannot be believed as another one. A block that the battery refuses is read in smaller
// pieces, those that it refuses too are left out. Pieces do have equal lengths: after a lost reply the next one of its
// length that comes for other registers is passed over.
//
// Cell voltages have one decimal: they are for looking at, and their sum is not the battery's voltage. There is no
// state of charge; it is made of two capacities. The model is read before the first current, whose unit depends on it.
// Registers are only read: 5222 would shut the battery down, 61440 and above belong to the monitor.
//
// What proves it: a name of the model that can be printed, then 1 to 16 cells, or else a battery with a capacity.
#include "protocol/renogy.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/renogy_data.h"
#include "protocol/renogy_tables.h"
#include "wire/modbus_frame.h"

namespace bmsd {
namespace {

using renogy::Memory;
using renogy::Registers;

// --- Exchanges ---

struct Span {
  std::uint16_t first = 0, count = 0;
};

struct Block {
  Exchange exchange;
  std::array<Span, 3> spans;  // where the first is refused the next is read, the last one as long as `is_vital`
  bool is_vital = false;
  int piece_of = -1;  // read only where that block was refused
};

// A battery begins to answer within some 10 to 50 ms; the longest reply takes 76 ms.
constexpr Block block(std::string_view name, Cadence cadence, bool optional, std::string_view help, Span all,
                      Span less = {}, Span least = {}) {
  return {{name, help, cadence, 500ms, 100ms, 1000ms, optional}, {all, less, least}};
}
constexpr Block vital(Block block) {
  block.is_vital = true;
  return block;
}
constexpr Block piece(int of, Cadence cadence, std::string_view name, Span span) {
  Block piece = block(name, cadence, true, "where the block around it is refused", span);
  piece.piece_of = of;
  return piece;
}

enum Index : std::uint8_t { k5000, k5122, k5042, k5100, k5048, k5035, k5110, k5119, k5130, k5223, k5200, k5226 };

constexpr auto kBlocks = std::to_array<Block>({
    vital(block("5000", Cadence::fast, false, "cell voltages and temperatures", {5000, 34}, {5000, 17})),
    block("5122", Cadence::fast, false, "model; once, and again after a reply was lost", {5122, 8}),
    vital(block("5042", Cadence::fast, false, "current, voltage, capacities", {5042, 6})),
    block("5100", Cadence::fast, false, "alarms, switches", {5100, 10}, {5106, 4}, {5106, 2}),
    block("5048", Cadence::slow, true, "cycles, limits", {5048, 5}),
    block("5035", Cadence::slow, true, "temperatures of the board, the environment and the heater", {5035, 7}),
    block("5110", Cadence::once, true, "serial number", {5110, 9}),
    block("5119", Cadence::once, true, "versions of the board", {5119, 3}),
    block("5130", Cadence::once, true, "software version, manufacturer", {5130, 12}),
    block("5223", Cadence::once, true, "address", {5223, 1}),
    block("5200", Cadence::demand, true, "settings of the protections", {5200, 22}),
    block("5226", Cadence::demand, true, "identification code, power settings", {5226, 4}),
    piece(k5000, Cadence::fast, "5017", {5017, 16}),
    piece(k5048, Cadence::slow, "5048/1", {5048, 1}),
    piece(k5048, Cadence::slow, "5049", {5049, 1}),
    piece(k5048, Cadence::slow, "5050", {5050, 1}),
    piece(k5048, Cadence::slow, "5051", {5051, 1}),
    piece(k5048, Cadence::slow, "5052", {5052, 1}),
    piece(k5035, Cadence::slow, "5035/1", {5035, 1}),
    piece(k5035, Cadence::slow, "5036", {5036, 3}),
    piece(k5035, Cadence::slow, "5039", {5039, 3}),
    piece(k5110, Cadence::once, "5110/8", {5110, 8}),
    piece(k5110, Cadence::once, "5118", {5118, 1}),
    piece(k5119, Cadence::once, "5119/2", {5119, 2}),
    piece(k5119, Cadence::once, "5121", {5121, 1}),
    piece(k5130, Cadence::once, "5130/2", {5130, 2}),
    piece(k5130, Cadence::once, "5132", {5132, 8}),
    piece(k5200, Cadence::demand, "5200/4", {5200, 4}),
    piece(k5200, Cadence::demand, "5204", {5204, 4}),
    piece(k5200, Cadence::demand, "5208", {5208, 3}),
    piece(k5200, Cadence::demand, "5211", {5211, 4}),
    piece(k5200, Cadence::demand, "5215", {5215, 4}),
    piece(k5200, Cadence::demand, "5219", {5219, 3}),
    piece(k5226, Cadence::demand, "5226/2", {5226, 2}),
    piece(k5226, Cadence::demand, "5228", {5228, 2}),
    // What another master may read.
    block("other", Cadence::demand, true, "any other registers; never asked for", {}),
});
constexpr std::size_t kBlockCount = kBlocks.size();
constexpr int kOther = static_cast<int>(kBlockCount) - 1;

constexpr auto kExchanges = [] {
  std::array<Exchange, kBlockCount> exchanges{};
  for (std::size_t i = 0; i < kBlockCount; ++i) exchanges[i] = kBlocks[i].exchange;
  return exchanges;
}();

constexpr bool pieces_come_last() {
  for (std::size_t i = 0; i + 1 < kBlockCount; ++i) {
    if ((kBlocks[i].piece_of >= 0) != (i > k5226)) return false;
  }
  return true;
}
static_assert(kBlocks[k5100].spans[0].first == 5100 && kBlocks[k5226].spans[0].first == 5226 && pieces_come_last());

bool overlaps(const Span& span, const ModbusFrame& request) {
  return request.first < span.first + span.count && span.first < request.first + request.count;
}

// The exchange that a request belongs to. Whatever holds a part of the alarms belongs to theirs, so that the next reply
// takes the place of this one.
int exchange_of(const ModbusFrame& request) {
  if (overlaps(kBlocks[k5100].spans[0], request)) return k5100;
  const auto is_it = [&](const Block& block) {
    return block.spans[0].first == request.first && block.spans[0].count == request.count;
  };
  const auto same = std::ranges::find_if(kBlocks, is_it);
  if (same != kBlocks.end()) return static_cast<int>(same - kBlocks.begin());
  for (const Index index : {k5042, k5000, k5122}) {
    const std::uint16_t first = kBlocks[index].spans[0].first;
    if (request.first <= first && first < request.first + request.count) return index;
  }
  return kOther;
}

// --- Tags ---

// A reply names its address, but not its registers; the session knows by its length what it cannot be.
Tag tag(const Frame& frame) {
  const auto parsed = parse_modbus(frame.bytes);
  if (!parsed || parsed->function != kModbusReadHolding) return {};
  if (parsed->kind == ModbusFrame::request) return {Role::request, parsed->address, exchange_of(*parsed)};
  return {Role::reply, parsed->address, -1};
}

// --- Replies ---

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

Error refusal(std::uint8_t code) {
  const char* meaning = code > 0 && code < renogy::kRefusals.size() ? renogy::kRefusals[code] : "unknown code";
  return {Errc::refused, "modbus_exception", code, meaning};
}

// The checks of an intact frame: that it answers this request.
Result<ModbusFrame> open_reply(const ModbusFrame& asked, Bytes reply) {
  auto frame = parse_modbus(reply);
  if (!frame) return frame;
  if (frame->kind == ModbusFrame::request) return error(Errc::command, "echo");
  if (frame->address != asked.address) return error(Errc::address, "wrong_address");
  if (frame->function != asked.function) return error(Errc::command, "wrong_function");
  if (frame->kind == ModbusFrame::refusal) return refusal(frame->code);
  if (frame->data.size() != std::size_t{2} * asked.count) return error(Errc::length, "wrong_length");
  return frame;
}

Result<ModbusFrame> open_request(Bytes bytes) {
  auto asked = parse_modbus(bytes);
  if (asked && (asked->kind != ModbusFrame::request || asked->function != kModbusReadHolding))
    return error(Errc::command, "wrong_function");
  return asked;
}

// --- Session ---

class RenogySession final : public Session {
 public:
  explicit RenogySession(const OpenOptions& options)
      : address_(static_cast<std::uint8_t>(options.address < 0 ? kRenogy.default_address : options.address)) {
    memory_.extras = options.extras;
    for (const Param& param : options.params) {
      if (param.key == "current_unit_a" && param.value == "0.1") memory_.unit = 0.1;
      if (param.key == "current_unit_a" && param.value == "0.01") memory_.unit = 0.01;
    }
  }

  std::optional<Request> request(std::uint8_t exchange) override {
    if (exchange >= kOther || (exchange == k5122 && !model_is_due_)) return std::nullopt;
    const Block& block = kBlocks[exchange];
    if (block.piece_of >= 0 && talks_[static_cast<std::size_t>(block.piece_of)].step == 0) return std::nullopt;
    const Span span = span_of(exchange);
    if (span.count == 0) return std::nullopt;
    asked_counts_.set(span.count);
    passed_over_ = false;
    std::erase_if(lost_, [](Lost& lost) { return --lost.requests_left == 0; });
    return Request{exchange, modbus_read(address_, kModbusReadHolding, span.first, span.count)};
  }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.asked == nullptr) return error(Errc::command, "unasked");
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    const auto asked = open_request(heard.asked->bytes);
    if (!asked) return error(Errc::command, "unasked");
    auto reading = decode_reply(*asked, heard.frames.back().bytes);
    if (reading && heard.asked->exchange < kBlockCount) {
      talks_[heard.asked->exchange].refusals = 0;
      talks_[heard.asked->exchange].answered = true;
      if (heard.asked->exchange == k5122) model_is_due_ = false;
    }
    return reading;
  }

  Result<Reading> decode_reply(const ModbusFrame& asked, Bytes reply) {
    const auto frame = open_reply(asked, reply);
    if (!frame) {
      // The late reply to something else that was asked: the right one may still come.
      const bool is_late = frame.error().code == Errc::length && is_length_of_another(reply);
      return is_late ? error(Errc::command, "wrong_length") : frame.error();
    }
    if (may_be_late(asked)) return error(Errc::command, "wrong_command");
    Memory next = memory_;
    auto reading = renogy::decode_registers({asked.first, frame->data}, next);
    if (!reading) return reading;
    const bool asks_model = asked.first == kBlocks[k5122].spans[0].first;
    if (asks_model && (next.model.empty() || next.model.find('?') != std::string::npos))
      return Error{Errc::implausible, "implausible", 0, "the model is no text"};
    memory_ = std::move(next);
    return reading;
  }

  void failed(std::uint8_t exchange, const Error& error) override {
    if (exchange >= kBlockCount) return;
    if (error.code == Errc::timeout) {
      model_is_due_ = true;  // perhaps it is another battery that answers next
      if (!passed_over_) lost_.push_back({span_of(exchange), kRequestsLateAtMost});
    }
    const bool lacks_registers =
        error.code == Errc::refused && (error.number == renogy::kBadRange || error.number == renogy::kBadLength);
    const bool has_no_model = exchange == k5122 && error.code == Errc::implausible;
    if (!lacks_registers && !has_no_model) return;
    // Not because of a single one, which may be late or another master's.
    Talk& talk = talks_[exchange];
    if (++talk.refusals < (talk.answered ? kRefusalsAfterAnswer : kRefusals)) return;
    ++talk.step;
    if (kBlocks[exchange].is_vital && span_of(exchange).count == 0) --talk.step;
    if (exchange == k5100) memory_.status = {};  // alarms that are not read any more would stand for ever
    talk.refusals = 0;
    talk.answered = false;
  }

 private:
  static constexpr int kRefusals = 2, kRefusalsAfterAnswer = 6;
  static constexpr int kRequestsLateAtMost = 20;

  struct Talk {
    std::size_t step = 0;  // which of the block's spans is read
    int refusals = 0;      // since the last good reply
    bool answered = false;
  };

  // A reply that did not come in time.
  struct Lost {
    Span span;
    int requests_left;  // until it is given up
  };

  // Whether what answers this request may be a lost reply to another one. Each lost reply is suspected once.
  bool may_be_late(const ModbusFrame& asked) {
    const auto lost = std::ranges::find_if(
        lost_, [&](const Lost& one) { return one.span.count == asked.count && one.span.first != asked.first; });
    if (lost == lost_.end()) return false;
    lost_.erase(lost);
    passed_over_ = true;
    return true;
  }

  Span span_of(std::size_t exchange) const {
    const auto& spans = kBlocks[exchange].spans;
    const std::size_t step = talks_[exchange].step;
    return step < spans.size() ? spans[step] : Span();
  }

  bool is_length_of_another(Bytes reply) const {
    const std::size_t count = reply[2] / 2;
    return asked_counts_.test(count);
  }

  std::uint8_t address_;
  Memory memory_;
  bool model_is_due_ = true;
  std::array<Talk, kBlockCount> talks_{};
  std::bitset<128> asked_counts_;  // of registers, ever
  std::vector<Lost> lost_;
  bool passed_over_ = false;  // a reply to the last request
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<RenogySession>(options); }

// --- One reply as it stands in a vector ---

// Why bytes without an intact frame are none.
Error damage_of(Bytes response) {
  if (response.size() < 4) return error(Errc::incomplete, "truncated");
  const auto parsed = parse_modbus(response);
  return parsed ? error(Errc::timeout, "no_reply") : parsed.error();
}

// The first frame that answers; else why the first one does not.
Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  if (response.empty()) return error(Errc::timeout, "no_reply");
  const auto asked = open_request(request);
  if (!request.empty() && !asked) return usage("the request does not read registers: " + describe(asked.error()));
  RenogySession session({.address = asked ? asked->address : -1, .params = params, .extras = true});
  std::optional<Error> why;
  bool is_echo = false;
  for (Bytes rest = response; !rest.empty();) {
    const Scan scan = scan_modbus(rest, true);
    const Bytes frame = rest.first(scan.size);
    rest = rest.subspan(scan.size);
    if (scan.kind != Scan::frame) continue;
    if (!asked) return usage("a reply does not tell which registers it holds: give the request too (--request)");
    if (same(frame, request)) {
      is_echo = true;
      continue;
    }
    auto reading = session.decode_reply(*asked, frame);
    if (reading) return reading;
    const Errc code = reading.error().code;
    if (!why) why = reading.error();
    if (code != Errc::address && code != Errc::command) break;
  }
  if (why) return *why;
  return is_echo ? error(Errc::timeout, "no_reply") : damage_of(response);
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"Renogy"};
constexpr std::array<int, 1> kSpeeds = {9600};
constexpr std::array<int, 17> kAddresses = {0x30, 0xF7, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,
                                            0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F};
constexpr std::array<std::uint8_t, 3> kProof = {k5122, k5000, k5042};
constexpr std::array<Word, 1> kWords = {{{"cell_temperatures_c", "temperatures_c"}}};

}  // namespace

constinit const Protocol kRenogy = {
    .name = "renogy",
    .label = "Renogy",
    .bms_types = kTypes,
    .brands =
        "Renogy smart lithium batteries with RS485 (RBT100LFP12S, RBT100LFP12SH-G1, RBT50LFP48S, LFP100S and others)",
    .medium = Medium::stream,
    .check = Check::crc16,
    .speeds = kSpeeds,
    .addresses = kAddresses,
    .default_address = 0x30,
    .other_default = 0xF7,  // from the factory; a monitor gives 0x30 and those above
    .lowest_address = 1,
    .highest_address = 247,
    .turnaround_start = 50ms,
    .turnaround_min = 20ms,
    .framer = scan_modbus,
    .tag = tag,
    .exchanges = kExchanges,
    .proof = kProof,
    .alarm_bits = renogy::kAlarmBits,
    .words = kWords,
    .reads =
        "voltage, current, SoC (made of the capacities), up to 16 cells in steps of 0.1 V, temperatures, capacities, "
        "cycles, alarms, FETs, limits, heater, model, versions, serial number; settings of the protections",
    .writes = "",
    .probe_is_write = false,
    .tells_fets = true,
    .open = open,
    .respond = respond_as_renogy,
    .decode_vector = decode_vector,
};

}  // namespace bmsd
