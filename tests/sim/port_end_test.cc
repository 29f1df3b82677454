#include "sim/port_end.h"

#include <gtest/gtest.h>

#include "bench.h"

namespace bmsd {
namespace {

// A pseudo-terminal as far as the end of the line cares.
class FakePort final : public Port {
 public:
  void open(Handlers /*handlers*/) override {}
  void close() override {}
  void write(Bytes /*bytes*/) override {}
  Status set_speed(int /*baud*/) override { return Done{}; }
  int speed() const override { return client_speed; }

  int client_speed = 9600;
};

TEST(PortEnd, FollowsTheSpeedThatTheClientHasSet) {
  TestLine line({1});
  line.bus.set_speed(9600);
  line.wire.close();
  FakePort port;
  PortEnd end(line.bus, port);
  TestMaster master;
  VirtualWire wire(master, end);
  wire.open(port.speed());
  port.client_speed = 19200;
  master.say(kAsk42Of1);
  wire.run_for(1s);
  EXPECT_EQ(master.heard(), "") << "the packs are at 9600";
  port.client_speed = 9600;
  master.say(kAsk42Of1);
  wire.run_for(1s);
  EXPECT_EQ(address_of_frame(master.heard()), 1);
}

TEST(PortEnd, SetsARealPortAtEachOpening) {
  TestLine line({1});
  line.wire.close();
  FakePort port;
  PortEnd end(line.bus, port, 115200);
  for (int i = 0; i < 2; ++i) {
    end.opened(9600, Instant{});
    const auto action = end.next(Instant{});
    ASSERT_TRUE(action.has_value());
    ASSERT_TRUE(std::holds_alternative<SetSpeed>(*action));
    EXPECT_EQ(std::get<SetSpeed>(*action).baud, 115200);
    EXPECT_FALSE(end.next(Instant{}).has_value());
    end.closed(Instant{});
  }
}

}  // namespace
}  // namespace bmsd
