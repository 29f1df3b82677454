// Replies of a JK PB for tests, built from the published layout and not with the decoder's code.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "protocol/jkbms_pb.h"
#include "wire/modbus.h"

namespace bmsd::test::jkbms_pb {

inline const Protocol& pb = kJkBmsPb;
inline constexpr std::uint8_t kStatus = 0, kSettings = 1, kAbout = 2;  // exchanges
inline constexpr int kRegisters[] = {0x1620, 0x161E, 0x161C};
inline constexpr int kTypes[] = {2, 1, 3};

inline ByteVector operator+(ByteVector a, const ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline std::unique_ptr<Session> open(bool extras = false, int address = 3) {
  return pb.open({.address = address, .params = {}, .extras = extras});
}

inline ByteVector request(int address, int exchange) {
  return with_modbus_crc({static_cast<std::uint8_t>(address), 0x10, 0x16,
                          static_cast<std::uint8_t>(kRegisters[exchange] & 255), 0, 1, 2, 0, 0});
}

inline ByteVector ack(int address, int exchange) {
  return with_modbus_crc(
      {static_cast<std::uint8_t>(address), 0x10, 0x16, static_cast<std::uint8_t>(kRegisters[exchange] & 255), 0, 1});
}

inline ByteVector exception(int address, int code) {
  return with_modbus_crc({static_cast<std::uint8_t>(address), 0x90, static_cast<std::uint8_t>(code)});
}

// 300 bytes; numbers are set at the offsets that the sheet prints, little-endian.
struct Block {
  ByteVector bytes = ByteVector(300, 0);

  explicit Block(int exchange) {
    bytes[0] = 0x55;
    bytes[1] = 0xAA;
    bytes[2] = 0xEB;
    bytes[3] = 0x90;
    bytes[4] = static_cast<std::uint8_t>(kTypes[exchange]);
  }
  Block& set(std::size_t at, int size, long long value) {
    for (int i = 0; i < size; ++i)
      bytes[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value >> 8 * i & 255);
    return *this;
  }
  Block& text(std::size_t at, const std::string& text) {
    std::copy(text.begin(), text.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return *this;
  }
  ByteVector done() const {
    ByteVector all = bytes;
    all[299] = static_cast<std::uint8_t>(std::accumulate(all.begin(), all.end() - 1, 0) & 255);
    return all;
  }
};

// Four cells of 3.3 V, four sensors at 21 to 24 degrees, 10 A of charge.
inline Block status() {
  Block block(kStatus);
  for (std::size_t n = 0; n < 4; ++n) block.set(6 + 2 * n, 2, 3300 + static_cast<int>(n));
  block.set(70, 4, 0x0F).set(144, 2, 250).set(150, 4, 13206).set(158, 4, 10000).set(162, 2, 210).set(164, 2, 220);
  block.set(173, 1, 55).set(174, 4, 55000).set(178, 4, 100000).set(182, 4, 12).set(190, 1, 99).set(198, 1, 1);
  return block.set(199, 1, 1).set(214, 1, 0xFF).set(256, 2, 230).set(258, 2, 240);
}

inline Block settings() {
  Block block(kSettings);
  block.set(10, 4, 2700).set(18, 4, 3650).set(38, 4, 3450).set(42, 4, 3350).set(50, 4, 60000).set(62, 4, 100000);
  return block.set(114, 4, 4).set(118, 4, 1).set(122, 4, 1).set(126, 4, 1).set(130, 4, 110000);
}

inline Block about() {
  Block block(kAbout);
  block.text(6, "JK_PB2A16S20P").text(22, "15A").text(30, "15.41").text(46, "Garage").text(62, "PASSCODE");
  return block.text(78, "240914").text(86, "40119491480").text(118, "PASSWORD");
}

inline ByteVector reply(int address, int exchange, const Block& block) { return block.done() + ack(address, exchange); }

inline Result<Reading> hear(Session& session, int exchange, const ByteVector& bytes, int address = 3) {
  const Request asked{static_cast<std::uint8_t>(exchange), request(address, exchange)};
  const Frame frame{bytes};
  return session.decode({&asked, {&frame, 1}, true});
}

inline Reading reading_of(int exchange, const Block& block, bool extras = false) {
  const auto session = open(extras);
  const auto reading = hear(*session, exchange, reply(3, exchange, block));
  EXPECT_TRUE(reading);
  return reading ? *reading : Reading();
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

}  // namespace bmsd::test::jkbms_pb
