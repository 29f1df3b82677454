// Replies of a Pylontech battery for tests, built from the vendor's tables and not from the decoder's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/pylontech_rs485.h"
#include "wire/numbers.h"
#include "wire/yd1363.h"

namespace bmsd::test::pylontech_rs485_replies {

inline const Protocol& pylontech = kPylontechRs485;

inline ByteVector with_cr(Bytes text) {
  ByteVector bytes(text.begin(), text.end());
  bytes.push_back('\r');
  return bytes;
}

inline std::uint8_t index_of(std::string_view name) {
  return static_cast<std::uint8_t>(exchange_index(pylontech, name));
}

inline std::unique_ptr<Session> open(int address = 2, bool extras = false) {
  return pylontech.open({.address = address, .params = {}, .extras = extras});
}

inline ByteVector reply(const ByteVector& info, int address = 2, int rtn = 0, int cid1 = 0x46, int ver = 0x20) {
  return encode_yd1363({static_cast<std::uint8_t>(ver), static_cast<std::uint8_t>(address),
                        static_cast<std::uint8_t>(cid1), static_cast<std::uint8_t>(rtn), info});
}

inline Result<Reading> hear(Session& session, std::string_view exchange, const ByteVector& bytes) {
  const auto asked = session.request(index_of(exchange));
  const Frame frame{bytes};
  return session.decode({&*asked, {&frame, 1}, true});
}

// The request as text without its CR; "nothing" where there is none.
inline std::string asked(Session& session, std::string_view exchange) {
  const auto request = session.request(index_of(exchange));
  if (!request) return "nothing";
  return std::string(as_text(request->bytes)).substr(0, request->bytes.size() - 1);
}

inline std::string text_of(const Reading& reading, Text text) {
  for (const auto& [which, content] : reading.texts) {
    if (which == text) return content;
  }
  return "";
}

inline const ExtraValue* extra_of(const Reading& reading, std::string_view key) {
  for (const auto& [name, value] : reading.extras) {
    if (key == name) return &value;
  }
  return nullptr;
}

// The block of one pack in 42: cells of 3300 mV and more, sensors of 20.0 degrees Celsius and more.
struct Analog {
  int cells = 15, sensors = 5, items = 2, remaining = 24500, full = 49000, tail = 0;
  int current = -374, cycles = 31;
  int long_remaining = 0, long_full = 0;

  void add_to(NumberWriter& info) const {
    info.u8(cells);
    int sum = 0;
    for (int i = 0; i < cells; ++i) info.s16(3300 + i), sum += 3300 + i;
    info.u8(sensors);
    for (int i = 0; i < sensors; ++i) info.u16(2931 + 10 * i);
    info.s16(current).u16(sum).u16(remaining).u8(items).u16(full).u16(cycles);
    if (items >= 4) {
      for (const int number : {long_remaining, long_full}) info.u8(number / 65536).u16(number % 65536);
    }
    info.fill(static_cast<std::size_t>(tail), 0x77);
  }
  ByteVector info(int command = 2) const {
    NumberWriter info;
    info.u8(0x11).u8(command);
    add_to(info);
    return info.bytes;
  }
};

// 42 of all packs; `count`: how many it says, where that is a lie.
inline ByteVector of_all(const std::vector<Analog>& packs, int count = -1) {
  NumberWriter info;
  info.u8(0x11).u8(count < 0 ? static_cast<int>(packs.size()) : count);
  for (const Analog& pack : packs) pack.add_to(info);
  return info.bytes;
}

// The block of one pack in 44.
struct States {
  std::vector<int> cells = std::vector<int>(15), sensors = std::vector<int>(5);
  int charge = 0, module = 0, discharge = 0;
  std::vector<int> status = {0, 6, 0, 0, 0};
  int tail = 1;

  void add_to(NumberWriter& info) const {
    info.u8(static_cast<double>(cells.size()));
    for (const int state : cells) info.u8(state);
    info.u8(static_cast<double>(sensors.size()));
    for (const int state : sensors) info.u8(state);
    info.u8(charge).u8(module).u8(discharge);
    for (const int byte : status) info.u8(byte);
    info.fill(static_cast<std::size_t>(tail), 0);
  }
  ByteVector info(int command = 2) const {
    NumberWriter info;
    info.u8(0).u8(command);
    add_to(info);
    return info.bytes;
  }
};

// 92: 53.25 V, 44.0 V, 20.0 A, -25.0 A.
inline ByteVector management(int status = 0xC0, int command = 2, int charge_voltage = 53250) {
  return NumberWriter().u8(command).u16(charge_voltage).u16(44000).s16(200).s16(-250).u8(status).bytes;
}

// 47, as a US3000C sends it: 3.65, 3.05, 2.8 V, 90 A, 54.0 V, -90 A.
inline ByteVector system_parameters(int cell_limit = 3650, int module_limit = 54000) {
  NumberWriter info;
  info.u8(0x10).u16(cell_limit).u16(3050).u16(2800).u16(3331).u16(2631).s16(900);
  return info.u16(module_limit).u16(46000).u16(43000).u16(3331).u16(2631).s16(-900).bytes;
}

inline ByteVector serial_number(std::string_view text, int command = 2) {
  return NumberWriter().u8(command).text(text, 16).bytes;
}

// 51, version 1.7.
inline ByteVector manufacturer(std::string_view name, std::string_view maker = "Pylon") {
  return NumberWriter().text(name, 10).u8(1).u8(7).text(maker, 20, '-').bytes;
}

}  // namespace bmsd::test::pylontech_rs485_replies
