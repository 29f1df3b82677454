#include "config/settings.h"

#include <gtest/gtest.h>

#include "config/convert.h"

namespace bmsd {
namespace {

std::string shown(const char* key, Setting value) { return to_text(value, *find_key(key)); }

TEST(Settings, BeginAtTheDefaults) {
  const Settings settings;
  EXPECT_EQ(settings.real("MAX_CELL_VOLTAGE"), 3.45);
  EXPECT_EQ(settings.integer("BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES"), 30);
  EXPECT_TRUE(settings.flag("CVCM_ENABLE"));
  EXPECT_FALSE(settings.flag("MIDPOINT_ENABLE"));
  EXPECT_EQ(settings.text("TEMPERATURE_3_NAME"), "Temp 3");
  EXPECT_EQ(settings.reals("MOSFET_TEMPERATURES_WHILE_CHARGING"), (std::vector<double>{70, 80, 90}));
  EXPECT_EQ(settings.integers("TEMPERATURE_SOURCE_BATTERY"), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_TRUE(settings.texts("BMS_TYPE").empty());
}

TEST(Settings, TellEmptyFromZero) {
  Settings settings;
  EXPECT_EQ(settings.optional_real("POLL_INTERVAL"), std::nullopt);
  EXPECT_EQ(settings.optional_integer("SOC_RESET_AFTER_DAYS"), std::nullopt);
  EXPECT_EQ(settings.real("POLL_INTERVAL"), 0);
  settings.set("POLL_INTERVAL", 0.0);
  settings.set("SOC_RESET_AFTER_DAYS", std::int64_t{0});
  EXPECT_EQ(settings.optional_real("POLL_INTERVAL"), 0.0);
  EXPECT_EQ(settings.optional_integer("SOC_RESET_AFTER_DAYS"), 0);
}

TEST(Settings, AreEmptyForKeysThatDoNotExistOrAreOfAnotherKind) {
  Settings settings;
  settings.set("NO_SUCH_KEY", 1.0);
  EXPECT_EQ(settings, Settings());
  EXPECT_EQ(settings.real("NO_SUCH_KEY"), 0);
  EXPECT_EQ(settings.real("LOGGING"), 0);
  EXPECT_TRUE(settings.text("MAX_CELL_VOLTAGE").empty());
  EXPECT_TRUE(settings.reals("LOGGING").empty());
}

TEST(Settings, AreWrittenAsInAFile) {
  EXPECT_EQ(shown("MAX_CELL_VOLTAGE", 3.45), "3.45");
  EXPECT_EQ(shown("MAX_BATTERY_CHARGE_CURRENT", 50.0), "50");
  EXPECT_EQ(shown("CVL_RECOVERY_RATE_V_PER_SEC", 0.001), "0.001");
  EXPECT_EQ(shown("MAX_BATTERY_CHARGE_CURRENT", 100000.0), "100000");
  EXPECT_EQ(shown("MAX_BATTERY_CHARGE_CURRENT", 0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(shown("VOLTAGE_DROP", -1.5), "-1.5");
  EXPECT_EQ(shown("CHARGE_MODE", std::int64_t{2}), "2");
  EXPECT_EQ(shown("MIDPOINT_ENABLE", true), "True");
  EXPECT_EQ(shown("POLL_INTERVAL", {}), "");
  EXPECT_EQ(shown("TEMPERATURES_WHILE_CHARGING", std::vector<double>{0, 2.5}), "0, 2.5");
  EXPECT_EQ(shown("BATTERY_ADDRESSES", std::vector<std::string>{"0x01", "0x02"}), "0x01, 0x02");
}

TEST(Settings, ReadBackWhatTheyWrite) {
  const Settings settings;
  for (const Key& key : all_keys()) {
    EXPECT_EQ(convert(key, to_text(settings[key.name], key)).value, settings[key.name]) << key.name;
  }
}

}  // namespace
}  // namespace bmsd
