// A LiFePO4 battery that is charged and discharged: cells that differ, heat, a passive balancer, and a BMS that measures with
// errors, counts, and protects. Simple and honest: for seeing what limits do over hours, not for designing a battery.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/responder.h"

namespace bmsd {

struct BatteryModelOptions {
  int cells = 16;            // 1..32
  int sensors = 4;           // 0..16
  double capacity_ah = 280;  // > 0
  double soc_percent = 50;   // of the cells and of the BMS's counter
  double temperature_c = 20;
  std::uint64_t seed = 1;  // how the cells and the BMS's errors differ
  double spread = 1;       // how much: 0 all equal and no errors, 1 an ordinary battery, 3 a bad one
};

// Numbers that are published scale with the capacity: 0.25 mohm and 5.4 kg are data sheet values of 280 Ah cells, 1000 J/(kg K) and
// self-discharge below 3 % a month are common figures. What is marked as a guess in the source is one. The same calls give
// the same values on every machine.
class BatteryModel {
 public:
  explicit BatteryModel(const BatteryModelOptions& options);

  // `current` (A, + charges) flows for `seconds` in a room of `room_c`. An open FET lets none through in its direction. Steps
  // of up to 10 s are accurate to a millivolt.
  void step(double seconds, double current, double room_c);

  // V of the pack if its current were 0 from now on, and ohm in front of that: voltage = resting_voltage + current x resistance.
  double resting_voltage() const;
  double resistance() const;

  double voltage() const;        // V, sum of the cells
  double current() const;        // A, that flows
  double lowest_cell() const;    // V
  double highest_cell() const;   // V
  double soc_percent() const;    // of the cells: charge by capacity. The counter of the BMS says another one
  double temperature_c() const;  // of the cells
  bool charge_fet() const { return charge_fet_ && charge_switch_; }
  bool discharge_fet() const { return discharge_fet_ && discharge_switch_; }

  void set_counter(double percent);                // the BMS takes it for the state of charge
  void set_soc(double percent);                    // cells and counter
  void set_switches(bool charge, bool discharge);  // what somebody wants of the FETs; protections come on top

  // As the BMS tells it: measured, counted, its protections included.
  PackState state() const;

 private:
  struct Cell {
    double capacity = 0;         // Ah
    double charge = 0;           // Ah
    double resistance = 0;       // ohm, at 25 degrees
    double slow_resistance = 0;  // ohm, at 25 degrees: builds up and relaxes
    double polarisation = 0;     // V over it
    double self_discharge = 0;   // A
    double voltage = 0;          // V
    bool bleeds = false;         // its balancer is on
  };

  void heat(double seconds, double room_c);
  void charge_cells(double seconds);
  void measure();
  void protect();
  void balance();
  void count(double seconds);
  double cold_factor() const;
  double measured_current() const;

  BatteryModelOptions options_;
  std::vector<Cell> cells_;
  double current_ = 0;
  double temperature_c_ = 0, room_c_ = 0;
  bool charge_fet_ = true, discharge_fet_ = true;        // by the protections
  bool charge_switch_ = true, discharge_switch_ = true;  // by somebody's will
  double counter_ah_ = 0;
  double gain_ = 1, offset_a_ = 0;  // of the current measurement
  double charged_ah_ = 0, discharged_ah_ = 0;
  double charged_kwh_ = 0, discharged_kwh_ = 0;
};

}  // namespace bmsd
