#include "sim/port_end.h"

#include <utility>

namespace bmsd {

void PortEnd::opened(int baud, Instant now) {
  to_be_set_ = speed_ != 0;
  bus_.opened(speed_ != 0 ? speed_ : baud, now);
}

void PortEnd::received(Bytes bytes, Instant now) {
  if (speed_ == 0) bus_.opened(port_.speed(), now);
  bus_.received(bytes, now);
}

std::optional<Action> PortEnd::next(Instant now) {
  if (std::exchange(to_be_set_, false)) return SetSpeed{speed_};
  return bus_.next(now);
}

}  // namespace bmsd
