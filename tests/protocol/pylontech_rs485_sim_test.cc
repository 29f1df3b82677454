// The answering side of Pylontech, against captured frames first: they are the witness that neither it nor the decoder
// has made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/pylontech_rs485.h"
#include "there_and_back.h"

namespace bmsd::pylontech_rs485_sim_test {
namespace {

using namespace test;  // NOLINT: a test of what these make
using nlohmann::json;
using Variant = std::map<std::string, std::string, std::less<>>;

constexpr char kSerialNumber[] = "H222003C32220459";

PackOptions pack(int address = 2, Variant variant = {}) {
  PackOptions options;
  options.address = address;
  options.serial_number = kSerialNumber;
  options.variant = std::move(variant);
  return options;
}

PackState some_state() {
  PackState state;
  state.cell_voltages.assign(15, 3.3);
  state.cell_temperatures.assign(4, 20);
  state.voltage = 49.5;
  state.capacity_full = 74;
  state.capacity_remaining = 37;
  state.soc = 50;
  state.max_charge_current = 37;
  state.max_discharge_current = 74;
  return state;
}

// The reply's text without CR; empty: silence.
std::string ask(Responder& responder, const std::string& request, const PackState& state = some_state()) {
  const auto reply = responder.answer(as_bytes(request + "\r"), state);
  if (!reply) return {};
  EXPECT_EQ(reply->back(), '\r');
  return {reply->begin(), reply->end() - 1};
}

std::string ask(const PackOptions& options, const std::string& request, const PackState& state = some_state()) {
  return ask(*respond_as_pylontech_rs485(options), request, state);
}

// RTN of a reply as text: "00".
std::string rtn(const std::string& reply) { return reply.size() < 9 ? reply : reply.substr(7, 2); }

// --- Against the vectors ---

json vectors() {
  std::ifstream file(BMSD_TESTS_DIR "/vectors/pylontech-rs485.json");
  return json::parse(file);
}

PackState state_of_42(const json& expect) {
  PackState state = some_state();
  state.cell_voltages = expect["cell_voltages_v"].get<std::vector<double>>();
  state.cell_temperatures = expect["cell_temperatures_c"].get<std::vector<double>>();
  state.mos_temperature = expect["bms_temperature_c"];
  state.voltage = expect["voltage_v"];
  state.current = expect["current_a"];
  state.cycles = expect["cycles"];
  state.capacity_remaining = expect["capacity_remaining_ah"];
  state.capacity_full = expect["capacity_full_ah"];
  return state;
}

PackState state_of_44(const json& expect) {
  PackState state = some_state();
  state.cell_voltages.assign(expect["cell_count"].get<std::size_t>(), 3.3);
  state.charge_fet = expect["charge_fet_on"];
  state.discharge_fet = expect["discharge_fet_on"];
  state.current = expect["effective_discharge_current"] ? -5 : 0;
  state.soc = expect["fully_charged"] ? 100 : 50;
  for (const json& name : expect["alarms"]) state.alarms.insert(name.get<std::string>());
  return state;
}

TEST(PylontechRs485Sim, SaysEachReplyOfOnePackAsTheVectorsDo) {
  int analog = 0, states = 0;
  for (const json& vector : vectors()) {
    if (!vector.contains("expect") || !vector["expect"].contains("command")) continue;
    const json& expect = vector["expect"];
    const std::string request = vector["request"], response = vector["response"];
    const bool is_42 = request.substr(7, 2) == "42";
    Variant variant = {{"data_flag", std::to_string(expect["data_flag"].get<int>())}};
    // One vector has no byte behind the documented end.
    variant["more_states"] = response.substr(9, 4) == "C040" ? "no" : "yes";
    if (is_42) variant["items"] = std::to_string(expect["user_defined_items"].get<int>());
    const int address = std::stoi(request.substr(3, 2), nullptr, 16);
    const PackState state = is_42 ? state_of_42(expect) : state_of_44(expect);
    EXPECT_EQ(ask(pack(address, variant), request, state), response) << vector["name"];
    ++(is_42 ? analog : states);
  }
  EXPECT_EQ(analog, 6);
  EXPECT_EQ(states, 10);
}

TEST(PylontechRs485Sim, SaysTheOtherServicesAsAUS3000CDoes) {
  PackState state = some_state();
  int compared = 0;
  for (const json& vector : vectors()) {
    const std::string name = vector["name"];
    const bool same = name == "US3000C serial number" || name == "US3000C manufacturer info" ||
                      name == "US3000C software version" || name == "US3000C protocol version";
    if (!same) continue;
    EXPECT_EQ(ask(pack(), vector["request"].get<std::string>(), state), vector["response"]) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 4);
}

// --- Requests ---

TEST(PylontechRs485Sim, AnswersEachRequestOfTheSheet) {
  const std::pair<int, const char*> requests[] = {
      {2, "~20024642E00202FD33"}, {3, "~20034642E00203FD31"}, {0x37, "~20374642E00237FD23"}, {2, "~20024642E002FFFD09"},
      {2, "~20024644E00202FD31"}, {3, "~20034644E00203FD2F"}, {0x37, "~20374644E00237FD21"}, {2, "~20024644E002FFFD07"},
      {2, "~200246470000FDA7"},   {3, "~200346470000FDA6"},   {0x37, "~203746470000FD9F"},   {2, "~2002464F0000FD98"},
      {2, "~200246510000FDAC"},   {2, "~20024692E00202FD2E"}, {0x37, "~20374692E00237FD1E"}, {2, "~20024693E00202FD2D"},
      {2, "~20024696E00202FD2A"},
  };
  for (const auto& [address, request] : requests) {
    for (const int other : {2, 3, 0x37}) {
      const std::string reply = ask(pack(other), request);
      if (other != address) {
        EXPECT_EQ(reply, "") << request << " is not for " << other;
        continue;
      }
      const auto reading = kPylontechRs485.decode_vector(as_bytes(request), as_bytes(reply), {});
      EXPECT_TRUE(reading.ok()) << request << ": " << describe(reading.ok() ? Error{} : reading.error());
    }
  }
}

TEST(PylontechRs485Sim, RefusesWithTheSheetsReturnCodes) {
  EXPECT_EQ(ask(pack(), "~20024642E00202FD34"), "~200246020000FDB0") << "CHKSUM";
  EXPECT_EQ(rtn(ask(pack(), "~20024642F00202FD32")), "03") << "LCHKSUM";
  EXPECT_EQ(ask(pack(), "~200246600000FDAC"), "~200246040000FDAE") << "an unknown service";
  EXPECT_EQ(rtn(ask(pack(), "~200246420000FDAC")), "05") << "42 without a command byte";
  EXPECT_EQ(rtn(ask(pack(), "~20024642E00203FD32")), "06") << "the older form";
  EXPECT_EQ(rtn(ask(pack(2, {{"unknown", "92,96"}}), "~20024692E00202FD2E")), "04");
  EXPECT_EQ(ask(pack(2, {{"silent", "92"}}), "~20024692E00202FD2E"), "");
  EXPECT_EQ(ask(pack(2, {{"all_packs", "none"}}), "~20024642E002FFFD09"), "");
}

TEST(PylontechRs485Sim, IsSilentWhereABatteryWouldBe) {
  for (const char* noise :
       {"", "~", "~200246", "20024642E00202FD33", "~22024A42E00202FD26", "~2002 642E00202FD33", "~20024642E00202FD3"}) {
    EXPECT_EQ(ask(pack(), noise), "") << noise;
  }
}

TEST(PylontechRs485Sim, IsSilentOnceItIsTurnedOff) {
  const auto responder = respond_as_pylontech_rs485(pack());
  EXPECT_EQ(rtn(ask(*responder, "~20024695E00202FD2B")), "00");
  EXPECT_EQ(ask(*responder, "~20024642E00202FD33"), "");
}

TEST(PylontechRs485Sim, UnknownVariantsAreRefused) {
  for (const Variant& variant :
       {Variant{{"items", "1"}}, Variant{{"colour", "red"}}, Variant{{"all_packs", "17"}}, Variant{{"unknown", "9"}},
        Variant{{"force_charge", "3"}}, Variant{{"data_flag", "256"}}, Variant{{"name", "ELEVEN CHARS"}},
        Variant{{"more_states", ""}}, Variant{{"protocol", "30"}}}) {
    EXPECT_EQ(respond_as_pylontech_rs485(pack(2, variant)), nullptr) << variant.begin()->first;
  }
}

RC_GTEST_PROP(PylontechRs485Sim, NoBytesHarmIt, (std::vector<std::uint8_t> noise)) {
  const auto responder = respond_as_pylontech_rs485(pack());
  responder->answer(noise, some_state());
  std::string request = "~20024642E00202FD33\r";
  for (std::size_t i = 0; i < noise.size(); ++i)
    request[noise[i] % request.size()] = static_cast<char>(noise[noise.size() - 1 - i]);
  responder->answer(as_bytes(request), some_state());
}

// --- Round trip ---

PackState any_state() {
  PackState state;
  state.cell_voltages.resize(*rc::gen::inRange<std::size_t>(1, 17));
  for (double& cell : state.cell_voltages) cell = scaled(0, 4050, 0.001);
  state.cell_temperatures.resize(*rc::gen::inRange<std::size_t>(0, state.cell_voltages.size() + 1));
  for (double& sensor : state.cell_temperatures) sensor = scaled(-600, 1500, 0.1);
  state.mos_temperature = scaled(-600, 1500, 0.1);
  state.voltage = scaled(0, 65535, 0.001);
  state.current = scaled(-32768, 32767, 0.1);
  state.capacity_full = scaled(1, 400'000, 0.001);
  state.capacity_remaining = state.capacity_full * scaled(0, 100, 0.01);
  state.capacity_remaining = std::round(state.capacity_remaining * 1000) / 1000;
  state.cycles = *rc::gen::inRange(0, 65536);
  state.max_charge_current = scaled(0, 3000, 0.1);
  state.max_discharge_current = scaled(0, 3000, 0.1);
  state.cell_voltage_max_limit = scaled(1, 4000, 0.001);
  state.cell_voltage_min_limit = scaled(0, 3000, 0.001);
  state.charge_fet = *rc::gen::arbitrary<bool>();
  state.discharge_fet = *rc::gen::arbitrary<bool>();
  return state;
}

// One state byte says one thing, and there is a byte for each cell and sensor only.
void raise_any_alarms(PackState& state) {
  const auto raise = [&state](std::string name, const char* kind) {
    if (*rc::gen::inRange(0, 6) == 0) state.alarms.insert(std::move(name) + kind);
  };
  const auto any_kind = [] { return *rc::gen::element("_low", "_high", "_fault"); };
  for (std::size_t i = 1; i <= state.cell_voltages.size(); ++i) {
    raise("cell_" + std::to_string(i) + "_voltage", any_kind());
    raise("cell_" + std::to_string(i) + "_voltage", "_error");
  }
  for (std::size_t i = 1; i <= state.cell_temperatures.size() + 1; ++i)
    raise("temperature_" + std::to_string(i), any_kind());
  for (const char* of : {"charge_current", "module_voltage", "discharge_current"}) raise(of, any_kind());
  for (const char* name : {"module_overvoltage", "cell_undervoltage", "charge_overcurrent", "discharge_overcurrent",
                           "discharge_overtemperature", "charge_overtemperature", "module_undervoltage"})
    raise(name, "");
}

Reading exchange(Session& session, Responder& responder, std::string_view name, const PackState& state) {
  const auto request = session.request(static_cast<std::uint8_t>(exchange_index(kPylontechRs485, name)));
  RC_ASSERT(request.has_value());
  const auto reply = responder.answer(request->bytes, state);
  RC_ASSERT(reply.has_value());
  const Frame frames[] = {Frame{*reply}};
  const Tag tag = kPylontechRs485.tag(frames[0]);
  RC_ASSERT(tag.exchange == exchange_index(kPylontechRs485, name));
  auto reading = session.decode(Heard{&*request, frames, true});
  if (!reading) RC_FAIL(describe(reading.error()));
  return *reading;
}

RC_GTEST_PROP(PylontechRs485Sim, WhatABatterySaysIsWhatTheDecoderUnderstands, ()) {
  PackState state = any_state();
  raise_any_alarms(state);
  const int address = *rc::gen::inRange(1, 0x7E);
  const Variant variant = {{"more_states", *rc::gen::element("yes", "no")},
                           {"items", *rc::gen::element("auto", "4", "7")},
                           {"protocol", *rc::gen::element("20", "21", "28")}};
  const auto responder = respond_as_pylontech_rs485(pack(address, variant));
  const auto session = kPylontechRs485.open({.address = address, .params = {}, .extras = false});

  const Reading analog = exchange(*session, *responder, "42", state);
  same_list(analog.cell_voltages, state.cell_voltages);
  same_list(analog.cell_temperatures, state.cell_temperatures);
  same_number(analog, Field::mos_temperature, state.mos_temperature);
  same_number(analog, Field::voltage, state.voltage);
  same_number(analog, Field::current, state.current);
  same_number(analog, Field::capacity_full, state.capacity_full);
  same_number(analog, Field::capacity_remaining, state.capacity_remaining);
  same_number(analog, Field::soc, 100 * state.capacity_remaining / state.capacity_full, 0.0051);
  same_number(analog, Field::cycles, state.cycles);

  const Reading states = exchange(*session, *responder, "44", state);
  same_number(states, Field::charge_fet_on, state.charge_fet ? 1 : 0);
  same_number(states, Field::discharge_fet_on, state.discharge_fet ? 1 : 0);
  RC_ASSERT(states.alarms.has_value());
  const std::vector<std::string> names(states.alarms->names.begin(), states.alarms->names.end());
  RC_ASSERT(names == std::vector<std::string>(state.alarms.begin(), state.alarms.end()));

  const Reading parameters = exchange(*session, *responder, "47", state);
  same_number(parameters, Field::cell_voltage_min_limit, state.cell_voltage_min_limit);
  same_number(parameters, Field::max_charge_current, state.max_charge_current);
  same_number(parameters, Field::max_discharge_current, state.max_discharge_current);

  const Reading limits = exchange(*session, *responder, "92", state);
  same_number(limits, Field::max_charge_current, state.charge_fet ? state.max_charge_current : 0);
  same_number(limits, Field::max_discharge_current, state.discharge_fet ? state.max_discharge_current : 0);
  same_number(limits, Field::cell_voltage_max_limit, state.cell_voltage_max_limit, 0.0005);

  RC_ASSERT(exchange(*session, *responder, "93", state).identities == std::vector<std::string>{kSerialNumber});
  for (const char* name : {"51", "96", "4F"}) exchange(*session, *responder, name, state);
}

RC_GTEST_PROP(PylontechRs485Sim, AllPacksOfAGroupAreUnderstood, ()) {
  const PackState state = any_state();
  const int packs = *rc::gen::inRange(1, 17);
  const auto responder =
      respond_as_pylontech_rs485(pack(0x22, {{"all_packs", std::to_string(packs)}, {"more_states", "no"}}));
  const auto session = kPylontechRs485.open({.address = 0x22, .params = {}, .extras = true});
  for (const char* name : {"42/all", "44/all"}) {
    const Reading reading = exchange(*session, *responder, name, state);
    for (const auto& [key, value] : reading.extras) {
      if (std::string_view(key) == "packs")
        RC_ASSERT(std::get<std::vector<ExtraRecord>>(value).size() == static_cast<std::size_t>(packs));
    }
  }
}

}  // namespace
}  // namespace bmsd::pylontech_rs485_sim_test
