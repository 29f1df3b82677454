// Replies of a Daren BMS for tests, built from the vendor's table and not from the decoder's.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/daren_485.h"
#include "wire/yd1363.h"

namespace bmsd::test::daren_485 {

inline const Protocol& daren = kDaren485;

inline ByteVector with_cr(Bytes text) {
  ByteVector bytes(text.begin(), text.end());
  bytes.push_back('\r');
  return bytes;
}

inline std::uint8_t index_of(std::string_view name) { return static_cast<std::uint8_t>(exchange_index(daren, name)); }

inline std::unique_ptr<Session> open(int address, std::vector<Param> params = {}, bool extras = false) {
  return daren.open({.address = address, .params = params, .extras = extras});
}

inline ByteVector reply(int address, const ByteVector& info, std::uint8_t rtn = 0) {
  return encode_yd1363({0x22, static_cast<std::uint8_t>(address), 0x4A, rtn, info});
}

inline Result<Reading> hear(Session& session, std::string_view exchange, const ByteVector& bytes) {
  const auto asked = session.request(index_of(exchange));
  const Frame frame{bytes};
  return session.decode({&*asked, {&frame, 1}, true});
}

inline std::string text_of(const Reading& reading, Text text) {
  for (const auto& [which, content] : reading.texts) {
    if (which == text) return content;
  }
  return "";
}

inline std::string asked(Session& session, std::string_view exchange) {
  const auto request = session.request(index_of(exchange));
  std::string text(as_text(request->bytes));
  text.pop_back();
  return text;
}

inline void put16(ByteVector& info, int value) {
  info.push_back(static_cast<std::uint8_t>(value >> 8 & 255));
  info.push_back(static_cast<std::uint8_t>(value & 255));
}

struct Info42 {
  int cells = 16, sensors = 4;
  std::vector<int> words = {0, 0, 0, 0, 3};
  bool long_form = true;
  int user_number = 1, soc = 5000;
  int machine = 0, io = 0;

  ByteVector bytes() const {
    ByteVector info = {0};
    put16(info, soc);
    put16(info, 33 * cells * 10);
    info.push_back(static_cast<std::uint8_t>(cells));
    for (int i = 0; i < cells; ++i) put16(info, 3300 + i);
    for (const int celsius10 : {-50, 210, 300}) put16(info, celsius10);
    info.push_back(static_cast<std::uint8_t>(sensors));
    for (int i = 0; i < sensors; ++i) put16(info, 200 - 100 * i);
    put16(info, -1234);
    put16(info, 0);
    put16(info, 97);
    info.push_back(static_cast<std::uint8_t>(user_number));
    for (const int number : {10000, 5000, 12}) put16(info, number);
    for (const int word : words) put16(info, word);
    for (int i = 0; i < 4; ++i) put16(info, 0);
    put16(info, 0x8001);
    if (!long_form) return info;
    put16(info, 0x0002);
    for (int i = 0; i < 4; ++i) put16(info, 0);
    info.push_back(static_cast<std::uint8_t>(machine));
    put16(info, io);
    return info;
  }
};

// What the five status words mean.
inline Alarms alarms_of(std::vector<int> words) {
  auto session = open(1);
  Info42 info;
  info.words = std::move(words);
  return hear(*session, "42", reply(1, info.bytes()))->alarms.value();
}

inline ByteVector module3(std::string serial, char pad = '\xFF') {
  ByteVector info = {0xB0, 1, 1, 3, 0xFF, 0x71};
  serial.resize(30, pad);
  info.insert(info.end(), serial.begin(), serial.end());
  info.resize(119, 0xFF);
  return reply(1, info);
}

inline ByteVector parameters(std::string bar_code) {
  ByteVector info(45, 0xFF);
  bar_code.resize(20, ' ');
  info.insert(info.end(), bar_code.begin(), bar_code.end());
  return reply(1, info);
}

}  // namespace bmsd::test::daren_485
