#include "io/clock.h"

#include <chrono>

namespace bmsd {

Instant now_monotonic() {
  return Instant(std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

WallTime wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return WallTime{std::chrono::floor<std::chrono::seconds>(now).count()};
}

std::int64_t unix_microseconds() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace bmsd
