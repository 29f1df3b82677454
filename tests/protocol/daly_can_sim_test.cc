// The answering side of Daly on CAN: its frames, and that the session understands what the board says in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "can_frames.h"
#include "protocol/daly_can.h"
#include "there_and_back.h"
#include "wire/can_text.h"

namespace bmsd::daly_can_sim_test {
namespace {

using namespace test;  // NOLINT: a test of what these make
using testing::ElementsAre;
using testing::IsEmpty;
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> board(Variant variant = {}, int address = 1) {
  PackOptions options;
  options.address = address;
  options.serial_number = "SIM0000000001";
  options.variant = std::move(variant);
  return respond_as_daly_can(options);
}

// The frames of the answer; none: silence.
std::vector<std::string> ask(Responder& responder, std::string_view request, const PackState& state) {
  return frame_texts(responder.answer(records(request), state).value_or(ByteVector()));
}

std::string request(std::string_view command, int number = 1) {
  return "18" + std::string(command) + to_hex(ByteVector{static_cast<std::uint8_t>(number)}) + "40#0000000000000000";
}

PackState pack_of_8() {
  PackState state;
  state.cell_voltages = {3.296, 3.295, 3.295, 3.294, 3.293, 3.295, 3.294, 3.292};
  state.cell_temperatures = {21, -3};
  state.voltage = 26.3;
  state.current = 12.5;
  state.soc = 70;
  state.capacity_full = 280;
  state.capacity_remaining = 196;
  state.cycles = 260;
  state.total_charge = 70000;
  state.total_discharge = 65000;
  state.max_charge_current = 100;
  state.max_discharge_current = 150;
  state.cell_voltage_min_limit = 2.8;
  return state;
}

// --- What is sent ---

TEST(DalyCanSim, TheBytesAreThoseOfTheDescription) {
  const auto responder = board();
  PackState state = pack_of_8();
  state.balancing_cells = {1, 8};
  state.alarms = {"cell_voltage_high_l1", "short_circuit"};
  const auto said = [&](std::string_view command) { return ask(*responder, request(command), state); };
  EXPECT_THAT(said("90"), ElementsAre("18904001#0107000075AD02BC")) << "12.5 A upwards of 30000";
  EXPECT_THAT(said("91"), ElementsAre("18914001#0CE0010CDC0802BC")) << "the last bytes are those of the answer before";
  EXPECT_THAT(said("92"), ElementsAre("18924001#3D012502DC0802BC"));
  EXPECT_THAT(said("93"), ElementsAre("18934001#010101010002FDA0"));
  EXPECT_THAT(said("94"), ElementsAre("18944001#08020100020104A0"));
  EXPECT_THAT(said("95"),
              ElementsAre("18954001#010CE00CDF0CDFA0", "18954001#020CDE0CDD0CDFA0", "18954001#030CDE0CDC0CDFA0"));
  EXPECT_THAT(said("96"), ElementsAre("18964001#013D250000000000", "18964001#0200000000000000"));
  EXPECT_THAT(said("97"), ElementsAre("18974001#8100000000000000"));
  EXPECT_THAT(said("98"), ElementsAre("18984001#0100000000000400"));
}

TEST(DalyCanSim, TheSettingsAreThoseOfThePack) {
  const PackState state = pack_of_8();
  const auto said = [&](std::string_view command) { return ask(*board(), request(command), state).front().substr(9); };
  EXPECT_EQ(said("50"), "000445C000000C80") << "280000 mAh, 3200 mV";
  EXPECT_EQ(said("51"), "0108000002000000") << "one board";
  EXPECT_EQ(said("52"), "000111700000FDE8");
  EXPECT_EQ(said("53"), "010016080AFFFF0A");
  EXPECT_EQ(said("54"), "3230323230383130");
  EXPECT_EQ(said("59"), "0E420E740AF00A8C") << "3.65, 3.70, 2.80, 2.70 V";
  EXPECT_EQ(said("5A"), "0124012800E000D8") << "29.2, 29.6, 22.4, 21.6 V";
  EXPECT_EQ(said("5B"), "7148704E7B0C7C83") << "100, 125, 150, 187.5 A";
  EXPECT_EQ(said("5C"), "5F64231E64691914") << "55, 60, -5, -10; 60, 65, -15, -20 degrees";
  EXPECT_EQ(said("5D"), "03E803E800640032");
  EXPECT_EQ(said("5E"), "012C01F40A0F0000");
  EXPECT_EQ(said("5F"), "0D48001E00000000");
  EXPECT_EQ(said("60"), "032000FA00000000");
  EXPECT_EQ(said("61"), "160C0D151D2702BC") << "2022-12-13, 21:29:39, and 70.0 %";
}

TEST(DalyCanSim, TextsHaveSevenCharactersInAFrame) {
  const PackState state = pack_of_8();
  const auto text = [&](Responder& responder, std::string_view command) {
    std::string all;
    for (const std::string& frame : ask(responder, request(command), state))
      all += printable_text(*from_hex(frame.substr(11)));
    return all;
  };
  EXPECT_EQ(ask(*board(), request("57"), state).size(), 5U);
  EXPECT_EQ(text(*board(), "57"), "SIM0000000001");
  EXPECT_EQ(text(*board({{"code", "none"}}), "57"), "");
  EXPECT_EQ(text(*board(), "62"), "20210222-1.01");
  EXPECT_EQ(text(*board(), "63"), "DL-R16T-V1.2");
}

TEST(DalyCanSim, AnswersOnlyRequestsForItself) {
  const PackState state = pack_of_8();
  const auto third = board({}, 3);
  EXPECT_EQ(ask(*third, request("90", 3), state).front().substr(0, 8), "18904003");
  for (const char* other :
       {"18900140#0000000000000000", "18900341#0000000000000000", "19900340#0000000000000000",
        "18904003#0000000000000000", "18900340#00000000000000", "351#1402740E740ECC01", "18D80340#0000000000000000"})
    EXPECT_THAT(ask(*third, other, state), IsEmpty()) << other;
  EXPECT_FALSE(third->answer({}, state));
}

TEST(DalyCanSim, BoardsDiffer) {
  const PackState state = pack_of_8();
  EXPECT_THAT(ask(*board({{"polarity", "discharge"}}), request("90"), state), ElementsAre("18904001#0107000074B302BC"));
  EXPECT_EQ(ask(*board(), request("95"), state).size(), 3U) << "as many as are needed";
  EXPECT_EQ(ask(*board({{"cell_frames", "16"}}), request("95"), state).size(), 16U);
  EXPECT_EQ(ask(*board({{"sensor_frames", "needed"}}), request("96"), state).size(), 1U);
  EXPECT_THAT(ask(*board({{"silent", "57,62"}}), request("62"), state), IsEmpty());
  const auto sleeper = board({{"sleeps", "1"}});
  EXPECT_THAT(ask(*sleeper, request("90"), state), IsEmpty());
  EXPECT_EQ(ask(*sleeper, request("90"), state).size(), 1U);
}

TEST(DalyCanSim, WhatNoBoardIsIsRefused) {
  EXPECT_FALSE(board({}, 0));
  EXPECT_FALSE(board({}, 17));
  EXPECT_TRUE(board({}, 16));
  EXPECT_FALSE(board({{"host", "40"}})) << "of UART alone";
  EXPECT_FALSE(board({{"polarity", "up"}}));
  EXPECT_FALSE(board({{"silent", "571"}}));
}

TEST(DalyCanSim, ItDoesWhatOthersWriteOnUart) {
  const auto responder = board();
  EXPECT_THAT(ask(*responder, "18DA0140#0000000000000000", pack_of_8()), ElementsAre("18DA4001#0000000000000000"));
  const auto changes = responder->take_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes.front().what, Changeable::charge_fet);
  EXPECT_EQ(changes.front().value, 0);
  EXPECT_TRUE(responder->take_changes().empty());
}

// --- There and back ---

struct Talk {
  std::unique_ptr<Session> session;
  std::unique_ptr<Responder> responder;
  const PackState& state;

  Reading operator()(std::string_view exchange) const {
    const auto index = static_cast<std::uint8_t>(exchange_index(kDalyCan, exchange));
    const auto request = session->request(index);
    if (!request) RC_FAIL("not asked: " + std::string(exchange));
    const auto reply = responder->answer(request->bytes, state);
    if (!reply) RC_FAIL("no reply to " + std::string(exchange));
    std::vector<Frame> frames;
    for (const Frame& frame : frames_of(*reply)) {
      frames.push_back(frame);
      auto reading = session->decode({&*request, frames, false});
      if (reading) return *reading;
      if (reading.error().code != Errc::incomplete) RC_FAIL(describe(reading.error()));
    }
    RC_FAIL("incomplete: " + std::string(exchange));
  }
};

PackState any_state() {
  PackState state;
  state.cell_voltages.resize(*rc::gen::inRange<std::size_t>(4, 49));
  for (double& cell : state.cell_voltages) cell = scaled(2500, 3650, 0.001);
  state.cell_temperatures.resize(*rc::gen::inRange<std::size_t>(1, 17));
  for (double& sensor : state.cell_temperatures) sensor = scaled(-40, 150, 1);
  for (int cell = 1; cell <= static_cast<int>(state.cell_voltages.size()); ++cell) {
    if (*rc::gen::arbitrary<bool>()) state.balancing_cells.insert(cell);
  }
  state.voltage = static_cast<double>(state.cell_voltages.size()) * scaled(25, 36, 0.1);
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
  for (const AlarmBit& bit : kDalyCan.alarm_bits) {
    if (*rc::gen::inRange(0, 8) == 0) state.alarms.insert(bit.name);
  }
  return state;
}

RC_GTEST_PROP(DalyCanSim, WhatABoardSaysIsWhatTheDecoderUnderstands, ()) {
  const PackState state = any_state();
  const int address = *rc::gen::inRange(1, 17);
  const Variant variant = {{"polarity", *rc::gen::element<std::string>("discharge", "charge")},
                           {"cell_frames", *rc::gen::element<std::string>("needed", "16")},
                           {"sensor_frames", *rc::gen::element<std::string>("two", "needed")}};
  const Talk talk{kDalyCan.open({.address = address}), board(variant, address), state};
  const Reading counts = talk("94"), first = talk("90"), operation = talk("93");
  same_rounded(counts, Field::cell_count, static_cast<double>(state.cell_voltages.size()), 0);
  same_rounded(counts, Field::cycles, state.cycles, 0);
  same_rounded(first, Field::voltage, state.voltage, 0.1);
  same_rounded(first, Field::soc, state.soc, 0.1);
  const double current = operation.get(Field::current).value_or(first.get(Field::current).value());
  // Less than 0.5 A does not tell its direction.
  if (std::abs(state.current) >= 0.5) RC_ASSERT(std::abs(current - state.current) < 1e-6);
  same_rounded(operation, Field::capacity_remaining, state.capacity_remaining, 0.001);
  same_rounded(operation, Field::charge_fet_on, state.charge_fet ? 1 : 0, 0);
  same_rounded(operation, Field::discharge_fet_on, state.discharge_fet ? 1 : 0, 0);
  same_list(talk("95").cell_voltages, state.cell_voltages);
  same_list(talk("96").cell_temperatures, state.cell_temperatures);
  const CellSet balancing = talk("97").balancing_cells.value();
  for (std::size_t i = 0; i < balancing.size(); ++i)
    RC_ASSERT(balancing[i] == state.balancing_cells.contains(static_cast<int>(i) + 1));
  const Reading alarms = talk("98");
  RC_ASSERT(std::set<std::string>(alarms.alarms->names.begin(), alarms.alarms->names.end()) ==
            std::set<std::string>(state.alarms.begin(), state.alarms.end()));
  same_rounded(talk("50"), Field::capacity_full, state.capacity_full, 0.001);
  const Reading cell_limits = talk("59"), current_limits = talk("5B");
  same_rounded(cell_limits, Field::cell_voltage_max_limit, state.cell_voltage_max_limit, 0.001);
  same_rounded(cell_limits, Field::cell_voltage_min_limit, state.cell_voltage_min_limit, 0.001);
  same_rounded(current_limits, Field::max_charge_current, state.max_charge_current, 0.1);
  same_rounded(current_limits, Field::max_discharge_current, state.max_discharge_current, 0.1);
  const Reading code = talk("57");
  RC_ASSERT(std::ranges::count(code.texts, std::pair(Text::serial_number, std::string("SIM0000000001"))) == 1);
}

}  // namespace
}  // namespace bmsd::daly_can_sim_test
