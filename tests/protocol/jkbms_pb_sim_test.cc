// The answering side of the JK PB, against captured blocks first: they are the witness that neither it nor the decoder has
// made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "jkbms_pb_replies.h"
#include "polls.h"

namespace bmsd::jkbms_pb_sim_test {
namespace {

using namespace test;  // NOLINT: a test of these polls
using nlohmann::json;
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> pack(Variant variant = {}, int address = 3) {
  PackOptions options;
  options.address = address;
  options.serial_number = "SIM0000000001";
  options.variant = std::move(variant);
  return respond_as_jkbms_pb(options);
}

ByteVector ask(Responder& responder, int exchange, const PackState& state = {}, int address = 3) {
  return responder.answer(jkbms_pb::request(address, exchange), state).value_or(ByteVector());
}

PackState state_of(const json& expect) {
  PackState state;
  state.cell_voltages = expect["cell_voltages_v"].get<std::vector<double>>();
  state.cell_temperatures = expect["temperatures_c"].get<std::vector<double>>();
  state.voltage = expect["voltage_v"];
  state.current = expect["current_a"];
  state.soc = expect["soc_percent"];
  state.soh = expect["soh_percent"];
  state.capacity_full = expect["capacity_full_ah"];
  state.capacity_remaining = expect["capacity_remaining_ah"];
  state.cycles = expect["cycles"];
  state.total_discharge = expect["cycle_capacity_ah"];
  state.mos_temperature = expect["mos_temperature_c"];
  state.charge_fet = expect["charge_fet_on"];
  state.discharge_fet = expect["discharge_fet_on"];
  for (const json& name : expect["alarms"]) state.alarms.insert(name.get<std::string>());
  return state;
}

// Compares the bytes [first, last] of two blocks.
void expect_same(const ByteVector& a, const ByteVector& b, std::size_t first, std::size_t last,
                 const std::string& name) {
  EXPECT_EQ(to_hex(Bytes(a).subspan(first, last - first + 1)), to_hex(Bytes(b).subspan(first, last - first + 1)))
      << name << ", from byte " << first;
}

TEST(JkBmsPbSim, SaysWhatCapturedPacksSay) {
  int compared = 0;
  for (const Vector& vector : load_vectors("jkbms-pb.json")) {
    const json& expect = vector.expect;
    if (!vector.must_hold || expect.is_null() || !expect.contains("voltage_v") || !expect.contains("responder_address"))
      continue;
    const int address = expect["responder_address"];
    if (address == 0 || vector.name.starts_with("transmit echo")) continue;
    const auto responder = pack({{"counter", std::to_string(expect["frame_counter"].get<int>())}}, address);
    const ByteVector said = ask(*responder, jkbms_pb::kStatus, state_of(expect), address);
    ASSERT_EQ(said.size(), 308U);
    ++compared;
    expect_same(said, vector.response, 0, 73, vector.name);     // head, cells, which are there
    expect_same(said, vector.response, 144, 145, vector.name);  // power board
    expect_same(said, vector.response, 150, 153, vector.name);  // voltage
    expect_same(said, vector.response, 158, 165, vector.name);  // current, sensors
    expect_same(said, vector.response, 166, 169, vector.name);  // alarms
    expect_same(said, vector.response, 173, 190, vector.name);  // state of charge to state of health
    expect_same(said, vector.response, 198, 199, vector.name);  // switches
    expect_same(said, vector.response, 214, 215, vector.name);  // sensors, heater
    if (expect["temperatures_c"].size() < 4) continue;
    expect_same(said, vector.response, 256, 259, vector.name);  // sensors
  }
  EXPECT_GE(compared, 5);
}

TEST(JkBmsPbSim, PutsEverySettingWhereCapturedOnesAre) {
  PackState state;
  state.cell_voltages.resize(16);
  state.cell_voltage_max_limit = 3.65;
  state.cell_voltage_min_limit = 2.7;
  state.max_charge_current = 60;
  state.max_discharge_current = 100;
  state.capacity_design = 280;
  const ByteVector said = ask(*pack(), jkbms_pb::kSettings, state);
  const auto polls = load_polls("jkbms-pb.json");
  const ByteVector& captured = polls.front().exchanges.front().second;
  for (const auto& [first, last] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 5}, {10, 13}, {18, 21}, {26, 29}, {38, 38}, {50, 81}, {106, 109}, {114, 141}, {270, 273}, {284, 286}})
    expect_same(said, captured, first, last, "settings");
}

TEST(JkBmsPbSim, TextsAreWhereCapturedOnesAre) {
  PackOptions options;
  options.address = 3;
  options.serial_number = "40119491480";
  options.variant = {{"name", "BB02"}};
  const ByteVector said = ask(*respond_as_jkbms_pb(options), jkbms_pb::kAbout);
  const auto polls = load_polls("jkbms-pb.json");
  const ByteVector& captured = polls.front().exchanges[1].second;
  for (const auto& [first, last] :
       std::vector<std::pair<std::size_t, std::size_t>>{{0, 37}, {42, 61}, {78, 97}, {102, 117}, {134, 149}})
    expect_same(said, captured, first, last, "about");
}

TEST(JkBmsPbSim, WhatIsNotForItGetsNoAnswer) {
  const auto responder = pack();
  EXPECT_TRUE(responder->answer(jkbms_pb::request(3, jkbms_pb::kStatus), {}));
  EXPECT_FALSE(responder->answer(jkbms_pb::request(2, jkbms_pb::kStatus), {}));
  ByteVector damaged = jkbms_pb::request(3, jkbms_pb::kStatus);
  damaged[9] ^= 1;
  EXPECT_FALSE(responder->answer(damaged, {}));
  EXPECT_FALSE(responder->answer(jkbms_pb::ack(3, jkbms_pb::kStatus), {}));
  EXPECT_FALSE(responder->answer(with_modbus_crc({3, 0x10, 0x16, 0x04, 0, 1, 2, 0, 0}), {})) << "shutting down";
}

TEST(JkBmsPbSim, FirmwareAndAdaptersDiffer) {
  using jkbms_pb::kAbout, jkbms_pb::kStatus;
  const ByteVector plain = ask(*pack(), kStatus);
  ASSERT_EQ(plain.size(), 308U);
  EXPECT_EQ(ask(*pack({{"pads", "front"}}), kStatus).size(), 309U);
  EXPECT_EQ(ask(*pack({{"pads", "behind"}}), kStatus).size(), 309U);
  EXPECT_EQ(ask(*pack({{"pads", "both"}}), kStatus).size(), 310U);
  EXPECT_EQ(to_hex(Bytes(ask(*pack({{"echo", "3"}}), kStatus)).first(5)), "00CF9155AA");
  EXPECT_EQ(ask(*pack({{"acknowledged", "no"}}), kStatus).size(), 300U);
  EXPECT_EQ(to_hex(ask(*pack({{"exception", "2"}}), kStatus)), "0390026C01");
  EXPECT_TRUE(ask(*pack({{"about", "never"}}), kAbout).empty());
  const auto moody = pack({{"about", "sometimes"}});
  EXPECT_TRUE(ask(*moody, kAbout).empty());
  EXPECT_FALSE(ask(*moody, kAbout).empty());
  EXPECT_TRUE(ask(*moody, kAbout).empty());
}

TEST(JkBmsPbSim, VariantsThatDoNotExistAreRefused) {
  for (const Variant& variant : {Variant{{"pads", "three"}},
                                 {{"colour", "red"}},
                                 {{"echo", "12"}},
                                 {{"counter", "256"}},
                                 {{"hardware", "123456789"}},
                                 {{"name", ""}},
                                 {{"heater", "yes"}},
                                 {{"serial", "yes"}}}) {
    EXPECT_FALSE(pack(variant)) << variant.begin()->first;
  }
}

// The decoder understands every pack that can be simulated.
RC_GTEST_PROP(JkBmsPbSim, WhatItSaysIsUnderstood, ()) {
  const auto in = [](int low, int high) { return *rc::gen::inRange(low, high); };
  const auto word = [](std::vector<std::string> words) { return *rc::gen::elementOf(words); };
  PackState state;
  for (int i = in(1, 33); i > 0; --i) state.cell_voltages.push_back(in(1, 5000) / 1000.0);
  for (int i = in(0, 5); i > 0; --i) state.cell_temperatures.push_back(in(-400, 1000) / 10.0);
  state.voltage = in(0, 160000) / 1000.0;
  state.current = in(-300000, 300000) / 1000.0;
  state.soc = in(0, 101);
  state.soh = in(0, 101);
  state.capacity_full = in(1, 6000000) / 1000.0;
  state.capacity_remaining = in(0, 6000000) / 1000.0;
  state.capacity_design = in(1, 6000000) / 1000.0;
  state.cycles = in(0, 100000);
  state.mos_temperature = in(-400, 1500) / 10.0;
  state.charge_fet = in(0, 2) == 1;
  state.discharge_fet = in(0, 2) == 1;
  state.max_charge_current = in(0, 300000) / 1000.0;
  state.max_discharge_current = in(0, 300000) / 1000.0;
  state.cell_voltage_max_limit = in(3000, 4000) / 1000.0;
  state.cell_voltage_min_limit = in(1000, 3000) / 1000.0;
  for (const AlarmBit& bit : kJkBmsPb.alarm_bits) {
    if (in(0, 2) == 1) state.alarms.insert(bit.name);
  }
  const int address = in(1, 16);
  const auto responder = pack({{"pads", word({"none", "front", "behind", "both"})},
                               {"echo", std::to_string(in(0, 12))},
                               {"counter", std::to_string(in(0, 256))}},
                              address);
  const auto session = kJkBmsPb.open({.address = address, .params = {}, .extras = true});
  const auto read = [&](std::uint8_t exchange) {
    const auto request = session->request(exchange);
    const auto bytes = responder->answer(request->bytes, state);
    RC_ASSERT(bytes.has_value());
    Bytes rest = *bytes;
    Scan scan = kJkBmsPb.framer(rest, true);
    while (scan.kind == Scan::junk || kJkBmsPb.tag({rest.first(scan.size)}).role == Role::request) {
      rest = rest.subspan(scan.size);
      scan = kJkBmsPb.framer(rest, true);
    }
    const Frame frame{rest.first(scan.size)};
    RC_ASSERT(scan.size == rest.size());
    RC_ASSERT(kJkBmsPb.tag(frame).address == address);
    auto reading = session->decode({&*request, {&frame, 1}, true});
    RC_ASSERT(reading.ok());
    return *reading;
  };
  const auto near = [](const std::optional<double>& a, double b) { return a && std::abs(*a - b) < 0.0001; };
  const Reading status = read(0), settings = read(1), about = read(2);
  RC_ASSERT(near(status.get(Field::voltage), state.voltage));
  RC_ASSERT(near(status.get(Field::current), state.current));
  RC_ASSERT(near(status.get(Field::soc), state.soc));
  RC_ASSERT(near(status.get(Field::soh), state.soh));
  RC_ASSERT(near(status.get(Field::capacity_full), state.capacity_full));
  RC_ASSERT(near(status.get(Field::capacity_remaining), state.capacity_remaining));
  RC_ASSERT(near(status.get(Field::cycles), state.cycles));
  RC_ASSERT(near(status.get(Field::mos_temperature), state.mos_temperature));
  RC_ASSERT(near(status.get(Field::charge_fet_on), state.charge_fet));
  RC_ASSERT(near(status.get(Field::discharge_fet_on), state.discharge_fet));
  RC_ASSERT(status.alarms->names.size() == state.alarms.size());
  for (const char* name : status.alarms->names) RC_ASSERT(state.alarms.contains(name));
  RC_ASSERT(status.cell_voltages->size() == state.cell_voltages.size());
  for (std::size_t i = 0; i < state.cell_voltages.size(); ++i)
    RC_ASSERT(near((*status.cell_voltages)[i], state.cell_voltages[i]));
  RC_ASSERT(status.cell_temperatures->size() == state.cell_temperatures.size());
  for (std::size_t i = 0; i < state.cell_temperatures.size(); ++i)
    RC_ASSERT(near((*status.cell_temperatures)[i], state.cell_temperatures[i]));
  RC_ASSERT(near(settings.get(Field::max_charge_current), state.max_charge_current));
  RC_ASSERT(near(settings.get(Field::max_discharge_current), state.max_discharge_current));
  RC_ASSERT(near(settings.get(Field::cell_voltage_max_limit), state.cell_voltage_max_limit));
  RC_ASSERT(near(settings.get(Field::cell_voltage_min_limit), state.cell_voltage_min_limit));
  RC_ASSERT(near(settings.get(Field::capacity_design), state.capacity_design));
  RC_ASSERT(about.identities == std::vector<std::string>{"SIM0000000001"});
}

}  // namespace
}  // namespace bmsd::jkbms_pb_sim_test
