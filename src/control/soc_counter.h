// The state of charge as the current makes it: what flows in and out is added up. Where it drifts, it is set right at
// both ends: a completed charge makes it 100 %, an empty cell 0 %.
#pragma once

#include <optional>

#include "base/time.h"
#include "control/config.h"

namespace bmsd {

struct SocInputs {
  std::optional<double> current{};        // A, as it is believed
  Instant current_at{};                   // when that was measured
  std::optional<double> capacity{};       // Ah
  std::optional<double> lowest_cell{};    // V
  std::optional<double> soc_bms{};        // percent
  std::optional<double> remaining_bms{};  // Ah, as the BMS says it
  bool lost = false;                      // the rest is what was said before the pack went silent
};

// One per battery; pure apart from its memory. Counts percent and not ampere-hours, so a capacity that the BMS learns
// anew leaves the SoC as it is. Nothing is rounded.
class SocCounter {
 public:
  // Longer than this is a gap: nobody knows what flowed meanwhile.
  static constexpr Duration kGap = std::chrono::seconds(120);

  // The saved percent. After the first follow() what was counted since then stays, unless it was set right meanwhile.
  void restore(double percent);

  // percent. Begins at what was restored, else at what the BMS says, else at 100. Then counts
  //   the current over the time since the last call; what charges, times the charge efficiency;
  //   after a gap how the BMS's own value has changed, else the mean of the currents before and after it;
  //   0 % when the lowest cell was at `min_cell_voltage` or below for more than 60 s with a discharge of 0.3 C at most
  //   (a heavy load makes cells look empty that are not).
  // Nothing while the capacity is unknown.
  std::optional<double> follow(const SocConfig& config, double min_cell_voltage, const SocInputs& inputs, Instant now);

  void set(double percent);  // 0..100, others are clamped
  void full() { set(100); }

  std::optional<double> percent() const { return percent_; }  // nothing before the first follow()

 private:
  void count(const SocConfig& config, const SocInputs& inputs, Instant now);
  double across_gap(const SocConfig& config, const SocInputs& inputs, double gap_s) const;
  void look_for_empty(double min_cell_voltage, const SocInputs& inputs, Instant now);

  std::optional<double> percent_;
  std::optional<double> restored_;     // to begin with
  std::optional<double> began_with_;   // as long as nothing has set it right
  std::optional<Instant> counted_to_;  // until then
  SocInputs before_;                   // of the last count
  std::optional<Instant> empty_since_;
};

}  // namespace bmsd
