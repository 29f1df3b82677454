#include "sim/virtual_wire.h"

#include <algorithm>
#include <variant>

namespace bmsd {

void VirtualWire::open(int baud) {
  if (open_) return;
  open_ = true;
  left_.opened(baud, now_);
  right_.opened(baud, now_);
  settle();
}

void VirtualWire::close() {
  if (!open_) return;
  open_ = false;
  left_.closed(now_);
  right_.closed(now_);
  settle();
}

void VirtualWire::run_until(Instant until) {
  settle();
  for (;;) {
    const auto a = left_.deadline(), b = right_.deadline();
    if (!a && !b) break;
    const Instant due = !a ? *b : !b ? *a : std::min(*a, *b);
    if (due > until) break;
    now_ = std::max(now_, due);
    settle();
  }
  now_ = std::max(now_, until);
}

void VirtualWire::settle() {
  while (act(left_, right_) || act(right_, left_)) {
  }
}

bool VirtualWire::act(Machine& from, Machine& to) {
  const auto action = from.next(now_);
  if (!action) return false;
  if (!open_) return true;
  if (const auto* send = std::get_if<SendBytes>(&*action)) {
    to.received(send->bytes, now_);
  } else if (const auto* speed = std::get_if<SetSpeed>(&*action)) {
    to.opened(speed->baud, now_);
  }
  return true;
}

}  // namespace bmsd
