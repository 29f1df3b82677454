// What others than the BMS know of a battery and of the system that it is in.
#pragma once

#include <cstdint>
#include <optional>

namespace bmsd {

// The energy storage system as Venus OS has it configured: down to which SoC the battery is used.
struct Ess {
  std::optional<std::int64_t> hub4_mode{};           // /Settings/CGwacs/Hub4Mode
  std::optional<std::int64_t> battery_life_state{};  // /Settings/CGwacs/BatteryLife/State
  std::optional<double> minimum_soc_limit{};         // percent, /Settings/CGwacs/BatteryLife/MinimumSocLimit
  std::optional<double> soc_limit{};                 // percent, /Settings/CGwacs/BatteryLife/SocLimit

  bool operator==(const Ess&) const = default;
};

struct Surroundings {
  // Of the sensor that the user put in the place of the BMS's. Nothing: none is configured, it is not there, its value
  // is no number, or older than 60 s.
  std::optional<double> sensor_current{};  // A, positive charges
  std::optional<double> sensor_soc{};      // percent

  std::optional<Ess> ess{};            // nothing: there is no such system
  std::optional<bool> heating{};       // the pack is being heated
  std::optional<bool> balancer_may{};  // the switch of the balancer; nothing: not known

  bool operator==(const Surroundings&) const = default;
};

}  // namespace bmsd
