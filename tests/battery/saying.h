// Readings of one field, at a time that is counted in seconds.
#pragma once

#include "base/time.h"
#include "battery/reading.h"

namespace bmsd::test {

inline Instant at(int s) { return Instant(std::chrono::seconds(s)); }

inline Reading saying(Field field, double value) {
  Reading reading;
  reading.set(field, value);
  return reading;
}

}  // namespace bmsd::test
