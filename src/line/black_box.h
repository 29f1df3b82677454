// The last minutes of a line's traffic, in bounded memory: written down when something has gone wrong.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "line/wiretap.h"

namespace bmsd {

class BlackBox {
 public:
  struct Limits {
    std::size_t bytes = std::size_t{256} * 1024;  // of memory, what an entry itself takes included
    Duration age = 10min;
  };
  BlackBox() : BlackBox(Limits()) {}
  explicit BlackBox(Limits limits) : limits_(limits) {}

  void note(const Wiretap::Event& event);

  // A whole capture. `unix_now`: microseconds of Unix time at `now`; `packs`: who is on the line (CaptureRecord::packs or
  // found), or a record without text.
  std::string text(const std::string& port, bool can, CaptureRecord packs, Instant now, std::int64_t unix_now) const;

  std::size_t size() const { return size_; }  // bytes of memory, about

 private:
  struct Entry {
    Instant at{};
    CaptureRecord::Kind kind = CaptureRecord::received;
    int baud = 0;
    ByteVector bytes = {};
  };
  static std::size_t cost(const Entry& entry) { return sizeof(Entry) + entry.bytes.size(); }

  Limits limits_;
  std::deque<Entry> entries_;
  std::size_t size_ = 0;
  Entry state_{{}, CaptureRecord::closed, 0, {}};  // of the port, before the first entry
};

}  // namespace bmsd
