// Everything that is worked out from what is believed of one battery, in one place: what is published of its
// measurements, what it allows, how long it lasts, what it has been through.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "control/charge_stage.h"
#include "control/config.h"
#include "control/disconnect.h"
#include "control/history.h"
#include "control/limiter.h"
#include "control/limits.h"
#include "control/mean_current.h"
#include "control/measured.h"
#include "control/surroundings.h"
#include "control/times_to_go.h"

namespace bmsd {

class Battery;

// /State as far as the battery makes it; the configuration may make it an error all the same.
enum class OperatingState : std::uint8_t { initialising = 0, running = 9, error = 10, standby = 14 };

// /DeviceState
enum class DeviceState : std::uint16_t {
  connected = 0x100,
  over_temperature = 0x101,
  temperature_warning = 0x102,
  fault = 0x103,
  blocked = 0x104,
  under_voltage = 0x105,
};

struct ControlOutputs {
  Presence presence;
  Limits limits;
  Measured measured;
  TimesToGo times;
  HistoryValues history;
  OperatingState state = OperatingState::initialising;
  DeviceState device_state = DeviceState::blocked;
  std::optional<bool> balancer_may;  // /Io/AllowToBalance
  std::optional<bool> heating;
  bool needs_balancing = false;  // what the step to float waits for

  bool operator==(const ControlOutputs&) const = default;
};

// What a restart must not lose.
struct KeptControl {
  KeptCharge charge;
  std::optional<double> soc_calc;  // percent, as it was counted
  HistoryValues history;

  bool operator==(const KeptControl&) const = default;
};

// What HistoryValues are set back by /History/Clear.
enum class HistoryGroup : std::uint8_t { all = 1, capacity, voltages, time, alarms, temperatures, energy };

// One per battery; pure apart from its memory.
class ChargeControl {
 public:
  void round_good(Instant now);
  // `battery`: what was believed before the loss.
  void round_failed(const Battery& battery, const ControlConfig& config, Instant now);

  // After every round, good or failed, and at least once a second. `tells_fets`: the protocol has FET flags, so that an
  // unknown flag means "not allowed". `wall`: 0 for a clock that is not set. The result stays as it is until the next
  // call.
  const ControlOutputs& evaluate(const ControlConfig& config, const Battery& battery, const Surroundings& surroundings,
                                 bool tells_fets, WallTime wall, Instant now);
  const ControlOutputs& outputs() const { return outputs_; }

  // Before or after the first evaluation; what the battery has come to by itself is newer.
  void restore(const KeptControl& kept);
  KeptControl kept() const;

  // The user knows better, percent. Takes effect with the next evaluation, and only where the SoC is counted.
  void set_soc(double percent);
  // 1..7 as in HistoryGroup; another number does nothing. Takes effect with the next evaluation.
  void clear_history(int group);
  // The user puts several batteries in phase; Unix time, 0: never.
  void set_soc_reset_last_reached(std::int64_t unix_time);

  // How often the battery was full since the start: each time its BMS may be told so (AUTO_RESET_SOC).
  std::uint64_t full_charges() const { return limiter_.full_charges(); }

 private:
  Disconnect disconnect_;
  Limiter limiter_;
  MeanCurrent mean_current_;
  ControlOutputs outputs_;
};

}  // namespace bmsd
