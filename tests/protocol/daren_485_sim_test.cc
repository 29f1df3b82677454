// The answering side of Daren 485, against captured frames first: they are the witness that neither it nor the decoder
// has made.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/daren_485.h"
#include "there_and_back.h"

namespace bmsd::daren_485_sim_test {
namespace {

using namespace test;  // NOLINT: a test of what these make
using nlohmann::json;
using Variant = std::map<std::string, std::string, std::less<>>;

json vectors() {
  std::ifstream file(BMSD_TESTS_DIR "/vectors/daren-485.json");
  return json::parse(file);
}

json vector_named(std::string_view name) {
  for (const json& vector : vectors()) {
    if (vector["name"] == name) return vector;
  }
  ADD_FAILURE() << "no vector " << name;
  return {};
}

PackOptions pack(int address, Variant variant = {}, std::string serial_number = "SIM0000000001") {
  PackOptions options;
  options.address = address;
  options.serial_number = std::move(serial_number);
  options.variant = std::move(variant);
  return options;
}

// The reply's text without CR; empty: silence.
std::string ask(Responder& responder, std::string_view request, const PackState& state = {}) {
  const auto reply = responder.answer(as_bytes(request), state);
  if (!reply) return {};
  EXPECT_EQ(reply->back(), '\r');
  return {reply->begin(), reply->end() - 1};
}

std::string ask(const PackOptions& options, std::string_view request, const PackState& state = {}) {
  return ask(*respond_as_daren_485(options), std::string(request) + "\r", state);
}

// RTN of a reply as text: "00".
std::string rtn(const std::string& reply) { return reply.size() < 9 ? reply : reply.substr(7, 2); }

PackState some_state() {
  PackState state;
  state.cell_voltages.assign(16, 3.3);
  state.cell_temperatures.assign(4, 20);
  state.voltage = 52.8;
  state.soc = 50;
  state.capacity_full = state.capacity_design = 100;
  state.capacity_remaining = 50;
  return state;
}

PackState state_of(const json& expect) {
  PackState state;
  state.cell_voltages = expect["cell_voltages_v"].get<std::vector<double>>();
  state.cell_temperatures = expect["cell_temperatures_c"].get<std::vector<double>>();
  state.balancing_cells = expect["balancing_cells"].get<std::set<int>>();
  state.voltage = expect["voltage_v"];
  state.current = expect["current_a"];
  state.soc = expect["soc_percent"];
  state.soh = expect["soh_percent"];
  state.capacity_full = expect["capacity_full_ah"];
  state.capacity_remaining = expect["capacity_remaining_ah"];
  state.cycles = expect["cycles"];
  state.ambient_temperature = expect["ambient_temperature_c"];
  state.pack_temperature = expect["pack_temperature_c"];
  state.mos_temperature = expect["mos_temperature_c"];
  state.charge_fet = expect["charge_fet_on"];
  state.discharge_fet = expect["discharge_fet_on"];
  for (const json& name : expect["alarms"]) state.alarms.insert(name.get<std::string>());
  if (expect["entering_sleep"]) state.alarms.insert("entering_sleep");
  return state;
}

// What our pack cannot be told: which cells are over and under, machine status, an internal resistance, one of two bits
// of a name.
bool can_be_said(const json& vector) {
  const json& expect = vector["expect"];
  for (const char* list : {"overvoltage_protection_cells", "undervoltage_protection_cells", "overvoltage_alarm_cells",
                           "undervoltage_alarm_cells"}) {
    if (!expect[list].empty()) return false;
  }
  for (const char* name : {"cell_voltage_difference_alarm", "mos_overtemperature_protection",
                           "mos_overtemperature_alarm", "charge_mos_failure", "discharge_mos_failure"}) {
    for (const json& alarm : expect["alarms"]) {
      if (alarm == name) return false;
    }
  }
  const double current = expect["current_a"];
  return expect.value("machine_status_raw", 0) == 0 && expect.value("io_status_raw", 0) == 0 &&
         expect["internal_resistance_raw"] == 0 && expect["charging"] == (current > 0) &&
         expect["discharging"] == (current < 0) &&
         vector["name"].get<std::string>().find("extra bytes") == std::string::npos;
}

TEST(Daren485Sim, SaysService42AsTheVectorsDo) {
  int captured = 0, synthetic = 0;
  for (const json& vector : vectors()) {
    const std::string request = vector["request"];
    if (request.substr(7, 2) != "42" || !vector.contains("expect") || !can_be_said(vector)) continue;
    const json& expect = vector["expect"];
    PackState state = state_of(expect);
    // Settings of the LED and the buzzer are no alarms.
    const int alarm_status = expect["alarm_status_raw"];
    if ((alarm_status & 0x20) != 0) state.alarms.insert("led_alarm_enabled");
    if ((alarm_status & 0x40) != 0) state.alarms.insert("buzzer_alarm_enabled");
    const int fets = expect["fet_status_raw"];
    const int address = std::stoi(request.substr(3, 2), nullptr, 16);
    const Variant variant = {
        {"form", expect.contains("machine_status_raw") ? "extended" : "short"},
        {"data_flag", std::to_string(expect["data_flag"].get<int>())},
        {"user_number", std::to_string(expect["user_defined_number"].get<int>())},
        {"fet_settings", std::to_string(fets & 0x1FF0)},
    };
    EXPECT_EQ(ask(pack(address, variant), request, state), vector["response"]) << vector["name"];
    ++(vector.contains("synthetic") ? synthetic : captured);
  }
  EXPECT_EQ(captured, 3);
  EXPECT_GE(synthetic, 25);
}

TEST(Daren485Sim, SaysTheOtherServicesAsTheSeedsPackDoes) {
  PackState state;
  state.cell_voltages.assign(16, 3.3);
  state.max_charge_current = 120;
  state.capacity_full = 80;
  state.capacity_remaining = 53.6;
  state.capacity_design = 100;
  state.total_charge = 15239;
  state.total_discharge = 14032;
  state.total_charge_energy = 1763.3;
  state.total_discharge_energy = 1478.7;
  const PackOptions seed = pack(1, {{"swapped_text", "b0"}}, "DJM2205180061");
  for (const char* name :
       {"seed service 47 system parameters", "seed service 4F protocol version", "seed service 51 manufacturer info",
        "seed service B0 module 3 manufacturing", "seed service B0 module 4 capacity"}) {
    const json vector = vector_named(name);
    EXPECT_EQ(ask(seed, vector["request"].get<std::string>(), state), vector["response"]) << name;
  }
}

TEST(Daren485Sim, AnswersEachRequestOfTheSheet) {
  const std::pair<int, const char*> requests[] = {
      {1, "~22014A42E00201FD28"},         {2, "~22024A42E00201FD27"},         {15, "~220F4A42E00201FD13"},
      {2, "~22024A42E00202FD26"},         {15, "~220F4A42E0020FFCFE"},        {1, "~22014A47E00201FD23"},
      {2, "~22024A47E00202FD21"},         {15, "~220F4A47E0020FFCF9"},        {1, "~22014A4F0000FD8C"},
      {2, "~22024A4F0000FD8B"},           {15, "~220F4A4F0000FD77"},          {1, "~22014A510000FDA0"},
      {2, "~22024A510000FD9F"},           {15, "~220F4A510000FD8B"},          {1, "~22014A83C0040101FCC2"},
      {2, "~22024A83C0040201FCC0"},       {15, "~220F4A83C0040F01FC98"},      {1, "~22014AB0600A010101FF00FB6E"},
      {1, "~22014AB0600A010102FF00FB6D"}, {1, "~22014AB0600A010103FF00FB6C"}, {1, "~22014AB0600A010104FF00FB6B"},
      {2, "~22024AB0600A020101FF00FB6C"}, {2, "~22024AB0600A020102FF00FB6B"}, {2, "~22024AB0600A020103FF00FB6A"},
      {2, "~22024AB0600A020104FF00FB69"},
  };
  for (const auto& [address, request] : requests) {
    for (const int other : {1, 2, 15}) {
      const std::string reply = ask(pack(other), request, some_state());
      if (other != address) {
        EXPECT_EQ(reply, "") << request << " is not for " << other;
        continue;
      }
      EXPECT_EQ(rtn(reply), "00") << request;
      const auto reading = kDaren485.decode_vector(as_bytes(request), as_bytes(reply), {});
      EXPECT_TRUE(reading.ok()) << request << ": " << describe(reading.ok() ? Error{} : reading.error());
    }
  }
}

TEST(Daren485Sim, RefusesWithTheSheetsReturnCodes) {
  const PackOptions one = pack(1);
  EXPECT_EQ(ask(one, "~22014A42E00201FD29"), "~22014A020000FDA4") << "CHKSUM";
  EXPECT_EQ(rtn(ask(one, "~20014A42E00201FD2A")), "01") << "VER";
  EXPECT_EQ(rtn(ask(one, "~22014A42F00201FD27")), "03") << "LCHKSUM";
  EXPECT_EQ(ask(one, "~22014A4D0000FD8E"), "~22014A040000FDA2") << "an unknown service";
  EXPECT_EQ(rtn(ask(one, "~22014A420000FDA0")), "05") << "42 without a group";
  EXPECT_EQ(ask(one, "~22014A42E00207FD22"), "~22014A060000FDA0") << "a group that is neither 01 nor ADR";
  EXPECT_EQ(rtn(ask(one, "~22014A83C0040102FCC1")), "06") << "operation 02 would clear";
  EXPECT_EQ(rtn(ask(one, "~22014AB0600A010105FF00FB6A")), "06") << "a module that is not there";
  EXPECT_EQ(rtn(ask(pack(1, {{"b0", "no"}}), "~22014AB0600A010103FF00FB6C")), "04");
}

TEST(Daren485Sim, IsSilentWhereAPackWouldBe) {
  for (const char* noise : {"", "~", "~22014A", "22014A42E00201FD28", "~22014642E00201FD33", "~2201 A42E00201FD28",
                            "~                 ", "~22014A42E00201FD2"}) {
    EXPECT_EQ(ask(pack(1), noise), "") << noise;
  }
}

RC_GTEST_PROP(Daren485Sim, NoBytesHarmIt, (std::vector<std::uint8_t> noise)) {
  auto responder = respond_as_daren_485(pack(1));
  responder->answer(noise, some_state());
  std::string request = "~22014AB0600A010103FF00FB6C\r";
  for (std::size_t i = 0; i < noise.size(); ++i)
    request[noise[i] % request.size()] = static_cast<char>(noise[noise.size() - 1 - i]);
  responder->answer(as_bytes(request), some_state());
}

TEST(Daren485Sim, EachVariantTakesItsGroup) {
  const std::string one = "~22024A42E00201FD27", own = "~22024A42E00202FD26";
  const auto answers = [&](const char* group, const std::string& request) {
    return rtn(ask(pack(2, {{"group", group}}), request, some_state()));
  };
  EXPECT_EQ(answers("any", one), "00");
  EXPECT_EQ(answers("any", own), "00");
  EXPECT_EQ(answers("one", one), "00");
  EXPECT_EQ(answers("one", own), "06");
  EXPECT_EQ(answers("adr", one), "06");
  EXPECT_EQ(answers("adr", own), "00");
}

TEST(Daren485Sim, UnknownVariantsAreRefused) {
  for (const Variant& variant :
       {Variant{{"form", "long"}}, Variant{{"colour", "red"}}, Variant{{"group", ""}}, Variant{{"firmware", "2"}},
        Variant{{"data_flag", "256"}}, Variant{{"fet_settings", "0xZ"}}}) {
    EXPECT_EQ(respond_as_daren_485(pack(1, variant)), nullptr) << variant.begin()->first;
  }
}

TEST(Daren485Sim, Firmware155SaysTwoBytesMore) {
  const std::string reply = ask(pack(1, {{"firmware", "1.5.5"}}), "~22014A510000FDA0");
  EXPECT_EQ(reply.substr(9, 4), "204A") << "37 bytes";
  EXPECT_NE(reply.find("01050502154843"), std::string::npos);
  EXPECT_EQ(ask(pack(1, {{"firmware", "1.5.5"}}), "~22014AB0600A010104FF00FB6B", some_state()).substr(23, 2), "12");
  EXPECT_EQ(ask(pack(1), "~22014AB0600A010104FF00FB6B", some_state()).substr(23, 2), "00");
}

TEST(Daren485Sim, CountsProtectionsThatTrip) {
  auto responder = respond_as_daren_485(pack(1));
  const std::string request = "~22014A83C0040101FCC2\r";
  PackState state = some_state();
  for (int i = 0; i < 3; ++i) {
    state.alarms = {"cell_overvoltage_protection", "short_circuit_protection", "low_battery_alarm"};
    ask(*responder, request, state);
    ask(*responder, request, state);  // still the same trip
    state.alarms = {};
    ask(*responder, request, state);
  }
  const std::string reply = ask(*responder, request, state);
  EXPECT_EQ(reply.substr(13, 60),
            "8301"
            "0003"
            "0000"
            "0000"
            "0000"
            "0003"
            "0000"
            "0000"
            "0000"
            "000000000000000000000000");
}

// --- Round trip ---

PackState any_state() {
  PackState state;
  state.cell_voltages.resize(*rc::gen::inRange<std::size_t>(1, 33));
  for (double& cell : state.cell_voltages) cell = scaled(0, 9999, 0.001);
  state.cell_temperatures.resize(*rc::gen::inRange<std::size_t>(0, 17));
  for (double& sensor : state.cell_temperatures) sensor = scaled(-600, 1500, 0.1);
  for (int cell = 1; cell <= static_cast<int>(state.cell_voltages.size()); ++cell) {
    if (*rc::gen::arbitrary<bool>()) state.balancing_cells.insert(cell);
  }
  state.voltage = scaled(0, 65535, 0.01);
  state.current = scaled(-32768, 32767, 0.01);
  state.soc = scaled(0, 10000, 0.01);
  state.soh = scaled(0, 100, 1);
  state.capacity_full = scaled(0, 65535, 0.01);
  state.capacity_remaining = scaled(0, 65535, 0.01);
  state.capacity_design = scaled(0, 65535, 0.01);
  state.mos_temperature = scaled(-600, 2000, 0.1);
  state.ambient_temperature = scaled(-600, 1500, 0.1);
  state.pack_temperature = scaled(-600, 1500, 0.1);
  state.max_charge_current = scaled(1, 65535, 0.01);
  state.cell_voltage_max_limit = scaled(0, 9999, 0.001);
  state.cell_voltage_min_limit = scaled(0, 9999, 0.001);
  state.total_charge = scaled(0, 100'000'000, 1);
  state.total_discharge = scaled(0, 100'000'000, 1);
  state.cycles = *rc::gen::inRange(0, 65536);
  state.charge_fet = *rc::gen::arbitrary<bool>();
  state.discharge_fet = *rc::gen::arbitrary<bool>();
  for (const AlarmBit& bit : kDaren485.alarm_bits) {
    if (*rc::gen::inRange(0, 8) == 0) state.alarms.insert(bit.name);
  }
  return state;
}

Reading exchange(Session& session, Responder& responder, std::string_view name, const PackState& state) {
  const auto request = session.request(static_cast<std::uint8_t>(exchange_index(kDaren485, name)));
  RC_ASSERT(request.has_value());
  const auto reply = responder.answer(request->bytes, state);
  RC_ASSERT(reply.has_value());
  const Frame frames[] = {Frame{*reply}};
  auto reading = session.decode(Heard{&*request, frames, true});
  if (!reading) RC_FAIL(describe(reading.error()));
  return *reading;
}

void same_run_time_data(const Reading& reading, const PackState& state) {
  same_list(reading.cell_voltages, state.cell_voltages);
  same_list(reading.cell_temperatures, state.cell_temperatures);
  same_number(reading, Field::voltage, state.voltage);
  same_number(reading, Field::current, state.current);
  same_number(reading, Field::soh, state.soh);
  same_number(reading, Field::capacity_full, state.capacity_full);
  same_number(reading, Field::capacity_remaining, state.capacity_remaining);
  same_number(reading, Field::cycles, state.cycles);
  same_number(reading, Field::mos_temperature, state.mos_temperature);
  same_number(reading, Field::ambient_temperature, state.ambient_temperature);
  same_number(reading, Field::pack_temperature, state.pack_temperature);
  same_number(reading, Field::charge_fet_on, state.charge_fet ? 1 : 0);
  same_number(reading, Field::discharge_fet_on, state.discharge_fet ? 1 : 0);
  RC_ASSERT(reading.alarms.has_value());
  const std::vector<std::string> names(reading.alarms->names.begin(), reading.alarms->names.end());
  RC_ASSERT(names == std::vector<std::string>(state.alarms.begin(), state.alarms.end()));
}

std::set<int> cells_of(const CellSet& cells) {
  std::set<int> numbers;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i]) numbers.insert(static_cast<int>(i) + 1);
  }
  return numbers;
}

RC_GTEST_PROP(Daren485Sim, WhatAPackSaysIsWhatTheDecoderUnderstands, ()) {
  const PackState state = any_state();
  const int address = *rc::gen::inRange(0, 32);
  const Variant variant = {{"firmware", *rc::gen::element("1.0.2", "1.5.5")},
                           {"swapped_text", *rc::gen::element("none", "b0", "47")}};
  const auto responder = respond_as_daren_485(pack(address, variant, "SIM0000000042"));
  OpenOptions options;
  options.address = address;
  const auto session = kDaren485.open(options);

  const Reading run_time = exchange(*session, *responder, "42", state);
  same_run_time_data(run_time, state);
  same_number(run_time, Field::soc, state.soc);
  RC_ASSERT(run_time.balancing_cells.has_value());
  RC_ASSERT(cells_of(*run_time.balancing_cells) == state.balancing_cells);

  const Reading parameters = exchange(*session, *responder, "47", state);
  same_number(parameters, Field::cell_voltage_max_limit, state.cell_voltage_max_limit);
  same_number(parameters, Field::cell_voltage_min_limit, state.cell_voltage_min_limit);
  same_number(parameters, Field::max_charge_current, state.max_charge_current);

  const Reading made = exchange(*session, *responder, "B0/3", state);
  bool told = false;
  for (const auto& [text, value] : made.texts) {
    if (text != Text::serial_number) continue;
    RC_ASSERT(value == "SIM0000000042");
    told = true;
  }
  RC_ASSERT(told);

  const Reading capacities = exchange(*session, *responder, "B0/4", state);
  same_number(capacities, Field::capacity_design, state.capacity_design);
  same_number(capacities, Field::total_charge, state.total_charge);
  same_number(capacities, Field::total_discharge, state.total_discharge);
}

RC_GTEST_PROP(Daren485Sim, TheShortFormIsUnderstoodToo, ()) {
  PackState state = any_state();
  state.soc = scaled(0, 100, 1);
  state.balancing_cells.erase(state.balancing_cells.lower_bound(17),
                              state.balancing_cells.end());  // it has no word for these
  const auto responder = respond_as_daren_485(pack(3, {{"form", "short"}}));
  OpenOptions options;
  options.address = 3;
  const Reading reading = exchange(*kDaren485.open(options), *responder, "42", state);
  same_run_time_data(reading, state);
  same_number(reading, Field::soc, state.soc);
  if (reading.balancing_cells) RC_ASSERT(cells_of(*reading.balancing_cells) == state.balancing_cells);
}

}  // namespace
}  // namespace bmsd::daren_485_sim_test
