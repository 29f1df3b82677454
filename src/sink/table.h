// Batteries as text for terminals, made from the JSON of sink/json.h, so that they look alike whether they were read
// here or come from a running bmsd. Pure functions.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace bmsd {

struct TextStyle {
  std::size_t width =
      100;  // columns; lines are never longer (the compact table leaves out columns, at least its first two remain)
  bool color = false;  // ANSI colours
};

// The compact table: one line per battery, and one below it for alarms and for what limits the current. `batteries`:
// the array of a "show" reply.
std::string battery_table(const nlohmann::json& batteries, const TextStyle& style);

// Everything that is known of one battery, with labels and units.
std::string battery_sheet(const nlohmann::json& battery, const TextStyle& style);

}  // namespace bmsd
