// The frames that only some batteries send: Pytes' own set, Discover's, numbers in the place of a name, requests to charge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "battery/battery.h"
#include "can_frames.h"
#include "protocol/canbus_bms.h"

namespace bmsd::canbus_bms_values_test {
namespace {

using test::records;
using testing::ElementsAre;
using testing::IsEmpty;

class CanBusBmsValues : public testing::Test {
 protected:
  void open(std::vector<Param> params) { session_ = kCanBusBms.open({.address = 0, .params = params, .extras = true}); }

  void receive(std::string_view frame) {
    now_ += 1s;
    const ByteVector record = records(frame);
    const Frame one{record};
    const auto reading = session_->decode({nullptr, {&one, 1}, false, now_});
    ASSERT_TRUE(reading) << frame << ' ' << describe(reading.error());
    (void)battery_.merge(*reading, static_cast<std::uint8_t>(kCanBusBms.tag(one).exchange), now_);
    for (const auto& [key, value] : reading->extras) extras_[key] = value;
  }
  Severity level(Alarm alarm) const { return battery_.alarms().of(alarm); }
  double number(const char* key) const { return std::get<double>(extras_.at(key)); }
  bool truth(const char* key) const { return std::get<bool>(extras_.at(key)); }
  std::string dialect() const { return std::get<std::string>(extras_.at("dialect")); }
  std::vector<std::string> warnings() const { return std::get<std::vector<std::string>>(extras_.at("warnings")); }

  std::unique_ptr<Session> session_ = kCanBusBms.open({.address = 0, .extras = true});
  Battery battery_;
  std::map<std::string, ExtraValue> extras_;
  Instant now_{1h};
};

// --- Pytes' own set ---

TEST_F(CanBusBmsValues, ARackWithItsOwnSetSaysTheSame) {
  receive("400#1402740E740ECC01");
  receive("404#5D00C800FFFF0401");
  receive("405#7A13F2FE6B010000");
  EXPECT_EQ(dialect(), "pytes");
  EXPECT_EQ(battery_.get(Field::charge_voltage_limit), 53.2);
  EXPECT_EQ(battery_.get(Field::soc), 93) << "no fine one there";
  EXPECT_EQ(battery_.get(Field::soh), 100) << "at most";
  EXPECT_EQ(battery_.get(Field::cycles), 260);
  EXPECT_DOUBLE_EQ(*battery_.get(Field::voltage), 49.86);
  EXPECT_EQ(battery_.get(Field::current), -27);
  receive("401#E60CB90C0B000300");
  EXPECT_EQ(battery_.get(Field::cell_voltage_max), 3.302);
  EXPECT_EQ(battery_.get(Field::cell_voltage_min), 3.257);
  EXPECT_EQ(battery_.text(Text::cell_voltage_max_id), "11");
  EXPECT_EQ(battery_.text(Text::cell_voltage_min_id), "3");
  receive("402#FF00F6FF02000400");
  EXPECT_EQ(battery_.get(Field::temperature_max), 25.5);
  EXPECT_EQ(battery_.get(Field::temperature_min), -1);
  EXPECT_EQ(battery_.text(Text::temperature_max_id), "2");
  EXPECT_EQ(battery_.text(Text::temperature_min_id), "4");
}

TEST_F(CanBusBmsValues, ACapacityOfTheOwnSetIsInThousandths) {
  receive("409#C0450400A86A0200");
  EXPECT_EQ(battery_.get(Field::capacity_full), 280);
  EXPECT_EQ(battery_.get(Field::capacity_remaining), 158.376);
  receive("40A#5059544553");
  EXPECT_EQ(battery_.text(Text::manufacturer), "PYTES");
  receive("40B#0000000000000402");
  EXPECT_EQ(number("modules_online"), 4);
  EXPECT_EQ(number("modules_offline"), 2);
  receive("41E#3A30000060AE0A00");
  EXPECT_EQ(battery_.get(Field::total_charge_energy), 1234.6);
  EXPECT_EQ(battery_.get(Field::total_discharge_energy), 70000);
}

TEST_F(CanBusBmsValues, TheSwitchesOfTheOwnSetAreBytes) {
  receive("408#0100000000030500");
  EXPECT_EQ(battery_.get(Field::charge_fet_on), 1);
  EXPECT_EQ(battery_.get(Field::discharge_fet_on), 0);
  EXPECT_EQ(number("blocking_charge_mask_raw"), 3);
  EXPECT_EQ(number("blocking_discharge_mask_raw"), 5);
  EXPECT_FALSE(truth("force_charge_1"));
  receive("408#0001010000000000");
  EXPECT_EQ(battery_.get(Field::charge_fet_on), 0);
  EXPECT_EQ(battery_.get(Field::discharge_fet_on), 1);
  EXPECT_TRUE(truth("force_charge_1"));
}

TEST_F(CanBusBmsValues, EveryAlarmOfTheOwnSetHasItsBit) {
  struct One {
    int bit;
    Alarm alarm;
    Severity severity;
  };
  for (const One& one :
       {One{0, Alarm::high_voltage, Severity::alarm}, One{1, Alarm::high_voltage, Severity::warning},
        One{3, Alarm::low_voltage, Severity::warning}, One{4, Alarm::low_voltage, Severity::alarm},
        One{8, Alarm::high_temperature, Severity::alarm}, One{9, Alarm::high_temperature, Severity::warning},
        One{11, Alarm::low_temperature, Severity::warning}, One{12, Alarm::low_temperature, Severity::alarm},
        One{17, Alarm::high_discharge_current, Severity::alarm},
        One{18, Alarm::high_discharge_current, Severity::alarm}, One{19, Alarm::high_charge_current, Severity::alarm},
        One{20, Alarm::high_charge_current, Severity::alarm}, One{21, Alarm::high_discharge_current, Severity::warning},
        One{22, Alarm::high_charge_current, Severity::warning}}) {
    ByteVector words(8, 0);
    const auto byte = static_cast<std::size_t>(one.bit) / 8;
    for (const std::size_t word : {std::size_t{0}, std::size_t{4}}) {
      words.assign(8, 0);
      words[word + byte] = static_cast<std::uint8_t>(1U << one.bit % 8);
      receive("403#" + to_hex(words));
      EXPECT_EQ(level(one.alarm), one.severity) << one.bit << " of either word";
      EXPECT_EQ(battery_.alarms().names.size(), 1U) << one.bit;
    }
  }
  receive("403#0000000C00000000");
  EXPECT_THAT(battery_.alarms().names, IsEmpty()) << "it charges, it discharges";
  EXPECT_EQ(level(Alarm::high_voltage), Severity::ok);
  EXPECT_EQ(level(Alarm::cell_imbalance), Severity::unsupported);
}

TEST_F(CanBusBmsValues, AnInternalFailureOfTheOwnSetStandsBesideTheOthers) {
  receive("406#0080");
  EXPECT_EQ(level(Alarm::internal_failure), Severity::alarm);
  receive("403#0100000000000000");
  EXPECT_EQ(level(Alarm::internal_failure), Severity::alarm);
  EXPECT_EQ(level(Alarm::high_voltage), Severity::alarm);
  receive("406#FF7F");
  EXPECT_EQ(level(Alarm::internal_failure), Severity::ok);
  EXPECT_EQ(level(Alarm::high_voltage), Severity::alarm);
}

TEST_F(CanBusBmsValues, WhoSendsAnotherKindOfAlarmsTooIsBelievedInThose) {
  receive("359#0000000001504E");
  receive("403#0100000000000000");
  EXPECT_EQ(level(Alarm::high_voltage), Severity::ok);
}

// --- Requests ---

TEST_F(CanBusBmsValues, RequestsToChargeAreShown) {
  receive("35C#C0");
  EXPECT_EQ(battery_.get(Field::charge_fet_on), 1);
  EXPECT_EQ(battery_.get(Field::discharge_fet_on), 1);
  EXPECT_FALSE(truth("force_charge_1"));
  EXPECT_FALSE(truth("force_charge_2"));
  EXPECT_FALSE(truth("full_charge_requested"));
  receive("35C#6000");
  EXPECT_EQ(battery_.get(Field::charge_fet_on), 0);
  EXPECT_TRUE(truth("force_charge_1"));
  receive("35C#9800");
  EXPECT_EQ(battery_.get(Field::discharge_fet_on), 0);
  EXPECT_FALSE(truth("force_charge_1"));
  EXPECT_TRUE(truth("force_charge_2"));
  EXPECT_TRUE(truth("full_charge_requested"));
}

TEST_F(CanBusBmsValues, ARequestOfEitherFrameStandsUntilThatOneTakesItBack) {
  receive("360#FF");
  EXPECT_TRUE(truth("force_charge_1"));
  receive("35C#C0");
  EXPECT_TRUE(truth("force_charge_1")) << "the other one has not taken it back";
  extras_.clear();
  receive("360#55");
  EXPECT_FALSE(extras_.contains("force_charge_1")) << "nobody knows what this is";
  receive("360#00");
  EXPECT_FALSE(truth("force_charge_1"));
}

// --- Numbers in the place of a name ---

TEST_F(CanBusBmsValues, ANameOrNumbersAreToldApartByTheirBytes) {
  receive("370#FF00F6FFE60CB90C");
  EXPECT_EQ(battery_.get(Field::temperature_max), 25.5);
  EXPECT_EQ(battery_.get(Field::temperature_min), -1);
  EXPECT_EQ(battery_.get(Field::cell_voltage_max), 3.302);
  EXPECT_EQ(battery_.get(Field::cell_voltage_min), 3.257);
  EXPECT_EQ(battery_.text(Text::device_name), "");
  receive("371#0101020103010401");
  EXPECT_EQ(battery_.text(Text::device_name), "");
}

TEST_F(CanBusBmsValues, WhereTheExtremesHaveAFrameOfTheirOwnItIsBelieved) {
  receive("373#800CE40C27012A01");
  receive("370#FF00F6FFE60CB90C");
  EXPECT_EQ(battery_.get(Field::cell_voltage_max), 3.3);
  EXPECT_EQ(battery_.get(Field::temperature_max), 25);
}

TEST_F(CanBusBmsValues, ALongNameIsOfBothFramesInWhicheverOrder) {
  receive("370#5241434B00000000");
  EXPECT_EQ(battery_.text(Text::device_name), "RACK") << "it is not full: nothing belongs behind it";
  receive("371#2020202020202020");
  EXPECT_EQ(battery_.text(Text::device_name), "RACK");
  receive("370#43414E2D534D4152");
  receive("371#54424D532D424154");
  EXPECT_EQ(battery_.text(Text::device_name), "CAN-SMARTBMS-BAT");
  receive("370#43414E2D534D4152");
  EXPECT_EQ(battery_.text(Text::device_name), "CAN-SMARTBMS-BAT") << "the rest is known";
}

TEST_F(CanBusBmsValues, ExtremesOfNothingAreNone) {
  receive("373#0000000000000000");
  EXPECT_FALSE(battery_.get(Field::cell_voltage_max));
  EXPECT_FALSE(battery_.get(Field::temperature_max));
}

// --- Capacities ---

TEST_F(CanBusBmsValues, DiscoverTellsBothCapacitiesInOneFrame) {
  receive("354#18019E00");
  EXPECT_EQ(battery_.get(Field::capacity_full), 280);
  EXPECT_EQ(battery_.get(Field::capacity_remaining), 158);
  receive("35F#0000100430010000");
  EXPECT_EQ(battery_.get(Field::capacity_remaining), 158) << "what remains is told";
  receive("379#9001");
  receive("354#18019D00");
  EXPECT_EQ(battery_.get(Field::capacity_full), 400) << "what is installed goes before";
  EXPECT_EQ(battery_.get(Field::capacity_remaining), 157);
}

TEST_F(CanBusBmsValues, AConfiguredCapacityIsTakenUntilTheBatteryTellsOne) {
  open({{"BATTERY_CAPACITY", "300"}, {"INVERT_CURRENT_MEASUREMENT", "-1"}, {"voltage_scale", "0.01"}});
  receive("356#7A13F2FE6B01");
  EXPECT_EQ(battery_.get(Field::capacity_full), 300);
  EXPECT_EQ(battery_.get(Field::current), 27) << "counted the other way round";
  receive("379#1801");
  receive("356#7A13F2FE6B01");
  EXPECT_EQ(battery_.get(Field::capacity_full), 280);
}

TEST_F(CanBusBmsValues, AnOptionThatIsNoNumberIsNone) {
  open({{"BATTERY_CAPACITY", "300 Ah"}, {"voltage_scale", "0.01"}, {"BATTERY_CAPACITY", "-3"}});
  receive("356#7A13F2FE6B01");
  EXPECT_FALSE(battery_.get(Field::capacity_full));
}

// --- The rest ---

TEST_F(CanBusBmsValues, ModulesAreShown) {
  receive("359#0000000006504E");
  EXPECT_EQ(number("module_count"), 6);
  EXPECT_EQ(dialect(), "pylontech");
  receive("372#0300020001000201");
  EXPECT_EQ(number("modules_online"), 3);
  EXPECT_EQ(number("modules_blocking_charge"), 2);
  EXPECT_EQ(number("modules_blocking_discharge"), 1);
  EXPECT_EQ(number("modules_offline"), 258);
}

TEST_F(CanBusBmsValues, WarningsAreShownByName) {
  receive("35A#AAAAAA02A59AAA01");
  EXPECT_EQ(dialect(), "victron");
  EXPECT_THAT(warnings(), ElementsAre("general", "high_voltage", "low_charge_temperature", "cell_imbalance"));
}

TEST_F(CanBusBmsValues, AFamilyIsTheHardwareAndAVersionHasHexadecimalDigits) {
  receive("382#4C465020");
  EXPECT_EQ(battery_.text(Text::hardware), "LFP");
  receive("35F#34120D0500000000");
  EXPECT_EQ(battery_.text(Text::software_version), "d.05");
  EXPECT_EQ(number("product_raw"), 0x1234);
  EXPECT_FALSE(extras_.contains("capacity_available_ah"));
  receive("35E#50594C4F4E1CFC08");
  EXPECT_EQ(battery_.text(Text::manufacturer), "PYLON") << "up to what cannot be printed";
  receive("35E#2020");
  EXPECT_EQ(battery_.text(Text::manufacturer), "PYLON") << "blanks are no maker";
}

}  // namespace
}  // namespace bmsd::canbus_bms_values_test
