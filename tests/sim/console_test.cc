#include "sim/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.h"

namespace bmsd {
namespace {

using ::testing::HasSubstr;

struct TestConsole {
  std::string type(std::string_view line) {
    const auto answer = console.execute(line);
    return answer ? *answer : "error: " + describe(answer.error());
  }

  TestLine line{{1, 2, 15}};
  int unplugged = 0, replugged = 0;
  Console console{line.bus,
                  {[this] { return ++unplugged, Status(Done{}); }, [this] { return ++replugged, Status(Done{}); }}};
};

TEST(Console, SetsOnePackOrAll) {
  TestConsole test;
  EXPECT_EQ(test.type("set 2 current_a -12.5"), "ok");
  EXPECT_EQ(test.type("  set   soc_percent 33 "), "ok");
  EXPECT_EQ(test.type("set 0x0f cell_voltages_v [3.1, 3.2]"), "ok");
  EXPECT_EQ(test.line.bus.pack(1)->state().current, 0);
  EXPECT_EQ(test.line.bus.pack(2)->state().current, -12.5);
  EXPECT_EQ(test.line.bus.pack(1)->state().soc, 33);
  EXPECT_EQ(test.line.bus.pack(15)->state().cell_voltages, (std::vector<double>{3.1, 3.2}));
}

TEST(Console, RaisesAlarmsAndSilences) {
  TestConsole test;
  EXPECT_EQ(test.type("alarm 1 fuse_blown on"), "ok");
  EXPECT_EQ(test.type("alarm low_battery_alarm on"), "ok");
  EXPECT_EQ(test.type("alarm 1 low_battery_alarm off"), "ok");
  EXPECT_EQ(test.line.bus.pack(1)->state().alarms, (std::set<std::string, std::less<>>{"fuse_blown"}));
  EXPECT_EQ(test.type("silence all on"), "ok");
  EXPECT_EQ(test.type("silence 2 off"), "ok");
  EXPECT_TRUE(test.line.bus.silent(1));
  EXPECT_FALSE(test.line.bus.silent(2));
  EXPECT_THAT(test.type("show"), HasSubstr("silent, fuse_blown"));
}

TEST(Console, SetsFaultsAndShowsThem) {
  TestConsole test;
  EXPECT_EQ(test.type("fault late=0.25:0.1"), "ok");
  EXPECT_EQ(test.line.bus.faults().rate(Fault::late), 0.25);
  EXPECT_THAT(test.type("show"), HasSubstr("fault late=0.25: 0 times"));
}

TEST(Console, PullsTheCable) {
  TestConsole test;
  EXPECT_EQ(test.type("unplug"), "ok");
  EXPECT_EQ(test.type("replug"), "ok");
  EXPECT_EQ(test.unplugged, 1);
  EXPECT_EQ(test.replugged, 1);
  Console without(test.line.bus, {});
  EXPECT_FALSE(without.execute("unplug").ok());
}

TEST(Console, HelpsAndQuits) {
  TestConsole test;
  EXPECT_EQ(test.type(""), "");
  for (const char* verb : {"show", "set", "alarm", "fault", "silence", "unplug", "replug", "keys", "quit"}) {
    EXPECT_THAT(test.type("help"), HasSubstr(verb));
  }
  EXPECT_THAT(test.type("keys"), HasSubstr("soc_percent"));
  EXPECT_THAT(test.type("alarms"), HasSubstr("fuse_blown"));
  EXPECT_FALSE(test.console.quit());
  EXPECT_EQ(test.type("quit"), "ok");
  EXPECT_TRUE(test.console.quit());
}

TEST(Console, SaysWhatIsWrong) {
  TestConsole test;
  for (const char* line :
       {"dance", "set", "set 1", "set 1 soc_percent", "set 9 soc_percent 5", "set 15 soc_percent 5", "set 0xZ cells 5",
        "set 1 soc_percent much", "alarm fuse_blown", "alarm 1 fuse_blown maybe", "alarm tired on", "silence on",
        "silence 1", "silence 7 on", "fault", "fault rain=1", "quit now", "unplug 1"}) {
    EXPECT_EQ(test.type(line).substr(0, 7), "error: ") << line;
  }
}

}  // namespace
}  // namespace bmsd
