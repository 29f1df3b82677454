// A battery with everything that sinks are given, for tests.
#pragma once

#include <vector>

#include "bank/view.h"

namespace bmsd {

struct Shown {
  Identity identity = {.id = "ttyUSB0 0x01",
                       .port = "/dev/ttyUSB0",
                       .port_name = "ttyUSB0",
                       .address = 1,
                       .address_configured = true,
                       .protocol = "daren-485",
                       .bms_type = "Daren485",
                       .identities = {"D123456789", "Daren485_16_100Ah"},
                       .order = 1};
  Battery battery;
  Limits limits;
  Presence presence;
  LinkHealth health;

  Display display;
  ControlConfig control;
  ControlOutputs outputs;  // without limits and presence

  BatteryView view() const { return {identity, battery, limits, presence, health, display, control, outputs}; }
};

inline Instant instant_at(double s) {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s)));
}

// Sixteen cells, discharging with 12.5 A, one warning; cell 3 is the lowest, cell 12 the highest.
inline Shown shown_battery() {
  Shown shown;
  Reading reading;
  std::vector<double> cells(16, 3.330);
  cells[2] = 3.301;
  cells[11] = 3.345;
  reading.cell_voltages = cells;
  reading.cell_temperatures = std::vector<double>{24.5, 26.04};
  reading.balancing_cells = CellSet();
  reading.balancing_cells->set(11);
  reading.set(Field::voltage, 53.266);
  reading.set(Field::current, -12.5);
  reading.set(Field::soc, 87.456);
  reading.set(Field::cycles, 42);
  reading.set(Field::capacity_full, 100);
  reading.set(Field::charge_fet_on, 1);
  reading.set(Field::discharge_fet_on, 0);
  reading.set_unknown(Field::soh);
  reading.texts = {{Text::serial_number, "D123456789"}};
  reading.extras = {{"reserve_ah", 1.5}, {"unset", {}}, {"mode", std::string("a\x1b[2J")}};
  reading.alarms = Alarms();
  reading.alarms->level[static_cast<std::size_t>(Alarm::low_soc)] = Severity::ok;
  reading.alarms->raise({0, 0, "cell_high_warning", Alarm::high_cell_voltage, Severity::warning});
  (void)shown.battery.merge(reading, 0, instant_at(100));
  Reading absurd;
  absurd.set(Field::cycles, -1);
  (void)shown.battery.merge(absurd, 1, instant_at(100));

  Measured& measured = shown.outputs.measured;
  measured.voltage = 53.266;
  measured.current = measured.mean_current = -12.5;
  measured.power = -665.825;
  measured.soc = 87.456;
  measured.remaining = 87.456;
  measured.consumed = -12.544;

  shown.limits.cvl = 55.2;
  shown.limits.low_voltage = 46.4;
  shown.limits.max_charge_cell_voltage = 3.45;
  shown.limits.charge_mode = "Keep always max voltage";
  shown.limits.charge = {12.5, "Cell Voltage", true};
  shown.limits.discharge = {0, "BMS", false};
  shown.health.rounds = 1000;
  shown.health.failed_rounds = 2;
  shown.health.exchanges = 4000;
  shown.health.retries = 7;
  shown.health.late_replies = 3;
  shown.health.second_answers = 1;
  shown.health.errors_by_code[static_cast<std::size_t>(Errc::timeout)] = 3;
  shown.health.period = 1004ms;
  shown.health.latency = 23400us;
  shown.health.last_good = instant_at(100);
  shown.health.last_error = "timeout: no_reply";
  return shown;
}

}  // namespace bmsd
