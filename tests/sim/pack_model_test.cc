#include "sim/pack_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bmsd {
namespace {

Instant at(double seconds) { return Instant(Duration(static_cast<std::int64_t>(seconds * 1e6))); }

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

TEST(PackModel, BeginsAsAHealthyPack) {
  const PackState state = PackModel().state();
  ASSERT_EQ(state.cell_voltages.size(), 16U);
  ASSERT_EQ(state.cell_temperatures.size(), 4U);
  for (const double cell : state.cell_voltages) EXPECT_NEAR(cell, 3.31, 0.02);
  EXPECT_NEAR(state.voltage, sum(state.cell_voltages), 1e-9);
  EXPECT_EQ(state.soc, 60);
  EXPECT_EQ(state.capacity_remaining, 60);
  EXPECT_TRUE(state.alarms.empty());
  EXPECT_TRUE(state.balancing_cells.empty());
}

TEST(PackModel, TheStateOfChargeIntegratesTheCurrent) {
  PackModelOptions options;
  options.current_a = -20;
  PackModel pack(options);
  pack.advance(at(0));
  pack.advance(at(3600));
  EXPECT_NEAR(pack.state().soc, 40, 1e-6);
  EXPECT_NEAR(pack.state().capacity_remaining, 40, 1e-6);
  EXPECT_NEAR(pack.state().total_discharge, 25 * 100 + 20, 1e-6);
  ASSERT_TRUE(pack.set("current_a", "50").ok());
  pack.advance(at(3600 + 1800));
  EXPECT_NEAR(pack.state().soc, 65, 1e-6);
  pack.advance(at(36000));
  EXPECT_EQ(pack.state().soc, 100);
}

TEST(PackModel, CellsFollowChargeAndCurrent) {
  PackModelOptions options;
  options.fixed = true;
  PackModel pack(options);
  double before = 0;
  for (const char* soc : {"0", "5", "20", "50", "80", "95", "99", "100"}) {
    ASSERT_TRUE(pack.set("soc_percent", soc).ok());
    EXPECT_GT(pack.state().voltage, before) << soc;
    before = pack.state().voltage;
  }
  ASSERT_TRUE(pack.set("soc_percent", "50").ok());
  const double rest = pack.state().voltage;
  ASSERT_TRUE(pack.set("current_a", "100").ok());
  EXPECT_GT(pack.state().voltage, rest + 0.3);
  ASSERT_TRUE(pack.set("current_a", "-100").ok());
  EXPECT_LT(pack.state().voltage, rest - 0.3);
}

TEST(PackModel, HighCellsAreBalanced) {
  PackModelOptions options;
  options.soc_percent = 100;
  const PackState state = PackModel(options).state();
  EXPECT_FALSE(state.balancing_cells.empty());
  EXPECT_LT(state.balancing_cells.size(), 16U);
}

TEST(PackModel, IsTheSameForTheSameSeedWhateverTheSteps) {
  PackModelOptions options;
  options.current_a = 12;
  options.seed = 42;
  PackModel one(options), two(options);
  one.advance(at(0));
  two.advance(at(0));
  one.advance(at(600));
  for (int second = 1; second <= 600; ++second) two.advance(at(second));
  EXPECT_NEAR(one.state().soc, two.state().soc, 1e-9);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(one.state().cell_voltages[i], two.state().cell_voltages[i], 1e-9);
  options.seed = 43;
  EXPECT_NE(PackModel(options).state().cell_voltages, one.state().cell_voltages);
}

TEST(PackModel, WandersUnlessFixed) {
  PackModelOptions options;
  PackModel wandering(options);
  options.fixed = true;
  PackModel fixed(options);
  const PackState start = fixed.state();
  wandering.advance(at(0));
  wandering.advance(at(60));
  fixed.advance(at(0));
  fixed.advance(at(60));
  EXPECT_NE(wandering.state().cell_voltages, start.cell_voltages);
  EXPECT_EQ(fixed.state().cell_voltages, start.cell_voltages);
  EXPECT_EQ(fixed.state().cell_temperatures, start.cell_temperatures);
}

TEST(PackModel, WhatIsSetStaysUntilItIsGivenBack) {
  PackModel pack;
  pack.advance(at(0));
  ASSERT_TRUE(pack.set("mos_temperature_c", "81.5").ok());
  ASSERT_TRUE(pack.set("cell_voltages_v", "[3.1, 3.2,3.3]").ok());
  ASSERT_TRUE(pack.set("cell_temperatures_c", "none").ok());
  pack.advance(at(1000));
  EXPECT_EQ(pack.state().mos_temperature, 81.5);
  EXPECT_EQ(pack.state().cell_voltages, (std::vector<double>{3.1, 3.2, 3.3}));
  EXPECT_NEAR(pack.state().voltage, 9.6, 1e-9);
  EXPECT_TRUE(pack.state().cell_temperatures.empty());
  ASSERT_TRUE(pack.set("mos_temperature_c", "auto").ok());
  EXPECT_LT(pack.state().mos_temperature, 40);
  ASSERT_TRUE(pack.set("cells", "8").ok());
  EXPECT_EQ(pack.state().cell_voltages.size(), 8U);
  EXPECT_NEAR(pack.state().voltage, sum(pack.state().cell_voltages), 1e-9);
  ASSERT_TRUE(pack.set("sensors", "2").ok());
  EXPECT_EQ(pack.state().cell_temperatures.size(), 2U);
}

TEST(PackModel, AFetThatIsOffStopsTheCurrent) {
  PackModelOptions options;
  options.current_a = 30;
  PackModel pack(options);
  ASSERT_TRUE(pack.set("charge_fet_on", "off").ok());
  EXPECT_EQ(pack.state().current, 0);
  ASSERT_TRUE(pack.set("current_a", "-30").ok());
  EXPECT_EQ(pack.state().current, -30);
  ASSERT_TRUE(pack.set("discharge_fet_on", "off").ok());
  EXPECT_EQ(pack.state().current, 0);
  ASSERT_TRUE(pack.set("discharge_fet_on", "on").ok());
  EXPECT_EQ(pack.state().current, -30);
}

TEST(PackModel, AGivenStateIsTakenAsItIs) {
  PackState state;
  state.cell_voltages = {3.3, 3.4};
  state.cell_temperatures = {20};
  state.voltage = 7;  // not the sum
  state.current = 5;
  state.charge_fet = false;
  state.soc = 12;
  PackModel pack(state);
  pack.advance(at(0));
  pack.advance(at(5000));
  EXPECT_EQ(pack.state().voltage, 7);
  EXPECT_EQ(pack.state().current, 5);
  EXPECT_EQ(pack.state().soc, 12);
  EXPECT_EQ(pack.state().cell_voltages, state.cell_voltages);
  EXPECT_EQ(pack.state().pack_temperature, state.pack_temperature);
}

TEST(PackModel, EveryKeyCanBeSet) {
  for (const std::string_view key : PackModel::keys()) {
    EXPECT_TRUE(PackModel::knows(key));
    PackModelOptions options;
    const auto& charge_keys = PackModel::kPlantKeys;
    options.charged = std::find(std::begin(charge_keys), std::end(charge_keys), key) != std::end(charge_keys);
    EXPECT_TRUE(PackModel(options).set(key, "1").ok()) << key;
  }
}

PackModelOptions charged(double soc) {
  PackModelOptions options;
  options.charged = true;
  options.soc_percent = soc;
  return options;
}

TEST(PackModel, WithAChargerTheCurrentIsWhatTheLimitsAllow) {
  PackModel pack(charged(60));
  ASSERT_TRUE(pack.set("pv_w", "5000").ok());
  ASSERT_TRUE(pack.set("load_w", "200").ok());
  pack.advance(at(0));
  pack.advance(at(60));
  EXPECT_NEAR(pack.state().current, 50, 0.5);
  ASSERT_TRUE(pack.set("ccl_a", "20").ok());
  pack.advance(at(90));
  EXPECT_NEAR(pack.state().current, 20, 0.5);
  pack.obey(ChargeLimits{40, 50, 60});  // far below the battery
  pack.advance(at(120));
  EXPECT_NEAR(pack.state().current, -200 / pack.state().voltage, 0.2);
  pack.obey({});
  pack.advance(at(150));
  EXPECT_NEAR(pack.state().current, 0, 0.11);
}

TEST(PackModel, AChargeRunsAsManyTimesAsFast) {
  PackModelOptions options = charged(60);
  options.time_factor = 60;
  PackModel pack(options);
  ASSERT_TRUE(pack.set("pv_w", "5000").ok());
  ASSERT_TRUE(pack.set("load_w", "0").ok());
  pack.advance(at(0));
  pack.advance(at(60));
  EXPECT_NEAR(pack.state().soc, 100, 12);  // 50 A into 100 Ah for an hour, less at the end
  EXPECT_GT(pack.state().soc, 85);
  EXPECT_GT(pack.state().total_charge, 25 * 100 * 1.02 + 25);
}

TEST(PackModel, WithAChargerWhatIsSetStaysOrBecomesTheBatterys) {
  PackModel pack(charged(60));
  pack.advance(at(0));
  ASSERT_TRUE(pack.set("soc_percent", "95").ok());
  EXPECT_NEAR(pack.state().soc, 95, 1e-6);
  ASSERT_TRUE(pack.set("mos_temperature_c", "77").ok());
  ASSERT_TRUE(pack.set("cells", "8").ok());
  ASSERT_TRUE(pack.set("capacity_full_ah", "200").ok());
  pack.advance(at(10));
  EXPECT_EQ(pack.state().cell_voltages.size(), 8U);
  EXPECT_EQ(pack.state().mos_temperature, 77);
  EXPECT_NEAR(pack.state().capacity_remaining, 190, 1);
  EXPECT_FALSE(pack.set("current_a", "3").ok());
  ASSERT_TRUE(pack.set("charge_fet_on", "off").ok());
  EXPECT_FALSE(pack.state().charge_fet);
  pack.command({Changeable::soc, 50});
  EXPECT_NEAR(pack.state().soc, 50, 1e-6);
}

TEST(PackModel, WithoutAChargerThereIsNoSun) { EXPECT_FALSE(PackModel().set("pv_w", "1").ok()); }

TEST(PackModel, RefusesWhatIsNoValue) {
  PackModel pack;
  const PackState before = pack.state();
  const std::pair<const char*, const char*> wrong[] = {
      {"soc", "1"},
      {"soc_percent", ""},
      {"soc_percent", "x"},
      {"soc_percent", "nan"},
      {"soc_percent", "-1"},
      {"cells", "0"},
      {"cells", "33"},
      {"cells", "2.5"},
      {"sensors", "17"},
      {"cell_voltages_v", "3.3;3.4"},
      {"cell_voltages_v", ""},
      {"charge_fet_on", "2"},
      {"balancing_cells", "0"},
      {"drift", "maybe"},
      {"current_a", "1e9"},
      {"soc_percent", "auto"},
      {"cycles", "-1"},
      {"cell_voltages_v", "3.3,99"},
  };
  for (const auto& [key, value] : wrong) {
    const Status status = pack.set(key, value);
    ASSERT_FALSE(status.ok()) << key << "=" << value;
    EXPECT_EQ(status.error().code, Errc::config);
    EXPECT_NE(describe(status.error()).find(key), std::string::npos);
  }
  EXPECT_EQ(pack.state().soc, before.soc);
  EXPECT_EQ(pack.state().cell_voltages, before.cell_voltages);
}

}  // namespace
}  // namespace bmsd
