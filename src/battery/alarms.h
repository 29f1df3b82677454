// Alarms in two layers: the name that the protocol's sheet gives (for people), and Victron's class with a severity.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bmsd {

// Victron's classes; the keys are the last element of their D-Bus path below /Alarms.
enum class Alarm : std::uint8_t {
  low_voltage,
  high_voltage,
  low_cell_voltage,
  high_cell_voltage,
  low_soc,
  state_of_health,
  high_charge_current,
  high_discharge_current,
  cell_imbalance,
  internal_failure,
  high_charge_temperature,
  low_charge_temperature,
  high_temperature,
  low_temperature,
  bms_cable,
  high_internal_temperature,
  fuse_blown,
  count_
};
inline constexpr std::size_t kAlarmCount = static_cast<std::size_t>(Alarm::count_);
std::string_view key_of(Alarm alarm);  // "LowVoltage"

enum class Severity : std::int8_t { unsupported = -1, ok = 0, warning = 1, alarm = 2 };

// Which direction a protection bit has stopped: the limit of that direction becomes 0, whatever the FET flags say.
enum class Blocks : std::uint8_t { nothing = 0, charge = 1, discharge = 2, both = 3 };

// One bit of a status word. A protocol has one table of these.
struct AlarmBit {
  std::uint8_t word;  // number of the status word, counted by the protocol
  std::uint8_t bit;
  const char* name;  // the sheet's
  Alarm alarm;
  Severity severity;
  Blocks blocks = Blocks::nothing;
};

struct Alarms {
  Alarms() { level.fill(Severity::unsupported); }

  Severity of(Alarm alarm) const { return level[static_cast<std::size_t>(alarm)]; }
  bool blocks_charge() const { return (blocks & 1) != 0; }
  bool blocks_discharge() const { return (blocks & 2) != 0; }

  void raise(const AlarmBit& bit);
  void unite(const Alarms& other);  // the graver level per class, the union of names

  std::array<Severity, kAlarmCount> level;
  std::vector<const char*> names;  // sorted, each once
  std::uint8_t blocks = 0;         // Blocks, united
};

// The alarms that `words` hold by `table`. Every class of the table is supported, so at least ok.
Alarms alarms_from(std::span<const AlarmBit> table, std::span<const std::uint16_t> words);

}  // namespace bmsd
