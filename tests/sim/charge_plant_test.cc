#include "sim/charge_plant.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bmsd {
namespace {

ChargePlantOptions sunny(double soc) {
  ChargePlantOptions options;
  options.battery.soc_percent = soc;
  options.battery.spread = 0;
  return options;
}

constexpr ChargeLimits kUsual = {55.2, 50, 60};

TEST(ChargePlant, ChargesWithConstantCurrentAndThenWithConstantVoltage) {
  ChargePlant plant(sunny(80));
  plant.obey(kUsual);
  plant.fix_pv(8000);
  plant.fix_load(300);
  plant.advance(60s);
  EXPECT_NEAR(plant.battery().current(), 50, 0.1);
  double highest = 0;
  bool tapered = false;
  for (int minute = 0; minute < 240; ++minute) {
    plant.advance(60s);
    highest = std::max(highest, plant.battery().voltage());
    tapered = tapered || (plant.battery().voltage() > 55.15 && plant.battery().current() < 10);
  }
  EXPECT_TRUE(tapered);
  EXPECT_LT(highest, 55.27);
  EXPECT_NEAR(plant.battery().voltage(), 55.22, 0.02);
  EXPECT_GT(plant.flow().unused_pv, 7000);
}

TEST(ChargePlant, TheHouseTakesWhatTheSunDoesNotGive) {
  ChargePlant plant(sunny(60));
  plant.obey(kUsual);
  plant.fix_pv(500);
  plant.fix_load(1500);
  plant.advance(60s);
  EXPECT_NEAR(plant.battery().current() * plant.battery().voltage(), -1000, 20);
  EXPECT_NEAR(plant.flow().unserved, 0, 20);
  EXPECT_NEAR(plant.flow().unused_pv, 0, 1);
}

TEST(ChargePlant, ObeysTheDischargeLimit) {
  ChargePlant plant(sunny(60));
  plant.obey(ChargeLimits{55.2, 50, 10});
  plant.fix_pv(0);
  plant.fix_load(2000);
  plant.advance(60s);
  EXPECT_NEAR(plant.battery().current(), -10, 0.1);
  EXPECT_GT(plant.flow().unserved, 1400);
  plant.obey(ChargeLimits{55.2, 50, 0});
  plant.advance(60s);
  EXPECT_NEAR(plant.battery().current(), 0, 0.01);
}

TEST(ChargePlant, ALowerVoltageLimitEndsTheChargeAndTheLoadBringsItDown) {
  ChargePlant plant(sunny(97));
  plant.obey(kUsual);
  plant.fix_pv(5000);
  plant.fix_load(1000);
  plant.advance(3h);
  EXPECT_NEAR(plant.battery().voltage(), 55.22, 0.02);
  plant.obey(ChargeLimits{54.0, 50, 60});
  plant.advance(60s);
  EXPECT_LT(plant.battery().current(), -1);
  EXPECT_GE(plant.battery().current() * plant.battery().voltage(), -1010);  // no more than the load
  plant.advance(2h);
  EXPECT_NEAR(plant.battery().voltage(), 54.0, 0.05);
}

TEST(ChargePlant, WithoutLimitsNothingFlows) {
  ChargePlant plant(sunny(60));
  plant.fix_pv(3000);
  plant.advance(60s);
  EXPECT_EQ(plant.battery().current(), 0);
  plant.obey(kUsual);
  plant.advance(60s);
  EXPECT_GT(plant.battery().current(), 10);
  plant.obey({});
  plant.advance(60s);
  EXPECT_NEAR(plant.battery().current(), 0, 0.01);
}

TEST(ChargePlant, IsTheSameInOneStepAndInMany) {
  ChargePlantOptions options;
  options.start_hour = 9;
  ChargePlant one(options), many(options);
  one.obey(kUsual);
  many.obey(kUsual);
  one.advance(2h);
  for (int i = 0; i < 7200; ++i) many.advance(1s);
  EXPECT_NEAR(one.battery().voltage(), many.battery().voltage(), 1e-6);
  EXPECT_NEAR(one.battery().soc_percent(), many.battery().soc_percent(), 1e-6);
  options.longest_step = 10;
  ChargePlant coarse(options);
  coarse.obey(kUsual);
  coarse.advance(2h);
  EXPECT_NEAR(coarse.battery().soc_percent(), one.battery().soc_percent(), 0.1);
}

TEST(House, TheSunShinesByDayAndLongerInSummer) {
  House house;
  house.clouds = 0;
  EXPECT_EQ(pv_power(house, 0), 0);
  EXPECT_EQ(pv_power(house, 23 * 3600.0), 0);
  EXPECT_NEAR(pv_power(house, 12 * 3600.0), house.pv_peak_w, 0.08 * house.pv_peak_w);
  const auto day = [&](double day_of_year) {
    house.day_of_year = day_of_year;
    double kwh = 0;
    for (int minute = 0; minute < 1440; ++minute) kwh += pv_power(house, minute * 60.0) / 60000;
    return kwh;
  };
  EXPECT_GT(day(172), day(80));
  EXPECT_GT(day(80), 1.3 * day(355));
}

TEST(House, CloudsTakeAwayAndNeverMoreThanThereIs) {
  House clear, dull;
  clear.clouds = 0;
  dull.clouds = 1;
  double clear_sum = 0, dull_sum = 0;
  for (int minute = 0; minute < 14400; ++minute) {
    const double without = pv_power(clear, minute * 60.0), with = pv_power(dull, minute * 60.0);
    EXPECT_GE(with, 0);
    EXPECT_LE(with, without);
    clear_sum += without;
    dull_sum += with;
  }
  EXPECT_LT(dull_sum, 0.8 * clear_sum);
}

TEST(House, TheLoadIsWhatWasAskedForOnAverage) {
  House house;
  double sum = 0;
  for (int minute = 0; minute < 14400; ++minute) {
    const double load = load_power(house, minute * 60.0);
    EXPECT_GT(load, 0);
    sum += load;
  }
  EXPECT_NEAR(sum / 14400, house.load_w, 0.15 * house.load_w);
}

TEST(House, TheRoomIsColdInWinter) {
  House house;
  house.winter_c = 12;
  house.day_of_year = 20;
  EXPECT_LT(room_temperature(house, 12 * 3600.0), 12);
  house.day_of_year = 202;
  EXPECT_GT(room_temperature(house, 12 * 3600.0), 28);
}

}  // namespace
}  // namespace bmsd
