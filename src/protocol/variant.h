// Reading what a simulated board can be (`PackOptions::variant`): each function says whether `text` was such a value.
#pragma once

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bmsd::variant {

// A whole number from `low` to `high`, in decimal digits.
inline bool whole(std::string_view text, int low, int high, int& to) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) return false;
  to = value;
  return true;
}

inline bool number(std::string_view text, double low, double high, double& to) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high)) return false;
  to = value;
  return true;
}

inline bool yes_or_no(std::string_view text, bool& to) {
  to = text == "yes";
  return to || text == "no";
}

inline bool one_of(std::string_view text, std::initializer_list<std::string_view> words, std::string& to) {
  to = text;
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace bmsd::variant
