// Return codes of YD/T 1363 replies as static text, for Error::what.
#pragma once

#include <array>
#include <cstdint>

namespace bmsd {

// "rtn_00" to "rtn_FF".
inline constexpr std::array<std::array<char, 7>, 256> kYd1363ReturnWords = [] {
  std::array<std::array<char, 7>, 256> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = {'r', 't', 'n', '_', "0123456789ABCDEF"[i >> 4], "0123456789ABCDEF"[i & 15], '\0'};
  }
  return words;
}();

}  // namespace bmsd
