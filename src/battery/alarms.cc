#include "battery/alarms.h"

#include <algorithm>

namespace bmsd {
namespace {

constexpr std::array<std::string_view, kAlarmCount> kKeys = {"LowVoltage",
                                                             "HighVoltage",
                                                             "LowCellVoltage",
                                                             "HighCellVoltage",
                                                             "LowSoc",
                                                             "StateOfHealth",
                                                             "HighChargeCurrent",
                                                             "HighDischargeCurrent",
                                                             "CellImbalance",
                                                             "InternalFailure",
                                                             "HighChargeTemperature",
                                                             "LowChargeTemperature",
                                                             "HighTemperature",
                                                             "LowTemperature",
                                                             "BmsCable",
                                                             "HighInternalTemperature",
                                                             "FuseBlown"};

bool before(const char* a, const char* b) { return std::string_view(a) < std::string_view(b); }

void insert_name(std::vector<const char*>& names, const char* name) {
  const auto place = std::lower_bound(names.begin(), names.end(), name, before);
  if (place == names.end() || std::string_view(*place) != name) names.insert(place, name);
}

}  // namespace

std::string_view key_of(Alarm alarm) { return kKeys[static_cast<std::size_t>(alarm)]; }

void Alarms::raise(const AlarmBit& bit) {
  Severity& present = level[static_cast<std::size_t>(bit.alarm)];
  present = std::max(present, bit.severity);
  blocks = static_cast<std::uint8_t>(blocks | static_cast<std::uint8_t>(bit.blocks));
  insert_name(names, bit.name);
}

void Alarms::unite(const Alarms& other) {
  for (std::size_t i = 0; i < kAlarmCount; ++i) level[i] = std::max(level[i], other.level[i]);
  for (const char* name : other.names) insert_name(names, name);
  blocks = static_cast<std::uint8_t>(blocks | other.blocks);
}

Alarms alarms_from(std::span<const AlarmBit> table, std::span<const std::uint16_t> words) {
  Alarms alarms;
  for (const AlarmBit& bit : table) {
    Severity& level = alarms.level[static_cast<std::size_t>(bit.alarm)];
    level = std::max(level, Severity::ok);
    if (bit.word < words.size() && (words[bit.word] >> bit.bit & 1) != 0) alarms.raise(bit);
  }
  return alarms;
}

}  // namespace bmsd
