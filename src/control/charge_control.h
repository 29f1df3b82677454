// Everything that is worked out from what is believed of one battery, in one place: what is published of its
// measurements, what it allows, how long it lasts, what it has been through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "control/charge_stage.h"
#include "control/config.h"
#include "control/disconnect.h"
#include "control/history.h"
#include "control/limiter.h"
#include "control/limits.h"
#include "control/mean_current.h"
#include "control/measured.h"
#include "control/soc_counter.h"
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
  std::int64_t soc_reset_last_reached = 0;  // Unix time; 0: never
  bool needs_balancing = false;             // cells are too far apart for the step to float
  bool hides_low_soc = false;               // the BMS's alarm of it: its SoC is not the one that is published

  bool operator==(const ControlOutputs&) const = default;
};

// What a restart must not lose.
struct KeptControl {
  KeptCharge charge;
  std::optional<double> soc_calc;  // percent, as it was counted
  HistoryValues history;

  bool operator==(const KeptControl&) const = default;
};

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
  // Before the first evaluation: as Limiter::resume.
  void resume(double charge, double discharge, Instant now) { limiter_.resume(charge, discharge, now); }
  // SoC and history as they are worth to be written: the SoC when it has moved by 0.1 %, or after five minutes. At the
  // end everything as it is.
  KeptControl kept() const;
  KeptControl kept_at_the_end() const;

  // The user knows better, percent. Takes effect with the next evaluation, and only where the SoC is counted.
  void set_soc(double percent);
  // 1..7 as in HistoryGroup; another number does nothing. Takes effect with the next evaluation.
  void clear_history(int group);
  // The user puts several batteries in phase; Unix time, 0: never.
  void set_soc_reset_last_reached(std::int64_t unix_time);

  // How often a charge was completed since the start.
  std::uint64_t full_charges() const { return limiter_.full_charges(); }
  // How often the battery was found to be at 100 %: by that, and when others filled it while it was in float. Each time
  // its BMS may be told so (AUTO_RESET_SOC).
  std::uint64_t syncs() const { return limiter_.syncs(); }

  // What a person should know, each said once: lines for the log.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

 private:
  struct Cycle;

  void measure(const Cycle& cycle);
  void know_soc(const Cycle& cycle);
  void count_syncs(const Cycle& cycle);
  void foresee(const Cycle& cycle);
  void remember_history(const Cycle& cycle);
  void compare_with_bms();
  void notice_doubt(Rule rule, bool& noticed, const char* note);

  Disconnect disconnect_;
  SocCounter soc_counter_;
  Limiter limiter_;
  MeanCurrent mean_current_;
  History history_;
  ControlOutputs outputs_;

  std::uint64_t told_syncs_ = 0;
  struct Foreseen {
    TimesConfig config;
    Instant at;
  };
  std::optional<Foreseen> foreseen_;
  struct SavedSoc {
    double percent;
    Instant at;
  };
  std::optional<SavedSoc> saved_soc_;
  bool differs_from_bms_ = false;
  bool cells_in_doubt_ = false, temperatures_in_doubt_ = false;
  std::vector<std::string> notes_;
};

}  // namespace bmsd
