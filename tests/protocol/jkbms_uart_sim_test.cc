// The answering side of JK, against frames that neither it nor the decoder has made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "jkbms_uart_replies.h"
#include "polls.h"

namespace bmsd::jkbms_uart_sim_test {
namespace {

using namespace test::jkbms;  // NOLINT: a test of these answers
using nlohmann::json;
using test::Vector;
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> board(Variant variant = {}, int address = 0) {
  PackOptions options;
  options.address = address;
  options.serial_number = "SIM0000000001";
  options.variant = std::move(variant);
  return respond_as_jkbms_uart(options);
}

ByteVector question(int command, ByteVector data, unsigned terminal = 0) {
  return frame(data, {.command = command, .source = 3, .type = 0, .terminal = terminal});
}

// The reply in hexadecimal; empty: silence.
std::string ask(Responder& responder, const ByteVector& request, const PackState& state = {}) {
  const auto reply = responder.answer(request, state);
  return reply ? to_hex(*reply) : "";
}

PackState state_of(const json& expect) {
  PackState state;
  state.cell_voltages = expect["cell_voltages_v"].get<std::vector<double>>();
  state.cell_temperatures = expect["temperatures_c"].get<std::vector<double>>();
  state.mos_temperature = expect["mos_temperature_c"];
  state.voltage = expect["voltage_v"];
  state.current = expect["current_a"];
  state.soc = expect["soc_percent"];
  state.capacity_full = expect["capacity_full_ah"];
  state.cycles = expect["cycles"];
  state.total_discharge = expect["cycle_capacity_total_ah"];
  state.charge_fet = expect["charge_fet_on"];
  state.discharge_fet = expect["discharge_fet_on"];
  state.max_charge_current = expect["charge_current_limit_a"];
  state.max_discharge_current = expect["discharge_current_limit_a"];
  state.cell_voltage_max_limit = expect["cell_overvoltage_v"];
  state.cell_voltage_min_limit = expect["cell_undervoltage_v"];
  if (expect["balancing"]) state.balancing_cells = {1};
  for (const json& name : expect["alarms"]) state.alarms.insert(name.get<std::string>());
  return state;
}

Variant variant_of(const json& expect) {
  Variant variant = {
      {"user_data", "none"}, {"software", expect["software_version"]}, {"device_id", expect["device_id"]}};
  if (expect["protocol_version"] == 0) variant["current"] = "biased";
  if (!expect.contains("user_data")) variant["ends_with"] = "B8";
  if (expect.value("user_data", "Input Userda") != "Input Userda") variant["user_data"] = expect["user_data"];
  return variant;
}

// Vectors that were made from one board with settings that the simulator has too.
TEST(JkBmsUartSim, AnswersWithTheBytesOfTheVectors) {
  // Bits and bytes that no pack here would send, and a terminal number.
  const std::set<std::string> others = {"syn-a-alarms-7",      "syn-a-status-b",       "syn-a-zero-current-high-bit",
                                        "syn-a-noise-before",  "syn-a-trailing-bytes", "syn-a-unknown-after-c0",
                                        "syn-a-terminal-match"};
  int compared = 0;
  for (const Vector& vector : test::load_vectors("jkbms-uart.json")) {
    if (!vector.name.starts_with("syn-a-") || vector.expect.is_null() || others.contains(vector.name)) continue;
    const auto responder = board(variant_of(vector.expect));
    ASSERT_TRUE(responder) << vector.name;
    EXPECT_EQ(ask(*responder, vector.request, state_of(vector.expect)), to_hex(vector.response)) << vector.name;
    ++compared;
  }
  EXPECT_GE(compared, 14);
}

TEST(JkBmsUartSim, TheWholeAnswerIsAsLongAsRecordedOnes) {
  PackState state;
  for (const std::size_t cells : {13U, 14U, 16U, 20U}) {
    state.cell_voltages.assign(cells, 3.3);
    EXPECT_EQ(ask(*board(), question(6, {0}), state).size(), 2 * (243 + 3 * cells));
    EXPECT_EQ(ask(*board({{"ends_with", "B7"}}), question(6, {0}), state).size(), 2 * (209 + 3 * cells));
  }
}

TEST(JkBmsUartSim, OneRegisterIsAnsweredAlone) {
  PackState state;
  state.soc = 77;
  EXPECT_EQ(ask(*board(), question(3, {0x85}), state), to_hex(frame({0x85, 77}, {.command = 3})));
  EXPECT_EQ(ask(*board(), question(3, {0x88})), "");
  EXPECT_EQ(ask(*board({{"single", "no"}}), question(3, {0})), "");
}

TEST(JkBmsUartSim, DamagedQuestionsAndThoseForOthersGetNoAnswer) {
  const auto responder = board({}, 2);
  const ByteVector good = question(6, {0});
  EXPECT_NE(ask(*responder, good), "");
  EXPECT_NE(ask(*responder, question(6, {0}, 2)), "");
  EXPECT_EQ(ask(*responder, question(6, {0}, 3)), "");
  EXPECT_EQ(ask(*responder, question(5, {0xB2, 0})), "");
  EXPECT_EQ(ask(*responder, frame({0}, {.source = 0, .type = 0})), "") << "a board asks nobody";
  EXPECT_EQ(ask(*responder, frame({0})), "") << "an answer";
  for (std::size_t i = 0; i < good.size(); ++i) {
    ByteVector bad = good;
    bad[i] ^= 0x10;
    EXPECT_EQ(ask(*responder, bad), "") << i;
  }
  EXPECT_EQ(ask(*responder, {good.begin(), good.end() - 1}), "");
}

TEST(JkBmsUartSim, ASleepingBoardWakesUpByCommandOrByQuestions) {
  const auto by_command = board({{"sleeps", "command"}, {"activation", "answered"}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*by_command, question(6, {0})), "");
  EXPECT_EQ(ask(*by_command, question(1, {0})), to_hex(frame({0}, {.command = 1})));
  EXPECT_NE(ask(*by_command, question(6, {0})), "");
  const auto by_questions = board({{"sleeps", "questions"}});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask(*by_questions, question(6, {0})), "");
  EXPECT_NE(ask(*by_questions, question(6, {0})), "");
  EXPECT_EQ(ask(*by_questions, question(1, {0})), "");
}

Reading read(Responder& responder, const PackState& state, int address = 0) {
  const auto session = open(address);
  const auto reading = hear(*session, *responder.answer(session->request(0)->bytes, state));
  EXPECT_TRUE(reading);
  return *reading;
}

PackState some_pack() {
  PackState state;
  state.cell_voltages = {3.3, 3.31, 3.32, 3.33};
  state.voltage = 13.26;
  return state;
}

TEST(JkBmsUartSim, SwitchesAreTurnedOffByCommand) {
  const PackState state = some_pack();
  const auto responder = board();
  EXPECT_EQ(ask(*responder, question(2, {0xAB, 0})), "");
  const Reading off = read(*responder, state);
  EXPECT_EQ(off.get(Field::charge_fet_on), 0);
  EXPECT_EQ(off.get(Field::discharge_fet_on), 1);
  EXPECT_FALSE(std::get<bool>(extras_of(off).at("charge_switch_on")));
  EXPECT_EQ(ask(*responder, question(2, {0xAB, 1})), "");
  EXPECT_EQ(read(*responder, state).get(Field::charge_fet_on), 1);
}

TEST(JkBmsUartSim, NamesAreWhatTheOwnerEntered) {
  const PackState state = some_pack();
  EXPECT_EQ(text_of(read(*board(), state), Text::serial_number), "IM0000000001JK_B2A24S15P");
  EXPECT_EQ(text_of(read(*board({{"user_data", "none"}}), state), Text::serial_number), "JK_B2A24S15P");
  EXPECT_EQ(text_of(read(*board({{"user_data", "Bank A"}, {"device_name", "JK-7"}}), state), Text::serial_number),
            "Bank_A_JK-7");
  EXPECT_EQ(text_of(read(*board({{"software", "NW_1"}}), state), Text::software_version), "NW_1___________");
}

TEST(JkBmsUartSim, UnknownRegistersAreRefusedInFrontAndIgnoredBehind) {
  const PackState state = some_pack();
  EXPECT_EQ(read(*board({{"beyond", "yes"}}), state).get(Field::voltage), 13.26);
  const auto stranger = board({{"stranger", "yes"}});
  const auto session = open();
  EXPECT_STREQ(hear(*session, *stranger->answer(session->request(0)->bytes, state)).error().what, "unknown_register");
}

TEST(JkBmsUartSim, VariantsThatDoNotExistAreRefused) {
  for (const Variant& variant : {Variant{{"current", "curly"}},
                                 {{"colour", "red"}},
                                 {{"ends_with", "B9"}},
                                 {{"user_data", "thirteen char"}},
                                 {{"device_id", ""}},
                                 {{"software", "more than fifteen"}},
                                 {{"stale", "9"}},
                                 {{"sleeps", "yes"}}}) {
    EXPECT_FALSE(board(variant)) << variant.begin()->first;
  }
}

// The decoder understands every board that can be simulated.
RC_GTEST_PROP(JkBmsUartSim, WhatItSaysIsUnderstood, (bool biased, bool counted, bool by_number)) {
  const auto in = [](int low, int high) { return *rc::gen::inRange(low, high); };
  const int cells = in(1, 33), address = by_number ? in(1, 256) : 0;
  PackState state;
  for (int i = 0; i < cells; ++i) state.cell_voltages.push_back(in(1, 5000) / 1000.0);
  for (int i = in(0, 4); i > 0; --i) state.cell_temperatures.push_back(in(-400, 900) / 10.0);
  state.voltage = in(0, 16000) / 100.0;
  state.current = biased ? in(-50000, 10001) / 100.0 : in(-32767, 32768) / 100.0;
  state.soc = in(0, 101);
  state.capacity_full = in(1, 3000);
  state.mos_temperature = in(-400, 900) / 10.0;
  state.ambient_temperature = in(-400, 900) / 10.0;
  state.cycles = in(0, 65536);
  state.charge_fet = in(0, 2) == 1;
  state.discharge_fet = in(0, 2) == 1;
  if (in(0, 2) == 1) state.balancing_cells = {1};
  for (const AlarmBit& bit : jk.alarm_bits) {
    if (*rc::gen::arbitrary<bool>()) state.alarms.insert(bit.name);
  }
  const std::string end = biased ? *rc::gen::elementOf(std::vector<std::string>{"B7", "B8", "C0"}) : "C0";
  const auto responder = board(
      {{"current", biased ? "biased" : "signed"}, {"ends_with", end}, {"counts", counted ? "told" : "zero"}}, address);
  const Reading reading = read(*responder, state, address);

  const auto near = [](double a, double b) { return std::abs(a - b) < 0.0001; };
  const auto near_degree = [](double a, double b) { return std::abs(a - b) <= 0.5001; };
  RC_ASSERT(near(*reading.get(Field::voltage), state.voltage));
  RC_ASSERT(near(*reading.get(Field::current), state.current));
  RC_ASSERT(near(*reading.get(Field::soc), state.soc));
  RC_ASSERT(near(*reading.get(Field::capacity_full), state.capacity_full));
  RC_ASSERT(near(*reading.get(Field::cycles), state.cycles));
  RC_ASSERT(near_degree(*reading.get(Field::mos_temperature), state.mos_temperature));
  for (std::size_t i = 0; i < 2; ++i) {
    const double probe = i < state.cell_temperatures.size() ? state.cell_temperatures[i] : state.ambient_temperature;
    RC_ASSERT(near_degree((*reading.cell_temperatures)[i], probe));
  }
  RC_ASSERT(reading.get(Field::charge_fet_on) == (state.charge_fet ? 1 : 0));
  RC_ASSERT(reading.get(Field::discharge_fet_on) == (state.discharge_fet ? 1 : 0));
  RC_ASSERT(std::get<bool>(extras_of(reading).at("balancing")) == !state.balancing_cells.empty());
  RC_ASSERT(reading.alarms->names.size() == state.alarms.size());
  for (const char* name : reading.alarms->names) RC_ASSERT(state.alarms.contains(name));
  RC_ASSERT(reading.cell_voltages->size() == state.cell_voltages.size());
  for (std::size_t i = 0; i < state.cell_voltages.size(); ++i)
    RC_ASSERT(near((*reading.cell_voltages)[i], state.cell_voltages[i]));
}

}  // namespace
}  // namespace bmsd::jkbms_uart_sim_test
