// Batteries from one process to the next, in virtual time: two whole systems, the second one begins with what the first one
// hands over.
#include <gmock/gmock.h>

#include "app/snapshot.h"
#include "hub_rig.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HandoverTest : public HubTest {
 protected:
  HandoverTest()
      : next_bus_({.protocol = &kDaren485}),
        next_hub_([this](Level, std::string_view text) { next_log_.emplace_back(text); }),
        next_line_(plan()),
        next_machine_(next_line_, next_hub_),
        next_wire_(next_machine_, next_bus_) {
    for (const int address : {1, 2}) {
      PackOptions pack;
      pack.address = address;
      pack.serial_number = "HUB00000000" + std::to_string(address);
      EXPECT_TRUE(next_bus_.add_pack(pack, PackModel(PackModelOptions{})));
    }
    next_hub_.add_sink(next_sink_);
    next_hub_.add_line(next_line_, {"/tmp/ttySIM0", "ttySIM0", true, false});
  }

  // As text and back, as between processes.
  void hand_over() {
    Snapshot snapshot;
    Snapshot::Port& port = snapshot.ports.emplace_back();
    for (std::size_t i = 0; i < line_.pack_count(); ++i) {
      const PackTalk& pack = line_.pack(i);
      port.packs.push_back({{pack.protocol, pack.address}, pack.health, {}});
      if (!pack.answers()) port.packs.back().lost = pack.battery;
    }
    snapshot.batteries = hub_.hand_over(wire_.now());
    next_wire_.run_until(wire_.now());
    auto read = parse_snapshot(snapshot_text(snapshot), wire_.now());
    ASSERT_TRUE(read);
    next_line_.inherit(19200, std::move(read->ports[0].packs), next_wire_.now());
    next_hub_.inherit(std::move(read->batteries), next_wire_.now());
  }
  void run_next(Duration duration) {
    for (const Instant end = next_wire_.now() + duration; next_wire_.now() < end;) {
      next_wire_.run_for(1s);
      next_hub_.tick(next_wire_.now());
    }
  }

  SimBus next_bus_;
  std::vector<std::string> next_log_;
  Notebook next_sink_;
  Hub next_hub_;
  Line next_line_;
  Collected next_machine_;
  VirtualWire next_wire_;
};

TEST_F(HandoverTest, WhoAnsweredIsPublishedWhenItHasAnsweredHere) {
  run(10s);
  hand_over();
  EXPECT_THAT(next_hub_.missing(), ElementsAre("ttySIM0 0x01", "ttySIM0 0x02"));
  EXPECT_THAT(next_sink_.batteries, IsEmpty()) << "nothing of the past is published as new";
  next_wire_.open(19200);
  run_next(3s);
  EXPECT_THAT(next_hub_.missing(), IsEmpty());
  EXPECT_EQ(next_sink_.added_count, 2);
}

TEST_F(HandoverTest, ALostPackIsPublishedAtOnceAndGoesOnBeingLost) {
  run(10s);
  ASSERT_TRUE(bus_.set_silent(2, true));
  run(15s);
  const Told before = told("ttySIM0 0x02");
  ASSERT_FALSE(before.presence.measurements_valid);
  hand_over();
  EXPECT_THAT(next_hub_.missing(), ElementsAre("ttySIM0 0x01"));
  ASSERT_EQ(next_sink_.batteries.size(), 1U);
  const Told& after = next_sink_.batteries.at("ttySIM0 0x02");
  EXPECT_FALSE(after.presence.measurements_valid);
  EXPECT_GE(after.presence.lost_for, before.presence.lost_for);
  EXPECT_EQ(after.identities, before.identities);
  EXPECT_EQ(after.limits.cvl, before.limits.cvl);
  EXPECT_EQ(after.limits.charge.value, before.limits.charge.value);

  ASSERT_TRUE(next_bus_.set_silent(2, true));
  next_wire_.open(19200);
  run_next(31min);
  EXPECT_TRUE(next_sink_.batteries.at("ttySIM0 0x02").presence.given_up) << "its time is counted on";
  ASSERT_TRUE(next_bus_.set_silent(2, false));
  run_next(20s);
  EXPECT_EQ(next_sink_.batteries.at("ttySIM0 0x02").presence.lost_for, 0s);
  EXPECT_EQ(next_sink_.added_count, 2) << "it did not appear anew";
}

TEST_F(HandoverTest, ALimitComesBackFromWhereItWas) {
  run(10s);
  ASSERT_TRUE(bus_.set_alarm(1, "cell_overvoltage_protection", true));
  run(2s);
  const double full = told("ttySIM0 0x02").limits.charge.value;
  ASSERT_EQ(told("ttySIM0 0x01").limits.charge.value, 0);
  ASSERT_GT(full, 0);
  hand_over();
  next_wire_.open(19200);  // the alarm is over here
  run_next(3s);
  EXPECT_EQ(next_sink_.batteries.at("ttySIM0 0x01").limits.charge.value, 0) << "it holds first";
  EXPECT_EQ(next_sink_.batteries.at("ttySIM0 0x02").limits.charge.value, full) << "this one was where it is";
  run_next(5min);
  EXPECT_EQ(next_sink_.batteries.at("ttySIM0 0x01").limits.charge.value, full);
}

TEST_F(HandoverTest, WithoutRoundsABatteryIsLostAsEver) {
  run(10s);
  hub_.rounds_end(wire_.now());
  hub_.tick(wire_.now() + 1s);
  EXPECT_EQ(told("ttySIM0 0x01").presence.lost_for, 0s) << "a moment is not shown";
  hub_.tick(wire_.now() + 11s);
  EXPECT_FALSE(told("ttySIM0 0x01").presence.measurements_valid);
}

TEST_F(HandoverTest, ALineThatRestsEndsWhatItHasBegunAndBeginsNothing) {
  run(10s);
  wire_.run_for(1010ms);  // into a round
  line_.rest(true);
  wire_.run_for(3s);
  EXPECT_TRUE(line_.rested(wire_.now()));
  const std::uint64_t sent = line_.counts().bytes_sent;
  wire_.run_for(10s);
  EXPECT_EQ(line_.counts().bytes_sent, sent);
  line_.rest(false);
  wire_.close();
  wire_.open(19200);
  run(5s);
  EXPECT_GT(line_.counts().bytes_sent, sent);
}

}  // namespace
}  // namespace bmsd
