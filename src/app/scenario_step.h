// What one step of a scenario says of the battery (app/scenario.h).
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/time.h"
#include "battery/battery.h"
#include "control/config.h"

namespace bmsd {

// A number, also as text; nothing for everything else, and for what is too large to be counted with.
std::optional<double> number_in(const nlohmann::json& value);
std::optional<double> number_of(const nlohmann::json& object, const char* key);
// True and false, also as 1 and 0 and as "True" and "False"; nothing for everything else.
std::optional<bool> flag_of(const nlohmann::json& object, const char* key);

class StepReader {
 public:
  explicit StepReader(const nlohmann::json& scenario);

  // `battery` becomes what the step says; what it does not say is not known. False where no battery can be like that:
  // then nothing changes, as after a failed round.
  bool read(const nlohmann::json& step, Battery& battery, Instant now);

  // Sensors that the step leaves out make the following ones move up: `config` for what is there.
  SensorConfig sensors(const SensorConfig& config) const;

  std::optional<bool> balancer_may() const { return balancer_may_; }
  std::optional<bool> heating() const { return heating_; }

 private:
  void read_cells(const nlohmann::json& step, Reading& reading) const;
  void read_temperatures(const nlohmann::json& step, Reading& reading);
  void read_alarms(const nlohmann::json& step);

  std::size_t cell_count_;
  std::optional<double> capacity_;  // Ah
  nlohmann::json history_of_bms_;
  std::optional<double> max_charge_, max_discharge_;  // A, as the BMS said last
  Alarms alarms_;
  std::vector<std::size_t> present_;  // sensors, from 0
  std::optional<bool> balancer_may_, heating_;
};

}  // namespace bmsd
