// What is written to a JBD board, against the vendor's examples, and how the simulated board takes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lltjbd_uart_replies.h"

namespace bmsd::lltjbd_uart_writes_test {
namespace {

using namespace test::lltjbd;  // NOLINT: a test of these replies
using testing::HasSubstr;
using Variant = std::map<std::string, std::string, std::less<>>;

constexpr int kLocked = 1 << 12;
constexpr char kBothOn[] = "DD5AE1020000FF1D77", kChargeOff[] = "DD5AE1020001FF1C77",
               kDischargeOff[] = "DD5AE1020002FF1B77", kBothOff[] = "DD5AE1020003FF1A77";

// Of a board that says of its switches: bit 0 charge on, bit 1 discharge on.
std::string written(int switches, int protections, Changeable what, bool on) {
  auto session = open();
  Data03 data;
  data.switches = switches;
  data.protections = protections;
  EXPECT_TRUE(hear(*session, "03", reply(3, data.bytes())));
  const auto request = session->change({what, on ? 1.0 : 0.0});
  return request ? to_hex(request->bytes) : describe(request.error());
}

constexpr auto kCharge = Changeable::charge_fet, kDischarge = Changeable::discharge_fet;

TEST(LltJbdUartWrites, TheRequestsAreThoseOfTheVendor) {
  EXPECT_EQ(written(3, 0, kCharge, false), kChargeOff);
  EXPECT_EQ(written(3, 0, kDischarge, false), kDischargeOff);
  EXPECT_EQ(written(2, kLocked, kDischarge, false), kBothOff);
  EXPECT_EQ(written(2, kLocked, kCharge, true), kBothOn);
}

TEST(LltJbdUartWrites, TheOtherSwitchStaysLockedIfItIs) {
  EXPECT_EQ(written(1, kLocked, kCharge, false), kBothOff);
  EXPECT_EQ(written(1, kLocked, kCharge, true), kDischargeOff);
  EXPECT_EQ(written(0, kLocked, kCharge, true), kDischargeOff);
  EXPECT_EQ(written(0, kLocked, kDischarge, true), kChargeOff);
  EXPECT_EQ(written(0, kLocked, kDischarge, false), kBothOff);
}

// A lock would outlast the protection.
TEST(LltJbdUartWrites, ASwitchThatAProtectionHoldsIsNotLockedAlong) {
  constexpr int kCellOvervoltage = 1 << 0, kCellUndervoltage = 1 << 1;
  EXPECT_EQ(written(2, kCellOvervoltage, kDischarge, false), kDischargeOff);
  EXPECT_EQ(written(1, kCellUndervoltage, kCharge, false), kChargeOff);
  EXPECT_EQ(written(2, kCellOvervoltage, kDischarge, true), kBothOn);
}

TEST(LltJbdUartWrites, NothingIsWrittenWhileTheOtherSwitchIsNotKnown) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "04", reply(4, cells(16))));
  const auto request = session->change({kCharge, 0});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Errc::config);
  EXPECT_THAT(describe(request.error()), HasSubstr("other switch is not known"));
}

TEST(LltJbdUartWrites, TheStateOfChargeCannotBeSet) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "03", reply(3, Data03{}.bytes())));
  EXPECT_FALSE(session->change({Changeable::soc, 50}));
  EXPECT_EQ(find_writable(jbd, Changeable::soc), nullptr);
}

TEST(LltJbdUartWrites, BothSwitchesAreReadBackByRegister03) {
  for (const Changeable what : {kCharge, kDischarge}) {
    const Writable* writable = find_writable(jbd, what);
    ASSERT_NE(writable, nullptr);
    EXPECT_EQ(jbd.exchanges[writable->read_back].name, "03");
  }
}

TEST(LltJbdUartWrites, AnAcknowledgementIsEmptyAndARefusalHasItsStatus) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "03", reply(3, Data03{}.bytes())));
  const auto request = session->change({kCharge, 0});
  ASSERT_TRUE(request);
  EXPECT_EQ(jbd.exchanges[request->exchange].cadence, Cadence::write);
  const auto decode = [&](const ByteVector& bytes) {
    const Frame frame{bytes};
    return session->decode({&*request, {&frame, 1}, true});
  };
  EXPECT_TRUE(decode(*from_hex("DDE10000000077")));
  EXPECT_EQ(decode(reply(0xE1, {}, 0x81)).error().number, 0x81);
  EXPECT_EQ(decode(reply(0xE1, {1})).error().code, Errc::implausible);
  EXPECT_EQ(decode(reply(3, Data03{}.bytes())).error().code, Errc::command);
}

// --- The simulated board ---

std::unique_ptr<Responder> board(Variant variant = {}) {
  PackOptions options;
  options.variant = std::move(variant);
  return respond_as_lltjbd_uart(options);
}

std::string tell(Responder& responder, const char* request) {
  const auto reply = responder.answer(*from_hex(request), PackState());
  return reply ? to_hex(*reply) : "";
}

TEST(LltJbdUartSim, ObeysTheSwitches) {
  auto responder = board();
  EXPECT_EQ(tell(*responder, kDischargeOff), "DDE10000000077");
  const auto changes = responder->take_changes();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].what, kCharge);
  EXPECT_EQ(changes[0].value, 1);
  EXPECT_EQ(changes[1].what, kDischarge);
  EXPECT_EQ(changes[1].value, 0);
  EXPECT_TRUE(responder->take_changes().empty()) << "told once";
}

TEST(LltJbdUartSim, BoardsThatDoNotObeySayItInTheirWay) {
  for (const auto& [word, answer, changes] : {std::tuple("mute", "", 2), std::tuple("ignore", "DDE10000000077", 0),
                                              std::tuple("refuse", "DDE18100FF7F77", 0)}) {
    auto responder = board({{"writes", word}});
    EXPECT_EQ(tell(*responder, kChargeOff), answer) << word;
    EXPECT_EQ(responder->take_changes().size(), static_cast<std::size_t>(changes)) << word;
  }
  EXPECT_FALSE(board({{"writes", "maybe"}}));
}

}  // namespace
}  // namespace bmsd::lltjbd_uart_writes_test
