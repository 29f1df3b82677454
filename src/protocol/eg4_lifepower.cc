// Batteries with a Tian-Power BMS that speaks the binary 7E/7C protocol: EG4 LiFePower4 (first generation), Revov, Narada
// 48NPFC50, 100 and 200, Tian-Power's own packs; 4 to 16 cells. EG4 LL and LiFePower4 V2 speak Modbus instead.
//
// Where this is from: captured replies of an EG4, a Narada and a Revov and all the requests that were published; reports of
// people who watched the vendor's program. There is no public document of the vendor. The check was worked out from these
// frames; which group and bit is how certain stands in eg4_lifepower_tables.h. RS485, 9600 bits per second, 8N1, addresses 0
// to 15 by switches. Nobody has read a real pack with this program yet.
//
// The frame is in eg4_lifepower_frame.h. One master asks, the pack of that address answers:
//
// clang-format off
//   7E 01 01 00 FE 0D                                          general data of pack 1
//   7E 01 01 58 01 10 0CF3 ... 02 01 7530 03 01 229C 04 01 2710 05 06 0041 ... 8042 2042 06 05 0000 0000 ... 08 01 14B9 ... 3C 0D
//               |  |  |        |  |  |          |          |          |  |     |    |           |    |            53.05 V
//               |  |  |        |  |  |          |          100.00 Ah  |  |     |    environment |    state
//               |  |  |        |  |  |          88.60 %               |  |     transistors      first status word
//               |  |  |        |  |  0.00 A: 30000 - 0.01 A           |  15 degrees Celsius + 50
//               |  |  |        |  1 number                            6 sensors
//               |  |  3.315 V  group 02
//               |  16 cells
//               group 01
// clang-format on
//
// Numbers have 2 bytes, in the groups 0B to 10 they have 4. Groups that nobody knows have 2 and are passed over.
//
// Some boards answer only requests that begin with 7C, some only 7E, some both: 7E is tried first, and what worked is kept.
// Some answer the general data and not the names. Writing (clock, serial number, parameters) is never done.
//
// The check lets many damaged replies pass. The counts of the groups, and the cells, which must add up to the voltage, catch
// some of them; a number that jumps is believed when a second reply tells it too (eg4_lifepower_agreement.h). That is what
// the second exchange for the general data is for: it settles the first reply before anybody sees it.
//
// What proves it: general data with all groups and a sum of the cells that fits, then one of the names or, where a board
// has none, the general data once more.
#include "protocol/eg4_lifepower.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "protocol/eg4_lifepower_agreement.h"
#include "protocol/eg4_lifepower_data.h"
#include "protocol/eg4_lifepower_frame.h"

namespace bmsd {
namespace {

using eg4::Eg4Frame;

// --- Exchanges ---

enum Command : std::uint8_t { kGeneral = 0x01, kUnknown = 0x06, kFirmware = 0x33, kHardware = 0x42 };

enum Index : std::uint8_t { k01, k01Again, k33, k42, k06, kExchangeCount };
constexpr std::array<Command, kExchangeCount> kCommands = {kGeneral, kGeneral, kFirmware, kHardware, kUnknown};

// A reply has come whole within 40 to 130 ms where that was measured; the longest one takes 190 ms on the wire.
constexpr Exchange exchange(std::string_view name, Cadence cadence, bool optional, std::string_view help) {
  return {name, help, cadence, 500ms, 500ms, 1000ms, optional};
}
constexpr std::array<Exchange, kExchangeCount> kExchanges = {
    exchange("01", Cadence::fast, false, "voltages, current, state of charge, temperatures, alarms, totals"),
    exchange("01 again", Cadence::once, false, "general data once more: confirms the first reply"),
    exchange("33", Cadence::once, true, "firmware name"),
    exchange("42", Cadence::once, true, "hardware"),
    exchange("06", Cadence::demand, true, "four bytes of unknown meaning"),
};

// The first exchange of a command; -1 for one that is never sent here.
int exchange_of(std::uint8_t command) {
  const auto* const found = std::find(kCommands.begin(), kCommands.end(), command);
  return found == kCommands.end() ? -1 : static_cast<int>(found - kCommands.begin());
}

// --- Tags ---

// Every reply has content and no request has. General data may be asked for in either of its exchanges.
Tag tag(const Frame& frame) {
  const auto parsed = eg4::parse_frame(frame.bytes);
  if (!parsed) return {};
  const int exchange = exchange_of(parsed->command);
  if (parsed->is_request()) return {Role::request, parsed->address, exchange};
  if (exchange < 0) return {};
  return {Role::reply, parsed->address, exchange == k01 ? -1 : exchange};
}

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

// --- Session ---

std::uint8_t other(std::uint8_t start) { return start == eg4::kStart ? eg4::kOtherStart : eg4::kStart; }

class Eg4Session final : public Session {
 public:
  explicit Eg4Session(const OpenOptions& options)
      : address_(static_cast<std::uint8_t>(options.address < 0 ? 1 : options.address)), extras_(options.extras) {}

  std::optional<Request> request(std::uint8_t exchange) override {
    if (exchange >= kExchangeCount) return std::nullopt;
    return Request{exchange, eg4::encode_frame({start_, address_, kCommands[exchange], {}})};
  }

  Result<Reading> decode(const Heard& heard) override {
    if (heard.asked == nullptr) return error(Errc::command, "unasked");
    if (heard.frames.empty()) return error(Errc::incomplete, "missing_frame");
    const auto asked = eg4::parse_frame(heard.asked->bytes);
    if (!asked || !asked->is_request()) return error(Errc::command, "unasked");
    const Bytes reply = heard.frames.back().bytes;
    // Late, to the same question in its other form: the reply to this one is still to come.
    if (!reply.empty() && reply.front() == other(asked->start)) return error(Errc::command, "wrong_type");
    return decode_reply(heard.asked->exchange, *asked, reply);
  }

  Result<Reading> decode_reply(std::uint8_t exchange, const Eg4Frame& asked, Bytes bytes) {
    const auto reply = eg4::parse_frame(bytes);
    if (!reply) return reply.error();
    if (reply->start != asked.start) return error(Errc::noise, "bad_header");
    if (reply->address != asked.address) return error(Errc::address, "wrong_address");
    if (reply->command != asked.command) return error(Errc::command, "wrong_type");
    if (reply->payload.empty()) return Error{Errc::implausible, "implausible", 0, "nothing in it"};
    auto reading = decode_payload(exchange, reply->payload);
    if (!reading) return reading;
    start_ = asked.start;
    start_proven_ = true;
    if (extras_) reading->extra("address", static_cast<double>(reply->address));
    return reading;
  }

  void failed(std::uint8_t exchange, const Error& error) override {
    if (exchange != k01) return;  // a board may not know the others
    if (++misses_ >= kMissesToForget) {
      agreement_.forget();
      start_proven_ = false;
    }
    if (error.code == Errc::timeout && !start_proven_) start_ = other(start_);
  }

 private:
  // So many in a row that the pack was away for seconds, and may be another one when it comes back.
  static constexpr int kMissesToForget = 8;

  Result<Reading> decode_payload(std::uint8_t exchange, Bytes payload) {
    switch (exchange) {
      case k01:
      case k01Again:
        return decode_general(exchange, payload);
      case k33:
        return eg4::decode_firmware(payload);
      case k42:
        return eg4::decode_hardware(payload, extras_);
      case k06:
        return eg4::decode_06(payload, extras_);
      default:
        return error(Errc::command, "wrong_type");
    }
  }

  Result<Reading> decode_general(std::uint8_t exchange, Bytes payload) {
    auto data = eg4::parse_general(payload);
    if (!data) return data.error();
    misses_ = 0;
    Reading reading = eg4::reading_of(agreement_.take(std::move(*data)), extras_);
    if (exchange == k01) return reading;
    if (!agreement_.settled()) return Error{Errc::implausible, "implausible", 0, "differs from the reply before it"};
    reading.alarms.reset();  // those of 01, which is asked again and again, are the ones that end
    return reading;
  }

  std::uint8_t address_;
  bool extras_;
  std::uint8_t start_ = eg4::kStart;
  bool start_proven_ = false;
  int misses_ = 0;  // of general data, in a row
  eg4::Agreement agreement_;
};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<Eg4Session>(options); }

// --- One reply as it stands in a vector ---

// Text of two hexadecimal digits behind 7E: batteries that speak YD/T 1363, such as Pylontech. No pack here has such an
// address.
bool is_text_frame(Bytes bytes) {
  const auto is_digit = [](std::uint8_t c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return bytes.size() >= 3 && bytes[0] == eg4::kStart && is_digit(bytes[1]) && is_digit(bytes[2]);
}

// From where a receiver takes the reply: behind the request, where the adapter gives it back, and behind stale bytes. Of
// bytes without an intact frame, everything.
Bytes reply_in(Bytes request, Bytes response) {
  const bool has_echo =
      !request.empty() && response.size() > request.size() && same(response.first(request.size()), request);
  if (has_echo) response = response.subspan(request.size());
  for (Bytes rest = response; !rest.empty();) {
    const Scan scan = eg4::scan_frame(rest, true);
    if (scan.kind == Scan::frame) return rest;
    rest = rest.subspan(scan.size);
  }
  return response;
}

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  if (response.empty()) return error(Errc::timeout, "no_reply");
  if (is_text_frame(response)) return error(Errc::command, "not_this_bms");
  const Bytes reply = reply_in(request, response);
  const auto asked = eg4::parse_frame(request.empty() ? reply : request);
  if (!asked) return request.empty() ? asked.error() : usage("the request is not a frame of this protocol");
  const int exchange = exchange_of(asked->command);
  if (exchange < 0) return error(Errc::command, "wrong_type");
  Eg4Session session({.address = asked->address, .params = params, .extras = true});
  return session.decode_reply(static_cast<std::uint8_t>(exchange), *asked, reply);
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"EG4_Lifepower"};
constexpr std::array<int, 1> kSpeeds = {9600};
constexpr std::array<int, eg4::kHighestAddress + 1> kAddresses = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0};
constexpr std::array<std::uint8_t, 4> kProof = {k01, k33, k42, k01Again};
constexpr auto kWords = std::to_array<Word>({{"ambient_temperature_c", "environment_temperature_c"},
                                             {"total_charge_ah", "total_charged_ah"},
                                             {"total_discharge_ah", "total_discharged_ah"}});

}  // namespace

constinit const Protocol kEg4Lifepower = {
    .name = "eg4-lifepower",
    .label = "EG4 LiFePower",
    .bms_types = kTypes,
    .brands =
        "EG4 LiFePower4 (first generation), Revov, TianPower, Narada NPFC (Revov and TianPower also with Daren 485)",
    .medium = Medium::stream,
    .check = Check::sum8,
    .speeds = kSpeeds,
    .addresses = kAddresses,
    .default_address = 1,
    .lowest_address = 0,
    .highest_address = eg4::kHighestAddress,
    .turnaround_start = 100ms,
    .turnaround_min = 100ms,
    .framer = eg4::scan_frame,
    .tag = tag,
    .exchanges = kExchanges,
    .proof = kProof,
    .alarm_bits = eg4::kAlarmBits,
    .words = kWords,
    .reads =
        "voltage, current, SoC, SoH, up to 32 cells, temperatures, capacity, cycles, alarms, totals (not of every "
        "board), firmware and hardware name",
    .writes = "",
    .probe_is_write = false,
    .tells_fets = false,
    .open = open,
    .respond = respond_as_eg4_lifepower,
    .decode_vector = decode_vector,
    .text = false,
};

}  // namespace bmsd
