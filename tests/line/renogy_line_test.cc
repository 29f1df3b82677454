// Renogy batteries on a line in virtual time. A reply names its address but not its registers: only the lengths of the
// blocks keep a late one from being believed as another.
#include <gmock/gmock.h>

#include "long_look.h"
#include "protocol/renogy.h"
#include "rig.h"
#include "scan_rig.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct RenogyRigOptions {
  std::vector<int> packs = {0x30};
  std::vector<int> addresses = {0x30};  // configured; empty: to be found
  std::map<std::string, std::string, std::less<>> variant = {};
  Duration interval = 0s;
  std::uint64_t seed = 1;
};

class RenogyRig {
 public:
  explicit RenogyRig(const RenogyRigOptions& options = {})
      : bus({.protocol = &kRenogy, .speed = 9600, .seed = options.seed}), watched(plan(options)), wire(watched, bus) {
    int number = 0;
    for (const int address : options.packs) {
      ++number;
      PackModelOptions model;
      model.cells = 4;
      model.sensors = 2;
      model.soc_percent = 15 + 9 * number;  // packs differ, so that a mixed-up reply is seen
      model.current_a = number % 2 == 0 ? -7.0 * number : 5.0 * number;
      model.capacity_ah = 100 + number;
      model.seed = options.seed * 100 + static_cast<std::uint64_t>(number);
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "RIG00000000" + std::to_string(number);
      pack.variant = options.variant;
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
      EXPECT_TRUE(bus.set(address, "max_charge_current_a", std::to_string(50 + number)));
      EXPECT_TRUE(bus.set(address, "cycles", std::to_string(700 + number)));
    }
    bus.on_reply([this](int address, const PackState& state, Bytes reply, Instant) {
      ++replies[reply[2]];
      for (auto& [key, values] : words(state)) said_[{address, key}].insert(values);
    });
    watched.on_event = [this](const LineEvent& event, Instant) {
      if (event.kind == LineEvent::round_good) check(line().pack(static_cast<std::size_t>(event.pack)));
    };
    wire.open(9600);
  }

  static LinePlan plan(const RenogyRigOptions& options) {
    LinePlan plan;
    plan.protocols = {&kRenogy};
    plan.interval = options.interval;
    plan.addresses = options.addresses;
    plan.baud = options.addresses.empty() ? 0 : 9600;
    return plan;
  }

  Line& line() { return watched.line(); }
  const Battery& battery(std::size_t index = 0) { return line().pack(index).battery; }
  int count(LineEvent::Kind kind) const {
    return static_cast<int>(
        std::ranges::count_if(watched.events, [kind](const auto& happened) { return happened.event.kind == kind; }));
  }

  SimBus bus;
  Watched watched;
  VirtualWire wire;
  std::map<int, int> replies;  // by bytes of data, or code of refusal
  std::vector<std::string> wrong;
  int checked = 0;

 private:
  using Words = std::map<std::string, std::vector<long>>;

  static std::vector<long> scaled(const std::vector<double>& values, double scale) {
    std::vector<long> words;
    for (const double value : values) words.push_back(std::lround(value * scale));
    return words;
  }
  // As the wire carries them.
  static Words words(const PackState& state) {
    return {{"voltage", scaled({state.voltage}, 10)},
            {"current", scaled({state.current}, 100)},
            {"remaining", scaled({state.capacity_remaining}, 1000)},
            {"full", scaled({state.capacity_full}, 1000)},
            {"cycles", {state.cycles}},
            {"charge limit", scaled({state.max_charge_current}, 100)},
            {"board", scaled({state.mos_temperature}, 10)},
            {"ambient", scaled({state.ambient_temperature}, 10)},
            {"cells", scaled(state.cell_voltages, 10)},
            {"temperatures", scaled(state.cell_temperatures, 10)},
            {"switches", {state.charge_fet ? 1 : 0, state.discharge_fet ? 1 : 0}}};
  }
  static Words words(const Battery& battery) {
    const auto one = [&battery](Field field, double scale) {
      const auto value = battery.get(field);
      return value ? scaled({*value}, scale) : std::vector<long>();
    };
    Words all = {{"voltage", one(Field::voltage, 10)},
                 {"current", one(Field::current, 100)},
                 {"remaining", one(Field::capacity_remaining, 1000)},
                 {"full", one(Field::capacity_full, 1000)},
                 {"cycles", one(Field::cycles, 1)},
                 {"charge limit", one(Field::max_charge_current, 100)},
                 {"board", one(Field::mos_temperature, 10)},
                 {"ambient", one(Field::ambient_temperature, 10)},
                 {"cells", scaled(battery.cell_voltages().value_or(std::vector<double>()), 10)},
                 {"temperatures", scaled(battery.cell_temperatures().value_or(std::vector<double>()), 10)}};
    if (const auto charge = battery.flag(Field::charge_fet_on)) {
      all["switches"] = {*charge ? 1 : 0, *battery.flag(Field::discharge_fet_on) ? 1 : 0};
    }
    return all;
  }
  void check(const PackTalk& pack) {
    ++checked;
    for (const auto& [key, values] : words(pack.battery)) {
      if (values.empty()) continue;  // not said yet
      if (said_[{pack.address, key}].contains(values)) continue;
      wrong.push_back(key + " of " + std::to_string(pack.address) + ":");
      for (const long value : values) wrong.back() += " " + std::to_string(value);
    }
    if (!pack.battery.alarms().names.empty() || pack.battery.alarms().blocks != 0) wrong.emplace_back("an alarm");
    const auto expect = [&](Text text, std::string_view beginning) {
      const std::string& said = pack.battery.text(text);
      if (!said.empty() && !said.starts_with(beginning)) wrong.push_back(said);
    };
    expect(Text::serial_number, "RIG00000000");
    expect(Text::software_version, "0119");
    expect(Text::manufacturer, "RENOGY");
  }

  std::map<std::pair<int, std::string>, std::set<std::vector<long>>> said_;
};

TEST(RenogyLine, ThePackIsCompleteWhenItAppears) {
  RenogyRig rig;
  rig.wire.run_for(4s);
  ASSERT_EQ(rig.count(LineEvent::joined), 1);
  const auto joined = std::ranges::find_if(
      rig.watched.events, [](const auto& happened) { return happened.event.kind == LineEvent::joined; });
  EXPECT_LT(seconds(joined->at.time_since_epoch()), 2);
  const Battery& battery = rig.battery();
  EXPECT_EQ(battery.cell_voltages()->size(), 4U);
  EXPECT_EQ(battery.cell_temperatures()->size(), 2U);
  EXPECT_EQ(battery.get(Field::capacity_full), 101);
  EXPECT_EQ(battery.get(Field::cycles), 701);
  EXPECT_EQ(battery.get(Field::max_charge_current), 51);
  EXPECT_EQ(battery.text(Text::serial_number), "RIG000000001");
  EXPECT_EQ(battery.text(Text::hardware), "RENOGY RBT50LFP48S");
  EXPECT_EQ(battery.text(Text::software_version), "0119");
  EXPECT_EQ(battery.flag(Field::charge_fet_on), true);
  EXPECT_THAT(rig.wrong, IsEmpty());
  EXPECT_EQ(rig.replies.count(2 * 22), 0U) << "settings are read on demand";
}

TEST(RenogyLine, TheCurrentIsNeverInTheWrongUnit) {
  RenogyRigOptions options;
  options.variant = {{"model", "RBT12200LFP-B"}};
  RenogyRig rig(options);
  rig.wire.run_for(10s);
  EXPECT_GT(rig.checked, 10);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(RenogyLine, EachBlockIsAskedAtItsPace) {
  RenogyRigOptions options;
  options.interval = 1s;
  RenogyRig rig(options);
  rig.wire.run_for(600s);
  EXPECT_NEAR(rig.count(LineEvent::round_good), 600, 6);
  for (const int fast : {68, 12, 20}) EXPECT_NEAR(rig.replies[fast], 600, 6) << fast;
  for (const int slow : {10, 14}) EXPECT_NEAR(rig.replies[slow], 10, 2) << slow;
  for (const int once : {16, 18, 6, 24, 2}) EXPECT_EQ(rig.replies[once], 1) << once;
  EXPECT_EQ(rig.bus.counters().collisions, 0U);
  EXPECT_LT(rig.watched.most_calls_at_once, 30);
}

TEST(RenogyLine, ItIsAskedAsFastAsItMayBe) {
  RenogyRig rig;
  rig.wire.run_for(60s);
  // Three requests of 8 bytes, replies of 73, 17 and 25, 20 ms before and 20 ms behind each: 265 ms and a little.
  EXPECT_GE(rig.count(LineEvent::round_good), 200);
  EXPECT_LE(rig.count(LineEvent::round_good), 227) << "it wants 20 ms of silence";
}

TEST(RenogyLine, ABatteryThatRefusesBlocksIsReadInPieces) {
  RenogyRigOptions options;
  options.variant = {{"missing", "5048,5108,5121"}, {"longest", "20"}};
  RenogyRig rig(options);
  rig.wire.run_for(10s);
  EXPECT_EQ(rig.count(LineEvent::joined), 1);
  EXPECT_LE(rig.count(LineEvent::round_failed), 1);
  EXPECT_GT(rig.checked, 15);
  const Battery& battery = rig.battery();
  EXPECT_EQ(battery.cell_temperatures()->size(), 2U);
  EXPECT_EQ(battery.get(Field::max_charge_current), 51);
  EXPECT_EQ(battery.get(Field::cycles), std::nullopt);
  EXPECT_EQ(battery.flag(Field::discharge_fet_on), true);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(RenogyLine, SwitchesThatAreNotToldAreUnknown) {
  RenogyRigOptions options;
  options.variant = {{"status", "empty"}};
  RenogyRig rig(options);
  rig.wire.run_for(5s);
  EXPECT_EQ(rig.battery().value(Field::charge_fet_on).quality, Quality::unknown);
  EXPECT_EQ(rig.battery().alarms().blocks, 0);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

// Another master asks battery 30. Its blocks are its own.
TEST(RenogyLine, WhileAnotherMasterAsksTheBatteryIsReadByListening) {
  RenogyRig rig;
  rig.wire.run_for(5s);
  ASSERT_EQ(rig.count(LineEvent::joined), 1);
  const ByteVector request = *from_hex("300313B20007A48A"), reply = *from_hex("30030EFFAA008800017BB0000186A0000FE01E");
  for (int i = 0; i < 20; ++i) {
    rig.line().received(request, rig.wire.now());
    rig.wire.run_for(60ms);
    rig.line().received(reply, rig.wire.now());
    rig.wire.run_for(940ms);
  }
  EXPECT_TRUE(rig.line().paused());
  EXPECT_EQ(rig.battery().get(Field::current), -0.86);
  EXPECT_EQ(rig.battery().get(Field::cycles), 15);
}

// --- Finding ---

std::vector<int> found_renogy(const test::ScanRigOptions& options) {
  std::vector<int> addresses;
  for (const Found& one : test::packs_found({.protocol = &kRenogy, .speed = 9600}, options)) {
    addresses.push_back(one.address);
    EXPECT_FALSE(one.battery.text(Text::serial_number).empty());
  }
  return addresses;
}

TEST(RenogyLine, AScanFindsEachBatteryOnce) {
  EXPECT_THAT(found_renogy({.packs = {0xF7}}), ElementsAre(0xF7));
  EXPECT_THAT(found_renogy({.packs = {0x30, 0x31, 0x3F}}), ElementsAre(0x30, 0x31, 0x3F));
  EXPECT_THAT(found_renogy({.packs = {0x30}, .variant = {{"longest", "17"}}}), ElementsAre(0x30));
  EXPECT_THAT(found_renogy({.packs = {0x30}, .variant = {{"model", "   "}}}), IsEmpty())
      << "without a name it may be anything";
}

// --- Bad lines ---

using Variant = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> believed_wrongly(const std::vector<std::pair<Fault, double>>& faults, Duration late = 450ms,
                                          const Variant& variant = {}, Duration interval = 0s) {
  RenogyRigOptions options;
  options.variant = variant;
  options.interval = interval;
  options.packs = options.addresses = {0x30, 0x31, 0x32, 0x33};
  options.seed = 7;
  RenogyRig rig(options);
  for (const auto& [fault, rate] : faults) rig.bus.faults().set(fault, rate);
  rig.bus.faults().set_late_by(late);
  rig.wire.run_for(long_look(Duration(1800s)));
  EXPECT_GT(rig.checked, long_look(500)) << "it goes on";
  return rig.wrong;
}

class RenogyBadLine : public testing::TestWithParam<Fault> {};

TEST_P(RenogyBadLine, NothingIsBelievedThatTheBatteryHasNotSaid) {
  EXPECT_THAT(believed_wrongly({{GetParam(), GetParam() == Fault::echo ? 1 : 0.2}}), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, RenogyBadLine,
                         testing::Values(Fault::drop, Fault::corrupt, Fault::flip, Fault::truncate, Fault::garbage,
                                         Fault::foreign, Fault::silence, Fault::echo),
                         [](const auto& fault) { return std::string(to_string(fault.param)); });

class RenogyLateLine : public testing::TestWithParam<int> {};

TEST_P(RenogyLateLine, NoLateReplyIsBelievedAsAnotherBlock) {
  EXPECT_THAT(believed_wrongly({{Fault::late, 0.2}}, std::chrono::milliseconds(GetParam())), IsEmpty());
}

TEST_P(RenogyLateLine, NorAsAnotherPieceOfOne) {
  const Variant in_pieces = {{"missing", "5048,5035,5118,5121"}, {"longest", "20"}};
  EXPECT_THAT(believed_wrongly({{Fault::late, 0.2}}, std::chrono::milliseconds(GetParam()), in_pieces, 10s), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(ByMilliseconds, RenogyLateLine, testing::Values(300, 450, 520, 700, 1100));

TEST(RenogyLine, OfEverythingAtOnceNothingWrongIsBelieved) {
  EXPECT_THAT(believed_wrongly({{Fault::late, 0.1},
                                {Fault::corrupt, 0.1},
                                {Fault::garbage, 0.1},
                                {Fault::echo, 0.1},
                                {Fault::truncate, 0.1},
                                {Fault::silence, 0.1}}),
              IsEmpty());
}

}  // namespace
}  // namespace bmsd
