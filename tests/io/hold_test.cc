// A reply of known length is read when it is whole, not a few bytes at a time.
#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/pty.h"
#include "io/pump.h"
#include "io/serial.h"
#include "loop.h"

namespace bmsd {
namespace {

// Hears pieces; after the first one it is in no hurry for as long as `hold` says.
class Patient : public Machine {
 public:
  void opened(int, Instant) override {}
  void closed(Instant) override { ++times_closed; }
  void received(Bytes bytes, Instant now) override {
    pieces.emplace_back(as_text(bytes));
    calm = pieces.size() == 1 ? std::optional(now + hold) : std::nullopt;
  }
  std::optional<Action> next(Instant) override {
    if (!to_send) return std::nullopt;
    return SendBytes{*std::exchange(to_send, std::nullopt)};
  }
  std::optional<Instant> deadline() const override { return std::nullopt; }
  std::optional<Instant> no_hurry_before() const override { return calm; }

  Duration hold = 40ms;
  std::vector<std::string> pieces;
  std::optional<Instant> calm;
  std::optional<ByteVector> to_send;
  int times_closed = 0;
};

class HoldTest : public testing::Test {
 protected:
  HoldTest() : pty_(io_, folder_.file("ttySIM0")) {
    EXPECT_TRUE(pty_.plug());
    pty_.open(told_.handlers());
    pump_ = std::make_unique<Pump>(io_, std::make_unique<SerialPort>(io_, pty_.link()), machine_, "ttySIM0", Log(),
                                   PumpHooks{}, PumpOptions{.reopen = false});
    pump_->start();
  }
  void say(std::string_view text) { pty_.write(as_bytes(text)); }
  std::string heard() const {
    std::string all;
    for (const std::string& piece : machine_.pieces) all += piece;
    return all;
  }

  boost::asio::io_context io_;
  TemporaryFolder folder_;
  Told told_;
  Pty pty_;
  Patient machine_;
  std::unique_ptr<Pump> pump_;
};

TEST_F(HoldTest, WhatComesMeanwhileIsHandedOverAtOnce) {
  say("~2");
  ASSERT_TRUE(run_until(io_, [&] { return !machine_.pieces.empty(); }));
  const Instant whole = *machine_.calm;
  for (const char* piece : {"20", "14", "A00", "E0C6"}) {
    say(piece);
    settle(io_);
    if (now_monotonic() < whole) {
      EXPECT_EQ(machine_.pieces.size(), 1U);
    }
  }
  EXPECT_TRUE(run_until(io_, [&] { return heard() == "~22014A00E0C6"; }));
}

TEST_F(HoldTest, AWriteEndsIt) {
  machine_.hold = 1h;
  say("~2");
  ASSERT_TRUE(run_until(io_, [&] { return !machine_.pieces.empty(); }));
  say("rest");
  settle(io_);
  EXPECT_EQ(heard(), "~2");
  machine_.to_send = ByteVector{'?'};
  pump_->poke();
  EXPECT_TRUE(run_until(io_, [&] { return heard() == "~2rest" && told_.bytes == ByteVector{'?'}; }));
}

TEST_F(HoldTest, ASpeedCanBeSetMeanwhile) {
  machine_.hold = 1h;
  say("~2");
  ASSERT_TRUE(run_until(io_, [&] { return !machine_.pieces.empty(); }));
  EXPECT_TRUE(pump_->port().set_speed(250000));
  EXPECT_EQ(pty_.speed(), 250000);
}

TEST_F(HoldTest, AnAdapterThatIsPulledMeanwhileIsNoticed) {
  say("~2");
  ASSERT_TRUE(run_until(io_, [&] { return !machine_.pieces.empty(); }));
  pty_.unplug();
  EXPECT_TRUE(run_until(io_, [&] { return machine_.times_closed == 1; }));
}

TEST_F(HoldTest, APortCanBeClosedMeanwhileAndIsFreeThen) {
  machine_.hold = 1h;
  say("~2");
  ASSERT_TRUE(run_until(io_, [&] { return !machine_.pieces.empty(); }));
  pump_->stop();
  SerialPort other(io_, pty_.link());
  Told told;
  other.open(told.handlers());
  EXPECT_TRUE(told.is_open()) << told.failure();
}

}  // namespace
}  // namespace bmsd
