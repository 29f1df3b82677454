#include "control/rule.h"

#include <algorithm>
#include <limits>

namespace bmsd {
namespace {

constexpr double kEqual = 0.001;  // A or V

}  // namespace

const LimitCandidate* LimitCandidates::of(Rule rule) const {
  const auto found = std::find_if(all().begin(), all().end(),
                                  [rule](const LimitCandidate& candidate) { return candidate.rule == rule; });
  return found == all().end() ? nullptr : &*found;
}

double LimitCandidates::least() const {
  double least = std::numeric_limits<double>::infinity();
  for (const LimitCandidate& candidate : all()) least = std::min(least, candidate.value);
  return least;
}

const LimitCandidate* LimitCandidates::lowest() const {
  const double lowest = least();
  const auto first = std::find_if(all().begin(), all().end(), [lowest](const LimitCandidate& candidate) {
    return candidate.value - lowest < kEqual;
  });
  return first == all().end() ? nullptr : &*first;
}

bool LimitCandidates::operator==(const LimitCandidates& other) const {
  return std::equal(all().begin(), all().end(), other.all().begin(), other.all().end());
}

}  // namespace bmsd
