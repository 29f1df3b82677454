#include "control/midpoint.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "battery/battery.h"
#include "control/cells.h"

namespace bmsd {

std::optional<Midpoint> midpoint(const Battery& battery, double max_cell_voltage) {
  constexpr std::size_t kFewest = 4;
  const auto& cells = battery.cell_voltages();
  if (!cells || cells->size() < kFewest) return std::nullopt;
  const auto said = battery.get(Field::cell_count);
  if (said && *said > static_cast<double>(cells->size())) return std::nullopt;
  const bool all =
      std::all_of(cells->begin(), cells->end(), [&](double cell) { return plausible_cell(cell, max_cell_voltage); });
  if (!all) return std::nullopt;

  const auto half = static_cast<std::ptrdiff_t>(cells->size() / 2);
  const double first = std::accumulate(cells->begin(), cells->begin() + half, 0.0);
  const double second = std::accumulate(cells->end() - half, cells->end(), 0.0);
  if (first + second <= 0) return std::nullopt;
  const double middle = cells->size() % 2 == 0 ? 0 : (*cells)[static_cast<std::size_t>(half)] / 2;
  return Midpoint{first + middle, std::abs(second - first) / (second + first) * 100};
}

}  // namespace bmsd
