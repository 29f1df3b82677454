// Every key of config.ini in one table: the parser, `bmsd check` and docs/configuration.md come from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace bmsd {

enum class Kind : std::uint8_t { boolean, real, integer, real_list, integer_list, text_list, text };

// The widest section that may hold a key. [DEFAULT] holds all; [line X] those of lines and batteries, [battery X] those of
// batteries.
enum class Scope : std::uint8_t { daemon, line, battery };

enum class Works : std::uint8_t {
  yes,
  never,  // accepted so that old files stay valid; has no meaning for bmsd
  later,  // accepted; the feature is not built yet
};

// What a value that cannot be used falls back to: for limits the safer one of the default and of what can be read of it.
enum class Safer : std::uint8_t { neither, lower, higher };

struct Key {
  std::string_view name = {};  // "MAX_CELL_VOLTAGE"
  Kind kind = Kind::text;
  Scope scope = Scope::battery;
  std::string_view group = {};       // heading in the documentation
  std::string_view unit = {};        // "V", "A", "s"; empty: none
  std::string_view standard = {};    // the default, as it would be written in a file
  bool may_be_empty = false;         // an empty value means off or "choose for me"
  std::string_view when_empty = {};  // where an empty value means another one than the default: that one
  double lowest = -std::numeric_limits<double>::infinity();  // of a number, or of each item of a list
  double highest = std::numeric_limits<double>::infinity();
  std::size_t items = 0;                           // how many a list must have; 0: any number
  std::span<const std::string_view> choices = {};  // of a text, or of each item: the words that are known, without case
  Safer safer = Safer::neither;
  bool secret = false;  // not to be shown
  Works works = Works::yes;
  std::string_view help = {};   // one sentence
  std::string_view until = {};  // Works::later: what happens until then, one sentence
};

// In the order of the documentation, group by group.
std::span<const Key> all_keys();

// Without case; null if there is none.
const Key* find_key(std::string_view name);

// A key that has another name now.
struct Renamed {
  std::string_view old_name;
  std::string_view new_name;  // empty: removed or of another meaning now
  std::string_view advice;    // what to set instead, where it is not simply the new name
  std::string_view since;     // the version of the old driver
};
std::span<const Renamed> renamed_keys();
const Renamed* find_renamed(std::string_view old_name);  // without case; null if there is none

}  // namespace bmsd
