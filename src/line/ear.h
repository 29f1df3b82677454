// Hears one protocol in a stream of bytes that others exchange: frames out of the stream, replies to their requests.
#pragma once

#include <functional>

#include "line/listener.h"

namespace bmsd {

class Ear {
 public:
  using OnOverheard = std::function<void(const Protocol& protocol, Listener::Overheard overheard)>;
  // A frame of what a BMS sends by itself (Cadence::pushed).
  using OnPushed = std::function<void(const Protocol& protocol, int address, std::uint8_t exchange, Bytes frame)>;

  Ear(const Protocol& protocol, Listener::Sessions sessions, OnPushed on_pushed)
      : protocol_(&protocol), listener_(std::move(sessions)), on_pushed_(std::move(on_pushed)) {}

  void heard(Bytes bytes, Instant now, const OnOverheard& on_overheard);
  // The line has been silent: what was begun will not be finished.
  void silence(Instant now, const OnOverheard& on_overheard);

  const Protocol& protocol() const { return *protocol_; }
  std::uint64_t frames() const { return requests_ + replies_; }  // of this protocol
  std::uint64_t requests() const { return requests_; }
  std::uint64_t unpaired() const { return listener_.unpaired(); }  // replies whose request was not heard
  std::uint64_t junk_bytes() const { return junk_bytes_; }
  std::uint64_t bad_checks() const { return bad_checks_; }

 private:
  void scan(bool over, Instant now, const OnOverheard& on_overheard);

  const Protocol* protocol_;
  Listener listener_;
  OnPushed on_pushed_;
  ByteVector buffer_;
  std::uint64_t requests_ = 0, replies_ = 0, junk_bytes_ = 0, bad_checks_ = 0;
};

}  // namespace bmsd
