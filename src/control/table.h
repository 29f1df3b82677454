// A curve through points, as the user writes it in two lists.
#pragma once

#include <vector>

namespace bmsd {

struct Table {
  std::vector<double> inputs;     // in any order
  std::vector<double> fractions;  // as many as inputs; 0..1
};

// The fraction at `x`, always 0..1: linear between the neighbouring points, the end point's outside of them, the lowest
// where several points have the same input. 0 for an x that is not a number and for a table that cannot be used (empty,
// lists of different length, a number that is not finite): what is not understood must not allow current.
double fraction_at(const Table& table, double x);

}  // namespace bmsd
