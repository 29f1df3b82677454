#include "base/bytes.h"

namespace bmsd {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string printable_text(Bytes field) {
  const auto is_pad = [](std::uint8_t byte) { return byte == 0x00 || byte == 0x20 || byte == 0xFF; };
  while (!field.empty() && is_pad(field.back())) field = field.first(field.size() - 1);
  while (!field.empty() && is_pad(field.front())) field = field.subspan(1);
  std::string text(as_text(field));
  for (char& c : text) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return text;
}

std::string hex_address(int address) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const unsigned value = static_cast<unsigned>(address) & 0xFFU;
  return std::string("0x") + kDigits[value >> 4U] + kDigits[value & 15U];
}

std::optional<ByteVector> from_hex(std::string_view text) {
  ByteVector bytes;
  int high = -1;
  for (const char c : text) {
    if (high < 0 && (c == ' ' || c == '\t')) continue;
    const int value = digit(c);
    if (value < 0) return std::nullopt;
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) return std::nullopt;
  return bytes;
}

}  // namespace bmsd
