// The sending side of batteries that talk to inverters: what it says is what its session understands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "battery/battery.h"
#include "can_frames.h"
#include "protocol/canbus_bms.h"
#include "there_and_back.h"
#include "wire/can_text.h"

namespace bmsd::canbus_bms_sim_test {
namespace {

using namespace test;  // NOLINT: a test of what these make
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Variant = std::map<std::string, std::string, std::less<>>;

std::unique_ptr<Responder> rack(Variant variant = {}, int address = 0) {
  PackOptions options;
  options.address = address;
  options.serial_number = "BMSD00012345";
  options.variant = std::move(variant);
  return respond_as_canbus_bms(options);
}

PackState a_state() {
  PackState state;
  state.cell_voltages = std::vector<double>(16, 3.3);
  state.cell_voltages[2] = 3.257;
  state.cell_voltages[10] = 3.366;
  state.cell_temperatures = {21, 24, 19, 23};
  state.voltage = 52.83;
  state.current = -12.3;
  state.soc = 60.2;
  state.soh = 97;
  state.pack_temperature = 22.5;
  state.capacity_full = 280;
  state.capacity_remaining = 168;
  state.max_charge_current = 100;
  state.max_discharge_current = 150;
  state.total_charge_energy = 1234.5;
  state.total_discharge_energy = 1200.1;
  return state;
}

std::vector<std::string> identifiers(const ByteVector& records) {
  std::vector<std::string> all;
  for (const std::string& frame : frame_texts(records)) all.push_back(frame.substr(0, frame.find('#')));
  return all;
}

// A session that hears all that is sent, a second after a second.
struct Hearer {
  explicit Hearer(std::vector<Param> params = {}) : session(kCanBusBms.open({.address = 0, .params = params})) {}

  void second(Responder& responder, const PackState& state) {
    now += 1s;
    for (std::size_t kind = 0; kind < responder.pushes().size(); ++kind) {
      const ByteVector records = responder.push(kind, state);
      for (const Frame& frame : frames_of(records)) {
        const auto reading = session->decode({nullptr, {&frame, 1}, false, now});
        if (reading) (void)battery.merge(*reading, static_cast<std::uint8_t>(kCanBusBms.tag(frame).exchange), now);
        if (!reading && reading.error().code != Errc::incomplete) wrong.push_back(can_text(frame.bytes));
      }
    }
  }
  std::set<std::string> alarms() const { return {battery.alarms().names.begin(), battery.alarms().names.end()}; }

  std::unique_ptr<Session> session;
  Battery battery;
  Instant now{1h};
  std::vector<std::string> wrong;
};

// --- What is sent ---

TEST(CanBusBmsSim, ItSendsAndNeverAnswers) {
  const auto responder = rack();
  EXPECT_FALSE(responder->answer(records("305#0000000000000000"), a_state()));
  EXPECT_THAT(responder->pushes(), ElementsAre(1s, 1s));
  EXPECT_THAT(rack({{"slow", "10"}})->pushes(), ElementsAre(1s, 10s));
}

TEST(CanBusBmsSim, EachDialectHasItsFrames) {
  const PackState state = a_state();
  const auto victron = rack(), pylontech = rack({{"dialect", "pylontech"}}), sma = rack({{"dialect", "sma"}});
  for (const auto* one : {&victron, &pylontech, &sma})
    EXPECT_THAT(identifiers((*one)->push(0, state)), ElementsAre("351", "355", "356"));
  EXPECT_THAT(identifiers(victron->push(1, state)), ElementsAre("35A", "35E", "35F", "370", "371", "372", "373", "374",
                                                                "375", "376", "377", "378", "379", "380", "381"));
  EXPECT_THAT(identifiers(pylontech->push(1, state)), ElementsAre("359", "35C", "35E"));
  EXPECT_THAT(identifiers(sma->push(1, state)), ElementsAre("35A", "35B", "35E", "35F"));
}

TEST(CanBusBmsSim, TheBytesAreThoseOfTheDescription) {
  EXPECT_THAT(frame_texts(rack({{"dialect", "pylontech"}})->push(0, a_state())),
              ElementsAre("351#4802E803DC059001", "355#3C006100", "356#A31485FFE100"))
      << "58.4 V, 100 A, 150 A, 40.0 V; 60 %, 97 %; 52.83 V, -12.3 A, 22.5 degrees";
}

TEST(CanBusBmsSim, SomeDoNotTellAll) {
  const PackState state = a_state();
  EXPECT_THAT(identifiers(rack({{"serial", "none"}, {"cells", "untold"}})->push(1, state)),
              ElementsAre("35A", "35E", "35F", "370", "371", "372", "378", "379"));
  EXPECT_THAT(identifiers(rack({{"dialect", "pylontech"}, {"silent", "359,35C"}})->push(1, state)), ElementsAre("35E"));
  EXPECT_THAT(identifiers(rack({{"silent", "356"}})->push(0, state)), ElementsAre("351", "355"));
  PackState without_sensors = state;
  without_sensors.cell_temperatures.clear();
  EXPECT_THAT(identifiers(rack()->push(1, without_sensors)), testing::Not(testing::Contains("373")));
}

TEST(CanBusBmsSim, WhatCannotBeToldIsNotSent) {
  PackState state = a_state();
  state.voltage = std::nan("");
  EXPECT_THAT(rack()->push(0, state), IsEmpty());
  EXPECT_THAT(rack()->push(1, state), IsEmpty());
}

TEST(CanBusBmsSim, WhatNoBatteryIsIsRefused) {
  for (const Variant& variant : {Variant{{"dialect", "growatt_lv"}},
                                 {{"slow", "0"}},
                                 {{"slow", "61"}},
                                 {{"slow", "often"}},
                                 {{"serial", "yes"}},
                                 {{"cells", "all"}},
                                 {{"silent", "35"}},
                                 {{"silent", "35A;35C"}},
                                 {{"silent", "35A,"}, {"colour", "red"}}}) {
    EXPECT_FALSE(rack(variant)) << variant.begin()->first << ' ' << variant.begin()->second;
  }
  EXPECT_FALSE(rack({}, 1)) << "there are no addresses";
  EXPECT_TRUE(rack({{"dialect", "sma"}, {"slow", "60"}, {"serial", "kept"}, {"cells", "told"}, {"silent", ""}}));
}

// --- There and back ---

TEST(CanBusBmsSim, AWholeBatteryComesBack) {
  const auto responder = rack();
  Hearer hearer;
  for (int i = 0; i < 10; ++i) hearer.second(*responder, a_state());
  EXPECT_THAT(hearer.wrong, IsEmpty());
  const Battery& battery = hearer.battery;
  EXPECT_EQ(battery.text(Text::serial_number), "BMSD00012345");
  EXPECT_THAT(battery.identities(), ElementsAre("BMSD00012345"));
  EXPECT_EQ(battery.text(Text::device_name), "SIMULATED RACK");
  EXPECT_EQ(battery.text(Text::manufacturer), "bmsd");
  EXPECT_EQ(battery.text(Text::cell_voltage_min_id), "P1C3");
  EXPECT_EQ(battery.text(Text::cell_voltage_max_id), "P1C11");
  EXPECT_EQ(battery.text(Text::temperature_min_id), "P1T3");
  EXPECT_EQ(battery.text(Text::temperature_max_id), "P1T2");
  EXPECT_EQ(battery.get(Field::cell_count), 16) << "counted";
  EXPECT_FALSE(battery.cell_voltages()) << "none are invented";
  EXPECT_EQ(battery.get(Field::total_charge_energy), 1234.5);
  EXPECT_EQ(battery.get(Field::total_discharge_energy), 1200.1);
}

// To the safe side, at most a tenth.
void same_limit(const Battery& battery, Field field, double wanted, bool upwards = false) {
  const auto value = battery.get(field);
  RC_ASSERT(value.has_value());
  const double cut = upwards ? *value - wanted : wanted - *value;
  if (cut < -1e-6 || cut > 0.1) RC_FAIL(std::string(info(field).key) + ": " + std::to_string(*value));
}

PackState any_state() {
  PackState state;
  state.cell_voltages.resize(*rc::gen::inRange<std::size_t>(4, 17));
  for (double& cell : state.cell_voltages) cell = scaled(2500, 3650, 0.001);
  state.cell_temperatures.resize(*rc::gen::inRange<std::size_t>(1, 5));
  for (double& sensor : state.cell_temperatures) sensor = scaled(-400, 800, 0.1);
  state.voltage = scaled(2500, 3650, 0.001) * static_cast<double>(state.cell_voltages.size());
  state.current = scaled(-30000, 30000, 0.1);
  state.soc = scaled(0, 10000, 0.01);
  state.soh = scaled(0, 100, 1);
  state.pack_temperature = scaled(-400, 800, 0.1);
  state.capacity_full = scaled(1, 5000, 1);
  state.capacity_remaining = state.capacity_full * scaled(0, 100, 0.01);
  state.max_charge_current = scaled(0, 300000, 0.01);
  state.max_discharge_current = scaled(0, 300000, 0.01);
  state.total_charge_energy = scaled(0, 1'000'000, 0.1);
  state.total_discharge_energy = scaled(0, 1'000'000, 0.1);
  state.charge_fet = *rc::gen::inRange(0, 4) > 0;
  state.discharge_fet = *rc::gen::inRange(0, 4) > 0;
  return state;
}

void same_essentials(const Battery& battery, const PackState& state, double soc_resolution) {
  const auto cells = static_cast<double>(state.cell_voltages.size());
  same_rounded(battery, Field::voltage, state.voltage, 0.01);
  same_rounded(battery, Field::current, state.current, 0.1);
  same_rounded(battery, Field::pack_temperature, state.pack_temperature, 0.1);
  same_rounded(battery, Field::soc, state.soc, soc_resolution);
  same_rounded(battery, Field::soh, state.soh, 1);
  same_limit(battery, Field::charge_voltage_limit, cells * state.cell_voltage_max_limit);
  same_limit(battery, Field::discharge_voltage_limit, cells * state.cell_voltage_min_limit, true);
  same_limit(battery, Field::max_charge_current, state.charge_fet ? state.max_charge_current : 0);
  same_limit(battery, Field::max_discharge_current, state.discharge_fet ? state.max_discharge_current : 0);
}

RC_GTEST_PROP(CanBusBmsSim, WhatAVictronSaysIsUnderstood, ()) {
  PackState state = any_state();
  std::set<std::string> names;
  for (const AlarmBit& bit : kCanBusBms.alarm_bits) {
    if (*rc::gen::inRange(0, 8) == 0) names.insert(bit.name);
  }
  state.alarms = {names.begin(), names.end()};
  Hearer hearer;
  hearer.second(*rack(), state);
  const Battery& battery = hearer.battery;
  RC_ASSERT(hearer.wrong.empty());
  same_essentials(battery, state, 0.01);
  same_rounded(battery, Field::cell_voltage_min, *std::ranges::min_element(state.cell_voltages), 0.001);
  same_rounded(battery, Field::cell_voltage_max, *std::ranges::max_element(state.cell_voltages), 0.001);
  same_rounded(battery, Field::temperature_min, *std::ranges::min_element(state.cell_temperatures), 1);
  same_rounded(battery, Field::temperature_max, *std::ranges::max_element(state.cell_temperatures), 1);
  same_rounded(battery, Field::capacity_full, state.capacity_full, 1);
  same_rounded(battery, Field::total_charge_energy, state.total_charge_energy, 0.1);
  same_rounded(battery, Field::total_discharge_energy, state.total_discharge_energy, 0.1);
  // "General" is told with any other.
  const auto is_warning = [](const std::string& name) { return name.ends_with("_warning"); };
  if (std::ranges::any_of(state.alarms, is_warning)) names.insert("general_warning");
  if (!std::ranges::all_of(state.alarms, is_warning)) names.insert("general");
  RC_ASSERT(hearer.alarms() == names);
}

RC_GTEST_PROP(CanBusBmsSim, WhatAPylontechSaysIsUnderstood, ()) {
  const PackState state = any_state();
  Hearer hearer;
  hearer.second(*rack({{"dialect", "pylontech"}}), state);
  RC_ASSERT(hearer.wrong.empty());
  same_essentials(hearer.battery, state, 1);
  same_rounded(hearer.battery, Field::charge_fet_on, state.charge_fet ? 1 : 0, 0);
  same_rounded(hearer.battery, Field::discharge_fet_on, state.discharge_fet ? 1 : 0, 0);
  RC_ASSERT(hearer.alarms().empty());
}

TEST(CanBusBmsSim, PylontechsAlarmsAreThoseThatItHasABitFor) {
  PackState state = a_state();
  state.alarms = {"high_charge_temperature", "short_circuit", "contactor_warning", "cell_imbalance"};
  const auto responder = rack({{"dialect", "pylontech"}});
  Hearer hearer;
  hearer.second(*responder, state);
  EXPECT_THAT(hearer.alarms(),
              UnorderedElementsAre("high_temperature", "high_discharge_current", "internal_failure_warning"));
  EXPECT_TRUE(hearer.battery.alarms().blocks_discharge());
  hearer.second(*responder, a_state());
  EXPECT_THAT(hearer.alarms(), IsEmpty());
  EXPECT_EQ(hearer.battery.alarms().of(Alarm::high_voltage), Severity::ok);
  EXPECT_EQ(hearer.battery.alarms().of(Alarm::cell_imbalance), Severity::unsupported);
}

TEST(CanBusBmsSim, SmaHasAlarmsAndTheFineStateOfChargeOfVictron) {
  PackState state = a_state();
  state.alarms = {"low_voltage_warning"};
  state.max_charge_current = 1500;
  Hearer hearer;
  hearer.second(*rack({{"dialect", "sma"}}), state);
  EXPECT_EQ(hearer.battery.get(Field::soc), 60.2);
  EXPECT_EQ(hearer.battery.get(Field::max_charge_current), 1200) << "the most that it can be told";
  EXPECT_EQ(hearer.battery.get(Field::discharge_voltage_limit), 41);
  EXPECT_EQ(hearer.battery.alarms().of(Alarm::low_voltage), Severity::warning);
}

}  // namespace
}  // namespace bmsd::canbus_bms_sim_test
