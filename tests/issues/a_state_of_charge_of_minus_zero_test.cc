// Minus zero is not below zero: "soc=-0" was taken, and what was asked of the user and answered was -0 percent.
#include <gtest/gtest.h>

#include "app/typed_change.h"

namespace bmsd {
namespace {

TEST(AStateOfChargeOfMinusZero, IsZero) {
  const auto change = parse_change("soc=-0");
  ASSERT_TRUE(change);
  EXPECT_EQ(value_text(change->what, change->value), "0");
  EXPECT_EQ(value_text(Changeable::soc, -0.0), "0");
}

}  // namespace
}  // namespace bmsd
