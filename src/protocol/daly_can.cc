// Daly Smart BMS over CAN: the same commands and the same eight bytes of data as on UART (daly_uart_data.h), in CAN frames.
//
// Where this is from: Daly's "CAN communication protocol" V1.0 of 2019; recorded answers of an 8S and a 24S board to the
// commands 90 to 98; other programs for 50 and what follows it. 250 kbit/s. Nobody has read a real board with this program
// yet.
//
// clang-format off
//   18 90 01 40   00 00 00 00 00 00 00 00     request, an extended identifier: 18, command, board, 40 (who asks)
//   18 90 40 01   01 07  00 00  75 30  02 BC  reply: board and 40 have changed places
//   |  |  |  |    26.3 V        0.0 A  70.0 %
//   18 95 40 01   01  0C E0  0C DF  0C DF  00 command 95: all frames have the same identifier; the first byte counts them
// clang-format on
//
// Boards have numbers from 1 to 16, and 40 is whoever asks. A board sends nothing unasked. The port may be set to another
// language that does, and others may share the wire: what is no frame of the asked board is passed over.
//
// The boards seen on CAN count a charging current upwards from 30000, older ones on UART downwards. The state that 93 tells
// beside it decides (daly_uart_data.h).
//
// Nothing is written: one vendor page says of the switches the opposite of what holds on UART, and a state of charge has a
// frame of its own that only one program knows.
//
// What proves it: a good reply to 94 with 1 to 48 cells and at most 16 sensors, then one to 90.
#include "protocol/daly_can.h"

#include <array>
#include <cmath>
#include <utility>

#include "protocol/daly_exchanges.h"
#include "protocol/daly_session.h"
#include "wire/can_frame.h"

namespace bmsd {
namespace daly_can {
namespace {

using namespace daly;

constexpr std::uint32_t kPriority = 0x18;
constexpr std::uint8_t kHost = 0x40;
constexpr std::uint32_t kSetSocOfBoard0 = 0x161E0080;  // [I]

// A board begins to answer within 10 to 50 ms. Of the parts of an answer one may be lost: 150 ms after the last one nothing
// more comes.
constexpr auto kExchanges = exchanges_within(100ms, 150ms, 500ms);

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }
Error usage(std::string detail) { return {Errc::config, "", 0, std::move(detail)}; }

bool is_board(unsigned byte) { return byte >= 1 && byte <= kMostBoards; }

// --- Frames ---

// DalyFrame::address is the number of the board, with the bit kAsks in a request.
constexpr std::uint8_t kAsks = 0x80;

// Errors: noise bad_header, a frame of something else; incomplete truncated, not 8 bytes.
Result<DalyFrame> parse(Bytes record) {
  if (can_framer(record, true).kind != Scan::frame) return error(Errc::noise, "bad_header");
  const CanFrame frame = can_frame(record);
  const auto byte = [&frame](int shift) { return static_cast<std::uint8_t>(frame.id >> shift & 0xFF); };
  if (!frame.extended || byte(24) != kPriority) return error(Errc::noise, "bad_header");
  const bool asks = byte(0) == kHost && is_board(byte(8)), answers = byte(8) == kHost && is_board(byte(0));
  if (!asks && !answers) return error(Errc::noise, "bad_header");
  if (frame.data.size() != kDataSize) return error(Errc::incomplete, "truncated");
  const auto address = static_cast<std::uint8_t>(asks ? byte(8) | kAsks : byte(0));
  return DalyFrame{address, byte(16), frame.data};
}

ByteVector encode(std::uint8_t address, std::uint8_t command, Bytes data) {
  ByteVector content(data.begin(), data.end());
  content.resize(kDataSize, 0);
  const std::uint32_t board = address & ~kAsks;
  return can_record(kPriority << 24 | std::uint32_t{command} << 16 | board << 8 | kHost, true, content);
}

std::optional<Error> misfit(const DalyFrame& asked, const DalyFrame& reply) {
  if ((reply.address & kAsks) != 0) return error(Errc::command, "echo");
  if (reply.address != (asked.address & ~kAsks)) return error(Errc::address, "wrong_address");
  if (reply.command != asked.command) return error(Errc::command, "wrong_command");
  return std::nullopt;
}

Tag tag(const Frame& frame) {
  const auto parsed = parse(frame.bytes);
  if (!parsed) return {};
  const int board = parsed->address & ~kAsks;
  int exchange = exchange_of(parsed->command);
  if (exchange >= static_cast<int>(kReadCount)) exchange = -1;  // a write, which is not of this protocol
  if ((parsed->address & kAsks) != 0) return {Role::request, board, exchange};
  if (exchange < 0) return {};
  return {has_parts(parsed->command) ? Role::part : Role::reply, board, exchange};
}

constinit const Dialect kCan = {.parse = parse,
                                .encode = encode,
                                .misfit = misfit,
                                .skips_foreign = true,
                                .default_address = 1,
                                .hardware = "Daly CAN ",
                                .named_by_date = false,
                                .writes = false};

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<DalySession>(kCan, options); }

// --- Vectors ---

Result<DalyFrame> asked_by(Bytes request, const Taken& taken) {
  if (request.empty()) {
    if (taken.frames.empty()) return DalyFrame{1 | kAsks, 0, {}};
    return DalyFrame{taken.frames.front().address, taken.frames.front().command, {}};
  }
  auto asked = parse(request);
  if (!asked) return usage("the request is not a frame of this protocol: " + describe(asked.error()));
  return asked;
}

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params) {
  Taken taken;
  Error nothing = error(Errc::timeout, "no_answer");
  while (!response.empty()) {
    const Scan scan = can_framer(response, true);
    const auto frame = parse(response.first(scan.size));
    if (frame && (frame->address & kAsks) == 0) taken.frames.push_back(*frame);
    if (!frame && frame.error().code == Errc::noise) nothing = frame.error();
    if (!frame && frame.error().code != Errc::noise && !taken.damage) {
      taken.damage = frame.error();
      taken.damage_came_first = taken.frames.empty();
    }
    response = response.subspan(scan.size);
  }
  const auto asked = asked_by(request, taken);
  if (!asked) return asked.error();
  return decode_taken(kCan, *asked, taken, nothing, params);
}

Result<ByteVector> encode_vector(std::span<const Param> input) {
  const std::string_view op = value_of(input, "op"), given = value_of(input, "board_number");
  const auto board = given.empty() ? std::optional<double>(1) : number_of(given);
  if (!board || *board != std::floor(*board) || *board < 1 || *board > kMostBoards)
    return usage("board_number is a number from 1 to 16");
  const auto number = static_cast<std::uint8_t>(*board);
  if (op == "read") {
    const auto command = byte_of(value_of(input, "command"));
    if (!command) return usage("command is a byte like 0x90");
    return encode(number, *command, {});
  }
  if (op != "set_soc") return usage("op is read or set_soc");
  const auto soc = number_of(value_of(input, "soc_percent"));
  if (!soc || *soc < 0 || *soc > 100) return usage("soc_percent is a number from 0 to 100");
  ByteVector content = with_soc({}, *soc);
  content.resize(kDataSize, 0);
  return can_record(kSetSocOfBoard0 | std::uint32_t{number} << 8, true, content);
}

// --- Protocol ---

constexpr std::array<std::string_view, 1> kTypes = {"Daly_Can"};
constexpr std::array<int, 1> kSpeeds = {250000};
constexpr std::array<int, kMostBoards> kAddresses = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr std::array<CanIds, 1> kCanIds = {{{0x18004000, 0x1F00FF00, true}}};
constexpr std::array<std::uint8_t, 2> kProof = {k94, k90};
constexpr std::array<Word, 1> kWords = {{{"cell_temperatures_c", "temperatures_c"}}};

}  // namespace
}  // namespace daly_can

constinit const Protocol kDalyCan = {
    .name = "daly-can",
    .label = "Daly CAN",
    .bms_types = daly_can::kTypes,
    .brands = "Daly Smart BMS with a CAN port that is set to Daly's own protocol",
    .medium = Medium::can,
    .check = Check::medium,
    .speeds = daly_can::kSpeeds,
    .can_ids = daly_can::kCanIds,
    .addresses = daly_can::kAddresses,
    .default_address = 1,
    .lowest_address = 1,
    .highest_address = daly::kMostBoards,
    .turnaround_start = 10ms,
    .turnaround_min = 0ms,
    .framer = can_framer,
    .tag = daly_can::tag,
    .exchanges = std::span(daly_can::kExchanges).first<daly::kReadCount>(),
    .proof = daly_can::kProof,
    .alarm_bits = daly::kAlarmBits,
    .words = daly_can::kWords,
    .reads =
        "voltage, current, SoC, up to 48 cells, temperatures, capacities, cycles, alarms, FETs, balancing, limits, "
        "versions, battery code, production date",
    .writes = "",
    .tells_fets = true,
    .open = daly_can::open,
    .respond = respond_as_daly_can,
    .decode_vector = daly_can::decode_vector,
    .encode_vector = daly_can::encode_vector,
};

}  // namespace bmsd
