// The answering side of JBD, against captured frames first: they are the witness that neither it nor the decoder has
// made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "polls.h"
#include "protocol/lltjbd_uart.h"

namespace bmsd::lltjbd_uart_sim_test {
namespace {

using namespace test;  // NOLINT: a test of these polls
using nlohmann::json;
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> board(Variant variant = {}) {
  PackOptions options;
  options.serial_number = "SIM0000000001";
  options.variant = std::move(variant);
  return respond_as_lltjbd_uart(options);
}

// The reply in hexadecimal; empty: silence.
std::string ask(Responder& responder, std::string_view request, const PackState& state = {}) {
  const auto reply = responder.answer(*from_hex(request), state);
  return reply ? to_hex(*reply) : "";
}

constexpr char kAsk03[] = "DDA50300FFFD77", kAsk04[] = "DDA50400FFFC77", kAsk05[] = "DDA50500FFFB77",
               kAskAA[] = "DDA5AA00FF5677", kAsk10[] = "DDA51000FFF077", kAsk28[] = "DDA52800FFD877",
               kAskA2[] = "DDA5A200FF5E77";
constexpr char kEnter[] = "DD5A00025678FF3077", kLeave[] = "DD5A01020000FFFD77", kChargeOff[] = "DD5AE1020001FF1C77",
               kBothOn[] = "DD5AE1020000FF1D77";

PackState state_of(const json& expect) {
  PackState state;
  state.cell_voltages = expect.value("cell_voltages_v", std::vector<double>(expect["cell_count"].get<std::size_t>()));
  state.cell_temperatures = expect["temperatures_c"].get<std::vector<double>>();
  state.voltage = expect["voltage_v"];
  state.current = expect["current_a"];
  state.soc = expect["soc_percent"];
  state.capacity_full = expect["capacity_full_ah"];
  state.capacity_remaining = expect["capacity_remaining_ah"];
  state.cycles = expect["cycles"];
  state.charge_fet = expect["charge_fet_on"];
  state.discharge_fet = expect["discharge_fet_on"];
  for (const json& name : expect["alarms"]) state.alarms.insert(name.get<std::string>());
  int cell = 0;
  for (const json& balancing : expect["cell_balancing"]) {
    ++cell;
    if (balancing.get<bool>()) state.balancing_cells.insert(cell);
  }
  return state;
}

TEST(LltJbdUartSim, AnswersWithTheCapturedBytes) {
  int compared = 0;
  for (const Poll& poll : load_polls("lltjbd-uart.json")) {
    const json& expect = poll.vector.expect;
    if (expect.is_null() || !expect.contains("voltage_v")) continue;
    Variant variant = {{"firmware", expect["software_version"]}, {"date", expect["manufacturing_date"]}};
    variant["board_sensor"] = "no";  // the list holds it
    if (expect.contains("hardware")) variant["name"] = expect["hardware"];
    if (expect["current_a"] == -150.0) variant["units"] = "large";
    if (poll.vector.name.starts_with("12 cells")) variant["tail"] = "balance";
    const auto responder = board(variant);
    ASSERT_TRUE(responder) << poll.vector.name;
    for (const auto& [request, response] : poll.exchanges) {
      EXPECT_EQ(ask(*responder, to_hex(request), state_of(expect)), to_hex(response)) << poll.vector.name;
      ++compared;
    }
  }
  EXPECT_GE(compared, 16);
}

TEST(LltJbdUartSim, ParametersAreLockedOutsideFactoryMode) {
  PackState state;
  state.max_charge_current = 100;
  const auto locked = board(), silent = board({{"parameters", "silent"}}), open = board({{"parameters", "open"}});
  EXPECT_EQ(ask(*locked, kAsk10), "DD108100FF7F77");
  EXPECT_EQ(ask(*silent, kAsk10), "");
  EXPECT_EQ(ask(*open, kAsk28, state), "DD2800022710FFC777");
  EXPECT_EQ(ask(*locked, kEnter), "DD000000000077");
  EXPECT_EQ(ask(*locked, kAsk28, state), "DD2800022710FFC777");
  EXPECT_EQ(ask(*locked, kLeave), "DD010000000077");
  EXPECT_EQ(ask(*locked, kAsk28, state), "DD288100FF7F77");
  EXPECT_EQ(ask(*locked, "DDA59900FF6777"), "DD998000FF8077") << "no such register";
}

// The word that an open board has in a parameter.
int parameter(Responder& responder, int number, const PackState& state) {
  const int check = 0x10000 - number;
  const ByteVector request = {0xDD,
                              0xA5,
                              static_cast<std::uint8_t>(number),
                              0,
                              static_cast<std::uint8_t>(check >> 8 & 0xFF),
                              static_cast<std::uint8_t>(check & 0xFF),
                              0x77};
  const std::string reply = ask(responder, to_hex(request), state);
  if (reply.size() != 18 || !reply.ends_with("77") || reply.substr(4, 4) != "0002") return -1;
  return std::stoi(reply.substr(8, 4), nullptr, 16);
}

TEST(LltJbdUartSim, ParametersAreThoseOfThePack) {
  PackState state;
  state.cell_voltages = std::vector<double>(16, 3.3);
  state.cell_temperatures = {20, 21, 22};
  state.capacity_design = 300;
  state.capacity_full = 280.5;
  state.cycles = 260;
  state.max_charge_current = 100;
  state.max_discharge_current = 150;
  state.cell_voltage_max_limit = 3.65;
  state.cell_voltage_min_limit = 2.8;
  const auto open = board({{"parameters", "open"}, {"date", "2024-05-17"}});
  const std::vector<std::pair<int, int>> wanted = {{0x10, 30000},
                                                   {0x11, 28050},
                                                   {0x15, 24 << 9 | 5 << 5 | 17},
                                                   {0x17, 260},
                                                   {0x20, 5840},
                                                   {0x21, 5680},
                                                   {0x22, 4480},
                                                   {0x23, 4800},
                                                   {0x24, 3650},
                                                   {0x25, 3550},
                                                   {0x26, 2800},
                                                   {0x27, 3000},
                                                   {0x28, 10000},
                                                   {0x29, 0x10000 - 15000},
                                                   {0x2D, 5},
                                                   {0x2E, 15},
                                                   {0x2F, 16},
                                                   {0x18, 3381},
                                                   {0x2B, 10}};
  for (const auto& [number, value] : wanted) EXPECT_EQ(parameter(*open, number, state), value) << number;
  state.capacity_full = 700;  // more than hundredths can hold
  EXPECT_EQ(parameter(*open, 0x2D, state), 0x1005);
  EXPECT_EQ(parameter(*open, 0x10, state), 3000);
  EXPECT_EQ(parameter(*open, 0x28, state), 1000);
  EXPECT_EQ(parameter(*board({{"parameters", "open"}, {"board_sensor", "no"}}), 0x2E, state), 7);
}

TEST(LltJbdUartSim, TheDecoderUnderstandsEveryParameter) {
  PackState state;
  state.cell_voltages = std::vector<double>(15, 3.3);
  state.cell_temperatures = {20, 21};
  state.capacity_design = 300;
  state.capacity_full = 700;
  state.max_charge_current = 400;
  state.max_discharge_current = 450;
  state.cell_voltage_min_limit = 2.8;
  const auto responder = board({{"parameters", "open"}, {"date", "2024-05-17"}});
  const auto session = kLltJbdUart.open({.address = 1, .extras = true});
  std::map<std::string, ExtraValue> said;
  Reading all;
  for (std::size_t i = 0; i < kLltJbdUart.exchanges.size(); ++i) {
    if (kLltJbdUart.exchanges[i].cadence == Cadence::write) continue;
    const auto request = session->request(static_cast<std::uint8_t>(i));
    ASSERT_TRUE(request) << kLltJbdUart.exchanges[i].name;
    const auto bytes = responder->answer(request->bytes, state);
    ASSERT_TRUE(bytes) << kLltJbdUart.exchanges[i].name;
    const Frame frame{*bytes};
    const auto reading = session->decode({&*request, {&frame, 1}, true});
    ASSERT_TRUE(reading) << kLltJbdUart.exchanges[i].name << ": " << describe(reading.error());
    for (const auto& [key, value] : reading->extras) said[key] = value;
    all.take(*reading);
  }
  const auto number = [&](const char* key) { return std::get<double>(said.at(key)); };
  EXPECT_EQ(number("design_capacity_ah"), 300);
  EXPECT_EQ(number("cycle_capacity_ah"), 700);
  EXPECT_EQ(all.get(Field::max_charge_current), 400);
  EXPECT_EQ(all.get(Field::max_discharge_current), 450);
  EXPECT_EQ(number("cell_overvoltage_v"), 3.65);
  EXPECT_EQ(number("cell_undervoltage_v"), 2.8);
  EXPECT_EQ(number("pack_overvoltage_v"), 54.75);
  EXPECT_EQ(number("cells_configured"), 15);
  EXPECT_EQ(number("sensors_fitted_raw"), 7) << "that of the board is one";
  EXPECT_EQ(std::get<std::string>(said.at("stored_date")), "2024-05-17");
  EXPECT_EQ(std::get<std::string>(said.at("model")), "SIM-16S");
  EXPECT_EQ(std::get<std::string>(said.at("bar_code")), "SIM0000000001");
  EXPECT_TRUE(std::get<bool>(said.at("balancer_enabled")));
}

TEST(LltJbdUartSim, OnlyWhatABoardHasIsWritten) {
  const auto responder = board();
  EXPECT_EQ(ask(*responder, "DD5AE10101FF1D77"), "DDE18000FF8077") << "one byte is no word";
  EXPECT_EQ(ask(*responder, "DD5A28022710FF9F77"), "DD288100FF7F77") << "outside factory mode";
  EXPECT_EQ(ask(*responder, "DD5A00025679FF2F77"), "DD008000FF8077") << "not the word for factory mode";
  EXPECT_EQ(ask(*responder, kEnter), "DD000000000077");
  EXPECT_EQ(ask(*responder, "DD5A28022710FF9F77"), "DD288000FF8077") << "nobody can write it";
  EXPECT_TRUE(responder->take_changes().empty());
}

TEST(LltJbdUartSim, LeavingFactoryModeWithTheOtherWordForgetsTheTrips) {
  PackState state;
  state.alarms = {"short_circuit"};
  auto responder = board({{"counters", "11"}});
  (void)ask(*responder, kAsk03, state);
  const auto trips = [&] { return ask(*responder, kAskAA, state).substr(8, 4); };
  EXPECT_EQ(trips(), "0001");
  EXPECT_EQ(ask(*responder, kLeave, state), "DD010000000077");
  EXPECT_EQ(trips(), "0001");
  EXPECT_EQ(ask(*responder, "DD5A01022828FFAD77", state), "DD010000000077");
  EXPECT_EQ(trips(), "0000");
}

TEST(LltJbdUartSim, SwitchesAreTurnedOffByCommand) {
  auto responder = board();
  const std::string before = ask(*responder, kAsk03);
  EXPECT_EQ(ask(*responder, kChargeOff), "DDE10000000077");
  const std::string off = ask(*responder, kAsk03);
  EXPECT_EQ(before.substr(8 + 32, 4), "0000");
  EXPECT_EQ(off.substr(8 + 32, 4), "1000");
  EXPECT_EQ(before.substr(8 + 40, 2), "03");
  EXPECT_EQ(off.substr(8 + 40, 2), "02");
  EXPECT_EQ(ask(*responder, kBothOn), "DDE10000000077");
  EXPECT_EQ(ask(*responder, kAsk03), before);
}

TEST(LltJbdUartSim, DamagedRequestsGetNoAnswer) {
  auto responder = board();
  EXPECT_EQ(ask(*responder, "DDA50300FFFC77"), "");
  EXPECT_EQ(ask(*responder, "DDA50300FFFD78"), "");
  EXPECT_EQ(ask(*responder, "DDA50301FFFD77"), "");
  EXPECT_EQ(ask(*responder, "DDA503"), "");
  EXPECT_EQ(ask(*responder, "DD030300FFFD77"), "") << "no request";
}

TEST(LltJbdUartSim, ASleepingBoardWakesUpByTheFirstRequest) {
  auto responder = board({{"sleeps", "yes"}});
  EXPECT_EQ(ask(*responder, kAsk05), "");
  EXPECT_NE(ask(*responder, kAsk05), "");
}

TEST(LltJbdUartSim, TripsAreCounted) {
  PackState state;
  auto responder = board({{"counters", "11"}});
  state.alarms = {"short_circuit", "pack_undervoltage"};
  (void)ask(*responder, kAsk03, state);
  (void)ask(*responder, kAsk03, state);
  EXPECT_EQ(ask(*responder, kAskAA, state),
            "DDAA0016"
            "0001000000000000000000000000000000000000"
            "0001"
            "FFE877");
}

TEST(LltJbdUartSim, VariantsThatDoNotExistAreRefused) {
  for (const Variant& variant : {Variant{{"tail", "curly"}},
                                 {{"colour", "red"}},
                                 {{"firmware", "8"}},
                                 {{"firmware", "16.0"}},
                                 {{"date", "2022-13-01"}},
                                 {{"stale", "9"}},
                                 {{"name", ""}}}) {
    EXPECT_FALSE(board(variant)) << variant.begin()->first;
  }
}

// The decoder understands every board that can be simulated.
RC_GTEST_PROP(LltJbdUartSim, WhatItSaysIsUnderstood, (bool large, bool board_sensor)) {
  const auto in = [](int low, int high) { return *rc::gen::inRange(low, high); };
  const auto cells = static_cast<std::size_t>(in(1, 33)), sensors = static_cast<std::size_t>(in(0, 9));
  PackState state;
  for (std::size_t i = 0; i < cells; ++i) state.cell_voltages.push_back(in(1, 5000) / 1000.0);
  for (std::size_t i = 0; i < sensors; ++i) state.cell_temperatures.push_back(in(-400, 900) / 10.0);
  state.balancing_cells = {in(1, 33), in(1, 33)};
  state.voltage = in(0, 12000) / 100.0;
  state.current = in(-3000, 3000) / 10.0;
  state.soc = in(0, 101);
  state.capacity_full = in(0, 6500) / 10.0;
  state.capacity_remaining = in(0, 6500) / 10.0;
  state.mos_temperature = in(-400, 900) / 10.0;
  for (const AlarmBit& bit : kLltJbdUart.alarm_bits) {
    if (*rc::gen::arbitrary<bool>()) state.alarms.insert(bit.name);
  }
  const auto responder = board({{"units", large ? "large" : "small"},
                                {"board_sensor", board_sensor ? "yes" : "no"},
                                {"tail", *rc::gen::elementOf(std::vector<std::string>{"none", "short", "long"})}});
  const auto session = kLltJbdUart.open({.address = 1, .params = {}, .extras = true});
  const auto read = [&](std::uint8_t exchange) {
    const auto request = session->request(exchange);
    const auto bytes = responder->answer(request->bytes, state);
    RC_ASSERT(bytes.has_value());
    const Frame frame{*bytes};
    auto reading = session->decode({&*request, {&frame, 1}, true});
    RC_ASSERT(reading.ok());
    return *reading;
  };
  const auto near = [](double a, double b) { return std::abs(a - b) < 0.0001; };
  const Reading basic = read(0), voltages = read(1);
  RC_ASSERT(near(*basic.get(Field::voltage), state.voltage));
  RC_ASSERT(near(*basic.get(Field::current), state.current));
  RC_ASSERT(near(*basic.get(Field::soc), state.soc));
  RC_ASSERT(near(*basic.get(Field::capacity_full), state.capacity_full));
  RC_ASSERT(near(*basic.get(Field::capacity_remaining), state.capacity_remaining));
  RC_ASSERT(basic.alarms->names.size() == state.alarms.size());
  for (const char* name : basic.alarms->names) RC_ASSERT(state.alarms.count(name) == 1);
  for (int cell = 1; cell <= 32; ++cell)
    RC_ASSERT(basic.balancing_cells->test(static_cast<std::size_t>(cell - 1)) == state.balancing_cells.contains(cell));
  RC_ASSERT(voltages.cell_voltages->size() == cells);
  for (std::size_t i = 0; i < cells; ++i) RC_ASSERT(near((*voltages.cell_voltages)[i], state.cell_voltages[i]));
  if (board_sensor && sensors > 0) {
    RC_ASSERT(near(*basic.get(Field::mos_temperature), state.mos_temperature));
    RC_ASSERT(basic.cell_temperatures->size() == sensors);
    for (std::size_t i = 0; i < sensors; ++i)
      RC_ASSERT(near((*basic.cell_temperatures)[i], state.cell_temperatures[i]));
  }
}

TEST(LltJbdUartSim, SomeFirmwareHasNoNameAndOpenBoardsTellTheirBarCode) {
  EXPECT_EQ(ask(*board({{"name", "none"}}), kAsk05), "DD058000FF8077");
  const std::string code = ask(*board({{"parameters", "open"}}), kAskA2);
  EXPECT_EQ(code.substr(0, 10), "DDA2000E0D");
  EXPECT_EQ(*from_hex(code.substr(10, 26)),
            ByteVector({'S', 'I', 'M', '0', '0', '0', '0', '0', '0', '0', '0', '0', '1'}));
  EXPECT_EQ(ask(*board({{"stale", "2"}}), kAsk04).substr(0, 8), "0000DD04");
  EXPECT_EQ(ask(*board({{"nameless", "yes"}}), kAsk04).substr(0, 4), "DDA5");
}

}  // namespace
}  // namespace bmsd::lltjbd_uart_sim_test
