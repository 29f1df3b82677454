// Pylontech batteries on a line in virtual time: what is asked when, and whether bad lines make anybody believe a wrong
// value.
#include <gmock/gmock.h>

#include "long_look.h"
#include "protocol/pylontech_rs485.h"
#include "rig.h"
#include "scan_rig.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct PylontechRigOptions {
  std::vector<int> packs = {2};
  std::vector<int> addresses = {2};  // configured; empty: to be found
  std::map<std::string, std::string, std::less<>> variant = {};
  Duration interval = 0s;
  int baud = 115200;
  std::uint64_t seed = 1;
};

PackModelOptions model_of(int number, std::uint64_t seed) {
  PackModelOptions model;
  model.cells = 15;
  model.sensors = 4;
  model.soc_percent = 15 + 9 * number;  // packs differ, so that a mixed-up reply is seen
  model.current_a = number % 2 == 0 ? -7.0 * number : 5.0 * number;
  model.capacity_ah = 40 + 15 * number;  // some fit two bytes
  model.seed = seed * 100 + static_cast<std::uint64_t>(number);
  return model;
}

class PylontechRig {
 public:
  explicit PylontechRig(const PylontechRigOptions& options = {})
      : bus({.protocol = &kPylontechRs485, .speed = options.baud, .seed = options.seed}),
        watched(plan(options)),
        wire(watched, bus) {
    int number = 0;
    for (const int address : options.packs) {
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "RIG00000000" + std::to_string(++number);
      pack.variant = options.variant;
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model_of(number, options.seed))));
      EXPECT_TRUE(bus.set(address, "max_charge_current_a", std::to_string(30 + number)));
      EXPECT_TRUE(bus.set(address, "cell_voltage_max_limit_v", std::to_string(3.5 + 0.001 * number)));
    }
    bus.on_reply([this](int address, const PackState& state, Bytes, Instant) {
      ++replies;
      for (auto& [key, values] : words(state)) said_[{address, key}].insert(values);
    });
    watched.on_event = [this](const LineEvent& event, Instant) {
      if (event.kind == LineEvent::round_good) check(line().pack(static_cast<std::size_t>(event.pack)));
    };
    wire.open(9600);
  }

  static LinePlan plan(const PylontechRigOptions& options) {
    LinePlan plan;
    plan.protocols = {&kPylontechRs485};
    plan.interval = options.interval;
    plan.addresses = options.addresses;
    plan.baud = options.addresses.empty() ? 0 : options.baud;
    return plan;
  }

  Line& line() { return watched.line(); }
  const PackTalk& pack(std::size_t index = 0) { return line().pack(index); }
  const Battery& battery(std::size_t index = 0) { return pack(index).battery; }
  int count(LineEvent::Kind kind) const {
    return static_cast<int>(std::count_if(watched.events.begin(), watched.events.end(),
                                          [kind](const auto& happened) { return happened.event.kind == kind; }));
  }
  int rounds() const { return count(LineEvent::round_good); }
  double joined_at() const {
    for (const auto& happened : watched.events) {
      if (happened.event.kind == LineEvent::joined) return seconds(happened.at.time_since_epoch());
    }
    return 1e9;
  }

  SimBus bus;
  Watched watched;
  VirtualWire wire;
  int replies = 0;
  std::vector<std::string> wrong;
  int checked = 0;

 private:
  using Words = std::map<std::string, std::vector<long>>;

  static std::vector<long> scaled(const std::vector<double>& values, double scale) {
    std::vector<long> words;
    for (const double value : values) words.push_back(std::lround(value * scale));
    return words;
  }
  // As the wire carries them.
  static Words words(const PackState& state) {
    return {{"voltage", scaled({state.voltage}, 1000)},
            {"current", scaled({state.current}, 10)},
            {"remaining", scaled({state.capacity_remaining}, 1000)},
            {"full", scaled({state.capacity_full}, 1000)},
            {"cycles", {state.cycles}},
            {"charge limit", scaled({state.max_charge_current}, 10)},
            {"discharge limit", scaled({state.max_discharge_current}, 10)},
            {"cell limit", scaled({state.cell_voltage_max_limit}, 1000)},
            {"low cell limit", scaled({state.cell_voltage_min_limit}, 1000)},
            {"cells", scaled(state.cell_voltages, 1000)},
            {"temperatures", scaled(state.cell_temperatures, 10)},
            {"board", scaled({state.mos_temperature}, 10)},
            {"switches", {state.charge_fet ? 1 : 0, state.discharge_fet ? 1 : 0}}};
  }
  static Words words(const Battery& battery) {
    const auto one = [&battery](Field field, double scale) {
      const auto value = battery.get(field);
      return value ? scaled({*value}, scale) : std::vector<long>();
    };
    Words all = {{"voltage", one(Field::voltage, 1000)},
                 {"current", one(Field::current, 10)},
                 {"remaining", one(Field::capacity_remaining, 1000)},
                 {"full", one(Field::capacity_full, 1000)},
                 {"cycles", one(Field::cycles, 1)},
                 {"charge limit", one(Field::max_charge_current, 10)},
                 {"discharge limit", one(Field::max_discharge_current, 10)},
                 {"cell limit", one(Field::cell_voltage_max_limit, 1000)},
                 {"low cell limit", one(Field::cell_voltage_min_limit, 1000)},
                 {"cells", scaled(battery.cell_voltages().value_or(std::vector<double>()), 1000)},
                 {"temperatures", scaled(battery.cell_temperatures().value_or(std::vector<double>()), 10)},
                 {"board", one(Field::mos_temperature, 10)}};
    if (const auto charge = battery.flag(Field::charge_fet_on))
      all["switches"] = {*charge ? 1 : 0, *battery.flag(Field::discharge_fet_on) ? 1 : 0};
    return all;
  }
  void check(const PackTalk& pack) {
    ++checked;
    for (const auto& [key, values] : words(pack.battery)) {
      if (values.empty()) continue;  // not said yet
      if (said_[{pack.address, key}].contains(values)) continue;
      wrong.push_back(key + " of " + std::to_string(pack.address) + ":");
      for (const long value : values) wrong.back() += " " + std::to_string(value);
    }
    if (!pack.battery.alarms().names.empty()) wrong.push_back(pack.battery.alarms().names.front());
    const std::string& serial = pack.battery.text(Text::serial_number);
    if (!serial.empty() && serial != "RIG00000000" + std::to_string(pack.address - 1))
      wrong.push_back("serial number " + serial + " of " + std::to_string(pack.address));
    const std::string& hardware = pack.battery.text(Text::hardware);
    if (!hardware.empty() && hardware != "US3000C") wrong.push_back("hardware " + hardware);
  }

  std::map<std::pair<int, std::string>, std::set<std::vector<long>>> said_;
};

TEST(PylontechRs485Line, ThePackIsCompleteWhenItAppears) {
  PylontechRig rig;
  rig.wire.run_for(5s);
  ASSERT_EQ(rig.count(LineEvent::joined), 1);
  EXPECT_LT(rig.joined_at(), 2);
  const Battery& battery = rig.battery();
  EXPECT_EQ(battery.cell_voltages()->size(), 15U);
  EXPECT_EQ(battery.cell_temperatures()->size(), 4U);
  EXPECT_EQ(battery.get(Field::capacity_full), 55);
  EXPECT_EQ(battery.get(Field::max_charge_current), 31);
  EXPECT_EQ(battery.text(Text::serial_number), "RIG000000001");
  EXPECT_EQ(battery.text(Text::hardware), "US3000C");
  EXPECT_EQ(battery.text(Text::software_version), "1.3");
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(PylontechRs485Line, EachServiceIsAskedAtItsPace) {
  PylontechRigOptions options;
  options.interval = 1s;
  PylontechRig rig(options);
  rig.wire.run_for(600s);
  EXPECT_NEAR(rig.rounds(), 600, 6);
  EXPECT_NEAR(rig.replies, 3 * 600 + 10 + 4, 25);  // 42, 44, 92; 47 once a minute; 93, 51, 96, 4F once
  EXPECT_EQ(rig.bus.counters().collisions, 0U);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(PylontechRs485Line, ALineOfTwelveIsReadAtBothSpeeds) {
  PylontechRigOptions options;
  options.packs = options.addresses = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  for (const int baud : {115200, 9600}) {
    options.baud = baud;
    PylontechRig rig(options);
    rig.wire.run_for(120s);
    EXPECT_EQ(rig.count(LineEvent::joined), 12) << baud;
    EXPECT_GT(rig.rounds(), baud > 10000 ? 600 : 120) << baud;
    EXPECT_EQ(rig.count(LineEvent::round_failed), 0) << baud;
    EXPECT_THAT(rig.wrong, IsEmpty()) << baud;
  }
}

TEST(PylontechRs485Line, WhatABatteryDoesNotKnowIsNoFailure) {
  for (const char* key : {"unknown", "silent"}) {
    PylontechRigOptions options;
    options.variant = {{key, "92,96,51,4F"}};
    PylontechRig rig(options);
    rig.wire.run_for(180s);
    EXPECT_EQ(rig.count(LineEvent::joined), 1) << key;
    EXPECT_GT(rig.rounds(), 180) << key;
    EXPECT_EQ(rig.count(LineEvent::round_failed), 0) << key;
    EXPECT_EQ(rig.battery().get(Field::max_charge_current), 31) << "of 47";
    EXPECT_THAT(rig.wrong, IsEmpty()) << key;
  }
}

TEST(PylontechRs485Line, EveryKindOfBatteryIsRead) {
  const std::map<std::string, std::string, std::less<>> kinds[] = {
      {{"items", "4"}}, {{"items", "6"}}, {{"more_states", "no"}}, {{"protocol", "28"}}, {{"board", "no"}}};
  for (const auto& variant : kinds) {
    PylontechRigOptions options;
    options.variant = variant;
    PylontechRig rig(options);
    rig.wire.run_for(10s);
    EXPECT_EQ(rig.count(LineEvent::joined), 1) << variant.begin()->first;
    EXPECT_GT(rig.rounds(), 20) << variant.begin()->first;
    EXPECT_EQ(rig.battery().get(Field::capacity_full), 55);
    EXPECT_EQ(rig.count(LineEvent::round_failed), 0) << variant.begin()->first;
  }
}

TEST(PylontechRs485Line, ABatteryOfAnotherSizeInTheSamePlaceIsReadAfresh) {
  PylontechRig rig;
  rig.wire.run_for(10s);
  ASSERT_TRUE(rig.bus.set_silent(2, true));
  rig.wire.run_for(10s);
  ASSERT_TRUE(rig.bus.set(2, "cells", "8"));
  ASSERT_TRUE(rig.bus.set(2, "cell_voltage_max_limit_v", "3.45"));
  ASSERT_TRUE(rig.bus.set_silent(2, false));
  rig.wire.run_for(90s);
  EXPECT_EQ(rig.battery().cell_voltages()->size(), 8U);
  EXPECT_EQ(rig.battery().get(Field::cell_count), 8);
  EXPECT_NEAR(rig.battery().get(Field::cell_voltage_max_limit).value_or(0), 3.45, 0.0005);
}

TEST(PylontechRs485Line, TheGroupIsAskedForAllOnDemand) {
  PylontechRigOptions options;
  options.packs = options.addresses = {2, 3};
  options.variant = {{"all_packs", "2"}, {"more_states", "no"}};
  PylontechRig rig(options);
  rig.wire.run_for(5s);
  rig.line().demand_all();
  rig.wire.run_for(10s);
  const auto all = static_cast<std::size_t>(exchange_index(kPylontechRs485, "42/all"));
  EXPECT_TRUE(rig.pack(0).exchanges[all].last_ok);
  EXPECT_TRUE(rig.pack(0).exchanges[all + 1].last_ok);
  EXPECT_FALSE(rig.pack(1).exchanges[all].last_ok) << "a slave";
  EXPECT_EQ(rig.count(LineEvent::round_failed), 0);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

// --- Finding ---

std::vector<int> found_pylontech(test::ScanRigOptions options, int speed = 115200) {
  options.protocols = {&kPylontechRs485, &kDaren485};
  options.within = 120s;
  return test::addresses_found({.protocol = &kPylontechRs485, .speed = speed}, options);
}

TEST(PylontechRs485Line, AScanFindsEachBatteryOnce) {
  EXPECT_THAT(found_pylontech({.packs = {2}}), ElementsAre(2));
  EXPECT_THAT(found_pylontech({.packs = {2, 3, 13}}), ElementsAre(2, 3, 13));
  EXPECT_THAT(found_pylontech({.packs = {2, 3}}, 9600), ElementsAre(2, 3));
  EXPECT_THAT(found_pylontech({.packs = {0x12, 0x22}}), ElementsAre(0x12, 0x22))
      << "the master batteries of two groups";
  EXPECT_THAT(found_pylontech({.packs = {2}, .variant = {{"unknown", "51,92,96"}}}), ElementsAre(2))
      << "42 is the second proof";
}

TEST(PylontechRs485Line, ADarenIsNotTakenForOne) {
  EXPECT_THAT(test::addresses_found({.protocol = &kDaren485, .speed = 9600},
                                    {.packs = {2}, .protocols = {&kPylontechRs485, &kDaren485}, .within = 120s}),
              ElementsAre(2));
}

// --- Bad lines ---

std::vector<std::string> believed_on_a_bad_line(const std::vector<std::pair<Fault, double>>& faults) {
  PylontechRigOptions options;
  options.packs = options.addresses = {2, 3, 4};
  options.seed = 7;
  PylontechRig rig(options);
  for (const auto& [fault, rate] : faults) rig.bus.faults().set(fault, rate);
  rig.wire.run_for(long_look(Duration(900s)));
  EXPECT_GT(rig.checked, long_look(300)) << "it goes on";
  return rig.wrong;
}

TEST(PylontechRs485BadLine, NothingWrongIsBelieved) {
  using F = Fault;
  for (const F fault : {F::foreign, F::flip, F::corrupt, F::late, F::silence, F::garbage, F::drop, F::truncate})
    EXPECT_THAT(believed_on_a_bad_line({{fault, 0.2}}), IsEmpty()) << static_cast<int>(fault);
  EXPECT_THAT(believed_on_a_bad_line({{F::echo, 1}}), IsEmpty());
  EXPECT_THAT(believed_on_a_bad_line({{F::echo, 0.1}, {F::foreign, 0.1}, {F::late, 0.1}, {F::silence, 0.1}}),
              IsEmpty());
}

}  // namespace
}  // namespace bmsd
