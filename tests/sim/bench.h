// A master for the tests of the simulated line: sends texts, keeps what comes back and when.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/daren_485.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {

inline constexpr std::string_view kAsk42Of1 = "~22014A42E00201FD28\r";
inline constexpr std::string_view kAsk42Of2 = "~22024A42E00201FD27\r";

class TestMaster final : public Machine {
 public:
  void say(std::string_view text) { to_say_ += text; }
  std::string heard() const {
    std::string all;
    for (const auto& [when, piece] : pieces) all += piece;
    return all;
  }

  void opened(int /*baud*/, Instant /*now*/) override {}
  void closed(Instant /*now*/) override {}
  void received(Bytes bytes, Instant now) override { pieces.emplace_back(now, std::string(as_text(bytes))); }
  std::optional<Action> next(Instant /*now*/) override {
    if (speed != 0) return SetSpeed{std::exchange(speed, 0)};
    if (to_say_.empty()) return std::nullopt;
    const std::string text = std::exchange(to_say_, {});
    return SendBytes{{text.begin(), text.end()}};
  }
  std::optional<Instant> deadline() const override { return std::nullopt; }

  int speed = 0;  // to be set with the next action
  std::vector<std::pair<Instant, std::string>> pieces;

 private:
  std::string to_say_;
};

// A line with Daren packs at the given addresses, 16 cells and 4 sensors each, at rest.
struct TestLine {
  explicit TestLine(std::vector<int> addresses, SimBusOptions options = {}) : bus(with_protocol(options)) {
    for (const int address : addresses) {
      PackOptions pack;
      pack.address = address;
      PackModelOptions model;
      model.seed = static_cast<std::uint64_t>(address);
      model.fixed = true;
      added = added && bus.add_pack(pack, PackModel(model)).ok();
    }
    wire.open(19200);
  }

  // What comes back within a second.
  std::string ask(std::string_view request) {
    master.pieces.clear();
    asked_at = wire.now();
    master.say(request);
    wire.run_for(1s);
    return master.heard();
  }
  // From the moment that the request was handed over.
  Duration when(std::size_t piece) const { return master.pieces.at(piece).first - asked_at; }

  static SimBusOptions with_protocol(SimBusOptions options) {
    options.protocol = &kDaren485;
    return options;
  }

  SimBus bus;
  TestMaster master;
  VirtualWire wire{master, bus};
  Instant asked_at{};
  bool added = true;
};

// Whether `text` is one intact Daren frame, and of whom.
inline int address_of_frame(std::string_view text) {
  const Scan scan = kDaren485.framer(as_bytes(text), true);
  if (scan.kind != Scan::frame || scan.size != text.size()) return -1;
  return kDaren485.tag(Frame{as_bytes(text)}).address;
}

}  // namespace bmsd
