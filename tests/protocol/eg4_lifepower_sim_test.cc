// The answering side of the Tian-Power protocol, against captured frames first: they are the witness that neither it nor the
// decoder has made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "eg4_lifepower_replies.h"
#include "vectors.h"

namespace bmsd::eg4_lifepower_sim_test {
namespace {

using namespace test::eg4;  // NOLINT: a test of these replies
using nlohmann::json;
using test::load_vectors;
using test::Vector;
using testing::ElementsAreArray;
using testing::IsEmpty;
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> pack(Variant variant = {}, int address = 1) {
  PackOptions options;
  options.address = address;
  options.variant = std::move(variant);
  return respond_as_eg4_lifepower(options);
}

// The reply in hexadecimal; empty: silence.
std::string ask(Responder& responder, std::string_view request, const PackState& state = {}) {
  const auto reply = responder.answer(*from_hex(request), state);
  return reply ? to_hex(*reply) : "";
}

PackState state_of(const json& expect) {
  PackState state;
  state.cell_voltages = expect["cell_voltages_v"].get<std::vector<double>>();
  state.cell_temperatures = expect["temperatures_c"].get<std::vector<double>>();
  if (expect.contains("mos_temperature_c")) {  // the last two of the list
    state.cell_temperatures.resize(state.cell_temperatures.size() - 2);
    state.mos_temperature = expect["mos_temperature_c"];
    state.ambient_temperature = expect["environment_temperature_c"];
  }
  state.voltage = expect["voltage_v"];
  state.current = expect["current_a"];
  state.soc = expect["soc_percent"];
  state.soh = expect["soh_percent"];
  state.capacity_full = expect["capacity_full_ah"];
  state.cycles = expect["cycles"];
  state.total_charge = expect.value("total_charged_ah", 0.0);
  state.total_discharge = expect.value("total_discharged_ah", 0.0);
  state.total_charge_energy = expect.value("total_charged_wh", 0.0) / 1000;
  state.total_discharge_energy = expect.value("total_discharged_wh", 0.0) / 1000;
  for (const json& name : expect["alarms"]) state.alarms.insert(name.get<std::string>());
  int cell = 0;
  for (const json& flag : expect["cell_bit15"]) {
    ++cell;
    if (flag.get<bool>()) state.balancing_cells.insert(cell);
  }
  return state;
}

TEST(Eg4LifepowerSim, AnswersWithTheCapturedBytes) {
  int compared = 0;
  for (const Vector& vector : load_vectors("eg4-lifepower.json")) {
    const json& expect = vector.expect;
    if (expect.is_null() || !expect.contains("voltage_v")) continue;
    const json& bit14 = expect["cell_bit14"];
    if (std::find(bit14.begin(), bit14.end(), true) != bit14.end()) continue;  // no cell is at its limit there
    Variant variant = {{"start", "both"}, {"flags", "yes"}};
    if (expect.contains("total_charged_ah")) variant.insert({{"groups", "17"}, {"mos_kind", "40"}});
    if (!expect.contains("mos_temperature_c")) variant["board_sensors"] = "none";
    if (vector.name.find("0x12") != std::string::npos) variant["more"] = "yes";

    PackState state = state_of(expect);
    state.cell_voltage_max_limit = 9;
    EXPECT_EQ(ask(*pack(variant, expect["address"]), to_hex(vector.request), state), to_hex(vector.response))
        << vector.name;
    ++compared;
  }
  EXPECT_GE(compared, 6);
}

TEST(Eg4LifepowerSim, BoardsAnswerTheirStartByteOnly) {
  constexpr char k7e[] = "7E013300FE0D", k7c[] = "7C013300FE0D";
  EXPECT_NE(ask(*pack(), k7e), "");
  EXPECT_EQ(ask(*pack(), k7c), "");
  EXPECT_EQ(ask(*pack({{"board", "revov"}}), k7e), "");
  EXPECT_EQ(ask(*pack({{"board", "revov"}}), k7c),
            "7C013316"
            "54502D42443136533438563135302D56332E312E3239"
            "E20D");
  EXPECT_NE(ask(*pack({{"board", "revov"}, {"start", "both"}}), k7e), "");
  EXPECT_NE(ask(*pack({{"board", "narada"}, {"start", "7e"}}), k7e), "");
}

TEST(Eg4LifepowerSim, OnlyAnIntactRequestOfItsOwnIsAnswered) {
  EXPECT_EQ(ask(*pack(), "7E013300FC0D"), "") << "damaged";
  EXPECT_EQ(ask(*pack(), "7E013300FE0A"), "");
  EXPECT_EQ(ask(*pack(), "7E023300FC0D"), "") << "of another pack";
  EXPECT_EQ(ask(*pack(), "7E017700FE0D"), "") << "nobody knows it";
  EXPECT_EQ(ask(*pack(), "7E0133"), "");
  EXPECT_EQ(ask(*pack({{"firmware", "none"}}), "7E013300FE0D"), "");
  EXPECT_EQ(ask(*pack({{"hardware", "no"}}), "7E014200FC0D"), "");
}

TEST(Eg4LifepowerSim, UnknownBoardsAreRefused) {
  EXPECT_FALSE(pack({{"board", "pylontech"}}));
  EXPECT_FALSE(pack({{"start", "7f"}}));
  EXPECT_FALSE(pack({{"groups", "11"}}));
  EXPECT_FALSE(pack({{"colour", "red"}}));
}

// --- There and back ---

Reading there_and_back(const PackState& state, const Variant& variant = {}) {
  const auto responder = pack(variant);
  auto session = open();
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto request = session->request(index_of("01"));
    if (const auto reply = responder->answer(request->bytes, state)) {
      const Frame frame{*reply};
      const auto reading = session->decode({&*request, {&frame, 1}, false});
      EXPECT_TRUE(reading) << (reading ? "" : describe(reading.error()));
      return reading ? *reading : Reading();
    }
    session->failed(index_of("01"), {Errc::timeout, "no_reply", 0, {}});
  }
  ADD_FAILURE() << "no reply";
  return {};
}

PackState a_state() {
  PackState state;
  state.cell_voltages = std::vector<double>(16, 3.3);
  state.cell_voltages[3] = 3.351;
  state.voltage = 52.851;
  state.current = -17.25;
  state.soc = 61.2;
  state.soh = 98;
  state.capacity_full = 100;
  state.cycles = 12;
  state.cell_temperatures = {-20, 0, 25.4, 60};
  state.mos_temperature = 70;
  state.ambient_temperature = -5;
  state.total_charge = 753;
  state.total_charge_energy = 39.1;
  return state;
}

TEST(Eg4LifepowerSim, EveryBoardComesBackAsItWasSaid) {
  const std::vector<Variant> boards = {{},
                                       {{"board", "revov"}},
                                       {{"board", "narada"}, {"mos_kind", "40"}},
                                       {{"more", "yes"}, {"flags", "yes"}},
                                       {{"groups", "17"}, {"start", "both"}}};
  for (const Variant& variant : boards) {
    const PackState state = a_state();
    const Reading reading = there_and_back(state, variant);
    EXPECT_THAT(*reading.cell_voltages, ElementsAreArray(state.cell_voltages));
    EXPECT_NEAR(*reading.get(Field::voltage), state.voltage, 0.0051);
    EXPECT_DOUBLE_EQ(*reading.get(Field::current), state.current);
    EXPECT_DOUBLE_EQ(*reading.get(Field::soc), state.soc);
    EXPECT_DOUBLE_EQ(*reading.get(Field::soh), 98);
    EXPECT_EQ(*reading.get(Field::cycles), 12);
    EXPECT_THAT(*reading.cell_temperatures, testing::ElementsAre(-20, 0, 25, 60));
    EXPECT_EQ(*reading.get(Field::mos_temperature), 70);
    EXPECT_EQ(*reading.get(Field::ambient_temperature), -5);
    EXPECT_THAT(reading.alarms->names, IsEmpty());
    const bool has_totals = variant.count("groups") != 0 || variant.count("board") != 0;
    EXPECT_EQ(reading.get(Field::total_charge), has_totals ? std::optional(753.0) : std::nullopt);
    EXPECT_EQ(reading.get(Field::total_charge_energy).has_value(), has_totals);
  }
}

TEST(Eg4LifepowerSim, EveryAlarmComesBack) {
  for (const AlarmBit& bit : lifepower.alarm_bits) {
    PackState state = a_state();
    state.alarms = {bit.name};
    EXPECT_THAT(there_and_back(state).alarms->names, testing::ElementsAre(testing::StrEq(bit.name)));
  }
}

TEST(Eg4LifepowerSim, SensorsThatABoardLacksAreNotSaid) {
  const Reading mos = there_and_back(a_state(), {{"board_sensors", "mos"}}),
                none = there_and_back(a_state(), {{"board_sensors", "none"}});
  EXPECT_TRUE(mos.get(Field::mos_temperature));
  EXPECT_FALSE(mos.get(Field::ambient_temperature));
  EXPECT_FALSE(none.get(Field::mos_temperature));
}

TEST(Eg4LifepowerSim, FlagsAreOfTheirCells) {
  PackState state = a_state();
  state.balancing_cells = {1, 16};
  state.cell_voltage_max_limit = 3.35;
  const auto extras = extras_of(there_and_back(state, {{"flags", "yes"}}));
  const auto at = [&](const char* key) { return std::get<std::vector<bool>>(extras.at(key)); };
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(at("cell_bit15")[i], i == 0 || i == 15);
    EXPECT_EQ(at("cell_bit14")[i], i == 3);
  }
}

RC_GTEST_PROP(Eg4LifepowerSim, AnyPackComesBackRounded, ()) {
  PackState state;
  const int cells = *rc::gen::inRange(1, 33);
  for (int i = 0; i < cells; ++i) {
    state.cell_voltages.push_back(*rc::gen::inRange(2000, 4000) / 1000.0);
    state.voltage += state.cell_voltages.back();
  }
  const int sensors = *rc::gen::inRange(0, 17);
  for (int i = 0; i < sensors; ++i) state.cell_temperatures.push_back(*rc::gen::inRange(-50, 120));
  state.current = *rc::gen::inRange(-35000, 30000) / 100.0;
  state.soc = *rc::gen::inRange(0, 10001) / 100.0;
  state.capacity_full = *rc::gen::inRange(0, 65000) / 100.0;
  const Reading reading = there_and_back(state, {{"board", "narada"}});
  RC_ASSERT(reading.cell_voltages->size() == state.cell_voltages.size());
  RC_ASSERT(std::abs(*reading.get(Field::current) - state.current) < 0.0001);
  RC_ASSERT(std::abs(*reading.get(Field::soc) - state.soc) < 0.0001);
  RC_ASSERT(std::abs(*reading.get(Field::voltage) - state.voltage) < 0.0051);
  RC_ASSERT(std::abs(*reading.get(Field::capacity_full) - state.capacity_full) < 0.0001);
  RC_ASSERT(*reading.cell_temperatures == state.cell_temperatures);
}

}  // namespace
}  // namespace bmsd::eg4_lifepower_sim_test
