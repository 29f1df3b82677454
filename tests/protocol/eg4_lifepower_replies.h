// Replies of a Tian-Power pack for tests, built group by group and not with the decoder's code.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/eg4_lifepower.h"

namespace bmsd::test::eg4 {

inline const Protocol& lifepower = kEg4Lifepower;

inline std::uint8_t index_of(std::string_view name) {
  return static_cast<std::uint8_t>(exchange_index(lifepower, name));
}

inline std::unique_ptr<Session> open(int address = 1, bool extras = true) {
  return lifepower.open({.address = address, .params = {}, .extras = extras});
}

inline ByteVector reply(int command, const ByteVector& payload, int address = 1, int start = 0x7E) {
  ByteVector bytes;
  for (const std::size_t byte : {static_cast<std::size_t>(start), static_cast<std::size_t>(address),
                                 static_cast<std::size_t>(command), payload.size()})
    bytes.push_back(static_cast<std::uint8_t>(byte));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  int sum = 0, parity = 0;
  for (const int byte : bytes) {
    sum += byte;
    parity ^= byte;
  }
  bytes.push_back(static_cast<std::uint8_t>((sum ^ parity) & 255));
  bytes.push_back(0x0D);
  return bytes;
}

// A group of numbers of 2 bytes.
inline ByteVector group(int id, const std::vector<int>& items) {
  ByteVector bytes = {static_cast<std::uint8_t>(id), static_cast<std::uint8_t>(items.size())};
  for (const int item : items) {
    bytes.push_back(static_cast<std::uint8_t>(item >> 8 & 255));
    bytes.push_back(static_cast<std::uint8_t>(item & 255));
  }
  return bytes;
}

// The general data; `more` follows the ten groups, those in `without` are left out.
struct General {
  std::vector<int> cells = std::vector<int>(16, 3300);
  int current = 30000, soc = 5000, full = 10000;
  std::vector<int> temperatures = {0x0041, 0x0040, 0x8042, 0x2043};
  std::vector<int> status = {0, 0, 0, 0, 0};
  int cycles = 7, voltage = 5280, soh = 9900;
  ByteVector more = {};
  std::vector<int> without = {};

  ByteVector bytes() const {
    const std::map<int, std::vector<int>> groups = {{1, cells},        {2, {current}}, {3, {soc}},    {4, {full}},
                                                    {5, temperatures}, {6, status},    {7, {cycles}}, {8, {voltage}},
                                                    {9, {soh}},        {10, {0}}};
    ByteVector payload;
    for (const auto& [id, items] : groups) {
      if (std::find(without.begin(), without.end(), id) != without.end()) continue;
      const ByteVector one = group(id, items);
      payload.insert(payload.end(), one.begin(), one.end());
    }
    payload.insert(payload.end(), more.begin(), more.end());
    return payload;
  }
};

inline int start_byte(Session& session) { return session.request(index_of("01"))->bytes.front(); }

inline Result<Reading> hear(Session& session, std::string_view exchange, const ByteVector& bytes) {
  const auto asked = session.request(index_of(exchange));
  const Frame frame{bytes};
  return session.decode({&*asked, {&frame, 1}, false});
}

inline Result<Reading> hear(Session& session, const General& data, std::string_view exchange = "01") {
  return hear(session, exchange, reply(1, data.bytes()));
}

inline Reading reading_of(const General& data) {
  const auto reading = hear(*open(), data);
  EXPECT_TRUE(reading) << (reading ? "" : describe(reading.error()));
  return reading ? *reading : Reading();
}

inline std::string word_of(const Result<Reading>& result) { return result ? "accepted" : result.error().what; }

inline std::map<std::string, ExtraValue> extras_of(const Reading& reading) {
  return {reading.extras.begin(), reading.extras.end()};
}

inline std::string text_of(const Reading& reading, Text text) {
  for (const auto& [which, content] : reading.texts) {
    if (which == text) return content;
  }
  return "";
}

}  // namespace bmsd::test::eg4
