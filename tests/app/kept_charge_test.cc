#include "app/kept_charge.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

TEST(KeptCharge, ComesBackAsItWasAndLeavesTheRest) {
  Kept kept;
  kept.soc_calc = "73.5";
  kept.instance = 3;
  for (const KeptCharge& charge :
       {KeptCharge{true, 1'750'000'000, 0}, KeptCharge{false, {}, 1'749'000'000}, KeptCharge{true, {}, 0}}) {
    keep(KeptControl{charge, {}, {}}, kept);
    EXPECT_EQ(kept_control(kept).charge, charge);
    EXPECT_EQ(kept.soc_calc, "73.5");
    EXPECT_EQ(kept.instance, 3);
  }
}

TEST(KeptCharge, ATimeThatIsNoNumberIsNone) {
  Kept kept;
  for (const char* text : {"", "None", "12 h", "-5", "0", "99999999999999999999"}) {
    kept.max_voltage_start_time = text;
    EXPECT_FALSE(kept_control(kept).charge.full_since) << text;
  }
  kept.max_voltage_start_time = "1750000000.25";
  EXPECT_EQ(kept_control(kept).charge.full_since, 1'750'000'000);
}

}  // namespace
}  // namespace bmsd
