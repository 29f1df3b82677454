// How often replies came damaged, by their length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bmsd {

class Damage {
 public:
  void add(std::size_t bytes, std::uint64_t good, std::uint64_t damaged);  // `bytes` 0: not known
  void add(const Damage& other);

  std::uint64_t damaged() const;
  std::uint64_t replies() const;  // that came, good or damaged
  double rate() const;            // 0..1

  // Whether long replies suffer more than short ones, as they do where every byte may be hit (noise, reflections, a speed that
  // is a little off), and do not where whole replies are (collisions). False where it cannot be told.
  bool grows_with_length() const;

 private:
  struct Replies {
    std::size_t bytes;
    std::uint64_t good, damaged;
  };
  std::vector<Replies> replies_;
};

}  // namespace bmsd
