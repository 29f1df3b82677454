// Replies of a JBD board for tests, built from the vendor's text and not with the decoder's code.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "protocol/lltjbd_uart.h"

namespace bmsd::test::lltjbd {

inline const Protocol& jbd = kLltJbdUart;

inline std::uint8_t index_of(std::string_view name) { return static_cast<std::uint8_t>(exchange_index(jbd, name)); }

inline std::unique_ptr<Session> open(std::vector<Param> params = {}, bool extras = false) {
  return jbd.open({.address = 1, .params = params, .extras = extras});
}

inline ByteVector reply(int number, const ByteVector& data, int status = 0) {
  ByteVector bytes = {0xDD, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(status),
                      static_cast<std::uint8_t>(data.size())};
  bytes.insert(bytes.end(), data.begin(), data.end());
  const int check = 0x10000 - std::accumulate(bytes.begin() + 2, bytes.end(), 0);
  bytes.push_back(static_cast<std::uint8_t>(check >> 8 & 255));
  bytes.push_back(static_cast<std::uint8_t>(check & 255));
  bytes.push_back(0x77);
  return bytes;
}

inline void put16(ByteVector& to, int value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8 & 255));
  to.push_back(static_cast<std::uint8_t>(value & 255));
}

struct Data03 {
  int voltage = 5280, current = -1234, remaining = 5000, full = 10000;
  int date = 0x2C7C;
  int low_cells = 0, high_cells = 0, protections = 0;
  int version = 0x29, soc = 50, switches = 3, cells = 16;
  std::vector<int> sensors = {2981, 2931, 2881};
  ByteVector tail = {};

  ByteVector bytes() const {
    ByteVector data;
    for (const int word : {voltage, current, remaining, full, 12, date, low_cells, high_cells, protections})
      put16(data, word);
    for (const int byte : {version, soc, switches, cells, static_cast<int>(sensors.size())})
      data.push_back(static_cast<std::uint8_t>(byte));
    for (const int sensor : sensors) put16(data, sensor);
    data.insert(data.end(), tail.begin(), tail.end());
    return data;
  }
};

inline Result<Reading> hear(Session& session, std::string_view exchange, const ByteVector& bytes) {
  const auto asked = session.request(index_of(exchange));
  const Frame frame{bytes};
  return session.decode({&*asked, {&frame, 1}, true});
}

inline Reading reading_of(const Data03& data, std::vector<Param> params = {}, bool extras = false) {
  auto session = open(std::move(params), extras);
  const auto reading = hear(*session, "03", reply(3, data.bytes()));
  EXPECT_TRUE(reading);
  return reading ? *reading : Reading();
}

inline ByteVector cells(int count) {
  ByteVector data;
  for (int i = 0; i < count; ++i) put16(data, 3300 + i);
  return data;
}

inline std::map<std::string, ExtraValue> extras_of(const Reading& reading) {
  return {reading.extras.begin(), reading.extras.end()};
}

inline double number(const Reading& reading, const std::string& key) {
  return std::get<double>(extras_of(reading).at(key));
}

inline std::string text_of(const Reading& reading, Text text) {
  for (const auto& [which, content] : reading.texts) {
    if (which == text) return content;
  }
  return "";
}

}  // namespace bmsd::test::lltjbd
