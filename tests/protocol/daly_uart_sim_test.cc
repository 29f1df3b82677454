// The answering side of Daly UART, against recorded frames first: they are the witness that neither it nor the decoder has
// made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "daly_uart_replies.h"
#include "there_and_back.h"
#include "vectors.h"

namespace bmsd::daly_uart_sim_test {
namespace {

using namespace test;             // NOLINT: a test of these replies
using namespace test::daly_uart;  // NOLINT
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> board(Variant variant = {}, int address = 0x40, std::string code = "SIM0000000001") {
  PackOptions options;
  options.address = address;
  options.serial_number = std::move(code);
  options.variant = std::move(variant);
  return respond_as_daly_uart(options);
}

// Of the reply to a command; empty: silence.
std::string ask(Responder& responder, int command, const PackState& state, int address = 0x40) {
  const auto reply = responder.answer(frame(address, command, {}), state);
  return reply ? to_hex(*reply) : "";
}

std::string upper(std::string_view hex) { return to_hex(bytes_of(hex)); }

PackState pack_of_14() {
  PackState state;
  state.cell_voltages = {3.776, 3.778, 3.783, 3.784, 3.784, 3.782, 3.778,
                         3.778, 3.740, 3.780, 3.780, 3.780, 3.779, 3.776};
  state.cell_temperatures = {21};
  state.voltage = 52.8;
  state.soc = 50;
  state.capacity_remaining = 20;
  return state;
}

TEST(DalyUartSim, AnswersAsARecordedBoard) {
  const PackState state = pack_of_14();
  const auto responder = board();
  EXPECT_EQ(ask(*responder, 0x90, state), upper("a501900802100000753001f4ea"));
  // The board counts the highest cell as the 5th of two that are equal, and leaves bytes of earlier answers.
  EXPECT_EQ(ask(*responder, 0x91, state), upper("a50191080ec8050e9c0901f4c2"));
  EXPECT_EQ(ask(*responder, 0x92, state), upper("a50192083d013d019c0901f456"));
  for (int life = 1; life < 16; ++life) ask(*responder, 0x93, state);
  EXPECT_EQ(ask(*responder, 0x93, state), upper("a50193080001011000004e20c1"));
  EXPECT_EQ(ask(*responder, 0x94, state), upper("a50194080e0100000200002073"));
  EXPECT_EQ(
      ask(*responder, 0x95, state),
      upper("a5019508010ec00ec20ec720d7a5019508020ec80ec80ec620e5a5019508030ec20ec20e9c20b0a5019508040ec40ec40ec420d"
            "da5019508050ec30ec00ec420d9"));
  EXPECT_EQ(ask(*responder, 0x96, state), upper("a5019608013d00000000000082a5019608020000000000000046"));
  EXPECT_EQ(ask(*responder, 0x97, state), upper("a5019708000000000000000045"));
  EXPECT_EQ(ask(*responder, 0x98, state), upper("a5019808000000000000000046"));
}

TEST(DalyUartSim, AnswersOnlyIntactRequestsForItself) {
  const PackState state = pack_of_14();
  const auto third = board({}, 0x42);
  EXPECT_EQ(ask(*third, 0x90, state, 0x42).substr(0, 4), "A503");
  EXPECT_EQ(ask(*third, 0x90, state, 0x80).substr(0, 4), "A501");
  EXPECT_EQ(ask(*third, 0x90, state, 0x40), "");
  EXPECT_EQ(ask(*third, 0x90, state, 3), "");
  ByteVector damaged = frame(0x42, 0x90, {});
  damaged.back() ^= 1;
  EXPECT_FALSE(third->answer(damaged, state));
  EXPECT_FALSE(third->answer(Bytes(damaged).first(5), state));
  EXPECT_EQ(ask(*third, 0xD8, state, 0x42), "");
  EXPECT_EQ(ask(*third, 0xDA, state, 0x40), "") << "it is not the one that is switched";
  EXPECT_TRUE(third->take_changes().empty());
}

TEST(DalyUartSim, BoardsDiffer) {
  const PackState state = pack_of_14();
  EXPECT_EQ(ask(*board({{"host", "80"}}), 0x90, state), "");
  EXPECT_NE(ask(*board({{"host", "80"}}), 0x90, state, 0x80), "");
  EXPECT_EQ(ask(*board({{"host", "40"}}), 0x90, state, 0x80), "");
  EXPECT_EQ(ask(*board(), 0x95, state).size(), 5 * 26U);
  EXPECT_EQ(ask(*board(), 0x95, state, 0x80).size(), 16 * 26U);
  EXPECT_EQ(ask(*board({{"cell_frames", "needed"}}), 0x95, state, 0x80).size(), 5 * 26U);
  EXPECT_EQ(ask(*board({{"cell_frames", "16"}}), 0x95, state).size(), 16 * 26U);
  EXPECT_EQ(ask(*board({{"sensor_frames", "needed"}}), 0x96, state).size(), 26U);
  EXPECT_EQ(ask(*board({{"silent", "57,62"}}), 0x62, state), "");
  EXPECT_EQ(ask(*board({{"fault_code", "3"}}), 0x98, state), upper("a5019808000000000000000349"));
  const auto sleeper = board({{"sleeps", "2"}});
  EXPECT_EQ(ask(*sleeper, 0x90, state), "");
  EXPECT_EQ(ask(*sleeper, 0x90, state), "");
  EXPECT_NE(ask(*sleeper, 0x90, state), "");
}

TEST(DalyUartSim, WhatNoBoardIsIsRefused) {
  EXPECT_FALSE(board({{"host", "20"}}));
  EXPECT_FALSE(board({{"silent", "5"}}));
  EXPECT_FALSE(board({{"form", "short"}}));
  EXPECT_FALSE(board({}, 0x80)) << "who answers there has an address of its own";
  EXPECT_FALSE(board({}, 1));
}

// --- The decoder understands what it says ---

PackState any_state() {
  PackState state;
  state.cell_voltages.resize(*rc::gen::inRange<std::size_t>(4, 49));
  for (double& cell : state.cell_voltages) cell = scaled(0, 9999, 0.001);
  state.cell_temperatures.resize(*rc::gen::inRange<std::size_t>(1, 17));
  for (double& sensor : state.cell_temperatures) sensor = scaled(-40, 150, 1);
  for (int cell = 1; cell <= static_cast<int>(state.cell_voltages.size()); ++cell) {
    if (*rc::gen::arbitrary<bool>()) state.balancing_cells.insert(cell);
  }
  state.voltage = static_cast<double>(state.cell_voltages.size()) * scaled(20, 45, 0.1);
  state.voltage = std::round(state.voltage * 10) / 10;
  state.current = scaled(-9999, 9999, 0.1);
  state.soc = scaled(0, 1000, 0.1);
  state.capacity_full = scaled(1, 4'000'000, 0.001);
  state.capacity_remaining = scaled(0, 4'000'000, 0.001);
  state.cycles = *rc::gen::inRange(0, 65536);
  state.max_charge_current = scaled(1, 9999, 0.1);
  state.max_discharge_current = scaled(1, 9999, 0.1);
  state.cell_voltage_max_limit = scaled(3300, 4500, 0.001);
  state.cell_voltage_min_limit = scaled(1500, 3200, 0.001);
  state.charge_fet = *rc::gen::arbitrary<bool>();
  state.discharge_fet = *rc::gen::arbitrary<bool>();
  for (const AlarmBit& bit : daly.alarm_bits) {
    if (*rc::gen::inRange(0, 8) == 0) state.alarms.insert(bit.name);
  }
  return state;
}

// A session and a board in turn.
struct Talk {
  std::unique_ptr<Session> session;
  std::unique_ptr<Responder> responder;
  const PackState& state;

  Reading operator()(std::string_view exchange) const {
    const auto request = session->request(index_of(exchange));
    if (!request) RC_FAIL("not asked: " + std::string(exchange));
    const auto reply = responder->answer(request->bytes, state);
    if (!reply) RC_FAIL("no reply to " + std::string(exchange));
    std::vector<Frame> frames;
    for (std::size_t i = 0; i + 13 <= reply->size(); i += 13) {
      frames.push_back({Bytes(*reply).subspan(i, 13)});
      auto reading = session->decode({&*request, frames, false});
      if (reading) return *reading;
      if (reading.error().code != Errc::incomplete) RC_FAIL(describe(reading.error()));
    }
    RC_FAIL("incomplete: " + std::string(exchange));
  }
};

void same_poll(const Talk& talk) {
  const PackState& state = talk.state;
  const Reading counts = talk("94");
  same_number(counts, Field::cell_count, static_cast<double>(state.cell_voltages.size()));
  same_number(counts, Field::cycles, state.cycles);
  const Reading first = talk("90"), operation = talk("93");
  same_number(first, Field::voltage, state.voltage);
  same_number(first, Field::soc, state.soc);
  const auto corrected = operation.get(Field::current);
  const double current = corrected ? *corrected : first.get(Field::current).value();
  // Less than 0.5 A does not tell its direction.
  if (std::abs(state.current) >= 0.5) RC_ASSERT(std::abs(current - state.current) < 1e-6);
  same_number(operation, Field::capacity_remaining, state.capacity_remaining);
  same_number(operation, Field::charge_fet_on, state.charge_fet ? 1 : 0);
  same_number(operation, Field::discharge_fet_on, state.discharge_fet ? 1 : 0);
  same_list(talk("95").cell_voltages, state.cell_voltages);
  same_list(talk("96").cell_temperatures, state.cell_temperatures);
  std::set<int> balancing;
  const CellSet cells = talk("97").balancing_cells.value();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i]) balancing.insert(static_cast<int>(i) + 1);
  }
  RC_ASSERT(balancing == state.balancing_cells);
}

std::set<std::string> names_of(const Reading& reading) {
  return {reading.alarms->names.begin(), reading.alarms->names.end()};
}

RC_GTEST_PROP(DalyUartSim, WhatABoardSaysIsWhatTheDecoderUnderstands, ()) {
  const PackState state = any_state();
  const int address = *rc::gen::inRange(0x40, 0x50);
  const bool at_80 = *rc::gen::arbitrary<bool>();
  const Variant variant = {{"polarity", *rc::gen::element<std::string>("discharge", "charge")},
                           {"cell_frames", *rc::gen::element<std::string>("host80", "needed", "16")},
                           {"sensor_frames", *rc::gen::element<std::string>("two", "needed")}};
  const Talk talk{open(at_80 ? 0x80 : address), board(variant, address), state};
  same_poll(talk);
  RC_ASSERT(names_of(talk("98")) == std::set<std::string>(state.alarms.begin(), state.alarms.end()));
  same_number(talk("50"), Field::capacity_full, state.capacity_full);
  same_number(talk("59"), Field::cell_voltage_max_limit, state.cell_voltage_max_limit);
  same_number(talk("59"), Field::cell_voltage_min_limit, state.cell_voltage_min_limit);
  same_number(talk("5B"), Field::max_charge_current, state.max_charge_current);
  same_number(talk("5B"), Field::max_discharge_current, state.max_discharge_current);
  RC_ASSERT(text_of(talk("57"), Text::serial_number) == "SIM0000000001");
}

RC_GTEST_PROP(DalyUartSim, ABoardThatMirrorsAllIsUnderstoodWithTheOption, ()) {
  const PackState state = any_state();
  const Talk talk{open(0x40, {{"INVERT_CURRENT_MEASUREMENT", "-1"}}), board({{"mirrored", "yes"}}), state};
  same_poll(talk);
  RC_ASSERT(names_of(talk("98")) == std::set<std::string>(state.alarms.begin(), state.alarms.end()));
}

}  // namespace
}  // namespace bmsd::daly_uart_sim_test
