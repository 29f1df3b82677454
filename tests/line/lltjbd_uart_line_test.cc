// A JBD board on a bad line, in virtual time: whatever is believed, the board has said. Its frames name no address, and
// nothing but the register tells a late reply from the right one.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "line/line.h"
#include "protocol/lltjbd_uart.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

using Variant = std::map<std::string, std::string, std::less<>>;

class JbdLine {
 public:
  explicit JbdLine(Variant variant = {}, std::uint64_t seed = 1)
      : bus({.protocol = &kLltJbdUart, .speed = 9600, .delay = 30ms, .seed = seed}), line(plan()), wire(line, bus) {
    PackModelOptions model;
    model.current_a = 20;
    model.capacity_ah = 3;  // the values move
    model.soc_percent = 5;
    PackOptions pack;
    pack.variant = std::move(variant);
    EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
    bus.on_reply([this](int, const PackState& state, Bytes, Instant) { remember(state); });
  }

  static LinePlan plan() {
    LinePlan plan;
    plan.protocols = {&kLltJbdUart};
    plan.interval = Duration(0);
    return plan;
  }

  // Runs in steps that are shorter than a round, and looks at what is believed after each.
  void run_for(Duration time) {
    for (Duration passed{}; passed < time; passed += 50ms) {
      wire.run_for(50ms);
      if (line.pack_count() > 0) check();
      for (const LineEvent& event : line.take_events()) {
        if (event.kind == LineEvent::round_good) ++good;
        if (event.kind == LineEvent::round_failed) ++failed;
      }
    }
  }

  const PackTalk& pack() { return line.pack(0); }

  SimBus bus;
  Line line;
  VirtualWire wire;
  int good = 0, failed = 0;

 private:
  using Basic = std::array<long long, 6>;

  void remember(const PackState& state) {
    const auto whole = [](double value) { return std::llround(value); };
    basics_.insert({whole(state.voltage * 100), whole(state.current * 100), whole(state.soc),
                    whole(state.capacity_remaining * 100), whole(state.capacity_full * 100),
                    whole(state.mos_temperature * 10)});
    cells_.insert(whole_cells(state.cell_voltages));
  }

  static std::vector<long long> whole_cells(const std::vector<double>& cells) {
    std::vector<long long> whole;
    for (const double cell : cells) whole.push_back(std::llround(cell * 1000));
    return whole;
  }

  void check() {
    const Battery& battery = pack().battery;
    const auto whole = [&](Field field, double scale) { return std::llround(*battery.get(field) * scale); };
    if (battery.get(Field::voltage)) {
      const Basic believed = {whole(Field::voltage, 100),
                              whole(Field::current, 100),
                              whole(Field::soc, 1),
                              whole(Field::capacity_remaining, 100),
                              whole(Field::capacity_full, 100),
                              whole(Field::mos_temperature, 10)};
      ASSERT_TRUE(basics_.contains(believed)) << "never sent: " << testing::PrintToString(believed);
      ASSERT_TRUE(battery.alarms().names.empty());
      ASSERT_EQ(battery.get(Field::cell_count), 16);
    }
    if (battery.cell_voltages()) {
      ASSERT_TRUE(cells_.contains(whole_cells(*battery.cell_voltages()))) << "cells that were never sent";
    }
    const std::string& hardware = battery.text(Text::hardware);
    ASSERT_TRUE(hardware.empty() || hardware == "JBD-SP25S003-L16S-100A-100A-B") << hardware;
  }

  std::set<Basic> basics_;
  std::set<std::vector<long long>> cells_;
};

// One wrong byte per reply at most: of two that cancel each other the sum, which is all that guards a reply, tells nothing.
class JbdBadLine : public testing::TestWithParam<const char*> {};

TEST_P(JbdBadLine, NothingIsBelievedThatTheBoardHasNotSaid) {
  JbdLine rig({}, 7);
  std::string faults = GetParam();
  for (std::size_t at = 0; at < faults.size();) {
    const std::size_t end = std::min(faults.find(' ', at), faults.size());
    ASSERT_TRUE(rig.bus.faults().set(faults.substr(at, end - at)));
    at = end + 1;
  }
  rig.wire.open(9600);
  rig.run_for(10min);
  EXPECT_GT(rig.good, 200);
}

INSTANTIATE_TEST_SUITE_P(All, JbdBadLine,
                         testing::Values("corrupt=0.2", "flip=0.3", "drop=0.2", "truncate=0.2", "silence=0.2",
                                         "late=0.2:0.45", "late=0.3:0.52", "late=0.2:1.1", "echo=1", "garbage=0.5",
                                         "corrupt=0.1 late=0.1:0.6 garbage=0.2 truncate=0.1 drop=0.1 echo=0.2"));

TEST(JbdLine, ASleepingBoardIsFound) {
  JbdLine rig(Variant{{"sleeps", "yes"}});
  rig.wire.open(9600);
  rig.run_for(3s);
  EXPECT_GT(rig.good, 5);
  EXPECT_EQ(rig.failed, 0);
}

TEST(JbdLine, ItIsFoundWithinASecondAndAskedAsFastAsItMayBe) {
  JbdLine rig;
  rig.wire.open(9600);
  rig.run_for(2s);
  EXPECT_EQ(rig.failed, 0);
  rig.good = 0;
  rig.run_for(60s);
  // Two requests of 7 bytes, replies of 40 and 39, 30 ms before and 20 ms behind each: 197 ms and a little.
  EXPECT_GE(rig.good, 285);
  EXPECT_LE(rig.good, 305) << "it wants 20 ms of silence";
}

TEST(JbdLine, ABoardThatNamesNoRegisterIsNotBelieved) {
  JbdLine rig(Variant{{"nameless", "yes"}});
  rig.wire.open(9600);
  rig.run_for(10s);
  EXPECT_EQ(rig.line.pack_count(), 0U);
}

// Another master asks the same board. Only what is not asked by us too shows that it is there: register AA. Its frames do
// not say whom they are for, but there is one board.
TEST(JbdLine, WhileAnotherMasterAsksTheBoardIsReadByListening) {
  JbdLine rig;
  rig.wire.open(9600);
  rig.run_for(5s);
  ASSERT_EQ(rig.line.pack_count(), 1U);
  const ByteVector counters = *from_hex("DDA5AA00FF5677"), request = *from_hex("DDA50300FFFD77");
  const ByteVector reply = *from_hex("DD03001D1450FB2E27104E2000052C7C00050000000020320310030A8D0A790A47FB2C77");
  for (int i = 0; i < 20; ++i) {
    rig.line.received(counters, rig.wire.now());
    rig.wire.run_for(60ms);
    rig.line.received(request, rig.wire.now());
    rig.wire.run_for(60ms);
    rig.line.received(reply, rig.wire.now());
    rig.wire.run_for(940ms);
  }
  EXPECT_TRUE(rig.line.paused());
  EXPECT_EQ(rig.pack().battery.get(Field::voltage), 52);
  EXPECT_EQ(rig.pack().battery.get(Field::current), -12.34);
}

}  // namespace
}  // namespace bmsd
