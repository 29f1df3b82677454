#include "protocol/names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "protocol/daly_uart_frame.h"
#include "protocol/eg4_lifepower_frame.h"
#include "protocol/jkbms_pb_frame.h"
#include "protocol/jkbms_uart_frame.h"
#include "protocol/jkbms_uart_tables.h"
#include "protocol/lltjbd_uart_frame.h"
#include "protocol/protocol.h"
#include "wire/modbus.h"
#include "wire/modbus_frame.h"
#include "wire/numbers.h"
#include "wire/yd1363.h"

namespace bmsd {
namespace {

struct Place {
  std::size_t at, size;
};

bool is_padding(std::uint8_t byte) { return byte == 0x00 || byte == 0x20 || byte == 0xFF; }

// Blanks places in `bytes`, as far as they are there.
void blank(std::span<std::uint8_t> bytes, std::span<const Place> places, int address, Blanked& into) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const auto& [at, size] : places) {
    if (at >= bytes.size()) continue;
    const auto field = bytes.subspan(at, std::min(size, bytes.size() - at));
    if (std::string name = printable_text(field); !name.empty()) into.names.push_back(std::move(name));
    std::vector<std::uint8_t*> letters;
    for (std::uint8_t& byte : field) {
      if (is_padding(byte)) continue;
      byte = 'X';
      letters.push_back(&byte);
    }
    if (letters.size() < 3 || address < 0) continue;
    *letters[letters.size() - 2] = static_cast<std::uint8_t>(kDigits[static_cast<std::size_t>(address) >> 4 & 15]);
    *letters[letters.size() - 1] = static_cast<std::uint8_t>(kDigits[static_cast<std::size_t>(address) & 15]);
  }
  into.understood = true;
}

// A refusal has no INFO, and so no names.
Blanked blank_yd1363(ByteVector& frame, std::span<const Place> places, int address) {
  Blanked blanked;
  Yd1363Buffer buffer;
  const auto parsed = parse_yd1363(frame, buffer);
  if (!parsed) return blanked;
  ByteVector info(parsed->info.begin(), parsed->info.end());
  blank(info, places, address, blanked);
  Yd1363Frame changed = *parsed;
  changed.info = info;
  ByteVector text = encode_yd1363(changed);
  blanked.understood = text.size() == frame.size();
  frame = std::move(text);
  return blanked;
}

// --- Daren: serial, product and BMS numbers of B0/3; bar codes of 47 ---

constexpr std::array<std::string_view, 2> kDarenExchanges = {"B0/3", "47"};

Blanked blank_daren(ByteVector& frame, std::string_view exchange, Bytes, int address) {
  constexpr std::array<Place, 3> kMade = {{{6, 30}, {36, 30}, {66, 30}}};
  constexpr std::array<Place, 2> kParameters = {{{25, 20}, {45, 20}}};
  return blank_yd1363(frame, exchange == "47" ? std::span<const Place>(kParameters) : kMade, address);
}

// --- Pylontech: 93 ---

constexpr std::array<std::string_view, 1> kPylontechExchanges = {"93"};

Blanked blank_pylontech(ByteVector& frame, std::string_view, Bytes, int address) {
  constexpr std::array<Place, 1> kSerial = {{{1, 16}}};
  return blank_yd1363(frame, kSerial, address);
}

// --- JK PB: name, pass code, serial number, user data, password of "about" ---

constexpr std::array<std::string_view, 1> kJkPbExchanges = {"about"};

Blanked blank_jk_pb(ByteVector& frame, std::string_view, Bytes, int address) {
  constexpr std::array<Place, 6> kPlaces = {{{46, 16}, {62, 16}, {86, 16}, {102, 16}, {118, 16}, {134, 16}}};
  Blanked blanked;
  const auto parsed = jkpb::parse_frame(frame);
  if (!parsed) return blanked;
  blanked.understood = true;
  if (parsed->kind != jkpb::PbFrame::answer) return blanked;
  blank(std::span(frame).first(jkpb::kBlockSize - 1), kPlaces, address, blanked);
  frame[jkpb::kBlockSize - 1] = sum8(Bytes(frame).first(jkpb::kBlockSize - 1));
  return blanked;
}

// --- JK UART: password (B2), device id (B4), user data and name (BA) among the registers ---

constexpr std::array<std::string_view, 2> kJkUartExchanges = {"06", "03"};

// Where the names are among the registers; nothing where a register is not known.
std::optional<std::vector<Place>> jk_uart_places(Bytes data) {
  constexpr std::array<std::uint8_t, 3> kNamed = {0xB2, 0xB4, 0xBA};
  std::vector<Place> places;
  for (std::size_t at = 0; at < data.size();) {
    const std::uint8_t id = data[at++];
    const auto known = std::find_if(jkuart::kRegisters.begin(), jkuart::kRegisters.end(),
                                    [id](const jkuart::Register& one) { return one.id == id; });
    if (known == jkuart::kRegisters.end() || at >= data.size()) return std::nullopt;
    const std::size_t width = id == jkuart::kCells ? std::size_t{1} + data[at] : known->width;
    if (std::find(kNamed.begin(), kNamed.end(), id) != kNamed.end()) places.push_back({at, width});
    if (id == jkuart::kVersion) break;
    at += width;
  }
  return places;
}

Blanked blank_jk_uart(ByteVector& frame, std::string_view, Bytes, int address) {
  constexpr std::size_t kHead = 11;  // bytes in front of the registers
  constexpr std::size_t kSum = 4;
  Blanked blanked;
  const auto parsed = jkuart::parse_frame(frame);
  if (!parsed) return blanked;
  const auto places = jk_uart_places(parsed->data);
  if (!places) return blanked;
  blank(std::span(frame).subspan(kHead, parsed->data.size()), *places, address, blanked);
  frame.resize(frame.size() - kSum);
  unsigned total = 0;
  for (const std::uint8_t byte : frame) total += byte;
  NumberWriter sum;
  sum.u32(total & 0xFFFF);
  frame.insert(frame.end(), sum.bytes.begin(), sum.bytes.end());
  return blanked;
}

// --- JBD: bar code (A2) behind its length, serial number (16) ---

constexpr std::array<std::string_view, 2> kJbdExchanges = {"A2", "16"};

Blanked blank_jbd(ByteVector& frame, std::string_view exchange, Bytes, int address) {
  constexpr std::array<Place, 1> kText = {{{1, 255}}}, kNumber = {{{0, 2}}};
  Blanked blanked;
  const auto parsed = lltjbd::parse_frame(frame);
  if (!parsed) return blanked;
  ByteVector data(parsed->data.begin(), parsed->data.end());
  blank(data, exchange == "16" ? kNumber : kText, address, blanked);
  frame = lltjbd::encode_frame({parsed->head, parsed->third, data});
  return blanked;
}

// --- Daly: battery code (57), seven characters behind the number of each frame ---

constexpr std::array<std::string_view, 1> kDalyExchanges = {"57"};

Blanked blank_daly(ByteVector& frame, std::string_view, Bytes, int address) {
  constexpr std::array<Place, 1> kPiece = {{{1, 7}}};
  Blanked blanked;
  const auto parsed = daly::parse_frame(frame);
  if (!parsed) return blanked;
  ByteVector data(parsed->data.begin(), parsed->data.end());
  blank(data, kPiece, address, blanked);
  frame = daly::encode_frame(parsed->address, parsed->command, data);
  return blanked;
}

// --- Renogy: serial number (registers 5110 to 5117), identification code (5226, 5227), whoever reads them with what ---

Blanked blank_renogy(ByteVector& frame, std::string_view, Bytes request, int address) {
  constexpr std::array<std::pair<int, int>, 2> kRegisters = {{{5110, 8}, {5226, 2}}};  // first, count
  Blanked blanked;
  const auto asked = parse_modbus(request), said = parse_modbus(frame);
  if (!asked || !said || asked->kind != ModbusFrame::request) return blanked;
  blanked.understood = true;
  if (said->kind != ModbusFrame::reply) return blanked;
  if (said->data.size() != std::size_t{2} * asked->count) return {};
  std::vector<Place> places;
  for (const auto& [first, count] : kRegisters) {
    const int begin = std::max<int>(first, asked->first),
              end = std::min<int>(first + count, asked->first + asked->count);
    if (begin < end)
      places.push_back(
          {static_cast<std::size_t>(2 * (begin - asked->first)), static_cast<std::size_t>(2 * (end - begin))});
  }
  constexpr std::size_t kHead = 3, kCrc = 2;
  blank(std::span(frame).subspan(kHead, said->data.size()), places, address, blanked);
  frame.resize(frame.size() - kCrc);
  frame = with_modbus_crc(std::move(frame));
  return blanked;
}

// --- EG4: bytes that nobody knows the meaning of ---

constexpr std::array<std::string_view, 2> kEg4Exchanges = {"42", "06"};

Blanked blank_eg4(ByteVector& frame, std::string_view, Bytes, int address) {
  constexpr std::array<Place, 1> kAll = {{{0, 255}}};
  Blanked blanked;
  const auto parsed = eg4::parse_frame(frame);
  if (!parsed) return blanked;
  ByteVector payload(parsed->payload.begin(), parsed->payload.end());
  blank(payload, kAll, address, blanked);
  eg4::Eg4Frame changed = *parsed;
  changed.payload = payload;
  frame = eg4::encode_frame(changed);
  return blanked;
}

// --- All of them ---

struct Entry {
  std::string_view protocol;
  Names names;
};
constexpr std::array<Entry, 8> kEntries = {{{"daren-485", {kDarenExchanges, blank_daren}},
                                            {"pylontech-rs485", {kPylontechExchanges, blank_pylontech}},
                                            {"jkbms-pb", {kJkPbExchanges, blank_jk_pb}},
                                            {"jkbms-uart", {kJkUartExchanges, blank_jk_uart}},
                                            {"lltjbd-uart", {kJbdExchanges, blank_jbd}},
                                            {"daly-uart", {kDalyExchanges, blank_daly}},
                                            {"renogy", {{}, blank_renogy, true}},
                                            {"eg4-lifepower", {kEg4Exchanges, blank_eg4}}}};

}  // namespace

const Names* names_of(const Protocol& protocol) {
  const auto* found =
      std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& one) { return one.protocol == protocol.name; });
  return found == kEntries.end() ? nullptr : &found->names;
}

bool may_hold_names(const Names& names, std::string_view exchange) {
  return names.in_all || std::find(names.exchanges.begin(), names.exchanges.end(), exchange) != names.exchanges.end();
}

}  // namespace bmsd
