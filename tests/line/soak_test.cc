// Everything that can go wrong, at random and at once: what is believed was sent by that pack, nothing spins, and all
// is well soon after the last fault.
#include "rig.h"
#include "sim/random.h"

namespace bmsd {
namespace {

class Soak : public testing::TestWithParam<int> {
 protected:
  void trouble(Rig& rig) {
    Faults& faults = rig.bus.faults();
    for (const Fault fault : {Fault::drop, Fault::corrupt, Fault::flip, Fault::truncate, Fault::late, Fault::garbage,
                              Fault::foreign, Fault::silence}) {
      faults.set(fault, dice_.below(2) == 0 ? 0 : dice_.between(0, 0.15));
    }
    faults.set(Fault::echo, dice_.below(3) == 0 ? 1 : dice_.below(2) == 0 ? 0 : dice_.between(0, 1));
    faults.set_late_by(Duration(static_cast<std::int64_t>(1000 * dice_.between(10, 1500))));
  }
  void something(Rig& rig, int packs) {
    const int pack = 1 + static_cast<int>(dice_.below(static_cast<std::uint64_t>(packs)));
    switch (dice_.below(8)) {
      case 0:
        ASSERT_TRUE(rig.bus.set_silent(dice_.below(4) == 0 ? SimBus::kAllPacks : pack, true));
        break;
      case 1:
        ASSERT_TRUE(rig.bus.set_silent(pack, false));
        break;
      case 2:
        rig.wire.close();
        break;
      case 3:
      case 4:
        rig.wire.open(9600);
        break;
      case 5:
        trouble(rig);
        break;
      case 6:
        ASSERT_TRUE(rig.bus.set_delay(pack, Duration(static_cast<std::int64_t>(dice_.below(80'000)))));
        break;
      default:
        rig.line().demand_all();
    }
  }
  Random dice_{static_cast<std::uint64_t>(GetParam())};
};

TEST_P(Soak, NothingThatWasNotSentIsBelievedAndAllPacksReturn) {
  RigOptions options;
  options.packs = 1 + static_cast<int>(dice_.below(5));
  options.baud = dice_.below(2) == 0 ? 9600 : 19200;
  options.interval = dice_.below(2) == 0 ? Duration(0) : Duration(1s);
  options.seed = static_cast<std::uint64_t>(GetParam());
  Rig rig(options);
  rig.open();
  trouble(rig);
  for (const Instant end = rig.wire.now() + 60s; rig.wire.now() < end;) {
    something(rig, options.packs);
    rig.wire.run_for(Duration(static_cast<std::int64_t>(1000 * dice_.between(10, 4000))));
  }

  for (std::size_t i = 0; i < kFaultCount; ++i) rig.bus.faults().set(static_cast<Fault>(i), 0);
  ASSERT_TRUE(rig.bus.set_silent(SimBus::kAllPacks, false));
  rig.open();
  const Instant well = rig.wire.now();
  rig.wire.run_for(10s);
  std::uint64_t rounds = 0;
  for (int address = 1; address <= options.packs; ++address) {
    const PackTalk& pack = rig.pack(address);
    EXPECT_EQ(pack.state, PackTalk::alive) << "address " << address;
    ASSERT_TRUE(pack.health.last_good);
    EXPECT_GT(*pack.health.last_good, well) << "address " << address;
    EXPECT_EQ(pack.battery.text(Text::serial_number), "RIG00000000" + std::to_string(address));
    rounds += pack.health.rounds;
  }
  EXPECT_FALSE(rig.line().demands());
  EXPECT_LE(rounds, rig.bus.counters().replies);
  const WireCounts& counts = rig.line().counts();
  EXPECT_EQ(counts.bytes_sent, rig.watched.bytes_sent);
  EXPECT_LE(counts.bytes_received, rig.bus.counters().bytes_out);
  EXPECT_LE(counts.junk_bytes, counts.bytes_received);
  EXPECT_EQ(counts.foreign_requests, 0U);
  EXPECT_LE(rig.watched.most_calls_at_once, 20) << "the machine spins";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Soak, testing::Range(1, 25));

}  // namespace
}  // namespace bmsd
