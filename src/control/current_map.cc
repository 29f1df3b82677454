#include "control/current_map.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace bmsd {
namespace {

bool usable(const CurrentMap& map) {
  const auto finite = [](double value) { return std::isfinite(value); };
  return !map.reported.empty() && map.reported.size() == map.measured.size() &&
         std::all_of(map.reported.begin(), map.reported.end(), finite) &&
         std::all_of(map.measured.begin(), map.measured.end(), finite) &&
         std::adjacent_find(map.reported.begin(), map.reported.end(), std::greater_equal<>()) == map.reported.end();
}

double on_map(const CurrentMap& map, double reported) {
  const auto above = std::upper_bound(map.reported.begin(), map.reported.end(), reported);
  if (above == map.reported.begin()) return reported + (map.measured.front() - map.reported.front());
  if (above == map.reported.end()) return reported + (map.measured.back() - map.reported.back());
  const auto i = static_cast<std::size_t>(above - map.reported.begin());
  const double share = (reported - map.reported[i - 1]) / (map.reported[i] - map.reported[i - 1]);
  return map.measured[i - 1] + share * (map.measured[i] - map.measured[i - 1]);
}

}  // namespace

double corrected_current(const CurrentMap& map, double reported) {
  if (map.reported == map.measured || !usable(map)) return reported;
  return std::round(on_map(map, reported) * 1000) / 1000;
}

}  // namespace bmsd
