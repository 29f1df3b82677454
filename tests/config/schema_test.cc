#include "config/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "config/convert.h"

namespace bmsd {
namespace {

// The keys of the old driver, in the order of its documentation.
const std::vector<std::string_view> kOldKeys = {
    "LOGGING",
    "BMS_TYPE",
    "EXCLUDED_DEVICES",
    "POLL_INTERVAL",
    "PUBLISH_CONFIG_VALUES",
    "PUBLISH_BATTERY_DATA_AS_JSON",
    "BATTERY_CELL_DATA_FORMAT",
    "MIDPOINT_ENABLE",
    "HISTORY_ENABLE",
    "GUI_PARAMETERS_SHOW_ADDITIONAL_INFO",
    "GUI_INSTALL_CUSTOMIZATIONS",
    "TELEMETRY",
    "SERIAL_STARTER_ENABLED",
    "USE_PORT_AS_UNIQUE_ID",
    "VOLTAGE_DROP",
    "MAX_BATTERY_CHARGE_CURRENT",
    "MAX_BATTERY_DISCHARGE_CURRENT",
    "MIN_CELL_VOLTAGE",
    "MAX_CELL_VOLTAGE",
    "FLOAT_CELL_VOLTAGE",
    "SOC_RESET_CELL_VOLTAGE",
    "SOC_RESET_AFTER_DAYS",
    "BATTERY_CAPACITY",
    "AUTO_RESET_SOC",
    "USE_BMS_DVCC_VALUES",
    "INVERT_CURRENT_MEASUREMENT",
    "SOC_CALCULATION",
    "CURRENT_REPORTED_BY_BMS",
    "CURRENT_MEASURED_BY_USER",
    "EXTERNAL_SENSOR_DBUS_DEVICE",
    "EXTERNAL_SENSOR_DBUS_PATH_CURRENT",
    "EXTERNAL_SENSOR_DBUS_PATH_SOC",
    "SOC_LOW_WARNING",
    "SOC_LOW_ALARM",
    "BATTERY_ADDRESSES",
    "CAN_PORT",
    "BLUETOOTH_BMS",
    "BLUETOOTH_USE_POLLING",
    "BLUETOOTH_FORCE_RESET_BLE_STACK",
    "BLUETOOTH_USE_USB",
    "MQTT_TOPIC",
    "MQTT_BROKER_ADDRESS",
    "MQTT_BROKER_PORT",
    "MQTT_TLS_ENABLED",
    "MQTT_TLS_PATH_TO_CA",
    "MQTT_TLS_INSECURE",
    "MQTT_USERNAME",
    "MQTT_PASSWORD",
    "GREENMETER_ADDRESS",
    "LIPRO_START_ADDRESS",
    "LIPRO_END_ADDRESS",
    "LIPRO_CELL_COUNT",
    "UP16S_REQUIRE_DIRECT_CONNECTION",
    "UBMS_CAN_MODULE_SERIES",
    "UBMS_CAN_MODULE_PARALLEL",
    "BMS_CAPTURE_RAW_DATA",
    "BMS_CAPTURE_RAW_DATA_MAX_SIZE_MB",
    "BMS_CAPTURE_RAW_DATA_BACKUP_COUNT",
    "BLOCK_ON_DISCONNECT",
    "BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES",
    "BLOCK_ON_DISCONNECT_VOLTAGE_MIN",
    "BLOCK_ON_DISCONNECT_VOLTAGE_MAX",
    "BMS_CABLE_ALARM",
    "CVCM_ENABLE",
    "CHARGE_MODE",
    "CVL_RECALCULATION_EVERY",
    "CVL_RECALCULATION_ON_MAX_PERCENTAGE_CHANGE",
    "CVL_RECOVERY_HOLD_SEC",
    "CVL_RECOVERY_RATE_V_PER_SEC",
    "SWITCH_TO_FLOAT_WAIT_FOR_SEC",
    "SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF",
    "SWITCH_TO_FLOAT_CELL_VOLTAGE_DEVIATION",
    "SWITCH_TO_BULK_SOC_THRESHOLD",
    "SWITCH_TO_BULK_CELL_VOLTAGE_DIFF",
    "CVL_CONTROLLER_MODE",
    "CVL_ICONTROLLER_FACTOR",
    "CCCM_CV_ENABLE",
    "DCCM_CV_ENABLE",
    "CELL_VOLTAGES_WHILE_CHARGING",
    "MAX_CHARGE_CURRENT_CV_FRACTION",
    "CELL_VOLTAGES_WHILE_DISCHARGING",
    "MAX_DISCHARGE_CURRENT_CV_FRACTION",
    "CCCM_T_ENABLE",
    "DCCM_T_ENABLE",
    "TEMPERATURES_WHILE_CHARGING",
    "MAX_CHARGE_CURRENT_T_FRACTION",
    "TEMPERATURES_WHILE_DISCHARGING",
    "MAX_DISCHARGE_CURRENT_T_FRACTION",
    "CCCM_T_MOSFET_ENABLE",
    "DCCM_T_MOSFET_ENABLE",
    "MOSFET_TEMPERATURES_WHILE_CHARGING",
    "MAX_CHARGE_CURRENT_T_MOSFET_FRACTION",
    "MOSFET_TEMPERATURES_WHILE_DISCHARGING",
    "MAX_DISCHARGE_CURRENT_T_MOSFET_FRACTION",
    "CCCM_SOC_ENABLE",
    "DCCM_SOC_ENABLE",
    "SOC_WHILE_CHARGING",
    "MAX_CHARGE_CURRENT_SOC_FRACTION",
    "SOC_WHILE_DISCHARGING",
    "MAX_DISCHARGE_CURRENT_SOC_FRACTION",
    "CHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT",
    "DISCHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT",
    "CCL_RECOVERY_HOLD_SEC",
    "DCL_RECOVERY_HOLD_SEC",
    "CCL_RECOVERY_RATE_A_PER_SEC",
    "DCL_RECOVERY_RATE_A_PER_SEC",
    "TIME_TO_GO_ENABLE",
    "TIME_TO_SOC_POINTS",
    "TIME_TO_SOC_VALUE_TYPE",
    "TIME_TO_SOC_RECALCULATE_EVERY",
    "TIME_TO_SOC_INC_FROM",
    "TEMPERATURE_SOURCE_BATTERY",
    "TEMPERATURE_1_NAME",
    "TEMPERATURE_2_NAME",
    "TEMPERATURE_3_NAME",
    "TEMPERATURE_4_NAME",
    "TEMPERATURE_1_ADJUST",
    "TEMPERATURE_2_ADJUST",
    "TEMPERATURE_3_ADJUST",
    "TEMPERATURE_4_ADJUST",
    "TEMPERATURE_MOS_ADJUST",
};

const std::vector<std::string_view> kOwnKeys = {"PORTS",
                                                "SERIAL_STARTER_PROBE",
                                                "BAUD",
                                                "PACKS",
                                                "LISTEN",
                                                "LISTEN_IF_MASTER",
                                                "RECORD_FILE",
                                                "BLACK_BOX_FILES",
                                                "BLACK_BOX_FOLDER",
                                                "ALLOW_WRITES",
                                                "SWAP_FET_BITS",
                                                "SOC_CALC_CHARGE_EFFICIENCY",
                                                "DCL_MIN_WHILE_DISCHARGE_ALLOWED",
                                                "SWITCH_TO_FLOAT_GIVE_UP_AFTER_HOURS",
                                                "MQTT_PUBLISH",
                                                "HTTP_LISTEN",
                                                "HTTP_TOKEN_FILE",
                                                "HISTORY_FILE"};

bool is_sentence(std::string_view text) {
  return text.size() > 10 && text.back() == '.' && text.find('\n') == std::string_view::npos &&
         (std::isupper(static_cast<unsigned char>(text[0])) != 0 || text.starts_with("-1"));
}

TEST(Schema, HasEveryKeyOfTheOldDriverAndItsOwnAndNoOther) {
  ASSERT_EQ(kOldKeys.size(), 121u);
  std::vector<std::string_view> expected = kOldKeys;
  expected.insert(expected.end(), kOwnKeys.begin(), kOwnKeys.end());
  std::vector<std::string_view> names;
  for (const Key& key : all_keys()) names.push_back(key.name);
  EXPECT_EQ(names, expected);
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
}

TEST(Schema, ExplainsEveryKeyInASentence) {
  for (const Key& key : all_keys()) {
    EXPECT_TRUE(is_sentence(key.help)) << key.name << ": " << key.help;
    EXPECT_FALSE(key.group.empty()) << key.name;
    EXPECT_EQ(key.works == Works::later, is_sentence(key.until)) << key.name << ": " << key.until;
    EXPECT_EQ(key.works != Works::later, key.until.empty()) << key.name;
  }
}

TEST(Schema, HasDefaultsThatConvertWithoutAWord) {
  for (const Key& key : all_keys()) {
    const Converted converted = convert(key, key.standard);
    EXPECT_TRUE(converted.value) << key.name;
    EXPECT_TRUE(converted.findings.empty()) << key.name << ": " << converted.findings.front().text;
    if (converted.value && std::holds_alternative<std::monostate>(*converted.value)) {
      EXPECT_TRUE(key.may_be_empty) << key.name;
    }
    EXPECT_TRUE(key.when_empty.empty() || convert(key, key.when_empty).value) << key.name;
  }
}

TEST(Schema, BoundsEveryIntegerSoThatItFitsAnInt) {
  for (const Key& key : all_keys()) {
    EXPECT_LE(key.lowest, key.highest) << key.name;
    if (key.kind != Kind::integer && key.kind != Kind::integer_list) continue;
    EXPECT_GE(key.lowest, -1e9) << key.name;
    EXPECT_LE(key.highest, 1e9) << key.name;
  }
}

TEST(Schema, KnowsTheSaferSideOfTheLimits) {
  for (const char* key : {"MAX_BATTERY_CHARGE_CURRENT", "MAX_BATTERY_DISCHARGE_CURRENT", "MAX_CELL_VOLTAGE",
                          "FLOAT_CELL_VOLTAGE", "SOC_RESET_CELL_VOLTAGE", "VOLTAGE_DROP",
                          "BLOCK_ON_DISCONNECT_VOLTAGE_MAX", "BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES"}) {
    EXPECT_EQ(find_key(key)->safer, Safer::lower) << key;
  }
  for (const char* key : {"MIN_CELL_VOLTAGE", "BLOCK_ON_DISCONNECT_VOLTAGE_MIN", "CCL_RECOVERY_HOLD_SEC",
                          "DCL_RECOVERY_HOLD_SEC", "CHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT"}) {
    EXPECT_EQ(find_key(key)->safer, Safer::higher) << key;
  }
}

TEST(Schema, SaysInWhichSectionsItsOwnKeysBelong) {
  for (const char* key : {"PORTS", "MQTT_PUBLISH", "HTTP_LISTEN", "HTTP_TOKEN_FILE", "HISTORY_FILE", "BLACK_BOX_FILES",
                          "BLACK_BOX_FOLDER"}) {
    EXPECT_EQ(find_key(key)->scope, Scope::daemon) << key;
  }
  for (const char* key : {"BAUD", "PACKS", "LISTEN", "LISTEN_IF_MASTER", "RECORD_FILE", "BATTERY_ADDRESSES", "BMS_TYPE",
                          "POLL_INTERVAL"}) {
    EXPECT_EQ(find_key(key)->scope, Scope::line) << key;
  }
  for (const char* key : {"ALLOW_WRITES", "SWAP_FET_BITS", "MAX_CELL_VOLTAGE"}) {
    EXPECT_EQ(find_key(key)->scope, Scope::battery) << key;
  }
}

TEST(Schema, HidesWhatIsSecret) {
  std::vector<std::string_view> secrets;
  for (const Key& key : all_keys()) {
    if (key.secret) secrets.push_back(key.name);
  }
  EXPECT_EQ(secrets, (std::vector<std::string_view>{"MQTT_PASSWORD", "HTTP_TOKEN_FILE"}));
}

TEST(Schema, FindsKeysWithoutCase) {
  ASSERT_NE(find_key("max_Cell_voltage"), nullptr);
  EXPECT_EQ(find_key("max_Cell_voltage")->name, "MAX_CELL_VOLTAGE");
  EXPECT_EQ(find_key("MAX_CELL_VOLTAG"), nullptr);
  EXPECT_EQ(find_key(""), nullptr);
}

TEST(Schema, LeadsFromOldNamesToKeysThatExist) {
  EXPECT_EQ(renamed_keys().size(), 25u);
  for (const Renamed& row : renamed_keys()) {
    EXPECT_EQ(find_key(row.old_name), nullptr) << row.old_name;
    EXPECT_EQ(find_renamed(row.old_name), &row);
    if (row.new_name.empty()) {
      EXPECT_FALSE(row.advice.empty()) << row.old_name;
    } else {
      EXPECT_NE(find_key(row.new_name), nullptr) << row.new_name;
    }
  }
  EXPECT_EQ(find_renamed("temp_1_name")->new_name, "TEMPERATURE_1_NAME");
}

}  // namespace
}  // namespace bmsd
