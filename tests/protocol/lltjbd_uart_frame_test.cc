// Frames of JBD, and whose they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lltjbd_uart_replies.h"

namespace bmsd::lltjbd_uart_frame_test {
namespace {

using namespace test::lltjbd;  // NOLINT: a test of these replies

// --- Whose reply ---

TEST(LltJbdUartTag, ARequestAndAReplyNameTheirRegisterAndNoAddress) {
  auto session = open();
  const Tag asked = jbd.tag({session->request(index_of("04"))->bytes});
  EXPECT_EQ(asked.role, Role::request);
  EXPECT_EQ(asked.address, -1);
  EXPECT_EQ(asked.exchange, index_of("04"));
  const ByteVector bytes = reply(4, cells(4)), refused = reply(0x28, {}, 0x81), unknown = reply(0x77, {});
  EXPECT_EQ(jbd.tag({bytes}).role, Role::reply);
  EXPECT_EQ(jbd.tag({bytes}).address, -1);
  EXPECT_EQ(jbd.tag({bytes}).exchange, index_of("04"));
  EXPECT_EQ(jbd.tag({refused}).exchange, index_of("28"));
  EXPECT_EQ(jbd.tag({unknown}).exchange, -1);
}

TEST(LltJbdUartTag, WritesOfOthersAreRequests) {
  for (const auto& [hex, name] : std::map<std::string, std::string>{
           {"DD5A00025678FF3077", "00"}, {"DD5A01020000FFFD77", "01"}, {"DD5AE1020003FF1A77", "E1"}}) {
    const ByteVector request = *from_hex(hex);
    EXPECT_EQ(jbd.tag({request}).role, Role::request);
    EXPECT_EQ(jbd.tag({request}).exchange, index_of(name));
  }
  const ByteVector parameter = *from_hex("DD5A100227 10FFB777");
  EXPECT_EQ(jbd.tag({parameter}).role, Role::request);
  EXPECT_EQ(jbd.tag({parameter}).exchange, -1);
}

TEST(LltJbdUartTag, AReplyWithoutItsRegisterIsNobodys) {
  for (const int head : {0xA5, 0x5A}) {
    const ByteVector nameless = reply(head, Data03().bytes()), refusal = reply(head, {}, 0x80);
    EXPECT_EQ(jbd.tag({nameless}).role, Role::foreign);
    EXPECT_EQ(jbd.tag({refusal}).role, Role::foreign);
    EXPECT_STREQ(hear(*open(), "03", nameless).error().what, "wrong_type");
  }
}

TEST(LltJbdUart, AReplyWithoutARequestIsRefused) {
  const ByteVector bytes = reply(3, Data03().bytes());
  const Frame frame{bytes};
  EXPECT_STREQ(open()->decode({nullptr, {&frame, 1}, true}).error().what, "unasked");
}

TEST(LltJbdUart, StatusIsSaidInWords) {
  const Error locked = hear(*open(), "28", reply(0x28, {}, 0x81)).error();
  EXPECT_EQ(locked.code, Errc::refused);
  EXPECT_EQ(locked.number, 0x81);
  EXPECT_THAT(locked.detail, testing::HasSubstr("factory mode"));
  EXPECT_EQ(hear(*open(), "28", reply(0x28, {}, 0x42)).error().number, 0x42);
}

TEST(LltJbdUart, AVectorNeedsNoRequest) {
  EXPECT_TRUE(jbd.decode_vector({}, reply(3, Data03().bytes()), {}));
  EXPECT_TRUE(jbd.decode_vector({}, reply(0xE1, {}), {}));
  EXPECT_EQ(jbd.decode_vector({}, reply(0x99, {}), {}).error().code, Errc::command);
  EXPECT_EQ(jbd.decode_vector(*from_hex("7E32"), reply(3, {}), {}).error().code, Errc::config);
}

TEST(LltJbdUart, AVectorMayHoldTheEchoOfItsRequest) {
  const ByteVector request = *from_hex("DDA50300FFFD77");
  ByteVector heard = request;
  const ByteVector answer = reply(3, Data03().bytes());
  heard.insert(heard.end(), answer.begin(), answer.end());
  EXPECT_TRUE(jbd.decode_vector(request, heard, {}));
  EXPECT_EQ(jbd.decode_vector(request, request, {}).error().code, Errc::command);
}

// --- Framer ---

TEST(LltJbdUartFramer, FindsAFrameBehindStaleBytesAndBehindAHalfOne) {
  const ByteVector good = reply(4, cells(4));
  ByteVector bytes = {0x00, 0x00};
  bytes.insert(bytes.end(), good.begin(), good.end());
  EXPECT_EQ(jbd.framer(bytes, false).size, 2U);
  EXPECT_EQ(jbd.framer(bytes, false).kind, Scan::junk);
  const ByteVector long_one = reply(3, Data03().bytes());
  ByteVector half(long_one.begin(), long_one.begin() + 9);  // of 36 bytes: the good one does not fill it up
  half.insert(half.end(), good.begin(), good.end());
  const Scan scan = jbd.framer(half, false);
  EXPECT_EQ(scan.kind, Scan::junk);
  EXPECT_EQ(scan.size, 9U);
  EXPECT_STREQ(scan.why.what, "truncated");
}

TEST(LltJbdUartFramer, WaitsForTheEndAndGivesUpWhenNothingComes) {
  const ByteVector good = reply(4, cells(4));
  for (std::size_t size = 1; size < good.size(); ++size) {
    EXPECT_EQ(jbd.framer(Bytes(good).first(size), false).kind, Scan::more);
    EXPECT_EQ(jbd.framer(Bytes(good).first(size), true).kind, Scan::junk);
  }
  EXPECT_EQ(jbd.framer(good, false).size, good.size());
}

TEST(LltJbdUartFramer, AnEndByteInsideTheDataEndsNothing) {
  const ByteVector bytes = reply(4, {0x77, 0x77, 0x0D, 0x77});
  EXPECT_EQ(jbd.framer(bytes, false).kind, Scan::frame);
  EXPECT_EQ(jbd.framer(bytes, false).size, bytes.size());
}

}  // namespace
}  // namespace bmsd::lltjbd_uart_frame_test
