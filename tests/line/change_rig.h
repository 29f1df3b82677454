// A line with simulated packs that can be changed, in virtual time, and everything that reached the packs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "line/line.h"
#include "protocol/daly_uart.h"
#include "protocol/lltjbd_uart.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd::test {

// Passes everything on to the packs and keeps what was asked of them.
class Tap final : public Machine {
 public:
  explicit Tap(SimBus& bus) : bus_(bus) {}
  void opened(int baud, Instant now) override { bus_.opened(baud, now); }
  void closed(Instant now) override { bus_.closed(now); }
  void received(Bytes bytes, Instant now) override {
    asked.emplace_back(now, to_hex(bytes));
    if (!deaf) bus_.received(bytes, now);
  }
  std::optional<Action> next(Instant now) override { return bus_.next(now); }
  std::optional<Instant> deadline() const override { return bus_.deadline(); }

  std::vector<std::pair<Instant, std::string>> asked;  // in hexadecimal
  bool deaf = false;                                   // nothing reaches the packs

 private:
  SimBus& bus_;
};

class ChangeRig {
 public:
  using Variant = std::map<std::string, std::string, std::less<>>;

  explicit ChangeRig(const Protocol& protocol, Variant variant = {}, int packs = 1)
      : bus({.protocol = &protocol, .speed = 9600}), tap(bus), line(plan(protocol, packs)), wire(line, tap) {
    for (int i = 0; i < packs; ++i) {
      PackModelOptions model;
      model.soc_percent = 60;
      model.current_a = 5;
      PackOptions pack;
      pack.address = protocol.default_address + i;
      pack.variant = variant;
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
    }
    wire.open(9600);
    wire.run_for(20s);
    EXPECT_EQ(line.pack_count(), static_cast<std::size_t>(packs));
    tap.asked.clear();
    (void)line.take_events();
  }

  static LinePlan plan(const Protocol& protocol, int packs) {
    LinePlan plan;
    plan.protocols = {&protocol};
    plan.baud = 9600;
    for (int i = 0; i < packs; ++i) plan.addresses.push_back(protocol.default_address + i);
    return plan;
  }

  Status ask(Changeable what, double value, std::size_t pack = 0, int id = 1) {
    asked_at = wire.now();
    return line.change(pack, {what, value}, id, wire.now());
  }

  // Runs for a time that any change takes, and returns how the one with `id` ended.
  std::optional<Result<double>> result(int id = 1, Duration within = 6s) {
    for (const Instant end = wire.now() + within; wire.now() < end;) {
      wire.run_for(10ms);
      for (LineEvent& event : line.take_events()) {
        if (event.kind != LineEvent::changed) continue;
        EXPECT_FALSE(results.contains(event.change)) << "told twice";
        results.emplace(event.change, std::move(event.result));
        ended_after[event.change] = wire.now() - asked_at;
      }
      if (results.contains(id)) break;
    }
    const auto found = results.find(id);
    return found == results.end() ? std::nullopt : std::optional(found->second);
  }
  // The words of a failure; "done" or "nothing" otherwise.
  std::string words(int id = 1) {
    const auto ended = result(id);
    return !ended ? "nothing" : *ended ? "done" : ended->error().detail;
  }

  // What was written and when. Daly: 21, D9, DA; JBD: 5A.
  std::vector<std::pair<Instant, std::string>> writes() const {
    std::vector<std::pair<Instant, std::string>> found;
    std::copy_if(tap.asked.begin(), tap.asked.end(), std::back_inserter(found), [](const auto& request) {
      const std::string head = request.second.substr(0, 2), command = request.second.substr(4, 2);
      return head == "DD" ? request.second.substr(2, 2) == "5A" : command == "21" || command == "D9" || command == "DA";
    });
    return found;
  }

  const PackTalk& pack(std::size_t index = 0) { return line.pack(index); }
  const PackState& state(int index = 0) {
    return bus.pack(line.pack(static_cast<std::size_t>(index)).address)->state();
  }

  SimBus bus;
  Tap tap;
  Line line;
  VirtualWire wire;
  Instant asked_at{};
  std::map<int, Result<double>> results;
  std::map<int, Duration> ended_after;
};

}  // namespace bmsd::test
