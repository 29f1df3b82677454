// Captures without names: of every protocol that can be simulated, damaged and whole.
#include "line/anonymise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "line/line.h"
#include "line/wiretap.h"
#include "protocol/daren_485.h"
#include "protocol/names.h"
#include "protocol/registry.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

using ::testing::HasSubstr;

const std::string kSecret = "SECRETNO1";

struct Conversation {
  std::vector<CaptureRecord> records;
  int address = 0;
};

// Everything that can be asked, of one pack.
Conversation talk(const Protocol& protocol, double corrupt = 0) {
  Conversation conversation;
  conversation.address = protocol.default_address;
  SimBus bus({.protocol = &protocol, .speed = protocol.speeds.front(), .chunk = 1ms, .seed = 4});
  PackModelOptions model;
  model.fixed = true;
  PackOptions pack;
  pack.address = conversation.address;
  pack.serial_number = kSecret;
  EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
  bus.faults().set(Fault::corrupt, corrupt);
  LinePlan plan;
  plan.protocols = {&protocol};
  plan.baud = protocol.speeds.front();
  plan.addresses = {conversation.address};
  Line line(plan);
  Wiretap tap(line, [&conversation](const Wiretap::Event& event) {
    CaptureRecord record;
    record.at = 1'700'000'000'000'000 + event.at.time_since_epoch().count();
    record.port = "p";
    record.kind = event.kind;
    record.baud = event.baud;
    record.bytes.assign(event.bytes.begin(), event.bytes.end());
    conversation.records.push_back(std::move(record));
  });
  VirtualWire wire(tap, bus);
  wire.open(9600);
  wire.run_for(15s);
  line.demand_all();
  wire.run_for(corrupt > 0 ? 300s : 60s);
  return conversation;
}

std::string bytes_of(const std::vector<CaptureRecord>& records) {
  std::string all;
  for (const CaptureRecord& record : records) all += as_text(record.bytes);
  return all;
}

bool holds_secret(const std::string& bytes) {
  return bytes.find("SECRET") != std::string::npos || bytes.find(to_hex(as_bytes("SECRET"))) != std::string::npos;
}

std::vector<const Protocol*> simulated() {
  std::vector<const Protocol*> all;
  for (const Protocol* protocol : protocols())
    if (protocol->medium == Medium::stream && protocol->respond != nullptr && names_of(*protocol) != nullptr)
      all.push_back(protocol);
  return all;
}

class Anonymising : public ::testing::TestWithParam<const Protocol*> {};

TEST_P(Anonymising, LeavesNoNameAndEveryFrameIntact) {
  const Protocol& protocol = *GetParam();
  const Conversation conversation = talk(protocol);
  const auto done = anonymise(conversation.records, {{"p", {&protocol}}});
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_FALSE(holds_secret(bytes_of(done->records)));
  if (holds_secret(bytes_of(conversation.records))) {
    EXPECT_GT(done->names, 0U);
  }
  ASSERT_EQ(done->records.size(), conversation.records.size());
  int frames = 0;
  std::string before = bytes_of(conversation.records), after = bytes_of(done->records);
  ASSERT_EQ(before.size(), after.size());
  if (done->bytes_removed > 0) return;  // what nobody understands
  for (std::size_t at = 0; at < after.size();) {
    const Scan was = protocol.framer(as_bytes(before).subspan(at), true);
    const Scan is = protocol.framer(as_bytes(after).subspan(at), true);
    ASSERT_EQ(was.kind, is.kind) << "at byte " << at;
    ASSERT_EQ(was.size, is.size);
    frames += is.kind == Scan::frame;
    at += is.size;
  }
  EXPECT_GT(frames, 20);
}

TEST_P(Anonymising, DamagedRepliesTellNothingEither) {
  const Protocol& protocol = *GetParam();
  const Conversation conversation = talk(protocol, 0.3);
  const auto done = anonymise(conversation.records, {{"p", {&protocol}}});
  ASSERT_TRUE(done) << describe(done.error());
  const std::string bytes = bytes_of(done->records);
  for (const char* part : {"SECR", "CRET", "ETNO"}) {
    EXPECT_EQ(bytes.find(part), std::string::npos) << part;
    EXPECT_EQ(bytes.find(to_hex(as_bytes(part))), std::string::npos) << part;
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, Anonymising, ::testing::ValuesIn(simulated()), [](const auto& info) {
  std::string name(info.param->name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Anonymise, WhatNamesAnAdapterOrANetworkIsRenamed) {
  Conversation conversation = talk(kDaren485);
  for (CaptureRecord& record : conversation.records) record.port = "usb:A50285BI";
  const auto done = anonymise(conversation.records, {{"usb:A50285BI", {&kDaren485}}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->records.front().port, "port1");
}

std::string refusal(const std::vector<CaptureRecord>& records, const std::vector<const Protocol*>& spoken) {
  const auto done = anonymise(records, {{"p", spoken}});
  return done ? "" : done.error().detail;
}

TEST(Anonymise, WhatCannotBeDoneIsRefused) {
  const Conversation conversation = talk(kDaren485);
  EXPECT_THAT(refusal(conversation.records, {}), HasSubstr("nobody knows what is spoken there"));
  Protocol unknown = kDaren485;
  unknown.name = "some-new-one";
  EXPECT_THAT(refusal(conversation.records, {&unknown}),
              HasSubstr("is not known, so this capture cannot be anonymised"));
  std::vector<CaptureRecord> can(1);
  can[0].port = "p";
  can[0].can = true;
  EXPECT_THAT(refusal(can, {}), HasSubstr("CAN"));
}

TEST(Anonymise, ANameThatStandsWhereNoneIsExpectedIsRefused) {
  Conversation conversation = talk(kDaren485);
  // Another device tells it too, in bytes that nobody understands, long after anybody asked for names.
  CaptureRecord stranger = conversation.records.back();
  stranger.kind = CaptureRecord::received;
  stranger.at += 60'000'000;
  stranger.bytes.assign(kSecret.begin(), kSecret.end());
  conversation.records.push_back(stranger);
  EXPECT_THAT(refusal(conversation.records, {&kDaren485}), HasSubstr("also stands where no protocol has one"));
}

}  // namespace
}  // namespace bmsd
