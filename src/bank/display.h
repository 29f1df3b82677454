// What the user may set about how a battery is shown. Names in capitals are the keys of config.ini.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "battery/change.h"

namespace bmsd {

// What there is to say about the configuration as a whole; every battery shows it (/State, /ErrorCode).
enum class ConfigState : std::uint8_t {
  fine,
  corrected,  // another value is used than the one that was written
  unusable,   // something could not be understood: the last good configuration or safe values are in force
};

using ShownSetting = std::variant<bool, double, std::int64_t, std::string, std::vector<double>,
                                  std::vector<std::int64_t>, std::vector<std::string>>;

// Another device on D-Bus whose values take the place of the BMS's; an empty text: none.
struct ExternalSensor {
  std::string service;       // EXTERNAL_SENSOR_DBUS_DEVICE
  std::string current_path;  // EXTERNAL_SENSOR_DBUS_PATH_CURRENT
  std::string soc_path;      // EXTERNAL_SENSOR_DBUS_PATH_SOC

  bool operator==(const ExternalSensor&) const = default;
};

struct Display {
  // BATTERY_CELL_DATA_FORMAT. 0: no cells; 1: /Voltages/CellN and /Balances/CellN; 2: /Cell/N/Volts; 3: /Cell/N/Volts and
  // /Balances/CellN.
  int cell_format = 1;
  bool midpoint = false;  // MIDPOINT_ENABLE
  bool as_json = false;   // PUBLISH_BATTERY_DATA_AS_JSON
  bool explains = false;  // GUI_PARAMETERS_SHOW_ADDITIONAL_INFO: why limits and charge mode are what they are, as texts
  std::array<std::string, 4> temperature_names = {"Temp 1", "Temp 2", "Temp 3", "Temp 4"};  // TEMPERATURE_1_NAME ...
  std::vector<Changeable> changes;  // what may be changed in the BMS: ALLOW_WRITES, and the BMS can
  ExternalSensor external_sensor;
  ConfigState config_state = ConfigState::fine;
  std::vector<std::pair<std::string, ShownSetting>> config_values;  // PUBLISH_CONFIG_VALUES: all of them, or none

  bool operator==(const Display&) const = default;
};

}  // namespace bmsd
