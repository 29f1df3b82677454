// Whatever can happen to a battery, as values that RapidCheck can shrink: a happening is one number, and the more of its bits are 0
// the calmer it is.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <ostream>
#include <vector>

#include "base/time.h"
#include "battery/reading.h"
#include "control/config.h"
#include "control/surroundings.h"

namespace bmsd {

enum class What : std::uint8_t { reading, tick, failed };

// What no battery can have, or what a reply leaves out.
enum class Absurd : std::uint8_t { nothing, high_cell, cell_is_no_number, no_cells, no_temperature, no_current, empty };

struct Happening {
  explicit Happening(std::uint64_t number);

  std::uint64_t number;
  What what = What::reading;
  Duration after{};             // the one before
  double cell = 0, higher = 0;  // V: fifteen cells, and how much higher the other one is
  double celsius = 0, mos = 0;
  double current = 0;                     // A
  double soc = 0;                         // percent
  double bms_limit = 0;                   // A; below 0: not told
  int charge_fet = 1, discharge_fet = 1;  // 0 off, -1 unknown
  bool protection = false, balancing = false;
  Absurd absurd = Absurd::nothing;
  double sensor_current = 0, sensor_soc = 0;  // of an external sensor
  bool has_sensor = false;
  Duration wall_jump{};  // the wall clock alone
  int action = 0;        // 1 the user sets the SoC, 2 clears the history
};

std::ostream& operator<<(std::ostream& out, const Happening& happening);

std::ostream& operator<<(std::ostream& out, const ControlConfig& config);

rc::Gen<std::vector<Happening>> any_history();
rc::Gen<ControlConfig> any_config();

Reading reading_of(const Happening& happening);
Surroundings surroundings_of(const Happening& happening);

// How many cells the packs of these histories have.
constexpr int kHistoryCells = 16;

}  // namespace bmsd
