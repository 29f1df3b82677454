#include "wire/modbus.h"

#include <array>

namespace bmsd {
namespace {

constexpr std::array<std::uint16_t, 256> make_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned i = 0; i < table.size(); ++i) {
    unsigned crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xA001u : crc >> 1;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

std::uint16_t modbus_crc(Bytes bytes) {
  unsigned crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ byte) & 0xFF];
  return static_cast<std::uint16_t>(crc);
}

ByteVector with_modbus_crc(ByteVector frame) {
  const std::uint16_t crc = modbus_crc(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

bool modbus_crc_holds(Bytes frame) { return frame.size() >= 4 && modbus_crc(frame) == 0; }

}  // namespace bmsd
