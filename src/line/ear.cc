#include "line/ear.h"

namespace bmsd {
namespace {
constexpr std::size_t kBufferLimit = 8192;  // longer than the longest frame of any protocol
}

void Ear::heard(Bytes bytes, Instant now, const OnOverheard& on_overheard) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  scan(false, now, on_overheard);
  if (buffer_.size() > kBufferLimit) {
    junk_bytes_ += buffer_.size();
    buffer_.clear();
  }
}

void Ear::silence(Instant now, const OnOverheard& on_overheard) { scan(true, now, on_overheard); }

void Ear::scan(bool over, Instant now, const OnOverheard& on_overheard) {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const Bytes rest = Bytes(buffer_).subspan(done);
    const Scan scan = protocol_->framer(rest, over);
    if (scan.kind == Scan::more) break;
    const Bytes front = rest.first(scan.size);
    done += scan.size;
    if (scan.kind == Scan::junk) {
      junk_bytes_ += scan.size;
      if (scan.why.code != Errc::noise) ++bad_checks_;
      continue;
    }
    const Tag tag = protocol_->tag(Frame{front});
    if (tag.role == Role::foreign) continue;
    ++(tag.role == Role::request ? requests_ : replies_);
    const bool pushed = tag.role != Role::request && tag.exchange >= 0 &&
                        protocol_->exchanges[static_cast<std::size_t>(tag.exchange)].cadence == Cadence::pushed;
    if (pushed) {
      on_pushed_(*protocol_, tag.address, static_cast<std::uint8_t>(tag.exchange), front);
      continue;
    }
    auto overheard = listener_.heard({tag, ByteVector(front.begin(), front.end())}, now);
    if (overheard) on_overheard(*protocol_, std::move(*overheard));
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace bmsd
