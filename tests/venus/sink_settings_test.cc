// The sink with a settings service that is faithful where it matters: who a battery is, what it kept, how both survive.
#include <gmock/gmock.h>

#include "sink_fixture.h"

namespace bmsd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int64_t kDay = 24 * 3600;

// What the driver that most systems come from leaves of a Daren pack; the serial number is not the best identity.
FakeSettings::File old_drivers_file() {
  return {{kDevice + "ClassAndVrmInstance", "battery:3"},
          {kDevice + "CustomName", "Shed"},
          {kDevice + "UniqueIdentifier", "JD2M02150860_1_"},
          {kDevice + "LastSeen", static_cast<std::int32_t>(kNow - kDay)},
          {kDevice + "AllowMaxVoltage", 0},
          {kDevice + "MaxVoltageStartTime", "1699990000"},
          {kDevice + "SocCalc", "71.234"},
          {kDevice + "SocResetLastReached", 1'699'000'000},
          {kDevice + "HistoryValues", R"({"total_ah_drawn": -4711})"}};
}

class SinkWithSettings : public SinkTest {
 protected:
  void with_old_identity() { pack.identity.identities = {"DJM2205180061", "JD2M02150860 1 "}; }
  TestClient& client() {
    if (!client_) client_ = std::make_unique<TestClient>(io, bus.address());
    return *client_;
  }
  BusValue shown(const std::string& path) { return client().value(kService, path); }
  bool holds(const std::string& path, const BusValue& value) {
    return run_until(io, [&] { return settings->value(path) == value; });
  }

 private:
  std::unique_ptr<TestClient> client_;
};

TEST_F(SinkWithSettings, ANewBatteryIsEntered) {
  start_settings({{kDevices + "vebus_1/ClassAndVrmInstance", "battery:1"}});
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(2)) << "the next free one";
  EXPECT_EQ(settings->size(), 10U);
  EXPECT_EQ(settings->value(kDevice + "ClassAndVrmInstance"), BusValue("battery:2"));
  EXPECT_EQ(settings->value(kDevice + "UniqueIdentifier"), BusValue("JD2M02150860_1_"));
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue(""));
  EXPECT_EQ(settings->value(kDevice + "AllowMaxVoltage"), BusValue(1));
  EXPECT_EQ(settings->value(kDevice + "MaxVoltageStartTime"), BusValue(""));
  EXPECT_EQ(settings->value(kDevice + "SocCalc"), BusValue(""));
  EXPECT_EQ(settings->value(kDevice + "SocResetLastReached"), BusValue(0));
  EXPECT_EQ(settings->value(kDevice + "HistoryValues"), BusValue(""));
  EXPECT_TRUE(settings->is_silent(kDevice + "SocCalc"));
  EXPECT_TRUE(settings->is_silent(kDevice + "HistoryValues"));
  EXPECT_FALSE(settings->is_silent(kDevice + "CustomName"));
  EXPECT_TRUE(holds(kDevice + "LastSeen", static_cast<std::int32_t>(kNow)));
}

TEST_F(SinkWithSettings, WhatTheOldDriverLeftIsTakenOver) {
  with_old_identity();
  start_settings(old_drivers_file());
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(shown("/Serial"), BusValue("JD2M02150860_1_"));
  EXPECT_TRUE(holds(kDevice + "LastSeen", static_cast<std::int32_t>(kNow)));
  auto file = old_drivers_file();
  file[kDevice + "LastSeen"] = static_cast<std::int32_t>(kNow);
  EXPECT_EQ(settings->file(), file) << "nothing else was added or changed";
  const Kept kept{3, "Shed", kNow - kDay, 0, "1699990000", "71.234", 1'699'000'000, R"({"total_ah_drawn": -4711})"};
  EXPECT_THAT(restored["ttyUSB0 0x01"], ElementsAre(kept));
  EXPECT_EQ(state["JD2M02150860_1_"].instance, 3) << "the state file mirrors it";
  EXPECT_EQ(state["JD2M02150860_1_"].soc_calc, "71.234");
  EXPECT_THAT(state, SizeIs(1));

  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3)) << "after a restart";
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(shown("/Serial"), BusValue("JD2M02150860_1_"));
  EXPECT_EQ(settings->file(), file);
}

TEST_F(SinkWithSettings, ABestIdentityThatTheSettingsHoldWinsOverWhatTheOldDriverLeft) {
  with_old_identity();
  auto file = old_drivers_file();
  file[kDevices + "serialbattery_DJM2205180061/ClassAndVrmInstance"] = "battery:8";
  file[kDevices + "serialbattery_DJM2205180061/UniqueIdentifier"] = "DJM2205180061";
  start_settings(file);
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(8));
  EXPECT_EQ(shown("/Serial"), BusValue("DJM2205180061"));
  EXPECT_EQ(shown("/CustomName"), BusValue(""));
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue("Shed")) << "not touched";
}

TEST_F(SinkWithSettings, OfEntriesThatDifferInCaseTheNewestHasItsValuesMovedToOurs) {
  const std::string lower = kDevices + "serialbattery_Jd2m02150860_1_/";
  auto file = old_drivers_file();
  file[kDevice + "CustomName"] = "before";
  file[kDevice + "SocCalc"] = "11";
  for (const auto& [path, value] : old_drivers_file()) file[lower + path.substr(kDevice.size())] = value;
  file[lower + "UniqueIdentifier"] = "Jd2m02150860_1_";
  file[lower + "ClassAndVrmInstance"] = "battery:5";
  file[lower + "LastSeen"] = static_cast<std::int32_t>(kNow - 60);
  start_settings(file);
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(5));
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(settings->value(kDevice + "ClassAndVrmInstance"), BusValue("battery:5"));
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue("Shed"));
  EXPECT_EQ(settings->value(kDevice + "SocCalc"), BusValue("71.234"));
  EXPECT_EQ(restored["ttyUSB0 0x01"].at(0).soc_calc, "71.234");
  EXPECT_EQ(settings->value(lower + "ClassAndVrmInstance"), BusValue("battery:6"));

  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 0);
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(5)) << "ours is the newest now";
  EXPECT_EQ(shown("/CustomName"), BusValue("Barn"));
}

TEST_F(SinkWithSettings, AnEntryOfAnotherCaseAloneGivesItsValuesToANewOne) {
  const std::string lower = kDevices + "serialbattery_jd2m02150860_1_/";
  FakeSettings::File file;
  for (const auto& [path, value] : old_drivers_file()) file[lower + path.substr(kDevice.size())] = value;
  start_settings(file);
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_TRUE(holds(kDevice + "HistoryValues", R"({"total_ah_drawn": -4711})"));
  EXPECT_EQ(settings->value(kDevice + "ClassAndVrmInstance"), BusValue("battery:3"));
}

TEST_F(SinkWithSettings, AnEntryOfAnotherTypeIsUsedAsItIs) {
  auto file = old_drivers_file();
  file[kDevice + "SocCalc"] = 71.5;
  file[kDevice + "LastSeen"] = "1699000000";
  start_settings(file);
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
  EXPECT_EQ(restored["ttyUSB0 0x01"].at(0).soc_calc, "71.5");
  EXPECT_EQ(restored["ttyUSB0 0x01"].at(0).last_seen, 1'699'000'000);
  EXPECT_THAT(log, HasSubstr("SocCalc has another type (-5)"));
  EXPECT_TRUE(holds(kDevice + "LastSeen", "1700000000")) << "the service turns it into its type";
}

TEST_F(SinkWithSettings, WhereNothingMayBeAddedWhatIsThereIsEnough) {
  start_settings(old_drivers_file()).refuses_adding = true;
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 0);
}

TEST_F(SinkWithSettings, AnEntryWithTheInstanceOfAnotherClassGetsOneOfItsOwn) {
  auto file = old_drivers_file();
  file[kDevice + "ClassAndVrmInstance"] = "solarcharger:2";
  start_settings(file);
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(1));
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
}

TEST_F(SinkWithSettings, WhatIsToBeKeptIsWrittenOnceAndOnlyWhatDiffers) {
  start_settings(old_drivers_file());
  run();
  ASSERT_TRUE(holds(kDevice + "LastSeen", static_cast<std::int32_t>(kNow)));
  settings->written.clear();
  Kept kept = restored["ttyUSB0 0x01"].at(0);
  kept.soc_calc = "70.1";
  kept.allow_max_voltage = 1;
  kept.instance = 99;
  kept.custom_name = "not the caller's to say";
  sink->save("ttyUSB0 0x01", kept);
  sink->save("ttyUSB0 0x01", kept);
  EXPECT_TRUE(holds(kDevice + "SocCalc", "70.1"));
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
  EXPECT_THAT(settings->written, ElementsAre(kDevice + "AllowMaxVoltage", kDevice + "SocCalc"));
  EXPECT_EQ(state["JD2M02150860_1_"].soc_calc, "70.1");
  EXPECT_EQ(state["JD2M02150860_1_"].instance, 3);
  EXPECT_EQ(state["JD2M02150860_1_"].custom_name, "Shed");
}

TEST_F(SinkWithSettings, WhatWasRefusedIsWrittenTheNextTime) {
  start_settings(old_drivers_file());
  run();
  Kept kept = restored["ttyUSB0 0x01"].at(0);
  kept.history_values = "{}";
  settings->refuses = true;
  sink->save("ttyUSB0 0x01", kept);
  ASSERT_TRUE(logs("HistoryValues was refused"));
  settings->refuses = false;
  sink->save("ttyUSB0 0x01", kept);
  EXPECT_TRUE(holds(kDevice + "HistoryValues", "{}"));
}

class SettingsTidied : public SinkWithSettings {
 protected:
  SettingsTidied() { options.tidy_after = 0s; }
  FakeSettings::File file() const {
    auto file = old_drivers_file();
    file[old + "ClassAndVrmInstance"] = "battery:7";
    file[old + "LastSeen"] = static_cast<std::int32_t>(kNow - 40 * kDay);
    file[old + "SomethingElse"] = 1;
    file[kDevices + "serialbattery_NEVER/CustomName"] = "";
    file[kDevices + "vebus_1/ClassAndVrmInstance"] = "vebus:1";
    return file;
  }
  const std::string old = kDevices + "serialbattery_OLD/";
};

TEST_F(SettingsTidied, EntriesAreRemoved) {
  start_settings(file());
  run();
  ASSERT_TRUE(logs("removed serialbattery_NEVER, not seen for 30 days"));
  ASSERT_TRUE(logs("removed serialbattery_OLD, not seen for 30 days"));
  EXPECT_FALSE(settings->has(old + "ClassAndVrmInstance"));
  EXPECT_FALSE(settings->has(old + "LastSeen"));
  EXPECT_TRUE(settings->has(old + "SomethingElse")) << "not one of the battery's";
  EXPECT_FALSE(settings->has(kDevices + "serialbattery_NEVER/CustomName"));
  EXPECT_TRUE(settings->has(kDevices + "vebus_1/ClassAndVrmInstance"));
  EXPECT_EQ(settings->size(), 9U + 2U);
}

TEST_F(SettingsTidied, EntriesStayWhereTheClockIsNotSet) {
  unix_time = 1000;
  start_settings(file());
  run();
  ASSERT_EQ(client().set_value(kService, "/CustomName", "Barn"), 0);  // behind all that was sent
  EXPECT_EQ(settings->size(), file().size());
  EXPECT_EQ(settings->value(kDevice + "LastSeen"), BusValue(static_cast<std::int32_t>(kNow - kDay)))
      << "nor is it written";
}

TEST_F(SettingsTidied, ASettingsServiceThatKeepsThemIsNoTrouble) {
  start_settings(file()).refuses_removal = true;
  run();
  ASSERT_TRUE(logs("cannot remove serialbattery_OLD"));
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 0);
}

TEST_F(SettingsTidied, EntriesOfBatteriesHereAreNot) {
  auto held = file();
  const std::string sleeper = kDevices + "serialbattery_SLEEPER/";
  held[sleeper + "LastSeen"] = static_cast<std::int32_t>(kNow - 400 * kDay);
  held[sleeper + "ClassAndVrmInstance"] = "battery:9";
  held[sleeper + "UniqueIdentifier"] = "SLEEPER";
  start_settings(held);
  TestPack other("ttyUSB1", "Sleeper");
  options.tidy_after = 1s;  // both have answered by then; how long entries count back from is the newest of the two
  make_sink().added(pack.view(), pack.now);
  sink->added(other.view(), other.now);
  ASSERT_TRUE(appears(2)) << log;
  ASSERT_TRUE(logs("removed serialbattery_OLD"));
  EXPECT_TRUE(settings->has(sleeper + "ClassAndVrmInstance"));
  EXPECT_EQ(client().value("com.victronenergy.battery.ttyUSB1", "/DeviceInstance"), BusValue(9));
}

TEST_F(SinkWithSettings, TwoBatteriesOfOneSerialNumberKeepTheirInstancesWhoeverComesFirst) {
  start_settings();
  TestPack twin("ttyUSB1", pack.identity.identities[0]);
  twin.identity.order = 8;
  const auto instances = [&] {
    return std::pair(shown("/DeviceInstance"), client().value("com.victronenergy.battery.ttyUSB1", "/DeviceInstance"));
  };
  make_sink().added(twin.view(), twin.now);
  sink->added(pack.view(), pack.now);
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_EQ(shown("/Serial"), BusValue("JD2M02150860_1_")) << "it is the first in order";
  EXPECT_EQ(client().value("com.victronenergy.battery.ttyUSB1", "/Serial"), BusValue("JD2M02150860_1___0x01"));
  const auto before = instances();
  EXPECT_NE(before.first, before.second);

  appeared.clear();
  make_sink().added(twin.view(), twin.now);
  ASSERT_TRUE(appears()) << log;
  sink->added(pack.view(), pack.now);
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_EQ(instances(), before);
}

TEST_F(SinkWithSettings, ACustomNameIsStoredBeforeItIsShownAndSurvives) {
  start_settings();
  run();
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Shed"), 0);
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue("Shed"));
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(state["JD2M02150860_1_"].custom_name, "Shed");
  ASSERT_TRUE(run_until(io, [&] { return !client().changes.empty(); }));
  EXPECT_EQ(client().changes[0].at("/CustomName").text, "Shed");
  settings->refuses = true;
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 2);
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  settings->refuses = false;
  run();
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(client().set_value(kService, "/CustomName", ""), 0) << "clears it";
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue(""));
  EXPECT_EQ(shown("/CustomName"), BusValue(""));
}

TEST_F(SinkWithSettings, ACustomNameThatIsChangedInTheSettingsIsFollowed) {
  start_settings();
  run();
  settings->change(kDevice + "CustomName", "Garage");
  EXPECT_TRUE(run_until(io, [&] { return shown("/CustomName") == BusValue("Garage"); }));
  EXPECT_EQ(state["JD2M02150860_1_"].custom_name, "Garage");
}

TEST_F(SinkWithSettings, AnInstanceThatIsChangedInTheSettingsBringsOnlyThatServiceBackWithIt) {
  start_settings();
  TestPack other("ttyUSB1", "other");
  make_sink().added(pack.view(), pack.now);
  sink->added(other.view(), other.now);
  ASSERT_TRUE(appears(2)) << log;
  const std::string owner = client().owner("com.victronenergy.battery.ttyUSB1");
  settings->change(kDevice + "ClassAndVrmInstance", "battery:9");
  ASSERT_TRUE(appears(3)) << log;
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(9));
  EXPECT_EQ(client().owner("com.victronenergy.battery.ttyUSB1"), owner) << "the other one stayed";
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(9)) << "after a restart";
}

TEST_F(SinkWithSettings, SettingsThatRestartLeaveNoGap) {
  start_settings(old_drivers_file());
  run();
  const std::string owner = client().owner(kService);
  const auto file = settings->file();
  settings.reset();
  ASSERT_TRUE(run_until(io, [&] { return client().owner("com.victronenergy.settings").empty(); }));
  Kept kept = restored["ttyUSB0 0x01"].at(0);
  kept.soc_calc = "60";
  sink->save("ttyUSB0 0x01", kept);
  start_settings(file);
  EXPECT_TRUE(holds(kDevice + "SocCalc", "60")) << "what has changed meanwhile";
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 0);
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue("Barn"));
  settings->change(kDevice + "CustomName", "Garage");
  EXPECT_TRUE(run_until(io, [&] { return shown("/CustomName") == BusValue("Garage"); })) << "followed again";
  EXPECT_EQ(client().owner(kService), owner);
  EXPECT_THAT(appeared, SizeIs(1));
  EXPECT_THAT(restored["ttyUSB0 0x01"], SizeIs(1));
}

TEST_F(SinkWithSettings, SettingsThatComeBackEmptyGetTheInstanceAndTheNameThatAreInUse) {
  start_settings(old_drivers_file());
  run();
  settings.reset();
  start_settings({{kDevices + "vebus_1/ClassAndVrmInstance", "battery:1"}});
  EXPECT_TRUE(holds(kDevice + "CustomName", "Shed"));
  EXPECT_TRUE(holds(kDevice + "SocCalc", "71.234"));
  EXPECT_EQ(settings->value(kDevice + "ClassAndVrmInstance"), BusValue("battery:3"));
  EXPECT_THAT(appeared, SizeIs(1));
}

TEST_F(SinkWithSettings, ANameThatIsWrittenWhileTheSettingsAreAwayReachesThem) {
  start_settings(old_drivers_file());
  run();
  const auto file = settings->file();
  settings.reset();
  ASSERT_TRUE(run_until(io, [&] { return client().owner("com.victronenergy.settings").empty(); }));
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 0);
  EXPECT_EQ(state["JD2M02150860_1_"].custom_name, "Barn");
  start_settings(file);
  EXPECT_TRUE(holds(kDevice + "CustomName", "Barn"));
  EXPECT_EQ(shown("/CustomName"), BusValue("Barn"));
}

TEST_F(SinkWithSettings, WhenTheBusWasAwayEverythingIsAsBefore) {
  start_settings(old_drivers_file());
  run();
  const auto file = settings->file();
  bus.stop();
  ASSERT_TRUE(logs("the bus is gone"));
  settings.reset();
  bus.start();
  start_settings(file);
  ASSERT_TRUE(appears(2)) << log;
  TestClient again(io, bus.address());
  EXPECT_EQ(again.value(kService, "/DeviceInstance"), BusValue(3));
  EXPECT_EQ(again.value(kService, "/CustomName"), BusValue("Shed"));
  EXPECT_EQ(again.set_value(kService, "/CustomName", "Barn"), 0);
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue("Barn"));
}

TEST_F(SinkWithSettings, SettingsThatComeLateBringTheServiceBackWithTheirInstance) {
  with_old_identity();
  run();
  EXPECT_EQ(shown("/Serial"), BusValue("DJM2205180061"));
  start_settings(old_drivers_file());
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
  EXPECT_EQ(shown("/Serial"), BusValue("JD2M02150860_1_")) << "the entry that the settings hold";
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
  EXPECT_EQ(restored["ttyUSB0 0x01"].back().soc_calc, "71.234");
}

TEST_F(SinkWithSettings, SettingsThatComeLateAndAgreeOnlyBringTheName) {
  pack.identity.order = 3;
  run();
  const std::string owner = client().owner(kService);
  start_settings(old_drivers_file());
  ASSERT_TRUE(run_until(io, [&] { return shown("/CustomName") == BusValue("Shed"); })) << log;
  EXPECT_EQ(client().owner(kService), owner) << "it never left";
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 0);
  EXPECT_EQ(settings->value(kDevice + "CustomName"), BusValue("Barn"));
}

TEST_F(SinkWithSettings, SettingsThatDoNotAnswerAreAskedAgain) {
  start_settings(old_drivers_file()).silent = true;
  options.settings_patience = 1s;
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(7)) << "it did not wait longer than it was told";
  settings->silent = false;
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
}

TEST_F(SinkWithSettings, SettingsThatAnswerLateAreHeard) {
  start_settings(old_drivers_file()).busy = true;
  options.settings_patience = 1s;
  run();
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(7));
  settings->not_busy();
  ASSERT_TRUE(appears(2)) << log;
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
  EXPECT_EQ(settings->enrolled, 2) << "late, and when it came back with it";
}

class SettingsMustBe : public SinkWithSettings {
 protected:
  SettingsMustBe() { options.wait_for_settings = true; }
};

TEST_F(SettingsMustBe, NoNameIsTakenBeforeTheyAnswered) {
  state["JD2M02150860_1_"] = kept_as(5, "not asked for");
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(logs("waiting for the settings service"));
  EXPECT_EQ(client().owner(kService), "");
  start_settings();
  ASSERT_TRUE(appears()) << log;
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(1));
  EXPECT_EQ(shown("/CustomName"), BusValue(""));
}

TEST_F(SettingsMustBe, AfterOneThatDoesNotAnswerTheyAreAskedAgain) {
  start_settings(old_drivers_file()).silent = true;
  make_sink().added(pack.view(), pack.now);
  ASSERT_TRUE(logs("waiting for the settings service"));
  EXPECT_TRUE(appeared.empty());
  settings->silent = false;
  ASSERT_TRUE(appears()) << log;
  EXPECT_EQ(shown("/DeviceInstance"), BusValue(3));
}

TEST_F(SettingsMustBe, ACustomNameThatTheyCannotStoreIsRefused) {
  start_settings(old_drivers_file());
  run();
  settings.reset();
  ASSERT_TRUE(run_until(io, [&] { return client().owner("com.victronenergy.settings").empty(); }));
  EXPECT_EQ(client().set_value(kService, "/CustomName", "Barn"), 2);
  EXPECT_EQ(shown("/CustomName"), BusValue("Shed"));
}

}  // namespace
}  // namespace bmsd::testing
