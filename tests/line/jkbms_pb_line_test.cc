// JK PB packs on a line in virtual time: what is asked when, and whether bad lines and other masters make anybody believe a
// wrong value. A block has an 8-bit sum, but its acknowledgement has to stand right behind it: bytes too many or too few are
// noticed, and of wrong ones never one alone passes.
#include <gmock/gmock.h>

#include "long_look.h"
#include "protocol/jkbms_pb.h"
#include "rig.h"
#include "scan_rig.h"
#include "wire/modbus.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct PbRigOptions {
  std::vector<int> packs = {1};
  std::vector<int> addresses = {1};  // configured; empty: to be found
  std::map<std::string, std::string, std::less<>> variant;
  Duration interval = 0s;
  std::uint64_t seed = 1;
};

class PbRig {
 public:
  explicit PbRig(const PbRigOptions& options = {})
      : bus({.protocol = &kJkBmsPb, .speed = 115200, .delay = 15ms, .seed = options.seed}),
        watched(plan(options)),
        wire(watched, bus) {
    for (const int address : options.packs) {
      PackModelOptions model;
      model.soc_percent = 15 + 5 * address;  // packs differ, so that a mixed-up reply is seen
      model.current_a = address % 2 == 0 ? -7.0 * address : 5.0 * address;
      model.capacity_ah = 100 + address;
      model.seed = options.seed * 100 + static_cast<std::uint64_t>(address);
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "RIG0000000" + std::to_string(10 + address);
      pack.variant = options.variant;
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
      EXPECT_TRUE(bus.set(address, "cell_voltage_max_limit_v", std::to_string(3.6 + 0.001 * address)));
    }
    bus.on_reply([this](int address, const PackState& state, Bytes reply, Instant) {
      ++replies[reply[4]];
      for (auto& [key, values] : words(state)) said_[{address, key}].insert(values);
    });
    watched.on_event = [this](const LineEvent& event, Instant) {
      if (event.kind == LineEvent::round_good) check(line().pack(static_cast<std::size_t>(event.pack)));
    };
    wire.open(115200);
  }

  static LinePlan plan(const PbRigOptions& options) {
    LinePlan plan;
    plan.protocols = {&kJkBmsPb};
    plan.interval = options.interval;
    plan.addresses = options.addresses;
    plan.baud = options.addresses.empty() ? 0 : 115200;
    return plan;
  }

  Line& line() { return watched.line(); }
  const PackTalk& pack(std::size_t index = 0) { return line().pack(index); }
  int count(LineEvent::Kind kind) const {
    return static_cast<int>(std::count_if(watched.events.begin(), watched.events.end(),
                                          [kind](const auto& happened) { return happened.event.kind == kind; }));
  }
  int rounds() const { return count(LineEvent::round_good); }

  SimBus bus;
  Watched watched;
  VirtualWire wire;
  std::map<int, int> replies;  // by the type of the block
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
    return {{"voltage", scaled({state.voltage}, 1000)},
            {"current", scaled({state.current}, 1000)},
            {"soc", scaled({state.soc}, 1)},
            {"remaining", scaled({state.capacity_remaining}, 1000)},
            {"full", scaled({state.capacity_full}, 1000)},
            {"cycles", {state.cycles}},
            {"charge limit", scaled({state.max_charge_current}, 1000)},
            {"cell limit", scaled({state.cell_voltage_max_limit}, 1000)},
            {"cells", scaled(state.cell_voltages, 1000)},
            {"temperatures", scaled(state.cell_temperatures, 10)},
            {"board", scaled({state.mos_temperature}, 10)}};
  }
  static Words words(const Battery& battery) {
    const auto one = [&battery](Field field, double scale) {
      const auto value = battery.get(field);
      return value ? scaled({*value}, scale) : std::vector<long>();
    };
    return {{"voltage", one(Field::voltage, 1000)},
            {"current", one(Field::current, 1000)},
            {"soc", one(Field::soc, 1)},
            {"remaining", one(Field::capacity_remaining, 1000)},
            {"full", one(Field::capacity_full, 1000)},
            {"cycles", one(Field::cycles, 1)},
            {"charge limit", one(Field::max_charge_current, 1000)},
            {"cell limit", one(Field::cell_voltage_max_limit, 1000)},
            {"cells", scaled(battery.cell_voltages().value_or(std::vector<double>()), 1000)},
            {"temperatures", scaled(battery.cell_temperatures().value_or(std::vector<double>()), 10)},
            {"board", one(Field::mos_temperature, 10)}};
  }
  void check(const PackTalk& pack) {
    ++checked;
    for (const auto& [key, values] : words(pack.battery)) {
      if (values.empty()) continue;  // not said yet
      if (said_[{pack.address, key}].contains(values)) continue;
      wrong.push_back(key + " of " + std::to_string(pack.address) + ":");
      for (const long value : values) wrong.back() += " " + std::to_string(value);
    }
    if (!pack.battery.alarms().names.empty()) wrong.emplace_back("an alarm");
    const std::string& serial = pack.battery.text(Text::serial_number);
    if (!serial.empty() && serial != "RIG0000000" + std::to_string(10 + pack.address)) wrong.push_back(serial);
  }

  std::map<std::pair<int, std::string>, std::set<std::vector<long>>> said_;
};

// --- The poll ---

TEST(JkBmsPbLine, APackIsCompleteWhenItAppears) {
  PbRig rig;
  rig.watched.on_event = [&rig](const LineEvent& event, Instant) {
    if (event.kind != LineEvent::joined) return;
    const Battery& battery = rig.pack().battery;
    EXPECT_TRUE(battery.get(Field::voltage) && battery.cell_voltages() && battery.cell_temperatures());
    EXPECT_TRUE(battery.get(Field::max_charge_current) && battery.get(Field::cell_voltage_max_limit));
    EXPECT_THAT(battery.identities(), ElementsAre("RIG000000011"));
    EXPECT_EQ(battery.text(Text::hardware), "15A");
  };
  rig.wire.run_for(2s);
  EXPECT_EQ(rig.count(LineEvent::joined), 1);
}

TEST(JkBmsPbLine, EachBlockIsAskedForAtItsPace) {
  PbRigOptions options;
  options.interval = 1s;
  PbRig rig(options);
  rig.wire.run_for(600s);
  EXPECT_NEAR(rig.rounds(), 600, 6);
  EXPECT_NEAR(rig.replies[2], 600, 6);
  EXPECT_NEAR(rig.replies[1], 10, 2);
  EXPECT_EQ(rig.replies[3], 1);
  EXPECT_EQ(rig.bus.counters().collisions, 0U);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

// Request 1 ms, 15 ms before and 27 ms for the answer, 100 ms of silence.
TEST(JkBmsPbLine, FourPacksTakeSixTenthsOfASecond) {
  PbRigOptions options;
  options.packs = options.addresses = {1, 2, 3, 4};
  PbRig rig(options);
  rig.wire.run_for(10s);
  const int before = rig.rounds();
  rig.wire.run_for(60s);
  EXPECT_NEAR(rig.rounds() - before, 4 * 60 / 0.575, 12);
  EXPECT_EQ(rig.count(LineEvent::joined), 4);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

class JkBmsPbVariant : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(JkBmsPbVariant, IsRead) {
  PbRigOptions options;
  options.packs = options.addresses = {1, 2};
  options.variant = {{GetParam().first, GetParam().second}};
  PbRig rig(options);
  rig.wire.run_for(120s);
  EXPECT_EQ(rig.count(LineEvent::joined), 2);
  EXPECT_GT(rig.rounds(), 500);
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_THAT(rig.wrong, IsEmpty());
  const bool is_told = std::string_view(GetParam().second) != "never";
  EXPECT_EQ(rig.pack().battery.text(Text::software_version), is_told ? "15.41" : "");
}

INSTANTIATE_TEST_SUITE_P(All, JkBmsPbVariant,
                         testing::Values(std::pair("pads", "front"), std::pair("pads", "behind"),
                                         std::pair("pads", "both"), std::pair("echo", "3"), std::pair("echo", "10"),
                                         std::pair("echo", "11"), std::pair("counter", "255"),
                                         std::pair("about", "sometimes"), std::pair("about", "never")));

TEST(JkBmsPbLine, ABlockThatNobodyAcknowledgesIsNotBelieved) {
  PbRigOptions options;
  options.variant = {{"acknowledged", "no"}};
  PbRig rig(options);
  rig.wire.run_for(20s);
  EXPECT_EQ(rig.count(LineEvent::joined), 0);
  EXPECT_FALSE(rig.pack().battery.get(Field::voltage));
  EXPECT_GT(rig.line().counts().bad_checks + rig.line().counts().junk_bytes, 0U);
}

TEST(JkBmsPbLine, ADeviceThatRefusesIsNoPack) {
  PbRigOptions options;
  options.variant = {{"exception", "2"}};
  PbRig rig(options);
  rig.wire.run_for(20s);
  EXPECT_EQ(rig.count(LineEvent::joined), 0);
}

// --- Finding ---

std::vector<int> found_jk(const test::ScanRigOptions& options) {
  return test::addresses_found({.protocol = &kJkBmsPb, .speed = 115200, .delay = 15ms}, options);
}

TEST(JkBmsPbLine, AScanFindsEachPackOnce) {
  EXPECT_THAT(found_jk({.packs = {1}}), ElementsAre(1));
  EXPECT_THAT(found_jk({.packs = {1, 2, 9, 15}}), ElementsAre(1, 2, 9, 15));
  EXPECT_THAT(found_jk({.packs = {3}, .variant = {{"about", "never"}}}), ElementsAre(3)) << "about is no proof";
  EXPECT_THAT(found_jk({.packs = {3, 4}, .variant = {{"pads", "both"}, {"echo", "11"}}}), ElementsAre(3, 4));
  EXPECT_THAT(found_jk({.packs = {1}, .variant = {{"exception", "2"}}}), IsEmpty());
  EXPECT_THAT(found_jk({.packs = {1}, .variant = {{"acknowledged", "no"}}}), IsEmpty());
}

TEST(JkBmsPbLine, APackIsFoundAndReadWithoutItsAddress) {
  PbRigOptions options;
  options.packs = {4};
  options.addresses = {};
  PbRig rig(options);
  rig.wire.run_for(20s);
  ASSERT_EQ(rig.line().pack_count(), 1U);
  EXPECT_EQ(rig.pack().address, 4);
  EXPECT_EQ(rig.count(LineEvent::joined), 1);
}

// --- A master ---

// A block that says what another master is told; `soc` tells the packs apart.
ByteVector told(int address, int soc, bool own_acknowledgement = true) {
  PackOptions options;
  options.address = address;
  PackState state;
  state.cell_voltages.assign(16, 3.3);
  state.voltage = 52.8;
  state.soc = soc;
  const auto asked = with_modbus_crc({static_cast<std::uint8_t>(address), 0x10, 0x16, 0x20, 0, 1, 2, 0, 0});
  ByteVector reply = *respond_as_jkbms_pb(options)->answer(asked, state);
  if (own_acknowledgement) return reply;
  reply.resize(300);
  return reply;
}

// The pack with address 0 asks 1 and 2 and then sends its own block.
TEST(JkBmsPbLine, WhileAMasterAsksThePacksAreReadByListening) {
  PbRigOptions options;
  options.packs = options.addresses = {1, 2};
  PbRig rig(options);
  rig.wire.run_for(5s);
  ASSERT_EQ(rig.count(LineEvent::joined), 2);
  rig.watched.on_event = {};  // these values come from elsewhere
  const ByteVector masters = told(0, 99);
  const auto hears = [&rig](const ByteVector& bytes, Duration then) {
    rig.watched.received(bytes, rig.wire.now());
    rig.wire.run_for(then);
  };
  for (int i = 0; i < 10; ++i) {
    for (const int address : {5, 1, 2}) {  // nobody is 5
      hears(with_modbus_crc({static_cast<std::uint8_t>(address), 0x10, 0x16, 0x20, 0, 1, 2, 0, 0}), 50ms);
      if (address < 3) hears(told(address, 10 * address), 150ms);
    }
    hears(masters, 400ms);
    hears(masters, 400ms);
  }
  EXPECT_TRUE(rig.line().paused());
  EXPECT_EQ(rig.pack(0).battery.get(Field::soc), 10);
  EXPECT_EQ(rig.pack(1).battery.get(Field::soc), 20);
  const std::size_t sent = rig.watched.bytes_sent;
  hears(told(1, 77, false), 20ms);  // lost its acknowledgement; the next one heard is that of pack 2
  hears(with_modbus_crc({2, 0x10, 0x16, 0x20, 0, 1, 2, 0, 0}), 30ms);
  hears(told(2, 21), 200ms);
  EXPECT_EQ(rig.pack(0).battery.get(Field::soc), 10);
  EXPECT_EQ(rig.pack(1).battery.get(Field::soc), 21);
  EXPECT_EQ(rig.watched.bytes_sent, sent);
}

// --- Bad lines ---

class JkBmsPbBadLine : public testing::TestWithParam<const char*> {};

TEST_P(JkBmsPbBadLine, NothingIsBelievedThatThePackHasNotSaid) {
  PbRigOptions options;
  options.packs = options.addresses = {1, 2, 3, 4};
  options.seed = 7;
  PbRig rig(options);
  std::string faults = GetParam();
  for (std::size_t at = 0; at < faults.size();) {
    const std::size_t end = std::min(faults.find(' ', at), faults.size());
    ASSERT_TRUE(rig.bus.faults().set(faults.substr(at, end - at)));
    at = end + 1;
  }
  rig.wire.run_for(long_look(Duration(600s)));
  EXPECT_GT(rig.checked, long_look(400)) << "it goes on";
  EXPECT_THAT(rig.wrong, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, JkBmsPbBadLine,
                         testing::Values("corrupt=0.2", "flip=0.3", "drop=0.2", "truncate=0.2", "silence=0.2",
                                         "foreign=0.3", "late=0.2:0.45", "late=0.3:0.52", "late=0.2:1.1", "echo=1",
                                         "garbage=0.5",
                                         "corrupt=0.1 late=0.1:0.6 garbage=0.2 truncate=0.1 drop=0.1 echo=0.2 "
                                         "foreign=0.1"));

}  // namespace
}  // namespace bmsd
