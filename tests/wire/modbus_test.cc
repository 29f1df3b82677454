#include "wire/modbus.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

TEST(modbus, has_the_check_value_of_the_published_crc) {
  const std::string_view digits = "123456789";
  EXPECT_EQ(modbus_crc(as_bytes(digits)), 0x4B37);
}

TEST(modbus, a_frame_with_its_check_low_byte_first_holds) {
  const ByteVector frame = with_modbus_crc({0x01, 0x10, 0x16, 0x20, 0x00, 0x01, 0x02, 0x00, 0x00});
  EXPECT_EQ(to_hex(frame), "011016200001020000D6F1");
  EXPECT_TRUE(modbus_crc_holds(frame));
  ByteVector damaged = frame;
  damaged[3] ^= 1;
  EXPECT_FALSE(modbus_crc_holds(damaged));
  EXPECT_FALSE(modbus_crc_holds(Bytes(frame).first(3)));
}

}  // namespace
}  // namespace bmsd
