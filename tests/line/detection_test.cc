// Every protocol against a search for all of them, in virtual time; other masters; who is not believed.
#include "line/detection.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "protocol/daren_485.h"
#include "protocol/lltjbd_uart.h"
#include "protocol/pylontech_rs485.h"
#include "protocol/registry.h"
#include "scan_rig.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "daren-485 19200 1" of all that was found.
std::vector<std::string> names(const Detection& detection) {
  std::vector<std::string> names;
  for (const Found& one : detection.found())
    names.push_back(std::string(one.protocol->name) + " " + std::to_string(one.baud) + " " +
                    std::to_string(one.address));
  return names;
}

std::string name(const Protocol& protocol, int baud, int address) {
  return std::string(protocol.name) + " " + std::to_string(baud) + " " + std::to_string(address);
}

void run(Detection& detection, VirtualWire& wire, Duration patience = 600s) {
  const Instant end = wire.now() + patience;
  while (!detection.finished() && wire.now() < end) wire.run_for(100ms);
}

class EveryProtocol : public testing::TestWithParam<const Protocol*> {
 protected:
  // A pack of it at this speed and address.
  std::unique_ptr<SimBus> line(int baud, std::vector<int> addresses) {
    auto bus = std::make_unique<SimBus>(SimBusOptions{.protocol = GetParam(), .speed = baud});
    for (const int address : addresses) {
      PackOptions pack;
      pack.address = address;
      PackModelOptions model;
      model.seed = static_cast<std::uint64_t>(address) + 1;
      EXPECT_TRUE(bus->add_pack(pack, PackModel(model)));
    }
    return bus;
  }
};

TEST_P(EveryProtocol, IsFoundAtItsUsualPlaceWithinFiveSecondsAndNothingElse) {
  const Protocol& protocol = *GetParam();
  const int baud = protocol.speeds.front();
  auto bus = line(baud, {protocol.default_address});
  Detection detection({.space = test::serial_space()});
  VirtualWire wire(detection, *bus);
  wire.open(9600);
  run(detection, wire);
  ASSERT_THAT(names(detection), ElementsAre(name(protocol, baud, protocol.default_address)));
  EXPECT_LE(seconds(detection.found().front().after), 5.0);
  EXPECT_TRUE(detection.found().front().second_proof);
}

TEST_P(EveryProtocol, IsFoundAtItsOtherSpeedsAndFactoryAddress) {
  const Protocol& protocol = *GetParam();
  std::vector<std::pair<int, int>> places;
  for (const int baud : protocol.speeds) places.emplace_back(baud, protocol.default_address);
  if (protocol.other_default >= 0) places.emplace_back(protocol.speeds.front(), protocol.other_default);
  for (const auto& [baud, address] : places) {
    auto bus = line(baud, {address});
    Detection detection({.space = test::serial_space(), .first_only = true});
    VirtualWire wire(detection, *bus);
    wire.open(9600);
    run(detection, wire);
    ASSERT_THAT(names(detection), ElementsAre(name(protocol, baud, address)));
    EXPECT_LE(seconds(detection.found().front().after), 8.0);
  }
}

TEST_P(EveryProtocol, AllPacksOfALineAreFound) {
  const Protocol& protocol = *GetParam();
  std::vector<int> addresses = {protocol.default_address};
  for (const int address : protocol.addresses) {
    const bool own = address != protocol.shared_address && address != protocol.default_address;
    if (own && addresses.size() < 4) addresses.push_back(address);
  }
  auto bus = line(protocol.speeds.front(), addresses);
  Detection detection({.space = test::serial_space()});
  VirtualWire wire(detection, *bus);
  wire.open(9600);
  run(detection, wire);
  std::vector<std::string> expected;
  for (const int address : addresses) expected.push_back(name(protocol, protocol.speeds.front(), address));
  EXPECT_THAT(names(detection), testing::UnorderedElementsAreArray(expected));
}

TEST_P(EveryProtocol, WhatIsRememberedIsFoundAtOnce) {
  const Protocol& protocol = *GetParam();
  const int baud = protocol.speeds.back(), address = protocol.addresses.back();
  auto bus = line(baud, {address});
  SearchSpace space = test::serial_space();
  space.remembered = Remembered{&protocol, baud, {address}};
  Detection detection({.space = space, .first_only = true});
  VirtualWire wire(detection, *bus);
  wire.open(9600);
  run(detection, wire);
  ASSERT_THAT(names(detection), ElementsAre(name(protocol, baud, address)));
  EXPECT_LE(seconds(detection.found().front().after), 2.5);
}

// Somebody else asks packs of this protocol, and none of them answers.
class OtherMaster : public Machine {
 public:
  OtherMaster(const Protocol& protocol, int baud) : baud_(baud) {
    for (const int address : protocol.addresses) {
      if (address == protocol.shared_address) continue;
      const auto request = protocol.open({address, {}, false})->request(protocol.proof.front());
      if (request) requests_.push_back(request->bytes);
    }
  }

  void opened(int baud, Instant now) override {
    their_baud_ = baud;
    due_ = std::max(due_, now + 100ms);
  }
  void closed(Instant) override {}
  void received(Bytes, Instant) override { ++spoken_to; }
  std::optional<Action> next(Instant now) override {
    if (now < due_) return std::nullopt;
    due_ = now + 250ms;
    ByteVector bytes = requests_[turn_++ % requests_.size()];
    if (their_baud_ != baud_) bytes = ByteVector(bytes.size() / 2, 0xF8);
    return SendBytes{bytes};
  }
  std::optional<Instant> deadline() const override { return due_; }

  int spoken_to = 0;

 private:
  int baud_, their_baud_ = 0;
  std::vector<ByteVector> requests_;
  std::size_t turn_ = 0;
  Instant due_{};
};

TEST_P(EveryProtocol, AnotherMasterIsNamedAndNeverSpokenTo) {
  const Protocol& protocol = *GetParam();
  for (const int baud : protocol.speeds) {
    OtherMaster other(protocol, baud);
    Detection detection({.space = test::serial_space()});
    VirtualWire wire(detection, other);
    wire.open(19200);
    run(detection, wire, 60s);
    ASSERT_TRUE(detection.finished());
    EXPECT_THAT(detection.found(), IsEmpty());
    ASSERT_NE(detection.master(), nullptr);
    EXPECT_EQ(detection.master()->protocol, &protocol);
    EXPECT_EQ(detection.master()->baud, baud);
    EXPECT_EQ(other.spoken_to, 0);
    EXPECT_THAT(detection.diagnosis(), HasSubstr(std::string(protocol.label)));
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, EveryProtocol, testing::ValuesIn(protocols_over(Medium::stream)),
                         [](const auto& one) {
                           std::string name(one.param->name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// --- Lines with faults ---

struct DarenLine {
  explicit DarenLine(DetectionOptions options = {.space = test::serial_space()})
      : detection(std::move(options)), wire(detection, bus) {
    PackOptions pack;
    EXPECT_TRUE(bus.add_pack(pack, PackModel(PackModelOptions())));
  }
  void look() {
    wire.open(9600);
    run(detection, wire);
  }
  SimBus bus{{.protocol = &kDaren485, .speed = 19200}};
  Detection detection;
  VirtualWire wire;
};

TEST(Detection, WhoContradictsItselfInOneReplyIsNotBelieved) {
  DarenLine line;
  ASSERT_TRUE(line.bus.set(1, "voltage_v", "26.1"));
  line.look();
  EXPECT_THAT(names(line.detection), IsEmpty());
  EXPECT_THAT(line.detection.diagnosis(), HasSubstr("cannot be true"));
}

// Voltage and cells of a JBD board come in two replies.
std::vector<std::string> look_at_jbd(Detection& detection, const char* voltage) {
  SimBus bus({.protocol = &kLltJbdUart, .speed = 9600});
  EXPECT_TRUE(bus.add_pack({}, PackModel(PackModelOptions())));
  EXPECT_TRUE(bus.set(1, "voltage_v", voltage));
  VirtualWire wire(detection, bus);
  wire.open(9600);
  run(detection, wire);
  return names(detection);
}

TEST(Detection, CellsThatDoNotAddUpToTheVoltageOfAnotherReplyAreNotBelieved) {
  Detection detection({.space = test::serial_space()});
  EXPECT_THAT(look_at_jbd(detection, "26.1"), IsEmpty());
  EXPECT_THAT(detection.diagnosis(), HasSubstr("do not add up"));
}

TEST(Detection, ATypeThatSomebodyNamedIsBelieved) {
  SearchSpace space;
  space.protocols = {&kLltJbdUart};
  Detection detection({.space = space, .first_only = true});
  ASSERT_THAT(look_at_jbd(detection, "26.1"), ElementsAre("lltjbd-uart 9600 1"));
  EXPECT_FALSE(detection.found().front().second_proof);
}

TEST(Detection, WhoRefusesTheIdentifyingExchangeIsAskedForAnother) {
  SimBus bus({.protocol = &kPylontechRs485, .speed = 115200});
  PackOptions pack;
  pack.address = 2;
  pack.variant = {{"unknown", "93"}};
  ASSERT_TRUE(bus.add_pack(pack, PackModel(PackModelOptions())));
  Detection detection({.space = test::serial_space()});
  VirtualWire wire(detection, bus);
  wire.open(9600);
  run(detection, wire);
  ASSERT_THAT(names(detection), ElementsAre("pylontech-rs485 115200 2"));
  EXPECT_TRUE(detection.found().front().second_proof);
}

TEST(Detection, AnEchoIsNoMasterAndNoPack) {
  DarenLine line;
  line.bus.faults().set(Fault::echo, 1);
  line.look();
  EXPECT_THAT(names(line.detection), ElementsAre("daren-485 19200 1"));
  EXPECT_EQ(line.detection.master(), nullptr);
}

TEST(Detection, OnlyAnEchoIsSaidToBeOne) {
  DarenLine line;
  line.bus.faults().set(Fault::echo, 1);
  ASSERT_TRUE(line.bus.set_silent(1, true));
  line.look();
  EXPECT_THAT(names(line.detection), IsEmpty());
  EXPECT_THAT(line.detection.diagnosis(), HasSubstr("echo"));
}

TEST(Detection, SilenceIsSaidToBeSilence) {
  DarenLine line;
  ASSERT_TRUE(line.bus.set_silent(1, true));
  line.look();
  EXPECT_THAT(line.detection.diagnosis(), HasSubstr("silence"));
}

TEST(Detection, DamagedRepliesAreNamed) {
  DarenLine line;
  line.bus.faults().set(Fault::corrupt, 1);
  line.look();
  EXPECT_THAT(names(line.detection), IsEmpty());
  EXPECT_THAT(line.detection.diagnosis(), HasSubstr("bad checksums"));
}

TEST(Detection, BeginsAnewAfterNothingWasFound) {
  DarenLine line;
  ASSERT_TRUE(line.bus.set_silent(1, true));
  line.look();
  ASSERT_THAT(names(line.detection), IsEmpty());
  ASSERT_TRUE(line.bus.set_silent(1, false));
  line.detection.restart(line.wire.now());
  line.wire.run_for(100ms);
  run(line.detection, line.wire);
  EXPECT_THAT(names(line.detection), ElementsAre("daren-485 19200 1"));
}

}  // namespace
}  // namespace bmsd
