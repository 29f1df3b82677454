#include "sim/pack_reading.h"

namespace bmsd {

Reading reading_of(const PackState& state) {
  Reading reading;
  reading.set(Field::voltage, state.voltage);
  reading.set(Field::current, state.current);
  reading.set(Field::soc, state.soc);
  reading.set(Field::soh, state.soh);
  reading.set(Field::capacity_full, state.capacity_full);
  reading.set(Field::capacity_remaining, state.capacity_remaining);
  reading.set(Field::capacity_design, state.capacity_design);
  reading.set(Field::cycles, state.cycles);
  reading.set(Field::cell_count, static_cast<double>(state.cell_voltages.size()));
  reading.set(Field::pack_temperature, state.pack_temperature);
  reading.set(Field::mos_temperature, state.mos_temperature);
  reading.set(Field::ambient_temperature, state.ambient_temperature);
  reading.set(Field::charge_fet_on, state.charge_fet);
  reading.set(Field::discharge_fet_on, state.discharge_fet);
  reading.set(Field::max_charge_current, state.max_charge_current);
  reading.set(Field::max_discharge_current, state.max_discharge_current);
  reading.set(Field::cell_voltage_max_limit, state.cell_voltage_max_limit);
  reading.set(Field::cell_voltage_min_limit, state.cell_voltage_min_limit);
  reading.cell_voltages = state.cell_voltages;
  reading.cell_temperatures = state.cell_temperatures;
  reading.balancing_cells = CellSet();
  for (const int cell : state.balancing_cells) reading.balancing_cells->set(static_cast<std::size_t>(cell) - 1);
  reading.alarms = Alarms();
  return reading;
}

}  // namespace bmsd
