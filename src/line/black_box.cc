#include "line/black_box.h"

#include <utility>

namespace bmsd {

void BlackBox::note(const Wiretap::Event& event) {
  entries_.push_back({event.at, event.kind, event.baud, ByteVector(event.bytes.begin(), event.bytes.end())});
  size_ += cost(entries_.back());
  while (!entries_.empty() && (size_ > limits_.bytes || event.at - entries_.front().at > limits_.age)) {
    Entry& oldest = entries_.front();
    size_ -= cost(oldest);
    const bool is_data = oldest.kind == CaptureRecord::received || oldest.kind == CaptureRecord::sent;
    if (!is_data) state_ = std::move(oldest);
    entries_.pop_front();
  }
}

std::string BlackBox::text(const std::string& port, bool can, CaptureRecord packs, Instant now,
                           std::int64_t unix_now) const {
  const auto record = [&](const Entry& entry, Instant at) {
    CaptureRecord one;
    one.at = unix_now - (now - at).count();
    one.port = port;
    one.kind = entry.kind;
    one.can = can;
    one.baud = entry.baud;
    one.bytes = entry.bytes;
    return one;
  };
  const Instant begin = entries_.empty() ? now : entries_.front().at;
  std::string text(kCaptureHead);
  if (state_.kind != CaptureRecord::closed) {
    Entry open = state_;
    open.kind = CaptureRecord::opened;
    text += capture_line(record(open, begin));
  }
  if (!packs.text.empty()) {
    packs.at = unix_now - (now - begin).count();
    packs.port = port;
    text += capture_line(packs);
  }
  for (const Entry& entry : entries_) text += capture_line(record(entry, entry.at));
  return text;
}

}  // namespace bmsd
