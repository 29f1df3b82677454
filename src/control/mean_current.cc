#include "control/mean_current.h"

namespace bmsd {
namespace {

constexpr Duration kSpan = std::chrono::seconds(1);  // shorter ones are joined, so that fast rounds do not pile up

}  // namespace

void MeanCurrent::add(double current, Instant at) {
  if (last_ && at <= last_->at) return;
  const Duration length = last_ ? at - last_->at : Duration{};
  if (length >= window_) {
    spans_.clear();
    length_ = {};
  } else if (last_) {
    const double ampere_seconds = (last_->current + current) / 2 * seconds(length);
    if (!spans_.empty() && spans_.back().length + length <= kSpan) {
      spans_.back().length += length;
      spans_.back().ampere_seconds += ampere_seconds;
    } else {
      spans_.push_back({length, ampere_seconds});
    }
    length_ += length;
    while (length_ - spans_.front().length >= window_) {
      length_ -= spans_.front().length;
      spans_.pop_front();
    }
  }
  last_ = Sample{current, at};
}

std::optional<double> MeanCurrent::value() const {
  if (!last_) return std::nullopt;
  if (spans_.empty()) return last_->current;
  double sum = 0;  // added up anew each time: a running sum would collect rounding errors over years
  for (const Span& span : spans_) sum += span.ampere_seconds;
  return sum / seconds(length_);
}

}  // namespace bmsd
