#include "protocol/pylontech_rs485.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "protocol/daren_485.h"
#include "pylontech_rs485_replies.h"
#include "vectors.h"

namespace bmsd::pylontech_rs485_test {
namespace {

using namespace test::pylontech_rs485_replies;  // NOLINT: a test of these replies
using test::Vector;
using testing::IsEmpty;

constexpr char kFile[] = "pylontech-rs485.json";
const Error kTimeout = {Errc::timeout, "no_reply", 0, {}};
const Error kUnknown = {Errc::refused, "rtn_04", 4, {}};

// --- Vectors ---

TEST(PylontechRs485, EveryVectorHolds) {
  const auto vectors = test::load_vectors(kFile);
  ASSERT_GE(vectors.size(), 35U);
  for (const Vector& vector : vectors) {
    EXPECT_THAT(test::differences(pylontech, vector, pylontech.decode_vector(vector.request, vector.response, {})),
                IsEmpty())
        << vector.name;
  }
}

TEST(PylontechRs485, EveryVectorHoldsOnTheWayThroughFramerTagAndSession) {
  int readings = 0;
  for (const Vector& vector : test::load_vectors(kFile)) {
    const ByteVector request = with_cr(vector.request), response = with_cr(vector.response);
    const Scan scan = pylontech.framer(response, false);
    if (scan.kind == Scan::junk) {
      EXPECT_EQ(scan.why.what, vector.expect_error) << vector.name;
      continue;
    }
    ASSERT_EQ(scan.kind, Scan::frame) << vector.name;
    ASSERT_EQ(scan.size, response.size()) << vector.name;
    const Tag of_request = pylontech.tag({request});
    ASSERT_EQ(of_request.role, Role::request) << vector.name;
    ASSERT_GE(of_request.exchange, 0) << vector.name;
    const auto session = open(of_request.address, true);
    const Request ours{static_cast<std::uint8_t>(of_request.exchange), request};
    const Frame frame{response};
    EXPECT_THAT(test::differences(pylontech, vector, session->decode({&ours, {&frame, 1}, true})), IsEmpty())
        << vector.name;
    if (!vector.expect_error.empty()) continue;
    const Tag of_reply = pylontech.tag(frame);
    EXPECT_EQ(of_reply.role, Role::reply) << vector.name;
    EXPECT_EQ(of_reply.address, of_request.address) << vector.name;
    EXPECT_EQ(of_reply.exchange, of_request.exchange) << vector.name;
    ++readings;
  }
  EXPECT_GE(readings, 25);
}

TEST(PylontechRs485, AReplyIsDecodedWithoutItsRequest) {
  for (const Vector& vector : test::load_vectors(kFile)) {
    if (!vector.expect_error.empty()) continue;
    EXPECT_THAT(test::differences(pylontech, vector, pylontech.decode_vector({}, vector.response, {})), IsEmpty())
        << vector.name;
  }
  const ByteVector odd = reply(ByteVector(40, 0x41));
  EXPECT_EQ(pylontech.decode_vector({}, odd, {}).error().code, Errc::config);
  EXPECT_STREQ(pylontech.decode_vector({}, reply({}, 2, 0x91), {}).error().what, "rtn_91");
}

// --- Requests ---

TEST(PylontechRs485, RequestsAreThePrintedOnes) {
  const std::pair<const char*, std::vector<const char*>> requests[] = {
      {"42", {"~20024642E00202FD33", "~20034642E00203FD31", "~20374642E00237FD23"}},
      {"44", {"~20024644E00202FD31", "~20034644E00203FD2F", "~20374644E00237FD21"}},
      {"47", {"~200246470000FDA7", "~200346470000FDA6", "~203746470000FD9F"}},
      {"4F", {"~2002464F0000FD98", "~2003464F0000FD97", "~2037464F0000FD90"}},
      {"51", {"~200246510000FDAC", "~200346510000FDAB", "~203746510000FDA4"}},
      {"92", {"~20024692E00202FD2E", "~20034692E00203FD2C", "~20374692E00237FD1E"}},
      {"93", {"~20024693E00202FD2D", "~20034693E00203FD2B", "~20374693E00237FD1D"}},
      {"96", {"~20024696E00202FD2A", "~20034696E00203FD28", "~20374696E00237FD1A"}},
      {"42/all", {"~20024642E002FFFD09", "nothing", "nothing"}},
      {"44/all", {"~20024644E002FFFD07", "nothing", "nothing"}},
  };
  ASSERT_EQ(std::size(requests), pylontech.exchanges.size());
  for (const auto& [exchange, texts] : requests) {
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(asked(*open(std::array{2, 3, 0x37}[i]), exchange), texts[i]);
  }
  EXPECT_EQ(asked(*open(0x22), "42/all").substr(0, 17), "~20224642E002FFFD") << "the master battery of group 2";
  EXPECT_FALSE(open()->request(200));
}

TEST(PylontechRs485, NoRequestEverWrites) {
  const auto session = open(2);
  for (std::uint8_t i = 0; i < pylontech.exchanges.size(); ++i) {
    Yd1363Buffer buffer;
    const auto frame = parse_yd1363(session->request(i)->bytes, buffer);
    ASSERT_TRUE(frame);
    EXPECT_THAT((std::set<int>{0x42, 0x44, 0x47, 0x4F, 0x51, 0x92, 0x93, 0x96}), testing::Contains(frame->cid2));
  }
}

TEST(PylontechRs485, AnUnknown92IsLeftOutUntilTheNextMinute) {
  const auto session = open();
  const std::string request = asked(*session, "92");
  session->failed(index_of("92"), kTimeout);
  EXPECT_EQ(asked(*session, "92"), request) << "one lost reply says nothing";
  session->failed(index_of("92"), kTimeout);
  EXPECT_EQ(asked(*session, "92"), "nothing");
  ASSERT_TRUE(hear(*session, "47", reply(system_parameters())));
  EXPECT_EQ(asked(*session, "92"), request);
  session->failed(index_of("92"), kUnknown);
  EXPECT_EQ(asked(*session, "92"), "nothing");
  ASSERT_TRUE(hear(*session, "93", reply(serial_number("H222003C32220459"))));
  EXPECT_EQ(asked(*session, "92"), request);
}

TEST(PylontechRs485, A92ThatWasAnsweredIsAlwaysAsked) {
  const auto session = open();
  ASSERT_TRUE(hear(*session, "92", reply(management())));
  for (int i = 0; i < 5; ++i) session->failed(index_of("92"), i % 2 == 0 ? kTimeout : kUnknown);
  EXPECT_NE(asked(*session, "92"), "nothing") << "its limits must not grow old unseen";
}

TEST(PylontechRs485, OtherFailuresSayNothingAbout92) {
  const auto session = open();
  for (int i = 0; i < 5; ++i) session->failed(index_of("92"), {Errc::checksum, "bad_chksum", 0, {}});
  session->failed(index_of("92"), {Errc::refused, "rtn_02", 2, {}});
  for (int i = 0; i < 5; ++i) session->failed(index_of("42"), kTimeout);
  EXPECT_NE(asked(*session, "92"), "nothing");
}

TEST(PylontechRs485, AGroupThatDoesNotAnswerForAllIsNotAskedForLong) {
  const auto session = open();
  session->failed(index_of("42/all"), kTimeout);
  session->failed(index_of("42/all"), kTimeout);
  EXPECT_EQ(asked(*session, "42/all"), "nothing");
  EXPECT_EQ(asked(*session, "44/all"), "nothing");
}

// --- Frames ---

TEST(PylontechRs485, ReturnCodesAreSaidInWords) {
  const auto session = open();
  const Error known = hear(*session, "92", reply({}, 2, 0x91)).error();
  EXPECT_EQ(known.code, Errc::refused);
  EXPECT_STREQ(known.what, "rtn_91");
  EXPECT_EQ(known.number, 0x91);
  EXPECT_EQ(known.detail, "communication error: the master battery got no data from that slave");
  EXPECT_EQ(hear(*session, "92", reply({}, 2, 0x0A)).error().detail, "unknown return code");
}

TEST(PylontechRs485, FramesOfOthersAreRefused) {
  const auto session = open();
  EXPECT_STREQ(hear(*session, "42", reply(Analog().info(), 2, 0, 0x4A, 0x22)).error().what, "wrong_cid1");
  EXPECT_STREQ(hear(*session, "42", reply(Analog().info(), 3)).error().what, "wrong_adr");
  EXPECT_STREQ(hear(*session, "42", reply(Analog().info(3))).error().what, "header_mismatch");
  EXPECT_TRUE(hear(*session, "42", reply(Analog().info(), 2, 0, 0x46, 0x28))) << "VER is not checked";
  const ByteVector bytes = reply(Analog().info());
  const Frame frame{bytes};
  EXPECT_STREQ(session->decode({nullptr, {&frame, 1}, true}).error().what, "unasked");
  const auto request = session->request(index_of("42"));
  EXPECT_EQ(session->decode({&*request, {}, true}).error().code, Errc::incomplete);
}

TEST(PylontechRs485, DarenAndPylontechAreNeverTakenForEachOther) {
  EXPECT_EQ(pylontech.tag({reply(Analog().info(), 2, 0, 0x4A, 0x22)}).role, Role::foreign);
  EXPECT_EQ(kDaren485.tag({reply(Analog().info())}).role, Role::foreign);
  for (const Vector& vector : test::load_vectors("daren-485.json")) {
    EXPECT_FALSE(pylontech.decode_vector({}, vector.response, {})) << vector.name;
    const Tag tag = pylontech.tag({with_cr(vector.response)});
    const std::string_view text = as_text(vector.response);
    if (text.size() > 7 && text.substr(5, 2) == "4A") {
      EXPECT_EQ(tag.role, Role::foreign) << vector.name;
    }
  }
  for (const Vector& vector : test::load_vectors(kFile)) {
    EXPECT_FALSE(kDaren485.decode_vector({}, vector.response, {}) && vector.expect_error.empty()) << vector.name;
  }
}

// --- Tags ---

TEST(PylontechRs485Tag, RequestsNameTheirService) {
  const auto session = open(0x12);
  for (std::uint8_t i = 0; i < pylontech.exchanges.size(); ++i) {
    const Tag tag = pylontech.tag({session->request(i)->bytes});
    EXPECT_EQ(tag.role, Role::request);
    EXPECT_EQ(tag.address, 0x12);
    EXPECT_EQ(tag.exchange, i);
  }
  for (const int service : {0x94, 0x95, 0x60, 0x61, 0x62, 0x63}) {
    const Tag tag = pylontech.tag({reply({2}, 2, service)});
    EXPECT_EQ(tag.role, Role::request) << "of an inverter";
    EXPECT_EQ(tag.exchange, -1);
  }
}

TEST(PylontechRs485Tag, ARequestInTheOlderFormIsNotOurs) {
  const Tag tag = pylontech.tag({reply({3}, 2, 0x42)});
  EXPECT_EQ(tag.role, Role::request);
  EXPECT_EQ(tag.exchange, -1) << "the reply would be taken for one of pack 2";
}

TEST(PylontechRs485Tag, RepliesAreToldByTheirShape) {
  const auto told = [](const ByteVector& info, int address = 2) {
    const Tag tag = pylontech.tag({reply(info, address)});
    EXPECT_EQ(tag.role, Role::reply);
    EXPECT_EQ(tag.address, address);
    return tag.exchange < 0 ? "nothing" : pylontech.exchanges[static_cast<std::size_t>(tag.exchange)].name;
  };
  EXPECT_EQ(told(Analog().info()), "42");
  EXPECT_EQ(told(Analog{.items = 4, .tail = 3}.info()), "42");
  EXPECT_EQ(told(of_all({{}, {}})), "42/all") << "two packs, though ADR is 2 too";
  EXPECT_EQ(told(of_all({{}, {.items = 4}, {}})), "42/all");
  EXPECT_EQ(told(States().info()), "44");
  EXPECT_EQ(told(States{.tail = 0}.info()), "44") << "32 bytes, as 51";
  EXPECT_EQ(told(States{.cells = std::vector<int>(8), .tail = 0}.info()), "44") << "25 bytes, as 47";
  EXPECT_EQ(told(States{.cells = std::vector<int>(4), .sensors = std::vector<int>(10)}.info()), "44");
  EXPECT_EQ(told(Analog().info(1), 1), "42") << "V2.8: address 1 is no group of one";
  EXPECT_EQ(told(Analog{.items = 3}.info()), "nothing") << "a Pace BMS";
  EXPECT_EQ(told(system_parameters()), "47");
  EXPECT_EQ(told(manufacturer("US2000C")), "51");
  EXPECT_EQ(told(management()), "92");
  EXPECT_EQ(told(serial_number("H222003C32220459")), "93");
  EXPECT_EQ(told(ByteVector{2, 1, 3, 0, 6, 9}), "96");
  EXPECT_EQ(told({}), "4F");
  EXPECT_EQ(told(ByteVector(40, 0x41)), "nothing");
  EXPECT_EQ(pylontech.tag({reply({}, 2, 0x04)}).exchange, -1) << "a refusal";
  EXPECT_EQ(pylontech.tag({reply({}, 2, 0x90)}).role, Role::reply);
}

// --- Properties ---

RC_GTEST_PROP(PylontechRs485Properties, AnyCountsAreFollowed, ()) {
  const int cells = *rc::gen::inRange(1, 33), sensors = *rc::gen::inRange(0, std::min(cells + 2, 33));
  const Analog analog{.cells = cells, .sensors = sensors, .items = *rc::gen::element(2, 4)};
  const ByteVector bytes = reply(analog.info(9), 9);
  RC_ASSERT(pylontech.tag({bytes}).exchange == index_of("42"));
  const auto reading = hear(*open(9), "42", bytes);
  RC_ASSERT(reading.ok());
  RC_ASSERT(static_cast<int>(reading->cell_voltages->size()) == cells);
  RC_ASSERT(static_cast<int>(reading->cell_temperatures->size()) == std::max(sensors - 1, 0));
  RC_ASSERT(reading->get(Field::current) == -37.4);
  RC_ASSERT(reading->get(Field::cycles) == 31);

  const States states{.cells = std::vector<int>(static_cast<std::size_t>(cells)),
                      .sensors = std::vector<int>(static_cast<std::size_t>(sensors))};
  const ByteVector of_states = reply(states.info(9), 9);
  RC_ASSERT(pylontech.tag({of_states}).exchange == index_of("44"));
  RC_ASSERT(hear(*open(9), "44", of_states).ok());
}

RC_GTEST_PROP(PylontechRs485Properties, EveryInfoOfAnyServiceIsSurvived, (ByteVector info, std::uint8_t rtn)) {
  const auto exchange = *rc::gen::inRange<std::size_t>(0, pylontech.exchanges.size());
  const auto session = open(2, true);
  const ByteVector bytes = reply(info, 2, *rc::gen::elementOf(std::vector<std::uint8_t>{rtn, 0, 0, 0}));
  RC_ASSERT(pylontech.tag({bytes}).exchange < static_cast<int>(pylontech.exchanges.size()));
  RC_CLASSIFY(hear(*session, pylontech.exchanges[exchange].name, bytes).ok());
}

RC_GTEST_PROP(PylontechRs485Properties, AWrongByteNeverGivesAReading, (std::uint8_t wrong)) {
  ByteVector bytes = reply(Analog().info());
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size() - 1);
  RC_PRE(bytes[place] != wrong);
  bytes[place] = wrong;
  RC_ASSERT(!hear(*open(), "42", bytes).ok());
}

}  // namespace
}  // namespace bmsd::pylontech_rs485_test
