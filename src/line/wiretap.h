// Between a medium and a machine: passes everything on and tells what went by, with the instants that the machine was told.
#pragma once

#include <functional>
#include <utility>

#include "line/capture.h"
#include "wire/machine.h"

namespace bmsd {

class Wiretap final : public Machine {
 public:
  struct Event {
    Instant at{};
    CaptureRecord::Kind kind = CaptureRecord::received;  // opened, speed, closed, received, sent
    int baud = 0;
    Bytes bytes = {};
  };
  using OnEvent = std::function<void(const Event&)>;

  // `machine` outlives it.
  Wiretap(Machine& machine, OnEvent on_event) : machine_(machine), on_event_(std::move(on_event)) {}

  void opened(int baud, Instant now) override;
  void closed(Instant now) override;
  void received(Bytes bytes, Instant now) override;
  std::optional<Action> next(Instant now) override;
  std::optional<Instant> deadline() const override { return machine_.deadline(); }
  std::optional<Instant> no_hurry_before() const override { return machine_.no_hurry_before(); }

 private:
  Machine& machine_;
  OnEvent on_event_;
};

}  // namespace bmsd
