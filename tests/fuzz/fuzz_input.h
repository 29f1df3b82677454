// What fuzz targets have in common: the demand that ends a run, and the input taken apart from its beginning.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace bmsd {

inline void demand(bool holds) {
  if (!holds) std::abort();
}

// Where nothing is left, zeros and empty texts come.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  // 0 .. count - 1.
  std::size_t below(std::size_t count) { return byte() % count; }
  Bytes bytes(std::size_t most) {
    const Bytes front = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(front.size());
    return front;
  }
  // Behind a byte with its length.
  Bytes piece() { return bytes(byte()); }
  Bytes rest() { return bytes(rest_.size()); }
  // Up to the next line feed.
  std::string_view line() {
    const std::string_view text = as_text(rest_);
    const std::size_t end = std::min(text.find('\n'), text.size());
    rest_ = rest_.subspan(std::min(end + 1, text.size()));
    return text.substr(0, end);
  }

 private:
  Bytes rest_;
};

}  // namespace bmsd
