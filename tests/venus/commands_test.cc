// What clients of the bus may change in the BMS: the items, when SetValue is answered, and what asking again does.
#include <gmock/gmock.h>

#include "sink_fixture.h"
#include "venus/commands.h"

namespace bmsd::testing {
namespace {

constexpr auto kCharge = Changeable::charge_fet, kDischarge = Changeable::discharge_fet, kSoc = Changeable::soc;
constexpr char kChargingOff[] = "/Settings/ForceChargingOff", kDischargingOff[] = "/Settings/ForceDischargingOff",
               kTo[] = "/Settings/ResetSocTo", kApply[] = "/Settings/ResetSocToApply",
               kHasSettings[] = "/Settings/HasSettings", kClear[] = "/History/Clear",
               kDate[] = "/Settings/SocResetLastReached";

// --- The items by themselves

struct Asked {
  Changeable what;
  double value;
};

struct CommandsTest : ::testing::Test {
  // The answer to a write of `value`; nothing: it is owed.
  std::optional<SetResult> set(const char* path, std::int32_t value) {
    std::optional<SetResult> result;
    commands.handler(path)(value, [&result](SetResult said) { result = said; });
    return result;
  }

  std::vector<Asked> asked;
  bool obeys = true;
  int targets_set = 0;
  Commands commands{{.request =
                         [this](const Change& change, const std::function<void(bool)>& done) {
                           asked.push_back({change.what, change.value});
                           done(obeys);
                         },
                     .set_counted_soc =
                         [this](double percent) {
                           if (counts) counted = percent;
                           return counts;
                         },
                     .clear_history =
                         [this](int group) {
                           cleared.push_back(group);
                           return obeys;
                         },
                     .date_soc_reset =
                         [this](std::int64_t unix_time) {
                           date = unix_time;
                           return obeys;
                         }},
                    [this] { ++targets_set; }};
  bool counts = false;
  double counted = -1;
  std::vector<int> cleared;
  std::int64_t date = -1;
};

TEST_F(CommandsTest, OffTurnsTheFetOffAndOnlyADoneChangeIsAccepted) {
  EXPECT_EQ(set(kChargingOff, 1), SetResult::accepted);
  EXPECT_EQ(set(kDischargingOff, 0), SetResult::accepted);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].what, kCharge);
  EXPECT_EQ(asked[0].value, 0);
  EXPECT_EQ(asked[1].what, kDischarge);
  EXPECT_EQ(asked[1].value, 1);
  obeys = false;
  EXPECT_EQ(set(kChargingOff, 1), SetResult::refused);
}

TEST_F(CommandsTest, WhatIsNeitherOnNorOffIsRefused) {
  for (const int value : {-1, 2, 100}) EXPECT_EQ(set(kChargingOff, value), SetResult::refused) << value;
  EXPECT_TRUE(asked.empty());
}

TEST_F(CommandsTest, TheStateOfChargeIsKeptUntilItIsApplied) {
  EXPECT_EQ(commands.soc_target(), 100);
  EXPECT_EQ(set(kTo, 42), SetResult::accepted);
  EXPECT_EQ(set(kTo, 0), SetResult::accepted);
  EXPECT_EQ(set(kTo, 37), SetResult::accepted);
  for (const int value : {-1, 101}) EXPECT_EQ(set(kTo, value), SetResult::refused) << value;
  EXPECT_EQ(commands.soc_target(), 37);
  EXPECT_EQ(targets_set, 3);
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(set(kApply, 0), SetResult::accepted) << "not applied";
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(set(kApply, 1), SetResult::accepted);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].what, kSoc);
  EXPECT_EQ(asked[0].value, 37);
}

TEST_F(CommandsTest, ASocThatIsCountedHereIsSetHereAndNotInTheBms) {
  counts = true;
  EXPECT_EQ(set(kTo, 0), SetResult::accepted);
  EXPECT_EQ(set(kApply, 1), SetResult::accepted);
  EXPECT_EQ(counted, 0);
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(set(kTo, 55), SetResult::accepted);
  EXPECT_EQ(set(kApply, 1), SetResult::accepted);
  EXPECT_EQ(counted, 55);
}

TEST_F(CommandsTest, TheHistoryIsClearedInSevenParts) {
  for (const int group : {1, 2, 3, 4, 5, 6, 7}) EXPECT_EQ(set(kClear, group), SetResult::accepted) << group;
  EXPECT_EQ(cleared, (std::vector{1, 2, 3, 4, 5, 6, 7}));
  for (const int group : {-1, 0, 8, 100}) EXPECT_EQ(set(kClear, group), SetResult::refused) << group;
  EXPECT_EQ(cleared.size(), 7U);
  obeys = false;
  EXPECT_EQ(set(kClear, 1), SetResult::refused) << "nothing is counted";
}

TEST_F(CommandsTest, TheDateOfTheSocResetIsATime) {
  EXPECT_EQ(set(kDate, 1'750'000'000), SetResult::accepted);
  EXPECT_EQ(date, 1'750'000'000);
  EXPECT_EQ(set(kDate, 0), SetResult::accepted) << "never";
  EXPECT_EQ(date, 0);
  EXPECT_EQ(set(kDate, -1), SetResult::refused);
  EXPECT_EQ(date, 0);
}

TEST_F(CommandsTest, OtherPathsAreNone) {
  EXPECT_FALSE(commands.handler("/Mode"));
  EXPECT_FALSE(commands.handler("/Settings/TurnBalancingOff"));
}

TEST(Commands, WithoutAnybodyWhoCanChangeSomethingNothingIsAccepted) {
  Commands commands({}, [] {});
  std::optional<SetResult> result;
  for (const char* path : {kChargingOff, kApply, kClear, kDate}) {
    result.reset();
    commands.handler(path)(1, [&result](SetResult said) { result = said; });
    EXPECT_EQ(result, SetResult::refused) << path;
  }
}

// --- On the bus

class ChangeOverBus : public SinkTest {
 protected:
  ChangeOverBus() {
    options.change = [this](std::string_view id, const Change& change, std::function<void(bool)> done) {
      asked.push_back({change.what, change.value});
      EXPECT_EQ(id, pack.identity.id);
      if (obeys) {
        pack.says(field_of(change.what), change.value);
        sink->changed(pack.view(), pack.now);
      }
      late ? void(owed = std::move(done)) : done(obeys);
    };
  }

  std::vector<Asked> asked;
  bool obeys = true, late = false;
  std::function<void(bool)> owed;
};

TEST_F(ChangeOverBus, WithoutPermissionThereAreNoItems) {
  run();
  TestClient client(io, bus.address());
  const ItemsSeen items = client.items(kService);
  for (const char* path : {kChargingOff, kDischargingOff, kTo, kApply, kHasSettings}) {
    EXPECT_FALSE(items.contains(path)) << path;
    EXPECT_EQ(client.set_value(kService, path, 1), -99) << path;
  }
  EXPECT_TRUE(asked.empty());
}

TEST_F(ChangeOverBus, TheItemsShowWhatTheBmsSays) {
  pack.display.changes = {kCharge, kDischarge, kSoc};
  pack.says(Field::discharge_fet_on, 0);
  run();
  TestClient client(io, bus.address());
  const ItemsSeen items = client.items(kService);
  EXPECT_EQ(items.at(kHasSettings).value, BusValue(1));
  EXPECT_EQ(items.at(kChargingOff).value, BusValue(0));
  EXPECT_EQ(items.at(kDischargingOff).value, BusValue(1));
  EXPECT_EQ(items.at(kTo).value, BusValue(100));
  EXPECT_EQ(items.at(kApply).value, BusValue(0));
}

TEST_F(ChangeOverBus, ABatteryThatCanOnlyBeSwitchedHasNoStateOfChargeToSet) {
  pack.display.changes = {kCharge, kDischarge};
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.value(kService, kHasSettings), BusValue(1));
  EXPECT_EQ(client.set_value(kService, kTo, 50), -99);
}

TEST_F(ChangeOverBus, AChangeIsAnsweredWhenItIsDoneAndShownByThen) {
  pack.display.changes = {kCharge};
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, kChargingOff, 1), 0);
  EXPECT_EQ(client.value(kService, kChargingOff), BusValue(1));
  EXPECT_EQ(client.set_value(kService, kChargingOff, 0), 0) << "within the same second";
  EXPECT_EQ(client.value(kService, kChargingOff), BusValue(0));
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1].value, 1);
}

TEST_F(ChangeOverBus, WhatTheBmsDoesNotFollowIsRefused) {
  pack.display.changes = {kCharge};
  obeys = false;
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, kChargingOff, 1), 2);
  EXPECT_EQ(client.value(kService, kChargingOff), BusValue(0));
}

// The charge FET of a full battery is off by itself: that the user wants it off has an effect later.
TEST_F(ChangeOverBus, WhatIsSoAlreadyIsOrderedAllTheSame) {
  pack.display.changes = {kCharge};
  pack.says(Field::charge_fet_on, 0);
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, kChargingOff, 1), 0);
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(ChangeOverBus, ValuesThatAreNoneAreNotOrders) {
  pack.display.changes = {kCharge, kSoc};
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, kChargingOff, BusValue()), 1);
  EXPECT_EQ(client.set_value(kService, kChargingOff, 0.5), 1);
  EXPECT_EQ(client.set_value(kService, kChargingOff, 7), 2);
  EXPECT_EQ(client.set_value(kService, kTo, 101), 2);
  EXPECT_EQ(client.set_value(kService, kTo, -1), 2);
  EXPECT_EQ(client.value(kService, kTo), BusValue(100));
  EXPECT_TRUE(asked.empty());
}

TEST_F(ChangeOverBus, TheStateOfChargeIsAppliedAsOftenAsItIsWanted) {
  pack.display.changes = {kSoc};
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, kTo, 80), 0);
  EXPECT_EQ(client.value(kService, kTo), BusValue(80));
  ASSERT_TRUE(run_until(io, [&] { return !client.changes.empty(); })) << "others are told, too";
  EXPECT_EQ(client.changes.back().at(kTo).value, BusValue(80));
  EXPECT_EQ(client.set_value(kService, kApply, 1), 0);
  EXPECT_EQ(client.value(kService, kApply), BusValue(0));
  EXPECT_EQ(client.set_value(kService, kApply, 1), 0);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1].what, kSoc);
  EXPECT_EQ(asked[1].value, 80);
}

TEST_F(ChangeOverBus, NumbersMayBeTexts) {
  pack.control.soc.counted = true;
  pack.control.stages.soc_reset_after_days = 14;
  double counted = -1;
  std::int64_t date = -1;
  int cleared = -1;
  options.set_counted_soc = [&](std::string_view, double percent) {
    counted = percent;
    return true;
  };
  options.date_soc_reset = [&](std::string_view, std::int64_t unix_time) {
    date = unix_time;
    return true;
  };
  options.clear_history = [&](std::string_view, int group) {
    cleared = group;
    return true;
  };
  run();
  TestClient client(io, bus.address());
  EXPECT_EQ(client.set_value(kService, kTo, "60"), 0);
  EXPECT_EQ(client.value(kService, kTo), BusValue(60));
  EXPECT_EQ(client.set_value(kService, kApply, "1"), 0);
  EXPECT_EQ(counted, 60);
  EXPECT_EQ(client.set_value(kService, kDate, "1750000000"), 0);
  EXPECT_EQ(date, 1'750'000'000);
  EXPECT_EQ(client.set_value(kService, kClear, "3"), 0);
  EXPECT_EQ(cleared, 3);
  EXPECT_EQ(client.set_value(kService, kClear, 2.0), 0);
  EXPECT_EQ(cleared, 2);
  EXPECT_EQ(client.value(kService, kClear), BusValue(0));
  for (const BusValue& nonsense : {BusValue("all"), BusValue(""), BusValue(1.5), BusValue(std::vector{1.0})})
    EXPECT_EQ(client.set_value(kService, kClear, nonsense), 1);
  EXPECT_TRUE(asked.empty()) << "the BMS is not written to";
}

TEST_F(ChangeOverBus, AnAnswerThatComesAfterTheServiceHasGoneHarmsNobody) {
  pack.display.changes = {kCharge};
  late = true;
  run();
  TestClient client(io, bus.address());
  const auto message = method_call(kService, kChargingOff, kBusItem, "SetValue");
  Writer(*message).variant(1);
  std::optional<std::int32_t> answer;
  client.start(*message, [&](DBusMessage& reply) {
    if (const auto value = first_value(reply)) answer = std::get<std::int32_t>(*value);
  });
  ASSERT_TRUE(run_until(io, [&] { return static_cast<bool>(owed); }));
  sink->removed(pack.identity, pack.now);
  owed(true);
  owed = nullptr;
  ASSERT_TRUE(run_until(io, [&] { return answer.has_value(); }));
  EXPECT_EQ(*answer, 2);
}

}  // namespace
}  // namespace bmsd::testing
