#include "line/wire_end.h"

#include <gtest/gtest.h>

#include "line/turnaround.h"
#include "protocol/daren_485.h"

namespace bmsd {
namespace {

// The seed's frames, with CR.
const std::string kRequest = "~22014A42E00201FD28\r";
const std::string kSentReply =
    "~22014A00E0C6001A2C14C0100D010D010CDB0D010D010D000D020CE60CF80D020D010CDF0D020D020D000CE0010E0104010E0401040104010"
    "40104000000"
    "000050011F4014F000CC000000000000000000230000000000000000000000000000000000000000000000D582\r";
const std::string kOtherPacksRequest = "~22024A42E00201FD27\r";

class WireEndTest : public testing::Test {
 protected:
  WireEndTest() : session_(kDaren485.open({1, {}, false})) {
    end_.reset(19200, now_);
    now_ += 1s;
  }
  void ask(std::size_t reply_bytes = 0) {
    auto request = session_->request(0);
    end_.start({&kDaren485, session_.get(), 1, std::move(*request), 500ms, reply_bytes}, now_);
  }
  void hear(std::string_view text) { end_.received(as_bytes(text), now_, kDaren485); }
  std::optional<Outcome> at(Duration after) {
    now_ += after;
    end_.on_time(now_);
    return end_.take();
  }

  Instant now_{};
  std::unique_ptr<Session> session_;
  WireEnd end_;
};

TEST_F(WireEndTest, AReplyEndsTheExchangeWithItsLastByte) {
  ask();
  hear(kSentReply.substr(0, 100));
  EXPECT_FALSE(at(10ms));
  hear(kSentReply.substr(100));
  const auto outcome = at(0ms);
  ASSERT_TRUE(outcome);
  ASSERT_TRUE(outcome->result);
  EXPECT_DOUBLE_EQ(*outcome->result->get(Field::voltage), 53.12);
}

TEST_F(WireEndTest, SilenceIsATimeOutOnlyAfterTheRequestHasLeft) {
  ask();
  EXPECT_FALSE(at(500ms)) << "20 characters take 10.4 ms at 19200";
  const auto outcome = at(11ms);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->result.error().code, Errc::timeout);
}

TEST_F(WireEndTest, TheEchoOfTheRequestIsDroppedAndTheReplyAwaited) {
  ask();
  hear(kRequest);
  EXPECT_FALSE(at(300ms)) << "silence behind an echo is no gap in a reply";
  hear(kSentReply);
  const auto outcome = at(0ms);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->result);
  EXPECT_EQ(end_.counts().echoes, 1U);
}

TEST_F(WireEndTest, ADamagedReplyEndsAfterTheGapWithItsReason) {
  ask();
  EXPECT_FALSE(at(30ms));
  std::string damaged = kSentReply;
  damaged[50] = damaged[50] == '0' ? '1' : '0';
  hear(damaged);
  EXPECT_FALSE(at(90ms));
  const auto outcome = at(20ms);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->result.error().code, Errc::checksum);
}

TEST_F(WireEndTest, TheRestOfAReplyOfKnownLengthIsInNoHurry) {
  ask(kSentReply.size());
  EXPECT_FALSE(end_.no_hurry_before()) << "nobody knows when the reply begins";
  EXPECT_FALSE(at(30ms));
  hear(kRequest);
  EXPECT_FALSE(end_.no_hurry_before()) << "an echo is no part of the reply";
  hear(kSentReply.substr(0, 2));
  const Instant whole = now_ + wire_time(kSentReply.size() - 2, 19200);
  EXPECT_EQ(end_.no_hurry_before(), whole);
  hear(kSentReply.substr(2));
  EXPECT_FALSE(end_.no_hurry_before());
  const auto outcome = at(0ms);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->result);
  EXPECT_EQ(outcome->reply_bytes, kSentReply.size());
}

TEST_F(WireEndTest, SilenceCountsOnlyFromWhenSomebodyLooks) {
  ask(kSentReply.size());
  EXPECT_FALSE(at(30ms));
  hear(kSentReply.substr(0, 60));  // the rest is lost, but until its time nobody would have seen it
  EXPECT_FALSE(at(100ms));
  const auto outcome = at(90ms);
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->result);
}

TEST_F(WireEndTest, GarbageBeforeTheReplyDoesNotEndTheExchange) {
  ask();
  hear("\x01\x02garbage");
  EXPECT_FALSE(at(200ms));
  hear(kSentReply);
  const auto outcome = at(0ms);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->result);
}

TEST_F(WireEndTest, AReplyThatNobodyAskedForIsAStray) {
  hear(kSentReply);
  EXPECT_FALSE(at(0ms));
  const auto strays = end_.take_strays();
  ASSERT_EQ(strays.size(), 1U);
  EXPECT_EQ(strays[0].tag.role, Role::reply);
  EXPECT_EQ(strays[0].tag.address, 1);
  EXPECT_EQ(end_.counts().late_or_foreign, 1U);
}

TEST_F(WireEndTest, AReplyOfAnotherServiceOfTheSamePackIsNotTaken) {
  ask();
  hear("~22014A00E002C8FD14\r");  // the protocol version, service 4F
  EXPECT_FALSE(at(0ms));
  hear(kSentReply);
  const auto outcome = at(0ms);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->result);
}

TEST_F(WireEndTest, ARequestOfAnotherMasterIsTold) {
  hear(kOtherPacksRequest);
  const auto strays = end_.take_strays();
  ASSERT_EQ(strays.size(), 1U);
  EXPECT_EQ(strays[0].tag.role, Role::request);
  EXPECT_EQ(end_.counts().foreign_requests, 1U);
}

TEST_F(WireEndTest, ALineThatNeverFallsSilentIsBabbling) {
  for (int i = 0; i < 120; ++i) {
    hear("x");
    now_ += 10ms;
  }
  ASSERT_TRUE(end_.babble(now_));
  EXPECT_GE(*end_.babble(now_), 1s);
  EXPECT_FALSE(end_.babble(now_ + 1s));
}

TEST_F(WireEndTest, TheLineIsQuietOnlyAfterTheLastByteOfAnybody) {
  ask();
  EXPECT_FALSE(at(30ms));
  hear(kSentReply);
  ASSERT_TRUE(at(0ms));
  const Instant end_of_reply = now_;
  EXPECT_EQ(end_.quiet_at(50ms), end_of_reply + 50ms);
  now_ += 30ms;
  hear("\xff");
  EXPECT_EQ(end_.quiet_at(50ms), end_of_reply + 80ms);
}

TEST(Turnaround, AFreshLineIsLearnedQuicklyAndTroubleSlowly) {
  Turnaround turnaround(50ms, 2ms);
  const Instant now{};
  turnaround.good();
  EXPECT_EQ(turnaround.of(1, now), 25ms);
  for (int i = 0; i < 10; ++i) turnaround.good();
  EXPECT_EQ(turnaround.of(1, now), 2ms);
  turnaround.bad(1, now);
  EXPECT_EQ(turnaround.of(1, now), 4ms);
  for (int i = 0; i < 7; ++i) turnaround.good();
  EXPECT_EQ(turnaround.of(2, now), 4ms);
  turnaround.good();
  EXPECT_EQ(turnaround.of(2, now), 2ms);
  EXPECT_EQ(turnaround.of(1, now), 4ms) << "a troubled pack keeps its own least value";
  EXPECT_EQ(turnaround.of(1, now + 10min), 2ms) << "for ten minutes";
}

TEST(Turnaround, NeverExceedsItsStart) {
  Turnaround turnaround(50ms, 2ms);
  for (int i = 0; i < 20; ++i) turnaround.bad(1, Instant{});
  EXPECT_EQ(turnaround.of(1, Instant{}), 50ms);
}

}  // namespace
}  // namespace bmsd
