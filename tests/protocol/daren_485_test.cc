#include "protocol/daren_485.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "daren_485_replies.h"
#include "vectors.h"

namespace bmsd::daren_485_test {
namespace {

using namespace test;             // NOLINT: a test of these replies
using namespace test::daren_485;  // NOLINT
using testing::IsEmpty;

// --- Vectors ---

TEST(Daren485, EveryVectorHolds) {
  const auto vectors = test::load_vectors("daren-485.json");
  ASSERT_GE(vectors.size(), 80U);
  for (const Vector& vector : vectors) {
    const auto params = vector.param_views();
    EXPECT_THAT(test::differences(daren, vector, daren.decode_vector(vector.request, vector.response, params)),
                IsEmpty())
        << vector.name;
  }
}

TEST(Daren485, EveryVectorHoldsOnTheWayThroughFramerTagAndSession) {
  for (const Vector& vector : test::load_vectors("daren-485.json")) {
    const ByteVector request = with_cr(vector.request), response = with_cr(vector.response);
    const Scan scan = daren.framer(response, false);
    if (scan.kind == Scan::junk) {
      EXPECT_EQ(scan.why.what, vector.expect_error) << vector.name;
      EXPECT_EQ(scan.why.code, test::code_of(vector.expect_error)) << vector.name;
      continue;
    }
    ASSERT_EQ(scan.kind, Scan::frame) << vector.name;
    ASSERT_EQ(scan.size, response.size()) << vector.name;

    const Tag of_request = daren.tag({request});
    ASSERT_EQ(of_request.role, Role::request) << vector.name;
    auto session = open(of_request.address, {}, true);
    const Request ours{static_cast<std::uint8_t>(std::max(of_request.exchange, 0)), request};
    const Frame frame{response};
    EXPECT_THAT(test::differences(daren, vector, session->decode({&ours, {&frame, 1}, true})), IsEmpty())
        << vector.name;

    if (!vector.expect_error.empty()) continue;
    const Tag of_reply = daren.tag(frame);
    EXPECT_EQ(of_reply.role, Role::reply) << vector.name;
    EXPECT_EQ(of_reply.address, of_request.address) << vector.name;
    EXPECT_TRUE(of_reply.exchange == -1 || of_reply.exchange == of_request.exchange) << vector.name;
  }
}

// --- Requests ---

TEST(Daren485, RequestsAreThePrintedOnes) {
  auto one = open(1), two = open(2);
  EXPECT_EQ(asked(*one, "42"), "~22014A42E00201FD28");
  EXPECT_EQ(asked(*one, "47"), "~22014A47E00201FD23");
  EXPECT_EQ(asked(*one, "4F"), "~22014A4F0000FD8C");
  EXPECT_EQ(asked(*one, "51"), "~22014A510000FDA0");
  EXPECT_EQ(asked(*one, "83"), "~22014A83C0040101FCC2");
  EXPECT_EQ(asked(*one, "B0/1"), "~22014AB0600A010101FF00FB6E");
  EXPECT_EQ(asked(*one, "B0/2"), "~22014AB0600A010102FF00FB6D");
  EXPECT_EQ(asked(*two, "B0/3"), "~22024AB0600A020103FF00FB6A");
  EXPECT_EQ(asked(*two, "B0/4"), "~22024AB0600A020104FF00FB69");
  EXPECT_EQ(asked(*two, "83"), "~22024A83C0040201FCC0");
  EXPECT_EQ(asked(*two, "42"), "~22024A42E00201FD27");
}

TEST(Daren485, NothingIsAskedThatIsNoExchange) { EXPECT_FALSE(open(1)->request(200)); }

TEST(Daren485, NoRequestEverWrites) {
  auto session = open(3);
  for (std::uint8_t i = 0; i < daren.exchanges.size(); ++i) {
    Yd1363Buffer buffer;
    const auto frame = parse_yd1363(session->request(i)->bytes, buffer);
    ASSERT_TRUE(frame);
    const bool has_operation = frame->cid2 == 0x83 || frame->cid2 == 0xB0;
    EXPECT_THAT((std::set<int>{0x42, 0x47, 0x4F, 0x51, 0x83, 0xB0}), testing::Contains(frame->cid2));
    EXPECT_TRUE(!has_operation || frame->info[1] == 1) << "operation 01 reads";
  }
}

// --- COMMAND GROUP ---

constexpr char kGroupOne[] = "~22024A42E00201FD27", kGroupTwo[] = "~22024A42E00202FD26";

TEST(Daren485Group, ARefusalOrSilenceBringsTheOtherGroup) {
  for (const Error& error : {Error{Errc::refused, "rtn_05", 0x05, {}}, Error{Errc::refused, "rtn_06", 0x06, {}},
                             Error{Errc::refused, "rtn_90", 0x90, {}}, Error{Errc::timeout, "", 0, {}}}) {
    auto session = open(2);
    EXPECT_EQ(asked(*session, "42"), kGroupOne);
    session->failed(index_of("42"), error);
    EXPECT_EQ(asked(*session, "42"), kGroupTwo) << describe(error);
    session->failed(index_of("42"), error);
    EXPECT_EQ(asked(*session, "42"), kGroupOne) << describe(error);
  }
}

TEST(Daren485Group, OtherFailuresSayNothingAboutTheGroup) {
  auto session = open(2);
  session->failed(index_of("42"), {Errc::checksum, "bad_chksum", 0, {}});
  session->failed(index_of("42"), {Errc::refused, "rtn_04", 4, {}});
  session->failed(index_of("51"), {Errc::timeout, "", 0, {}});
  EXPECT_EQ(asked(*session, "42"), kGroupOne);
}

TEST(Daren485Group, WhatWorkedIsRememberedOverALostReplyAndForBothServices) {
  auto session = open(2);
  session->failed(index_of("42"), {Errc::refused, "rtn_06", 6, {}});
  ASSERT_TRUE(hear(*session, "42", reply(2, Info42().bytes())));
  session->failed(index_of("42"), {Errc::timeout, "", 0, {}});
  EXPECT_EQ(asked(*session, "42"), kGroupTwo);
  EXPECT_EQ(asked(*session, "47"), "~22024A47E00202FD21");
  session->failed(index_of("42"), {Errc::timeout, "", 0, {}});
  session->failed(index_of("42"), {Errc::timeout, "", 0, {}});
  EXPECT_EQ(asked(*session, "42"), kGroupOne) << "another pack may have come in its place";
}

// --- Replies ---

TEST(Daren485, AReplyWithoutARequestIsRefused) {
  const ByteVector bytes = reply(1, Info42().bytes());
  const Frame frame{bytes};
  EXPECT_STREQ(open(1)->decode({nullptr, {&frame, 1}, true}).error().what, "unasked");
}

TEST(Daren485, ReturnCodesAreSaidInWords) {
  auto session = open(1);
  const Error known = hear(*session, "51", reply(1, {}, 0x04)).error();
  EXPECT_EQ(known.code, Errc::refused);
  EXPECT_STREQ(known.what, "rtn_04");
  EXPECT_EQ(known.number, 4);
  EXPECT_EQ(known.detail, "service not supported");
  const Error unknown = hear(*session, "51", reply(1, {}, 0xA7)).error();
  EXPECT_STREQ(unknown.what, "rtn_A7");
  EXPECT_EQ(unknown.number, 0xA7);
}

TEST(Daren485, TheShortFormHasNoStatusBehindTheBalancers) {
  auto session = open(1, {}, true);
  Info42 info;
  info.long_form = false;
  const auto reading = hear(*session, "42", reply(1, info.bytes()));
  ASSERT_TRUE(reading);
  EXPECT_EQ(*reading->balancing_cells, CellSet(0x8001));
  for (const auto& [key, value] : reading->extras) EXPECT_STRNE(key, "machine_status_raw");
}

TEST(Daren485, StateOfChargeIsInWholePercentOnlyWhereTheShortFormSaysSo) {
  const auto soc_of = [](int user_number, int raw) {
    auto session = open(1);
    Info42 info;
    info.user_number = user_number;
    info.soc = raw;
    return *hear(*session, "42", reply(1, info.bytes()))->get(Field::soc);
  };
  EXPECT_DOUBLE_EQ(soc_of(13, 100), 100);
  EXPECT_DOUBLE_EQ(soc_of(13, 101), 1.01);
  EXPECT_DOUBLE_EQ(soc_of(1, 100), 1);
  EXPECT_DOUBLE_EQ(soc_of(1, 6700), 67);
}

TEST(Daren485, TheFetBitsCanBeExchanged) {
  Info42 info;
  info.words[4] = 0x0001;
  auto usual = open(1), swapped = open(1, {{"SWAP_FET_BITS", "True"}}),
       not_swapped = open(1, {{"SWAP_FET_BITS", "False"}});
  EXPECT_EQ(hear(*usual, "42", reply(1, info.bytes()))->get(Field::charge_fet_on), 1);
  EXPECT_EQ(hear(*swapped, "42", reply(1, info.bytes()))->get(Field::charge_fet_on), 0);
  EXPECT_EQ(hear(*swapped, "42", reply(1, info.bytes()))->get(Field::discharge_fet_on), 1);
  EXPECT_EQ(hear(*not_swapped, "42", reply(1, info.bytes()))->get(Field::discharge_fet_on), 0);
}

TEST(Daren485, MachineAndIoStatusAreNamed) {
  Info42 info;
  info.machine = 0x88;
  info.io = 0x4001;  // bit 14 has no name
  auto session = open(1, {}, true);
  const auto reading = hear(*session, "42", reply(1, info.bytes()));
  std::map<std::string, ExtraValue> extras;
  for (const auto& [key, value] : reading->extras) extras[key] = value;
  EXPECT_EQ(std::get<std::string>(extras["machine_status"]), "discharging, factory_mode");
  EXPECT_EQ(std::get<std::string>(extras["io_status"]), "charger_online");
}

TEST(Daren485, ExtrasAreCollectedOnlyWhenAskedFor) {
  auto session = open(1);
  EXPECT_THAT(hear(*session, "42", reply(1, Info42().bytes()))->extras, IsEmpty());
}

TEST(Daren485, TheChargeLimitFallsBackToTheUpperLimit) {
  const auto limit_of = [](int limit, int upper) {
    ByteVector info(65, 0);
    info[9] = static_cast<std::uint8_t>(upper >> 8), info[10] = static_cast<std::uint8_t>(upper & 255);
    info[17] = static_cast<std::uint8_t>(limit >> 8), info[18] = static_cast<std::uint8_t>(limit & 255);
    auto session = open(1);
    return hear(*session, "47", reply(1, info));
  };
  EXPECT_EQ(limit_of(5000, 12000)->get(Field::max_charge_current), 50);
  EXPECT_EQ(limit_of(0, 12000)->get(Field::max_charge_current), 120);
  EXPECT_EQ(limit_of(0, 0)->get(Field::max_charge_current), 0) << "a limit of 0 is a limit";
  EXPECT_EQ(limit_of(5000, 0)->says(Field::max_discharge_current), Says::nothing);
}

TEST(Daren485, HardwareIsJoinedAsOnTheOldDriver) {
  const auto vectors = test::load_vectors("daren-485.json");
  const auto& seed = test::vector_named(vectors, "seed service 51 manufacturer info");
  auto session = open(1);
  const auto reading = hear(*session, "51", with_cr(seed.response));
  EXPECT_EQ(text_of(*reading, Text::hardware), "HUANY04 16S100A T1_G 01.00.02");
  EXPECT_EQ(text_of(*reading, Text::software_version), "01.00.02");
}

TEST(Daren485, EnergiesAreBelievedOnlyWhenTheyFitTheVoltage) {
  const auto module = [](int charge_ah, int energy) {
    ByteVector info = {0xB0, 1, 1, 4, 0xFF, 0};
    for (const int number : {5000, 10000, 10000, 0, charge_ah, 0, charge_ah, energy, energy}) put16(info, number);
    return reply(1, info);
  };
  auto session = open(1);
  EXPECT_EQ(hear(*session, "B0/4", module(237, 129))->says(Field::total_charge_energy), Says::unknown)
      << "no voltage yet";
  ASSERT_TRUE(hear(*session, "42", reply(1, Info42().bytes())));  // 52.8 V
  const auto fits = hear(*session, "B0/4", module(237, 129));
  EXPECT_EQ(fits->get(Field::total_charge_energy), 12.9);
  EXPECT_EQ(fits->get(Field::total_discharge), 237);
  EXPECT_EQ(fits->get(Field::capacity_design), 100);
  EXPECT_EQ(hear(*session, "B0/4", module(15239, 17633))->says(Field::total_charge_energy), Says::unknown);
  EXPECT_EQ(hear(*session, "B0/4", module(0, 0))->says(Field::total_discharge_energy), Says::unknown);
}

// --- Tags ---

TEST(Daren485Tag, RequestsNameTheirService) {
  auto session = open(7);
  for (std::uint8_t i = 0; i < daren.exchanges.size(); ++i) {
    const Tag tag = daren.tag({session->request(i)->bytes});
    EXPECT_EQ(tag.role, Role::request);
    EXPECT_EQ(tag.address, 7);
    EXPECT_EQ(tag.exchange, i);
  }
  EXPECT_EQ(daren.tag({encode_yd1363({0x22, 1, 0x4A, 0x45, {}})}).role, Role::request) << "another master's write";
}

TEST(Daren485Tag, RepliesNameTheirServiceWhereOnlyOneHasThatShape) {
  const auto service_of = [](const ByteVector& bytes) {
    const Tag tag = daren.tag({bytes});
    EXPECT_EQ(tag.role, Role::reply);
    return tag.exchange;
  };
  EXPECT_EQ(service_of(reply(1, Info42().bytes())), index_of("42"));
  EXPECT_EQ(service_of(module3("")), index_of("B0/3"));
  EXPECT_EQ(service_of(parameters("")), index_of("47"));
  EXPECT_EQ(service_of(reply(1, {0xC8})), index_of("4F"));
  EXPECT_EQ(service_of(reply(1, ByteVector(37, 0x41))), index_of("51"));
  EXPECT_EQ(service_of(reply(1, ByteVector(40, 0x41))), -1);
  EXPECT_EQ(service_of(reply(1, {}, 0x04)), -1);
}

TEST(Daren485Tag, OtherProtocolsOfTheFamilyAreForeign) {
  EXPECT_EQ(daren.tag({encode_yd1363({0x25, 1, 0x46, 0, {}})}).role, Role::foreign);
  EXPECT_EQ(daren.tag({encode_yd1363({0x22, 1, 0x46, 0x42, {}})}).role, Role::foreign);
}

TEST(Daren485, AReplyThatDoesNotTellItsServiceNeedsTheRequest) {
  const std::string odd = std::string(as_text(reply(1, ByteVector(40, 0x41))));
  const auto refused = daren.decode_vector({}, as_bytes(odd), {});
  EXPECT_EQ(refused.error().code, Errc::config);
  EXPECT_THAT(refused.error().detail, testing::HasSubstr("--request"));
  EXPECT_TRUE(daren.decode_vector({}, as_bytes("~22014A00E002C8FD14"), {}));
}

// --- Properties ---

RC_GTEST_PROP(Daren485Properties, AnyCountsOfCellsAndSensorsAreFollowed, (bool long_form)) {
  Info42 info;
  info.cells = *rc::gen::inRange(1, 33);
  info.sensors = *rc::gen::inRange(0, 256);
  info.long_form = long_form;
  auto session = open(5);
  const auto reading = hear(*session, "42", reply(5, info.bytes()));
  RC_ASSERT(reading.ok());
  RC_ASSERT(static_cast<int>(reading->cell_voltages->size()) == info.cells);
  RC_ASSERT(static_cast<int>(reading->cell_temperatures->size()) == info.sensors);
  RC_ASSERT(reading->get(Field::current) == -12.34);
  RC_ASSERT(reading->get(Field::cycles) == 12);
  RC_ASSERT(*reading->balancing_cells == CellSet(long_form ? 0x28001 : 0x8001));
}

RC_GTEST_PROP(Daren485Properties, EveryInfoOfAnyServiceIsSurvived,
              (ByteVector info, std::uint8_t first, std::uint8_t rtn)) {
  const auto exchange = *rc::gen::inRange<std::size_t>(0, daren.exchanges.size());
  info.insert(info.begin(), *rc::gen::elementOf(std::vector<std::uint8_t>{first, 0xB0, 0x83}));
  auto session = open(1, {}, true);
  const auto reading = hear(*session, daren.exchanges[exchange].name,
                            reply(1, info, *rc::gen::elementOf(std::vector<std::uint8_t>{rtn, 0, 0, 0})));
  RC_CLASSIFY(reading.ok());
}

RC_GTEST_PROP(Daren485Properties, AWrongByteNeverGivesAReading, (std::uint8_t wrong)) {
  ByteVector bytes = reply(1, Info42().bytes());
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size() - 1);
  RC_PRE(bytes[place] != wrong);
  bytes[place] = wrong;
  auto session = open(1);
  RC_ASSERT(!hear(*session, "42", bytes).ok());
}

}  // namespace
}  // namespace bmsd::daren_485_test
