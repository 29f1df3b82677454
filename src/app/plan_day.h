// A simulated day: what a configuration makes of a battery with a charger, a sun and a house (sim/charge_plant.h), in virtual
// time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "sim/charge_plant.h"

namespace bmsd {

struct PlanDayOptions {
  ChargePlantOptions plant;
  double hours = 24;      // how long, > 0
  double interval_s = 1;  // between rounds, as POLL_INTERVAL
};

// What was so at one moment.
struct PlanSample {
  double hour = 0;                           // of the house's first day
  double cvl = 0, voltage = 0;               // V
  double lowest_cell = 0, highest_cell = 0;  // V
  double ccl = 0, dcl = 0, current = 0;      // A
  double soc = 0;                            // percent, as it is published
  double true_soc = 0;                       // percent, of the cells
  double temperature = 0;                    // degrees Celsius
  PowerFlow flow;                            // W
  std::string mode;                          // /Info/ChargeMode
  std::string charge_reason, discharge_reason;
  std::string charge_rule, discharge_rule;  // limiting_rule() of them
};

// How long something held, and what it cost.
struct PlanShare {
  std::string what;
  double hours = 0;
  double kwh = 0;     // of the sun that was not stored (charging), or of the load that was not supplied (discharging)
  double lowest = 0;  // A, the lowest limit meanwhile
};

struct PlanDay {
  std::vector<PlanSample> samples;           // every 10 s, and whenever mode or reasons change
  std::vector<PlanShare> modes;              // by their first words: "Bulk", "Float Transition"; longest first
  std::vector<PlanShare> charge, discharge;  // what limited the currents below the configured maximum; longest first
  std::vector<double> full_charges;          // hours at which absorption was completed
  double highest_sum = 0;                    // V
  double at_maximum_hours = 0;               // with the sum at CVL's maximum
  double least_difference_there = 0;         // V between the cells, meanwhile
  double sun_kwh = 0, load_kwh = 0;          // offered, wanted
  double charged_ah = 0, discharged_ah = 0;
};

PlanDay simulate_day(const BatteryConfig& config, const PlanDayOptions& options);

// "Absorption" of "Absorption (Cell OVP) + Balancing | Linear Mode".
std::string stage_of(const std::string& mode);

// What limits a current, by its reason as it is shown: "Cell Voltage" of "Cell Voltage *"; "coming back" where nothing does any more
// and the limit is still on its way up.
std::string limiting_rule(const std::string& reason, bool below_maximum);

}  // namespace bmsd
