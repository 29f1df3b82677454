// A small random generator whose numbers are the same on every machine and compiler (the distributions of <random> are
// not).
#pragma once

#include <cstdint>

namespace bmsd {

// SplitMix64 (Steele, Lea, Flood, 2014): one 64-bit state, good enough to make a wire bad.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }               // 0 <= x < 1
  double between(double low, double high) { return low + (high - low) * unit(); }       // low <= x < high
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : next() % limit; }  // 0 .. limit - 1
  std::uint8_t byte() { return static_cast<std::uint8_t>(next() >> 56); }
  std::uint8_t other_than(std::uint8_t byte) { return static_cast<std::uint8_t>(byte ^ (1 + below(255))); }

 private:
  std::uint64_t state_;
};

}  // namespace bmsd
