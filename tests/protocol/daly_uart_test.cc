#include "protocol/daly_uart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "daly_uart_replies.h"
#include "vectors.h"

namespace bmsd::daly_uart_test {
namespace {

using namespace test;             // NOLINT: a test of these replies
using namespace test::daly_uart;  // NOLINT
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

// --- Vectors ---

TEST(DalyUart, EveryVectorHolds) {
  const auto vectors = test::load_vectors("daly-uart.json");
  ASSERT_GE(vectors.size(), 88U);
  for (const Vector& vector : vectors) {
    const auto params = vector.param_views();
    EXPECT_THAT(test::differences(daly, vector, daly.decode_vector(vector.request, vector.response, params)), IsEmpty())
        << vector.name;
  }
}

TEST(DalyUart, VectorsHaveAlarmsInTheOrderOfTheirBits) {
  for (const Vector& vector : test::load_vectors("daly-uart.json")) {
    if (!vector.expect.contains("alarms")) continue;
    const auto reading = daly.decode_vector(vector.request, vector.response, {});
    const auto alarms = std::find_if(reading->extras.begin(), reading->extras.end(),
                                     [](const auto& extra) { return std::string_view(extra.first) == "alarms"; });
    ASSERT_NE(alarms, reading->extras.end()) << vector.name;
    EXPECT_EQ(json(std::get<std::vector<std::string>>(alarms->second)), vector.expect["alarms"]) << vector.name;
  }
}

// What a line makes of bytes that arrive: frames are offered one by one, as long as the reply is incomplete. The first
// damage or misfit is the reason when nothing comes of it.
Result<Reading> through_the_line(Session& session, const Request& asked, Bytes stream) {
  std::vector<Frame> frames;
  std::optional<Error> why;
  Result<Reading> reading = Error{Errc::timeout, "no_answer", 0, {}};
  while (!stream.empty()) {
    const Scan scan = daly.framer(stream, true);
    const Bytes front = stream.first(scan.size);
    stream = stream.subspan(scan.size);
    if (scan.kind == Scan::junk) {
      if (scan.why.code != Errc::noise || (!why && stream.empty())) why = why.value_or(scan.why);
      continue;
    }
    const Tag tag = daly.tag({front});
    if (tag.role == Role::request) continue;  // an echo
    const bool ours = (tag.address < 0 || tag.address == daly.tag({asked.bytes}).address) &&
                      (tag.exchange < 0 || tag.exchange == asked.exchange) && tag.role != Role::foreign;
    if (!ours) {
      if (!why) why = Error{Errc::command, "foreign", 0, {}};
      continue;
    }
    frames.push_back({front});
    reading = session.decode({&asked, frames, false});
    if (reading || (reading.error().code != Errc::incomplete && reading.error().code != Errc::address &&
                    reading.error().code != Errc::command)) {
      return reading;
    }
    if (reading.error().code == Errc::incomplete) continue;
    frames.pop_back();
    if (!why) why = reading.error();
  }
  if (why) return *why;
  return reading;
}

TEST(DalyUart, EveryVectorHoldsOnTheWayThroughFramerTagAndSession) {
  for (const Vector& vector : test::load_vectors("daly-uart.json")) {
    const Tag tag = daly.tag({vector.request});
    ASSERT_EQ(tag.role, Role::request) << vector.name;
    ASSERT_GE(tag.exchange, 0) << vector.name;
    const auto params = vector.param_views();
    const auto session = daly.open({.address = vector.request[1], .params = params, .extras = true});
    const Request asked{static_cast<std::uint8_t>(tag.exchange), vector.request};
    const auto reading = through_the_line(*session, asked, vector.response);
    const bool passed_over = vector.expect_error == "wrong_address" || vector.expect_error == "wrong_command";
    if (passed_over) {
      EXPECT_FALSE(reading) << vector.name;
    } else {
      EXPECT_THAT(test::differences(daly, vector, reading), IsEmpty()) << vector.name;
    }
  }
}

TEST(DalyUart, EverySessionOfTheVectorsHolds) {
  std::ifstream stream(std::string(BMSD_TESTS_DIR) + "/vectors/daly-uart.json");
  int sessions = 0;
  for (const json& object : json::parse(stream)) {
    if (!object.contains("exchanges")) continue;
    ++sessions;
    const auto session = open(bytes_of(object["exchanges"][0]["request_hex"].get<std::string>())[1], {}, true);
    std::map<std::string, std::string> told;  // as a battery: what comes later replaces what was there
    Reading all;
    for (const json& exchange : object["exchanges"]) {
      const ByteVector request = bytes_of(exchange["request_hex"].get<std::string>());
      const ByteVector response = bytes_of(exchange["response_hex"].get<std::string>());
      const Request asked{static_cast<std::uint8_t>(daly.tag({request}).exchange), request};
      const auto reading = through_the_line(*session, asked, response);
      ASSERT_TRUE(reading) << object["name"] << ": " << describe(reading.error());
      for (std::size_t i = 0; i < kFieldCount; ++i) {
        if (const auto value = reading->get(field_at(i))) all.set(field_at(i), *value);
      }
      if (reading->cell_voltages) all.cell_voltages = reading->cell_voltages;
      if (reading->cell_temperatures) all.cell_temperatures = reading->cell_temperatures;
      if (reading->alarms) all.alarms = reading->alarms;
      for (const auto& [key, value] : reading->extras) all.extra(key, value);
    }
    Vector vector;
    vector.expect = object["expect"];
    vector.expect_absent = object.value("expect_absent", std::vector<std::string>());
    EXPECT_THAT(test::differences(daly, vector, all), IsEmpty()) << object["name"];
  }
  EXPECT_EQ(sessions, 8);
}

TEST(DalyUart, EveryDescribedRequestIsBuilt) {
  std::ifstream stream(std::string(BMSD_TESTS_DIR) + "/vectors/daly-uart.json");
  int requests = 0;
  for (const json& object : json::parse(stream)) {
    if (object.value("kind", "") != "encode") continue;
    ++requests;
    std::vector<std::pair<std::string, std::string>> input;
    for (const auto& [key, value] : object["input"].items()) {
      input.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    std::vector<Param> views;
    for (const auto& [key, value] : input) views.push_back({key, value});
    const auto bytes = daly.encode_vector(views);
    ASSERT_TRUE(bytes) << object["name"];
    EXPECT_EQ(*bytes, bytes_of(object["expect"]["request_hex"].get<std::string>())) << object["name"];
  }
  EXPECT_EQ(requests, 18);
}

TEST(DalyUart, ADescriptionThatMakesNoSenseIsRefused) {
  const auto refused = [](std::vector<Param> input) { return daly.encode_vector(input).error().code == Errc::config; };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{"op", "read"}}));
  EXPECT_TRUE(refused({{"op", "read"}, {"command", "0x90"}, {"board_number", "17"}}));
  EXPECT_TRUE(refused({{"op", "set_soc"}, {"soc_percent", "101"}}));
  EXPECT_TRUE(refused({{"op", "set_soc"}, {"soc_percent", "50"}, {"clock", "yesterday"}}));
  EXPECT_TRUE(refused({{"op", "set_charge_mos"}}));
}

TEST(DalyUart, AReplyWithoutARequestTellsWhatItAnswers) {
  const auto reading = daly.decode_vector({}, measurements(30000), {});
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->get(Field::voltage), 52.8);
  const auto of_board_3 = daly.decode_vector({}, frame(3, 0x93, {0, 1, 1}), {});
  EXPECT_TRUE(of_board_3);
}

TEST(DalyUart, CellsWithoutTheirNumberAskForIt) {
  const auto refused = daly.decode_vector({}, cells(1, 3300, 3301, 3302), {});
  EXPECT_EQ(refused.error().code, Errc::config);
  EXPECT_THAT(refused.error().detail, testing::HasSubstr("cell_count"));
}

// --- Requests ---

std::string asked(Session& session, std::string_view exchange) {
  const auto request = session.request(index_of(exchange));
  return request ? to_hex(request->bytes) : "";
}

TEST(DalyUart, RequestsAreThoseOfTheDocument) {
  EXPECT_EQ(asked(*open(0x40), "90"), "A540900800000000000000007D");
  EXPECT_EQ(asked(*open(0x42), "90"), "A542900800000000000000007F");
  EXPECT_EQ(asked(*open(0x80), "94"), "A58094080000000000000000C1");
  EXPECT_EQ(asked(*open(-1), "90"), "A540900800000000000000007D");
}

TEST(DalyUart, NothingIsAskedThatIsNoExchange) { EXPECT_FALSE(open()->request(200)); }

TEST(DalyUart, NoRequestEverWrites) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "94", {counts(16)}));
  for (std::uint8_t i = 0; i < daly.exchanges.size(); ++i) {
    const auto request = session->request(i);
    if (!request) continue;
    const int command = request->bytes[2];
    EXPECT_TRUE((command >= 0x90 && command <= 0x98) || (command >= 0x50 && command <= 0x63)) << command;
    EXPECT_TRUE(std::all_of(request->bytes.begin() + 4, request->bytes.begin() + 12, [](auto b) { return b == 0; }));
  }
}

TEST(DalyUart, ListsAreAskedForWhenTheirLengthIsKnown) {
  auto session = open();
  EXPECT_EQ(asked(*session, "95"), "");
  EXPECT_EQ(asked(*session, "96"), "");
  ASSERT_TRUE(hear(*session, "94", {counts(16, 0)}));
  EXPECT_NE(asked(*session, "95"), "");
  EXPECT_EQ(asked(*session, "96"), "") << "no sensors";
}

TEST(DalyUart, CountsAreReadAtTheStartThenAboutOnceAMinuteAndAfterSilence) {
  auto session = open();
  EXPECT_NE(asked(*session, "94"), "");
  ASSERT_TRUE(hear(*session, "94", {counts(16)}));
  int rounds = 0;
  do {
    asked(*session, "90");
    ++rounds;
  } while (asked(*session, "94").empty() && rounds < 1000);
  EXPECT_EQ(rounds, 60);
  ASSERT_TRUE(hear(*session, "94", {counts(16)}));
  EXPECT_EQ(asked(*session, "94"), "");
  ASSERT_TRUE(hear(*session, "90", {measurements(30000)}));
  session->failed(index_of("90"), {Errc::checksum, "bad_checksum", 0, {}});
  EXPECT_EQ(asked(*session, "94"), "");
  session->failed(index_of("90"), {Errc::timeout, "no_reply", 0, {}});
  EXPECT_NE(asked(*session, "94"), "") << "another pack may have come in its place";
}

TEST(DalyUart, OtherCountsAreBelievedWhenTheyAreSaidTwice) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "94", {counts(16, 2)}));
  EXPECT_STREQ(hear(*session, "94", {counts(12, 2)}).error().what, "unconfirmed");
  EXPECT_STREQ(hear(*session, "94", {counts(13, 2)}).error().what, "unconfirmed");
  EXPECT_TRUE(hear(*session, "94", {counts(16, 2)})) << "those that were known";
  EXPECT_STREQ(hear(*session, "94", {counts(13, 2)}).error().what, "unconfirmed");
  const auto reading = hear(*session, "94", {counts(13, 2)});
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->get(Field::cell_count), 13);
}

TEST(DalyUart, OtherSettingsAreBelievedWhenTheyAreSaidTwice) {
  auto session = open();
  const auto rated = [](int ampere_hours) {
    const int raw = ampere_hours * 1000;
    return std::vector<ByteVector>{frame(1, 0x50, {0, raw >> 16, raw >> 8 & 255, raw & 255})};
  };
  EXPECT_EQ(hear(*session, "50", rated(100))->get(Field::capacity_full), 100);
  EXPECT_STREQ(hear(*session, "50", rated(228)).error().what, "unconfirmed");
  EXPECT_EQ(hear(*session, "50", rated(100))->get(Field::capacity_full), 100);
  EXPECT_STREQ(hear(*session, "50", rated(228)).error().what, "unconfirmed") << "it was not said twice in a row";
  EXPECT_EQ(hear(*session, "50", rated(228))->get(Field::capacity_full), 228);
  ASSERT_TRUE(hear(*session, "57", text(0x57, "", 5)));
  EXPECT_STREQ(hear(*session, "57", text(0x57, "A", 5)).error().what, "unconfirmed");
  EXPECT_TRUE(hear(*session, "57", text(0x57, "", 5)));
}

TEST(DalyUart, AListThatIsNeverWholeMakesTheCountsDoubtful) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "94", {counts(48)}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(asked(*session, "94"), "");
    session->failed(index_of("95"), {Errc::incomplete, "missing_frame", 0, {}});
  }
  EXPECT_NE(asked(*session, "94"), "");
}

TEST(DalyUart, ABoardThatNeverTellsItsBalancersIsNotLostForIt) {
  auto session = open();
  for (int i = 0; i < 6; ++i) {
    EXPECT_NE(asked(*session, "97"), "");
    session->failed(index_of("97"), {Errc::timeout, "no_reply", 0, {}});
    session->failed(index_of("98"), {Errc::timeout, "no_reply", 0, {}});
  }
  EXPECT_EQ(asked(*session, "97"), "");
  EXPECT_NE(asked(*session, "98"), "") << "alarms are not given up";

  auto other = open();
  ASSERT_TRUE(hear(*other, "97", {frame(1, 0x97, {})}));
  for (int i = 0; i < 6; ++i) other->failed(index_of("97"), {Errc::timeout, "no_reply", 0, {}});
  EXPECT_NE(asked(*other, "97"), "") << "it did tell them";
}

// --- Lists in several frames ---

TEST(DalyUart, FramesArePlacedByTheirNumberAndFillersLeftOut) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "94", {counts(4)}));
  const ByteVector zero = cells(0, 1, 2, 3), third = cells(3, 0, 0, 0);
  EXPECT_EQ(hear(*session, "95", {zero}).error().code, Errc::incomplete);
  EXPECT_EQ(hear(*session, "95", {zero, third, cells(2, 3304, 9999, 9999)}).error().code, Errc::incomplete);
  const auto reading = hear(*session, "95", {cells(2, 3304, 9999, 9999), third, cells(1, 3301, 3302, 3303)});
  ASSERT_TRUE(reading);
  EXPECT_THAT(*reading->cell_voltages, ElementsAre(3.301, 3.302, 3.303, 3.304));
}

TEST(DalyUart, AFrameOfAnotherBoardOrCommandIsNoPart) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "94", {counts(6)}));
  const ByteVector first = cells(1, 3301, 3302, 3303), strange = cells(2, 1, 2, 3, 2);
  EXPECT_EQ(hear(*session, "95", {first, strange}).error().code, Errc::address);
  EXPECT_EQ(hear(*session, "95", {first, measurements(30000)}).error().code, Errc::command);
  const auto reading = hear(*session, "95", {first, strange, cells(2, 3304, 3305, 3306)});
  ASSERT_TRUE(reading);
  EXPECT_THAT(*reading->cell_voltages, ElementsAre(3.301, 3.302, 3.303, 3.304, 3.305, 3.306));
}

TEST(DalyUart, SixteenSensorsComeInThreeFrames) {
  auto session = open();
  ASSERT_TRUE(hear(*session, "94", {counts(16, 16)}));
  const ByteVector one = frame(1, 0x96, {1, 60, 61, 62, 63, 64, 65, 66}),
                   two = frame(1, 0x96, {2, 67, 68, 69, 70, 71, 72, 73});
  EXPECT_EQ(hear(*session, "96", {one, two}).error().code, Errc::incomplete);
  const auto reading = hear(*session, "96", {one, two, frame(1, 0x96, {3, 0, 255, 80, 80, 80, 80, 80})});
  ASSERT_TRUE(reading);
  EXPECT_THAT(*reading->cell_temperatures,
              ElementsAre(20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, -40, 215));
}

// --- Tags ---

TEST(DalyUartTag, RequestsAndRepliesNameTheirCommandAndBoard) {
  const Tag request = daly.tag({frame(0x43, 0x95, {})});
  EXPECT_EQ(request.role, Role::request);
  EXPECT_EQ(request.address, 0x43);
  EXPECT_EQ(request.exchange, index_of("95"));
  const Tag part = daly.tag({cells(1, 3300, 3300, 3300, 4)});
  EXPECT_EQ(part.role, Role::part);
  EXPECT_EQ(part.address, 0x43);
  EXPECT_EQ(part.exchange, index_of("95"));
  const Tag reply = daly.tag({measurements(30000)});
  EXPECT_EQ(reply.role, Role::reply);
  EXPECT_EQ(reply.address, -1) << "it may answer 40 or 80";
  EXPECT_EQ(reply.exchange, index_of("90"));
}

TEST(DalyUartTag, OtherHostsAreMastersAndWhatNobodyAsksHereIsForeign) {
  EXPECT_EQ(daly.tag({frame(0x80, 0x90, {})}).role, Role::request);
  EXPECT_EQ(daly.tag({frame(0x20, 0x90, {})}).role, Role::request);
  EXPECT_EQ(daly.tag({frame(0x40, 0xD9, {1})}).role, Role::request) << "another master's write";
  EXPECT_EQ(daly.tag({frame(0x40, 0xD9, {1})}).exchange, exchange_index(daly, "D9"));
  EXPECT_EQ(daly.tag({frame(1, 0xD8, {})}).role, Role::foreign);
  EXPECT_EQ(daly.tag({frame(17, 0x90, {})}).role, Role::foreign);
  EXPECT_EQ(daly.tag({frame(0, 0x90, {})}).role, Role::foreign);
}

// --- Frames ---

TEST(DalyUartFrame, AStartInsideOfDamageIsFound) {
  ByteVector stream = {0xA5, 0x01};  // a reply that was cut off
  const ByteVector good = measurements(30000);
  stream.insert(stream.end(), good.begin(), good.end());
  const Scan junk = daly.framer(stream, false);
  EXPECT_EQ(junk.kind, Scan::junk);
  EXPECT_EQ(junk.size, 2U);
  EXPECT_EQ(daly.framer(Bytes(stream).subspan(junk.size), false).kind, Scan::frame);
  EXPECT_EQ(daly.framer(Bytes(good).first(12), false).kind, Scan::more);
  EXPECT_STREQ(daly.framer(Bytes(good).first(12), true).why.what, "truncated");
}

RC_GTEST_PROP(DalyUartProperties, AWrongByteNeverGivesAReading, (std::uint8_t wrong)) {
  ByteVector bytes = measurements(30123);
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_PRE(bytes[place] != wrong);
  bytes[place] = wrong;
  RC_ASSERT(daly.framer(bytes, true).kind == Scan::junk);
  RC_ASSERT(!daly.decode_vector({}, bytes, {}).ok());
}

RC_GTEST_PROP(DalyUartProperties, AnyFramesAreSurvived, (std::vector<std::uint8_t> data)) {
  const auto exchange = *rc::gen::inRange<std::size_t>(0, daly.exchanges.size());
  auto session = open(0x40, {}, true);
  (void)hear(*session, "94", {counts(*rc::gen::inRange(0, 60), *rc::gen::inRange(0, 20))});
  const std::string_view name = daly.exchanges[exchange].name;
  std::vector<ByteVector> replies;
  for (std::size_t i = 0; i < data.size(); i += 8) {
    std::vector<int> content(data.begin() + static_cast<std::ptrdiff_t>(i),
                             data.begin() + static_cast<std::ptrdiff_t>(std::min(i + 8, data.size())));
    if (*rc::gen::arbitrary<bool>()) content.insert(content.begin(), static_cast<int>(i / 8) + 1);
    replies.push_back(frame(1, from_hex(name)->front(), content));
  }
  const auto reading = hear(*session, name, replies);
  RC_CLASSIFY(reading.ok());
}

}  // namespace
}  // namespace bmsd::daly_uart_test
