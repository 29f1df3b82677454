// What is to be said about a configuration file: where, what is wrong, what to write instead.
#pragma once

#include <cstdint>
#include <string>

namespace bmsd {

struct Finding {
  enum Weight : std::uint8_t {
    note,       // worth knowing; nothing is lost: a key without effect, an old name
    warning,    // probably not what was meant; the value is used as it stands
    corrected,  // another value is used than the one that was written (config-ini: C1 and its like)
    unusable,   // cannot be understood: the last good configuration or a safe value is used
  };
  Weight weight = warning;
  int line = 0;              // 1 is the first; 0: of no line, such as what is missing
  std::string section, key;  // empty where there is none
  std::string text;          // one sentence: what is wrong and what is done about it
  std::string advice;        // what to write; may be empty
};

}  // namespace bmsd
