// What a battery has been through.
#pragma once

#include <cstdint>
#include <optional>

namespace bmsd {

// Nothing: not known (yet), or not counted. Ah and kWh are never negative here; on D-Bus deepest_discharge,
// last_discharge, average_discharge and total_ah_drawn are shown with a minus.
struct HistoryValues {
  std::optional<double> deepest_discharge;  // Ah
  std::optional<double> last_discharge;     // Ah
  std::optional<double> average_discharge;  // Ah
  std::optional<double> total_ah_drawn;     // Ah
  std::optional<double> charge_cycles;
  std::optional<std::int64_t> full_discharges;
  std::optional<std::int64_t> discharges;  // that average_discharge is the mean of

  std::optional<std::int64_t> timestamp_last_full_charge;   // Unix time
  std::optional<std::int64_t> time_since_last_full_charge;  // s
  std::optional<std::int64_t> automatic_syncs;

  std::optional<double> minimum_voltage, maximum_voltage;            // V
  std::optional<double> minimum_cell_voltage, maximum_cell_voltage;  // V
  std::optional<std::int64_t> low_voltage_alarms, high_voltage_alarms;
  std::optional<double> minimum_temperature, maximum_temperature;  // degrees Celsius
  std::optional<double> discharged_energy, charged_energy;         // kWh

  bool operator==(const HistoryValues&) const = default;
};

}  // namespace bmsd
