#include "io/pump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "io/clock.h"
#include "io/pty.h"
#include "io/serial.h"
#include "loop.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Sends back what it hears, remembers what it was told.
class Echo : public Machine {
 public:
  void opened(int baud, Instant) override { speeds.push_back(baud); }
  void closed(Instant) override { ++times_closed; }
  void received(Bytes bytes, Instant) override { actions.push_back(SendBytes{{bytes.begin(), bytes.end()}}); }
  std::optional<Action> next(Instant now) override {
    if (wakes_at && now >= *wakes_at) {
      wakes_at.reset();
      ++times_woken;
    }
    if (actions.empty()) return std::nullopt;
    Action action = std::move(actions.front());
    actions.pop_front();
    return action;
  }
  std::optional<Instant> deadline() const override { return wakes_at; }

  std::deque<Action> actions;
  std::optional<Instant> wakes_at;
  std::vector<int> speeds;
  int times_closed = 0, times_woken = 0;
};

// Keeps what it hears.
class Ear : public Echo {
 public:
  void received(Bytes bytes, Instant) override { heard.append(as_text(bytes)); }
  std::string heard;
};

struct Bench {
  boost::asio::io_context io;
  TemporaryFolder folder;
  std::string link = folder.file("ttySIM0");
  Echo pack;
  Ear ear;
  std::vector<std::string> log;
  std::vector<std::string> changes;
  int events = 0;
  Pty* pty = nullptr;
  std::unique_ptr<Pump> pack_pump, pump;

  explicit Bench(bool reopen = true) {
    auto owned = std::make_unique<Pty>(io, link);
    pty = owned.get();
    const PumpOptions quick{.reopen = true, .reopen_every = 1ms};
    pack_pump = std::make_unique<Pump>(io, std::move(owned), pack, "pack", Log(), PumpHooks{}, quick);
    const Log to_log = [this](Level level, std::string_view text) {
      if (level < Level::debug) log.emplace_back(text);
    };
    pump = std::make_unique<Pump>(io, std::make_unique<SerialPort>(io, link), ear, "ttySIM0", to_log,
                                  PumpHooks{.after_event = [this](Instant) { ++events; },
                                            .opened = [this] { changes.push_back("opened"); },
                                            .lost = [this](const Error&) { changes.push_back("lost"); }},
                                  PumpOptions{.reopen = reopen, .reopen_every = 1ms});
  }
  void start() {
    pack_pump->start();
    pump->start();
  }
  void send(const std::string& text) {
    ear.actions.push_back(SendBytes{{text.begin(), text.end()}});
    pump->poke();
  }
};

TEST(Pump, CarriesWhatTheMachinesSay) {
  Bench bench;
  bench.start();
  EXPECT_THAT(bench.ear.speeds, ElementsAre(9600));
  EXPECT_TRUE(bench.pump->is_open());
  bench.send("hello");
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.ear.heard == "hello"; }));
  EXPECT_GE(bench.events, 3) << "opened, poked, received";
  EXPECT_THAT(bench.changes, ElementsAre("opened"));
  EXPECT_TRUE(bench.log.empty());
}

TEST(Pump, SetsTheSpeedThatTheMachineWants) {
  Bench bench;
  bench.start();
  bench.ear.actions.push_back(SetSpeed{250000});
  bench.pump->poke();
  EXPECT_EQ(bench.pty->speed(), 250000);
  bench.ear.actions.push_back(SetSpeed{1});
  bench.pump->poke();
  EXPECT_THAT(bench.log, ElementsAre(HasSubstr("1 baud: a speed is between")));
}

TEST(Pump, AsksTheMachineAtItsDeadline) {
  Bench bench;
  bench.start();
  bench.ear.wakes_at = now_monotonic() + 1h;
  bench.pump->poke();
  bench.ear.wakes_at = now_monotonic() + 1ms;  // an earlier one replaces it
  bench.pump->poke();
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.ear.times_woken == 1; }));
  bench.ear.wakes_at = now_monotonic() - 1ms;
  bench.pump->poke();
  EXPECT_EQ(bench.ear.times_woken, 2) << "one that has passed needs no timer";
}

TEST(Pump, FindsThePortAgainAfterItWasUnplugged) {
  Bench bench;
  bench.start();
  bench.send("one");
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.ear.heard == "one"; }));
  bench.pty->unplug();
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.ear.times_closed == 1; }));
  EXPECT_FALSE(bench.pump->is_open());
  ASSERT_TRUE(bench.pty->replug().ok());
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.pump->is_open() && bench.pack_pump->is_open(); }));
  bench.send(" two");
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.ear.heard == "one two"; }));
  EXPECT_THAT(bench.log, ElementsAre(bench.link + ": the device is gone; plug it in again", "ttySIM0: back"));
  EXPECT_THAT(bench.changes, ElementsAre("opened", "lost", "opened"));
  EXPECT_THAT(bench.ear.speeds, ElementsAre(9600, 9600));
}

TEST(Pump, TellsALossOnceHoweverOftenItTries) {
  Bench bench;
  bench.pump->start();  // there is no port yet
  EXPECT_THAT(bench.log, ElementsAre(HasSubstr("no such device")));
  int turns = 0;
  ASSERT_TRUE(run_until(bench.io, [&] { return ++turns > 20; }));
  EXPECT_GT(bench.events, 3) << "it tried several times";
  EXPECT_EQ(bench.log.size(), 1u);
  EXPECT_THAT(bench.changes, ElementsAre("lost"));
  EXPECT_EQ(bench.ear.times_closed, 0) << "it was never open";
  bench.pack_pump->start();
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.pump->is_open(); }));
}

TEST(Pump, AsksTheMachineAlsoWhileThePortIsLost) {
  Bench bench;
  bench.ear.wakes_at = now_monotonic() + 1ms;
  bench.ear.actions.push_back(SendBytes{{'x'}});
  bench.ear.actions.push_back(SetSpeed{19200});
  bench.pump->start();
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.ear.times_woken == 1; }));
  bench.pack_pump->start();
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.pump->is_open(); }));
  EXPECT_THAT(bench.ear.speeds, ElementsAre(19200)) << "the speed was kept";
  bench.send("y");
  ASSERT_TRUE(run_until(bench.io, [&] { return !bench.ear.heard.empty(); }));
  EXPECT_EQ(bench.ear.heard, "y") << "what was to be sent while it was lost is dropped";
}

TEST(Pump, GivesUpAtTheFirstLossWhenToldSo) {
  Bench bench(false);
  bench.start();
  bench.pty->unplug();
  ASSERT_TRUE(run_until(bench.io, [&] { return !bench.pump->is_open(); }));
  ASSERT_TRUE(bench.pty->replug().ok());
  ASSERT_TRUE(run_until(bench.io, [&] { return bench.pack_pump->is_open(); }));
  bench.pack_pump.reset();
  settle(bench.io);
  EXPECT_FALSE(bench.pump->is_open());
  EXPECT_THAT(bench.changes, ElementsAre("opened", "lost"));
}

TEST(Pump, LeavesNothingBehindWhenItIsDestroyed) {
  Bench bench;
  bench.start();
  bench.ear.wakes_at = now_monotonic() + 1ms;
  bench.send("x");
  bench.pump.reset();
  const int events = bench.events;
  bench.pack_pump.reset();
  bench.io.restart();
  bench.io.run();  // ends: nobody waits for anything
  EXPECT_EQ(bench.events, events);
  EXPECT_EQ(bench.ear.times_woken, 0);
  EXPECT_FALSE(std::filesystem::is_symlink(bench.link));
}

TEST(Pump, MayBeDestroyedByEachOfItsHooks) {
  for (const int which : {0, 1, 2}) {
    boost::asio::io_context io;
    Ear ear;
    Pty pty(io);
    ASSERT_TRUE(pty.plug().ok());
    std::unique_ptr<Pump> pump;
    int calls = 0;
    const auto destroy = [&](int hook) {
      if (hook != which) return;
      ++calls;
      pump.reset();
    };
    const std::string path = which == 2 ? "/dev/ttyUSB99" : pty.slave_path();
    pump = std::make_unique<Pump>(io, std::make_unique<SerialPort>(io, path), ear, "tty", Log(),
                                  PumpHooks{.after_event = [&](Instant) { destroy(0); },
                                            .opened = [&] { destroy(1); },
                                            .lost = [&](const Error&) { destroy(2); }});
    pump->start();
    settle(io);
    EXPECT_EQ(calls, 1) << which;
    EXPECT_EQ(pump, nullptr);
  }
}

TEST(Pump, MayBeDestroyedWhileBytesArrive) {
  Bench bench;
  bench.pack_pump->start();
  int calls = 0;
  std::unique_ptr<Pump> pump;
  pump = std::make_unique<Pump>(bench.io, std::make_unique<SerialPort>(bench.io, bench.link), bench.ear, "tty", Log(),
                                PumpHooks{.after_event = [&](Instant) {
                                  if (bench.ear.heard.empty()) return;
                                  ++calls;
                                  pump.reset();
                                }});
  bench.ear.actions.push_back(SendBytes{{'x'}});
  pump->start();
  ASSERT_TRUE(run_until(bench.io, [&] { return pump == nullptr; }));
  settle(bench.io);
  EXPECT_EQ(calls, 1);
}

TEST(Clock, DoesNotRunBackwards) {
  const Instant first = now_monotonic();
  EXPECT_LE(first, now_monotonic());
  EXPECT_GT(wall_now().seconds, 1'700'000'000);
}

}  // namespace
}  // namespace bmsd
