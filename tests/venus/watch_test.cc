#include "venus/watch.h"

#include <gtest/gtest.h>

#include <limits>

#include "fake_service.h"
#include "test_bus.h"

namespace bmsd::testing {
namespace {

constexpr const char* kSmartShunt = "com.victronenergy.battery.ttyS6";
const WatchedItem kShuntCurrent{kSmartShunt, "/Dc/0/Current"}, kShuntSoc{kSmartShunt, "/Soc"};

struct Watching : ::testing::Test {
  void start_shunt() { shunt = std::make_unique<FakeService>(io, bus.address(), kSmartShunt); }
  bool shows(const WatchedItem& item, const BusValue& value) {
    return run_until(io, [&] { return watch.value(item) == value; });
  }
  // What was sent to the watch before has come by then.
  void settle() {
    const std::string path = "/Settled" + std::to_string(++settled);
    watch_also(path);
    shunt->has(path, settled);
    ASSERT_TRUE(shows({kSmartShunt, path}, settled));
  }
  void watch_also(const std::string& path) {
    items.insert({kSmartShunt, path});
    watch.watch(items);
  }

  TestBus bus;
  boost::asio::io_context io;
  std::string log;
  std::set<WatchedItem> items = {kShuntCurrent, kShuntSoc};
  BusWatch watch{io, bus.address(), [this](Level, std::string_view line) { log += std::string(line) + "\n"; },
                 [this] { ++changes; }};
  std::unique_ptr<FakeService> shunt;
  int settled = 0, changes = 0;
};

TEST_F(Watching, AServiceThatIsThereIsAskedOnceAndFollowed) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.5);
  shunt->has("/Soc", 87);
  watch.watch(items);
  EXPECT_TRUE(shows(kShuntCurrent, 12.5));
  EXPECT_TRUE(shows(kShuntSoc, 87));
  EXPECT_TRUE(watch.is_there(kSmartShunt));
  EXPECT_EQ(shunt->asked, 2);

  shunt->changes("/Dc/0/Current", -3.25);
  EXPECT_TRUE(shows(kShuntCurrent, -3.25));
  shunt->property_changes("/Soc", 86.5);
  EXPECT_TRUE(shows(kShuntSoc, 86.5));
  EXPECT_EQ(shunt->asked, 2) << "signals are enough";
  EXPECT_EQ(changes, 5) << "it is there, and four values";
}

TEST_F(Watching, AServiceThatComesLaterIsFound) {
  watch.watch(items);
  EXPECT_EQ(watch.value(kShuntCurrent), BusValue());
  EXPECT_FALSE(watch.is_there(kSmartShunt));
  start_shunt();
  EXPECT_TRUE(run_until(io, [&] { return watch.is_there(kSmartShunt); }));
  shunt->changes("/Dc/0/Current", 4.0);
  EXPECT_TRUE(shows(kShuntCurrent, 4.0));
  EXPECT_EQ(watch.value(kShuntSoc), BusValue()) << "it has no such item";
}

TEST_F(Watching, AServiceThatGoesTakesItsValuesAlongAndBringsNewOnes) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.5);
  watch.watch(items);
  ASSERT_TRUE(shows(kShuntCurrent, 12.5));
  shunt.reset();
  EXPECT_TRUE(shows(kShuntCurrent, BusValue()));
  EXPECT_FALSE(watch.is_there(kSmartShunt));
  start_shunt();
  shunt->changes("/Dc/0/Current", 7.0);
  EXPECT_TRUE(shows(kShuntCurrent, 7.0));
}

TEST_F(Watching, TheBusItselfMayStartAnew) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.5);
  watch.watch(items);
  ASSERT_TRUE(shows(kShuntCurrent, 12.5));
  bus.stop();
  EXPECT_TRUE(shows(kShuntCurrent, BusValue()));
  shunt.reset();
  bus.start();
  start_shunt();
  shunt->has("/Dc/0/Current", 8.0);
  EXPECT_TRUE(shows(kShuntCurrent, 8.0)) << log;
}

TEST_F(Watching, ABusThatIsNotThereYetIsWaitedFor) {
  bus.stop();
  watch.watch(items);
  EXPECT_TRUE(run_until(io, [&] { return log.find("trying again each second") != std::string::npos; }));
  bus.start();
  start_shunt();
  shunt->has("/Soc", 50);
  EXPECT_TRUE(shows(kShuntSoc, 50));
}

TEST_F(Watching, AnInvalidValueIsOneAndSoIsWhatNoItemHolds) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.5);
  watch.watch(items);
  ASSERT_TRUE(shows(kShuntCurrent, 12.5));
  shunt->changes("/Dc/0/Current", BusValue());
  EXPECT_TRUE(shows(kShuntCurrent, BusValue()));
  shunt->property_changes("/Dc/0/Current", 9.0);
  ASSERT_TRUE(shows(kShuntCurrent, 9.0));
  const auto message = signal("/Dc/0/Current", kBusItem, "PropertiesChanged");
  Writer(*message).container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& properties) {
    properties.entry("Value", [&](Writer& entry) {
      entry.container(DBUS_TYPE_VARIANT, "(i)", [&](Writer& variant) {
        variant.container(DBUS_TYPE_STRUCT, nullptr, [](Writer& fields) { fields.int32(1); });
      });
    });
  });
  shunt->send(*message);
  EXPECT_TRUE(shows(kShuntCurrent, BusValue()));
}

TEST_F(Watching, SignalsThatSayNothingChangeNothing) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.5);
  watch.watch(items);
  ASSERT_TRUE(shows(kShuntCurrent, 12.5));

  const auto empty = signal("/", kBusItem, "ItemsChanged");
  shunt->send(*empty);
  const auto text = signal("/Dc/0/Current", kBusItem, "PropertiesChanged");
  Writer(*text).text("Value");
  shunt->send(*text);
  const auto flat = signal("/", kBusItem, "ItemsChanged");
  Writer(*flat).container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& dict) {
    dict.entry("/Dc/0/Current", [&](Writer& entry) { entry.variant(99.0); });
  });
  shunt->send(*flat);
  const auto only_text = signal("/Dc/0/Current", kBusItem, "PropertiesChanged");
  Writer(*only_text).container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& dict) {
    dict.entry("Text", [&](Writer& entry) { entry.variant_text("99A"); });
  });
  shunt->send(*only_text);
  shunt->changes("/Dc/0/Power", 1000.0);
  settle();
  EXPECT_EQ(watch.value(kShuntCurrent), BusValue(12.5));
}

TEST_F(Watching, WhatAnotherServiceSaysOfTheSamePathIsNotMeant) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.5);
  FakeService other(io, bus.address(), "com.victronenergy.battery.ttyS7");
  other.has("/Dc/0/Current", 1.0);
  items.insert({"com.victronenergy.battery.ttyS7", "/Soc"});
  watch.watch(items);
  ASSERT_TRUE(shows(kShuntCurrent, 12.5));
  other.changes("/Dc/0/Current", 2.0);
  other.changes("/Soc", 40);
  EXPECT_TRUE(shows({"com.victronenergy.battery.ttyS7", "/Soc"}, 40));
  EXPECT_EQ(watch.value(kShuntCurrent), BusValue(12.5));
}

TEST_F(Watching, WhatIsWatchedChangesWithoutForgettingTheRest) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.5);
  shunt->has("/Soc", 87);
  watch.watch({kShuntCurrent});
  ASSERT_TRUE(shows(kShuntCurrent, 12.5));
  EXPECT_EQ(watch.value(kShuntSoc), BusValue());
  watch.watch(items);
  EXPECT_EQ(watch.value(kShuntCurrent), BusValue(12.5));
  EXPECT_TRUE(shows(kShuntSoc, 87));
  watch.watch({kShuntSoc});
  EXPECT_EQ(watch.value(kShuntCurrent), BusValue());
  EXPECT_EQ(watch.value(kShuntSoc), BusValue(87));
  watch.watch({});
  EXPECT_EQ(watch.value(kShuntSoc), BusValue());
  EXPECT_FALSE(watch.is_there(kSmartShunt));
  watch.watch(items);
  EXPECT_TRUE(shows(kShuntSoc, 87));
}

TEST_F(Watching, WhatCannotBeANameIsNeverThereAndIsSaidOnce) {
  const std::set<WatchedItem> mistakes = {{"ttyS6", "/Soc"},      {"", "/Soc"},         {":1.5", "/Soc"},
                                          {"not a name", "/Soc"}, {kSmartShunt, "Soc"}, {kSmartShunt, ""}};
  start_shunt();
  shunt->has("/Soc", 87);
  for (int i = 0; i < 2; ++i) {
    std::set<WatchedItem> all = mistakes;
    all.insert(kShuntSoc);
    watch.watch(all);
  }
  EXPECT_TRUE(shows(kShuntSoc, 87));
  for (const WatchedItem& mistake : mistakes) EXPECT_EQ(watch.value(mistake), BusValue());
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), static_cast<int>(mistakes.size())) << log;
}

// A watch whose steps are short.
struct Aging : Watching {
  BusWatch fast{io, bus.address(), {}, {}, 300ms};
};

TEST_F(Aging, AValueThatStaysIsConfirmedByAsking) {
  start_shunt();
  shunt->has("/Soc", 87);
  fast.watch({kShuntSoc});
  bool known = false, lost = false;
  EXPECT_TRUE(run_until(io, [&] {
    known = known || fast.value(kShuntSoc) == BusValue(87);
    lost = lost || (known && !valid(fast.value(kShuntSoc)));
    return shunt->asked >= 5;
  }));
  EXPECT_TRUE(known);
  EXPECT_FALSE(lost);
}

TEST_F(Aging, AServiceThatHangsIsWorthNothingAfterAWhileAndIsAskedOnce) {
  start_shunt();
  shunt->has("/Soc", 87);
  fast.watch({kShuntSoc});
  ASSERT_TRUE(run_until(io, [&] { return fast.value(kShuntSoc) == BusValue(87); }));
  shunt->silent = true;
  const int before = shunt->asked;
  EXPECT_TRUE(run_until(io, [&] { return fast.value(kShuntSoc) == BusValue(); }));
  EXPECT_TRUE(fast.is_there(kSmartShunt));
  EXPECT_LE(shunt->asked, before + 1);
  shunt->changes("/Soc", 86);
  EXPECT_TRUE(run_until(io, [&] { return fast.value(kShuntSoc) == BusValue(86); })) << "a signal is enough";
}

TEST_F(Aging, WhatLastsIsAskedOnce) {
  start_shunt();
  shunt->has("/Soc", 87);
  const WatchedItem setting{kSmartShunt, "/Setting", true};
  shunt->has("/Setting", 1);
  fast.watch({kShuntSoc, setting});
  ASSERT_TRUE(run_until(io, [&] { return shunt->asked >= 6; }));
  EXPECT_EQ(fast.value(setting), BusValue(1));
  EXPECT_EQ(shunt->asked_of["/Setting"], 1);
}

}  // namespace
}  // namespace bmsd::testing
