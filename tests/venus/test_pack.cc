#include "test_pack.h"

#include <gtest/gtest.h>

namespace bmsd::testing {

TestPack::TestPack(const std::string& port_name, const std::string& serial) {
  identity.id = port_name + " 0x01";
  identity.port = "/dev/" + port_name;
  identity.port_name = port_name;
  identity.address = 1;
  identity.protocol = "daren-485";
  identity.bms_type = "Daren485";
  identity.identities = {serial};
  identity.order = 7;

  Reading reading;
  reading.set(Field::voltage, 53.12);
  reading.set(Field::current, -12.345);
  reading.set(Field::soc, 67.5);
  reading.set(Field::soh, 99);
  reading.set(Field::capacity_full, 100);
  reading.set(Field::capacity_remaining, 67.5);
  reading.set(Field::cycles, 42);
  reading.set(Field::mos_temperature, 31.25);
  reading.set(Field::charge_fet_on, 1);
  reading.set(Field::discharge_fet_on, 1);
  reading.set(Field::total_discharge, 4711);
  std::vector<double> cells(16, 3.320);
  cells[2] = 3.301;
  cells[9] = 3.339;
  reading.cell_voltages = cells;
  reading.cell_temperatures = {21.0, 24.5, 21.0, 24.5};
  reading.balancing_cells = CellSet(1U << 9);
  Alarms alarms;
  alarms.level[static_cast<std::size_t>(Alarm::low_voltage)] = Severity::ok;
  alarms.level[static_cast<std::size_t>(Alarm::high_cell_voltage)] = Severity::warning;
  reading.alarms = alarms;
  reading.texts = {{Text::hardware, "DR-JC03"}};
  says(reading);

  outputs.state = OperatingState::running;
  outputs.device_state = DeviceState::connected;
  outputs.history.total_ah_drawn = 4711;
  outputs.history.charge_cycles = 42;

  limits.cvl = 55.2;
  limits.low_voltage = 46.4;
  limits.max_charge_cell_voltage = 3.45;
  limits.charge_mode = "Keep always max voltage";
  limits.charge = {60, "Max Battery Charge Current", true};
  limits.discharge = {80, "Max Battery Discharge Current", true};
}

void TestPack::says(Field field, double value) {
  Reading reading;
  reading.set(field, value);
  says(reading);
}

void TestPack::says(const Reading& reading) {
  now += 1s;
  const Status status = battery.merge(reading, 1, now);
  EXPECT_TRUE(status.ok()) << describe(status.error());
  Measured& measured = outputs.measured;
  measured.voltage = battery.get(Field::voltage);
  measured.current = measured.mean_current = battery.get(Field::current);
  if (measured.voltage && measured.current) measured.power = *measured.voltage * *measured.current;
  measured.soc = battery.get(Field::soc);
  measured.remaining = battery.get(Field::capacity_remaining);
  const auto full = battery.get(Field::capacity_full);
  if (full && measured.remaining) measured.consumed = *measured.remaining - *full;
  measured.midpoint = midpoint(battery, limits.max_cell_voltage);
  health.last_good = now;
  ++health.rounds;
}

}  // namespace bmsd::testing
