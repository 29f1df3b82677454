// A line and simulated packs in virtual time, with a checker that knows every state that each pack ever sent.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "line/line.h"
#include "protocol/daren_485.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd {

// Passes everything on to a line and keeps its events with their times.
class Watched : public Machine {
 public:
  explicit Watched(LinePlan plan) : line_(std::move(plan)) {}
  void opened(int baud, Instant now) override { line_.opened(baud, now); }
  void closed(Instant now) override { line_.closed(now); }
  void received(Bytes bytes, Instant now) override { line_.received(bytes, now); }
  std::optional<Instant> deadline() const override { return line_.deadline(); }
  std::optional<Action> next(Instant now) override {
    calls_now_ = now == last_call_ ? calls_now_ + 1 : 1;
    last_call_ = now;
    most_calls_at_once = std::max(most_calls_at_once, calls_now_);
    auto action = line_.next(now);
    if (action) {
      if (on_request) on_request();
      if (const auto* send = std::get_if<SendBytes>(&*action)) bytes_sent += send->bytes.size();
    }
    for (LineEvent& event : line_.take_events()) {
      if (on_event) on_event(event, now);
      events.push_back({std::move(event), now});
    }
    return action;
  }
  Line& line() { return line_; }

  struct Happened {
    LineEvent event;
    Instant at;
  };
  std::vector<Happened> events;
  std::function<void(const LineEvent&, Instant)> on_event;
  std::function<void()> on_request;  // before each: the exchange before it is over
  std::size_t bytes_sent = 0;
  int most_calls_at_once = 0;  // of next() at the same instant: a machine that spins has many

 private:
  Instant last_call_{};
  int calls_now_ = 0;
  Line line_;
};

struct RigOptions {
  int packs = 1;
  int baud = 19200;
  Duration delay = 20ms;
  Duration interval = 1s;
  bool pinned = true;  // speed and addresses are configured
  bool fixed = false;  // nothing drifts
  std::uint64_t seed = 1;
};

class Rig {
 public:
  explicit Rig(const RigOptions& options = {})
      : bus({.protocol = &kDaren485, .speed = options.baud, .delay = options.delay, .seed = options.seed}),
        watched(plan(options)),
        wire(watched, bus) {
    for (int i = 1; i <= options.packs; ++i) {
      PackModelOptions model;
      model.soc_percent = 20 + 3.0 * i;  // packs differ, so that a mixed-up reply is seen
      model.current_a = i % 2 == 0 ? -5.0 * i : 4.0 * i;
      model.capacity_ah = 100 + i;
      model.seed = options.seed * 100 + static_cast<std::uint64_t>(i);
      model.fixed = options.fixed;
      PackOptions pack;
      pack.address = i;
      pack.serial_number = "RIG00000000" + std::to_string(i);
      EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
      const auto own = [&](const char* key, double value) { EXPECT_TRUE(bus.set(i, key, std::to_string(value))); };
      own("cell_voltage_max_limit_v", 3.6 + 0.001 * i);
      own("cell_voltage_min_limit_v", 2.5 + 0.001 * i);
      own("max_charge_current_a", 50 + i);
      own("capacity_design_ah", 110 + i);
      own("total_charge_ah", 1000 * i);
      own("total_discharge_ah", 900 * i);
      own("total_charge_energy_kwh", 52 * i);
      own("total_discharge_energy_kwh", 46 * i);
    }
    bus.on_reply([this](int address, const PackState& state, Bytes, Instant) { remember(address, state); });
    watched.on_event = [this](const LineEvent& event, Instant) {
      if (event.kind == LineEvent::round_good) check(event.pack);
    };
    watched.on_request = [this] { check_news(); };
  }

  static LinePlan plan(const RigOptions& options) {
    LinePlan plan;
    plan.protocols = {&kDaren485};
    plan.interval = options.interval;
    if (options.pinned) {
      plan.baud = options.baud;
      for (int i = 1; i <= options.packs; ++i) plan.addresses.push_back(i);
    }
    return plan;
  }

  Line& line() { return watched.line(); }
  const PackTalk& pack(int address) { return line().pack(static_cast<std::size_t>(address - 1)); }
  void open() { wire.open(9600); }

  int count(LineEvent::Kind kind, int pack = -1) const {
    int n = 0;
    for (const auto& happened : watched.events) {
      if (happened.event.kind == kind && (pack < 0 || happened.event.pack == pack)) ++n;
    }
    return n;
  }
  // Between the first and the last good round since `since`.
  double mean_period(int pack, Instant since) const {
    std::optional<Instant> first, last;
    int rounds = -1;
    for (const auto& happened : watched.events) {
      if (happened.event.kind != LineEvent::round_good || happened.event.pack != pack || happened.at < since) continue;
      if (!first) first = happened.at;
      last = happened.at;
      ++rounds;
    }
    return rounds > 0 ? seconds(*last - *first) / rounds : 0;
  }
  double longest_period(int pack, Instant since) const {
    std::optional<Instant> last;
    Duration longest{};
    for (const auto& happened : watched.events) {
      if (happened.event.kind != LineEvent::round_good || happened.event.pack != pack || happened.at < since) continue;
      if (last) longest = std::max(longest, happened.at - *last);
      last = happened.at;
    }
    return seconds(longest);
  }

  SimBus bus;
  Watched watched;
  VirtualWire wire;
  int checked = 0;                       // rounds
  std::map<std::string_view, int> news;  // good exchanges by name

 private:
  // What a pack sent, as the wire carries it.
  static std::string word(double soc, double voltage, double current, const std::vector<double>& cells, double full) {
    char text[96];
    std::snprintf(text, sizeof text, "%.2f %.2f %.2f %.2f", soc, voltage, current, full);
    std::string all = text;
    for (const double cell : cells) all += " " + std::to_string(std::lround(cell * 1000));
    return all;
  }
  void remember(int address, const PackState& state) {
    for (const Told& told : kTold) told_[address][told.field].insert(std::llround(state.*told.member * told.scale));
    sent_[address].insert(word(state.soc, state.voltage, state.current, state.cell_voltages, state.capacity_full));
  }
  // Whatever an exchange has just brought, each field for itself.
  void check_news() {
    for (std::size_t i = 0; i < line().pack_count(); ++i) {
      const PackTalk& pack = line().pack(i);
      for (std::size_t e = 0; e < pack.exchanges.size(); ++e) {
        const auto& at = pack.exchanges[e].last_ok;
        if (!at || seen_[{pack.address, e}] == at) continue;
        seen_[{pack.address, e}] = at;
        ++news[pack.protocol->exchanges[e].name];
        check_fields(pack, e);
      }
    }
  }
  void check_fields(const PackTalk& pack, std::size_t exchange) {
    const Battery& battery = pack.battery;
    for (const Told& told : kTold) {
      const Value& value = battery.value(told.field);
      if (value.quality != Quality::fresh || value.source != exchange) continue;
      EXPECT_TRUE(told_[pack.address][told.field].contains(std::llround(value.value * told.scale)))
          << "address " << pack.address << " never sent " << info(told.field).key << " " << value.value;
    }
    const auto expect = [&](Text text, const std::string& sent) {
      EXPECT_TRUE(battery.text(text).empty() || battery.text(text) == sent) << battery.text(text);
    };
    expect(Text::serial_number, "RIG00000000" + std::to_string(pack.address));
    expect(Text::hardware, "HUANY04 16S100A T1_G 01.00.02");
    expect(Text::software_version, "01.00.02");
    expect(Text::production_date, "");
    expect(Text::manufacturer, "");
  }
  void check(int index) {
    const PackTalk& pack = line().pack(static_cast<std::size_t>(index));
    const Battery& battery = pack.battery;
    const std::string believed =
        word(*battery.get(Field::soc), *battery.get(Field::voltage), *battery.get(Field::current),
             *battery.cell_voltages(), *battery.get(Field::capacity_full));
    ++checked;
    EXPECT_TRUE(sent_[pack.address].contains(believed)) << "address " << pack.address << " never sent " << believed;
  }

  // Fields and how many of their units the wire counts per unit.
  struct Told {
    Field field;
    double PackState::*member;
    double scale;
  };
  static constexpr Told kTold[] = {
      {Field::voltage, &PackState::voltage, 100},
      {Field::current, &PackState::current, 100},
      {Field::soc, &PackState::soc, 100},
      {Field::soh, &PackState::soh, 1},
      {Field::capacity_full, &PackState::capacity_full, 100},
      {Field::capacity_remaining, &PackState::capacity_remaining, 100},
      {Field::capacity_design, &PackState::capacity_design, 100},
      {Field::mos_temperature, &PackState::mos_temperature, 10},
      {Field::ambient_temperature, &PackState::ambient_temperature, 10},
      {Field::pack_temperature, &PackState::pack_temperature, 10},
      {Field::max_charge_current, &PackState::max_charge_current, 100},
      {Field::cell_voltage_max_limit, &PackState::cell_voltage_max_limit, 1000},
      {Field::cell_voltage_min_limit, &PackState::cell_voltage_min_limit, 1000},
      {Field::total_charge, &PackState::total_charge, 1},
      {Field::total_discharge, &PackState::total_discharge, 1},
      {Field::total_charge_energy, &PackState::total_charge_energy, 10},
      {Field::total_discharge_energy, &PackState::total_discharge_energy, 10},
  };

  std::map<int, std::set<std::string>> sent_;
  std::map<int, std::map<Field, std::set<long long>>> told_;
  std::map<std::pair<int, std::size_t>, std::optional<Instant>> seen_;
};

}  // namespace bmsd
