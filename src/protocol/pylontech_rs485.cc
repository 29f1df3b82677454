// Pylontech low-voltage batteries over RS485: US2000, US2000B, US2000C, US3000, US3000C, US5000, UP2500, and batteries of
// others that speak the same protocol.
//
// Where this is from: the vendor's documents "PYLON LFP Battery communication protocol - RS485" V2.8 of 2016 and "PYLON
// low voltage Protocol RS485" V3.3 of 2018; captured frames of US2000, US3000C and UP2500. RS485, 8N1, 115200 bits per
// second, or 9600 with DIP switch 1 of the master battery on. No real battery has been read with this program yet.
//
// Batteries of a group are linked by a cable of their own; the master battery, the only one at the adapter, answers for
// all. Battery n (the master is 2, its first slave 3) of group m (0 where there is only one) has ADR n + 16 m. Frames are
// those of YD/T 1363 (wire/yd1363.h) with CID1 46; VER is 20 in requests and not checked in replies:
//
// clang-format off
//   ~ 20 02 46 42 E002 02 FD33 CR     service 42 of the master battery; INFO is the command byte, which equals ADR
//   ~ 20 02 46 00 F07A 00 02 0F 0D0B 0D0D ... 05 0BBD 0BAE ... 0017 C3A7 FFFF 04 FFFF 0037 00C394 012110 E21E CR
//              |       |  |  |  |             |  |             |    |    |    |  |    |    |      |
//              |       |  |  |  |             |  |             |    |    |    |  |    |    |      74.000 Ah
//              |       |  |  |  |             |  |             |    |    |    |  |    |    50.068 Ah, only where P is 4
//              |       |  |  |  |             |  |             |    |    |    |  |    55 cycles
//              |       |  |  |  |             |  |             |    |    |    |  capacity in 0.001 Ah where P is 2
//              |       |  |  |  |             |  |             |    |    |    P
//              |       |  |  |  |             |  |             |    |    remaining capacity where P is 2
//              |       |  |  |  |             |  |             |    50.087 V
//              |       |  |  |  |             |  |             2.3 A, + charges
//              |       |  |  |  |             |  board, then groups of cells: 0.1 K, 2731 is 0 degrees Celsius
//              |       |  |  |  |             5 sensors
//              |       |  |  |  cells in mV
//              |       |  |  15 cells
//              |       |  command byte, or the number of packs where all were asked for
//              |       DATAFLAG
//              RTN
// clang-format on
//
// Replies to 42, 44, 92, 93 and 96 repeat the command byte, so that a slave's data is never taken for another's; none
// names its service, which is told by its shape. Command byte FF asks for all packs of a group in one reply; newer
// batteries do not answer it, so each pack is asked for itself. Services that write (94 limits, 95 turn off) are never
// sent.
//
// What proves it: a good reply to 93, which no other BMS of this frame knows, then one to 51 or 42.
#include "protocol/pylontech_rs485.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "protocol/pylontech_rs485_info.h"
#include "protocol/pylontech_rs485_tables.h"
#include "wire/yd1363.h"
#include "wire/yd1363_return.h"

namespace bmsd {
namespace {

using pylontech::kAllPacks;
using pylontech::Memory;

constexpr std::uint8_t kVer = 0x20, kCid1 = 0x46;
constexpr int kMaster = 2;  // n of the master battery

// --- Exchanges ---

enum Index : std::uint8_t { k42, k44, k92, k93, k51, k96, k4F, k47, k42All, k44All, kExchangeCount };

// No document says how soon a battery answers. The longest reply of one pack takes 160 ms at 9600 bits per second.
constexpr Exchange exchange(std::string_view name, Cadence cadence, bool optional, std::string_view help) {
  return {name, help, cadence, 500ms, 100ms, 1000ms, optional};
}
// Sixteen packs are 2000 characters.
constexpr Exchange exchange_with_all(std::string_view name, std::string_view help) {
  return {name, help, Cadence::demand, 2000ms, 100ms, 5000ms, true};
}
constexpr std::array<Exchange, kExchangeCount> kExchanges = {
    exchange("42", Cadence::fast, false, "voltages, current, temperatures, capacities, cycles"),
    exchange("44", Cadence::fast, false, "alarms, FETs"),
    exchange("92", Cadence::fast, true, "limits of charging and discharging, requests to charge"),
    exchange("93", Cadence::once, true, "serial number"),
    exchange("51", Cadence::once, true, "device name, software version, manufacturer"),
    exchange("96", Cadence::once, true, "software version (V2.9 and later)"),
    exchange("4F", Cadence::once, true, "protocol version"),
    exchange("47", Cadence::slow, true, "limits of voltages, temperatures and currents"),
    exchange_with_all("42/all", "voltages to cycles of all packs of the group"),
    exchange_with_all("44/all", "alarms and FETs of all packs of the group"),
};

struct Service {
  std::uint8_t cid2;
  bool named;  // request and reply carry the command byte
};
constexpr std::array<Service, kExchangeCount> kServices = {{{0x42, true},
                                                            {0x44, true},
                                                            {0x92, true},
                                                            {0x93, true},
                                                            {0x51, false},
                                                            {0x96, true},
                                                            {0x4F, false},
                                                            {0x47, false},
                                                            {0x42, true},
                                                            {0x44, true}}};

bool is_of_all(std::uint8_t exchange) { return exchange == k42All || exchange == k44All; }

// Return codes are 00 to 06 and from 90 on. What else stands there, those services included that are never sent here,
// is a request; some of them are in the range of the vendor's return codes.
bool is_request(std::uint8_t cid2) { return (cid2 >= 0x40 && cid2 < 0x80) || (cid2 >= 0x92 && cid2 <= 0x96); }

// --- Requests and replies ---

// What a request asks for.
struct Asked {
  std::uint8_t adr = 0;
  std::uint8_t command = 0;  // ADR where the service has no command byte
  int exchange = -1;         // -1: none that we know
};

Asked asked_by(const Yd1363Frame& request) {
  Asked asked{request.adr, request.info.empty() ? request.adr : request.info[0], -1};
  for (std::uint8_t i = 0; i < kExchangeCount && asked.exchange < 0; ++i) {
    const bool same_packs = is_of_all(i) == (asked.command == kAllPacks && kServices[i].named);
    if (kServices[i].cid2 == request.cid2 && same_packs) asked.exchange = i;
  }
  return asked;
}

// What it answers, by its shape: the ones with counts first, because what follows from their own counts is the stronger
// sign; of several that fit, the one that leaves least over. (Cells take more bytes in 42, and a group's reply goes on
// behind its first pack, so that nothing fits twice unless a pack has more sensors than cells.) Only the master battery
// answers for a group. -1: nothing that we know.
int exchange_of_reply(Bytes info, std::uint8_t adr) {
  int counted = -1;
  std::size_t least = info.size() + 1;
  const auto consider = [&](Index index, std::optional<std::size_t> left_over) {
    if (!left_over || *left_over >= least) return;
    counted = index;
    least = *left_over;
  };
  consider(k42, pylontech::left_over_by_42(info, adr));
  consider(k44, pylontech::left_over_by_44(info, adr));
  if (adr % 16 == kMaster) {
    consider(k42All, pylontech::left_over_by_42(info, kAllPacks));
    consider(k44All, pylontech::left_over_by_44(info, kAllPacks));
  }
  if (counted >= 0) return counted;
  switch (info.size()) {
    case 0:
      return k4F;
    case pylontech::kSize47:
      return k47;
    case pylontech::kSize51:
      return k51;
    case pylontech::kSize92:
      return k92;
    case pylontech::kSize93:
      return k93;
    case pylontech::kSize96:
      return k96;
    default:
      return -1;
  }
}

// A request whose command byte is another pack's than ADR is the older form of V2.8: its reply could not be told from
// the one of pack ADR, so it is none of ours.
Tag tag(const Frame& frame) {
  Yd1363Buffer buffer;
  const auto parsed = parse_yd1363(frame.bytes, buffer);
  if (!parsed || parsed->cid1 != kCid1) return {};
  if (is_request(parsed->cid2)) {
    const Asked asked = asked_by(*parsed);
    const bool ours = asked.command == asked.adr || asked.command == kAllPacks;
    return {Role::request, parsed->adr, ours ? asked.exchange : -1};
  }
  return {Role::reply, parsed->adr, parsed->cid2 == 0 ? exchange_of_reply(parsed->info, parsed->adr) : -1};
}

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

Error refusal(std::uint8_t rtn) {
  const auto known = std::find_if(pylontech::kReturnCodes.begin(), pylontech::kReturnCodes.end(),
                                  [rtn](const pylontech::ReturnCode& code) { return code.code == rtn; });
  const char* meaning = known == pylontech::kReturnCodes.end() ? "unknown return code" : known->meaning;
  return {Errc::refused, kYd1363ReturnWords[rtn].data(), rtn, meaning};
}

Bytes without_cr(Bytes text) { return !text.empty() && text.back() == '\r' ? text.first(text.size() - 1) : text; }

// The checks of a reply's frame in the order of their words: echo, those of parse_yd1363, CID1, ADR, RTN.
Result<Yd1363Frame> open_reply(Bytes request, Bytes reply, int address, Yd1363Buffer& buffer) {
  if (!request.empty() && same(without_cr(request), without_cr(reply))) return error(Errc::command, "echo");
  auto frame = parse_yd1363(reply, buffer);
  if (!frame) return frame;
  if (frame->cid1 != kCid1) return error(Errc::command, "wrong_cid1");
  if (frame->adr != address) return error(Errc::address, "wrong_adr");
  if (frame->cid2 != 0) return refusal(frame->cid2);
  return frame;
}

Result<Reading> decode_frame(const Asked& asked, const Yd1363Frame& frame, Memory& memory) {
  switch (asked.exchange) {
    case k42:
    case k42All:
      return pylontech::decode_42(frame.info, asked.command, memory);
    case k44:
    case k44All:
      return pylontech::decode_44(frame.info, asked.command, memory);
    case k47:
      return pylontech::decode_47(frame.info, memory);
    case k4F:
      return pylontech::decode_4f(frame.ver, memory);
    case k51:
      return pylontech::decode_51(frame.info, memory);
    case k92:
      return pylontech::decode_92(frame.info, asked.command, memory);
    case k93:
      return pylontech::decode_93(frame.info, asked.command, memory);
    case k96:
      return pylontech::decode_96(frame.info, asked.command, memory);
    default:
      return error(Errc::command, "wrong_command");
  }
}

// --- Session ---

// An exchange that some batteries do not know: left out after a refusal or some silence, until it may be tried again.
class Doubtful {
 public:
  bool left_out() const { return misses_ >= kTries; }
  void answered() { misses_ = 0; }
  void failed(const Error& error) {
    if (error.code == Errc::refused && error.number == pylontech::kUnknownCommand) misses_ = kTries;
    if (error.code == Errc::timeout) ++misses_;
  }
  void try_again() { misses_ = 0; }

 private:
  static constexpr int kTries = 2;  // one less than the line makes before it takes the pack for lost
  int misses_ = 0;
};

class PylontechSession final : public Session {
 public:
  explicit PylontechSession(const OpenOptions& options)
      : address_(static_cast<std::uint8_t>(options.address < 0 ? kMaster : options.address)) {
    memory_.extras = options.extras;
  }

  std::optional<Request> request(std::uint8_t exchange) override {
    if (exchange >= kExchangeCount) return std::nullopt;
    if (exchange == k92 && management_.left_out()) return std::nullopt;
    // Only the master battery knows of the others.
    if (is_of_all(exchange) && (address_ % 16 != kMaster || all_packs_.left_out())) return std::nullopt;
    const Service& service = kServices[exchange];
    const std::array<std::uint8_t, 1> command = {is_of_all(exchange) ? kAllPacks : address_};
    const Bytes info = Bytes(command).first(service.named ? 1 : 0);
    return Request{exchange, encode_yd1363({kVer, address_, kCid1, service.cid2, info})};
  }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.asked == nullptr) return error(Errc::command, "unasked");
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    Yd1363Buffer buffer;
    const auto request = parse_yd1363(heard.asked->bytes, buffer);
    if (!request) return error(Errc::command, "unasked");
    return decode_reply(asked_by(*request), heard.asked->bytes, heard.frames.back().bytes);
  }

  // 92 is left out only where it was never answered: limits that were in force must not grow old unseen.
  void failed(std::uint8_t exchange, const Error& error) override {
    if (exchange == k92 && !memory_.management_read) management_.failed(error);
    if (is_of_all(exchange)) all_packs_.failed(error);
  }

  Result<Reading> decode_reply(const Asked& asked, Bytes request, Bytes reply) {
    Yd1363Buffer buffer;
    const auto frame = open_reply(request, reply, address_, buffer);
    if (!frame) return frame.error();
    auto reading = decode_frame(asked, *frame, memory_);
    if (reading) answered(asked.exchange);
    return reading;
  }

 private:
  void answered(int exchange) {
    if (exchange == k92 || exchange == k47 || exchange == k93)
      management_.try_again();  // once a minute is not too often
    if (exchange == k42All || exchange == k44All) all_packs_.answered();
    if (exchange == k93) all_packs_.try_again();  // once per connection
  }

  std::uint8_t address_;
  Memory memory_;
  Doubtful management_, all_packs_;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<PylontechSession>(options); }

// --- One reply as it stands in a vector ---

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  Yd1363Buffer buffer;
  Asked asked;
  if (request.empty()) {
    const auto reply = parse_yd1363(response, buffer);
    if (!reply) return reply.error();
    const int exchange = exchange_of_reply(reply->info, reply->adr);
    const bool of_all = exchange == k42All || exchange == k44All;
    asked = {reply->adr, of_all ? kAllPacks : reply->adr, exchange};
    if (exchange < 0 && reply->cid2 == 0 && reply->cid1 == kCid1)
      return usage("the reply does not tell which service it answers: give the request too (--request)");
  } else {
    const auto parsed = parse_yd1363(request, buffer);
    if (!parsed) return usage("the request is not a frame of this protocol: " + describe(parsed.error()));
    asked = asked_by(*parsed);
  }
  PylontechSession session({.address = asked.adr, .params = params, .extras = true});
  return session.decode_reply(asked, request, response);
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"Pylontech_RS485"};
constexpr std::array<int, 2> kSpeeds = {115200, 9600};
// One group of up to twelve batteries, then the master batteries of groups 1 to 7.
constexpr std::array<int, 19> kAddresses = {2,  3,  4,    5,    6,    7,    8,    9,    10,  11,
                                            12, 13, 0x12, 0x22, 0x32, 0x42, 0x52, 0x62, 0x72};
constexpr std::array<std::uint8_t, 3> kProof = {k93, k51, k42};
constexpr std::array<Word, 1> kWords = {{{"mos_temperature_c", "bms_temperature_c"}}};

}  // namespace

constinit const Protocol kPylontechRs485 = {
    .name = "pylontech-rs485",
    .label = "Pylontech RS485",
    .bms_types = kTypes,
    .brands = "Pylontech US2000, US2000B, US2000C, US3000, US3000C, US5000, UP2500",
    .medium = Medium::stream,
    .check = Check::sum16,
    .speeds = kSpeeds,
    .addresses = kAddresses,
    .default_address = kMaster,
    .lowest_address = 1,  // V2.8
    .highest_address = 0x7D,
    .turnaround_start = 50ms,
    .turnaround_min = 10ms,
    .framer = scan_yd1363,
    .tag = tag,
    .exchanges = kExchanges,
    .proof = kProof,
    .alarm_bits = pylontech::kAlarmBits,
    .words = kWords,
    .reads =
        "voltage, current, SoC, up to 32 cells, temperatures, capacities, cycles, alarms, FETs, limits of charging and "
        "discharging, versions, serial number",
    .writes = "",
    .probe_is_write = false,
    .tells_fets = true,
    .open = open,
    .respond = respond_as_pylontech_rs485,
    .decode_vector = decode_vector,
    .text = true,
};

}  // namespace bmsd
