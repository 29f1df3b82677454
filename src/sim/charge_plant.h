// A battery, the charger and inverter that it hangs on, and the house behind them. The charger obeys CVL, CCL and DCL as chargers under
// Victron's DVCC do: constant current up to CVL, then constant voltage.
#pragma once

#include <optional>

#include "base/time.h"
#include "sim/battery_model.h"
#include "sim/house.h"

namespace bmsd {

struct ChargeLimits {
  double cvl = 0;  // V at the battery
  double ccl = 0;  // A
  double dcl = 0;  // A

  bool operator==(const ChargeLimits&) const = default;
};

// What flows just now, W.
struct PowerFlow {
  double pv = 0;         // that the sun offers
  double load = 0;       // that the house wants
  double battery = 0;    // into the battery
  double unused_pv = 0;  // that a limit keeps out
  double unserved = 0;   // of the load: the inverter may not or cannot supply it
};

struct ChargePlantOptions {
  BatteryModelOptions battery;
  House house;
  double start_hour = 0;  // of the day, at the first advance
  double response_s = 2;  // time constant of the charger's regulators
  // V that the charger is above what it is told to keep. Chargers measure with some 0.1 %; 20 mV of 55 V are a good one.
  double voltage_error = 0.02;
  double longest_step = 1;  // s; up to 10
};

class ChargePlant {
 public:
  explicit ChargePlant(const ChargePlantOptions& options);

  // What the charger obeys from now on. Nothing: nobody has told it, and it neither charges nor discharges, as chargers under
  // DVCC do that have lost their battery.
  void obey(const std::optional<ChargeLimits>& limits) { limits_ = limits; }

  // From now on these instead of the house's, W; nothing: the house's again.
  void fix_pv(std::optional<double> watt) { fixed_pv_ = watt; }
  void fix_load(std::optional<double> watt) { fixed_load_ = watt; }

  void advance(Duration elapsed);

  BatteryModel& battery() { return battery_; }
  const BatteryModel& battery() const { return battery_; }
  const PowerFlow& flow() const { return flow_; }
  double time_of_house() const { return seconds_; }  // s since the first midnight

 private:
  void step(double seconds);
  double wanted_current() const;

  ChargePlantOptions options_;
  BatteryModel battery_;
  std::optional<ChargeLimits> limits_;
  std::optional<double> fixed_pv_, fixed_load_;
  PowerFlow flow_;
  double seconds_ = 0;
  double current_ = 0;  // A
};

}  // namespace bmsd
