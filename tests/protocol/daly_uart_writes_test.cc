// What is written to a Daly BMS, against the recorded request and the vendor's description, and how the simulated board
// takes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "daly_uart_replies.h"

namespace bmsd::daly_uart_writes_test {
namespace {

using namespace test;             // NOLINT: a test of these replies
using namespace test::daly_uart;  // NOLINT
using testing::SizeIs;
using Variant = std::map<std::string, std::string, std::less<>>;

Change charge(bool on) { return {Changeable::charge_fet, on ? 1.0 : 0.0}; }
Change discharge(bool on) { return {Changeable::discharge_fet, on ? 1.0 : 0.0}; }
Change soc(double percent, std::optional<CivilTime> time = {}) { return {Changeable::soc, percent, time}; }

std::string written(Session& session, const Change& change) {
  const auto request = session.change(change);
  return request ? to_hex(request->bytes) : describe(request.error());
}

// What the session makes of the reply to a change.
Result<Reading> answered(Session& session, const Change& change, const ByteVector& reply) {
  const auto request = session.change(change);
  const Frame frame{reply};
  return session.decode({&*request, {&frame, 1}, false});
}

TEST(DalyUartWrites, TheRequestsAreTheRecordedAndTheDescribedOnes) {
  auto session = open();
  EXPECT_EQ(written(*session, soc(30, CivilTime{2022, 12, 13, 21, 29, 39})), "A5402108160C0D151D27012CC3");
  EXPECT_EQ(written(*session, soc(100)), "A540210800000000000003E8F9") << "zeros where the time is not known";
  EXPECT_EQ(written(*session, soc(0)),
            "A54021080000000000000000"
            "0E");
  EXPECT_EQ(written(*session, charge(true)), "A540DA080100000000000000C8");
  EXPECT_EQ(written(*session, charge(false)), "A540DA080000000000000000C7");
  EXPECT_EQ(written(*session, discharge(true)), "A540D9080100000000000000C7");
  EXPECT_EQ(written(*session, discharge(false)), "A540D9080000000000000000C6");
  EXPECT_EQ(written(*open(0x43), discharge(false)), "A543D9080000000000000000C9") << "board 4";
}

TEST(DalyUartWrites, AClockThatTheFrameCannotHoldIsNotSent) {
  EXPECT_EQ(written(*open(), soc(100, CivilTime{1970, 1, 1, 0, 0, 0})), "A540210800000000000003E8F9");
}

TEST(DalyUartWrites, EachChangeIsReadBackByTheExchangeThatSaysIt) {
  ASSERT_THAT(daly.writables, SizeIs(3));
  for (const Writable& writable : daly.writables) {
    auto session = open();
    const std::string_view name = daly.exchanges[writable.read_back].name;
    const auto reading = hear(*session, name, {name == "93" ? state(0) : measurements(30000)});
    ASSERT_TRUE(reading);
    EXPECT_TRUE(reading->get(field_of(writable.what))) << name;
    const auto request = session->change({writable.what, 1});
    ASSERT_TRUE(request);
    EXPECT_EQ(daly.exchanges[request->exchange].cadence, Cadence::write);
    EXPECT_EQ(daly.tag({request->bytes}).exchange, request->exchange);
  }
}

TEST(DalyUartWrites, ASwitchThatRepeatsAnotherPositionAndASocThatIsNotAcceptedAreRefusals) {
  auto session = open();
  EXPECT_TRUE(answered(*session, charge(true), bytes_of("A501DA080101000002006CBEB6")));
  EXPECT_TRUE(answered(*session, charge(false), frame(1, 0xDA, {0, 1, 0, 0, 2})));
  EXPECT_TRUE(answered(*session, soc(50), frame(1, 0x21, {1})));
  for (const auto& [change, reply] :
       {std::pair(charge(true), frame(1, 0xDA, {0})), std::pair(discharge(false), frame(1, 0xD9, {1})),
        std::pair(soc(50), frame(1, 0x21, {0}))}) {
    const auto reading = answered(*session, change, reply);
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, Errc::refused);
    EXPECT_EQ(reading.error().number, reply[4]);
  }
}

TEST(DalyUartWrites, TheAcknowledgementOfAnotherSwitchOrBoardIsNone) {
  auto session = open();
  EXPECT_EQ(answered(*session, charge(true), frame(1, 0xD9, {1})).error().code, Errc::command);
  EXPECT_EQ(answered(*session, charge(true), frame(2, 0xDA, {1})).error().code, Errc::address);
  EXPECT_EQ(answered(*session, charge(true), frame(0x40, 0xDA, {1})).error().code, Errc::command) << "an echo";
}

// --- The simulated board ---

std::unique_ptr<Responder> board(Variant variant = {}) {
  PackOptions options;
  options.address = 0x40;
  options.variant = std::move(variant);
  return respond_as_daly_uart(options);
}

std::string tell(Responder& responder, int command, const std::vector<int>& data) {
  const auto reply = responder.answer(frame(0x40, command, data), PackState());
  return reply ? to_hex(Bytes(*reply).first(5)) : "";
}

TEST(DalyUartSim, ObeysWrites) {
  auto responder = board();
  EXPECT_EQ(tell(*responder, 0xDA, {0}), "A501DA0800");
  auto changes = responder->take_changes();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].what, Changeable::charge_fet);
  EXPECT_EQ(changes[0].value, 0);
  EXPECT_THAT(responder->take_changes(), SizeIs(0)) << "told once";

  EXPECT_EQ(tell(*responder, 0xD9, {1}), "A501D90801");
  changes = responder->take_changes();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].what, Changeable::discharge_fet);
  EXPECT_EQ(changes[0].value, 1);

  EXPECT_EQ(tell(*responder, 0x21, {22, 12, 13, 21, 29, 39, 0x01, 0x2C}), "A501210801");
  changes = responder->take_changes();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].what, Changeable::soc);
  EXPECT_DOUBLE_EQ(changes[0].value, 30.0);
}

TEST(DalyUartSim, TheClockIsSetWithTheStateOfCharge) {
  auto responder = board();
  (void)tell(*responder, 0x21, {26, 2, 3, 4, 5, 6, 0, 0});
  const auto reply = responder->answer(frame(0x40, 0x61, {}), PackState());
  ASSERT_TRUE(reply);
  EXPECT_EQ(to_hex(Bytes(*reply).subspan(4, 6)), "1A0203040506");
}

TEST(DalyUartSim, BoardsThatDoNotObeySayItInTheirWay) {
  for (const auto& [variant, charge_reply, soc_reply, changes] :
       {std::tuple(Variant{{"writes", "mute"}}, "", "", 2),
        {Variant{{"writes", "ignore"}}, "A501DA0800", "A501210801", 0},
        {Variant{{"writes", "refuse"}}, "A501DA0801", "A501210800", 0},
        {Variant{{"silent", "DA,21"}}, "", "", 0}}) {
    auto responder = board(variant);
    std::size_t told = 0;
    EXPECT_EQ(tell(*responder, 0xDA, {0}), charge_reply);
    told += responder->take_changes().size();
    EXPECT_EQ(tell(*responder, 0x21, {0, 0, 0, 0, 0, 0, 1, 0}), soc_reply);
    told += responder->take_changes().size();
    EXPECT_EQ(told, static_cast<std::size_t>(changes));
  }
  EXPECT_FALSE(board({{"writes", "maybe"}}));
}

}  // namespace
}  // namespace bmsd::daly_uart_writes_test
