// A LiFePO4 cell at rest.
#pragma once

namespace bmsd {

// Open-circuit voltage, V, at a state of charge, percent; below 0 and above 100 the ends go on steeply, down to 2.0 V and up to 4.2 V.
// Smooth and strictly rising in between. The usual shape of a cell with a graphite anode (steep ends, two plateaus with a step near
// 65 %), read from published discharge curves; of no particular make, and good to about 10 mV. Between charging and discharging
// a real cell has a hysteresis of some millivolt; this one has none.
double open_circuit_voltage(double soc_percent);

}  // namespace bmsd
