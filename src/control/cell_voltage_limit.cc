#include "control/cell_voltage_limit.h"

#include <algorithm>
#include <chrono>

#include "control/charge_facts.h"

namespace bmsd {
namespace {

constexpr double kSame = 0.0005;            // V: an unchanged CVL
constexpr double kCellSame = 0.00005;       // V
constexpr double kClippedAddition = 0.010;  // V
constexpr double kUsualDifference = 0.010;  // V: the integral controller's, where SWITCH_TO_FLOAT_... is off
constexpr double kLongestStep = 5;          // s
constexpr double kBelowCells = 0.1;         // V: the integral controller goes no lower below the battery

// Where only the highest cell is known it is the one that is cut; of equal cells all are.
double clipped_sum(const ChargeCells& cells, double limit) {
  if (cells.volts.empty()) return std::min(cells.sum - std::max(cells.highest - limit, 0.0), cells.count * limit);
  double sum = 0;
  for (const double volts : cells.volts) sum += std::min(volts, limit);
  return sum;
}

}  // namespace

double CellVoltageLimit::released_below(const ChargeStageConfig& config, const ChargeBounds& bounds) {
  if (config.controller != CellController::integral) return bounds.cell_limit;
  return bounds.cell_limit + (config.float_difference < kDifferenceOff ? config.float_difference : kUsualDifference);
}

CellVoltageLimit::Result CellVoltageLimit::follow(const ChargeStageConfig& config, const ChargeCells& cells,
                                                  const ChargeBounds& bounds, std::optional<double> last,
                                                  std::optional<double> current, Instant now) {
  const Demand want = demand(config, cells, bounds, last, current, now);
  Result result = regulate(config, want, bounds, last, now);
  if (want.volts < bounds.highest - want.same) result.demanded = want.volts;
  if (result.holds) result.holds_until = hold_end(config);
  return result;
}

CellVoltageLimit::Result CellVoltageLimit::regulate(const ChargeStageConfig& config, const Demand& want,
                                                    const ChargeBounds& bounds, std::optional<double> last,
                                                    Instant now) {
  const bool was_at_maximum = last && *last >= bounds.highest - kSame;
  if (want.volts >= bounds.highest - want.same && (!held_since_ || was_at_maximum)) {
    forget();
    integrated_ = now;
    return {bounds.highest};
  }
  if (!last || want.no_more) {
    hold(now);
    return {last ? std::min(want.volts, *last) : want.volts, true};
  }
  return recover(config, *last, want.volts, bounds.highest, now);
}

CellVoltageLimit::Result CellVoltageLimit::rise(const ChargeStageConfig& config, double last, double to, bool allowed,
                                                Instant now) {
  Result result = {last, true, false, last};
  if (allowed) {
    result = recover(config, last, to, to, now);
  } else {
    hold(now);
  }
  if (result.holds) result.holds_until = hold_end(config);
  return result;
}

CellVoltageLimit::Result CellVoltageLimit::recover(const ChargeStageConfig& config, double last, double to,
                                                   double highest, Instant now) {
  if (!held_since_) held_since_ = now;
  const Instant hold_ends = *hold_end(config);
  if (now < hold_ends) {
    ramp_.reset();
    return {last, true};
  }
  double volts = to;
  if (config.recovery_v_per_s > 0) {
    if (!ramp_) ramp_ = Ramp{hold_ends, last};
    const double reached = ramp_->from + config.recovery_v_per_s * seconds(now - ramp_->start);
    volts = std::clamp(reached, std::min(last, to), to);
    if (reached > to) ramp_ = Ramp{now, to};  // should more be allowed later, it goes on from here
  }
  if (volts >= highest - kSame) {
    forget();
    return {highest, false, true};
  }
  return {volts, false, true};
}

std::optional<Instant> CellVoltageLimit::hold_end(const ChargeStageConfig& config) const {
  if (!held_since_) return std::nullopt;
  return *held_since_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(config.recovery_hold_s));
}

CellVoltageLimit::Demand CellVoltageLimit::demand(const ChargeStageConfig& config, const ChargeCells& cells,
                                                  const ChargeBounds& bounds, std::optional<double> last,
                                                  std::optional<double> current, Instant now) {
  const double elapsed_s = integrated_ ? std::clamp(seconds(now - *integrated_), 0.0, kLongestStep) : 0;
  integrated_ = now;
  if (config.controller == CellController::integral) return integral(config, cells, bounds, last, current, elapsed_s);

  double volts = bounds.highest;
  if (cells.highest > bounds.cell_limit + kCellSame) {
    if (config.controller == CellController::penalty) volts = clipped_sum(cells, bounds.cell_limit);
    if (config.controller == CellController::clipped) volts = clipped_sum(cells, bounds.cell_limit) + kClippedAddition;
  }
  volts = std::clamp(volts, bounds.lowest, bounds.highest);
  return {volts, kSame, last && volts <= *last + kSame};
}

// Not below the battery, and downwards only while it is charged: the highest cell may rest above its target for hours,
// and a CVL far below the battery would make an inverter discharge it.
CellVoltageLimit::Demand CellVoltageLimit::integral(const ChargeStageConfig& config, const ChargeCells& cells,
                                                    const ChargeBounds& bounds, std::optional<double> last,
                                                    std::optional<double> current, double elapsed_s) const {
  const double excess = cells.highest - released_below(config, bounds);
  const bool too_high = excess > -kCellSame;
  if (!last || (!too_high && !held_since_)) return {bounds.highest, kSame, false};
  double volts = *last;
  if (!too_high || current.value_or(1) > 0) volts -= excess * config.integral_factor * elapsed_s;
  const double lowest = std::clamp(cells.sum - kBelowCells, bounds.lowest, bounds.highest);
  return {std::clamp(volts, lowest, bounds.highest), 0, too_high};
}

void CellVoltageLimit::hold(Instant now) {
  held_since_ = now;
  ramp_.reset();
}

void CellVoltageLimit::forget() {
  held_since_.reset();
  ramp_.reset();
}

void CellVoltageLimit::shift(Duration by) {
  if (held_since_) *held_since_ += by;
  if (ramp_) ramp_->start += by;
  integrated_.reset();
}

}  // namespace bmsd
