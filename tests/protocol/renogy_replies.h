// Replies of a Renogy battery for tests, built from the vendor's text and not with the decoder's code.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/renogy.h"
#include "wire/modbus.h"

namespace bmsd::test::renogy {

inline const Protocol& battery = kRenogy;
inline constexpr int kAddress = 0x30;

inline std::uint8_t index_of(std::string_view name) { return static_cast<std::uint8_t>(exchange_index(battery, name)); }

inline std::unique_ptr<Session> open(std::vector<Param> params = {}, bool extras = true) {
  return battery.open({.address = kAddress, .params = params, .extras = extras});
}

using Words = std::vector<int>;

inline ByteVector reply(const Words& words, int address = kAddress) {
  ByteVector bytes = {static_cast<std::uint8_t>(address), 0x03, static_cast<std::uint8_t>(words.size() * 2)};
  for (const int word : words) {
    bytes.push_back(static_cast<std::uint8_t>(word >> 8 & 255));
    bytes.push_back(static_cast<std::uint8_t>(word & 255));
  }
  return with_modbus_crc(bytes);
}

inline ByteVector refusal(std::uint8_t code) { return with_modbus_crc({kAddress, 0x83, code}); }

// A text in registers, filled up with blanks.
inline Words text(std::string_view text, std::size_t registers) {
  std::string all(text);
  all.resize(2 * registers, ' ');
  Words words;
  for (std::size_t i = 0; i < all.size(); i += 2)
    words.push_back(static_cast<std::uint8_t>(all[i]) << 8 | static_cast<std::uint8_t>(all[i + 1]));
  return words;
}

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Result<Reading> hear(Session& session, const Request& asked, const ByteVector& bytes) {
  const Frame frame{bytes};
  return session.decode({&asked, {&frame, 1}, true});
}
inline Result<Reading> hear(Session& session, std::string_view exchange, const Words& words) {
  return hear(session, *session.request(index_of(exchange)), reply(words));
}

// The reply to any read.
inline Result<Reading> hear_read(Session& session, int first, const Words& words) {
  const ByteVector request =
      with_modbus_crc({kAddress, 0x03, static_cast<std::uint8_t>(first >> 8), static_cast<std::uint8_t>(first & 255), 0,
                       static_cast<std::uint8_t>(words.size())});
  const Tag tag = battery.tag({request});
  EXPECT_EQ(tag.role, Role::request);
  return hear(session, {static_cast<std::uint8_t>(tag.exchange), request}, reply(words));
}

inline Words cells(int count, int temperatures = 2) {
  Words words(34, 0);
  words[0] = count;
  for (int i = 0; i < count && i < 16; ++i) words[static_cast<std::size_t>(1 + i)] = 32 + i % 3;
  words[17] = temperatures;
  for (int i = 0; i < 4; ++i) words[static_cast<std::size_t>(18 + i)] = 170 + i;
  return words;
}

// Registers 5100 to 5109 of a healthy battery with the switches on.
inline Words status() { return {0, 0, 0, 0, 0, 0, 0x000E, 0, 0, 0x00C0}; }
inline Words status(int number, int value) {
  Words words = status();
  words[static_cast<std::size_t>(number - 5100)] = value;
  return words;
}

inline const Words kMeasurements = {0xFFAA, 136, 0x0001, 0x7BB0, 0x0001, 0x86A0};

inline std::map<std::string, ExtraValue> extras_of(const Reading& reading) {
  return {reading.extras.begin(), reading.extras.end()};
}

inline std::string text_of(const Reading& reading, Text text) {
  for (const auto& [which, content] : reading.texts) {
    if (which == text) return content;
  }
  return "";
}

}  // namespace bmsd::test::renogy
