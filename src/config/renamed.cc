#include <array>

#include "config/schema.h"

namespace bmsd {
namespace {

// Of several old names of one key the later row is the newer name.
constexpr std::array<Renamed, 25> kRenamed = {{
    {"HELTEC_MODBUS_ADDR", "BATTERY_ADDRESSES", "", "1.4"},
    {"MODBUS_ADDRESSES", "BATTERY_ADDRESSES", "", "2.0"},
    {"SEPLOS_USE_BMS_VALUES", "USE_BMS_DVCC_VALUES", "", "2.0"},
    {"SOC_CALC_CURRENT_REPORTED_BY_BMS", "CURRENT_REPORTED_BY_BMS", "", "2.0"},
    {"SOC_CALC_CURRENT_MEASURED_BY_USER", "CURRENT_MEASURED_BY_USER", "", "2.0"},
    {"EXTERNAL_CURRENT_SENSOR_DBUS_DEVICE", "EXTERNAL_SENSOR_DBUS_DEVICE", "", "2.0"},
    {"EXTERNAL_CURRENT_SENSOR_DBUS_PATH", "EXTERNAL_SENSOR_DBUS_PATH_CURRENT", "", "2.0"},
    {"TEMP_BATTERY", "TEMPERATURE_SOURCE_BATTERY",
     "it is a list of sensors now; 0 meant all of them, which is 1, 2, 3, 4", "2.0"},
    {"TEMP_1_NAME", "TEMPERATURE_1_NAME", "", "2.0"},
    {"TEMP_2_NAME", "TEMPERATURE_2_NAME", "", "2.0"},
    {"TEMP_3_NAME", "TEMPERATURE_3_NAME", "", "2.0"},
    {"TEMP_4_NAME", "TEMPERATURE_4_NAME", "", "2.0"},
    {"SOC_RESET_VOLTAGE", "SOC_RESET_CELL_VOLTAGE", "", "2.0"},
    {"MAX_VOLTAGE_TIME_SEC", "SWITCH_TO_FLOAT_WAIT_FOR_SEC", "", "2.0"},
    {"SOC_LEVEL_TO_RESET_VOLTAGE_LIMIT", "SWITCH_TO_BULK_SOC_THRESHOLD", "", "2.0"},
    {"CELL_VOLTAGE_DIFF_KEEP_MAX_VOLTAGE_UNTIL", "SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF", "", "2.0"},
    {"CELL_VOLTAGE_DIFF_TO_RESET_VOLTAGE_LIMIT", "SWITCH_TO_BULK_CELL_VOLTAGE_DIFF", "", "2.0"},
    {"LINEAR_RECALCULATION_EVERY", "CVL_RECALCULATION_EVERY", "", "2.0"},
    {"LINEAR_RECALCULATION_ON_PERC_CHANGE", "CVL_RECALCULATION_ON_MAX_PERCENTAGE_CHANGE", "", "2.0"},
    {"TIME_TO_SOC_LOOP_CYCLES", "TIME_TO_SOC_RECALCULATE_EVERY", "it counts seconds now, not cycles", "1.0"},
    {"CELL_VOLTAGE_DIFF_KEEP_MAX_VOLTAGE_TIME_RESTART", "",
     "set SWITCH_TO_FLOAT_CELL_VOLTAGE_DEVIATION: how far the spread of the cells may leave its limit before the wait "
     "begins again",
     "2.0"},
    {"CVL_ICONTROLLER_MODE", "", "write CVL_CONTROLLER_MODE = 2 where it was True", "2.0"},
    {"LINEAR_LIMITATION_ENABLE", "", "write CHARGE_MODE = 1 where it was True, CHARGE_MODE = 2 where it was False",
     "2.0"},
    {"SOC_RESET_CURRENT", "", "remove the line: nothing takes its place", "2.0"},
    {"SOC_RESET_TIME", "", "remove the line: nothing takes its place", "2.0"},
}};

}  // namespace

std::span<const Renamed> renamed_keys() { return kRenamed; }

}  // namespace bmsd
