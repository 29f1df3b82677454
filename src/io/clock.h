// The program's only clock. Everything below `io` is told the instant by whoever runs it.
#pragma once

#include "base/time.h"

namespace bmsd {

Instant now_monotonic();  // steady_clock, cut to microseconds: never earlier than an instant that a timer waited for
WallTime wall_now();      // Unix time; may jump
std::int64_t unix_microseconds();  // the same, finer

}  // namespace bmsd
