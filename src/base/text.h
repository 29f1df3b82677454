// Text that people or boards wrote.
#pragma once

#include <algorithm>
#include <string_view>

namespace bmsd {

inline constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Without the blanks at both ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = kBlanks) {
  const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

}  // namespace bmsd
