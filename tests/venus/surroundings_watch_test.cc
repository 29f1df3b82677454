#include "venus/surroundings_watch.h"

#include <gtest/gtest.h>

#include <limits>

#include "fake_service.h"
#include "fake_settings.h"
#include "test_bus.h"
#include "test_pack.h"

namespace bmsd::testing {
namespace {

constexpr const char* kShunt = "com.victronenergy.battery.ttyS6";

struct Surrounded : ::testing::Test {
  Surrounded() { pack.display.external_sensor = {kShunt, "/Dc/0/Current", "/Soc"}; }

  void start_shunt() { shunt = std::make_unique<FakeService>(io, bus.address(), kShunt); }
  bool becomes(const std::function<bool(const Surroundings&)>& condition) {
    return run_until(io, [&] { return !told.empty() && condition(told.back()); });
  }
  bool current_becomes(std::optional<double> current) {
    return becomes([&](const Surroundings& now) { return now.sensor_current == current; });
  }
  bool soc_becomes(std::optional<double> soc) {
    return becomes([&](const Surroundings& now) { return now.sensor_soc == soc; });
  }
  std::ptrdiff_t lines() const { return std::count(log.begin(), log.end(), '\n'); }

  TestBus bus;
  boost::asio::io_context io;
  TestPack pack;
  std::string log;
  std::vector<Surroundings> told;
  SurroundingsWatch watch{io, bus.address(), [this](Level, std::string_view line) { log += std::string(line) + "\n"; },
                          [this](std::string_view id, const Surroundings& surroundings) {
                            EXPECT_EQ(id, pack.identity.id);
                            told.push_back(surroundings);
                          }};
  std::unique_ptr<FakeService> shunt;
};

TEST_F(Surrounded, ASensorIsUsedWhileItIsThereAndThatIsSaidOnce) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.34567);
  shunt->has("/Soc", 87);
  watch.follow(pack.view());
  EXPECT_TRUE(told.empty()) << "not from within the call";
  EXPECT_TRUE(current_becomes(12.346));
  EXPECT_TRUE(soc_becomes(87));
  EXPECT_NE(log.find("ttyUSB0 0x01: the current is that of com.victronenergy.battery.ttyS6/Dc/0/Current\n"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find("ttyUSB0 0x01: the SoC is that of com.victronenergy.battery.ttyS6/Soc\n"), std::string::npos);

  for (const double current : {-5.0, -6.0, -7.0}) shunt->changes("/Dc/0/Current", current);
  EXPECT_TRUE(current_becomes(-7));
  EXPECT_EQ(told.back().sensor_soc, 87);
  EXPECT_EQ(lines(), 2) << log;
}

TEST_F(Surrounded, WhatIsNoMeasurementIsNone) {
  start_shunt();
  watch.follow(pack.view());
  const double inf = std::numeric_limits<double>::infinity();
  const BusValue nonsense[] = {
      BusValue(), BusValue(""), BusValue("---"), BusValue("12 A"), BusValue(std::vector{1.0}), BusValue(1e9)};
  double good = 0;
  for (const BusValue& value : nonsense) {
    shunt->changes("/Dc/0/Current", ++good);
    ASSERT_TRUE(current_becomes(good));
    shunt->changes("/Dc/0/Current", value);
    EXPECT_TRUE(current_becomes(std::nullopt)) << text_of(value);
  }
  for (const double value : {-1.0, 100.5, 1e9, inf}) {
    shunt->changes("/Soc", 50);
    ASSERT_TRUE(soc_becomes(50));
    shunt->changes("/Soc", value);
    EXPECT_TRUE(soc_becomes(std::nullopt)) << value;
  }
  shunt->changes("/Soc", "42.5");
  EXPECT_TRUE(soc_becomes(42.5)) << "a number as text is one";
  EXPECT_LE(lines(), 4) << "however often it comes and goes\n" << log;
}

TEST_F(Surrounded, ASensorThatGoesIsNotUsedAnyMoreAndComesBack) {
  start_shunt();
  shunt->has("/Dc/0/Current", 12.0);
  watch.follow(pack.view());
  ASSERT_TRUE(current_becomes(12));
  shunt.reset();
  EXPECT_TRUE(current_becomes(std::nullopt));
  start_shunt();
  shunt->changes("/Dc/0/Current", 3.0);
  EXPECT_TRUE(current_becomes(3));
}

TEST_F(Surrounded, TheBatteryItselfIsNoSensorOfItself) {
  pack.display.external_sensor.service = "com.victronenergy.battery.ttyUSB0";
  FakeService itself(io, bus.address(), "com.victronenergy.battery.ttyUSB0");
  itself.has("/Soc", 87);
  FakeSettings settings(io, bus.address(), {{"/Settings/CGwacs/Hub4Mode", BusValue(1)}});
  watch.follow(pack.view());
  watch.follow(pack.view());
  ASSERT_TRUE(becomes([](const Surroundings& now) { return now.ess.has_value(); }));
  EXPECT_EQ(told.back().sensor_soc, std::nullopt);
  EXPECT_EQ(itself.asked, 0);
  EXPECT_NE(log.find("EXTERNAL_SENSOR_DBUS_DEVICE is the battery itself"), std::string::npos);
  EXPECT_EQ(lines(), 1) << log;
}

TEST_F(Surrounded, AnotherSensorTakesOverWithTheConfiguration) {
  start_shunt();
  shunt->has("/Soc", 87);
  FakeService other(io, bus.address(), "com.victronenergy.battery.ttyS7");
  other.has("/Soc", 33);
  watch.follow(pack.view());
  ASSERT_TRUE(soc_becomes(87));
  pack.display.external_sensor.service = "com.victronenergy.battery.ttyS7";
  watch.follow(pack.view());
  EXPECT_TRUE(soc_becomes(33));
  pack.display.external_sensor = {};
  watch.follow(pack.view());
  EXPECT_TRUE(soc_becomes(std::nullopt));
}

TEST_F(Surrounded, TheEssIsWhatTheSettingsSayAndFollowsThem) {
  watch.follow(pack.view());
  FakeSettings settings(io, bus.address(),
                        {{"/Settings/CGwacs/Hub4Mode", BusValue(1)},
                         {"/Settings/CGwacs/BatteryLife/State", BusValue(10)},
                         {"/Settings/CGwacs/BatteryLife/MinimumSocLimit", BusValue(20.5)},
                         {"/Settings/CGwacs/BatteryLife/SocLimit", BusValue(30.0)}});
  EXPECT_TRUE(becomes([](const Surroundings& now) { return now.ess == Ess{1, 10, 20.5, 30}; }));
  settings.change("/Settings/CGwacs/BatteryLife/State", 9);
  EXPECT_TRUE(becomes([](const Surroundings& now) { return now.ess == Ess{1, 9, 20.5, 30}; }));
  EXPECT_EQ(lines(), 0) << log;
  watch.leave(pack.identity.id);
  const std::size_t before = told.size();
  settings.change("/Settings/CGwacs/BatteryLife/State", 10);
  TestClient client(io, bus.address());
  EXPECT_FALSE(client.owner("com.victronenergy.settings").empty());
  EXPECT_EQ(told.size(), before);
}

TEST_F(Surrounded, WithoutTimesToGoTheSettingsAreNotAsked) {
  pack.control.times.to_go = false;
  FakeService settings(io, bus.address(), "com.victronenergy.settings");
  settings.has("/Settings/CGwacs/Hub4Mode", 1);
  start_shunt();
  shunt->has("/Soc", 87);
  watch.follow(pack.view());
  ASSERT_TRUE(soc_becomes(87));
  EXPECT_EQ(told.back().ess, std::nullopt);
  EXPECT_EQ(settings.asked, 0);
}

}  // namespace
}  // namespace bmsd::testing
