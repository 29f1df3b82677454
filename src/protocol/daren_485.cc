// Daren BMS over RS485: DR-JC03, DR48100, DR48200JC and others, in BASEN, Tian (TR1363), SacredSun and REVOV packs and
// many without a name.
//
// Where this is from: "BASEN Energy Storage BMS Communication Protocol"; the user manual "48V LiFePO4 battery pack
// V20220711"; captured replies of seven packs (firmware 1.0.2 and 1.5.5, 15 and 16 cells). What only vendor software or
// another project says is marked [X] in daren_485_tables.h. RS485, 8N1, 19200 (manual) or 9600 (at least as common)
// bits per second. Addresses are set with switches: 1..15, with the fifth switch 16..31; 0 is a pack that stands alone.
// The positions 32 and 48 make a pack the master of the others, which then asks by itself: nobody else may poll there.
//
// Frames are those of YD/T 1363 (wire/yd1363.h) with VER 22 and CID1 4A. One master asks, the pack of that ADR answers:
//
// clang-format off
//   ~ 22 01 4A 42 E002 01 FD28 CR     service 42 of pack 1; INFO begins with COMMAND GROUP
//   ~ 22 01 4A 00 E0C6 00 1A2C 14C0 10 0D01 0D01 0CDB ... D582 CR
//              |       |  |    |    |  |
//              |       |  |    |    |  m cells in mV; then ambient, mean and MOSFET temperature, n, n sensors (0.1 degree C),
//              |       |  |    |    |  current (0.01 A) and the rest: everything behind m moves with m and n
//              |       |  |    |    m = 16 cells
//              |       |  |    53.12 V
//              |       |  67.00 %
//              |       DATAFLAG
//              RTN
// clang-format on
//
// A reply does not name its service, except for 83 and B0, which repeat it: it is matched with the request and by its
// length. COMMAND GROUP of 42 and 47 is 01 by the BASEN text; other packs want their own address. 01 is tried first. 83
// and B0 have only been seen with the address. Services that write (45, 49, 8B, operation 02) are never sent.
//
// What proves it: a reply to 42 that passes all checks (VER, CID1, ADR and RTN included) and holds a plausible battery,
// then one to 51 or, where 51 is missing, to B0/4. (A board of the short form may not know B0.)
#include "protocol/daren_485.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "protocol/daren_485_info.h"
#include "protocol/daren_485_tables.h"
#include "wire/yd1363.h"
#include "wire/yd1363_return.h"

namespace bmsd {
namespace {

using daren::Memory;

constexpr std::uint8_t kVer = 0x22, kCid1 = 0x4A;
constexpr std::uint8_t kGroup = 0x01;  // COMMAND GROUP that the BASEN text prescribes
constexpr std::uint8_t kRead = 0x01;   // operation of 83 and B0

// --- Exchanges ---

enum Index : std::uint8_t { k42, k51, kB03, k47, kB04, k4F, k83, kB01, kB02, kExchangeCount };

// A reply must be complete within 500 ms (BASEN). The longest one takes 267 ms at 9600 bits per second.
constexpr Exchange exchange(std::string_view name, Cadence cadence, bool optional, std::string_view help) {
  return {name, help, cadence, 500ms, 100ms, 1000ms, optional};
}
constexpr std::array<Exchange, kExchangeCount> kExchanges = {
    exchange("42", Cadence::fast, false, "voltages, current, state of charge, temperatures, alarms, FETs, balancing"),
    exchange("51", Cadence::once, true, "hardware and software version"),
    exchange("B0/3", Cadence::once, true, "serial number, date of manufacture, manufacturer"),
    exchange("47", Cadence::slow, false, "limits of cell voltage and charge current, bar codes"),
    exchange("B0/4", Cadence::slow, true, "design capacity, total charge and energy"),
    exchange("4F", Cadence::once, true, "protocol version"),
    exchange("83", Cadence::demand, true, "how often each protection tripped"),
    exchange("B0/1", Cadence::demand, true, "parameters of the open circuit voltage (never captured)"),
    exchange("B0/2", Cadence::demand, true, "parameters of the hardware protection (never captured)"),
};

struct Service {
  std::uint8_t cid2;
  std::uint8_t module;  // of B0
};
constexpr std::array<Service, kExchangeCount> kServices = {
    {{0x42, 0}, {0x51, 0}, {0xB0, 3}, {0x47, 0}, {0xB0, 4}, {0x4F, 0}, {0x83, 0}, {0xB0, 1}, {0xB0, 2}}};

// Services of a foreign master that are never sent here: alarm data, control, parameters, clock, extended parameters.
constexpr auto kForeignServices = std::to_array<std::uint8_t>({0x44, 0x45, 0x49, 0x4D, 0x8B});

// --- Requests ---

bool has_group_choice(std::uint8_t index) { return index == k42 || index == k47; }

ByteVector encode_request(std::uint8_t index, std::uint8_t address, std::uint8_t group) {
  const Service service = kServices[index];
  const std::array<std::uint8_t, 5> fields = {group, kRead, service.module, 0xFF, 0x00};  // function id FF, length 0
  std::size_t size = 0;
  if (has_group_choice(index)) size = 1;
  if (index == k83) size = 2;
  if (service.cid2 == 0xB0) size = 5;
  return encode_yd1363({kVer, address, kCid1, service.cid2, Bytes(fields).first(size)});
}

// The exchange of a request; -1 if it is none that we know.
int exchange_of_request(const Yd1363Frame& request) {
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    if (kServices[i].cid2 != request.cid2) continue;
    if (request.cid2 != 0xB0 || (request.info.size() >= 3 && request.info[2] == kServices[i].module))
      return static_cast<int>(i);
  }
  return -1;
}

// --- Replies ---

// What it answers, by its shape alone: only where no other service has the same one, else -1.
int exchange_of_reply(Bytes info) {
  int found = -1, count = 0;
  const auto claim = [&](Index index, bool fits) {
    if (!fits) return;
    found = index;
    ++count;
  };
  claim(k42, daren::has_shape_of_42(info));
  claim(k47, info.size() == daren::kSize47);
  claim(k51, info.size() == daren::kSize51 || info.size() == daren::kSize51Firmware155);
  claim(k4F, info.size() == daren::kSize4f);
  claim(k83, info.size() == daren::kSize83 && info[0] == 0x83);
  for (const Index index : {kB01, kB02, kB03, kB04}) {
    const std::uint8_t module = kServices[index].module;
    claim(index, info.size() == daren::kSizeOfModule[module] && info[0] == 0xB0 && info[3] == module);
  }
  return count == 1 ? found : -1;
}

Tag tag(const Frame& frame) {
  Yd1363Buffer buffer;
  const auto parsed = parse_yd1363(frame.bytes, buffer);
  if (!parsed || parsed->ver != kVer || parsed->cid1 != kCid1) return {};
  const int request = exchange_of_request(*parsed);
  const bool foreign_service =
      std::find(kForeignServices.begin(), kForeignServices.end(), parsed->cid2) != kForeignServices.end();
  if (request >= 0 || parsed->cid2 == 0xB0 || foreign_service) return {Role::request, parsed->adr, request};
  return {Role::reply, parsed->adr, parsed->cid2 == 0 ? exchange_of_reply(parsed->info) : -1};
}

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

Error refusal(std::uint8_t rtn) {
  const auto known = std::find_if(daren::kReturnCodes.begin(), daren::kReturnCodes.end(),
                                  [&](const daren::ReturnCode& code) { return code.code == rtn; });
  const char* meaning = known == daren::kReturnCodes.end() ? "unknown return code" : known->meaning;
  return {Errc::refused, kYd1363ReturnWords[rtn].data(), rtn, meaning};
}

Bytes without_cr(Bytes text) { return !text.empty() && text.back() == '\r' ? text.first(text.size() - 1) : text; }

// The checks of a reply's frame in the order of their words: echo, those of parse_yd1363, VER, CID1, ADR, RTN.
Result<Yd1363Frame> open_reply(Bytes request, Bytes reply, int address, Yd1363Buffer& buffer) {
  if (!request.empty() && same(without_cr(request), without_cr(reply))) return error(Errc::command, "echo");
  auto frame = parse_yd1363(reply, buffer);
  if (!frame) return frame;
  if (frame->ver != kVer) return error(Errc::command, "wrong_ver");
  if (frame->cid1 != kCid1) return error(Errc::command, "wrong_cid1");
  if (frame->adr != address) return error(Errc::address, "wrong_adr");
  if (frame->cid2 != 0) return refusal(frame->cid2);
  return frame;
}

// --- Session ---

bool is_true(std::string_view text) {
  return text == "True" || text == "true" || text == "1" || text == "yes" || text == "on";
}

class DarenSession final : public Session {
 public:
  explicit DarenSession(const OpenOptions& options)
      : address_(static_cast<std::uint8_t>(options.address < 0 ? 1 : options.address)) {
    memory_.extras = options.extras;
    for (const Param& param : options.params) {
      if (param.key == "SWAP_FET_BITS") memory_.swap_fet_bits = is_true(param.value);
    }
  }

  std::optional<Request> request(std::uint8_t exchange) override {
    if (exchange >= kExchangeCount) return std::nullopt;
    const std::uint8_t group = has_group_choice(exchange) ? group_ : address_;
    return Request{exchange, encode_request(exchange, address_, group)};
  }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.asked == nullptr) return error(Errc::command, "unasked");
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    return decode_reply(heard.asked->exchange, heard.asked->bytes, heard.frames.back().bytes);
  }

  void failed(std::uint8_t exchange, const Error& error) override {
    if (exchange == kB03 && !memory_.manufacturing_read) {
      // The serial number may now be the bar code of 47, but not because of one lost reply.
      ++manufacturing_misses_;
      memory_.manufacturing_read = error.code == Errc::refused || manufacturing_misses_ >= kTries;
    }
    if (has_group_choice(exchange)) reconsider_group(error);
  }

  Result<Reading> decode_reply(std::uint8_t exchange, Bytes request, Bytes reply) {
    Yd1363Buffer buffer;
    const auto frame = open_reply(request, reply, address_, buffer);
    if (!frame) return frame.error();
    auto reading = decode_info(exchange, frame->info);
    if (reading && has_group_choice(exchange)) {
      group_proven_ = true;
      group_misses_ = 0;
    }
    return reading;
  }

 private:
  static constexpr int kTries = 3;

  Result<Reading> decode_info(std::uint8_t exchange, Bytes info) {
    switch (exchange) {
      case k42:
        return daren::decode_42(info, memory_);
      case k47:
        return daren::decode_47(info, memory_);
      case k4F:
        return daren::decode_4f(info, memory_);
      case k51:
        return daren::decode_51(info, memory_);
      case k83:
        return daren::decode_83(info, memory_);
      case kB01:
      case kB02:
      case kB03:
      case kB04:
        return daren::decode_b0(kServices[exchange].module, info, memory_);
      default:
        return error(Errc::command, "wrong_command");
    }
  }

  // The other group after the first failure that a wrong one would cause; a group that worked is only left when the
  // pack refuses it or stays silent.
  void reconsider_group(const Error& error) {
    const bool refused =
        error.code == Errc::refused && (error.number == 0x05 || error.number == 0x06 || error.number == 0x90);
    if (!refused && error.code != Errc::timeout) return;
    ++group_misses_;
    if (!refused && group_proven_ && group_misses_ < kTries) return;
    group_ = group_ == kGroup ? address_ : kGroup;
    group_proven_ = false;
    group_misses_ = 0;
  }

  std::uint8_t address_;
  std::uint8_t group_ = kGroup;  // of 42 and 47
  bool group_proven_ = false;
  int group_misses_ = 0;
  int manufacturing_misses_ = 0;
  Memory memory_;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<DarenSession>(options); }

// --- One reply as it stands in a vector ---

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  Yd1363Buffer buffer;
  int address = -1, exchange = -1;
  if (request.empty()) {
    const auto reply = parse_yd1363(response, buffer);
    if (!reply) return reply.error();
    address = reply->adr;
    exchange = exchange_of_reply(reply->info);
    if (exchange < 0 && reply->cid2 == 0 && reply->ver == kVer && reply->cid1 == kCid1) {
      return usage("the reply does not tell which service it answers: give the request too (--request)");
    }
  } else {
    const auto asked = parse_yd1363(request, buffer);
    if (!asked) return usage("the request is not a frame of this protocol: " + describe(asked.error()));
    address = asked->adr;
    exchange = exchange_of_request(*asked);
  }
  DarenSession session({.address = address, .params = params, .extras = true});
  const std::uint8_t index =
      exchange < 0 ? static_cast<std::uint8_t>(kExchangeCount) : static_cast<std::uint8_t>(exchange);
  return session.decode_reply(index, request, response);
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"Daren485"};
constexpr std::array<int, 2> kSpeeds = {19200, 9600};
constexpr std::array<int, 16> kAddresses = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0};
constexpr std::array<std::uint8_t, 3> kProof = {k42, k51, kB04};
constexpr std::array<Word, 1> kWords = {{{"production_date", "born_date"}}};

}  // namespace

constinit const Protocol kDaren485 = {
    .name = "daren-485",
    .label = "Daren 485",
    .bms_types = kTypes,
    .brands = "Daren DR48100, DR48200, DR-JC03; BASEN, Tian (TR1363), SacredSun, REVOV and unbranded 48 V packs",
    .medium = Medium::stream,
    .check = Check::sum16,
    .speeds = kSpeeds,
    .addresses = kAddresses,
    .default_address = 1,
    .lowest_address = 0,
    .highest_address = 31,
    .turnaround_start = 50ms,
    .turnaround_min = 2ms,
    .framer = scan_yd1363,
    .tag = tag,
    .exchanges = kExchanges,
    .proof = kProof,
    .alarm_bits = daren::kAlarmBits,
    .words = kWords,
    .reads =
        "voltage, current, SoC, SoH, up to 32 cells, temperatures, capacities, cycles, alarms, FETs, balancing, "
        "limits, totals, trip counters, versions, serial number",
    .writes = "",
    .master_advice =
        "a Daren pack asks by itself while its switch 6 is on; turn switches 5 and 6 off and give it an address of its "
        "own",
    .probe_is_write = false,
    .tells_fets = true,
    .open = open,
    .respond = respond_as_daren_485,
    .decode_vector = decode_vector,
    .text = true,
};

}  // namespace bmsd
