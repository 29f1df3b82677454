#include "control/limits.h"

#include <gtest/gtest.h>

#include <cmath>

#include "control/cells.h"
#include "control/disconnect.h"
#include "control_fixture.h"

namespace bmsd::limits_test {
namespace {

const Presence kPresent;

Limits limits_of(const Battery& battery, const ControlConfig& config = {}) {
  return first_limits(config, battery, kPresent, true);
}

Limits limits_of(const Reading& reading) { return limits_of(battery_of(reading)); }

TEST(Limits, NothingLimitsACalmBatteryButTheConfiguration) {
  const Limits limits = limits_of(calm_battery());
  EXPECT_DOUBLE_EQ(limits.charge.value, 50);
  EXPECT_EQ(limits.charge.reason, "Max Battery Charge Current");
  EXPECT_TRUE(limits.charge.allowed);
  EXPECT_DOUBLE_EQ(limits.discharge.value, 60);
  EXPECT_EQ(limits.discharge.reason, "Max Battery Discharge Current");
  EXPECT_TRUE(limits.discharge.allowed);
}

TEST(Limits, ChargeVoltageIsCellsTimesTheHighestCellVoltage) {
  const Limits limits = limits_of(calm_battery());
  EXPECT_DOUBLE_EQ(*limits.cvl, 55.2);
  EXPECT_DOUBLE_EQ(*limits.low_voltage, 46.4);
  EXPECT_DOUBLE_EQ(*limits.max_charge_cell_voltage, 3.45);
  EXPECT_EQ(limits.charge_mode, "Keep always max voltage");
}

TEST(Limits, WithoutCellsThereIsNoChargeVoltageButThereAreCurrents) {
  const Limits limits = limits_of(Battery());
  EXPECT_FALSE(limits.cvl);
  EXPECT_FALSE(limits.low_voltage);
  EXPECT_DOUBLE_EQ(limits.charge.value, 50);
  EXPECT_FALSE(limits.charge.allowed) << "this protocol has FET flags and has not told them yet";
}

TEST(Limits, TheBmsOwnCellLimitLowersTheChargeVoltageAndNeverRaisesIt) {
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::cell_voltage_max_limit, 3.4);
  EXPECT_DOUBLE_EQ(*limits_of(reading).cvl, 54.4);
  reading.set(Field::cell_voltage_max_limit, 3.65);
  EXPECT_DOUBLE_EQ(*limits_of(reading).cvl, 55.2);
  reading.set(Field::cell_voltage_max_limit, 0);
  EXPECT_DOUBLE_EQ(*limits_of(reading).cvl, 55.2);
}

TEST(Limits, ACellLimitThatNoBmsCanMeanIsNotBelieved) {
  for (const double absurd : {0.0, 0.365, 1.0, 2.89}) {
    Reading reading = reading_of(16, 3.3);
    reading.set(Field::cell_voltage_max_limit, absurd);
    const Limits limits = limits_of(reading);
    EXPECT_DOUBLE_EQ(*limits.cvl, 55.2) << absurd;
    EXPECT_DOUBLE_EQ(*limits.max_charge_cell_voltage, 3.45) << absurd;
  }
}

TEST(Limits, TheSmallerOfTwoCellCountsMakesTheChargeVoltage) {
  Battery battery = calm_battery();
  Reading count;
  count.set(Field::cell_count, 24);
  ASSERT_TRUE(battery.merge(count, 1, Instant()));
  EXPECT_DOUBLE_EQ(*limits_of(battery).cvl, 55.2);
}

TEST(Limits, TheVoltageDropIsAddedToThePublishedVoltageOnly) {
  ControlConfig config;
  config.voltage_drop = 0.15;
  const Limits limits = limits_of(calm_battery(), config);
  EXPECT_DOUBLE_EQ(*limits.cvl, 55.35);
  EXPECT_DOUBLE_EQ(*limits.max_charge_cell_voltage, 3.45);
}

struct Case {
  const char* what;
  Reading reading;
  double charge;
  const char* charge_reason;
  double discharge;
  const char* discharge_reason;
};

Reading with(Reading reading, Field field, double value) {
  reading.set(field, value);
  return reading;
}

Reading with_sensors(std::vector<double> sensors) {
  Reading reading = reading_of(16, 3.3);
  reading.cell_temperatures = std::move(sensors);
  return reading;
}

constexpr const char* kCharge = "Max Battery Charge Current";
constexpr const char* kDischarge = "Max Battery Discharge Current";

TEST(Limits, TheLowestCandidateHoldsAndIsNamed) {
  const Case cases[] = {
      {"a high cell", reading_of(16, 3.4), 12.5, "Cell Voltage", 60, kDischarge},
      {"between two points", reading_of(16, 3.43), 2.05, "Cell Voltage", 60, kDischarge},
      {"a cell at its top", reading_of(16, 3.5), 0, "Cell Voltage", 60, kDischarge},
      {"a low cell", reading_of(16, 3.0), 50, kCharge, 3, "Cell Voltage"},
      {"an empty cell", reading_of(16, 2.7), 50, kCharge, 0, "Cell Voltage"},
      {"one cell decides", reading_of({3.3, 3.3, 3.45, 3.0}), 0.25, "Cell Voltage", 3, "Cell Voltage"},
      {"cold", reading_of(16, 3.3, 2), 12.5, "Temp", 21, "Temp"},
      {"frost", reading_of(16, 3.3, -5), 0, "Temp", 7.5, "Temp"},
      {"hot", reading_of(16, 3.3, 50), 12.5, "Temp", 15, "Temp"},
      {"the worst of two sensors", with_sensors({50, 1}), 6.25, "Temp", 15, "Temp"},
      {"the MOSFETs", with(reading_of(16, 3.3), Field::mos_temperature, 80), 12.5, "MOSFET", 15, "MOSFET"},
      {"the BMS's limit", with(reading_of(16, 3.3), Field::max_charge_current, 20), 20, "BMS Settings", 60, kDischarge},
      {"a BMS limit of 0", with(reading_of(16, 3.3), Field::max_discharge_current, 0), 50, kCharge, 0, "BMS Settings"},
      {"a higher BMS limit", with(reading_of(16, 3.3), Field::max_charge_current, 200), 50, kCharge, 60, kDischarge},
      {"an open FET", with(reading_of(16, 3.3), Field::charge_fet_on, 0), 0, "BMS", 60, kDischarge},
      {"two that tie", with(reading_of(16, 3.4, 2), Field::mos_temperature, 80), 12.5, "Cell Voltage, Temp, MOSFET", 15,
       "MOSFET"},
      {"the BMS's limit hides a tie", with(reading_of(16, 3.4), Field::max_charge_current, 12.5), 12.5, "BMS Settings",
       60, kDischarge},
      {"within 1 mA is a tie", with(reading_of(16, 3.4), Field::max_charge_current, 12.4995), 12.5, "BMS Settings", 60,
       kDischarge},
  };
  for (const Case& c : cases) {
    const Limits limits = limits_of(c.reading);
    EXPECT_NEAR(limits.charge.value, c.charge, 0.0006) << c.what;
    EXPECT_EQ(limits.charge.reason, c.charge_reason) << c.what;
    EXPECT_NEAR(limits.discharge.value, c.discharge, 0.0006) << c.what;
    EXPECT_EQ(limits.discharge.reason, c.discharge_reason) << c.what;
    EXPECT_EQ(limits.charge.allowed, c.charge > 0) << c.what;
    EXPECT_EQ(limits.discharge.allowed, c.discharge > 0) << c.what;
  }
}

TEST(Limits, ASwitchedOffTableDoesNotLimit) {
  ControlConfig config;
  config.charge.by_cell_voltage = config.charge.by_temperature = config.charge.by_mos_temperature = false;
  Reading reading = reading_of(16, 3.6, -15);
  reading.set(Field::mos_temperature, 100);
  const Limits limits = limits_of(battery_of(reading), config);
  EXPECT_DOUBLE_EQ(limits.charge.value, 50);
  EXPECT_DOUBLE_EQ(limits.discharge.value, 0);
}

TEST(Limits, TheStateOfChargeLimitsOnlyWhereSwitchedOn) {
  Reading reading = reading_of(16, 3.3);
  reading.set(Field::soc, 95);
  EXPECT_DOUBLE_EQ(limits_of(reading).charge.value, 50);
  ControlConfig config;
  config.charge.by_soc = true;
  const Limits limits = limits_of(battery_of(reading), config);
  EXPECT_DOUBLE_EQ(limits.charge.value, 10);
  EXPECT_EQ(limits.charge.reason, "SoC");
}

// Charging by voltage, temperature and MOSFET takes the lower point of a table, discharging by voltage and temperature and
// the state of charge take the upper one.
TEST(Limits, InStepsALimitAppliesFromItsPointOn) {
  ControlConfig config;
  config.steps = true;
  config.charge.by_soc = config.discharge.by_soc = true;
  struct Step {
    const char* what;
    double cell, temperature, mos, soc, charge, discharge;
  };
  for (const Step& s : {Step{"calm", 3.3, 25, 25, 60, 50, 60},
                        {"just below 3.400 V", 3.3999, 25, 25, 60, 50, 60},
                        {"3.400 V", 3.4, 25, 25, 60, 12.5, 60},
                        {"3.424 V", 3.424, 25, 25, 60, 12.5, 60},
                        {"3.500 V", 3.5, 25, 25, 60, 0, 60},
                        {"above 3.10 V", 3.101, 25, 25, 60, 50, 60},
                        {"3.10 V begins the step above it", 3.1, 25, 25, 60, 50, 60},
                        {"below 3.10 V", 3.099, 25, 25, 60, 50, 15},
                        {"just below 45 degrees", 3.3, 44.9, 25, 60, 50, 30},
                        {"45 degrees", 3.3, 45, 25, 60, 25, 15},
                        {"9.9 degrees", 3.3, 9.9, 25, 60, 25, 60},
                        {"-5 degrees discharge as 0 degrees", 3.3, -5, 25, 60, 0, 15},
                        {"79 degrees at the MOSFETs", 3.3, 25, 79, 60, 50, 60},
                        {"80 degrees at the MOSFETs", 3.3, 25, 80, 60, 12.5, 15},
                        {"85 % of charge, the first point", 3.3, 25, 25, 85, 50, 60},
                        {"85.1 % of charge", 3.3, 25, 25, 85.1, 25, 60},
                        {"98 % of charge", 3.3, 25, 25, 98, 5, 60},
                        {"12 % of charge", 3.3, 25, 25, 12, 50, 30}}) {
    Reading reading = reading_of(16, s.cell, s.temperature);
    reading.set(Field::mos_temperature, s.mos);
    reading.set(Field::soc, s.soc);
    const Limits limits = limits_of(battery_of(reading), config);
    EXPECT_NEAR(limits.charge.value, s.charge, 1e-9) << s.what;
    EXPECT_NEAR(limits.discharge.value, s.discharge, 1e-9) << s.what;
  }
}

TEST(Limits, OnlyChosenSensorsCountAndAsTheUserCorrectedThem) {
  ControlConfig config;
  config.sensors.source = {1, 2};
  config.sensors.adjust[0] = {-3, 1};
  config.sensors.adjust_mos = {2, 1};
  Reading reading = reading_of(16, 3.3);
  reading.cell_temperatures = std::vector<double>{11, 25, -5, 60};
  reading.set(Field::mos_temperature, 68);
  EXPECT_DOUBLE_EQ(limits_of(battery_of(reading), config).charge.value, 40);
  reading.set(Field::mos_temperature, 78);
  EXPECT_DOUBLE_EQ(limits_of(battery_of(reading), config).charge.value, 12.5);
}

TEST(Limits, AProtectionStopsItsDirectionWhateverTheFetSays) {
  Reading reading = reading_of(16, 3.3);
  reading.alarms = Alarms();
  reading.alarms->raise(
      {0, 0, "cell_overvoltage_protection", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge});
  const Limits limits = limits_of(reading);
  EXPECT_EQ(limits.charge.value, 0);
  EXPECT_EQ(limits.charge.reason, "BMS");
  EXPECT_FALSE(limits.charge.allowed);
  EXPECT_TRUE(limits.discharge.allowed);
}

TEST(Limits, AnUnknownFetAllowsOnlyWhereTheProtocolHasNoFlags) {
  Reading reading = reading_of(16, 3.3);
  reading.set_unknown(Field::charge_fet_on);
  const Battery battery = battery_of(reading);
  EXPECT_FALSE(first_limits({}, battery, kPresent, true).charge.allowed);
  EXPECT_TRUE(first_limits({}, battery, kPresent, false).charge.allowed);
  EXPECT_DOUBLE_EQ(first_limits({}, battery, kPresent, true).charge.value, 50) << "an unknown FET is no candidate";
}

TEST(Limits, ALostConnectionBlocksBothDirectionsAndKeepsTheVoltage) {
  Presence lost;
  lost.blocked = true;
  const Limits limits = first_limits({}, calm_battery(), lost, true);
  for (const CurrentLimit& limit : {limits.charge, limits.discharge}) {
    EXPECT_EQ(limit.value, 0);
    EXPECT_EQ(limit.reason, "BMS connection lost");
    EXPECT_FALSE(limit.allowed);
  }
  EXPECT_DOUBLE_EQ(*limits.cvl, 55.2);
}

TEST(Limits, ACellThatCannotBeBelievedIsLeftOutAndLimitsBothDirections) {
  std::vector<double> cells(16, 3.3);
  cells[4] = 8.5;
  const Battery battery = battery_of(reading_of(cells));
  const auto range = cell_range(battery, 3.45);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->implausible, 1U);
  EXPECT_DOUBLE_EQ(range->highest, 3.3);
  EXPECT_NEAR(range->sum, 15 * 3.3, 1e-9);
  EXPECT_DOUBLE_EQ(limits_of(battery).charge.value, 12.5);
  EXPECT_DOUBLE_EQ(limits_of(battery).discharge.value, 15);
  EXPECT_EQ(limits_of(battery).charge.reason, "Cell Voltage");
}

TEST(Cells, OfEqualCellsTheFirstIsNamed) {
  const auto range = cell_range(battery_of(reading_of({3.3, 3.2, 3.4, 3.2, 3.4})), 3.45);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->lowest_cell, 2U);
  EXPECT_EQ(range->highest_cell, 3U);
}

TEST(Limits, AConfigurationThatIsNoNumberAllowsNothing) {
  ControlConfig config;
  config.max_battery_charge_current = std::nan("");
  config.max_battery_discharge_current = -5;
  config.max_cell_voltage = std::nan("");
  const Limits limits = limits_of(calm_battery(), config);
  EXPECT_EQ(limits.charge.value, 0);
  EXPECT_EQ(limits.discharge.value, 0);
  EXPECT_FALSE(limits.charge.allowed);
  EXPECT_FALSE(limits.cvl);
}

TEST(Limits, AnInverterKeepsItsLeastCurrentWhileTheBatteryLetsItFlow) {
  ControlConfig config;
  config.least_discharge_current = 5;
  const auto discharge = [&](const Reading& reading) {
    return first_limits(config, battery_of(reading), kPresent, true).discharge;
  };
  Reading reading = reading_of(16, 2.95);
  EXPECT_DOUBLE_EQ(discharge(reading).value, 5) << "0.5 % to 5 % of 60 A would be less";
  EXPECT_TRUE(discharge(reading).allowed);
  EXPECT_EQ(discharge(reading).reason, "Cell Voltage");
  reading.set(Field::max_discharge_current, 2);
  EXPECT_DOUBLE_EQ(discharge(reading).value, 2) << "never more than the BMS allows";
  reading = reading_of(16, 2.95);
  reading.set(Field::discharge_fet_on, 0);
  EXPECT_DOUBLE_EQ(discharge(reading).value, 0);
  reading.set_unknown(Field::discharge_fet_on);
  EXPECT_LT(discharge(reading).value, 5);
  EXPECT_LT(discharge(reading_of(16, 2.9)).value, 5) << "an empty cell";
  EXPECT_DOUBLE_EQ(discharge(reading_of(16, 3.3)).value, 60);
}

}  // namespace
}  // namespace bmsd::limits_test
