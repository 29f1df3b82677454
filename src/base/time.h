// Time as a value: nothing here can tell what time it is. Whoever runs a machine says the instant (io in real time,
// tests, simulator and replay in virtual time).
#pragma once

#include <chrono>
#include <cstdint>

namespace bmsd {

using namespace std::chrono_literals;

using Duration = std::chrono::microseconds;

// Monotonic time since an origin that means nothing. Has no now() on purpose.
struct Monotonic {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<Monotonic>;
  static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

// Unix time, only for what survives a restart.
struct WallTime {
  std::int64_t seconds = 0;
};

constexpr double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// `count` characters of 10 bits (start, 8 data, stop) at `baud` bits per second; 0 for a medium without a speed.
constexpr Duration wire_time(std::size_t count, int baud) {
  return baud > 0 ? Duration(static_cast<std::int64_t>(count) * 10'000'000 / baud) : Duration(0);
}

}  // namespace bmsd
