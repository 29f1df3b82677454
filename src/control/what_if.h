// What would the limits be, if? Works on copies of everything that they are worked out from, through the same
// evaluation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "battery/battery.h"
#include "control/charge_control.h"
#include "control/explain.h"

namespace bmsd {

// All that the limits of one battery are worked out from.
struct ControlCase {
  ControlConfig config;
  Battery battery;
  Surroundings surroundings;
  ChargeControl control;
  bool tells_fets = true;
  WallTime wall;
};

// What may be supposed of a battery.
enum class Supposed : std::uint8_t {
  cell_max,
  cell_min,
  voltage,
  current,
  soc,
  temperature,
  mos_temperature,
  charge_fet,
  discharge_fet,
  bms_charge_limit,
  bms_discharge_limit,
};

struct SupposedKey {
  std::string_view name;     // "cell_max"
  std::string_view unit;     // "V"; empty: 1 is on, 0 is off
  std::string_view meaning;  // for the help
};
std::span<const SupposedKey> supposed_keys();  // in the order of Supposed
std::optional<Supposed> supposed_of(std::string_view name);

struct Supposition {
  Supposed what;
  double value;
};

// The case as it would be if the BMS said all that now, and that it can be reached. Errors, config, with a detail for
// people: the battery has no such thing (single cells, say), or none can be like that (battery/plausibility.h).
Result<ControlCase> suppose(const ControlCase& now, std::span<const Supposition> suppositions, Instant at);

// What an evaluation says of a battery.
struct Judged {
  Explanation explanation;
  std::string charge_mode;  // as /Info/ChargeMode
  bool may_charge = false, may_discharge = false;
};
Judged judged(const ControlConfig& config, const Limits& limits, Instant now);

struct WhatIf {
  Judged at_once;  // with the first reading of it
  Judged later;    // after hold and ramp, if it stays like that
  double after_s = 0;
  bool settled = false;  // by then; else something still moves, as after an hour at most
};
WhatIf what_if(ControlCase supposed, Instant now);

}  // namespace bmsd
