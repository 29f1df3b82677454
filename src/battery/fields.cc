#include "battery/fields.h"

namespace bmsd {

std::string_view unit_of(Quantity quantity) {
  switch (quantity) {
    case Quantity::volt:
      return "V";
    case Quantity::ampere:
      return "A";
    case Quantity::amp_hour:
      return "Ah";
    case Quantity::kilowatt_hour:
      return "kWh";
    case Quantity::celsius:
      return "°C";
    case Quantity::percent:
      return "%";
    case Quantity::count:
    case Quantity::flag:
      break;
  }
  return "";
}

std::optional<Field> field_of(std::string_view key) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (key == kFields[i].key) return field_at(i);
  }
  return std::nullopt;
}

}  // namespace bmsd
