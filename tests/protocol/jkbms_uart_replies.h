// Answers of a JK board for tests, built from the vendor's text and not with the decoder's code.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "protocol/jkbms_uart.h"

namespace bmsd::test::jkbms {

inline const Protocol& jk = kJkBmsUart;

inline std::unique_ptr<Session> open(int address = 0, bool extras = true) {
  return jk.open({.address = address, .params = {}, .extras = extras});
}

inline ByteVector big(unsigned value, int size) {
  ByteVector bytes;
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i & 255));
  return bytes;
}

inline void append(ByteVector& to, const ByteVector& more) { to.insert(to.end(), more.begin(), more.end()); }

inline ByteVector text(std::string_view text, std::size_t size) {
  ByteVector bytes(text.begin(), text.end());
  bytes.resize(size);
  return bytes;
}

// What stands around the data.
struct Around {
  int command = 6, source = 0, type = 1;
  unsigned terminal = 0;
};

inline ByteVector frame(const ByteVector& data, const Around& around = {}) {
  ByteVector bytes = {0x4E, 0x57};
  append(bytes, big(static_cast<unsigned>(data.size()) + 18, 2));
  append(bytes, big(around.terminal, 4));
  for (const int byte : {around.command, around.source, around.type}) bytes.push_back(static_cast<std::uint8_t>(byte));
  append(bytes, data);
  append(bytes, {0, 0, 0, 0, 0x68});
  append(bytes, big(std::accumulate(bytes.begin(), bytes.end(), 0U) & 0xFFFF, 4));
  return bytes;
}

inline ByteVector cell_list(int count, int first_number = 1) {
  ByteVector list = {static_cast<std::uint8_t>(3 * count)};
  for (int i = 0; i < count; ++i) {
    list.push_back(static_cast<std::uint8_t>(first_number + i));
    append(list, big(static_cast<unsigned>(3300 + i), 2));
  }
  return list;
}

// Registers in ascending order; those that are set can be taken away and changed.
struct Registers {
  std::map<int, ByteVector> values = {
      {0x79, cell_list(4)}, {0x80, big(31, 2)},  {0x81, big(22, 2)},         {0x82, big(21, 2)}, {0x83, big(1320, 2)},
      {0x84, big(1000, 2)}, {0x85, {77}},        {0x87, big(12, 2)},         {0x8A, big(4, 2)},  {0x8B, big(0, 2)},
      {0x8C, big(3, 2)},    {0xAA, big(280, 4)}, {0xB2, text("s3cr3t", 10)}, {0xC0, {1}},
  };
  ByteVector tail = {};

  Registers& with(int id, ByteVector value) {
    values[id] = std::move(value);
    return *this;
  }
  Registers& without(int id) {
    values.erase(id);
    return *this;
  }
  ByteVector data() const {
    ByteVector bytes;
    for (const auto& [id, value] : values) {
      bytes.push_back(static_cast<std::uint8_t>(id));
      append(bytes, value);
    }
    append(bytes, tail);
    return bytes;
  }
};

inline Result<Reading> hear(Session& session, const ByteVector& bytes, std::uint8_t exchange = 0) {
  const auto asked = session.request(exchange);
  const Frame frame{bytes};
  return session.decode({&*asked, {&frame, 1}, true});
}

inline Result<Reading> hear(const Registers& registers) { return hear(*open(), frame(registers.data())); }

inline Reading reading_of(const Registers& registers) {
  const auto reading = hear(registers);
  EXPECT_TRUE(reading);
  return reading ? *reading : Reading();
}

// The sheet's word of what is refused; empty: it is taken.
inline std::string refusal_of(const Registers& registers) {
  const auto reading = hear(registers);
  return reading ? "" : reading.error().what;
}

inline std::map<std::string, ExtraValue> extras_of(const Reading& reading) {
  return {reading.extras.begin(), reading.extras.end()};
}

inline std::string text_of(const Reading& reading, Text text) {
  for (const auto& [which, content] : reading.texts) {
    if (which == text) return content;
  }
  return "";
}

}  // namespace bmsd::test::jkbms
