// What the user may set about limits and about a lost connection. Names in capitals are the keys of config.ini.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "control/table.h"

namespace bmsd {

// Shares of the configured current, over what was measured. An absent measurement limits
// nothing.
struct CurrentTables {
  bool by_cell_voltage = true;     // CCCM_CV_ENABLE, DCCM_CV_ENABLE
  bool by_temperature = true;      // CCCM_T_ENABLE, DCCM_T_ENABLE
  bool by_mos_temperature = true;  // CCCM_T_MOSFET_ENABLE, DCCM_T_MOSFET_ENABLE
  bool by_soc = false;             // CCCM_SOC_ENABLE, DCCM_SOC_ENABLE
  Table cell_voltage;              // V
  Table temperature;               // degrees Celsius
  Table mos_temperature;           // degrees Celsius
  Table soc;                       // percent
};

// How a limit of current comes back after it had fallen (charge-control: hold, then ramp).
struct Recovery {
  double hold_s = 30;        // CCL_RECOVERY_HOLD_SEC, DCL_RECOVERY_HOLD_SEC
  double rate_a_per_s = 5;   // CCL_RECOVERY_RATE_A_PER_SEC, DCL_...; 0: at once
  double threshold = 0.015;  // CHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT, DISCHARGE_...: a share, not percent
};

// shown = reading * slope + offset.
struct Adjustment {
  double offset = 0, slope = 1;
};

// What lowers CVL while a cell is higher than it may be (CVL_CONTROLLER_MODE).
enum class CellController : std::uint8_t {
  none,
  penalty,   // the sum of the cells less what is above the limit
  integral,  // falls for as long as the highest cell is above its target, by how much it is
  clipped,   // the sum of the cells cut off at the limit, and a little
};

// Bulk, absorption and float: when they begin and end.
struct ChargeStageConfig {
  bool enabled = true;                         // CVCM_ENABLE; off: always the maximum
  double float_wait_s = 900;                   // SWITCH_TO_FLOAT_WAIT_FOR_SEC
  double float_difference = 0.010;             // V, SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF; 10: no condition
  double float_deviation = 0.003;              // V, SWITCH_TO_FLOAT_CELL_VOLTAGE_DEVIATION
  double bulk_soc = 80;                        // percent, SWITCH_TO_BULK_SOC_THRESHOLD; 0: off
  double bulk_difference = 0.080;              // V, SWITCH_TO_BULK_CELL_VOLTAGE_DIFF; 10: off
  double soc_reset_cell_voltage = 3.65;        // V, SOC_RESET_CELL_VOLTAGE
  std::optional<double> soc_reset_after_days;  // SOC_RESET_AFTER_DAYS; nothing: never
  CellController controller = CellController::penalty;
  double integral_factor = 0.2;           // 1/s, CVL_ICONTROLLER_FACTOR
  double recovery_hold_s = 60;            // CVL_RECOVERY_HOLD_SEC
  double recovery_v_per_s = 0.001;        // CVL_RECOVERY_RATE_V_PER_SEC; 0: at once
  std::optional<double> give_up_after_h;  // SWITCH_TO_FLOAT_GIVE_UP_AFTER_HOURS; nothing: never
};

// The temperature sensors of the pack, and which of them count.
struct SensorConfig {
  std::vector<int> source = {1, 2, 3, 4};  // TEMPERATURE_SOURCE_BATTERY, from 1; missing sensors are skipped
  std::array<Adjustment, 4> adjust = {};   // TEMPERATURE_1_ADJUST ...
  Adjustment adjust_mos;                   // TEMPERATURE_MOS_ADJUST
};

// What the BMS shows for a current, and what flows then: CURRENT_REPORTED_BY_BMS, CURRENT_MEASURED_BY_USER.
struct CurrentMap {
  std::vector<double> reported = {-300, 300};  // A, rising
  std::vector<double> measured = {-300, 300};  // A, as many; equal to `reported`: nothing is corrected
};

struct SocConfig {
  bool counted = false;          // SOC_CALCULATION
  double charge_efficiency = 1;  // SOC_CALC_CHARGE_EFFICIENCY: the share of the charge that is there afterwards
  double low_warning = 20;       // percent, SOC_LOW_WARNING: what the time to go counts down to without an ESS
};

// How the times to a SoC are shown (TIME_TO_SOC_VALUE_TYPE).
enum class TimesShown : std::uint8_t { seconds = 1, text, both };

struct TimesConfig {
  bool to_go = true;                       // TIME_TO_GO_ENABLE
  std::vector<std::int64_t> points;        // percent, TIME_TO_SOC_POINTS
  TimesShown shown = TimesShown::seconds;  // TIME_TO_SOC_VALUE_TYPE
  double every_s = 60;                     // TIME_TO_SOC_RECALCULATE_EVERY
  bool passed_points = false;              // TIME_TO_SOC_INC_FROM: also how long ago a SoC was there

  bool operator==(const TimesConfig&) const = default;
};

struct ControlConfig {
  double max_cell_voltage = 3.45;                  // V, MAX_CELL_VOLTAGE
  double min_cell_voltage = 2.9;                   // V, MIN_CELL_VOLTAGE
  double float_cell_voltage = 3.375;               // V, FLOAT_CELL_VOLTAGE
  double max_battery_charge_current = 50;          // A, MAX_BATTERY_CHARGE_CURRENT
  double max_battery_discharge_current = 60;       // A, MAX_BATTERY_DISCHARGE_CURRENT
  double least_discharge_current = 0;              // A, DCL_MIN_WHILE_DISCHARGE_ALLOWED
  double voltage_drop = 0;                         // V, VOLTAGE_DROP: added to the published CVL only
  bool block_on_disconnect = false;                // BLOCK_ON_DISCONNECT
  int block_on_disconnect_timeout_minutes = 30;    // BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES
  double block_on_disconnect_voltage_min = 3.225;  // V
  double block_on_disconnect_voltage_max = 3.375;  // V
  bool bms_cable_alarm = true;                     // BMS_CABLE_ALARM; the alarm of giving up comes in any case

  bool steps = false;  // CHARGE_MODE 2: the tables are read in steps, not interpolated
  Recovery charge_recovery, discharge_recovery;
  SensorConfig sensors;
  ChargeStageConfig stages;
  CurrentMap current_map;
  SocConfig soc;
  TimesConfig times;
  bool history = true;         // HISTORY_ENABLE: counts what the BMS does not
  bool auto_reset_soc = true;  // AUTO_RESET_SOC: tells the BMS when the battery is full

  CurrentTables charge = {
      .cell_voltage = {{3.500, 3.450, 3.425, 3.400, 3.375}, {0, 0.005, 0.05, 0.25, 1}},
      .temperature = {{0, 2, 5, 10, 40, 45, 50, 55}, {0, 0.25, 0.5, 1, 1, 0.5, 0.25, 0}},
      .mos_temperature = {{70, 80, 90}, {1, 0.25, 0}},
      .soc = {{98, 95, 90, 85}, {0.1, 0.2, 0.5, 1}},
  };
  CurrentTables discharge = {
      .cell_voltage = {{2.8, 2.9, 3.0, 3.1, 3.19}, {0, 0.005, 0.05, 0.25, 1}},
      .temperature = {{-10, 0, 5, 10, 40, 45, 50, 55}, {0, 0.25, 0.5, 1, 1, 0.5, 0.25, 0}},
      .mos_temperature = {{70, 80, 90}, {1, 0.25, 0}},
      .soc = {{5, 10, 15, 20}, {0.1, 0.2, 0.5, 1}},
  };
};

}  // namespace bmsd
