#include "app/charge_source.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

nlohmann::json two_batteries() {
  return nlohmann::json::parse(R"({"ok": true, "batteries": [
      {"port": "/dev/nowhere1", "address": 1, "limits": {"cvl_v": 55.2, "ccl_a": 50, "dcl_a": 60}},
      {"port": "/dev/nowhere1", "address": 2, "limits": {"cvl_v": 54, "ccl_a": 0, "dcl_a": 12.5}},
      {"port": "/dev/nowhere2", "limits": {"ccl_a": 3, "dcl_a": 60}},
      {"port": "/dev/nowhere3", "limits": {"cvl_v": 27.6, "ccl_a": 3, "dcl_a": 60}}]})");
}

TEST(ChargeSource, FindsTheLimitsOfThePackByPortAndAddress) {
  EXPECT_EQ(limits_in(two_batteries(), "/dev/nowhere1", 1), (ChargeLimits{55.2, 50, 60}));
  EXPECT_EQ(limits_in(two_batteries(), "nowhere1", 2), (ChargeLimits{54, 0, 12.5}));
  EXPECT_EQ(limits_in(two_batteries(), "/dev/nowhere1", 3), std::nullopt);
}

TEST(ChargeSource, ABatteryWithoutAnAddressIsTheOneOfItsLine) {
  EXPECT_EQ(limits_in(two_batteries(), "/dev/nowhere3", 7), (ChargeLimits{27.6, 3, 60}));
}

TEST(ChargeSource, WithoutAllLimitsThereAreNone) {
  EXPECT_EQ(limits_in(two_batteries(), "/dev/nowhere2", 1), std::nullopt);
  EXPECT_EQ(limits_in(nullptr, "/dev/nowhere1", 1), std::nullopt);
  EXPECT_EQ(limits_in(nlohmann::json::parse(R"({"batteries": [3]})"), "/dev/nowhere1", 1), std::nullopt);
}

}  // namespace
}  // namespace bmsd
