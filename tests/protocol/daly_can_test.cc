// A Daly board on CAN: what differs from UART.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "can_frames.h"
#include "protocol/daly_can.h"
#include "wire/can_frame.h"

namespace bmsd {
namespace {

using test::records;
using testing::ElementsAre;

constexpr auto kCounts = "18944001#0802000000000040";
constexpr auto kCells1 = "18954001#010CE00CDF0CDF00", kCells2 = "18954001#020CDE0CE00CDF00",
               kCells3 = "18954001#030CDE0CE00CDF00";

class DalyCan : public testing::Test {
 protected:
  Result<Reading> hear(std::string_view exchange, std::string_view frames) {
    const auto index = static_cast<std::uint8_t>(exchange_index(kDalyCan, exchange));
    auto asked = session_->request(index);
    if (!asked) return Error{Errc::config, "not_asked", 0, {}};
    const ByteVector all = records(frames);
    std::vector<Frame> heard;
    for (Bytes rest = all; !rest.empty(); rest = rest.subspan(can_framer(rest, true).size))
      heard.push_back({rest.first(can_framer(rest, true).size)});
    return session_->decode({&*asked, heard, false});
  }
  std::unique_ptr<Session> session_ = kDalyCan.open({.address = 1});
};

TEST_F(DalyCan, ARequestNamesTheBoardAndNeverAnotherHost) {
  EXPECT_EQ(to_hex(session_->request(0)->bytes), to_hex(records("18900140#0000000000000000")));
  EXPECT_EQ(to_hex(kDalyCan.open({.address = 16})->request(0)->bytes), to_hex(records("18901040#0000000000000000")));
}

TEST_F(DalyCan, TagsSayWhoseFrameItIs) {
  const auto tag = [](std::string_view frame) { return kDalyCan.tag({records(frame)}); };
  EXPECT_EQ(tag("18900240#0000000000000000").role, Role::request);
  EXPECT_EQ(tag("18900240#0000000000000000").address, 2);
  EXPECT_EQ(tag("18904002#0000000000000000").role, Role::reply);
  EXPECT_EQ(tag("18904002#0000000000000000").address, 2);
  EXPECT_EQ(tag(kCells1).role, Role::part);
  for (const char* foreign : {"351#1402740E740ECC01", "18904011#0000000000000000", "18904001#00000000000000",
                              "19904001#0000000000000000", "18FF50E5#0000000000000000"})
    EXPECT_EQ(tag(foreign).role, Role::foreign) << foreign;
}

TEST_F(DalyCan, ALostFrameOfTheCellsIsNoShorterList) {
  ASSERT_TRUE(hear("94", kCounts));
  const auto lost = hear("95", std::string(kCells1) + " " + kCells3);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::incomplete);
}

TEST_F(DalyCan, TheRestOfAnAnswerThatStayedIncompleteIsNotMixedIntoTheNext) {
  ASSERT_TRUE(hear("94", kCounts));
  ASSERT_TRUE(hear("95", std::string(kCells3) + " " + kCells1 + " " + kCells2)) << "in whatever order";
  session_->failed(static_cast<std::uint8_t>(exchange_index(kDalyCan, "95")),
                   Error{Errc::incomplete, "missing_frame", 0, {}});
  const auto mixed = hear("95", std::string(kCells3) + " " + kCells1 + " " + kCells2);
  ASSERT_FALSE(mixed) << "the first one is of the answer before";
  const auto whole = hear("95", std::string(kCells3) + " " + kCells1 + " " + kCells2 + " " + kCells3);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->cell_voltages->size(), 8U);
  EXPECT_TRUE(hear("95", std::string(kCells3) + " " + kCells1 + " " + kCells2)) << "that one was whole";
}

TEST_F(DalyCan, FramesOfAnotherBoardAreNotTaken) {
  const auto other = hear("94", "18944002#0802000000000040");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::address);
  EXPECT_TRUE(hear("94", std::string("18944002#1002000000000040 351#1402740E740ECC01 ") + kCounts));
}

TEST_F(DalyCan, ABoardWithoutABatteryCodeHasNoIdentityOfItsOwn) {
  ASSERT_TRUE(hear("94", kCounts));
  ASSERT_TRUE(hear("57",
                   "18574001#0100000000000000 18574001#0200000000000000 18574001#0300000000000000 "
                   "18574001#0400000000000000 18574001#0500000000000000"));
  ASSERT_TRUE(hear("53", "18534001#010116080AFFFF0A"));
  const auto rated = hear("50", "18504001#0000753000000E10");
  ASSERT_TRUE(rated);
  EXPECT_TRUE(rated->identities.empty());
}

TEST_F(DalyCan, AWriteOfAnotherProgramIsNoExchangeOfThisProtocol) {
  for (const char* command : {"DA", "D9", "21"}) {
    EXPECT_EQ(kDalyCan.tag({records("18" + std::string(command) + "0140#0100000000000000")}).exchange, -1);
    EXPECT_EQ(kDalyCan.tag({records("18" + std::string(command) + "4001#0100000000000000")}).role, Role::foreign);
  }
}

TEST_F(DalyCan, NothingIsWritten) {
  EXPECT_TRUE(kDalyCan.writables.empty());
  for (const Exchange& exchange : kDalyCan.exchanges) EXPECT_NE(exchange.cadence, Cadence::write) << exchange.name;
}

}  // namespace
}  // namespace bmsd
