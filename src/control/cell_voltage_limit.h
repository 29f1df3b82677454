// A high cell lowers CVL at once; afterwards CVL comes back slowly: first it holds, then it rises at a steady rate.
#pragma once

#include <optional>

#include "base/time.h"
#include "control/charge_inputs.h"

namespace bmsd {

class CellVoltageLimit {
 public:
  struct Result {
    double volts = 0;
    bool holds = false;                       // a cell has lowered it just now, or less than recovery_hold_s ago
    bool rises = false;                       // on the way back
    std::optional<double> demanded = {};      // V: what a high cell demands now, less than the maximum
    std::optional<Instant> holds_until = {};  // where it holds
  };

  // CVL while the pack may be charged to bounds.highest. `last`: CVL before; nothing at the start. `current`: A; only the
  // integral controller looks at it.
  Result follow(const ChargeStageConfig& config, const ChargeCells& cells, const ChargeBounds& bounds,
                std::optional<double> last, std::optional<double> current, Instant now);

  // Back up from `last` to `to`, by hold and ramp. The hold begins anew while it is not `allowed`.
  Result rise(const ChargeStageConfig& config, double last, double to, bool allowed, Instant now);

  // V per cell: while the highest is above this it holds CVL down.
  static double released_below(const ChargeStageConfig& config, const ChargeBounds& bounds);

  void hold(Instant now);  // something else has lowered CVL
  void forget();
  void shift(Duration by);  // leaves out a time in which nothing was known

 private:
  struct Ramp {
    Instant start;
    double from;  // V
  };
  struct Demand {
    double volts;
    double same;   // V: how near to the maximum is at the maximum
    bool no_more;  // not higher than CVL is
  };
  std::optional<Instant> hold_end(const ChargeStageConfig& config) const;
  Result regulate(const ChargeStageConfig& config, const Demand& want, const ChargeBounds& bounds,
                  std::optional<double> last, Instant now);
  Demand demand(const ChargeStageConfig& config, const ChargeCells& cells, const ChargeBounds& bounds,
                std::optional<double> last, std::optional<double> current, Instant now);
  Demand integral(const ChargeStageConfig& config, const ChargeCells& cells, const ChargeBounds& bounds,
                  std::optional<double> last, std::optional<double> current, double elapsed_s) const;
  Result recover(const ChargeStageConfig& config, double last, double to, double highest, Instant now);

  std::optional<Instant> held_since_;
  std::optional<Ramp> ramp_;
  std::optional<Instant> integrated_;  // until then
};

}  // namespace bmsd
