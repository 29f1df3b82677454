#include "protocol/jkbms_pb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jkbms_pb_replies.h"
#include "polls.h"
#include "vectors.h"

namespace bmsd::jkbms_pb_test {
namespace {

using namespace test;            // NOLINT: a test of these replies
using namespace test::jkbms_pb;  // NOLINT
using testing::ElementsAre;
using testing::IsEmpty;

// --- Vectors ---

TEST(JkBmsPb, EveryVectorWithOneReplyHolds) {
  const auto vectors = load_vectors("jkbms-pb.json");
  ASSERT_GE(vectors.size(), 20U);
  for (const Vector& vector : vectors) {
    if (!vector.must_hold) continue;
    EXPECT_THAT(differences(pb, vector, pb.decode_vector(vector.request, vector.response, {})), IsEmpty())
        << vector.name;
  }
}

// The program never believes a block that nobody has acknowledged; `decode` shows it.
TEST(JkBmsPb, EveryVectorThatWasAskedForHoldsOnTheWayThroughFramerTagAndSession) {
  int held = 0;
  for (const Poll& poll : load_polls("jkbms-pb.json")) {
    if (poll.exchanges.front().first.empty()) continue;  // nobody asked
    // What comes first is the echo.
    Poll without_echo = poll;
    for (auto& [request, response] : without_echo.exchanges) {
      if (std::equal(request.begin(), request.end(), response.begin(),
                     response.begin() + std::min<std::ptrdiff_t>(11, std::ssize(response))))
        response.erase(response.begin(), response.begin() + 11);
    }
    const auto result = hear(pb, without_echo);
    ++held;
    if (poll.vector.name.starts_with("answer without acknowledgement")) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Errc::incomplete);
    } else {
      EXPECT_THAT(differences(pb, poll.vector, result), IsEmpty()) << poll.vector.name;
    }
  }
  EXPECT_GE(held, 19);
}

TEST(JkBmsPb, AMastersOwnBlocksAreUnderstoodUnasked) {
  int heard = 0;
  for (const Vector& vector : load_vectors("jkbms-pb.json")) {
    if (!vector.request.empty()) continue;
    const auto session = open(true, 0);
    const Frame frame{vector.response};
    EXPECT_THAT(differences(pb, vector, session->decode({nullptr, {&frame, 1}, true})), IsEmpty()) << vector.name;
    EXPECT_FALSE(open(true, 1)->decode({nullptr, {&frame, 1}, true})) << "of another pack";
    EXPECT_EQ(pb.tag(frame).address, 0);
    ++heard;
  }
  EXPECT_EQ(heard, 2);
}

TEST(JkBmsPb, DecodeMarksABlockWhoseSenderIsNotProven) {
  const ByteVector asked = request(3, kStatus), block = status().done();
  ByteVector damaged = block + ack(3, kStatus);
  damaged.back() ^= 1;
  for (const ByteVector& response : {block, damaged}) {
    const auto reading = pb.decode_vector(asked, response, {});
    ASSERT_TRUE(reading);
    EXPECT_TRUE(std::get<bool>(extras_of(*reading).at("responder_unverified")));
    EXPECT_EQ(extras_of(*reading).count("responder_address"), 0U);
  }
  EXPECT_FALSE(pb.decode_vector(asked, block + reply(2, kStatus, status()), {})) << "somebody else is on the line";
  EXPECT_FALSE(pb.decode_vector(asked, settings().done(), {}));
  const auto proven = pb.decode_vector(asked, reply(3, kStatus, status()), {});
  ASSERT_TRUE(proven);
  EXPECT_EQ(extras_of(*proven).count("responder_unverified"), 0U);
}

TEST(JkBmsPb, DecodeSearchesBehindWhatDoesNotFit) {
  const ByteVector asked = request(3, kStatus), good = reply(3, kStatus, status());
  const ByteVector half_an_echo(asked.begin() + 4, asked.end());
  ByteVector damaged = good;
  damaged[20] ^= 1;
  for (const ByteVector& before :
       {asked, half_an_echo, ByteVector{0x00}, reply(2, kStatus, status()), reply(3, kSettings, settings()), damaged}) {
    const auto reading = pb.decode_vector(asked, before + good, {});
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->get(Field::soc), 55);
  }
  const auto error_of = [&](const ByteVector& response) {
    const auto reading = pb.decode_vector(asked, response, {});
    return reading ? std::string() : reading.error().what;
  };
  EXPECT_EQ(error_of(asked), "no_reply") << "an echo is no answer";
  EXPECT_EQ(error_of(asked + exception(3, 1)), "modbus_exception");
  EXPECT_EQ(error_of(exception(2, 1)), "wrong_address");
  EXPECT_EQ(error_of(ByteVector{0xFF, 0xFE} + damaged), "bad_checksum") << "damage says more than noise";
  EXPECT_EQ(error_of(status().done() + ack(3, kSettings)), "wrong_type");
  ByteVector damaged_settings = reply(3, kSettings, settings());
  damaged_settings[20] ^= 1;
  EXPECT_EQ(error_of(damaged_settings), "wrong_type") << "the type is looked at before the sum";
  EXPECT_EQ(pb.decode_vector(ack(3, kStatus), good, {}).error().code, Errc::config);
}

// --- Requests and tags ---

TEST(JkBmsPb, RequestsAreThePublishedOnes) {
  const auto asked = [](int address, std::uint8_t exchange) {
    return to_hex(open(false, address)->request(exchange)->bytes);
  };
  EXPECT_EQ(asked(1, kStatus), "011016200001020000D6F1");
  EXPECT_EQ(asked(3, kStatus), "031016200001020000CF91");
  EXPECT_EQ(asked(2, kAbout), "0210161C0001020000C73D");
  EXPECT_EQ(asked(1, kSettings), "0110161E0001020000D22F");
}

TEST(JkBmsPb, AMasterIsNotAsked) {
  for (std::uint8_t exchange = 0; exchange < 3; ++exchange) {
    EXPECT_FALSE(open(false, 0)->request(exchange));
    EXPECT_FALSE(open(false, 16)->request(exchange));
    EXPECT_FALSE(open(false, -1)->request(exchange));
  }
  EXPECT_EQ(pb.lowest_address, 1);
  EXPECT_NE(pb.master_advice, "");
  EXPECT_TRUE(pb.probe_is_write);
}

TEST(JkBmsPb, NoRequestWritesAnythingButTheTriggers) {
  const auto session = open();
  int asked = 0;
  for (int i = 0; i < 256; ++i) {
    const auto request = session->request(static_cast<std::uint8_t>(i));
    if (!request) continue;
    ++asked;
    const auto& bytes = request->bytes;
    ASSERT_EQ(bytes.size(), 11U);
    EXPECT_EQ(to_hex(Bytes(bytes).subspan(1, 2)), "1016");
    EXPECT_TRUE(bytes[3] == 0x20 || bytes[3] == 0x1E || bytes[3] == 0x1C);
    EXPECT_EQ(to_hex(Bytes(bytes).subspan(4, 5)), "0001020000") << "one register, and 0 into it";
  }
  EXPECT_EQ(asked, 3);
}

TEST(JkBmsPb, TagsTellWhoAsksAndWhoAnswersWhat) {
  const auto tag = [](const ByteVector& bytes) { return pb.tag({bytes}); };
  for (int exchange = 0; exchange < 3; ++exchange) {
    const Tag asks = tag(request(7, exchange)), says = tag(reply(7, exchange, Block(exchange)));
    EXPECT_EQ(asks.role, Role::request);
    EXPECT_EQ(says.role, Role::reply);
    for (const Tag& one : {asks, says}) {
      EXPECT_EQ(one.address, 7);
      EXPECT_EQ(one.exchange, exchange);
    }
  }
  EXPECT_EQ(tag(exception(7, 2)).role, Role::reply);
  EXPECT_EQ(tag(exception(7, 2)).address, 7);
  EXPECT_EQ(tag(exception(7, 2)).exchange, -1);
  EXPECT_EQ(tag(status().done() + ack(7, kSettings)).role, Role::foreign) << "block and acknowledgement contradict";
  EXPECT_EQ(tag(status().set(4, 1, 9).done() + ack(7, kStatus)).role, Role::foreign);
  // Setting the clock, by somebody else: a master's words too.
  const Tag writes = tag(with_modbus_crc({2, 0x10, 0x16, 0x12, 0, 1, 2, 0, 7}));
  EXPECT_EQ(writes.role, Role::request);
  EXPECT_EQ(writes.exchange, -1);
}

TEST(JkBmsPb, WhatAnswersSomethingElseIsRefused) {
  const auto session = open();
  const auto error_of = [&](const ByteVector& bytes) {
    const auto reading = hear(*session, kStatus, bytes);
    return reading ? std::string() : reading.error().what;
  };
  EXPECT_EQ(error_of(reply(2, kStatus, status())), "wrong_address");
  EXPECT_EQ(error_of(reply(3, kSettings, settings())), "wrong_type");
  EXPECT_EQ(error_of(request(3, kStatus)), "echo");
  EXPECT_EQ(error_of(exception(3, 4)), "modbus_exception");
  EXPECT_EQ(hear(*session, kStatus, exception(3, 4)).error().number, 4);
  EXPECT_EQ(error_of(status().done()), "truncated");
  EXPECT_EQ(session->decode({nullptr, {}, true}).error().code, Errc::incomplete);
  const ByteVector says_no = exception(3, 4);
  const Frame refused{says_no};
  EXPECT_EQ(session->decode({nullptr, {&refused, 1}, true}).error().what, std::string("unasked"));
}

// --- Status ---

TEST(JkBmsPb, OnlyTheCellsThatAreThereAreRead) {
  const Reading reading = reading_of(kStatus, status().set(70, 4, 0x0B));
  EXPECT_THAT(*reading.cell_voltages, ElementsAre(3.3, 3.301, 3.303));
  EXPECT_EQ(reading.get(Field::cell_count), 3);
  const Reading all = reading_of(kStatus, status().set(70, 4, 0xFFFFFFFF));
  EXPECT_EQ(all.cell_voltages->size(), 32U);
  const auto none = hear(*open(), kStatus, reply(3, kStatus, status().set(70, 4, 0)));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().what, std::string("implausible"));
}

TEST(JkBmsPb, ACellThatReadsZeroIsBelievedWhenItStays) {
  const auto session = open();
  const auto cells_of = [&](const Block& block) {
    return hear(*session, kStatus, reply(3, kStatus, block))->cell_voltages;
  };
  const Block good = status(), bad = status().set(8, 2, 0);
  EXPECT_TRUE(cells_of(bad)) << "there is none before";
  EXPECT_TRUE(cells_of(good));
  EXPECT_FALSE(cells_of(bad));
  EXPECT_TRUE(cells_of(good));
  EXPECT_FALSE(cells_of(bad));
  const auto second = cells_of(bad);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->at(1), 0);
}

TEST(JkBmsPb, CurrentIsSignedAndPowerIsNotAsked) {
  EXPECT_DOUBLE_EQ(*reading_of(kStatus, status()).get(Field::current), 10);
  const Reading reading = reading_of(kStatus, status().set(158, 4, -123456).set(154, 4, 999999));
  EXPECT_DOUBLE_EQ(*reading.get(Field::current), -123.456);
  EXPECT_DOUBLE_EQ(*reading.get(Field::voltage), 13.206);
}

TEST(JkBmsPb, SensorsAreReadWhereTheyAre) {
  EXPECT_THAT(*reading_of(kStatus, status()).cell_temperatures, ElementsAre(21, 22, 23, 24));
  const Reading some = reading_of(kStatus, status().set(214, 1, 0x12).set(256, 2, -75));
  EXPECT_THAT(*some.cell_temperatures, ElementsAre(21, -7.5));
  EXPECT_EQ(some.says(Field::mos_temperature), Says::nothing);
  EXPECT_DOUBLE_EQ(*reading_of(kStatus, status().set(214, 1, 1).set(144, 2, -5)).get(Field::mos_temperature), -0.5);
  EXPECT_THAT(*reading_of(kStatus, status().set(214, 1, 0)).cell_temperatures, IsEmpty());
  EXPECT_THAT(*reading_of(kStatus, status().set(214, 1, 8)).cell_temperatures, IsEmpty()) << "sensor 3 is not shown";
}

TEST(JkBmsPb, WhatNoBatterySurvivesIsNoTemperature) {
  const Reading reading = reading_of(kStatus, status().set(162, 2, 1001).set(164, 2, 1000).set(256, 2, -2000));
  EXPECT_THAT(*reading.cell_temperatures, ElementsAre(100, 24));
}

TEST(JkBmsPb, TheDesignCapacityStandsInForAFullOneThatIsNotSaid) {
  const auto session = open();
  const auto full = [&] {
    return hear(*session, kStatus, reply(3, kStatus, status().set(178, 4, 0)))->get(Field::capacity_full);
  };
  EXPECT_FALSE(full());
  ASSERT_TRUE(hear(*session, kSettings, reply(3, kSettings, settings())));
  EXPECT_EQ(full(), 110);
  EXPECT_EQ(reading_of(kStatus, status()).get(Field::capacity_full), 100);
}

TEST(JkBmsPb, ExtrasAreCollectedOnlyWhenAskedFor) {
  EXPECT_THAT(reading_of(kStatus, status()).extras, IsEmpty());
  EXPECT_THAT(reading_of(kSettings, settings()).extras, IsEmpty());
  EXPECT_THAT(reading_of(kAbout, about()).extras, IsEmpty());
  const auto block = status().set(170, 2, -850).set(172, 1, 2).set(215, 1, 1).set(236, 2, 2000).set(226, 4, 0x7FC00000);
  const auto extras = extras_of(reading_of(kStatus, block, true));
  EXPECT_EQ(std::get<double>(extras.at("balance_current_a")), -0.85);
  EXPECT_EQ(std::get<bool>(extras.at("balancing")), true);
  EXPECT_DOUBLE_EQ(std::get<double>(extras.at("heater_power_w")), 26.412);
  EXPECT_EQ(extras.count("voltage_correction"), 0U) << "not a number";
  EXPECT_EQ(extras_of(reading_of(kStatus, status(), true)).count("heater_power_w"), 0U);
}

// --- Alarms ---

struct AlarmCase {
  int bit;
  Alarm alarm;
  Severity severity;
  int blocks;  // 1 charging, 2 discharging
};

TEST(JkBmsPb, EveryAlarmHasItsClassAndDirection) {
  using A = Alarm;
  constexpr Severity kAlarm = Severity::alarm, kWarning = Severity::warning, kOk = Severity::ok;
  const AlarmCase cases[] = {
      {0, A::cell_imbalance, kWarning, 0},
      {1, A::high_internal_temperature, kAlarm, 0},
      {2, A::internal_failure, kAlarm, 0},
      {3, A::internal_failure, kAlarm, 0},
      {4, A::high_cell_voltage, kAlarm, 1},
      {5, A::high_voltage, kAlarm, 1},
      {6, A::high_charge_current, kAlarm, 1},
      {7, A::high_charge_current, kAlarm, 1},
      {8, A::high_charge_temperature, kAlarm, 1},
      {9, A::low_charge_temperature, kAlarm, 1},
      {10, A::internal_failure, kAlarm, 0},
      {11, A::low_cell_voltage, kAlarm, 2},
      {12, A::low_voltage, kAlarm, 2},
      {13, A::high_discharge_current, kAlarm, 2},
      {14, A::high_discharge_current, kAlarm, 2},
      {15, A::high_temperature, kAlarm, 2},
      {16, A::internal_failure, kAlarm, 0},
      {17, A::internal_failure, kAlarm, 0},
      {18, A::internal_failure, kOk, 0},
      {19, A::internal_failure, kOk, 0},
      {20, A::internal_failure, kAlarm, 2},
      {21, A::high_temperature, kAlarm, 0},
      {22, A::internal_failure, kWarning, 0},
      {23, A::internal_failure, kWarning, 0},
      {24, A::high_discharge_current, kAlarm, 0},
      {25, A::high_discharge_current, kAlarm, 2},
      {26, A::high_discharge_current, kAlarm, 2},
      {27, A::low_temperature, kAlarm, 2},
      {28, A::internal_failure, kOk, 0},
  };
  ASSERT_EQ(std::size(cases), pb.alarm_bits.size());
  for (const AlarmCase& expected : cases) {
    const Reading reading = reading_of(kStatus, status().set(166, 4, 1LL << expected.bit));
    EXPECT_EQ(reading.alarms->of(expected.alarm), expected.severity) << expected.bit;
    EXPECT_EQ(reading.alarms->names.size(), 1U) << expected.bit;
    EXPECT_EQ(reading.alarms->blocks, expected.blocks) << expected.bit;
  }
  EXPECT_THAT(reading_of(kStatus, status().set(166, 4, 0xE0000000)).alarms->names, IsEmpty()) << "nobody knows these";
  EXPECT_EQ(reading_of(kStatus, status()).alarms->of(Alarm::low_voltage), Severity::ok);
}

// --- Settings ---

TEST(JkBmsPb, SettingsAreLimits) {
  const Reading reading = reading_of(kSettings, settings(), true);
  EXPECT_DOUBLE_EQ(*reading.get(Field::cell_voltage_max_limit), 3.65);
  EXPECT_DOUBLE_EQ(*reading.get(Field::cell_voltage_min_limit), 2.7);
  EXPECT_DOUBLE_EQ(*reading.get(Field::max_charge_current), 60);
  EXPECT_DOUBLE_EQ(*reading.get(Field::max_discharge_current), 100);
  EXPECT_DOUBLE_EQ(*reading.get(Field::capacity_design), 110);
  EXPECT_DOUBLE_EQ(std::get<double>(extras_of(reading).at("charge_voltage_v")), 13.8);
  EXPECT_DOUBLE_EQ(std::get<double>(extras_of(reading).at("float_voltage_v")), 13.4);
}

TEST(JkBmsPb, SettingsThatNoPackHasAreRefused) {
  for (const Block& block : {settings().set(114, 4, 0), settings().set(114, 4, 33), settings().set(114, 4, 0xFFFFFFFF),
                             settings().set(130, 4, 0)}) {
    const auto reading = hear(*open(true), kSettings, reply(3, kSettings, block));
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().what, std::string("implausible"));
  }
  EXPECT_TRUE(hear(*open(true), kSettings, reply(3, kSettings, settings().set(114, 4, 32))));
}

TEST(JkBmsPb, TheStatusSaysHowManyCellsThereAre) {
  const auto session = open();
  const auto count = [&] {
    return hear(*session, kSettings, reply(3, kSettings, settings().set(114, 4, 16)))->get(Field::cell_count);
  };
  EXPECT_EQ(count(), 16);
  EXPECT_EQ(hear(*session, kStatus, reply(3, kStatus, status()))->get(Field::cell_count), 4);
  EXPECT_FALSE(count());
}

TEST(JkBmsPb, TemperatureLimitsAreSigned) {
  const auto extras = extras_of(
      reading_of(kSettings, settings().set(98, 4, -200).set(284, 1, -5).set(285, 1, 5).set(282, 2, 0x0049), true));
  EXPECT_EQ(std::get<double>(extras.at("charge_undertemp_c")), -20);
  EXPECT_EQ(std::get<double>(extras.at("heating_start_c")), -5);
  EXPECT_EQ(std::get<double>(extras.at("heating_stop_c")), 5);
  EXPECT_THAT(std::get<std::vector<std::string>>(extras.at("functions")),
              ElementsAre("heating", "port_is_rs485", "smart_sleep"));
}

// --- About ---

TEST(JkBmsPb, APackIsCalledByItsSerialNumberThenByTheOldDriversName) {
  const Reading reading = reading_of(kAbout, about(), true);
  EXPECT_THAT(reading.identities, ElementsAre("40119491480", "Garage"));
  EXPECT_EQ(text_of(reading, Text::serial_number), "40119491480");
  EXPECT_EQ(text_of(reading, Text::hardware), "15A");
  EXPECT_EQ(text_of(reading, Text::software_version), "15.41");
  EXPECT_EQ(text_of(reading, Text::device_name), "Garage");
  EXPECT_EQ(text_of(reading, Text::production_date), "2024-09-14");
  EXPECT_EQ(std::get<std::string>(extras_of(reading).at("model")), "JK_PB2A16S20P");
}

TEST(JkBmsPb, WithoutASerialNumberTheNameIsAllThereIs) {
  const auto named = [](const std::string& serial, const std::string& name) {
    return reading_of(kAbout, Block(kAbout).text(46, name).text(86, serial));
  };
  EXPECT_THAT(named("", "Garage").identities, ElementsAre("Garage"));
  EXPECT_EQ(text_of(named("", "Garage"), Text::serial_number), "Garage");
  EXPECT_THAT(named("00000000000", "Garage").identities, ElementsAre("Garage"));
  EXPECT_THAT(named("\xFF\xFE\xFF", "Garage").identities, ElementsAre("Garage"));
  EXPECT_THAT(named("40119491480", "40119491480").identities, ElementsAre("40119491480")) << "as from the factory";
  EXPECT_THAT(named("40119491480", "").identities, ElementsAre("40119491480"));
  EXPECT_THAT(named("1", "ABCDEFGHIJKLMNOP").identities, ElementsAre("1", "ABCDEFGHIJKLMNO"))
      << "it took 15 characters";
  EXPECT_THAT(named("", "").identities, IsEmpty());
  EXPECT_THAT(named("", "").texts, IsEmpty());
}

TEST(JkBmsPb, TextsEndAtTheFirstZero) {
  const Reading reading = reading_of(kAbout, about().text(86, std::string("123\0"
                                                                          "9491480",
                                                                          11)));
  EXPECT_EQ(reading.identities.front(), "123");
}

TEST(JkBmsPb, PassCodesAreNeverTold) {
  const Reading reading = reading_of(kAbout, about(), true);
  const auto is_secret = [](const std::string& text) { return text.find("PASS") != std::string::npos; };
  for (const auto& [which, content] : reading.texts) EXPECT_FALSE(is_secret(content));
  for (const auto& [key, value] : reading.extras) {
    const auto* text = std::get_if<std::string>(&value);
    EXPECT_FALSE(text != nullptr && is_secret(*text)) << key;
  }
}

TEST(JkBmsPb, WhatIsNoDateIsNotSaid) {
  for (const char* date : {"241314", "240932", "24091", "2409140", "24o914", "240014"}) {
    EXPECT_EQ(text_of(reading_of(kAbout, Block(kAbout).text(78, date)), Text::production_date), "") << date;
  }
}

}  // namespace
}  // namespace bmsd::jkbms_pb_test
