// How a battery is charged just now, and its text in /Info/ChargeMode.
#pragma once

#include <cstdint>
#include <string>

namespace bmsd {

enum class ChargeStageName : std::uint8_t { bulk, absorption, float_transition, floating, always_max, error };

struct ChargeMode {
  ChargeStageName stage = ChargeStageName::bulk;
  // Of bulk and absorption only.
  bool cell_ovp_holds = false;  // a high cell keeps CVL down
  bool cell_ovp_rises = false;  // CVL comes back after that
  bool soc_reset = false;       // charged to SOC_RESET_CELL_VOLTAGE
  bool balancing = false;
  bool heating = false;

  bool operator==(const ChargeMode&) const = default;
};

// "Absorption (Cell OVP) & SoC Reset + Balancing | Linear Mode", with U+2502 for the bar. `steps`: CHARGE_MODE 2.
std::string charge_mode_text(const ChargeMode& mode, bool steps);

}  // namespace bmsd
