// Batteries that talk to inverters, frame by frame.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "battery/battery.h"
#include "can_frames.h"
#include "protocol/canbus_bms.h"

namespace bmsd::canbus_bms_test {
namespace {

using test::records;
using testing::ElementsAre;

class CanBusBms : public testing::Test {
 protected:
  void open(std::vector<Param> params) { session_ = kCanBusBms.open({.address = 0, .params = params}); }

  Result<Reading> hear(std::string_view frame) {
    now_ += 1s;
    const ByteVector record = records(frame);
    const Frame one{record};
    auto reading = session_->decode({nullptr, {&one, 1}, false, now_});
    if (reading) (void)battery_.merge(*reading, static_cast<std::uint8_t>(kCanBusBms.tag(one).exchange), now_);
    return reading;
  }
  void receive(std::string_view frame) { (void)hear(frame); }
  Errc error(std::string_view frame) {
    const auto reading = hear(frame);
    return reading ? Errc::count_ : reading.error().code;
  }
  Severity level(Alarm alarm) const { return battery_.alarms().of(alarm); }

  std::unique_ptr<Session> session_ = kCanBusBms.open({.address = 0});
  Battery battery_;
  Instant now_{1h};
};

TEST_F(CanBusBms, TheLimitsAreThoseOfTheBms) {
  receive("351#1402740E740ECC01");
  EXPECT_EQ(battery_.get(Field::charge_voltage_limit), 53.2);
  EXPECT_EQ(battery_.get(Field::max_charge_current), 370);
  EXPECT_EQ(battery_.get(Field::discharge_voltage_limit), 46);
  receive("351#14020000CEFF");
  EXPECT_EQ(battery_.get(Field::max_charge_current), 0) << "0 A is a value";
  EXPECT_EQ(battery_.get(Field::max_discharge_current), 5) << "the magnitude";
}

TEST_F(CanBusBms, AVoltageWaitsForTheLimitThatShowsWhatItIsCountedIn) {
  EXPECT_EQ(error("356#0A0211FFBE000000"), Errc::incomplete);
  receive("351#2E02040B040BB001");
  ASSERT_TRUE(hear("356#0A0211FFBE000000"));
  EXPECT_DOUBLE_EQ(*battery_.get(Field::voltage), 52.2) << "tenths";
  receive("356#7A13F2FE6B01");
  EXPECT_DOUBLE_EQ(*battery_.get(Field::voltage), 49.86) << "hundredths";
  open({{"voltage_scale", "0.1"}});
  ASSERT_TRUE(hear("356#0A0211FFBE000000"));
  EXPECT_DOUBLE_EQ(*battery_.get(Field::voltage), 52.2);
}

TEST_F(CanBusBms, AFineStateOfChargeIsTheWholeOneOnlyFiner) {
  receive("355#3C00640084170000");
  EXPECT_EQ(battery_.get(Field::soc), 60.2);
  for (const char* other : {"355#5D00640009000F00", "355#5D0064000000", "355#5D006400FFFF"}) {
    receive(other);
    EXPECT_EQ(battery_.get(Field::soc), 93) << other;
  }
}

TEST_F(CanBusBms, WhatNoBatteryCanHaveIsRefused) {
  receive("351#1402740E740ECC01");
  EXPECT_EQ(error("355#65006400"), Errc::implausible);
  EXPECT_EQ(error("355#004B6400"), Errc::implausible);
  EXPECT_EQ(error("355#5000C900"), Errc::implausible);
  EXPECT_EQ(error("356#000000000000"), Errc::implausible);
  EXPECT_EQ(error("356#112700000000"), Errc::implausible) << "100.01 V";
  EXPECT_EQ(error("351#1402740E74"), Errc::incomplete) << "too short";
  EXPECT_EQ(error("00000351#1402740E740ECC01"), Errc::command) << "an extended identifier of the same number";
  EXPECT_EQ(error("305#0000000000000000"), Errc::command) << "of the inverter";
}

TEST_F(CanBusBms, PairsOfBitsThatABatteryDoesNotTellAreNotFine) {
  receive("35A#A880820208000002");
  EXPECT_EQ(level(Alarm::high_voltage), Severity::ok);
  EXPECT_EQ(level(Alarm::low_temperature), Severity::unsupported);
  receive("35A#0000000000000000");
  EXPECT_EQ(level(Alarm::high_voltage), Severity::unsupported);
}

TEST_F(CanBusBms, AlarmsAndWarningsHaveTheirSeverityAndStopTheirDirection) {
  receive("35A#A4AAAA02AAAAAA02");
  EXPECT_EQ(level(Alarm::high_voltage), Severity::alarm);
  EXPECT_TRUE(battery_.alarms().blocks_charge());
  EXPECT_FALSE(battery_.alarms().blocks_discharge());
  receive("35A#AAAAAA02A4AAAA02");
  EXPECT_EQ(level(Alarm::high_voltage), Severity::warning);
  EXPECT_FALSE(battery_.alarms().blocks_charge());
  EXPECT_THAT(battery_.alarms().names, ElementsAre(testing::StrEq("high_voltage_warning")));
  receive("35A#AAAA9A02AAAAAA02");
  EXPECT_EQ(level(Alarm::high_discharge_current), Severity::alarm) << "a short circuit";
  EXPECT_EQ(level(Alarm::internal_failure), Severity::alarm);
}

TEST_F(CanBusBms, AGeneralAlarmIsAnInternalFailureOnlyWhereNothingElseSaysWhatItIs) {
  receive("35A#A9AAAA02AAAAAA02");
  EXPECT_EQ(level(Alarm::internal_failure), Severity::alarm);
  receive("35A#A5AAAA02AAAAAA02");
  EXPECT_EQ(level(Alarm::internal_failure), Severity::ok);
  EXPECT_EQ(level(Alarm::high_voltage), Severity::alarm);
}

TEST_F(CanBusBms, WhoSendsBothKindsOfAlarmsIsBelievedInVictrons) {
  receive("359#0200000001504E");
  EXPECT_EQ(level(Alarm::high_voltage), Severity::alarm);
  receive("35A#AAAAAA02AAAAAA02");
  receive("359#0200000001504E");
  EXPECT_EQ(level(Alarm::high_voltage), Severity::ok);
}

TEST_F(CanBusBms, TheNumberOfCellsFollowsFromTheExtremes) {
  receive("351#1402740E740ECC01");
  receive("356#6C142C01DC00");  // 52.28 V
  for (int i = 0; i < 9; ++i) receive("373#BE0CC80C27012801");
  EXPECT_FALSE(battery_.get(Field::cell_count));
  receive("373#BE0CC80C27012801");
  EXPECT_EQ(battery_.get(Field::cell_count), 16);
  EXPECT_EQ(battery_.get(Field::temperature_min), 22);
  receive("374#3032303400000000");
  EXPECT_EQ(battery_.text(Text::cell_voltage_min_id), "0204");
  EXPECT_FALSE(battery_.cell_voltages()) << "none are invented";
}

TEST_F(CanBusBms, ASerialNumberIsWhole) {
  EXPECT_EQ(error("380#424D534430303031"), Errc::incomplete) << "it is full: there may be more";
  receive("381#3233343500000000");
  EXPECT_EQ(battery_.text(Text::serial_number), "BMSD00012345");
  EXPECT_THAT(battery_.identities(), ElementsAre("BMSD00012345"));
  EXPECT_EQ(error("380#424D534430303032"), Errc::incomplete) << "another battery: its rest has not come";
  receive("380#424D534430303032");
  EXPECT_EQ(battery_.text(Text::serial_number), "BMSD0002") << "nothing came behind it";
}

TEST_F(CanBusBms, ASerialNumberThatAllHaveIsNoIdentity) {
  receive("380#4A42443837363534");
  receive("381#3332310000000000");
  EXPECT_EQ(battery_.text(Text::serial_number), "JBD87654321");
  EXPECT_TRUE(battery_.identities().empty());
}

TEST_F(CanBusBms, OfTwoBatteriesThatTakeTurnsNothingIsBelieved) {
  for (int i = 0; i < 3; ++i) {
    receive("355#50006400");
    receive("355#1E006400");
  }
  EXPECT_EQ(error("351#1402740E740ECC01"), Errc::config);
  EXPECT_EQ(error("355#50006400"), Errc::config);
  for (int i = 0; i < 70; ++i) receive("355#50006400");
  EXPECT_EQ(error("351#1402740E740ECC01"), Errc::count_) << "one has gone";
}

TEST_F(CanBusBms, AChangeOfTheStateOfChargeIsNotTwoBatteries) {
  for (const char* soc : {"355#50006400", "355#64006400", "355#64006400", "355#50006400", "355#64006400"})
    EXPECT_TRUE(hear(soc));
}

TEST_F(CanBusBms, WhatIsAvailableIsWhatRemainsWhereItCanBe) {
  receive("35F#0000100430010000");
  EXPECT_FALSE(battery_.get(Field::capacity_remaining));
  receive("379#C800");
  EXPECT_FALSE(battery_.get(Field::capacity_remaining)) << "304 of 200 Ah";
  receive("379#9001");
  EXPECT_EQ(battery_.get(Field::capacity_remaining), 304);
  EXPECT_EQ(battery_.text(Text::software_version), "10.04");
}

}  // namespace
}  // namespace bmsd::canbus_bms_test
