#include "app/log_ring.h"

#include <array>

namespace bmsd {

nlohmann::json LogRing::json() const {
  static constexpr std::array<const char*, 4> kNames = {"error", "warning", "info", "debug"};
  nlohmann::json lines = nlohmann::json::array();
  for (const Line& line : lines_) {
    lines.push_back(
        {{"at", line.at.seconds}, {"level", kNames.at(static_cast<std::size_t>(line.level))}, {"text", line.text}});
  }
  return {{"lines", std::move(lines)}};
}

}  // namespace bmsd
