#include "app/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "app/battery_snapshot.h"
#include "protocol/daren_485.h"
#include "protocol/protocol.h"

namespace bmsd {
namespace {

constexpr Instant kNow = Instant(1000s);

// Said 30 s ago, but for the state of charge, which is not known, and the current, which is newer.
Battery battery() {
  Battery battery;
  Reading reading;
  reading.set(Field::voltage, 53.2);
  reading.set(Field::cell_count, 2);
  reading.set_unknown(Field::soc);
  reading.alarms = Alarms();
  reading.alarms->level.fill(Severity::ok);
  reading.alarms->raise(kDaren485.alarm_bits.front());
  reading.texts = {{Text::serial_number, "A1\xFF"}};
  reading.identities = {"A1", "B2"};
  EXPECT_TRUE(battery.merge(reading, 0, kNow - 30s));
  Reading later;
  later.set(Field::current, -4.5);
  later.cell_voltages = std::vector<double>{3.31, 3.32};
  later.cell_temperatures = std::vector<double>{20.5};
  later.balancing_cells = CellSet(2);
  EXPECT_TRUE(battery.merge(later, 1, kNow - 20s));
  return battery;
}

Snapshot snapshot() {
  Snapshot snapshot;
  snapshot.guardian = 77;
  LinkHealth health;
  health.rounds = 12;
  health.failed_rounds = 3;
  health.errors_by_code[static_cast<std::size_t>(Errc::timeout)] = 5;
  health.last_good = kNow - 30s;
  health.last_error = "timeout";
  snapshot.ports.push_back({"/dev/ttyUSB0", 1, 19200, false, {{{&kDaren485, 1}, health, {}}}});
  snapshot.ports.push_back({"tcp://a:1", -1, 9600, true, {{{&kDaren485, 2}, health, battery()}}});
  Kept kept;
  kept.soc_calc = "55.125";
  kept.allow_max_voltage = 0;
  snapshot.batteries.push_back({"ttyUSB0 0x01", "/dev/ttyUSB0", {"A1"}, true, Instant{}, 50, 60.5, kept});
  snapshot.batteries.push_back({"tcp_a_1", "tcp://a:1", {"\xFE", "B2"}, false, kNow - 25s, 0, 10, Kept{}});
  snapshot.state.batteries["A1"].custom_name = "Garage";
  snapshot.state.good_config = "LOGGING = \xF0\n";
  snapshot.state_lock = {"/var/lib/bmsd/state", 0};
  snapshot.instance_locks = {{"/var/tmp/lock", 2}};
  snapshot.control_socket = 3;
  return snapshot;
}

TEST(Snapshot, ComesBackAsItWas) {
  const auto read = parse_snapshot(snapshot_text(snapshot()), kNow);
  ASSERT_TRUE(read) << describe(read.error());
  const Snapshot expected = snapshot();
  EXPECT_EQ(read->guardian, 77);
  ASSERT_EQ(read->ports.size(), 2U);
  EXPECT_EQ(read->ports[0].name, "/dev/ttyUSB0");
  EXPECT_EQ(read->ports[0].descriptor, 1);
  EXPECT_EQ(read->ports[0].baud, 19200);
  EXPECT_FALSE(read->ports[0].listens);
  EXPECT_TRUE(read->ports[1].listens);
  ASSERT_EQ(read->ports[0].packs.size(), 1U);
  EXPECT_EQ(read->ports[0].packs[0].place, (PackPlace{&kDaren485, 1}));
  EXPECT_EQ(read->ports[0].packs[0].health.rounds, 12U);
  EXPECT_EQ(read->ports[0].packs[0].health.errors_by_code, expected.ports[0].packs[0].health.errors_by_code);
  EXPECT_EQ(read->ports[0].packs[0].health.last_good, kNow - 30s);
  EXPECT_FALSE(read->ports[0].packs[0].lost);
  EXPECT_TRUE(read->ports[1].packs[0].lost);
  ASSERT_EQ(read->batteries.size(), 2U);
  EXPECT_EQ(read->batteries[0].id, "ttyUSB0 0x01");
  EXPECT_EQ(read->batteries[0].kept, expected.batteries[0].kept);
  EXPECT_EQ(read->batteries[0].discharge, 60.5);
  EXPECT_EQ(read->batteries[1].identities, expected.batteries[1].identities);
  EXPECT_FALSE(read->batteries[1].answers);
  EXPECT_EQ(read->batteries[1].lost_since, kNow - 25s);
  EXPECT_EQ(read->state, expected.state);
  EXPECT_EQ(read->state_lock.path, "/var/lib/bmsd/state");
  EXPECT_EQ(read->state_lock.descriptor, 0);
  ASSERT_EQ(read->instance_locks.size(), 1U);
  EXPECT_EQ(read->instance_locks[0].descriptor, 2);
  EXPECT_EQ(read->control_socket, 3);
}

TEST(Snapshot, AValueIsAsOldAsItWas) {
  const auto read = parse_snapshot(snapshot_text(snapshot()), kNow);
  ASSERT_TRUE(read);
  const Battery& lost = *read->ports[1].packs[0].lost;
  EXPECT_EQ(lost.get(Field::voltage), 53.2);
  EXPECT_EQ(lost.value(Field::voltage).at, kNow - 30s);
  EXPECT_EQ(lost.value(Field::current).at, kNow - 20s);
  EXPECT_EQ(lost.value(Field::soc).quality, Quality::unknown);
  EXPECT_EQ(lost.value(Field::soh).quality, Quality::never);
  EXPECT_THAT(*lost.cell_voltages(), testing::ElementsAre(3.31, 3.32));
  EXPECT_EQ(lost.cell_voltages_at(), kNow - 20s);
  EXPECT_THAT(*lost.cell_temperatures(), testing::ElementsAre(20.5));
  EXPECT_EQ(*lost.balancing_cells(), CellSet(2));
  EXPECT_EQ(lost.alarms().level, battery().alarms().level);
  EXPECT_EQ(lost.alarms().blocks, battery().alarms().blocks);
  EXPECT_THAT(lost.alarms().names, testing::ElementsAre(testing::StrEq(kDaren485.alarm_bits.front().name)));
  EXPECT_EQ(lost.text(Text::serial_number), "A1\xFF");
  EXPECT_THAT(lost.identities(), testing::ElementsAre("A1", "B2"));
}

TEST(Snapshot, AnAlarmGoesWhenTheExchangeThatSaidItSaysSo) {
  Battery lost = *parse_snapshot(snapshot_text(snapshot()), kNow)->ports[1].packs[0].lost;
  Reading reading;
  reading.alarms = Alarms();
  reading.alarms->level.fill(Severity::ok);
  ASSERT_TRUE(lost.merge(reading, 0, kNow));
  EXPECT_EQ(lost.alarms().of(kDaren485.alarm_bits.front().alarm), Severity::ok);
}

TEST(Snapshot, WhatWasSaidInTheFutureWasNotSaid) {
  const Instant before = kNow - 25s;  // as if the clock of the other process were ahead
  const auto read = parse_snapshot(snapshot_text(snapshot()), before);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->ports[1].packs[0].lost->get(Field::voltage));
  EXPECT_EQ(read->ports[1].packs[0].lost->value(Field::current).quality, Quality::never);
}

TEST(Snapshot, WhatNoBatteryCanHaveIsLeftOut) {
  nlohmann::json json = battery_snapshot(battery(), kDaren485);
  for (nlohmann::json& value : json["values"]) value["value"] = 1e9;
  json["cell_voltages"]["value"] = {3.3, "x"};
  json["cell_temperatures"]["value"] = {5000};
  const Battery read = battery_from(json, kDaren485, kNow);
  EXPECT_FALSE(read.get(Field::voltage));
  EXPECT_FALSE(read.get(Field::current));
  EXPECT_FALSE(read.cell_voltages());
  EXPECT_FALSE(read.cell_temperatures());
}

TEST(Snapshot, WhatAnotherVersionCallsOtherwiseIsAbsent) {
  nlohmann::json json = battery_snapshot(battery(), kDaren485);
  json["values"][0]["field"] = "voltage_of_tomorrow";
  json["values"][1]["exchange"] = "exchange of tomorrow";
  json["alarms"] = {{"exchange of tomorrow", json["alarms"]}};
  json["more"] = {{"new", true}};
  const Battery read = battery_from(json, kDaren485, kNow);
  EXPECT_FALSE(read.get(Field::voltage));
  EXPECT_EQ(read.alarms().of(kDaren485.alarm_bits.front().alarm), Severity::unsupported);
  EXPECT_TRUE(read.cell_voltages());
}

TEST(Snapshot, AnotherFormatIsRefused) {
  const std::vector<std::uint8_t> later = nlohmann::json::to_cbor({{"format", kSnapshotFormat + 1}});
  const auto read = parse_snapshot(std::string(later.begin(), later.end()), kNow);
  ASSERT_FALSE(read);
  EXPECT_THAT(describe(read.error()), testing::HasSubstr("start anew"));
}

TEST(Snapshot, HalfOfOneIsRefused) {
  const std::string whole = snapshot_text(snapshot());
  for (std::size_t length = 0; length < whole.size(); ++length)
    ASSERT_FALSE(parse_snapshot(whole.substr(0, length), kNow)) << length;
}

TEST(Snapshot, GarbageIsNeverMoreThanGarbage) {
  std::mt19937 random(5);
  const std::string whole = snapshot_text(snapshot());
  for (int round = 0; round < 20'000; ++round) {
    std::string text = whole;
    for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
      const std::size_t at = random() % text.size();
      text[at] = static_cast<char>(random());
    }
    const auto read = parse_snapshot(text, kNow);
    if (!read) continue;
    for (const Snapshot::Port& port : read->ports) {
      for (const InheritedPack& pack : port.packs) {
        if (!pack.lost) continue;
        for (std::size_t i = 0; i < kFieldCount; ++i) {
          const Value& value = pack.lost->value(field_at(i));
          if (value.quality != Quality::fresh) continue;
          EXPECT_LE(value.at, kNow);
          EXPECT_GE(value.value, info(field_at(i)).lowest);
          EXPECT_LE(value.value, info(field_at(i)).highest);
        }
      }
    }
    for (const InheritedBattery& battery : read->batteries) {
      EXPECT_FALSE(battery.identities.empty());
      EXPECT_GE(battery.charge, 0);
    }
  }
}

}  // namespace
}  // namespace bmsd
