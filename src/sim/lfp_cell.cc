#include "sim/lfp_cell.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace bmsd {
namespace {

struct Point {
  double soc, voltage;
};
// The ends beyond 0 and 100 % are guesses: what matters is that a cell that is over-full leaves its range within minutes.
constexpr Point kCurve[] = {{-5, 2.00}, {-2, 2.35},  {0, 2.60},  {2, 2.95},   {5, 3.08},   {10, 3.20},   {20, 3.25},
                            {30, 3.28}, {40, 3.295}, {50, 3.30}, {60, 3.31},  {70, 3.325}, {80, 3.333},  {90, 3.342},
                            {95, 3.36}, {98, 3.40},  {99, 3.45}, {100, 3.55}, {101, 3.70}, {102.5, 4.20}};
constexpr std::size_t kPoints = std::size(kCurve);

double secant(std::size_t i) {
  return (kCurve[i + 1].voltage - kCurve[i].voltage) / (kCurve[i + 1].soc - kCurve[i].soc);
}

// Slopes at the points that keep a cubic monotone (Fritsch and Carlson, 1980): the harmonic mean of the secants beside.
double slope(std::size_t i) {
  if (i == 0) return secant(0);
  if (i == kPoints - 1) return secant(kPoints - 2);
  const double before = secant(i - 1), after = secant(i);
  return 2 * before * after / (before + after);
}

double on_curve(double soc) {
  std::size_t i = 0;
  while (i + 2 < kPoints && kCurve[i + 1].soc <= soc) ++i;
  const double width = kCurve[i + 1].soc - kCurve[i].soc;
  const double t = (soc - kCurve[i].soc) / width, t2 = t * t, t3 = t2 * t;
  return kCurve[i].voltage * (2 * t3 - 3 * t2 + 1) + slope(i) * width * (t3 - 2 * t2 + t) +
         kCurve[i + 1].voltage * (3 * t2 - 2 * t3) + slope(i + 1) * width * (t3 - t2);
}

// A year of a pack asks some hundred million times, so the curve is looked up.
constexpr double kLowest = kCurve[0].soc, kHighest = kCurve[kPoints - 1].soc, kPerPercent = 40;
constexpr auto kEntries = static_cast<std::size_t>((kHighest - kLowest) * kPerPercent) + 1;

std::array<double, kEntries> lookup() {
  std::array<double, kEntries> table{};
  for (std::size_t i = 0; i < kEntries; ++i) table.at(i) = on_curve(kLowest + static_cast<double>(i) / kPerPercent);
  return table;
}

}  // namespace

double open_circuit_voltage(double soc_percent) {
  static const std::array<double, kEntries> table = lookup();
  const double at = (std::clamp(soc_percent, kLowest, kHighest) - kLowest) * kPerPercent;
  const auto below = std::min(static_cast<std::size_t>(at), kEntries - 2);
  return table.at(below) + (table.at(below + 1) - table.at(below)) * (at - static_cast<double>(below));
}

}  // namespace bmsd
