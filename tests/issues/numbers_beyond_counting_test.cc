// Numbers that fit no counter: in scenarios they were turned into integers that cannot hold them, and a device instance at the
// end of what 32 bits hold was counted on from.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/scenario.h"
#include "app/scenario_step.h"
#include "venus/kept_settings.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

TEST(NumbersBeyondCounting, AreAbsentInAScenario) {
  EXPECT_EQ(number_in(1e13), std::nullopt);
  EXPECT_EQ(number_in("-1e300"), std::nullopt);
  EXPECT_EQ(number_in("1e999"), std::nullopt);
  EXPECT_EQ(number_in("1e11"), 1e11);
  const auto answer =
      run_scenario(Json::parse(R"({"initial": {"max_voltage_start_age_s": 1e200, "soc_reset_last_reached_age_s": -1e19},
      "steps": [{"t": 1e300, "cell_v": 3.3, "wall_clock_jump_s": 9e18, "alarms": {"low_voltage": 1e12},
                 "actions": [["history_clear", 4e9], ["reset_soc_to", 1e30]]}]})"));
  ASSERT_TRUE(answer.contains("steps")) << answer.dump();
  EXPECT_GE(answer["steps"][0]["ccl_a"].get<double>(), 0);
}

TEST(NumbersBeyondCounting, AreNoDeviceInstances) {
  EXPECT_EQ(battery_instance("battery:2147483647"), std::nullopt);
  EXPECT_EQ(battery_instance("battery:2147483648"), std::nullopt);
  EXPECT_EQ(battery_instance("battery:1000000"), 1'000'000);
}

}  // namespace
}  // namespace bmsd
