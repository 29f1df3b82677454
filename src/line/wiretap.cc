#include "line/wiretap.h"

#include <variant>

namespace bmsd {

void Wiretap::opened(int baud, Instant now) {
  on_event_({now, CaptureRecord::opened, baud, {}});
  machine_.opened(baud, now);
}

void Wiretap::closed(Instant now) {
  on_event_({now, CaptureRecord::closed, 0, {}});
  machine_.closed(now);
}

void Wiretap::received(Bytes bytes, Instant now) {
  on_event_({now, CaptureRecord::received, 0, bytes});
  machine_.received(bytes, now);
}

std::optional<Action> Wiretap::next(Instant now) {
  auto action = machine_.next(now);
  if (!action) return action;
  if (const auto* send = std::get_if<SendBytes>(&*action)) {
    on_event_({now, CaptureRecord::sent, 0, send->bytes});
  } else if (const auto* speed = std::get_if<SetSpeed>(&*action)) {
    on_event_({now, CaptureRecord::speed, speed->baud, {}});
  }
  return action;
}

}  // namespace bmsd
