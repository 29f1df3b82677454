// The answering side of Renogy, against register dumps first: they are the witness that neither it nor the decoder has
// made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "battery/battery.h"
#include "polls.h"
#include "renogy_replies.h"

namespace bmsd::renogy_sim_test {
namespace {

using namespace test;  // NOLINT: a test of these polls
using nlohmann::json;
using test::renogy::extras_of;
using test::renogy::index_of;
using test::renogy::text_of;
using testing::ElementsAre;
using testing::IsEmpty;
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> pack(Variant variant = {}, int address = 0x30, std::string serial = "PPTAH02011700206") {
  PackOptions options;
  options.address = address;
  options.serial_number = std::move(serial);
  options.variant = std::move(variant);
  return respond_as_renogy(options);
}

// The reply in hexadecimal; empty: silence.
std::string ask(Responder& responder, std::string_view request, const PackState& state = {}) {
  const auto reply = responder.answer(with_modbus_crc(*from_hex(request)), state);
  return reply ? to_hex(*reply) : "";
}

PackState some_state() {
  PackState state;
  state.cell_voltages = {3.3, 3.3, 3.3, 3.3};
  state.cell_temperatures = {18, 18, 18, 18};
  state.voltage = 13.5;
  state.capacity_remaining = 92.999;
  state.capacity_full = 100;
  state.mos_temperature = 0;
  state.ambient_temperature = 20;
  state.max_charge_current = 50;
  state.max_discharge_current = 100;
  state.cell_voltage_max_limit = 3.7;
  state.cell_voltage_min_limit = 2.5;
  return state;
}

TEST(RenogySim, AnswersWithTheDumpedRegisters) {
  const auto polls = load_polls("renogy.json");
  const auto dump =
      std::ranges::find_if(polls, [](const Poll& poll) { return poll.vector.name.starts_with("RBT100LFP12SH-G1"); });
  ASSERT_NE(dump, polls.end());
  const auto responder =
      pack({{"model", "RBT100LFP12SH-G1"}, {"sensors_counted", "fewer"}, {"heater", "off"}}, 0xF7, "PPTAHXXXXXXXXXXX");
  int compared = 0;
  for (const auto& [request, response] : dump->exchanges) {
    PackState state = some_state();
    std::string expected = to_hex(response);
    const auto reply = responder->answer(request, state);
    ASSERT_TRUE(reply);
    std::string said = to_hex(*reply);
    if (request[3] == 0xAB) {  // the heater's sensor is simulated at another temperature
      const std::size_t heater = 6 + 5 * 4;
      expected.replace(heater, 4, said.substr(heater, 4));
      expected.resize(expected.size() - 4);
      said.resize(said.size() - 4);
    }
    EXPECT_EQ(said, expected);
    ++compared;
  }
  EXPECT_EQ(compared, 7);
}

TEST(RenogySim, RefusesWhatItDoesNotHave) {
  auto responder = pack();
  EXPECT_EQ(ask(*responder, "30030088001E"), "308302913E") << "as it was captured";
  EXPECT_EQ(ask(*responder, "300313880030").substr(0, 6), "308302") << "a gap";
  EXPECT_EQ(ask(*responder, "300313880000").substr(0, 6), "308303");
  EXPECT_EQ(ask(*responder, "30031388007E").substr(0, 6), "308303");
  EXPECT_EQ(ask(*responder, "300413880001").substr(0, 6), "308401");
  EXPECT_EQ(ask(*responder, "300614660001").substr(0, 6), "308604") << "nothing can be written here";
  EXPECT_EQ(ask(*responder, "310313880001"), "") << "another battery";
  EXPECT_EQ(responder->answer(*from_hex("3003138800014481"), {}), std::nullopt) << "damaged";
  EXPECT_EQ(ask(*pack({{"gaps", "answered"}}), "300313880030").substr(0, 6), "300360");
  EXPECT_EQ(ask(*pack({{"missing", "5048"}}), "300313B20007").substr(0, 6), "308302");
  EXPECT_EQ(ask(*pack({{"longest", "20"}}), "300313880022").substr(0, 6), "308303");
}

TEST(RenogySim, VariantsThatDoNotExistAreRefused) {
  for (const Variant& variant : {Variant{{"status", "half"}},
                                 {{"colour", "red"}},
                                 {{"environment", "3"}},
                                 {{"missing", "x"}},
                                 {{"longest", "126"}},
                                 {{"model", ""}},
                                 {{"model", "seventeen letters"}},
                                 {{"heater", "hot"}}}) {
    EXPECT_FALSE(pack(variant)) << variant.begin()->first;
  }
  EXPECT_FALSE(pack({}, 0));
  EXPECT_FALSE(pack({}, 248));
}

// All that a session reads of a pack: what was said last of each value. Refusals are told to it as the line does.
Battery read_all(Responder& responder, const PackState& state) {
  const auto session = kRenogy.open({.address = 0x30, .params = {}, .extras = true});
  Battery battery;
  for (std::size_t exchange = 0; exchange < kRenogy.exchanges.size(); ++exchange) {
    for (int tries = 0; tries < 6; ++tries) {
      const auto index = static_cast<std::uint8_t>(exchange);
      const auto request = session->request(index);
      if (!request) break;
      const auto reply = responder.answer(request->bytes, state);
      if (!reply) break;
      const auto reading = test::renogy::hear(*session, *request, *reply);
      if (!reading) {
        session->failed(index, reading.error());
        continue;
      }
      EXPECT_TRUE(battery.merge(*reading, index, Instant()));
      break;
    }
  }
  return battery;
}

TEST(RenogySim, EveryVariantIsUnderstood) {
  const PackState state = some_state();
  const auto understood = [&](const Variant& variant) { return read_all(*pack(variant), state); };
  const auto holds = [&](const Variant& variant) {
    const Battery battery = understood(variant);
    EXPECT_EQ(battery.get(Field::voltage), 13.5);
    EXPECT_EQ(battery.get(Field::soc), 93);
    EXPECT_EQ(battery.get(Field::max_charge_current), 50);
    EXPECT_THAT(*battery.cell_voltages(), ElementsAre(3.3, 3.3, 3.3, 3.3));
    EXPECT_EQ(battery.cell_temperatures()->front(), 18);
    EXPECT_EQ(battery.get(Field::ambient_temperature), 20);
    EXPECT_EQ(battery.text(Text::serial_number), "PPTAH02011700206");
    EXPECT_EQ(battery.text(Text::software_version), "0119");
    EXPECT_EQ(battery.text(Text::hardware), "RENOGY RBT50LFP48S");
    EXPECT_EQ(battery.flag(Field::charge_fet_on), true);
    EXPECT_THAT(battery.alarms().names, IsEmpty());
    EXPECT_EQ(battery.alarms().blocks, 0);
  };
  for (const Variant& variant : {Variant{},
                                 {{"gaps", "answered"}},
                                 {{"longest", "20"}},
                                 {{"longest", "17"}},
                                 {{"missing", "5034,5035,5048,5050,5108,5118,5121,5200,5226"}},
                                 {{"missing", "5100,5101,5102,5103,5104,5105,5109"}},
                                 {{"heater", "on"}},
                                 {{"sensors_counted", "fewer"}}}) {
    SCOPED_TRACE(variant.empty() ? "" : variant.begin()->first + "=" + variant.begin()->second);
    holds(variant);
  }
  EXPECT_EQ(understood({{"missing", "5048"}}).value(Field::cycles).quality, Quality::never);
  EXPECT_EQ(understood({{"status", "empty"}}).flag(Field::charge_fet_on), std::nullopt);
  EXPECT_EQ(understood({{"environment", "0"}}).get(Field::ambient_temperature), std::nullopt);
  EXPECT_EQ(understood({{"environment", "2"}}).get(Field::pack_temperature), 20.5);
  EXPECT_THAT(understood({{"name", "undecodable"}}).identities(), IsEmpty());
  EXPECT_EQ(std::get<bool>(understood({{"heater", "on"}}).extras().at("heating_on")), true);
}

// The decoder understands every battery that can be simulated.
RC_GTEST_PROP(RenogySim, WhatItSaysIsUnderstood, (bool pro)) {
  const auto in = [](int low, int high) { return *rc::gen::inRange(low, high); };
  PackState state;
  state.cell_voltages.resize(static_cast<std::size_t>(in(1, 17)));
  for (double& cell : state.cell_voltages) cell = in(1, 50) / 10.0;
  state.cell_temperatures.resize(static_cast<std::size_t>(in(0, 17)));
  for (double& sensor : state.cell_temperatures) sensor = in(-400, 900) / 10.0;
  state.voltage = in(0, 700) / 10.0;
  state.current = in(-3000, 3000) / 10.0;
  state.capacity_full = in(1, 400000) / 1000.0;
  state.capacity_remaining = state.capacity_full * in(0, 101) / 100;
  state.mos_temperature = in(1, 900) / 10.0;
  state.ambient_temperature = in(-400, 900) / 10.0;
  state.cycles = in(0, 65536);
  state.max_charge_current = in(1, 30000) / 100.0;
  state.max_discharge_current = in(1, 30000) / 100.0;
  state.charge_fet = *rc::gen::arbitrary<bool>();
  state.discharge_fet = *rc::gen::arbitrary<bool>();
  for (const AlarmBit& bit : kRenogy.alarm_bits) {
    if (*rc::gen::arbitrary<bool>()) state.alarms.insert(bit.name);
  }
  const auto near = [](const std::optional<double>& a, double b, double most) {
    return a && std::abs(*a - b) < most + 1e-9;
  };
  const Battery battery = read_all(*pack({{"model", pro ? "RBT12200LFP-B" : "RBT50LFP48S"}}), state);
  RC_ASSERT(near(battery.get(Field::voltage), state.voltage, 0));
  RC_ASSERT(near(battery.get(Field::current), state.current, 0));
  RC_ASSERT(near(battery.get(Field::capacity_full), state.capacity_full, 0.0005));
  RC_ASSERT(near(battery.get(Field::capacity_remaining), state.capacity_remaining, 0.0005));
  RC_ASSERT(near(battery.get(Field::mos_temperature), state.mos_temperature, 0));
  RC_ASSERT(near(battery.get(Field::ambient_temperature), state.ambient_temperature, 0));
  RC_ASSERT(near(battery.get(Field::cycles), state.cycles, 0));
  RC_ASSERT(near(battery.get(Field::max_charge_current), state.max_charge_current, 0));
  RC_ASSERT(near(battery.get(Field::max_discharge_current), state.max_discharge_current, 0));
  RC_ASSERT(battery.flag(Field::charge_fet_on) == state.charge_fet);
  RC_ASSERT(battery.flag(Field::discharge_fet_on) == state.discharge_fet);
  RC_ASSERT(battery.cell_voltages() == state.cell_voltages);
  RC_ASSERT(battery.cell_temperatures() == state.cell_temperatures);
  const auto& names = battery.alarms().names;
  RC_ASSERT(names.size() == state.alarms.size());
  for (const char* name : names) RC_ASSERT(state.alarms.contains(name));
}

}  // namespace
}  // namespace bmsd::renogy_sim_test
