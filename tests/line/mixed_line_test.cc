// Packs of two protocols on one line.
#include <gmock/gmock.h>

#include "protocol/daly_uart.h"
#include "protocol/daren_485.h"
#include "rig.h"

namespace bmsd {
namespace {

// Two simulated lines whose wires are joined.
class Joined : public Machine {
 public:
  Joined(SimBus& a, SimBus& b) : a_(a), b_(b) {}
  void opened(int baud, Instant now) override { a_.opened(baud, now), b_.opened(baud, now); }
  void closed(Instant now) override { a_.closed(now), b_.closed(now); }
  void received(Bytes bytes, Instant now) override { a_.received(bytes, now), b_.received(bytes, now); }
  std::optional<Action> next(Instant now) override {
    auto action = a_.next(now);
    return action ? action : b_.next(now);
  }
  std::optional<Instant> deadline() const override {
    const auto a = a_.deadline(), b = b_.deadline();
    return !a ? b : !b ? a : std::min(*a, *b);
  }

 private:
  SimBus &a_, &b_;
};

struct MixedRig {
  MixedRig() : watched(plan()), wire(watched, both) {
    add(daren, 1, 31);
    add(daren, 2, 32);
    add(daly, 0x40, 41);
    add(daly, 0x41, 42);
    wire.open(19200);
  }
  static LinePlan plan() {
    LinePlan plan;
    plan.protocols = {&kDaren485, &kDalyUart};
    plan.packs = {{&kDaren485, 1}, {&kDaren485, 2}, {&kDalyUart, 0x40}, {&kDalyUart, 0x41}};
    plan.baud = 9600;
    return plan;
  }
  static void add(SimBus& bus, int address, double soc) {
    PackModelOptions model;
    model.soc_percent = soc;
    model.fixed = true;
    PackOptions pack;
    pack.address = address;
    pack.serial_number = "MIX" + std::to_string(address);
    EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
  }
  std::optional<double> soc(std::size_t pack) { return watched.line().pack(pack).battery.get(Field::soc); }
  std::size_t count(LineEvent::Kind kind) const {
    return static_cast<std::size_t>(std::count_if(watched.events.begin(), watched.events.end(),
                                                  [kind](const auto& one) { return one.event.kind == kind; }));
  }

  SimBus daren{{.protocol = &kDaren485, .speed = 9600}}, daly{{.protocol = &kDalyUart, .speed = 9600}};
  Joined both{daren, daly};
  Watched watched;
  VirtualWire wire;
};

TEST(MixedLine, EachPackIsReadInItsOwnWords) {
  MixedRig rig;
  rig.wire.run_for(60s);
  EXPECT_EQ(rig.count(LineEvent::joined), 4U);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0U);
  EXPECT_GT(rig.count(LineEvent::round_good), 60U);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(rig.soc(i).value_or(0), i < 2 ? 31.0 + static_cast<double>(i) : 39.0 + static_cast<double>(i), 0.1);
  EXPECT_EQ(rig.daren.counters().collisions + rig.daly.counters().collisions, 0U);
}

TEST(MixedLine, APackThatIsLostTakesNobodyWithIt) {
  MixedRig rig;
  rig.wire.run_for(20s);
  ASSERT_TRUE(rig.daren.set_silent(2, true));
  rig.wire.run_for(60s);
  EXPECT_EQ(rig.watched.line().pack(1).state, PackTalk::lost);
  for (const std::size_t i : {0U, 2U, 3U}) EXPECT_EQ(rig.watched.line().pack(i).state, PackTalk::alive) << i;
  ASSERT_TRUE(rig.daren.set_silent(2, false));
  rig.wire.run_for(30s);
  EXPECT_EQ(rig.watched.line().pack(1).state, PackTalk::alive);
}

TEST(MixedLine, LateAndForeignRepliesOfEitherAreNotTakenForAnother) {
  MixedRig rig;
  for (SimBus* bus : {&rig.daren, &rig.daly}) {
    bus->faults().set(Fault::late, 0.1);
    bus->faults().set(Fault::foreign, 0.1);
    bus->faults().set(Fault::corrupt, 0.05);
  }
  std::vector<std::string> wrong;
  rig.watched.on_event = [&](const LineEvent& event, Instant) {
    if (event.kind != LineEvent::round_good) return;
    const auto i = static_cast<std::size_t>(event.pack);
    const double told = rig.soc(i).value_or(0), own = static_cast<double>(i < 2 ? 31 + i : 39 + i);
    if (std::abs(told - own) > 0.1) wrong.push_back(std::to_string(i) + " says " + std::to_string(told));
  };
  rig.wire.run_for(1800s);
  EXPECT_THAT(wrong, testing::IsEmpty());
  EXPECT_GT(rig.count(LineEvent::round_good), 1000U);
}

}  // namespace
}  // namespace bmsd
