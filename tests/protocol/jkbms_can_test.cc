// A JK board on CAN, frame by frame with the instants at which frames come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "battery/battery.h"
#include "can_frames.h"
#include "protocol/jkbms_can.h"

namespace bmsd::jkbms_can_test {
namespace {

using test::records;
using testing::ElementsAre;
using testing::Optional;
using testing::SizeIs;

constexpr auto kStatus = "2F4#1402A00F50000000";    // 53.2 V, 0 A, 80 %
constexpr auto kExtremes = "4F4#FD0C01FD0C010000";  // all cells 3.325 V

class JkBmsCan : public testing::Test {
 protected:
  Result<Reading> hear(std::string_view frame, Duration after = 20ms) {
    now_ += after;
    const ByteVector record = records(frame);
    const Frame one{record};
    auto reading = session_->decode({nullptr, {&one, 1}, false, now_});
    if (reading) (void)battery_.merge(*reading, static_cast<std::uint8_t>(kJkBmsCan.tag(one).exchange), now_);
    return reading;
  }
  std::string cells(int part) { return "18E" + std::to_string(part) + "28F4#FD0CFD0CFD0CFD0C"; }
  void receive(std::string_view frame, Duration after = 20ms) { (void)hear(frame, after); }
  Errc error(std::string_view frame, Duration after = 20ms) {
    const auto reading = hear(frame, after);
    return reading ? Errc::count_ : reading.error().code;
  }
  void silence(std::string_view exchange) {
    const auto index = static_cast<std::uint8_t>(exchange_index(kJkBmsCan, exchange));
    if (const auto reading = session_->stayed_away(index)) (void)battery_.merge(*reading, index, now_);
  }

  std::unique_ptr<Session> session_ = kJkBmsCan.open({.address = 0});
  Battery battery_;
  Instant now_{1h};
};

TEST_F(JkBmsCan, AListIsWholeWhenItMakesThePackVoltage) {
  EXPECT_EQ(error(cells(0)), Errc::incomplete) << "nobody knows how many there are";
  EXPECT_TRUE(hear(kStatus));
  for (int part = 0; part < 3; ++part) EXPECT_EQ(error(cells(part)), Errc::incomplete);
  ASSERT_TRUE(hear(cells(3)));
  EXPECT_THAT(battery_.cell_voltages(), Optional(SizeIs(16)));
  EXPECT_NEAR(*battery_.get(Field::voltage), 53.2, 1e-9);
}

TEST_F(JkBmsCan, AListWhoseLastFrameWasLostIsNoShorterList) {
  receive(kStatus);
  for (int round = 0; round < 5; ++round) {
    for (int part = 0; part < 3; ++part) EXPECT_EQ(error(cells(part), part == 0 ? 1s : 1ms), Errc::incomplete);
  }
  EXPECT_FALSE(battery_.cell_voltages());
}

TEST_F(JkBmsCan, FramesOfTwoRoundsMakeNoList) {
  receive(kStatus);
  receive(cells(0));  // the rest of this round is lost, and the first of the next
  EXPECT_EQ(error(cells(1), 1s), Errc::incomplete);
  EXPECT_EQ(error(cells(2), 1ms), Errc::incomplete);
  EXPECT_EQ(error(cells(3), 1ms), Errc::incomplete);
  EXPECT_EQ(error(cells(0), 1s), Errc::incomplete) << "the later three are a second old";
}

TEST_F(JkBmsCan, ABoardMaySpreadItsCellsOverItsSecond) {
  receive(kStatus);
  for (int part = 0; part < 3; ++part) EXPECT_EQ(error(cells(part), 300ms), Errc::incomplete);
  EXPECT_TRUE(hear(cells(3), 300ms));
}

TEST_F(JkBmsCan, AbsentCellsHaveZerosAndOneInBetweenIsAHole) {
  receive("2F4#8500A00F50000000");  // 13.3 V
  EXPECT_EQ(error("18E028F4#FD0C0000FD0CFD0C"), Errc::incomplete);
  ASSERT_TRUE(hear("18E028F4#FD0CFD0CFD0CFD0C"));
  EXPECT_THAT(battery_.cell_voltages(), Optional(SizeIs(4)));
}

TEST_F(JkBmsCan, WithoutListsTheNumberOfCellsFollowsFromTheExtremesAndThePack) {
  receive(kStatus);
  for (int i = 0; i < 9; ++i) receive(kExtremes);
  EXPECT_FALSE(battery_.get(Field::cell_count));
  receive(kExtremes);
  EXPECT_EQ(battery_.get(Field::cell_count), 16);
  EXPECT_EQ(battery_.get(Field::cell_voltage_max), 3.325);
  EXPECT_EQ(battery_.text(Text::cell_voltage_min_id), "C1");
  EXPECT_FALSE(battery_.cell_voltages());
  EXPECT_EQ(battery_.get(Field::voltage), 53.2);
}

TEST_F(JkBmsCan, ANumberOfCellsThatDoesNotFitIsNotSaid) {
  receive("2F4#0002A00F50000000");  // 51.2 V: 15.4 cells
  for (int i = 0; i < 20; ++i) receive(kExtremes);
  EXPECT_FALSE(battery_.get(Field::cell_count));
}

TEST_F(JkBmsCan, ListsThatStopComingAreForgotten) {
  receive(kStatus);
  for (int part = 0; part < 4; ++part) receive(cells(part), 1ms);
  ASSERT_TRUE(battery_.cell_voltages());
  silence("18E0");
  EXPECT_FALSE(battery_.cell_voltages());
  receive(kStatus);
  EXPECT_EQ(battery_.get(Field::voltage), 53.2);
}

TEST_F(JkBmsCan, AnAlarmEndsWithItsFrames) {
  receive(kStatus);
  EXPECT_EQ(battery_.alarms().of(Alarm::high_cell_voltage), Severity::ok);
  receive("7F4#0100000000000000");
  EXPECT_EQ(battery_.alarms().of(Alarm::high_cell_voltage), Severity::alarm);
  EXPECT_TRUE(battery_.alarms().blocks_charge());
  receive("7F4#0300000000000000");
  EXPECT_EQ(battery_.alarms().of(Alarm::high_cell_voltage), Severity::warning);
  EXPECT_FALSE(battery_.alarms().blocks_charge());
  silence("7F4");
  EXPECT_EQ(battery_.alarms().of(Alarm::high_cell_voltage), Severity::ok);
}

TEST_F(JkBmsCan, WhatStopsComingIsUnknown) {
  receive(kStatus);
  receive("5F4#4B0143013C000000");
  receive("18F228F4#0F474A512BFF0000");
  receive("18F528F4#0300000000000000");
  EXPECT_EQ(battery_.get(Field::temperature_max), 25);
  EXPECT_EQ(battery_.get(Field::temperature_min), 17);
  EXPECT_THAT(battery_.cell_temperatures(), Optional(ElementsAre(21, 24, -7)));
  EXPECT_EQ(battery_.get(Field::mos_temperature), 31);
  EXPECT_EQ(battery_.get(Field::charge_fet_on), 1);
  silence("5F4");
  EXPECT_FALSE(battery_.get(Field::temperature_max));
  EXPECT_FALSE(battery_.get(Field::temperature_min));
  EXPECT_TRUE(battery_.get(Field::mos_temperature));
  silence("18F2");
  EXPECT_THAT(battery_.cell_temperatures(), Optional(SizeIs(0)));
  EXPECT_FALSE(battery_.get(Field::mos_temperature));
  EXPECT_TRUE(battery_.get(Field::charge_fet_on));
  silence("18F5");
  EXPECT_FALSE(battery_.get(Field::charge_fet_on));
  EXPECT_FALSE(battery_.get(Field::discharge_fet_on));
}

TEST_F(JkBmsCan, TheSilenceOfTheRestSaysNothing) {
  receive(kStatus);
  for (const char* exchange : {"2F4", "4F4", "18F1", "18F3", "18F4", "18E0", "1806"}) {
    const auto index = static_cast<std::uint8_t>(exchange_index(kJkBmsCan, exchange));
    EXPECT_FALSE(session_->stayed_away(index)) << exchange;
  }
  EXPECT_FALSE(session_->stayed_away(200));
}

TEST_F(JkBmsCan, WhatItAsksAChargerForIsShownInTheOrderOfBytesThatFitsThePack) {
  session_ = kJkBmsCan.open({.address = 0, .extras = true});
  const auto charger = [this](std::string_view frame) {
    std::map<std::string, ExtraValue> extras;
    const auto reading = hear(frame);
    if (reading) extras.insert(reading->extras.begin(), reading->extras.end());
    return extras;
  };
  EXPECT_TRUE(charger("1806E5F4#0240019000000000").empty()) << "the voltage of the pack is not known";
  receive(kStatus);
  for (const char* frame : {"1806E5F4#0240019000000000", "1806E5F4#4002900100000000"}) {
    const auto extras = charger(frame);
    ASSERT_EQ(extras.size(), 3U) << frame;
    EXPECT_EQ(std::get<double>(extras.at("charger_voltage_v")), 57.6);
    EXPECT_EQ(std::get<double>(extras.at("charger_current_a")), 40);
    EXPECT_FALSE(std::get<bool>(extras.at("charger_stopped")));
  }
  EXPECT_TRUE(std::get<bool>(charger("1806E5F4#0240019001000000").at("charger_stopped")));
  EXPECT_TRUE(charger("1806E5F4#0100019000000000").empty()) << "25.6 V or 0.1 V for a pack of 53.2 V";
  session_ = kJkBmsCan.open({.address = 0});
  receive(kStatus);
  EXPECT_TRUE(charger("1806E5F4#0240019000000000").empty()) << "nobody wants to see it";
}

TEST_F(JkBmsCan, FramesOfOthersAreNotItsOwn) {
  EXPECT_EQ(error("2F6#1402A00F50000000"), Errc::address);
  EXPECT_EQ(error("18E128F6#FD0CFD0CFD0CFD0C"), Errc::address);
  EXPECT_EQ(error("000002F4#1402A00F50000000"), Errc::command) << "an extended identifier of the same number";
  EXPECT_EQ(error("300#1402A00F50000000"), Errc::command) << "address 12 carries into the next byte";
  EXPECT_EQ(error("2F4#1402A00F"), Errc::incomplete);
  EXPECT_EQ(kJkBmsCan.tag({records("2F6#1402A00F50000000")}).address, 2);
  EXPECT_EQ(kJkBmsCan.tag({records("351#1402A00F50000000")}).role, Role::foreign);
}

TEST_F(JkBmsCan, TheVersionIsSaidWhenItIsKnown) {
  receive(kStatus);
  EXPECT_EQ(battery_.text(Text::hardware), "");
  receive(kStatus, 3s);
  EXPECT_EQ(battery_.text(Text::hardware), "JKBMS CAN V1");
  receive(cells(0));
  receive(kStatus);
  EXPECT_EQ(battery_.text(Text::hardware), "JKBMS CAN V2");
}

}  // namespace
}  // namespace bmsd::jkbms_can_test
