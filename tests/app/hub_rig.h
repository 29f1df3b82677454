// A whole system in virtual time: simulated packs, the line, the hub, and a sink that keeps what it was told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/hub.h"
#include "protocol/daren_485.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {

struct Told {
  std::string id;
  std::vector<std::string> identities;
  int order;
  Limits limits;
  Presence presence;
  Display display;
};

class Notebook : public Sink {
 public:
  void added(const BatteryView& view, Instant) override {
    keep(view);
    ++added_count;
  }
  void changed(const BatteryView& view, Instant) override {
    keep(view);
    ++changes;
  }
  void removed(const Identity& identity, Instant) override { batteries.erase(identity.id); }

  std::map<std::string, Told> batteries;
  int added_count = 0, changes = 0;

 private:
  void keep(const BatteryView& view) {
    batteries[view.identity.id] = {
        view.identity.id, view.identity.identities, view.identity.order, view.limits, view.presence, view.display};
  }
};

// Pumps a line and lets the hub collect, as io does.
class Collected : public Machine {
 public:
  Collected(Line& line, Hub& hub) : line_(line), hub_(hub) {}
  void opened(int baud, Instant now) override { line_.opened(baud, now); }
  void closed(Instant now) override { line_.closed(now); }
  void received(Bytes bytes, Instant now) override { line_.received(bytes, now); }
  std::optional<Instant> deadline() const override { return line_.deadline(); }
  std::optional<Action> next(Instant now) override {
    auto action = line_.next(now);
    hub_.collect(now);
    return action;
  }

 private:
  Line& line_;
  Hub& hub_;
};

class HubTest : public testing::Test {
 protected:
  explicit HubTest(LinePlace place = {"/tmp/ttySIM0", "ttySIM0", true, false}, LinePlan plan = HubTest::plan())
      : bus_({.protocol = &kDaren485}),
        hub_([this](Level, std::string_view text) { log_.emplace_back(text); }),
        line_(std::move(plan)),
        machine_(line_, hub_),
        wire_(machine_, bus_) {
    for (const int address : {1, 2}) {
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "HUB00000000" + std::to_string(address);
      EXPECT_TRUE(bus_.add_pack(pack, PackModel(PackModelOptions{})));
    }
    hub_.add_sink(sink_);
    hub_.add_line(line_, std::move(place));
    wire_.open(9600);
  }
  static LinePlan plan() {
    LinePlan plan;
    plan.protocols = {&kDaren485};
    plan.baud = 19200;
    plan.addresses = {1, 2};
    return plan;
  }
  void run(Duration duration) {
    for (const Instant end = wire_.now() + duration; wire_.now() < end;) {
      wire_.run_for(1s);
      hub_.tick(wire_.now());
    }
  }
  bool logged(std::string_view part) const {
    return std::any_of(log_.begin(), log_.end(),
                       [part](const std::string& line) { return line.find(part) != line.npos; });
  }
  const Told& told(const std::string& id) { return sink_.batteries.at(id); }

  SimBus bus_;
  std::vector<std::string> log_;
  Notebook sink_;
  Hub hub_;
  Line line_;
  Collected machine_;
  VirtualWire wire_;
};

}  // namespace bmsd
