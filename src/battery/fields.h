// The one place to add a scalar that a BMS can say. JSON, MQTT, metrics and the web page derive from this table; D-Bus
// paths are a contract of their own (venus/paths.cc).
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bmsd {

enum class Quantity : std::uint8_t { volt, ampere, amp_hour, kilowatt_hour, celsius, percent, count, flag };

std::string_view unit_of(Quantity quantity);  // "V", "A", "Ah", "kWh", "°C", "%", "", ""

// id, key, quantity, decimals, lowest, highest (what any battery of the mission can have), label
#define BMSD_FIELDS(X)                                                                                          \
  X(voltage, "voltage_v", volt, 2, 0, 1000, "Voltage")                                                          \
  X(current, "current_a", ampere, 2, -5000, 5000, "Current, + charges")                                         \
  X(soc, "soc_percent", percent, 2, 0, 100, "State of charge")                                                  \
  X(soh, "soh_percent", percent, 1, 0, 100, "State of health")                                                  \
  X(capacity_full, "capacity_full_ah", amp_hour, 2, 0, 5000, "Full charge capacity")                            \
  X(capacity_remaining, "capacity_remaining_ah", amp_hour, 2, 0, 5000, "Remaining capacity")                    \
  X(capacity_design, "capacity_design_ah", amp_hour, 2, 0, 5000, "Design capacity")                             \
  X(cycles, "cycles", count, 0, 0, 1000000, "Charge cycles")                                                    \
  X(cell_count, "cell_count", count, 0, 1, 64, "Cells in series")                                               \
  X(cell_voltage_max, "cell_voltage_max_v", volt, 3, 0, 10, "Highest cell")                                     \
  X(cell_voltage_min, "cell_voltage_min_v", volt, 3, 0, 10, "Lowest cell")                                      \
  X(temperature_max, "temperature_max_c", celsius, 1, -60, 150, "Highest temperature")                          \
  X(temperature_min, "temperature_min_c", celsius, 1, -60, 150, "Lowest temperature")                           \
  X(pack_temperature, "pack_temperature_c", celsius, 1, -60, 150, "Pack temperature")                           \
  X(mos_temperature, "mos_temperature_c", celsius, 1, -60, 200, "MOSFET temperature")                           \
  X(ambient_temperature, "ambient_temperature_c", celsius, 1, -60, 150, "Ambient temperature")                  \
  X(charge_fet_on, "charge_fet_on", flag, 0, 0, 1, "Charge FET")                                                \
  X(discharge_fet_on, "discharge_fet_on", flag, 0, 0, 1, "Discharge FET")                                       \
  X(max_charge_current, "max_charge_current_a", ampere, 2, 0, 5000, "Charge current limit of the BMS")          \
  X(max_discharge_current, "max_discharge_current_a", ampere, 2, 0, 5000, "Discharge current limit of the BMS") \
  X(cell_voltage_max_limit, "cell_voltage_max_limit_v", volt, 3, 0, 10, "Cell overvoltage limit of the BMS")    \
  X(cell_voltage_min_limit, "cell_voltage_min_limit_v", volt, 3, 0, 10, "Cell undervoltage limit of the BMS")   \
  X(charge_voltage_limit, "charge_voltage_limit_v", volt, 2, 0, 1000, "Charge voltage limit of the BMS")        \
  X(discharge_voltage_limit, "discharge_voltage_limit_v", volt, 2, 0, 1000, "Lower voltage limit of the BMS")   \
  X(total_charge, "total_charge_ah", amp_hour, 0, 0, 1e9, "Charged in its life")                                \
  X(total_discharge, "total_discharge_ah", amp_hour, 0, 0, 1e9, "Discharged in its life")                       \
  X(total_charge_energy, "total_charge_energy_kwh", kilowatt_hour, 1, 0, 1e9, "Energy charged in its life")     \
  X(total_discharge_energy, "total_discharge_energy_kwh", kilowatt_hour, 1, 0, 1e9, "Energy discharged in its life")

enum class Field : std::uint8_t {
#define X(id, ...) id,
  BMSD_FIELDS(X)
#undef X
      count_
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::count_);

struct FieldInfo {
  const char* key;
  Quantity quantity;
  int decimals;
  double lowest, highest;
  const char* label;
};
inline constexpr std::array<FieldInfo, kFieldCount> kFields = {{
#define X(id, key, quantity, decimals, lowest, highest, label) \
  {key, Quantity::quantity, decimals, lowest, highest, label},
    BMSD_FIELDS(X)
#undef X
}};
constexpr const FieldInfo& info(Field field) { return kFields[static_cast<std::size_t>(field)]; }
constexpr Field field_at(std::size_t index) { return static_cast<Field>(index); }
std::optional<Field> field_of(std::string_view key);

// Texts that a BMS can say.
enum class Text : std::uint8_t {
  serial_number,
  hardware,
  software_version,
  production_date,
  manufacturer,
  device_name,
  // Which cell or sensor it is, in the words of a BMS that tells only the extremes.
  cell_voltage_max_id,
  cell_voltage_min_id,
  temperature_max_id,
  temperature_min_id,
  count_
};
inline constexpr std::size_t kTextCount = static_cast<std::size_t>(Text::count_);

struct TextInfo {
  const char* key;
  const char* label;
};
inline constexpr std::array<TextInfo, kTextCount> kTexts = {{
    {"serial_number", "Serial number"},
    {"hardware", "Hardware"},
    {"software_version", "Software version"},
    {"production_date", "Production date"},  // ISO 8601
    {"manufacturer", "Manufacturer"},
    {"device_name", "Name stored in the BMS"},
    {"cell_voltage_max_id", "Highest cell is"},
    {"cell_voltage_min_id", "Lowest cell is"},
    {"temperature_max_id", "Highest temperature at"},
    {"temperature_min_id", "Lowest temperature at"},
}};
constexpr const TextInfo& info(Text text) { return kTexts[static_cast<std::size_t>(text)]; }

// The lists, with the keys and labels that go with the tables above.
inline constexpr FieldInfo kCellVoltages = {"cell_voltages_v", Quantity::volt, 3, 0, 10, "Cell voltages"};
inline constexpr FieldInfo kCellTemperatures = {"cell_temperatures_c", Quantity::celsius, 1, -60, 150,
                                                "Cell temperatures"};
inline constexpr const char* kBalancingCells = "balancing_cells";  // numbered from 1
inline constexpr std::size_t kMaxCells = 64;

}  // namespace bmsd
