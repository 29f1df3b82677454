// Findings as they are collected: a file of garbage makes no more of them than somebody reads.
#pragma once

#include <cstddef>
#include <vector>

#include "config/finding.h"

namespace bmsd {

class FindingList {
 public:
  static constexpr std::size_t kMost = 100;

  void add(Finding finding);  // as one line with a full stop, of a length that people read
  bool full() const { return kept_.size() >= kMost; }

  // By line. Behind the first kMost one more that counts those that were left out; it weighs as much as the worst of them.
  std::vector<Finding> take();

 private:
  std::vector<Finding> kept_;
  std::size_t left_out_ = 0;
  Finding rest_;
};

// Of findings that are there already the first kMost by line, as take() does it.
std::vector<Finding> bounded(std::vector<Finding> findings);

}  // namespace bmsd
