// The sending side of JK on CAN: what it says is what its session understands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "battery/battery.h"
#include "can_frames.h"
#include "protocol/jkbms_can.h"
#include "there_and_back.h"
#include "wire/can_text.h"

namespace bmsd::jkbms_can_sim_test {
namespace {

using namespace test;  // NOLINT: a test of what these make
using testing::ElementsAre;
using testing::IsEmpty;
using Variant = std::map<std::string, std::string, std::less<>>;

// In the order of pushes().
enum Push : std::uint8_t {
  kStatus,
  kExtremes,
  kTemperatures,
  kAlarms,
  kCapacity,
  kSensors,
  kFaults,
  kHealth,
  kSwitches,
  kCells,
  kPushes
};

std::unique_ptr<Responder> board(Variant variant = {}, int address = 0) {
  PackOptions options;
  options.address = address;
  options.variant = std::move(variant);
  return respond_as_jkbms_can(options);
}

PackState a_state() {
  PackState state;
  state.cell_voltages = {3.324, 3.327, 3.325, 3.325, 3.326, 3.325};
  state.cell_temperatures = {21, 24, -7};
  state.voltage = 19.952;
  state.current = -12.3;
  state.soc = 81;
  state.soh = 97;
  state.capacity_full = 280;
  state.capacity_remaining = 226.8;
  state.total_discharge = 7000;
  state.cycles = 260;
  state.mos_temperature = 31;
  state.charge_fet = false;
  return state;
}

// A session that hears one of everything.
struct Hearer {
  explicit Hearer(int address = 0, std::vector<Param> params = {})
      : session(kJkBmsCan.open({.address = address, .params = params, .extras = true})) {}

  void round(Responder& responder, const PackState& state) {
    now += 1s;
    for (std::size_t kind = 0; kind < responder.pushes().size(); ++kind) {
      const ByteVector records = responder.push(kind, state);
      for (const Frame& frame : frames_of(records)) hear(frame);
    }
  }
  void hear(const Frame& frame) {
    const auto reading = session->decode({nullptr, {&frame, 1}, false, now});
    if (!reading && reading.error().code != Errc::incomplete) wrong.push_back(can_text(frame.bytes));
    if (!reading) return;
    (void)battery.merge(*reading, static_cast<std::uint8_t>(kJkBmsCan.tag(frame).exchange), now);
    for (const auto& [key, value] : reading->extras) extras[key] = value;
  }
  std::set<std::string> alarms() const { return {battery.alarms().names.begin(), battery.alarms().names.end()}; }

  std::unique_ptr<Session> session;
  Battery battery;
  Instant now{1h};
  std::map<std::string, ExtraValue> extras;
  std::vector<std::string> wrong;
};

// --- What is sent ---

TEST(JkBmsCanSim, ItSendsAndNeverAnswers) {
  const auto responder = board();
  EXPECT_FALSE(responder->answer(records("18F0F428#0100000000000000"), a_state()));
  EXPECT_THAT(responder->pushes(), ElementsAre(20ms, 100ms, 500ms, 100ms, 100ms, 500ms, 100ms, 500ms, 500ms, 1000ms));
}

TEST(JkBmsCanSim, TheBytesAreThoseOfTheDescription) {
  const auto responder = board();
  PackState state = a_state();
  state.alarms = {"cell_undervoltage", "internal_comm_fault", "fault_current_sensor", "fault_charge_mos"};
  state.balancing_cells = {2};
  const auto sent = [&](Push kind) { return frame_texts(responder->push(kind, state)); };
  EXPECT_THAT(sent(kStatus), ElementsAre("2F4#C800250F51000000")) << "20.0 V, -12.3 A, 81 %";
  EXPECT_THAT(sent(kExtremes), ElementsAre("4F4#FF0C02FC0C010000"));
  EXPECT_THAT(sent(kTemperatures), ElementsAre("5F4#4A022B033F000000")) << "24, -7, in the mean 12.7 degrees";
  EXPECT_THAT(sent(kAlarms), ElementsAre("7F4#0400001000000000"));
  EXPECT_THAT(sent(kCapacity), ElementsAre("18F128F4#DC08F00A70110401")) << "7000 Ah turn over at 6553.6";
  EXPECT_THAT(sent(kSensors), ElementsAre("18F228F4#0F474A512BFF0000"));
  EXPECT_THAT(sent(kFaults), ElementsAre("18F328F4#0800010000000000"));
  EXPECT_EQ(sent(kHealth).front().substr(9 + 12, 2), "61");
  EXPECT_THAT(sent(kSwitches), ElementsAre("18F528F4#0600000000000000"));
  EXPECT_THAT(sent(kCells), ElementsAre("18E028F4#FC0CFF0CFD0CFD0C", "18E128F4#FE0CFD0C00000000"));
}

TEST(JkBmsCanSim, TheAddressIsAddedToEveryIdentifier) {
  const auto responder = board({}, 11);
  PackState state = a_state();
  state.alarms = {"soc_low"};
  const std::vector<std::string> wanted = {"2FF",      "4FF",      "5FF",      "7FF",      "18F128FF",
                                           "18F228FF", "18F328FF", "18F428FF", "18F528FF", "18E028FF"};
  for (std::size_t kind = 0; kind < kPushes; ++kind) {
    const std::string first = frame_texts(responder->push(kind, state)).front();
    EXPECT_EQ(first.substr(0, first.find('#')), wanted[kind]);
    EXPECT_EQ(kJkBmsCan.tag({records(first)}).address, 11) << first;
  }
  Hearer own(11), other(10);
  own.round(*responder, state);
  other.round(*responder, state);
  EXPECT_THAT(own.wrong, IsEmpty());
  EXPECT_EQ(other.wrong.size(), 11U);
}

TEST(JkBmsCanSim, AV1BoardHasTheStandardIdentifiersAlone) {
  const auto responder = board({{"version", "1"}});
  for (std::size_t kind = 0; kind < kPushes; ++kind)
    EXPECT_EQ(responder->push(kind, a_state()).empty(), kind >= kCapacity || kind == kAlarms) << kind;
}

TEST(JkBmsCanSim, SomeBoardsDoNotSendAll) {
  const std::vector<std::pair<std::string, Push>> words = {{"extremes", kExtremes}, {"temperatures", kTemperatures},
                                                           {"capacity", kCapacity}, {"sensors", kSensors},
                                                           {"faults", kFaults},     {"health", kHealth},
                                                           {"switches", kSwitches}, {"cells", kCells}};
  for (const auto& [word, silent] : words) {
    const auto responder = board({{"silent", word}});
    ASSERT_TRUE(responder) << word;
    for (std::size_t kind = 0; kind < kPushes; ++kind)
      EXPECT_EQ(responder->push(kind, a_state()).empty(), kind == silent || kind == kAlarms) << word << ' ' << kind;
  }
  const auto both = board({{"silent", "cells,switches"}});
  EXPECT_TRUE(both->push(kCells, a_state()).empty());
  EXPECT_TRUE(both->push(kSwitches, a_state()).empty());
}

TEST(JkBmsCanSim, AllFramesOfCellsHaveZerosForThoseThatAreAbsent) {
  const auto sent = frame_texts(board({{"cell_frames", "7"}})->push(kCells, a_state()));
  EXPECT_THAT(sent, ElementsAre("18E028F4#FC0CFF0CFD0CFD0C", "18E128F4#FE0CFD0C00000000", "18E228F4#0000000000000000",
                                "18E328F4#0000000000000000", "18E428F4#0000000000000000", "18E528F4#0000000000000000",
                                "18E628F4#0000000000000000"));
}

TEST(JkBmsCanSim, APackWithoutCellsOrSensorsHasNoExtremes) {
  EXPECT_THAT(frame_texts(board()->push(kExtremes, {})), ElementsAre("4F4#0000000000000000"));
  EXPECT_TRUE(board()->push(kTemperatures, {}).empty());
  EXPECT_TRUE(board()->push(kCells, {}).empty());
  EXPECT_THAT(frame_texts(board()->push(kSensors, {})), ElementsAre("18F228F4#04FFFF4BFFFF0000"))
      << "the MOSFET's is there";
}

TEST(JkBmsCanSim, WhatNoBoardIsIsRefused) {
  for (const Variant& variant : {Variant{{"version", "3"}},
                                 {{"polarity", "up"}},
                                 {{"cell_frames", "6"}},
                                 {{"alarm_level", "0"}},
                                 {{"silent", "status"}},
                                 {{"silent", "cells,"}, {"version", "0"}},
                                 {{"colour", "red"}}}) {
    EXPECT_FALSE(board(variant)) << variant.begin()->first;
  }
  EXPECT_FALSE(board({}, 12)) << "its identifiers would carry into the next byte";
  EXPECT_FALSE(board({}, -1));
}

// --- There and back ---

PackState any_state() {
  PackState state;
  state.cell_voltages.resize(*rc::gen::inRange<std::size_t>(3, 26));
  for (double& cell : state.cell_voltages) cell = scaled(2800, 3650, 0.001);
  state.cell_temperatures.resize(*rc::gen::inRange<std::size_t>(1, 5));
  for (double& sensor : state.cell_temperatures) sensor = scaled(-49, 150, 1);
  state.voltage = std::accumulate(state.cell_voltages.begin(), state.cell_voltages.end(), 0.0);
  state.current = scaled(-4000, 9000, 0.1);
  state.soc = scaled(0, 100, 1);
  state.soh = scaled(1, 100, 1);
  state.capacity_full = scaled(1, 50000, 0.1);
  state.capacity_remaining = scaled(0, 50000, 0.1);
  state.total_discharge = scaled(0, 1'000'000, 0.1);
  state.cycles = *rc::gen::inRange(0, 65536);
  state.mos_temperature = scaled(-49, 150, 1);
  state.charge_fet = *rc::gen::arbitrary<bool>();
  state.discharge_fet = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) state.balancing_cells = {1};
  return state;
}

std::set<std::string> any_alarms(bool faults_too) {
  std::set<std::string> names;
  for (const AlarmBit& bit : kJkBmsCan.alarm_bits) {
    const bool is_fault = std::string_view(bit.name).starts_with("fault_");
    if (*rc::gen::inRange(0, 8) == 0 && (faults_too || !is_fault)) names.insert(bit.name);
  }
  return names;
}

void same_v1(const Battery& battery, const PackState& state) {
  same_rounded(battery, Field::current, state.current, 0.1);
  same_rounded(battery, Field::soc, state.soc, 1);
  same_rounded(battery, Field::cell_voltage_max, *std::ranges::max_element(state.cell_voltages), 0.001);
  same_rounded(battery, Field::cell_voltage_min, *std::ranges::min_element(state.cell_voltages), 0.001);
  same_rounded(battery, Field::temperature_max, *std::ranges::max_element(state.cell_temperatures), 1);
  same_rounded(battery, Field::temperature_min, *std::ranges::min_element(state.cell_temperatures), 1);
}

RC_GTEST_PROP(JkBmsCanSim, WhatAV2BoardSaysIsUnderstood, ()) {
  PackState state = any_state();
  const std::set<std::string> names = any_alarms(true);
  state.alarms = {names.begin(), names.end()};
  const int address = *rc::gen::inRange(0, 12);
  const auto responder = board({{"cell_frames", *rc::gen::element<std::string>("needed", "7")}}, address);
  Hearer hearer(address);
  hearer.round(*responder, state);
  const Battery& battery = hearer.battery;
  RC_ASSERT(hearer.wrong.empty());
  same_v1(battery, state);
  same_list(battery.cell_voltages(), state.cell_voltages);
  same_rounded(battery, Field::voltage, state.voltage, 0.001);
  same_rounded(battery, Field::cell_count, static_cast<double>(state.cell_voltages.size()), 0);
  same_list(battery.cell_temperatures(), state.cell_temperatures);
  same_rounded(battery, Field::mos_temperature, state.mos_temperature, 1);
  same_rounded(battery, Field::capacity_full, state.capacity_full, 0.1);
  same_rounded(battery, Field::capacity_remaining, state.capacity_remaining, 0.1);
  same_rounded(battery, Field::cycles, state.cycles, 0);
  same_rounded(battery, Field::soh, state.soh, 1);
  same_rounded(battery, Field::charge_fet_on, state.charge_fet ? 1 : 0, 0);
  same_rounded(battery, Field::discharge_fet_on, state.discharge_fet ? 1 : 0, 0);
  RC_ASSERT(std::get<bool>(hearer.extras.at("balancing")) == !state.balancing_cells.empty());
  RC_ASSERT(hearer.alarms() == names);
}

RC_GTEST_PROP(JkBmsCanSim, WhatAV1BoardSaysIsUnderstood, ()) {
  PackState state = any_state();
  const std::set<std::string> names = any_alarms(false);
  state.alarms = {names.begin(), names.end()};
  Hearer hearer(0, {{"INVERT_CURRENT_MEASUREMENT", "-1"}});
  state.current = std::min(state.current, 400.0);
  hearer.round(*board({{"version", "1"}, {"polarity", "discharge"}}), state);
  RC_ASSERT(hearer.wrong.empty());
  same_v1(hearer.battery, state);
  same_rounded(hearer.battery, Field::voltage, state.voltage, 0.1);
  RC_ASSERT(!hearer.battery.cell_voltages());
  RC_ASSERT(hearer.alarms() == names);
}

TEST(JkBmsCanSim, TheLevelOfAnAlarmIsItsSeverity) {
  PackState state = a_state();
  state.alarms = {"cell_overvoltage"};
  for (const auto& [level, severity] :
       {std::pair("1", Severity::alarm), {"2", Severity::alarm}, {"3", Severity::warning}}) {
    Hearer hearer;
    hearer.round(*board({{"alarm_level", level}}), state);
    EXPECT_EQ(hearer.battery.alarms().of(Alarm::high_cell_voltage), severity) << level;
    EXPECT_EQ(hearer.battery.alarms().blocks_charge(), severity == Severity::alarm) << level;
  }
}

TEST(JkBmsCanSim, WhichCurrentIsAboveTheBiasDiffers) {
  Hearer as_told, mirrored;
  as_told.round(*board(), a_state());
  mirrored.round(*board({{"polarity", "discharge"}}), a_state());
  EXPECT_EQ(as_told.battery.get(Field::current), -12.3);
  EXPECT_EQ(mirrored.battery.get(Field::current), 12.3) << "the option turns it round";
}

}  // namespace
}  // namespace bmsd::jkbms_can_sim_test
