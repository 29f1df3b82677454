#include "base/log.h"

#include <array>
#include <cstdio>

namespace bmsd {

Log log_to_stderr(Level lowest) {
  return [lowest](Level level, std::string_view text) {
    static constexpr std::array<const char*, 4> kNames = {"error", "warning", "info", "debug"};
    if (level > lowest) return;
    std::fprintf(stderr, "%s: %.*s\n", kNames.at(static_cast<std::size_t>(level)), static_cast<int>(text.size()),
                 text.data());
  };
}

}  // namespace bmsd
