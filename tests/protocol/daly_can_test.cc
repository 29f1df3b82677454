// A Daly board on CAN: what differs from UART.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "can_frames.h"
#include "protocol/daly_can.h"
#include "wire/can_frame.h"

namespace bmsd::daly_can_test {
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
    return session_->decode({&*asked, test::frames_of(all), false});
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

TEST_F(DalyCan, WhatWasNeverAskedOrIsNoFrameIsNotDecoded) {
  const ByteVector reply = records(kCounts);
  const Frame frame{reply};
  const auto unasked = session_->decode({nullptr, {&frame, 1}, false});
  ASSERT_FALSE(unasked);
  EXPECT_EQ(unasked.error().code, Errc::command);
  EXPECT_EQ(kDalyCan.tag({Bytes(reply).first(7)}).role, Role::foreign) << "no whole record";
}

// --- Descriptions ---

std::string described(std::vector<Param> input) {
  const auto made = kDalyCan.encode_vector(input);
  return made ? to_hex(*made) : made.error().detail;
}

TEST(DalyCanVectors, ARequestIsMadeOfItsDescription) {
  EXPECT_EQ(described({{"op", "read"}, {"command", "0x95"}}), to_hex(records("18950140#0000000000000000")));
  EXPECT_EQ(described({{"op", "read"}, {"command", "57"}, {"board_number", "16"}}),
            to_hex(records("18571040#0000000000000000")));
  EXPECT_EQ(described({{"op", "set_soc"}, {"board_number", "3"}, {"soc_percent", "80.5"}}),
            to_hex(records("161E0380#0325000000000000")));
}

TEST(DalyCanVectors, WhatDescribesNoRequestIsToldSo) {
  constexpr auto kNumber = "board_number is a number from 1 to 16", kCommand = "command is a byte like 0x90",
                 kOp = "op is read or set_soc", kSoc = "soc_percent is a number from 0 to 100";
  for (const char* number : {"0", "17", "1.5", "one"})
    EXPECT_EQ(described({{"op", "read"}, {"command", "0x90"}, {"board_number", number}}), kNumber) << number;
  for (const char* command : {"", "0x", "0x900", "x"})
    EXPECT_EQ(described({{"op", "read"}, {"command", command}}), kCommand) << command;
  EXPECT_EQ(described({{"command", "0x90"}}), kOp);
  EXPECT_EQ(described({{"op", "write"}, {"command", "0x90"}}), kOp);
  for (const char* soc : {"-1", "100.1", "full", ""})
    EXPECT_EQ(described({{"op", "set_soc"}, {"soc_percent", soc}}), kSoc) << soc;
}

TEST(DalyCanVectors, WithoutARequestTheFirstReplySaysWhatWasAsked) {
  const auto params = std::to_array<Param>({{"current_polarity", "above_bias_is_charge"}});
  const auto decoded = kDalyCan.decode_vector({}, records("18904003#0107000075AD02BC"), params);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->get(Field::voltage), 26.3);
  EXPECT_EQ(decoded->get(Field::current), 12.5);
  const auto error = [](const ByteVector& request, std::string_view frames) {
    const auto result = kDalyCan.decode_vector(request, records(frames), {});
    return result ? std::string() : describe(result.error());
  };
  EXPECT_EQ(error({}, ""), "timeout: no_answer");
  EXPECT_EQ(error({}, "351#1402740E740ECC01"), "noise: bad_header");
  EXPECT_EQ(error({}, "18900140#0000000000000000"), "timeout: no_answer") << "a request alone";
  EXPECT_EQ(error({}, "18904001#01070000"), "incomplete: truncated");
  EXPECT_EQ(error(records("18900140#0000000000000000"), "18904001#01070000 18904002#0107000075AD02BC"),
            "incomplete: truncated")
      << "the damage came first";
  EXPECT_EQ(error(records("18900140#0000000000000000"), "18904002#0107000075AD02BC 18904001#01070000"),
            "address: wrong_address");
  EXPECT_THAT(error(records("351#00"), "18904001#0107000075AD02BC"),
              testing::StartsWith("the request is not a frame of this protocol"));
}

TEST_F(DalyCan, NothingIsWritten) {
  for (const Changeable what : {Changeable::charge_fet, Changeable::discharge_fet, Changeable::soc}) {
    const auto refused = session_->change({what, 1});
    ASSERT_FALSE(refused) << word_of(what);
    EXPECT_EQ(refused.error().code, Errc::config);
  }
  EXPECT_TRUE(kDalyCan.writables.empty());
  for (const Exchange& exchange : kDalyCan.exchanges) EXPECT_NE(exchange.cadence, Cadence::write) << exchange.name;
}

}  // namespace
}  // namespace bmsd::daly_can_test
