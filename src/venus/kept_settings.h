// The entries that a battery has below /Settings/Devices/serialbattery_<identity>, and what they are in a Kept. Names
// and types are those of the driver that most systems come from: the settings service refuses an entry whose type
// differs from the one that it has.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bank/kept.h"
#include "venus/value.h"

namespace bmsd {

inline constexpr const char* kInstanceSetting = "ClassAndVrmInstance";
inline constexpr const char* kNameSetting = "CustomName";
inline constexpr const char* kIdentitySetting = "UniqueIdentifier";
inline constexpr const char* kLastSeenSetting = "LastSeen";

// One entry; all but UniqueIdentifier, which a Kept does not have.
struct KeptSetting {
  const char* name;
  bool state;   // of charge control and the counters: it changes all the time
  bool silent;  // no line in the log of the settings service per change
  BusValue (*from)(const Kept& kept);
  void (*to)(Kept& kept, const BusValue& value);  // takes any number or text for what can be read of it
};
std::span<const KeptSetting> kept_settings();

bool is_kept_setting(std::string_view name);  // one of all nine

// N of "battery:N"; nothing for one that nobody gives, beyond kHighestInstance.
constexpr std::int32_t kHighestInstance = 1'000'000;
std::optional<std::int32_t> battery_instance(std::string_view class_and_instance);
std::string class_and_instance(std::int32_t instance);  // of 0: "battery:1", the first that is free

std::string text_in(const BusValue& value);          // numbers as text; invalid: empty
std::int64_t integer_in(const BusValue& value);      // also of a text; 0: none
constexpr std::int64_t kClockIsSet = 1'577'836'800;  // 2020: a machine without a clock wakes up long before

}  // namespace bmsd
