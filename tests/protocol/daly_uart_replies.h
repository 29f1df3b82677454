// Frames of a Daly BMS for tests, built from the vendor's description and not with the encoder.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/daly_uart.h"

namespace bmsd::test::daly_uart {

inline const Protocol& daly = kDalyUart;

inline ByteVector frame(int address, int command, const std::vector<int>& data) {
  ByteVector bytes = {0xA5, static_cast<std::uint8_t>(address), static_cast<std::uint8_t>(command), 8};
  for (std::size_t i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(i < data.size() ? data[i] : 0));
  unsigned sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  bytes.push_back(static_cast<std::uint8_t>(sum & 255));
  return bytes;
}

inline ByteVector bytes_of(std::string_view hex) { return from_hex(hex).value(); }

inline std::uint8_t index_of(std::string_view name) { return static_cast<std::uint8_t>(exchange_index(daly, name)); }

inline std::unique_ptr<Session> open(int address = 0x40, std::vector<Param> params = {}, bool extras = false) {
  return daly.open({.address = address, .params = params, .extras = extras});
}

// As the line does: with `over` false, and the frames one more each time.
inline Result<Reading> hear(Session& session, std::string_view exchange, const std::vector<ByteVector>& replies) {
  const std::uint8_t index = index_of(exchange);
  auto asked = session.request(index);
  if (!asked) asked = Request{index, frame(0x40, from_hex(exchange)->front(), {})};  // it need not be asked now
  std::vector<Frame> frames;
  for (const ByteVector& reply : replies) frames.push_back({reply});
  return session.decode({&*asked, frames, false});
}

// 50.0 %, 52.8 V, `raw` 0.1 A.
inline ByteVector measurements(int raw, int decivolt = 528, int permille = 500) {
  return frame(1, 0x90, {decivolt >> 8, decivolt & 255, 0, 0, raw >> 8, raw & 255, permille >> 8, permille & 255});
}
inline ByteVector state(int state, int charge = 1, int discharge = 1, int milliampere_hours = 50000) {
  return frame(
      1, 0x93,
      {state, charge, discharge, 7, 0, milliampere_hours >> 16, milliampere_hours >> 8 & 255, milliampere_hours & 255});
}
inline ByteVector counts(int cells, int sensors = 1, int cycles = 5) {
  return frame(1, 0x94, {cells, sensors, 0, 0, 2, cycles >> 8, cycles & 255, 0});
}
// Frame `number` of 95 with three cells.
inline ByteVector cells(int number, int first, int second, int third, int board = 1) {
  return frame(board, 0x95,
               {number, first >> 8, first & 255, second >> 8, second & 255, third >> 8, third & 255, 0x40});
}
inline std::vector<ByteVector> text(int command, const std::string& content, int frames) {
  std::vector<ByteVector> all;
  for (int i = 0; i < frames; ++i) {
    std::vector<int> data = {i + 1};
    for (std::size_t k = 0; k < 7; ++k) {
      const std::size_t at = static_cast<std::size_t>(i) * 7 + k;
      data.push_back(at < content.size() ? static_cast<std::uint8_t>(content[at]) : 0);
    }
    all.push_back(frame(1, command, data));
  }
  return all;
}

inline std::string text_of(const Reading& reading, Text text) {
  for (const auto& [which, content] : reading.texts) {
    if (which == text) return content;
  }
  return "";
}

}  // namespace bmsd::test::daly_uart
