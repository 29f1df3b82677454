// What a battery has been through.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "control/mean_current.h"

namespace bmsd {

class Battery;

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

// What HistoryValues are set back by /History/Clear.
enum class HistoryGroup : std::uint8_t { all = 1, capacity, voltages, time, alarms, temperatures, energy };

struct HistoryInputs {
  std::optional<double> current;                               // A
  std::optional<double> power;                                 // W
  std::optional<double> voltage;                               // V
  std::optional<double> soc;                                   // percent, as it is published
  std::optional<double> capacity, remaining;                   // Ah
  std::optional<double> lowest_cell, highest_cell;             // V
  std::optional<double> coldest, hottest;                      // degrees Celsius
  bool low_voltage_alarm = false, high_voltage_alarm = false;  // a warning counts as well
  bool lost = false;                                           // the rest is what was said before the pack went silent
};

// One per battery; pure apart from its memory.
class History {
 public:
  // What was saved. After the first follow() what was counted since then is added to it.
  void restore(const HistoryValues& kept);

  // After every round and at least once a second: adds up what flowed since the last time (with the current of that
  // time, for two minutes at most, because nobody knows more of a gap) and counts alarms. Everything else is looked at
  // once a minute. `of_bms`: what the BMS counts itself is taken from it.
  const HistoryValues& follow(const HistoryValues& of_bms, const HistoryInputs& inputs, WallTime wall, Instant now);

  // The battery was charged until it was full.
  void full_charge(WallTime wall, Instant now);
  // With the next follow(): what was until then counts no more.
  void clear(HistoryGroup group) { to_clear_.push_back(group); }

  const HistoryValues& values() const { return values_; }
  HistoryValues kept_at_the_end() const;  // with what was added up since the last look

 private:
  void begin(const HistoryValues& of_bms, const HistoryInputs& inputs);
  void add_up(const HistoryInputs& inputs, Instant now);
  void watch_discharges(double ampere_hours, double capacity);
  void count_alarms(const HistoryInputs& inputs);
  void clear_now(HistoryGroup group);
  void look(const HistoryInputs& inputs);
  void date_full_charge(WallTime wall, Instant now);
  const HistoryValues& take_from_bms(const HistoryValues& of_bms, const HistoryInputs& inputs);

  HistoryValues values_;
  bool begun_ = false, restored_ = false;
  std::vector<HistoryGroup> to_clear_;
  std::optional<Instant> looked_;

  // What flowed since the last look.
  std::optional<Instant> added_to_;
  std::optional<double> current_, power_;  // from then on
  double drawn_ = 0;                       // Ah
  double energy_in_ = 0, energy_out_ = 0;  // kWh

  // A new discharge begins when enough was charged since the last one and more flows out than in for a minute.
  MeanCurrent recent_{std::chrono::seconds(60)};
  double discharge_ = 0;  // Ah, of the last one or the one that is going on
  double next_ = 0;       // Ah, of what may become the next one
  double charged_ = 0;    // Ah, above the lowest point of the last one
  bool enough_was_charged_ = true;

  bool low_alarm_ = false, high_alarm_ = false;  // the last time
  bool was_above_empty_ = true;                  // so the next empty battery counts
  std::optional<Instant> undated_full_charge_;   // while the wall clock was not set
};

// What the BMS counts itself.
HistoryValues history_of(const Battery& battery);

}  // namespace bmsd
