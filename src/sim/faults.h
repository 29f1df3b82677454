// What goes wrong on a line, how often, by a seeded die.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "sim/random.h"

namespace bmsd {

enum class Fault : std::uint8_t {
  drop,      // one byte of the reply is lost
  corrupt,   // one byte of the reply is another one
  flip,      // one bit of the reply is the other one
  truncate,  // the reply ends early
  late,      // the reply comes later than usual
  garbage,   // a burst of random bytes before the reply, inside of it, or some time after it
  foreign,   // a reply of another pack instead of the reply, or before it; also of a pack that is not on the line
  echo,      // the adapter gives the request's bytes back
  silence,   // no reply
  twin,      // another pack with the same address answers too, at about the same time
  ringing,   // a line without termination: bytes of the reply are hit one by one, and 00 and FF appear around it
  inverted,  // the reply comes with all its bits the other way round: A and B are swapped
  count_
};
inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(Fault::count_);
std::string_view to_string(Fault fault);

class Faults {
 public:
  explicit Faults(std::uint64_t seed = 1) : random_(seed) {}

  // "corrupt=0.1": in one reply of ten; "late=0.1:0.45": and 0.45 s later than usual; "twin=1:2": of the pack at address 2
  // (decimal) alone. Rates are 0..1. Error config names the kinds.
  Status set(std::string_view text);
  void set(Fault fault, double rate) { rates_[index(fault)] = rate; }
  double rate(Fault fault) const { return rates_[index(fault)]; }

  Duration late_by() const { return late_by_; }
  void set_late_by(Duration late_by) { late_by_ = late_by; }

  bool has_twin(int address) const { return twin_of_ < 0 || twin_of_ == address; }

  // Throws the die; counts when the fault strikes.
  bool strikes(Fault fault);
  std::uint64_t count(Fault fault) const { return counts_[index(fault)]; }

  // Damages a reply in place as drop, corrupt, flip, truncate, ringing and inverted say. Of a truncated one at least the first
  // byte stays.
  void damage(ByteVector& reply);
  ByteVector burst();  // 1..24 random bytes

  Random& random() { return random_; }

 private:
  void ring(ByteVector& reply);
  static std::size_t index(Fault fault) { return static_cast<std::size_t>(fault); }
  std::array<double, kFaultCount> rates_{};
  std::array<std::uint64_t, kFaultCount> counts_{};
  Duration late_by_ = 450ms;
  int twin_of_ = -1;  // less than 0: all packs
  Random random_;
};

}  // namespace bmsd
