#include "control/charge_mode.h"

#include <array>

namespace bmsd {
namespace {

constexpr std::array<const char*, 6> kStages = {
    "Bulk", "Absorption", "Float Transition", "Float", "Keep always max voltage", "Error, please check the logs!"};

}  // namespace

std::string charge_mode_text(const ChargeMode& mode, bool steps) {
  std::string text = kStages[static_cast<std::size_t>(mode.stage)];
  if (mode.stage == ChargeStageName::always_max || mode.stage == ChargeStageName::error) return text;
  if (mode.cell_ovp_holds) text += " (Cell OVP)";
  if (mode.cell_ovp_rises) text += " (Cell OVP*)";
  if (mode.soc_reset) text += " & SoC Reset";
  if (mode.balancing) text += " + Balancing";
  if (mode.heating) text += " + Heating";
  return text + (steps ? " \u2502 Step Mode" : " \u2502 Linear Mode");
}

}  // namespace bmsd
