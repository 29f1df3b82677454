// A JK board on a line in virtual time: one question has everything for an answer, so what is believed at a moment is one
// state that the board has sent, as a whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "line/line.h"
#include "long_look.h"
#include "protocol/jkbms_uart.h"
#include "scan_rig.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Variant = std::map<std::string, std::string, std::less<>>;

struct JkOptions {
  std::vector<int> packs = {0};
  std::vector<int> addresses = {};  // configured; empty: to be found
  Variant variant = {};
  Duration interval{};
  std::uint64_t seed = 1;
};

class JkLine {
 public:
  explicit JkLine(const JkOptions& options = {})
      : bus({.protocol = &kJkBmsUart, .speed = 115200, .delay = 40ms, .seed = options.seed}),
        line(plan(options)),
        wire(line, bus) {
    for (const int address : options.packs) {
      PackModelOptions model;
      model.current_a = 20 + address;
      model.capacity_ah = 3 + address;  // the values move
      model.soc_percent = 5 + address;
      model.seed = options.seed * 10 + static_cast<std::uint64_t>(address);
      PackOptions pack;
      pack.address = address;
      pack.variant = options.variant;
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
    }
    bus.on_reply([this](int address, const PackState& state, Bytes, Instant) {
      said_.insert(words(address, state.voltage, state.current, state.soc, state.cell_voltages));
    });
    wire.open(115200);
  }

  static LinePlan plan(const JkOptions& options) {
    LinePlan plan;
    plan.protocols = {&kJkBmsUart};
    plan.interval = options.interval;
    plan.addresses = options.addresses;
    plan.baud = options.addresses.empty() ? 0 : 115200;
    return plan;
  }

  // Runs in steps that are shorter than a round, and looks at what is believed after each.
  void run_for(Duration time) {
    for (Duration passed{}; passed < time; passed += 100ms) {
      wire.run_for(100ms);
      for (std::size_t i = 0; i < line.pack_count(); ++i) check(line.pack(i));
      for (const LineEvent& event : line.take_events()) ++events[event.kind];
    }
  }

  const PackTalk& pack(std::size_t i = 0) { return line.pack(i); }

  SimBus bus;
  Line line;
  VirtualWire wire;
  std::map<LineEvent::Kind, int> events;
  int checked = 0;
  std::vector<std::string> wrong;

 private:
  using Words = std::vector<long>;

  static Words words(int address, double voltage, double current, double soc, const std::vector<double>& cells) {
    Words all = {address, std::lround(voltage * 100), std::lround(current * 100), std::lround(soc)};
    for (const double cell : cells) all.push_back(std::lround(cell * 1000));
    return all;
  }

  void check(const PackTalk& pack) {
    const Battery& battery = pack.battery;
    if (!battery.get(Field::voltage)) return;
    ++checked;
    const Words believed = words(pack.address, *battery.get(Field::voltage), *battery.get(Field::current),
                                 *battery.get(Field::soc), *battery.cell_voltages());
    if (!said_.contains(believed)) wrong.push_back("never sent: " + testing::PrintToString(believed));
    if (!battery.alarms().names.empty()) wrong.emplace_back("an alarm");
    if (battery.text(Text::device_name) != "JK_B2A24S15P") wrong.push_back(battery.text(Text::device_name));
  }

  std::set<Words> said_;
};

TEST(JkBmsUartLine, ItIsFoundWithinASecondAndCompleteAtOnce) {
  JkLine rig;
  rig.run_for(1s);
  EXPECT_EQ(rig.events[LineEvent::joined], 1);
  const Battery& battery = rig.pack().battery;
  EXPECT_EQ(rig.pack().address, 0);
  EXPECT_EQ(battery.cell_voltages()->size(), 16U);
  EXPECT_EQ(battery.cell_temperatures()->size(), 2U);
  EXPECT_EQ(battery.get(Field::capacity_full), 3);
  EXPECT_TRUE(battery.get(Field::max_charge_current));
  EXPECT_EQ(battery.text(Text::hardware), "11.XW");
  EXPECT_EQ(battery.identities().size(), 1U);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(JkBmsUartLine, ItIsAskedOnceASecondOrAsFastAsItMayBe) {
  for (const Duration interval : {Duration(1s), Duration(0)}) {
    JkLine rig({.interval = interval});
    rig.run_for(10s);
    rig.events.clear();
    const auto before = rig.bus.counters().requests;
    rig.run_for(60s);
    const auto asked = rig.bus.counters().requests - before;
    // A request of 21 bytes, 40 ms, an answer of 291, and 100 ms of silence: 167 ms and a little.
    EXPECT_GE(asked, interval == 1s ? 59U : 340U);
    EXPECT_LE(asked, interval == 1s ? 61U : 360U);
    EXPECT_NEAR(rig.events[LineEvent::round_good], static_cast<int>(asked), 1) << "one may be under way";
    EXPECT_EQ(rig.events[LineEvent::round_failed], 0);
    EXPECT_EQ(rig.bus.counters().collisions, 0U);
  }
}

TEST(JkBmsUartLine, BoardsWithTerminalNumbersAreReadAtThem) {
  JkLine rig({.packs = {1, 2, 7, 64}, .addresses = {1, 2, 7, 64}});
  rig.run_for(60s);
  EXPECT_EQ(rig.events[LineEvent::joined], 4);
  EXPECT_EQ(rig.events[LineEvent::round_failed], 0);
  EXPECT_GT(rig.checked, 1000);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(rig.pack(i).battery.get(Field::capacity_full), 3 + rig.pack(i).address);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(JkBmsUartLine, ASleepingBoardIsWokenUpAndFound) {
  for (const Variant& variant : {Variant{{"sleeps", "command"}},
                                 {{"sleeps", "command"}, {"activation", "answered"}},
                                 {{"sleeps", "questions"}}}) {
    JkLine rig({.variant = variant});
    rig.run_for(8s);
    EXPECT_EQ(rig.events[LineEvent::joined], 1) << testing::PrintToString(variant);
    JkLine pinned({.packs = {3}, .addresses = {3}, .variant = variant});
    pinned.run_for(8s);
    EXPECT_EQ(pinned.events[LineEvent::joined], 1) << testing::PrintToString(variant);
  }
}

TEST(JkBmsUartLine, ABoardThatKnowsOnlyOneOfTheCommandsIsRead) {
  JkLine rig({.variant = {{"single", "no"}}});
  rig.run_for(10s);
  EXPECT_EQ(rig.events[LineEvent::joined], 1);
  EXPECT_EQ(rig.events[LineEvent::round_failed], 0);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(JkBmsUartLine, ABoardWithAnUnknownRegisterIsNotBelieved) {
  JkLine rig({.variant = {{"stranger", "yes"}}});
  rig.run_for(10s);
  EXPECT_EQ(rig.line.pack_count(), 0U);
}

// --- Finding ---

std::vector<int> found_board(test::ScanRigOptions options) {
  options.within = 300s;
  return test::addresses_found({.protocol = &kJkBmsUart, .speed = 115200}, options);
}

TEST(JkBmsUartLine, AScanFindsTheBoardOnce) {
  EXPECT_THAT(found_board({.packs = {0}}), ElementsAre(0));
  EXPECT_THAT(found_board({.packs = {0}, .variant = {{"current", "biased"}, {"ends_with", "B7"}}}), ElementsAre(0));
  EXPECT_THAT(found_board({.packs = {0}, .variant = {{"single", "no"}}}), ElementsAre(0));
  EXPECT_THAT(found_board({.packs = {5}}), ElementsAre(0)) << "whoever hears it";
  EXPECT_THAT(found_board({.packs = {0}, .all_addresses = true}), ElementsAre(0)) << "it has no number of its own";
  EXPECT_THAT(found_board({.packs = {}}), IsEmpty());
}

// --- Bad lines ---

class JkBmsUartBadLine : public testing::TestWithParam<const char*> {};

TEST_P(JkBmsUartBadLine, NothingIsBelievedThatTheBoardHasNotSaid) {
  // It is charged without end: of LFP such cells would be unusual after each loss, and held.
  JkLine rig({.variant = {{"chemistry", "nmc"}}, .seed = 7});
  std::string_view faults = GetParam();
  while (!faults.empty()) {
    const std::size_t end = std::min(faults.find(' '), faults.size());
    ASSERT_TRUE(rig.bus.faults().set(faults.substr(0, end)));
    faults.remove_prefix(std::min(end + 1, faults.size()));
  }
  rig.run_for(long_look(Duration(600s)));
  EXPECT_GT(rig.events[LineEvent::round_good], long_look(250));
  EXPECT_GT(rig.checked, long_look(2000));
  EXPECT_THAT(rig.wrong, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, JkBmsUartBadLine,
                         testing::Values("corrupt=0.2", "flip=0.3", "drop=0.2", "truncate=0.2", "silence=0.2",
                                         "late=0.2:0.45", "late=0.3:1.2", "echo=1", "garbage=0.5",
                                         "corrupt=0.1 late=0.1:0.6 garbage=0.2 truncate=0.1 drop=0.1 echo=0.2"));

TEST(JkBmsUartBadLine, WithTerminalNumbersAStrangersAnswerIsNotBelieved) {
  JkLine rig({.packs = {1, 2, 3}, .addresses = {1, 2, 3}, .seed = 7});
  ASSERT_TRUE(rig.bus.faults().set("foreign=0.3"));
  rig.run_for(long_look(Duration(600s)));
  EXPECT_GT(rig.events[LineEvent::round_good], long_look(500));
  EXPECT_THAT(rig.wrong, IsEmpty());
}

// --- Others on the line ---

// A device at the same socket asks as a GPS tracker does. Polling pauses, and its answers are read.
TEST(JkBmsUartLine, WhileAnotherMasterAsksTheBoardIsReadByListening) {
  JkLine rig;
  rig.run_for(2s);
  ASSERT_EQ(rig.events[LineEvent::joined], 1);
  const ByteVector request = *from_hex("4E5700130000000006020000000000006800000128");
  const auto responder = kJkBmsUart.respond({});
  PackState state;
  state.cell_voltages.assign(16, 3.25);
  state.voltage = 52;
  state.current = -12.34;
  state.soc = 42;
  const ByteVector answer = *responder->answer(request, state);
  for (int i = 0; i < 10; ++i) {
    rig.line.received(request, rig.wire.now());
    rig.wire.run_for(60ms);
    rig.line.received(answer, rig.wire.now());
    rig.wire.run_for(940ms);
  }
  EXPECT_TRUE(rig.line.paused());
  EXPECT_EQ(rig.pack().battery.get(Field::voltage), 52);
  EXPECT_EQ(rig.pack().battery.get(Field::current), -12.34);
  EXPECT_EQ(rig.pack().battery.get(Field::soc), 42);
}

// The vendor's text allows uploads that nobody has asked for: while the line is quiet, and in front of an answer.
TEST(JkBmsUartLine, AnUnaskedUploadIsNoAnswer) {
  JkLine rig({.interval = 1s});
  rig.run_for(2s);
  ByteVector upload = *kJkBmsUart.respond({})->answer(*from_hex("4E5700130000000006030000000000006800000129"), {});
  upload[10] = 2;
  ++upload.back();  // the check
  rig.events.clear();
  for (int i = 0; i < 20; ++i) {
    const auto before = rig.bus.counters().requests;
    while (rig.bus.counters().requests == before) rig.wire.run_for(1ms);
    if (i % 2 == 0) rig.wire.run_for(500ms);
    rig.line.received(upload, rig.wire.now());
    rig.run_for(400ms);
  }
  EXPECT_EQ(rig.events[LineEvent::round_good], 20);
  EXPECT_EQ(rig.events[LineEvent::round_failed], 0);
  EXPECT_EQ(rig.line.counts().late_or_foreign, 20U);
  EXPECT_FALSE(rig.line.paused());
  EXPECT_THAT(rig.wrong, IsEmpty());
}

}  // namespace
}  // namespace bmsd
