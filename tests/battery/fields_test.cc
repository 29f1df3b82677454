#include "battery/fields.h"

#include <gtest/gtest.h>

#include <set>

namespace bmsd {
namespace {

TEST(Fields, AreFoundByTheirKeys) {
  for (std::size_t i = 0; i < kFieldCount; ++i) EXPECT_EQ(field_of(kFields[i].key), field_at(i)) << kFields[i].key;
  EXPECT_EQ(field_of("voltage"), std::nullopt);
  EXPECT_EQ(field_of(""), std::nullopt);
}

TEST(Fields, KeysCarryTheirUnit) {
  for (const FieldInfo& field : kFields) {
    const std::string_view key = field.key;
    switch (field.quantity) {
      case Quantity::volt:
        EXPECT_TRUE(key.ends_with("_v")) << key;
        break;
      case Quantity::ampere:
        EXPECT_TRUE(key.ends_with("_a")) << key;
        break;
      case Quantity::amp_hour:
        EXPECT_TRUE(key.ends_with("_ah")) << key;
        break;
      case Quantity::kilowatt_hour:
        EXPECT_TRUE(key.ends_with("_kwh")) << key;
        break;
      case Quantity::celsius:
        EXPECT_TRUE(key.ends_with("_c")) << key;
        break;
      case Quantity::percent:
        EXPECT_TRUE(key.ends_with("_percent")) << key;
        break;
      case Quantity::flag:
        EXPECT_TRUE(key.ends_with("_on")) << key;
        break;
      case Quantity::count:
        break;
    }
    EXPECT_LT(field.lowest, field.highest) << key;
  }
}

}  // namespace
}  // namespace bmsd
