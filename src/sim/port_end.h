// The simulated line at the end of a real port or a pseudo-terminal.
#pragma once

#include "io/port.h"
#include "sim/bus.h"
#include "wire/machine.h"

namespace bmsd {

// The machine for the pump. A client of a pseudo-terminal changes its speed without anybody being told, so the port is
// asked at each piece that arrives. A real port is set to `speed` at each opening.
class PortEnd final : public Machine {
 public:
  // `bus` and `port` outlive it. `speed` 0: what the port says.
  PortEnd(SimBus& bus, const Port& port, int speed = 0) : bus_(bus), port_(port), speed_(speed) {}

  void opened(int baud, Instant now) override;
  void closed(Instant now) override { bus_.closed(now); }
  void received(Bytes bytes, Instant now) override;
  std::optional<Action> next(Instant now) override;
  std::optional<Instant> deadline() const override { return bus_.deadline(); }

 private:
  SimBus& bus_;
  const Port& port_;
  int speed_;
  bool to_be_set_ = false;
};

}  // namespace bmsd
