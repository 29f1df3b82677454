// What the settings hold of a battery, and what of it is forgotten.
#include "venus/stored_devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "venus/kept_settings.h"

namespace bmsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kNow = 1'700'000'000, kDay = 24 * 3600;

StoredDevice device(const std::string& name, const std::string& identity, std::optional<std::int32_t> instance,
                    std::int64_t last_seen = 1000) {
  StoredDevice stored{"serialbattery_" + name, identity, instance};
  stored.kept.instance = instance.value_or(0);
  stored.kept.last_seen = last_seen;
  return stored;
}

TEST(StoredDevices, AreReadFromTheTreeWhateverElseIsInIt) {
  const auto devices = stored_devices({{"serialbattery_A/ClassAndVrmInstance", "battery:2"},
                                       {"serialbattery_A/CustomName", "Shed"},
                                       {"serialbattery_A/LastSeen", 1'700'000'000},
                                       {"serialbattery_A/UniqueIdentifier", "a "},
                                       {"serialbattery_A/AllowMaxVoltage", 0},
                                       {"serialbattery_A/MaxVoltageStartTime", "1699999999"},
                                       {"serialbattery_A/SocCalc", "55.1"},
                                       {"serialbattery_A/SocResetLastReached", 1'600'000'000},
                                       {"serialbattery_A/HistoryValues", "{}"},
                                       {"serialbattery_B/CustomName", "Barn"},
                                       {"vebus_1/ClassAndVrmInstance", "battery:7"},
                                       {"NoSlash", 1}});
  ASSERT_THAT(devices, SizeIs(2));
  EXPECT_EQ(devices[0].name, "serialbattery_A");
  EXPECT_EQ(devices[0].identity, "a_");
  EXPECT_EQ(devices[0].instance, 2);
  EXPECT_EQ(devices[0].kept, (Kept{2, "Shed", 1'700'000'000, 0, "1699999999", "55.1", 1'600'000'000, "{}"}));
  EXPECT_THAT(devices[0].values, SizeIs(9));
  EXPECT_EQ(devices[1].instance, std::nullopt);
  EXPECT_EQ(devices[1].kept.allow_max_voltage, 1) << "as a new one has it";
  EXPECT_THAT(devices[1].values, SizeIs(1));
}

TEST(StoredDevices, ValuesOfAnotherTypeAreReadAsFarAsTheyGo) {
  const auto devices = stored_devices({{"serialbattery_A/LastSeen", "1700000000"},
                                       {"serialbattery_A/CustomName", 12},
                                       {"serialbattery_A/AllowMaxVoltage", "1"},
                                       {"serialbattery_A/MaxVoltageStartTime", 0},
                                       {"serialbattery_A/SocCalc", 55.5},
                                       {"serialbattery_A/SocResetLastReached", "never"}});
  EXPECT_EQ(devices[0].kept, (Kept{0, "12", 1'700'000'000, 1, "", "55.5", 0, ""}));
}

TEST(BatteryInstance, IsTheNumberOfTheClassBattery) {
  EXPECT_EQ(battery_instance("battery:12"), 12);
  EXPECT_EQ(battery_instance("battery:"), std::nullopt);
  EXPECT_EQ(battery_instance("battery:1x"), std::nullopt);
  EXPECT_EQ(battery_instance("battery:-1"), std::nullopt);
  EXPECT_EQ(battery_instance("grid:1"), std::nullopt);
}

TEST(StoredOf, WithoutAnEntryThereIsNothing) {
  const std::vector devices = {device("SN_2", "SN_2", 4)};
  const Choice choice = stored_of("SN_1", devices);
  EXPECT_EQ(choice.identity, "SN_1");
  EXPECT_FALSE(choice.newest);
  EXPECT_FALSE(choice.own);
  EXPECT_FALSE(stored_of("", std::vector{device("", "", 4)}).newest) << "no identity is nobody's";
}

TEST(StoredOf, OfEntriesThatDifferInCaseTheNewestKnowsBest) {
  const std::vector devices = {device("ABC", "ABC", 2, 5), device("Abc", "Abc", 4, 7), device("abc", "abc", 6, 6)};
  const Choice choice = stored_of("aBC", devices);
  EXPECT_EQ(choice.newest->name, "serialbattery_Abc");
  EXPECT_EQ(choice.own->name, "serialbattery_ABC");
  EXPECT_THAT(choice.in_the_way, ElementsAre("serialbattery_Abc"));
  EXPECT_EQ(choice.newest_other, 7);
}

TEST(StoredOf, OfEquallyNewOnesOursCounts) {
  const std::vector devices = {device("Abc", "Abc", 4, 7), device("ABC", "ABC", 2, 7), device("abc", "abc", 6, 7)};
  EXPECT_EQ(stored_of("abc", devices).newest->name, "serialbattery_ABC");
  EXPECT_THAT(stored_of("abc", devices).in_the_way, IsEmpty());
}

TEST(StoredOf, AnEntryThatIsNamedLikeOursIsOursWhateverItsIdentitySays) {
  EXPECT_EQ(stored_of("abc", std::vector{device("ABC", "", 4)}).newest->instance, 4);
  EXPECT_EQ(stored_of("abc", std::vector{device("Abc", "", 4)}).newest->instance, 4);
  EXPECT_EQ(stored_of("abc", std::vector{device("ABC", "other", 4)}).newest->instance, 4);
  EXPECT_FALSE(stored_of("abc", std::vector{device("Abc", "other", 4)}).newest);
}

TEST(StoredOf, AnEntryWithoutADeviceInstanceIsNoSource) {
  const Choice choice = stored_of("abc", std::vector{device("ABC", "abc", std::nullopt)});
  EXPECT_FALSE(choice.newest);
  EXPECT_TRUE(choice.own);
}

struct Forgotten : ::testing::Test {
  std::vector<std::string> names(std::int64_t now = kNow, std::int64_t away_since = kNow - kDay) const {
    std::vector<std::string> found;
    for (const auto& stored :
         forgotten(devices, now, away_since, [this](const StoredDevice& one) { return one.name == in_use; })) {
      found.push_back(stored.name);
    }
    return found;
  }
  std::vector<StoredDevice> devices = {device("OLD", "OLD", 1, kNow - 32 * kDay), device("NEVER", "NEVER", 2, 0),
                                       device("NEW", "NEW", 3, kNow - 28 * kDay), device("OUR", "OUR", 4, kNow)};
  std::string in_use;
};

TEST_F(Forgotten, IsWhatWasNotSeenForThirtyDaysOrNever) {
  EXPECT_THAT(names(), ElementsAre("serialbattery_OLD", "serialbattery_NEVER"));
  EXPECT_THAT(names(kNow, 0), ElementsAre("serialbattery_OLD", "serialbattery_NEVER"));
}

TEST_F(Forgotten, NothingIsThatIsInUse) {
  in_use = "serialbattery_OLD";
  EXPECT_THAT(names(), ElementsAre("serialbattery_NEVER"));
}

TEST_F(Forgotten, NothingIsWhileTheClockCannotBeRight) {
  EXPECT_THAT(names(100'000), IsEmpty());
  EXPECT_THAT(names(kNow - 1), IsEmpty()) << "one was seen later than now";
  devices.clear();
  devices.push_back(device("NEVER", "NEVER", 2, 0));
  EXPECT_THAT(names(kClockIsSet - 1), IsEmpty());
  EXPECT_THAT(names(kClockIsSet), SizeIs(1));
}

TEST_F(Forgotten, AWinterInWhichTheWholeSystemWasOffDoesNotCount) {
  EXPECT_THAT(names(kNow + 100 * kDay, kNow), ElementsAre("serialbattery_OLD", "serialbattery_NEVER"));
}

}  // namespace
}  // namespace bmsd
