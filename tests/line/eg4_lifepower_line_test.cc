// Tian-Power packs on a line in virtual time: what is asked when, how the start byte is found, and whether bad lines make
// anybody believe a wrong value. Of single wrong bits nearly half pass the check of a frame; what is believed for all that
// may be off by the small steps that need no second reply.
#include <gmock/gmock.h>

#include "long_look.h"
#include "protocol/eg4_lifepower.h"
#include "rig.h"
#include "scan_rig.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using Variant = std::map<std::string, std::string, std::less<>>;

struct Eg4RigOptions {
  std::vector<int> packs = {1};
  std::vector<int> addresses = {1};  // configured; empty: to be found
  Variant variant = {};
  Duration interval = 0s;
  std::uint64_t seed = 1;
};

class Eg4Rig {
 public:
  explicit Eg4Rig(const Eg4RigOptions& options = {})
      : bus({.protocol = &kEg4Lifepower, .speed = 9600, .delay = 40ms, .seed = options.seed}),
        watched(plan(options)),
        wire(watched, bus) {
    int number = 0;
    for (const int address : options.packs) {
      ++number;
      PackModelOptions model;
      model.sensors = 4;
      model.soc_percent = 15 + 9 * number;  // packs differ, so that a mixed-up reply is seen
      model.current_a = number % 2 == 0 ? -7.0 * number : 5.0 * number;
      model.capacity_ah = 100 + number;
      model.seed = options.seed * 100 + static_cast<std::uint64_t>(number);
      PackOptions pack;
      pack.address = address;
      pack.variant = options.variant;
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
    }
    bus.on_reply([this](int address, const PackState& state, Bytes reply, Instant) {
      ++replies[reply[2]];
      remember(address, state);
    });
    watched.on_event = [this](const LineEvent& event, Instant) {
      if (event.kind == LineEvent::round_good || event.kind == LineEvent::joined)
        check(line().pack(static_cast<std::size_t>(event.pack)), event.kind == LineEvent::joined);
    };
    wire.open(9600);
  }

  static LinePlan plan(const Eg4RigOptions& options) {
    LinePlan plan;
    plan.protocols = {&kEg4Lifepower};
    plan.interval = options.interval;
    plan.addresses = options.addresses;
    plan.baud = options.addresses.empty() ? 0 : 9600;
    return plan;
  }

  Line& line() { return watched.line(); }
  const PackTalk& pack(std::size_t index = 0) { return line().pack(index); }
  int rounds() const { return count(LineEvent::round_good); }
  int count(LineEvent::Kind kind) const {
    return static_cast<int>(std::count_if(watched.events.begin(), watched.events.end(),
                                          [kind](const auto& happened) { return happened.event.kind == kind; }));
  }

  SimBus bus;
  Watched watched;
  VirtualWire wire;
  std::map<int, int> replies;  // by command
  std::vector<std::string> wrong;
  int checked = 0;

 private:
  // How far a believed value may be from all that were said: half of its last digit, and the step that is believed at once.
  struct Said {
    std::set<double> values;
    double tolerance = 0;

    bool has(double value) const {
      const auto above = values.lower_bound(value - tolerance);
      return above != values.end() && *above <= value + tolerance;
    }
  };

  void remember(int address, const PackState& state) {
    const auto say = [&](const std::string& key, double tolerance, double value) {
      Said& said = said_[{address, key}];
      said.tolerance = tolerance;
      said.values.insert(value);
    };
    say("voltage", 0.206, state.voltage);
    say("current", 2.006, state.current);
    say("soc", 0.206, state.soc);
    say("full", 0.0051, state.capacity_full);
    say("soh", 0.0051, state.soh);
    say("cycles", 0, state.cycles);
    say("transistors", 1.51, state.mos_temperature);
    say("environment", 1.51, state.ambient_temperature);
    for (const double cell : state.cell_voltages) say("cell", 0.0206, cell);
    for (const double sensor : state.cell_temperatures) say("sensor", 1.51, sensor);
  }

  void check(const PackTalk& pack, bool complete) {
    ++checked;
    const Battery& battery = pack.battery;
    const auto one = [&](const char* key, double value) {
      const auto said = said_.find({pack.address, key});
      if (said != said_.end() && said->second.has(value)) return;
      wrong.push_back(std::string(key) + " of " + std::to_string(pack.address) + ": " + std::to_string(value));
    };
    const std::pair<const char*, Field> fields[] = {{"voltage", Field::voltage},
                                                    {"current", Field::current},
                                                    {"soc", Field::soc},
                                                    {"full", Field::capacity_full},
                                                    {"soh", Field::soh},
                                                    {"cycles", Field::cycles},
                                                    {"transistors", Field::mos_temperature},
                                                    {"environment", Field::ambient_temperature}};
    for (const auto& [key, field] : fields) {
      if (const auto value = battery.get(field)) one(key, *value);
      if (complete && !battery.get(field)) wrong.push_back(std::string(key) + " is missing");
    }
    for (const double cell : *battery.cell_voltages()) one("cell", cell);
    for (const double sensor : *battery.cell_temperatures()) one("sensor", sensor);
    if (battery.cell_voltages()->size() != 16) wrong.push_back("cells");
    if (battery.cell_temperatures()->size() != 4) wrong.push_back("sensors");
    if (!battery.alarms().names.empty()) wrong.push_back(std::string("alarm ") + battery.alarms().names.front());
  }

  std::map<std::pair<int, std::string>, Said> said_;
};

TEST(Eg4LifepowerLine, ThePackIsCompleteWhenItAppears) {
  Eg4Rig rig;
  rig.wire.run_for(3s);
  ASSERT_EQ(rig.count(LineEvent::joined), 1);
  const auto joined = std::find_if(rig.watched.events.begin(), rig.watched.events.end(),
                                   [](const auto& happened) { return happened.event.kind == LineEvent::joined; });
  EXPECT_LT(seconds(joined->at.time_since_epoch()), 1.2);
  const Battery& battery = rig.pack().battery;
  EXPECT_EQ(battery.cell_voltages()->size(), 16U);
  EXPECT_EQ(battery.cell_temperatures()->size(), 4U);
  EXPECT_EQ(battery.get(Field::capacity_full), 101);
  EXPECT_EQ(battery.text(Text::software_version), "QT-YS00-16SV100A-V3.40");
  EXPECT_EQ(battery.text(Text::hardware), "B");
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(Eg4LifepowerLine, EachCommandIsAskedAtItsPace) {
  Eg4RigOptions options;
  options.interval = 2s;
  Eg4Rig rig(options);
  rig.wire.run_for(600s);
  EXPECT_NEAR(rig.rounds(), 300, 3);
  EXPECT_NEAR(rig.replies[0x01], 301, 3) << "once more for the first reply";
  EXPECT_EQ(rig.replies[0x33], 1);
  EXPECT_EQ(rig.replies[0x42], 1);
  EXPECT_EQ(rig.replies[0x06], 0);
  EXPECT_EQ(rig.bus.counters().collisions, 0U);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(Eg4LifepowerLine, BetweenTwoExchangesTheLineIsQuietForATenthOfASecond) {
  Eg4Rig rig;
  rig.wire.run_for(3s);
  const int before = rig.rounds();
  rig.wire.run_for(60s);
  // A request of 6 bytes, 40 ms, a reply of 94 bytes, 100 ms: 244 ms.
  EXPECT_NEAR(rig.rounds() - before, 245, 4);
}

TEST(Eg4LifepowerLine, SixteenPacksAreAllRead) {
  Eg4RigOptions options;
  options.packs = options.addresses = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0};
  Eg4Rig rig(options);
  for (const int address : options.packs)
    ASSERT_TRUE(rig.bus.set(address, "soc_percent", std::to_string(5 * address + 10)));
  rig.wire.run_for(60s);
  EXPECT_EQ(rig.count(LineEvent::joined), 16);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_GT(rig.rounds(), 150);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(Eg4LifepowerLine, APackThatAnswersTheOtherStartByteIsReadAndKeptToIt) {
  Eg4RigOptions options;
  options.variant = {{"board", "narada"}};
  options.packs = options.addresses = {1, 2};
  Eg4Rig rig(options);
  rig.wire.run_for(5s);
  ASSERT_EQ(rig.count(LineEvent::joined), 2);
  const int failed = rig.count(LineEvent::round_failed);
  rig.wire.run_for(60s);
  EXPECT_EQ(rig.count(LineEvent::round_failed), failed);
  EXPECT_THAT(rig.wrong, IsEmpty());
  ASSERT_TRUE(rig.bus.set_silent(1, true));
  rig.wire.run_for(30s);
  ASSERT_TRUE(rig.bus.set_silent(1, false));
  rig.wire.run_for(30s);
  EXPECT_EQ(rig.pack(0).state, PackTalk::alive);
}

TEST(Eg4LifepowerLine, ABoardWithoutNamesIsReadAllTheSame) {
  Eg4RigOptions options;
  options.variant = {{"firmware", "none"}, {"hardware", "no"}};
  Eg4Rig rig(options);
  rig.wire.run_for(60s);
  EXPECT_EQ(rig.count(LineEvent::joined), 1);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_GT(rig.rounds(), 150);
}

// The second reply makes it what the session believes, the third confirms that behind a sum of 8 bits.
TEST(Eg4LifepowerLine, AJumpAndAnAlarmAreThereWithTheThirdReply) {
  Eg4RigOptions options;
  options.interval = 1s;
  Eg4Rig rig(options);
  rig.wire.run_for(5s);
  ASSERT_TRUE(rig.bus.set(1, "current_a", "-80"));
  ASSERT_TRUE(rig.bus.set_alarm(1, "undervoltage", true));
  rig.wire.run_for(2200ms);
  EXPECT_TRUE(rig.pack().battery.pending().blocks_discharge()) << "limits do not wait";
  rig.wire.run_for(1s);
  EXPECT_EQ(rig.pack().battery.get(Field::current), -80);
  EXPECT_TRUE(rig.pack().battery.alarms().blocks_discharge());
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
}

TEST(Eg4LifepowerLine, ANewPackIsReadAfresh) {
  Eg4Rig rig;
  rig.wire.run_for(10s);
  ASSERT_TRUE(rig.bus.set_silent(1, true));
  rig.wire.run_for(20s);
  ASSERT_TRUE(rig.bus.set(1, "cells", "8"));
  ASSERT_TRUE(rig.bus.set(1, "soc_percent", "91"));
  ASSERT_TRUE(rig.bus.set_silent(1, false));
  rig.wire.run_for(10s);
  EXPECT_EQ(rig.pack().battery.cell_voltages()->size(), 8U);
  EXPECT_NEAR(*rig.pack().battery.get(Field::soc), 91, 0.1);
}

// --- Finding ---

std::vector<int> found_eg4(const test::ScanRigOptions& options) {
  return test::addresses_found({.protocol = &kEg4Lifepower, .speed = 9600}, options);
}

TEST(Eg4LifepowerLine, AScanFindsEachPackOnce) {
  const std::vector<int> four = {1, 3, 15, 0};
  EXPECT_THAT(found_eg4({.packs = {1}}), ElementsAre(1));
  EXPECT_THAT(found_eg4({.packs = four}), ElementsAreArray(four));
  EXPECT_THAT(found_eg4({.packs = {0}}), ElementsAre(0));
  EXPECT_THAT(found_eg4({.packs = {1}, .variant = {{"board", "revov"}}}), ElementsAre(1));
  EXPECT_THAT(found_eg4({.packs = {1}, .variant = {{"start", "both"}}}), ElementsAre(1));
  EXPECT_THAT(found_eg4({.packs = {1}, .variant = {{"firmware", "none"}}}), ElementsAre(1));
  EXPECT_THAT(found_eg4({.packs = {1}, .variant = {{"firmware", "none"}, {"hardware", "no"}}}), ElementsAre(1))
      << "proven by a second reading";
}

TEST(Eg4LifepowerLine, APackOfEitherStartByteIsFoundAndRead) {
  for (const char* board : {"eg4", "revov", "narada"}) {
    Eg4RigOptions options;
    options.packs = {3};
    options.addresses = {};
    options.variant = {{"board", board}};
    Eg4Rig rig(options);
    rig.wire.run_for(25s);
    ASSERT_EQ(rig.line().pack_count(), 1U) << board;
    EXPECT_EQ(rig.pack().address, 3);
    EXPECT_EQ(rig.count(LineEvent::joined), 1) << board;
    EXPECT_THAT(rig.wrong, IsEmpty());
  }
}

// --- Bad lines ---

std::vector<std::string> wrong_on_a_bad_line(const std::vector<std::pair<Fault, double>>& faults,
                                             std::uint64_t seed = 7) {
  Eg4RigOptions options;
  options.packs = options.addresses = {1, 2, 3, 4};
  options.seed = seed;
  Eg4Rig rig(options);
  for (const auto& [fault, rate] : faults) rig.bus.faults().set(fault, rate);
  rig.wire.run_for(long_look(Duration(3600s)));
  EXPECT_GT(rig.checked, long_look(1000)) << "it goes on";
  return rig.wrong;
}

TEST(Eg4LifepowerBadLine, NothingWrongIsBelievedWhereAReplyIsNotTheRightOne) {
  using F = Fault;
  EXPECT_THAT(wrong_on_a_bad_line({{F::echo, 1}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::foreign, 0.3}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::late, 0.2}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::silence, 0.2}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::echo, 0.1}, {F::foreign, 0.1}, {F::late, 0.1}, {F::silence, 0.1}}), IsEmpty());
}

// Two of three replies that are wrong in the same number are believed: measured about once an hour of four packs when every
// fifth reply has a flipped bit.
TEST(Eg4LifepowerBadLine, NothingWrongIsBelievedThoughTheCheckPassesIt) {
  using F = Fault;
  EXPECT_THAT(wrong_on_a_bad_line({{F::flip, 0.1}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::corrupt, 0.2}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::garbage, 0.3}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::drop, 0.1}}), IsEmpty());
  EXPECT_THAT(wrong_on_a_bad_line({{F::truncate, 0.1}}), IsEmpty());
}

}  // namespace
}  // namespace bmsd
