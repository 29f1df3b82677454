#include "config/fill.h"

#include <array>

#include "config/words.h"

namespace bmsd {
namespace {

// What protocols ask for, under the name of the key.
constexpr std::array<std::string_view, 13> kProtocolKeys = {
    "INVERT_CURRENT_MEASUREMENT",
    "BATTERY_CAPACITY",
    "USE_BMS_DVCC_VALUES",
    "SOC_LOW_WARNING",
    "SOC_LOW_ALARM",
    "GREENMETER_ADDRESS",
    "LIPRO_START_ADDRESS",
    "LIPRO_END_ADDRESS",
    "LIPRO_CELL_COUNT",
    "UP16S_REQUIRE_DIRECT_CONNECTION",
    "UBMS_CAN_MODULE_SERIES",
    "UBMS_CAN_MODULE_PARALLEL",
    "SWAP_FET_BITS",
};

Table table(const Settings& settings, std::string_view inputs, std::string_view fractions) {
  return {settings.reals(inputs), settings.reals(fractions)};
}

Adjustment adjustment(const Settings& settings, std::string_view key) {
  const auto& values = settings.reals(key);
  if (values.size() != 2) return {};
  return {values[0], values[1]};
}

CurrentTables charge_tables(const Settings& settings) {
  return {
      .by_cell_voltage = settings.flag("CCCM_CV_ENABLE"),
      .by_temperature = settings.flag("CCCM_T_ENABLE"),
      .by_mos_temperature = settings.flag("CCCM_T_MOSFET_ENABLE"),
      .by_soc = settings.flag("CCCM_SOC_ENABLE"),
      .cell_voltage = table(settings, "CELL_VOLTAGES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_CV_FRACTION"),
      .temperature = table(settings, "TEMPERATURES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_T_FRACTION"),
      .mos_temperature = table(settings, "MOSFET_TEMPERATURES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_T_MOSFET_FRACTION"),
      .soc = table(settings, "SOC_WHILE_CHARGING", "MAX_CHARGE_CURRENT_SOC_FRACTION"),
  };
}

CurrentTables discharge_tables(const Settings& settings) {
  return {
      .by_cell_voltage = settings.flag("DCCM_CV_ENABLE"),
      .by_temperature = settings.flag("DCCM_T_ENABLE"),
      .by_mos_temperature = settings.flag("DCCM_T_MOSFET_ENABLE"),
      .by_soc = settings.flag("DCCM_SOC_ENABLE"),
      .cell_voltage = table(settings, "CELL_VOLTAGES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_CV_FRACTION"),
      .temperature = table(settings, "TEMPERATURES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_T_FRACTION"),
      .mos_temperature =
          table(settings, "MOSFET_TEMPERATURES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_T_MOSFET_FRACTION"),
      .soc = table(settings, "SOC_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_SOC_FRACTION"),
  };
}

SensorConfig sensors(const Settings& settings) {
  SensorConfig sensors;
  sensors.source.clear();
  for (const std::int64_t sensor : settings.integers("TEMPERATURE_SOURCE_BATTERY")) {
    sensors.source.push_back(static_cast<int>(sensor));
  }
  constexpr std::array<std::string_view, 4> kKeys = {"TEMPERATURE_1_ADJUST", "TEMPERATURE_2_ADJUST",
                                                     "TEMPERATURE_3_ADJUST", "TEMPERATURE_4_ADJUST"};
  for (std::size_t i = 0; i < kKeys.size(); ++i) sensors.adjust[i] = adjustment(settings, kKeys[i]);
  sensors.adjust_mos = adjustment(settings, "TEMPERATURE_MOS_ADJUST");
  return sensors;
}

ChargeStageConfig stages(const Settings& settings) {
  ChargeStageConfig stages;
  stages.enabled = settings.flag("CVCM_ENABLE");
  stages.float_wait_s = static_cast<double>(settings.integer("SWITCH_TO_FLOAT_WAIT_FOR_SEC"));
  stages.float_difference = settings.real("SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF");
  stages.float_deviation = settings.real("SWITCH_TO_FLOAT_CELL_VOLTAGE_DEVIATION");
  stages.bulk_soc = static_cast<double>(settings.integer("SWITCH_TO_BULK_SOC_THRESHOLD"));
  stages.bulk_difference = settings.real("SWITCH_TO_BULK_CELL_VOLTAGE_DIFF");
  stages.soc_reset_cell_voltage = settings.real("SOC_RESET_CELL_VOLTAGE");
  if (const auto days = settings.optional_integer("SOC_RESET_AFTER_DAYS")) {
    stages.soc_reset_after_days = static_cast<double>(*days);
  }
  stages.controller = static_cast<CellController>(settings.integer("CVL_CONTROLLER_MODE"));
  stages.integral_factor = settings.real("CVL_ICONTROLLER_FACTOR");
  stages.recovery_hold_s = static_cast<double>(settings.integer("CVL_RECOVERY_HOLD_SEC"));
  stages.recovery_v_per_s = settings.real("CVL_RECOVERY_RATE_V_PER_SEC");
  stages.give_up_after_h = settings.optional_real("SWITCH_TO_FLOAT_GIVE_UP_AFTER_HOURS");
  return stages;
}

SocConfig soc(const Settings& settings) {
  SocConfig soc;
  // Checked: of both, the sensor is believed.
  soc.counted = settings.flag("SOC_CALCULATION") && settings.text("EXTERNAL_SENSOR_DBUS_PATH_SOC").empty();
  soc.charge_efficiency = settings.real("SOC_CALC_CHARGE_EFFICIENCY");
  soc.low_warning = settings.real("SOC_LOW_WARNING");
  return soc;
}

TimesConfig times(const Settings& settings) {
  TimesConfig times;
  times.to_go = settings.flag("TIME_TO_GO_ENABLE");
  times.points = settings.integers("TIME_TO_SOC_POINTS");
  times.shown = static_cast<TimesShown>(settings.integer("TIME_TO_SOC_VALUE_TYPE"));
  times.every_s = static_cast<double>(settings.integer("TIME_TO_SOC_RECALCULATE_EVERY"));
  times.passed_points = settings.flag("TIME_TO_SOC_INC_FROM");
  return times;
}

ShownSetting shown(std::monostate) { return std::string(); }
template <typename T>
ShownSetting shown(const T& value) {
  return value;
}

}  // namespace

ControlConfig control_config(const Settings& settings) {
  ControlConfig config;
  config.max_cell_voltage = settings.real("MAX_CELL_VOLTAGE");
  config.min_cell_voltage = settings.real("MIN_CELL_VOLTAGE");
  config.max_battery_charge_current = settings.real("MAX_BATTERY_CHARGE_CURRENT");
  config.max_battery_discharge_current = settings.real("MAX_BATTERY_DISCHARGE_CURRENT");
  config.float_cell_voltage = settings.real("FLOAT_CELL_VOLTAGE");
  config.least_discharge_current = settings.real("DCL_MIN_WHILE_DISCHARGE_ALLOWED");
  config.voltage_drop = settings.real("VOLTAGE_DROP");
  config.block_on_disconnect = settings.flag("BLOCK_ON_DISCONNECT");
  config.block_on_disconnect_timeout_minutes =
      static_cast<int>(settings.integer("BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES"));
  config.block_on_disconnect_voltage_min = settings.real("BLOCK_ON_DISCONNECT_VOLTAGE_MIN");
  config.block_on_disconnect_voltage_max = settings.real("BLOCK_ON_DISCONNECT_VOLTAGE_MAX");
  config.bms_cable_alarm = settings.flag("BMS_CABLE_ALARM");
  config.steps = settings.integer("CHARGE_MODE") == 2;
  config.charge_recovery = {static_cast<double>(settings.integer("CCL_RECOVERY_HOLD_SEC")),
                            settings.real("CCL_RECOVERY_RATE_A_PER_SEC"),
                            settings.real("CHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT")};
  config.discharge_recovery = {static_cast<double>(settings.integer("DCL_RECOVERY_HOLD_SEC")),
                               settings.real("DCL_RECOVERY_RATE_A_PER_SEC"),
                               settings.real("DISCHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT")};
  config.sensors = sensors(settings);
  config.stages = stages(settings);
  config.current_map = {settings.reals("CURRENT_REPORTED_BY_BMS"), settings.reals("CURRENT_MEASURED_BY_USER")};
  config.soc = soc(settings);
  config.times = times(settings);
  config.history = settings.flag("HISTORY_ENABLE");
  config.auto_reset_soc = settings.flag("AUTO_RESET_SOC");
  config.charge = charge_tables(settings);
  config.discharge = discharge_tables(settings);
  return config;
}

Display display(const Settings& settings, ConfigState state) {
  Display display;
  display.cell_format = static_cast<int>(settings.integer("BATTERY_CELL_DATA_FORMAT"));
  display.midpoint = settings.flag("MIDPOINT_ENABLE");
  display.external_sensor = {settings.text("EXTERNAL_SENSOR_DBUS_DEVICE"),
                             settings.text("EXTERNAL_SENSOR_DBUS_PATH_CURRENT"),
                             settings.text("EXTERNAL_SENSOR_DBUS_PATH_SOC")};
  display.as_json = settings.flag("PUBLISH_BATTERY_DATA_AS_JSON");
  display.explains = settings.flag("GUI_PARAMETERS_SHOW_ADDITIONAL_INFO");
  display.temperature_names = {settings.text("TEMPERATURE_1_NAME"), settings.text("TEMPERATURE_2_NAME"),
                               settings.text("TEMPERATURE_3_NAME"), settings.text("TEMPERATURE_4_NAME")};
  display.config_state = state;
  if (!settings.flag("PUBLISH_CONFIG_VALUES")) return display;
  for (const Key& key : all_keys()) {
    if (key.secret) continue;
    display.config_values.emplace_back(key.name,
                                       std::visit([](const auto& value) { return shown(value); }, settings[key.name]));
  }
  return display;
}

LineConfig line_config(const Settings& settings) {
  LineConfig line;
  line.bms_types = settings.texts("BMS_TYPE");
  for (const std::string& text : settings.texts("BATTERY_ADDRESSES")) {
    if (const auto address = address_of(text)) line.addresses.push_back(address->value);
  }
  line.packs = packs_of(settings.text("PACKS")).places;
  line.poll_interval = settings.optional_real("POLL_INTERVAL");
  line.baud = static_cast<int>(settings.integer("BAUD"));
  line.use_port_as_unique_id = settings.flag("USE_PORT_AS_UNIQUE_ID");
  line.listen = settings.flag("LISTEN");
  line.listen_if_master = settings.flag("LISTEN_IF_MASTER");
  line.record_file = settings.text("RECORD_FILE");
  line.capture = settings.flag("BMS_CAPTURE_RAW_DATA");
  const auto number = [&settings](std::string_view key, int otherwise) {
    const auto value = settings.optional_integer(key);
    return value ? static_cast<int>(*value) : otherwise;
  };
  line.capture_megabytes = number("BMS_CAPTURE_RAW_DATA_MAX_SIZE_MB", line.capture_megabytes);
  line.capture_older_files = number("BMS_CAPTURE_RAW_DATA_BACKUP_COUNT", line.capture_older_files);
  line.params = protocol_params(settings);
  return line;
}

ParamList protocol_params(const Settings& settings) {
  static const Settings kDefaults;
  ParamList params;
  for (const std::string_view name : kProtocolKeys) {
    if (settings[name] == kDefaults[name]) continue;
    params.emplace_back(name, to_text(settings[name], *find_key(name)));
  }
  return params;
}

Level log_level(const Settings& settings) {
  const std::string& text = settings.text("LOGGING");
  if (text == "ERROR") return Level::error;
  if (text == "WARNING") return Level::warning;
  return text == "DEBUG" ? Level::debug : Level::info;
}

}  // namespace bmsd
