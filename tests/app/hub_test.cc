// A whole system in virtual time: simulated packs, the line, the hub, and a sink that keeps what it was told.
#include "app/hub.h"

#include <gtest/gtest.h>

#include <functional>

#include "protocol/daren_485.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

struct Told {
  std::string id;
  std::vector<std::string> identities;
  int order;
  Limits limits;
  Presence presence;
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
    batteries[view.identity.id] = {view.identity.id, view.identity.identities, view.identity.order, view.limits,
                                   view.presence};
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
  HubTest()
      : bus_({.protocol = &kDaren485}),
        hub_(ControlConfig{}, [this](Level, std::string_view text) { log_.emplace_back(text); }),
        line_(plan()),
        machine_(line_, hub_),
        wire_(machine_, bus_) {
    for (const int address : {1, 2}) {
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "HUB00000000" + std::to_string(address);
      EXPECT_TRUE(bus_.add_pack(pack, PackModel(PackModelOptions{})));
    }
    hub_.add_sink(sink_);
    hub_.add_line(line_, {"/tmp/ttySIM0", "ttySIM0", true});
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
  const Told& told(const std::string& id) { return sink_.batteries.at(id); }

  SimBus bus_;
  std::vector<std::string> log_;
  Notebook sink_;
  Hub hub_;
  Line line_;
  Collected machine_;
  VirtualWire wire_;
};

TEST_F(HubTest, BatteriesAppearCompleteAndInOrder) {
  run(5s);
  ASSERT_EQ(sink_.added_count, 2);
  EXPECT_EQ(told("ttySIM0 0x01").identities.front(), "HUB000000001");
  EXPECT_EQ(told("ttySIM0 0x01").order, 1);
  EXPECT_EQ(told("ttySIM0 0x02").order, 2);
  EXPECT_DOUBLE_EQ(*told("ttySIM0 0x01").limits.cvl, 55.2);
  EXPECT_GT(told("ttySIM0 0x01").limits.charge.value, 0);
}

TEST_F(HubTest, AProtectionStopsItsDirectionWithTheNextRound) {
  run(5s);
  ASSERT_TRUE(bus_.set_alarm(1, "cell_overvoltage_protection", true));
  run(2s);
  EXPECT_EQ(told("ttySIM0 0x01").limits.charge.value, 0);
  EXPECT_FALSE(told("ttySIM0 0x01").limits.charge.allowed);
  EXPECT_GT(told("ttySIM0 0x01").limits.discharge.value, 0);
  EXPECT_GT(told("ttySIM0 0x02").limits.charge.value, 0) << "the other pack is not concerned";
}

TEST_F(HubTest, ALostPackKeepsItsPlaceAndLosesItsMeasurements) {
  run(10s);
  ASSERT_TRUE(bus_.set_silent(1, true));
  run(8s);
  EXPECT_TRUE(told("ttySIM0 0x01").presence.measurements_valid);
  run(8s);
  EXPECT_FALSE(told("ttySIM0 0x01").presence.measurements_valid) << "after 10 s without data";
  EXPECT_TRUE(told("ttySIM0 0x02").presence.measurements_valid);
  EXPECT_DOUBLE_EQ(*told("ttySIM0 0x01").limits.cvl, 55.2) << "CVL keeps its last value";
  run(31min);
  EXPECT_TRUE(told("ttySIM0 0x01").presence.given_up);
  EXPECT_EQ(told("ttySIM0 0x01").limits.charge.value, 0);
  EXPECT_EQ(told("ttySIM0 0x01").limits.discharge.value, 0);
  EXPECT_EQ(sink_.batteries.size(), 2U) << "nothing ends a service but removal or exit";
  ASSERT_TRUE(bus_.set_silent(1, false));
  run(9s);
  EXPECT_TRUE(told("ttySIM0 0x01").presence.measurements_valid);
  EXPECT_GT(told("ttySIM0 0x01").limits.charge.value, 0);
}

TEST_F(HubTest, EveryBatteryIsToldAtLeastOnceASecondEvenWhenItIsLost) {
  run(10s);
  ASSERT_TRUE(bus_.set_silent(SimBus::kAllPacks, true));
  run(10s);
  const int before = sink_.changes;
  run(10s);
  EXPECT_GE(sink_.changes - before, 20);
}

TEST_F(HubTest, APackThatHasNotAnsweredIsNamed) {
  ASSERT_TRUE(bus_.set_silent(2, true));
  run(5s);
  ASSERT_EQ(hub_.waiting().size(), 1U);
  EXPECT_EQ(hub_.waiting().front(), "/tmp/ttySIM0: address 0x02 does not answer");
}

TEST_F(HubTest, ShuttingDownLeavesTheSinks) {
  run(5s);
  hub_.shut_down(wire_.now());
  EXPECT_TRUE(sink_.batteries.empty());
}

}  // namespace
}  // namespace bmsd
