// The protocols over CAN on a bus in virtual time: what is believed at any moment was sent by that pack, whatever is lost,
// cut short or sent by others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "line/line.h"
#include "protocol/canbus_bms.h"
#include "protocol/daly_can.h"
#include "protocol/jkbms_can.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {
namespace {

using testing::IsEmpty;
using Variant = std::map<std::string, std::string, std::less<>>;

struct Layout {
  const Protocol* protocol;
  std::vector<int> packs;       // on the bus
  std::vector<int> configured;  // read
  Variant variant = {};
  const char* fault = nullptr;
  int cells = 16;
};

class CanBus {
 public:
  explicit CanBus(const Layout& layout)
      : bus({.protocol = layout.protocol, .speed = layout.protocol->speeds.front(), .delay = 10ms, .seed = 3}),
        line(plan(layout)),
        wire(line, bus) {
    for (const int address : layout.packs) {
      PackModelOptions model;
      model.cells = layout.cells;
      model.current_a = 20 + 7 * address;
      model.capacity_ah = 40 + address;  // the values move
      model.soc_percent = 30 + 5 * address;
      model.seed = static_cast<std::uint64_t>(address) + 5;
      PackOptions pack;
      pack.address = address;
      pack.variant = layout.variant;
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
    }
    if (layout.fault != nullptr) {
      EXPECT_TRUE(bus.faults().set(layout.fault));
    }
    bus.on_reply([this](int address, const PackState& state, Bytes, Instant) { remember(address, state); });
    wire.open(layout.protocol->speeds.front());
  }

  static LinePlan plan(const Layout& layout) {
    LinePlan plan;
    plan.protocols = {layout.protocol};
    for (const int address : layout.configured) plan.packs.push_back({layout.protocol, address});
    plan.baud = layout.protocol->speeds.front();
    return plan;
  }

  void run_for(Duration time) {
    for (Duration passed{}; passed < time; passed += 100ms) {
      wire.run_for(100ms);
      for (std::size_t i = 0; i < line.pack_count(); ++i) check(line.pack(i));
      for (const LineEvent& event : line.take_events()) ++events[event.kind];
    }
  }

  const Battery& battery(std::size_t i = 0) { return line.pack(i).battery; }

  SimBus bus;
  Line line;
  VirtualWire wire;
  std::map<LineEvent::Kind, int> events;
  int checked = 0, lists = 0;
  std::vector<std::string> wrong;

 private:
  static long steps(double value, double step) { return std::lround(value / step); }

  void remember(int address, const PackState& state) {
    Said& said = said_[address];
    said.voltages.insert(steps(state.voltage, 0.1));
    said.currents.insert(steps(state.current, 0.1));
    said.socs.insert(steps(state.soc, 1));
    std::vector<long> cells;
    for (const double cell : state.cell_voltages) cells.push_back(steps(cell, 0.001));
    said.extremes.insert(*std::min_element(cells.begin(), cells.end()));
    said.extremes.insert(*std::max_element(cells.begin(), cells.end()));
    said.lists.insert(std::move(cells));
  }

  // Of a value that is rounded twice its neighbour counts too.
  void check_one(const PackTalk& pack, Field field, const std::set<long>& said, double step, long near = 1) {
    const auto value = pack.battery.get(field);
    if (!value) return;
    ++checked;
    const auto at = said.lower_bound(steps(*value, step) - near);
    if (at == said.end() || *at > steps(*value, step) + near)
      wrong.push_back(std::to_string(pack.address) + " never sent " + info(field).key + " " + std::to_string(*value));
  }

  // What is not complete yet is not published.
  void check(const PackTalk& pack) {
    if (pack.state != PackTalk::alive) return;
    const Said& said = said_[pack.address];
    check_one(pack, Field::voltage, said.voltages, 0.1);
    check_one(pack, Field::current, said.currents, 0.1);
    check_one(pack, Field::soc, said.socs, 1);
    check_one(pack, Field::cell_voltage_max, said.extremes, 0.001);
    check_one(pack, Field::cell_voltage_min, said.extremes, 0.001);
    if (!pack.battery.alarms().names.empty()) wrong.emplace_back("an alarm");
    if (!pack.battery.cell_voltages()) return;
    ++lists;
    std::vector<long> cells;
    for (const double cell : *pack.battery.cell_voltages()) cells.push_back(steps(cell, 0.001));
    if (!said.lists.contains(cells)) wrong.push_back("never sent these cells: " + testing::PrintToString(cells));
  }

  struct Said {
    std::set<long> voltages, currents, socs, extremes;
    std::set<std::vector<long>> lists;
  };
  std::map<int, Said> said_;
};

class EveryCanProtocol : public testing::TestWithParam<Layout> {};

TEST_P(EveryCanProtocol, IsThereWithinFourSecondsAndStays) {
  CanBus rig(GetParam());
  const auto packs = static_cast<int>(GetParam().configured.size());
  rig.run_for(4s);
  EXPECT_EQ(rig.events[LineEvent::joined], packs);
  rig.run_for(120s);
  EXPECT_EQ(rig.events[LineEvent::round_failed], 0);
  EXPECT_GT(rig.events[LineEvent::round_good], 100 * packs);
  EXPECT_GT(rig.checked, 3000);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST_P(EveryCanProtocol, BelievesNothingWrongWhateverTheBusLoses) {
  for (const char* fault :
       {"drop=0.2", "truncate=0.2", "foreign=0.2", "silence=0.3", "late=0.1:0.4", "garbage=0.5", "echo=0.5"}) {
    Layout layout = GetParam();
    layout.fault = fault;
    CanBus rig(layout);
    rig.run_for(30s);
    EXPECT_EQ(rig.events[LineEvent::joined], static_cast<int>(layout.configured.size())) << fault;
    EXPECT_GT(rig.events[LineEvent::round_good], 15) << fault;
    EXPECT_THAT(rig.wrong, IsEmpty()) << fault;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Protocols, EveryCanProtocol,
    testing::Values(Layout{&kDalyCan, {1, 2, 3}, {1, 3}}, Layout{&kDalyCan, {1}, {1}, {{"cell_frames", "16"}}},
                    Layout{&kJkBmsCan, {0, 2}, {0}}, Layout{&kJkBmsCan, {0, 2, 11}, {2, 11}, {{"cell_frames", "7"}}},
                    Layout{&kJkBmsCan, {1}, {1}, {{"version", "1"}}}, Layout{&kCanBusBms, {0}, {0}},
                    Layout{&kCanBusBms, {0}, {0}, {{"dialect", "pylontech"}}}),
    [](const auto& info) {
      std::string name(info.param.protocol->name);
      std::erase(name, '-');
      return name + std::to_string(info.index);
    });

TEST(JkBmsCanLine, AV2BoardIsReadWithAllThatItHas) {
  CanBus rig({&kJkBmsCan, {0, 2}, {2}, {}, nullptr, 25});
  rig.run_for(4s);
  ASSERT_EQ(rig.line.pack_count(), 1U);
  const Battery& battery = rig.battery();
  EXPECT_EQ(battery.cell_voltages()->size(), 25U);
  EXPECT_EQ(battery.get(Field::capacity_full), 42);
  EXPECT_EQ(battery.get(Field::charge_fet_on), 1);
  EXPECT_TRUE(battery.get(Field::mos_temperature));
  EXPECT_TRUE(battery.get(Field::soh));
  EXPECT_EQ(battery.text(Text::hardware), "JKBMS CAN V2");
  EXPECT_EQ(battery.alarms().of(Alarm::high_cell_voltage), Severity::ok);
  EXPECT_THAT(rig.wrong, IsEmpty());
}

TEST(JkBmsCanLine, OfAV1BoardTheExtremesAreReadAndTheCellsCounted) {
  CanBus rig({&kJkBmsCan, {0}, {0}, {{"version", "1"}}});
  rig.run_for(10s);
  EXPECT_FALSE(rig.battery().cell_voltages());
  EXPECT_EQ(rig.battery().get(Field::cell_count), 16);
  EXPECT_TRUE(rig.battery().get(Field::temperature_max));
  EXPECT_EQ(rig.battery().text(Text::hardware), "JKBMS CAN V1");
}

TEST(JkBmsCanLine, AnAlarmComesAndGoes) {
  CanBus rig({&kJkBmsCan, {0}, {0}});
  rig.run_for(4s);
  ASSERT_TRUE(rig.bus.set_alarm(0, "cell_overvoltage", true));
  rig.run_for(500ms);
  EXPECT_EQ(rig.battery().alarms().of(Alarm::high_cell_voltage), Severity::alarm);
  ASSERT_TRUE(rig.bus.set_alarm(0, "cell_overvoltage", false));
  rig.run_for(6s);
  EXPECT_EQ(rig.battery().alarms().of(Alarm::high_cell_voltage), Severity::ok);
}

TEST(DalyCanLine, TheCurrentHasTheSignOfTheState) {
  for (const char* polarity : {"charge", "discharge"}) {
    CanBus rig({&kDalyCan, {1}, {1}, {{"polarity", polarity}}});
    rig.run_for(10s);
    EXPECT_EQ(rig.events[LineEvent::joined], 1) << polarity;
    EXPECT_GT(*rig.battery().get(Field::current), 0) << polarity;
    EXPECT_THAT(rig.wrong, IsEmpty()) << polarity;
  }
}

TEST(CanBusBmsLine, ABatteryIsReadWithoutBeingAsked) {
  CanBus rig({&kCanBusBms, {0}, {0}});
  rig.run_for(15s);
  const Battery& battery = rig.battery();
  EXPECT_NEAR(*battery.get(Field::charge_voltage_limit), 58.4, 1e-9);
  EXPECT_GT(battery.get(Field::max_charge_current), 0);
  EXPECT_EQ(battery.get(Field::cell_count), 16);
  EXPECT_EQ(battery.get(Field::capacity_full), 40);
  EXPECT_EQ(battery.text(Text::serial_number), "SIM000000001");
  EXPECT_EQ(battery.alarms().of(Alarm::high_voltage), Severity::ok);
  EXPECT_EQ(rig.bus.counters().bytes_in, 0U) << "nothing is sent";
}

TEST(CanBusBmsLine, SlowFramesKeepTheirValueAndOneThatFallsSilentIsLost) {
  CanBus rig({&kCanBusBms, {0}, {0}, {{"slow", "60"}}});
  rig.run_for(200s);
  EXPECT_EQ(rig.events[LineEvent::round_failed], 0);
  EXPECT_EQ(rig.battery().text(Text::manufacturer), "bmsd");
  ASSERT_TRUE(rig.bus.set_silent(0, true));
  rig.run_for(29s);
  EXPECT_EQ(rig.events[LineEvent::round_failed], 0);
  rig.run_for(3s);
  EXPECT_EQ(rig.events[LineEvent::round_failed], 1);
}

}  // namespace
}  // namespace bmsd
