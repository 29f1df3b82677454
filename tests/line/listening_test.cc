// Lines that only listen, beside a simulated master, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "line/line.h"
#include "protocol/daly_uart.h"
#include "protocol/daren_485.h"
#include "protocol/jkbms_pb.h"
#include "protocol/lltjbd_uart.h"
#include "protocol/pylontech_rs485.h"
#include "protocol/registry.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"
#include "wire/modbus.h"
#include "wire/yd1363.h"

namespace bmsd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// The master at its end of the wire, and somebody else whose adapter hears both directions.
class Overheard final : public Machine {
 public:
  Overheard(LinePlan master, LinePlan listener) : master(std::move(master)), listener(std::move(listener)) {}

  void opened(int baud, Instant now) override {
    master.opened(baud, now);
    listener.opened(listeners_baud, now);
  }
  void closed(Instant now) override {
    master.closed(now);
    listener.closed(now);
  }
  void received(Bytes bytes, Instant now) override {
    hear(bytes, now);
    master.received(bytes, now);
  }
  std::optional<Action> next(Instant now) override {
    while (auto wish = listener.next(now)) {
      look_at(*wish);
    }
    for (LineEvent& event : listener.take_events()) events.push_back(std::move(event));
    auto action = master.next(now);
    (void)master.take_events();
    if (action) {
      if (const auto* send = std::get_if<SendBytes>(&*action)) hear(send->bytes, now);
    }
    return action;
  }
  std::optional<Instant> deadline() const override {
    const auto a = master.deadline(), b = listener.deadline();
    return !a ? b : !b ? a : std::min(*a, *b);
  }

  int count(LineEvent::Kind kind) const {
    int n = 0;
    for (const LineEvent& event : events) n += event.kind == kind;
    return n;
  }

  Line master, listener;
  int listeners_baud = 0;
  std::vector<LineEvent> events;  // of the listener
  bool deaf_to_requests = false;
  int bytes_sent = 0, speeds = 0;

 private:
  void look_at(const Action& wish) {
    if (const auto* send = std::get_if<SendBytes>(&wish)) {
      bytes_sent += static_cast<int>(send->bytes.size());
    } else {
      ++speeds;
    }
  }
  void hear(Bytes bytes, Instant now) {
    const bool asks = kDaren485.tag(Frame{bytes}).role == Role::request;
    if (!deaf_to_requests || !asks) listener.received(bytes, now);
  }
};

struct Master {
  const Protocol* protocol;
  std::vector<int> addresses;
};

class Listening {
 public:
  explicit Listening(const Master& of, LinePlan plan = {}, Duration interval = 1s)
      : bus({.protocol = of.protocol, .speed = of.protocol->speeds.front()}) {
    for (const int address : of.addresses) {
      PackModelOptions model;
      model.soc_percent = 30 + address % 50;  // packs differ, so that a mixed-up reply is seen
      model.current_a = address % 20 - 10;
      model.seed = static_cast<std::uint64_t>(address);
      model.fixed = true;
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "LISTEN00000" + std::to_string(address);
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
    }
    LinePlan master;
    master.protocols = {of.protocol};
    master.baud = of.protocol->speeds.front();
    master.addresses = of.addresses;
    master.interval = interval;
    if (plan.protocols.empty()) plan.protocols = {of.protocol};
    plan.listen = true;
    talk = std::make_unique<Overheard>(std::move(master), std::move(plan));
    wire = std::make_unique<VirtualWire>(*talk, bus);
  }

  const PackTalk* heard(int address) const {
    for (std::size_t i = 0; i < talk->listener.pack_count(); ++i)
      if (talk->listener.pack(i).address == address) return &talk->listener.pack(i);
    return nullptr;
  }
  void expect_what_the_master_knows() const {
    for (std::size_t i = 0; i < talk->master.pack_count(); ++i) {
      const PackTalk& asked = talk->master.pack(i);
      const PackTalk* pack = heard(asked.address);
      ASSERT_NE(pack, nullptr) << asked.address;
      EXPECT_EQ(pack->state, PackTalk::alive);
      EXPECT_EQ(pack->battery.cell_voltages(), asked.battery.cell_voltages());
      EXPECT_EQ(pack->battery.identities(), asked.battery.identities());
      for (std::size_t f = 0; f < kFieldCount; ++f)
        EXPECT_EQ(pack->battery.get(field_at(f)), asked.battery.get(field_at(f))) << info(field_at(f)).key;
    }
  }

  SimBus bus;
  std::unique_ptr<Overheard> talk;
  std::unique_ptr<VirtualWire> wire;
};

class BesideAMaster : public ::testing::TestWithParam<Master> {};

TEST_P(BesideAMaster, AllOfItsPacksAreReadAndNotAByteIsSent) {
  Listening rig(GetParam());
  rig.wire->open(9600);
  rig.wire->run_for(30s);
  const int packs = static_cast<int>(GetParam().addresses.size());
  EXPECT_EQ(rig.talk->listener.pack_count(), GetParam().addresses.size());
  rig.expect_what_the_master_knows();
  EXPECT_EQ(rig.talk->count(LineEvent::joined), packs);
  EXPECT_GE(rig.talk->count(LineEvent::round_good), packs * 20);
  EXPECT_EQ(rig.talk->bytes_sent, 0);
}

TEST_P(BesideAMaster, WithoutBeingToldItIsKnownWhatTheySpeak) {
  LinePlan plan;
  plan.protocols.assign(protocols().begin(), protocols().end());
  std::erase_if(plan.protocols, [](const Protocol* one) { return one->medium != Medium::stream; });
  Listening rig(GetParam(), plan);
  rig.wire->open(9600);
  rig.wire->run_for(40s);
  EXPECT_EQ(rig.talk->listener.pack_count(), GetParam().addresses.size()) << "and nobody else's";
  rig.expect_what_the_master_knows();
  EXPECT_EQ(rig.talk->bytes_sent, 0);
}

TEST_P(BesideAMaster, APackThatFallsSilentIsMissed) {
  Listening rig(GetParam());
  rig.wire->open(9600);
  rig.wire->run_for(30s);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, true));
  rig.wire->run_for(15s);
  EXPECT_GT(rig.talk->count(LineEvent::round_failed), 0);
  for (const int address : GetParam().addresses) EXPECT_EQ(rig.heard(address)->state, PackTalk::lost);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, false));
  rig.wire->run_for(20s);
  for (const int address : GetParam().addresses) EXPECT_EQ(rig.heard(address)->state, PackTalk::alive);
  EXPECT_EQ(rig.talk->bytes_sent, 0);
}

TEST_P(BesideAMaster, DamageOnTheLineBringsNoWrongValue) {
  Listening rig(GetParam());
  rig.bus.faults().set(Fault::corrupt, 0.1);
  rig.bus.faults().set(Fault::truncate, 0.1);
  rig.bus.faults().set(Fault::garbage, 0.1);
  rig.wire->open(9600);
  rig.wire->run_for(120s);
  rig.bus.faults().set(Fault::corrupt, 0);
  rig.bus.faults().set(Fault::truncate, 0);
  rig.bus.faults().set(Fault::garbage, 0);
  rig.wire->run_for(70s);
  rig.expect_what_the_master_knows();
  EXPECT_EQ(rig.talk->bytes_sent, 0);
}

INSTANTIATE_TEST_SUITE_P(Masters, BesideAMaster,
                         ::testing::Values(Master{&kDaren485, {1, 2, 3}}, Master{&kJkBmsPb, {1, 2, 15}},
                                           Master{&kPylontechRs485, {2, 3, 4}}, Master{&kDalyUart, {64}},
                                           Master{&kLltJbdUart, {1}}),
                         [](const auto& info) {
                           std::string name(info.param.protocol->name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// A JK PB master polls the others and then tells its own values, without being asked.
TEST(Listening, TheOwnBlocksOfAJkMasterAreTaken) {
  Listening rig({&kJkBmsPb, {1}});
  rig.wire->open(115200);
  rig.wire->run_for(5s);
  PackState state = rig.bus.pack(1)->state();
  state.soc = 77;
  const auto responder = kJkBmsPb.respond({.address = 1, .serial_number = "SIM000000001", .variant = {}});
  const auto say = [&](std::uint8_t reg) {
    const ByteVector asked = with_modbus_crc({0x01, 0x10, 0x16, reg, 0x00, 0x01, 0x02, 0x00, 0x00});
    auto answer = responder->answer(asked, state);
    ASSERT_TRUE(answer);
    answer->resize(300);
    const ByteVector ack = with_modbus_crc({0x00, 0x10, 0x16, reg, 0x00, 0x01});
    answer->insert(answer->end(), ack.begin(), ack.end());
    rig.talk->listener.received(*answer, rig.wire->now());
  };
  for (int i = 0; i < 12; ++i) {
    say(0x20);
    say(0x1E);
    rig.wire->run_for(1s);
  }
  const PackTalk* master = rig.heard(0);
  ASSERT_NE(master, nullptr);
  EXPECT_EQ(master->state, PackTalk::alive);
  EXPECT_DOUBLE_EQ(*master->battery.get(Field::soc), 77);
  EXPECT_NE(rig.heard(1), nullptr);
}

TEST(Listening, ARepliesThatNameNoServiceAreNothingWithoutTheirRequests) {
  Listening rig({&kDaren485, {1}});
  rig.talk->deaf_to_requests = true;
  rig.wire->open(9600);
  rig.wire->run_for(20s);
  EXPECT_EQ(rig.talk->listener.pack_count(), 0U);
  EXPECT_THAT(rig.talk->listener.listening()->findings(), Contains(HasSubstr("without the request that they answer")));
}

TEST(Listening, OnlyTheConfiguredPacksAreRead) {
  LinePlan plan;
  plan.addresses = {2};
  Listening rig({&kDaren485, {1, 2, 3}}, plan);
  rig.wire->open(9600);
  rig.wire->run_for(20s);
  ASSERT_EQ(rig.talk->listener.pack_count(), 1U);
  EXPECT_EQ(rig.talk->listener.pack(0).address, 2);
}

TEST(Listening, WhatNobodyAsksForIsSaid) {
  Listening rig({&kDaren485, {1}});
  rig.wire->open(9600);
  rig.wire->run_for(2s);
  for (const std::string& finding : rig.talk->listener.listening()->findings())
    EXPECT_EQ(finding.find("unknown"), std::string::npos) << finding;
  // Another one is only asked for its analog values.
  const std::uint8_t group = 1;
  const ByteVector ask = encode_yd1363({0x22, 9, 0x4A, 0x42, {&group, 1}});
  for (int i = 0; i < 2; ++i) rig.talk->listener.received(ask, rig.wire->now() + i * 1s);
  rig.wire->run_for(2s);
  EXPECT_THAT(rig.talk->listener.listening()->findings(), Contains(HasSubstr("is asked and was not heard answering")));
}

TEST(Listening, TheSpeedsAreTriedInTurnUntilSomebodyIsUnderstood) {
  Listening rig({&kDaren485, {1}});
  rig.talk->listeners_baud = 9600;
  rig.wire->open(9600);
  rig.wire->run_for(3s);
  EXPECT_EQ(rig.talk->speeds, 1);
  rig.wire->run_for(30s);
  EXPECT_EQ(rig.talk->speeds, 1) << "it is understood at this one";
  Listening silent({&kDaren485, {1}});
  ASSERT_TRUE(silent.bus.set_silent(SimBus::kAllPacks, true));
  Line line([] {
    LinePlan plan;
    plan.protocols = {&kDaren485};
    plan.listen = true;
    return plan;
  }());
  line.opened(9600, Instant{});
  std::vector<int> speeds;
  for (Instant now{}; now < Instant{} + 21s; now += 1s) {
    while (auto wish = line.next(now)) speeds.push_back(std::get<SetSpeed>(*wish).baud);
  }
  EXPECT_GE(speeds.size(), std::min<std::size_t>(4, kDaren485.speeds.size()));
}

TEST(Listening, NothingCanBeChangedInAPackThatIsOnlyHeard) {
  Listening rig({&kDalyUart, {64}});
  rig.wire->open(9600);
  rig.wire->run_for(20s);
  ASSERT_EQ(rig.talk->listener.pack_count(), 1U);
  const Status done = rig.talk->listener.change(0, {Changeable::charge_fet, 0}, 1, rig.wire->now());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().detail, HasSubstr("only listened to"));
}

// --- Between listening and asking ---

TEST(Listening, WhereAMasterIsHeardBeforeAPackItsPacksAreReadAndAskedWhenItIsGone) {
  LinePlan plan;
  plan.protocols = {&kDaren485};
  plan.listen_if_master = true;
  plan.baud = 9600;
  SimBus bus({.protocol = &kDaren485, .speed = 9600});
  PackModelOptions model;
  model.fixed = true;
  ASSERT_TRUE(bus.add_pack({.address = 1, .serial_number = "SIM000000001", .variant = {}}, PackModel(model)));
  Line line(plan);
  // The other master speaks for 60 s; nothing of ours goes out meanwhile.
  LinePlan theirs;
  theirs.protocols = {&kDaren485};
  theirs.addresses = {1};
  theirs.baud = 9600;
  Overheard talk(theirs, [&] {
    LinePlan never = plan;
    never.listen = true;
    return never;
  }());
  int sent = 0;
  std::size_t packs = 0;
  {
    class Tee final : public Machine {
     public:
      Tee(Machine& master, Line& other, int& sent) : master_(master), other_(other), sent_(sent) {}
      void opened(int baud, Instant now) override {
        master_.opened(baud, now);
        other_.opened(0, now);
      }
      void closed(Instant now) override { master_.closed(now); }
      void received(Bytes bytes, Instant now) override {
        other_.received(bytes, now);
        master_.received(bytes, now);
      }
      std::optional<Action> next(Instant now) override {
        while (auto wish = other_.next(now)) sent_ += std::holds_alternative<SendBytes>(*wish);
        auto action = master_.next(now);
        if (action && std::holds_alternative<SendBytes>(*action))
          other_.received(std::get<SendBytes>(*action).bytes, now);
        return action;
      }
      std::optional<Instant> deadline() const override {
        const auto a = master_.deadline(), b = other_.deadline();
        return !a ? b : !b ? a : std::min(*a, *b);
      }

     private:
      Machine& master_;
      Line& other_;
      int& sent_;
    } tee(talk, line, sent);
    VirtualWire wire(tee, bus);
    wire.open(9600);
    wire.run_for(60s);
    EXPECT_EQ(sent, 0);
    ASSERT_NE(line.listening(), nullptr);
    packs = line.pack_count();
    ASSERT_EQ(packs, 1U);
    EXPECT_EQ(line.pack(0).state, PackTalk::alive);
    // It falls silent.
    Instant now = wire.now();
    for (const Instant end = now + 40s; now < end; now += 10ms) {
      while (auto wish = line.next(now)) sent += std::holds_alternative<SendBytes>(*wish);
    }
  }
  EXPECT_EQ(line.listening(), nullptr);
  EXPECT_EQ(line.pack_count(), packs) << "the same pack, not a second one";
  EXPECT_GT(sent, 0);
}

}  // namespace
}  // namespace bmsd
