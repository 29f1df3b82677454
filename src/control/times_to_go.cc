#include "control/times_to_go.h"

#include <array>
#include <cstdlib>

namespace bmsd {

std::string duration_text(std::int64_t seconds) {
  struct Unit {
    std::int64_t seconds;
    char letter;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  const std::string sign = seconds < 0 ? "-" : "";
  const std::int64_t left = std::abs(seconds);
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (left < kUnits[i].seconds) continue;
    std::string text = sign + std::to_string(left / kUnits[i].seconds) + kUnits[i].letter;
    if (i + 1 == kUnits.size()) return text;
    const std::int64_t rest = left % kUnits[i].seconds / kUnits[i + 1].seconds;
    return rest == 0 ? text : text + ' ' + std::to_string(rest) + kUnits[i + 1].letter;
  }
  return "0s";
}

}  // namespace bmsd
