// What a user may change in a BMS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "battery/fields.h"

namespace bmsd {

enum class Changeable : std::uint8_t { charge_fet, discharge_fet, soc };

// The calendar and clock that the user lives by.
struct CivilTime {
  int year = 0, month = 0, day = 0;  // 2026, 1..12, 1..31
  int hour = 0, minute = 0, second = 0;
};

struct Change {
  Changeable what = Changeable::charge_fet;
  double value = 0;                          // a FET: 1 on, 0 off; the state of charge: percent, 0..100
  std::optional<CivilTime> local_time = {};  // now, for a BMS that takes its clock with it; absent: not known
};

// Its word in commands and JSON: "charge-fet", "discharge-fet", "soc".
std::string_view word_of(Changeable what);
std::optional<Changeable> changeable_of(std::string_view word);

// A value as commands and JSON have it: "on", "off", "80"; and back, nothing for what cannot be written.
std::string value_text(Changeable what, double value);
std::optional<double> value_of(Changeable what, std::string_view text);

// For people: "charge FET", "state of charge".
std::string_view name_of(Changeable what);

bool is_switch(Changeable what);
// The field in which the BMS says what it has.
Field field_of(Changeable what);

// Error config: the value is none that can be written.
Status check(const Change& change);

// Whether what the BMS says is what was wanted: a state of charge within 0.5 %.
bool is_as_wanted(const Change& change, double said);

}  // namespace bmsd
