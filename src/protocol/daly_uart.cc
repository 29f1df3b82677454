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

#include <array>

#include "protocol/daly_exchanges.h"
#include "protocol/daly_session.h"
#include "protocol/daly_uart_vector.h"

namespace bmsd {
namespace daly {
namespace {

// A board begins to answer within 10 to 100 ms; the longest reply (16 frames) takes 217 ms and its gaps.
constexpr auto kExchanges = exchanges_within(200ms, 100ms, 500ms);

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

std::optional<Error> misfit(const DalyFrame& asked, const DalyFrame& reply) {
  if (is_request_address(reply.address)) return error(Errc::command, "echo");
  if (reply.address != board_asked(asked.address)) return error(Errc::address, "wrong_address");
  if (reply.command != asked.command) return error(Errc::command, "wrong_command");
  return std::nullopt;
}

}  // namespace

constinit const Dialect kUart = {.parse = parse_frame,
                                 .encode = encode_frame,
                                 .misfit = misfit,
                                 .skips_foreign = false,
                                 .default_address = kPc,
                                 .hardware = "Daly ",
                                 .named_by_date = true,
                                 .writes = true};

// --- Protocol ---

namespace {

std::unique_ptr<Session> open(const OpenOptions& options) { return std::make_unique<DalySession>(kUart, options); }

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
