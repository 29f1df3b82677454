// A curve through points, as the user writes it in two lists.
#pragma once

#include <cstdint>
#include <vector>

namespace bmsd {

struct Table {
  std::vector<double> inputs;     // in any order
  std::vector<double> fractions;  // as many as inputs; 0..1
};

// What holds between two points. In steps, an input that is exactly a point's begins the step above it; below and at the
// first point the first fraction holds in any case, at and above the last point the last.
enum class Between : std::uint8_t {
  line,   // on the straight line
  lower,  // the fraction of the point with the lower input
  upper,  // the fraction of the point with the higher input
};

// The fraction at `x`, always 0..1: between the neighbouring points as `between` says, the end point's outside of them,
// the lowest where several points have the same input. 0 for an x that is not a number and for a table that cannot be
// used (empty, lists of different length, a number that is not finite): what is not understood must not allow current.
double fraction_at(const Table& table, double x, Between between = Between::line);

}  // namespace bmsd
