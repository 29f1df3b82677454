// Whole numbers on the wire: big-endian (be) and little-endian (le), unsigned and two's complement. `at`: offset of the first byte;
// who reads has made sure that all of them are there.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace bmsd {

inline std::uint16_t be_u16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline std::int16_t be_s16(Bytes bytes, std::size_t at) { return static_cast<std::int16_t>(be_u16(bytes, at)); }
inline std::uint32_t be_u32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(be_u16(bytes, at)) << 16 | be_u16(bytes, at + 2);
}
inline std::int32_t be_s32(Bytes bytes, std::size_t at) { return static_cast<std::int32_t>(be_u32(bytes, at)); }

inline std::uint16_t le_u16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}
inline std::int16_t le_s16(Bytes bytes, std::size_t at) { return static_cast<std::int16_t>(le_u16(bytes, at)); }
inline std::uint32_t le_u32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(le_u16(bytes, at + 2)) << 16 | le_u16(bytes, at);
}
inline std::int32_t le_s32(Bytes bytes, std::size_t at) { return static_cast<std::int32_t>(le_u32(bytes, at)); }

// The bytes added up, modulo 256.
inline std::uint8_t sum8(Bytes bytes) {
  unsigned sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return static_cast<std::uint8_t>(sum & 0xFFU);
}

// Appends numbers in one order of bytes. What does not fit is held at the nearest number that does; NaN is 0.
class NumberWriter {
 public:
  enum class Order : std::uint8_t { big, little };
  explicit NumberWriter(Order order = Order::big) : order_(order) {}

  ByteVector bytes;

  NumberWriter& u8(double value) { return put(value, 0, 0xFF, 1); }
  NumberWriter& s8(double value) { return put(value, -0x80, 0x7F, 1); }
  NumberWriter& u16(double value) { return put(value, 0, 0xFFFF, 2); }
  NumberWriter& s16(double value) { return put(value, -0x8000, 0x7FFF, 2); }
  NumberWriter& u32(double value) { return put(value, 0, 0xFFFFFFFF, 4); }
  NumberWriter& s32(double value) { return put(value, -2147483648.0, 2147483647.0, 4); }
  NumberWriter& text(std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    return *this;
  }
  // Exactly `size` bytes: cut, or filled up behind with `pad`.
  NumberWriter& text(std::string_view text, std::size_t size, std::uint8_t pad = 0) {
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(i < text.size() ? static_cast<std::uint8_t>(text[i]) : pad);
    return *this;
  }
  NumberWriter& fill(std::size_t count, std::uint8_t byte = 0) {
    bytes.insert(bytes.end(), count, byte);
    return *this;
  }

 private:
  NumberWriter& put(double value, double low, double high, int size) {
    const auto number = static_cast<std::uint64_t>(std::isnan(value) ? 0 : std::llround(std::clamp(value, low, high)));
    for (int i = 0; i < size; ++i) {
      const int shift = 8 * (order_ == Order::big ? size - 1 - i : i);
      bytes.push_back(static_cast<std::uint8_t>(number >> shift & 0xFFU));
    }
    return *this;
  }

  Order order_;
};

}  // namespace bmsd
