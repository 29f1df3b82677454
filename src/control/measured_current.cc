#include "control/measured_current.h"

#include <algorithm>

#include "battery/battery.h"

namespace bmsd {

std::optional<double> measured_current(const Battery& battery) {
  auto current = battery.get(Field::current);
  if (!current) return current;
  if (battery.flag(Field::discharge_fet_on) == false) current = std::max(*current, 0.0);
  if (battery.flag(Field::charge_fet_on) == false) current = std::min(*current, 0.0);
  return current;
}

}  // namespace bmsd
