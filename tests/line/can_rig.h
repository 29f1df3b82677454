// Two small protocols over CAN, and a bus with packs of both in virtual time. One pack sends by itself, the other answers.
//
//   pushed  0x300 + address  voltage 0.01 V, current 0.1 A signed, state of charge %         every 20 ms, at most 2 s away
//           0x310 + address  frame number from 1, three cells in mV; four cells in two frames   every 100 ms
//           0x320 + address  an alarm, only while it is active                                  every 100 ms
//   asked   0x18CC0000 | address << 8 asks for what 0x18CC8000 | address answers: CC 90 as 0x300, CC 95 as 0x310
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "rig.h"
#include "wire/can_frame.h"
#include "wire/numbers.h"

namespace bmsd::test {

inline constexpr std::size_t kCells = 4, kCellsPerFrame = 3;
inline constexpr AlarmBit kCanAlarms[] = {{0, 0, "too_hot", Alarm::high_temperature, Severity::alarm, Blocks::both}};

inline ByteVector status_data(const PackState& state) {
  NumberWriter writer;
  writer.u16(std::round(state.voltage * 100)).u16(static_cast<std::uint16_t>(std::lround(state.current * 10)));
  writer.u8(std::round(state.soc)).u8(0).u8(0).u8(0);
  return writer.bytes;
}

inline ByteVector cells_data(const PackState& state, std::size_t number) {
  NumberWriter writer;
  writer.u8(static_cast<double>(number));
  for (std::size_t i = (number - 1) * kCellsPerFrame; i < number * kCellsPerFrame; ++i)
    writer.u16(i < kCells ? std::round(state.cell_voltages[i] * 1000) : 0);
  writer.u8(0);
  return writer.bytes;
}

// What both protocols have in common: two kinds of payload.
class CanSession : public Session {
 public:
  explicit CanSession(int address) : address_(address) {}
  Result<Reading> status(Bytes data) {
    if (data.size() != kMaxCanData) return Error{Errc::length, "short", 0, {}};
    Reading reading;
    reading.set(Field::voltage, be_u16(data, 0) / 100.0);
    reading.set(Field::current, static_cast<std::int16_t>(be_u16(data, 2)) / 10.0);
    reading.set(Field::soc, data[4]);
    return reading;
  }
  // Frame 1 begins a list; it is whole when the last one has come in order.
  Result<Reading> cells(Bytes data) {
    if (data.size() != kMaxCanData) return Error{Errc::length, "short", 0, {}};
    if (data[0] == 1) cells_.clear();
    if (cells_.size() != (data[0] - std::size_t{1}) * kCellsPerFrame) {
      cells_.clear();
      return Error{Errc::incomplete, "missing_frame", 0, {}};
    }
    for (std::size_t i = 0; i < kCellsPerFrame; ++i) cells_.push_back(be_u16(data, 1 + 2 * i) / 1000.0);
    if (cells_.size() < kCells) return Error{Errc::incomplete, "missing_frame", 0, {}};
    Reading reading;
    cells_.resize(kCells);
    reading.cell_voltages = cells_;
    reading.set(Field::cell_count, kCells);
    return reading;
  }

 protected:
  int address_;

 private:
  std::vector<double> cells_;
};

// --- Pushed ---

inline constexpr Exchange kPushedExchanges[] = {
    {"300", "voltage, current, state of charge", Cadence::pushed, {}, {}, 2s, false},
    {"310", "cells", Cadence::pushed, {}, {}, 2s, false},
    {"320", "alarms", Cadence::pushed, 150ms, {}, 1s, true},
};

inline Tag pushed_tag(const Frame& frame) {
  const CanFrame can = can_frame(frame.bytes);
  if (can.extended || can.id < 0x300 || can.id > 0x32F) return {};
  return {Role::reply, static_cast<int>(can.id & 0xF), static_cast<int>((can.id >> 4 & 0xF))};
}

class PushedSession final : public CanSession {
 public:
  using CanSession::CanSession;
  std::optional<Request> request(std::uint8_t) override { return std::nullopt; }
  Result<Reading> decode(const Heard& heard) override {
    EXPECT_EQ(heard.asked, nullptr);
    EXPECT_EQ(heard.frames.size(), 1U);
    const CanFrame frame = can_frame(heard.frames.front().bytes);
    if ((frame.id >> 4 & 0xF) == 0) return status(frame.data);
    if ((frame.id >> 4 & 0xF) == 1) return cells(frame.data);
    return alarm(true);
  }
  std::optional<Reading> stayed_away(std::uint8_t exchange) override {
    if (exchange != 2) return std::nullopt;
    return alarm(false);
  }

 private:
  static Reading alarm(bool active) {
    Reading reading;
    reading.alarms = Alarms();
    reading.alarms->level[static_cast<std::size_t>(Alarm::high_temperature)] = active ? Severity::alarm : Severity::ok;
    return reading;
  }
};

class PushedResponder final : public Responder {
 public:
  explicit PushedResponder(int address) : address_(static_cast<std::uint32_t>(address)) {}
  std::optional<ByteVector> answer(Bytes, const PackState&) override { return std::nullopt; }
  std::vector<Duration> pushes() const override { return {20ms, 100ms, 100ms}; }
  ByteVector push(std::size_t kind, const PackState& state) override {
    if (kind == 0) return can_record(0x300 + address_, false, status_data(state));
    if (kind == 2) return state.alarms.empty() ? ByteVector() : can_record(0x320 + address_, false, {});
    ByteVector records = can_record(0x310 + address_, false, cells_data(state, 1));
    const ByteVector second = can_record(0x310 + address_, false, cells_data(state, 2));
    records.insert(records.end(), second.begin(), second.end());
    return records;
  }

 private:
  std::uint32_t address_;
};

// --- Asked ---

inline constexpr Exchange kAskedExchanges[] = {
    {"90", "voltage, current, state of charge", Cadence::fast, 100ms, 50ms, 300ms, false},
    {"95", "cells", Cadence::fast, 100ms, 50ms, 300ms, false},
};
inline constexpr std::uint32_t kAsk = 0x18000000, kAnswer = 0x18008000;
inline constexpr std::uint32_t kCommands[] = {0x900000, 0x950000};

inline Tag asked_tag(const Frame& frame) {
  const CanFrame can = can_frame(frame.bytes);
  if (!can.extended || (can.id & 0x1F000000) != kAsk) return {};
  const auto* const command = std::find(std::begin(kCommands), std::end(kCommands), can.id & 0xFF0000);
  if (command == std::end(kCommands)) return {};
  const int exchange = static_cast<int>(command - kCommands);
  if ((can.id & 0x8000) == 0) return {Role::request, static_cast<int>(can.id >> 8 & 0x7F), exchange};
  return {Role::reply, static_cast<int>(can.id & 0xFF), exchange};
}

class AskedSession final : public CanSession {
 public:
  using CanSession::CanSession;
  std::optional<Request> request(std::uint8_t exchange) override {
    const auto id = kAsk | kCommands[exchange] | static_cast<std::uint32_t>(address_) << 8;
    return Request{exchange, can_record(id, true, ByteVector(kMaxCanData, 0))};
  }
  Result<Reading> decode(const Heard& heard) override {
    EXPECT_NE(heard.asked, nullptr);
    Result<Reading> last = Error{Errc::incomplete, "missing_frame", 0, {}};
    for (const Frame& frame : heard.frames) {
      const Bytes data = can_frame(frame.bytes).data;
      last = heard.asked->exchange == 0 ? status(data) : cells(data);
    }
    return last;
  }
};

class AskedResponder final : public Responder {
 public:
  explicit AskedResponder(int address) : address_(address) {}
  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    const Tag tag = asked_tag(Frame{request});
    if (tag.role != Role::request || tag.address != address_) return std::nullopt;
    const auto id = kAnswer | kCommands[tag.exchange] | static_cast<std::uint32_t>(address_);
    if (tag.exchange == 0) return can_record(id, true, status_data(state));
    ByteVector records = can_record(id, true, cells_data(state, 1));
    const ByteVector second = can_record(id, true, cells_data(state, 2));
    records.insert(records.end(), second.begin(), second.end());
    return records;
  }

 private:
  int address_;
};

inline constexpr int kCanSpeeds[] = {250000, 500000}, kCanAddresses[] = {1, 2, 3};
inline constexpr std::uint8_t kCanProof[] = {0, 1};
inline constexpr CanIds kPushedIds[] = {{0x300, 0x7C0, false}};

template <typename SessionOf, typename ResponderOf>
Protocol can_protocol(std::string_view name, Tag (*tag)(const Frame&), std::span<const Exchange> exchanges) {
  Protocol protocol;
  protocol.name = protocol.label = name;
  protocol.medium = Medium::can;
  protocol.speeds = kCanSpeeds;
  protocol.addresses = kCanAddresses;
  protocol.lowest_address = 1;
  protocol.highest_address = 15;
  protocol.turnaround_start = protocol.turnaround_min = 1ms;
  protocol.framer = can_framer;
  protocol.tag = tag;
  protocol.exchanges = exchanges;
  protocol.proof = kCanProof;
  protocol.alarm_bits = kCanAlarms;
  protocol.open = [](const OpenOptions& options) -> std::unique_ptr<Session> {
    return std::make_unique<SessionOf>(options.address);
  };
  protocol.respond = [](const PackOptions& options) -> std::unique_ptr<Responder> {
    return std::make_unique<ResponderOf>(options.address);
  };
  return protocol;
}

inline const Protocol& pushed() {
  static const Protocol protocol = [] {
    Protocol one = can_protocol<PushedSession, PushedResponder>("test-pushed", pushed_tag, kPushedExchanges);
    one.can_ids = kPushedIds;
    return one;
  }();
  return protocol;
}
inline const Protocol& asked() {
  static const Protocol protocol = can_protocol<AskedSession, AskedResponder>("test-asked", asked_tag, kAskedExchanges);
  return protocol;
}

// --- The bus ---

// Two simulated buses with their wires joined, and others who talk all the time.
class JoinedBus : public Machine {
 public:
  JoinedBus(SimBus& a, SimBus& b) : a_(a), b_(b) {}
  void opened(int baud, Instant now) override { a_.opened(baud, now), b_.opened(baud, now); }
  void closed(Instant now) override { a_.closed(now), b_.closed(now); }
  void received(Bytes bytes, Instant now) override { a_.received(bytes, now), b_.received(bytes, now); }
  std::optional<Action> next(Instant now) override {
    if (every > Duration(0) && now >= next_) {
      next_ = now + every;
      ++strangers;
      return SendBytes{can_record(0x123, strangers % 2 == 0, ByteVector(kMaxCanData, 0x5A))};
    }
    auto action = a_.next(now);
    return action ? action : b_.next(now);
  }
  std::optional<Instant> deadline() const override {
    std::optional<Instant> first;
    if (every > Duration(0)) first = next_;
    for (const auto& one : {a_.deadline(), b_.deadline()}) {
      if (one && (!first || *one < *first)) first = one;
    }
    return first;
  }

  Duration every{};
  int strangers = 0;

 private:
  SimBus &a_, &b_;
  Instant next_{};
};

struct CanRig {
  explicit CanRig(LinePlan plan, int bus_speed = 250000)
      : pushing{{.protocol = &pushed(), .speed = bus_speed, .seed = 7}},
        asking{{.protocol = &asked(), .speed = bus_speed, .delay = 5ms, .seed = 8}},
        both(pushing, asking),
        watched(std::move(plan)),
        wire(watched, both) {
    remember(pushing);
    remember(asking);
    watched.on_event = [this](const LineEvent& event, Instant) {
      if (event.kind == LineEvent::round_good) check(watched.line().pack(static_cast<std::size_t>(event.pack)));
    };
  }
  static LinePlan plan(std::vector<PackPlace> packs) {
    LinePlan plan;
    plan.protocols = {&pushed(), &asked()};
    plan.packs = std::move(packs);
    plan.baud = 250000;
    return plan;
  }
  static void add(SimBus& bus, int address, double soc) {
    PackModelOptions model;
    model.cells = static_cast<int>(kCells);
    model.soc_percent = soc;
    model.current_a = address % 2 == 0 ? -3.0 * address : 4.0 * address;
    model.seed = static_cast<std::uint64_t>(address) * 10 + (bus.protocol().name == pushed().name ? 1 : 2);
    PackOptions pack;
    pack.address = address;
    EXPECT_TRUE(bus.add_pack(pack, PackModel(model)));
  }
  const PackTalk& pack(std::size_t index) { return watched.line().pack(index); }
  int count(LineEvent::Kind kind, int pack = -1) const {
    return static_cast<int>(std::count_if(watched.events.begin(), watched.events.end(), [&](const auto& one) {
      return one.event.kind == kind && (pack < 0 || one.event.pack == pack);
    }));
  }

  SimBus pushing, asking;
  JoinedBus both;
  Watched watched;
  VirtualWire wire;
  int checked = 0;

 private:
  using Key = std::tuple<const Protocol*, int, Field>;
  void remember(SimBus& bus) {
    bus.on_reply([this, &bus](int address, const PackState& state, Bytes, Instant) {
      const Protocol* protocol = &bus.protocol();
      sent_[{protocol, address, Field::voltage}].insert(std::lround(state.voltage * 100));
      sent_[{protocol, address, Field::current}].insert(std::lround(state.current * 10));
      sent_[{protocol, address, Field::soc}].insert(std::lround(state.soc));
      std::vector<long> cells;
      for (const double cell : state.cell_voltages) cells.push_back(std::lround(cell * 1000));
      cells_[{protocol, address}].insert(cells);
    });
  }
  // Whatever is believed was sent by this pack.
  void check(const PackTalk& pack) {
    ++checked;
    const auto one = [&](Field field, double scale) {
      const auto believed = pack.battery.get(field);
      ASSERT_TRUE(believed);
      EXPECT_TRUE((sent_[{pack.protocol, pack.address, field}].contains(std::lround(*believed * scale))))
          << pack.protocol->name << " " << pack.address << " never sent " << info(field).key << " " << *believed;
    };
    one(Field::voltage, 100);
    one(Field::current, 10);
    one(Field::soc, 1);
    std::vector<long> cells;
    ASSERT_TRUE(pack.battery.cell_voltages());
    for (const double cell : *pack.battery.cell_voltages()) cells.push_back(std::lround(cell * 1000));
    EXPECT_TRUE((cells_[{pack.protocol, pack.address}].contains(cells))) << "cells of two replies";
  }
  std::map<Key, std::set<long>> sent_;
  std::map<std::pair<const Protocol*, int>, std::set<std::vector<long>>> cells_;
};

}  // namespace bmsd::test
