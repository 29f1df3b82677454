#include "control/table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

namespace bmsd {
namespace {

struct Point {
  double input, fraction;
};

// The nearest point on one side: `better(a, b)` says that input a is nearer than b. Of equal inputs the lower fraction.
template <typename Better>
void take(std::optional<Point>& nearest, const Point& point, Better better) {
  if (!nearest || better(point.input, nearest->input)) {
    nearest = point;
  } else if (point.input == nearest->input) {
    nearest->fraction = std::min(nearest->fraction, point.fraction);
  }
}

double on_line(const Point& below, const Point& above, double x) {
  const double share = (x - below.input) / (above.input - below.input);
  const double fraction = below.fraction + share * (above.fraction - below.fraction);
  const auto [low, high] = std::minmax(below.fraction, above.fraction);
  return fraction >= low ? std::min(fraction, high) : low;  // also for a share that overflowed to "not a number"
}

}  // namespace

double fraction_at(const Table& table, double x, Between between) {
  if (std::isnan(x) || table.inputs.size() != table.fractions.size()) return 0;
  // Unsorted tables are searched: a handful of points, and no copy to sort.
  std::optional<Point> below, here, above;
  for (std::size_t i = 0; i < table.inputs.size(); ++i) {
    if (!std::isfinite(table.inputs[i]) || !std::isfinite(table.fractions[i])) return 0;
    const Point point = {table.inputs[i], std::clamp(table.fractions[i], 0.0, 1.0)};
    if (point.input < x) take(below, point, [](double a, double b) { return a > b; });
    if (point.input == x) take(here, point, [](double, double) { return false; });
    if (point.input > x) take(above, point, [](double a, double b) { return a < b; });
  }
  if (here) return between == Between::upper && below && above ? above->fraction : here->fraction;
  if (!below && !above) return 0;
  if (!below) return above->fraction;
  if (!above) return below->fraction;
  switch (between) {
    case Between::lower:
      return below->fraction;
    case Between::upper:
      return above->fraction;
    default:
      return on_line(*below, *above, x);
  }
}

}  // namespace bmsd
