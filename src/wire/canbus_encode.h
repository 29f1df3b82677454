// What an inverter on CAN is told of a battery: the frames of one cycle, in the dialects that inverters understand
// (canbus_bms.h). When they are sent, and when nothing may be sent any more, is the sender's: an inverter takes silence for
// a lost battery, which is the safe state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/canbus_bms.h"

namespace bmsd::canbus {

// What is told. V, A (+ charges), percent, degrees Celsius, Ah, kWh. Limits are not negative.
struct Told {
  // Needed; nothing is encoded without them.
  std::optional<double> voltage, current, soc;
  std::optional<double> charge_voltage_limit, charge_current_limit, discharge_current_limit, discharge_voltage_limit;

  double soh = 100;
  double temperature = 25;
  bool charge_allowed = true, discharge_allowed = true;  // not allowed: the limit of the current is 0
  Items alarms, warnings;
  int force_charge = 0;  // 1: needed for a battery that shuts down and is woken, 2: before it shuts down
  bool full_charge_requested = false, balancing = false;

  int module_count = 1;
  int modules_online = 1, modules_blocking_charge = 0, modules_blocking_discharge = 0, modules_offline = 0;
  std::string manufacturer;  // empty: what the dialect wants
  std::string name, serial_number, battery_family;
  int product_id = 0;
  std::uint8_t firmware_high = 0, firmware_low = 1;
  std::optional<double> capacity_remaining, capacity_full;
  std::optional<double> cell_voltage_min, cell_voltage_max, temperature_min, temperature_max;
  std::string cell_voltage_min_id, cell_voltage_max_id, temperature_min_id, temperature_max_id;
  int cell_voltage_min_number = 0, cell_voltage_max_number = 0;
  std::optional<double> energy_charged, energy_discharged;
  int cell_count = 0, cycles = 0;
};

// The frames of one cycle as records, in the order of sending. `profile`: "pylontech", "pylontech_dlc8" (all frames of eight
// bytes), "victron", "sma", "growatt_lv", "goodwe_lv". Limits are cut to the safe side: the charge voltage and the currents
// down, the lower voltage up. Errors: config unknown_profile, incomplete missing_value.
Result<ByteVector> encode(std::string_view profile, const Told& told);

}  // namespace bmsd::canbus
