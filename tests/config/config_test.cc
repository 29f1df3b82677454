#include "config/config.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace bmsd {
namespace {

std::string weight(const Finding& finding) {
  constexpr const char* kWeights[] = {"note", "warning", "corrected", "unusable"};
  return kWeights[finding.weight];
}

// "unusable 3 [line x] KEY", each.
std::vector<std::string> told(const std::vector<Finding>& findings) {
  std::vector<std::string> lines;
  for (const Finding& finding : findings) {
    lines.push_back(weight(finding) + " " + std::to_string(finding.line) + " [" + finding.section + "]" +
                    (finding.key.empty() ? "" : " " + finding.key));
  }
  return lines;
}
std::vector<std::string> told(const Config& config) { return told(config.findings()); }
using Lines = std::vector<std::string>;

BatteryName battery(const std::string& port, int address, std::vector<std::string> identities = {}) {
  return {"/dev/" + port, port, address, std::move(identities)};
}

// Maximum charge currents: which section holds for which battery.
std::vector<double> currents(const Config& config, const std::vector<BatteryName>& all,
                             std::vector<Finding>* findings = nullptr) {
  std::vector<double> values;
  for (const BatteryConfig& of_battery : config.batteries(all, findings)) {
    values.push_back(of_battery.control.max_battery_charge_current);
  }
  return values;
}

bool same(const Table& a, const Table& b) { return a.inputs == b.inputs && a.fractions == b.fractions; }
bool same(const Recovery& a, const Recovery& b) {
  return a.hold_s == b.hold_s && a.rate_a_per_s == b.rate_a_per_s && a.threshold == b.threshold;
}
bool same(const Adjustment& a, const Adjustment& b) { return a.offset == b.offset && a.slope == b.slope; }
bool same(const CurrentTables& a, const CurrentTables& b) {
  return a.by_cell_voltage == b.by_cell_voltage && a.by_temperature == b.by_temperature &&
         a.by_mos_temperature == b.by_mos_temperature && a.by_soc == b.by_soc && same(a.cell_voltage, b.cell_voltage) &&
         same(a.temperature, b.temperature) && same(a.mos_temperature, b.mos_temperature) && same(a.soc, b.soc);
}

TEST(Config, WithoutAFileIsWhatTheRoomsBeginWith) {
  const BatteryName one[] = {battery("ttyUSB0", 1)};
  for (const Config& config : {Config(), Config::parse("")}) {
    EXPECT_TRUE(config.findings().empty());
    EXPECT_EQ(config.state(), ConfigState::fine);
    EXPECT_EQ(config.daemon(), DaemonConfig{});
    EXPECT_EQ(config.line("/dev/ttyUSB0"), LineConfig{});
    EXPECT_EQ(config.effective(), Settings());
    EXPECT_TRUE(config.sections().empty());
    const auto batteries = config.batteries(one);
    ASSERT_EQ(batteries.size(), 1u);
    EXPECT_EQ(batteries[0].display, Display{});
  }
}

TEST(Config, HasTheDefaultsOfControl) {
  const BatteryName one[] = {battery("ttyUSB0", 1)};
  const ControlConfig read = Config().batteries(one)[0].control, expected;
  EXPECT_EQ(read.max_cell_voltage, expected.max_cell_voltage);
  EXPECT_EQ(read.min_cell_voltage, expected.min_cell_voltage);
  EXPECT_EQ(read.max_battery_charge_current, expected.max_battery_charge_current);
  EXPECT_EQ(read.max_battery_discharge_current, expected.max_battery_discharge_current);
  EXPECT_EQ(read.voltage_drop, expected.voltage_drop);
  EXPECT_EQ(read.block_on_disconnect, expected.block_on_disconnect);
  EXPECT_EQ(read.block_on_disconnect_timeout_minutes, expected.block_on_disconnect_timeout_minutes);
  EXPECT_EQ(read.block_on_disconnect_voltage_min, expected.block_on_disconnect_voltage_min);
  EXPECT_EQ(read.block_on_disconnect_voltage_max, expected.block_on_disconnect_voltage_max);
  EXPECT_EQ(read.bms_cable_alarm, expected.bms_cable_alarm);
  EXPECT_EQ(read.steps, expected.steps);
  EXPECT_TRUE(same(read.charge_recovery, expected.charge_recovery));
  EXPECT_TRUE(same(read.discharge_recovery, expected.discharge_recovery));
  EXPECT_EQ(read.sensors.source, expected.sensors.source);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(same(read.sensors.adjust[i], expected.sensors.adjust[i]));
  EXPECT_TRUE(same(read.sensors.adjust_mos, expected.sensors.adjust_mos));
  EXPECT_TRUE(same(read.charge, expected.charge));
  EXPECT_TRUE(same(read.discharge, expected.discharge));
}

TEST(Config, FillsWhatABatteryMay) {
  const Config config = Config::parse(
      "[DEFAULT]\nMAX_CELL_VOLTAGE = 3.5\nMIN_CELL_VOLTAGE = 3\nMAX_BATTERY_CHARGE_CURRENT = 20\n"
      "MAX_BATTERY_DISCHARGE_CURRENT = 30\nVOLTAGE_DROP = 0.2\nBLOCK_ON_DISCONNECT = True\n"
      "BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES = 5\nBLOCK_ON_DISCONNECT_VOLTAGE_MIN = 3.1\n"
      "BLOCK_ON_DISCONNECT_VOLTAGE_MAX = 3.3\nBMS_CABLE_ALARM = False\nCHARGE_MODE = 2\nCCL_RECOVERY_HOLD_SEC = 7\n"
      "DCL_RECOVERY_RATE_A_PER_SEC = 0.5\nCHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT = 0.02\n"
      "TEMPERATURE_SOURCE_BATTERY = 2, 1\nTEMPERATURE_2_ADJUST = -1.5, 1.1\nTEMPERATURE_MOS_ADJUST = 3, 1\n"
      "CCCM_SOC_ENABLE = True\nDCCM_T_ENABLE = False\nSOC_WHILE_CHARGING = 99, 90\nMAX_CHARGE_CURRENT_SOC_FRACTION = "
      "0, 1\n"
      "MOSFET_TEMPERATURES_WHILE_DISCHARGING = 60, 70\nMAX_DISCHARGE_CURRENT_T_MOSFET_FRACTION = 1, 0\n");
  EXPECT_EQ(told(config), Lines{});
  const BatteryName one[] = {battery("ttyUSB0", 1)};
  const ControlConfig control = config.batteries(one)[0].control;
  EXPECT_EQ(control.max_cell_voltage, 3.5);
  EXPECT_EQ(control.min_cell_voltage, 3);
  EXPECT_EQ(control.max_battery_charge_current, 20);
  EXPECT_EQ(control.max_battery_discharge_current, 30);
  EXPECT_EQ(control.voltage_drop, 0.2);
  EXPECT_TRUE(control.block_on_disconnect);
  EXPECT_EQ(control.block_on_disconnect_timeout_minutes, 5);
  EXPECT_EQ(control.block_on_disconnect_voltage_min, 3.1);
  EXPECT_EQ(control.block_on_disconnect_voltage_max, 3.3);
  EXPECT_FALSE(control.bms_cable_alarm);
  EXPECT_TRUE(control.steps);
  EXPECT_TRUE(same(control.charge_recovery, {7, 5, 0.02}));
  EXPECT_TRUE(same(control.discharge_recovery, {30, 0.5, 0.015}));
  EXPECT_EQ(control.sensors.source, (std::vector<int>{2, 1}));
  EXPECT_TRUE(same(control.sensors.adjust[1], {-1.5, 1.1}));
  EXPECT_TRUE(same(control.sensors.adjust_mos, {3, 1}));
  EXPECT_TRUE(control.charge.by_soc);
  EXPECT_FALSE(control.discharge.by_soc);
  EXPECT_FALSE(control.discharge.by_temperature);
  EXPECT_TRUE(control.charge.by_temperature);
  EXPECT_TRUE(same(control.charge.soc, {{99, 90}, {0, 1}}));
  EXPECT_TRUE(same(control.discharge.mos_temperature, {{60, 70}, {1, 0}}));
}

TEST(Config, FillsHowABatteryIsShown) {
  const Config config = Config::parse(
      "[DEFAULT]\nBATTERY_CELL_DATA_FORMAT = 3\nMIDPOINT_ENABLE = True\nPUBLISH_BATTERY_DATA_AS_JSON = true\n"
      "TEMPERATURE_2_NAME = Middle\nMQTT_PASSWORD = hush\nPUBLISH_CONFIG_VALUES = True\n");
  const BatteryName one[] = {battery("ttyUSB0", 1)};
  const Display display = config.batteries(one)[0].display;
  EXPECT_EQ(display.cell_format, 3);
  EXPECT_TRUE(display.midpoint);
  EXPECT_TRUE(display.as_json);
  EXPECT_EQ(display.temperature_names, (std::array<std::string, 4>{"Temp 1", "Middle", "Temp 3", "Temp 4"}));
  EXPECT_EQ(display.config_values.size(), all_keys().size() - 2);  // without what is secret
  const auto shown = [&](const char* key) {
    const auto found = std::find_if(display.config_values.begin(), display.config_values.end(),
                                    [&](const auto& value) { return value.first == key; });
    return found == display.config_values.end() ? ShownSetting("(none)") : found->second;
  };
  EXPECT_EQ(shown("MAX_CELL_VOLTAGE"), ShownSetting(3.45));
  EXPECT_EQ(shown("BATTERY_CELL_DATA_FORMAT"), ShownSetting(std::int64_t{3}));
  EXPECT_EQ(shown("MIDPOINT_ENABLE"), ShownSetting(true));
  EXPECT_EQ(shown("POLL_INTERVAL"), ShownSetting(std::string()));
  EXPECT_EQ(shown("SOC_WHILE_CHARGING"), ShownSetting(std::vector<double>{98, 95, 90, 85}));
  EXPECT_EQ(shown("MQTT_PASSWORD"), ShownSetting(std::string("(none)")));
  EXPECT_EQ(shown("HTTP_TOKEN_FILE"), ShownSetting(std::string("(none)")));
}

TEST(Config, ShowsTheWorstFindingAtEveryBattery) {
  const auto state = [](const char* text) {
    const Config config = Config::parse(text);
    const BatteryName two[] = {battery("ttyUSB0", 1), battery("ttyUSB1", 1)};
    const auto batteries = config.batteries(two);
    EXPECT_EQ(batteries[0].display.config_state, config.state());
    EXPECT_EQ(batteries[1].display.config_state, config.state());
    return config.state();
  };
  EXPECT_EQ(state("[DEFAULT]\nTELEMETRY = False\nMODBUS_ADDRESSES = 1\nMIDPOINT_ENABLE = yes\n"), ConfigState::fine);
  EXPECT_EQ(state("[DEFAULT]\nFLOAT_CELL_VOLTAGE = 3.5\n"), ConfigState::corrected);
  EXPECT_EQ(state("[DEFAULT]\nNO_SUCH_KEY = 1\n"), ConfigState::corrected);
  EXPECT_EQ(state("[SETTINGS]\n"), ConfigState::corrected);
  EXPECT_EQ(state("[DEFAULT]\nFLOAT_CELL_VOLTAGE = 3.5\nMAX_CELL_VOLTAGE = high\n"), ConfigState::unusable);
  EXPECT_EQ(state("[line ttyUSB5]\nMAX_CELL_VOLTAGE = high\n"), ConfigState::unusable);
}

TEST(Config, LeavesNoLimitsInASectionThatIsAlmostDefault) {
  for (const char* section : {"[Default]", "[default]", "[DEFUALT]"}) {
    const Config config = Config::parse(std::string(section) + "\nMAX_CELL_VOLTAGE = 3.3\n");
    EXPECT_EQ(config.state(), ConfigState::unusable) << section;
    EXPECT_EQ(config.effective(), Settings());
    EXPECT_EQ(config.findings()[0].advice, "did you mean [DEFAULT]?");
  }
}

TEST(Config, RefusesKeysInSectionsThatAreTooNarrow) {
  const Config config = Config::parse(
      "[DEFAULT]\nLOGGING = DEBUG\nBAUD = 9600\n[line ttyUSB0]\nLOGGING = ERROR\nBAUD = 19200\nMAX_CELL_VOLTAGE = 3.4\n"
      "[battery ttyUSB0 1]\nPORTS = x\nBAUD = 4800\nSWAP_FET_BITS = True\n");
  EXPECT_EQ(told(config), (Lines{"unusable 5 [line ttyUSB0] LOGGING", "unusable 9 [battery ttyUSB0 1] PORTS",
                                 "unusable 10 [battery ttyUSB0 1] BAUD"}));
  EXPECT_EQ(config.daemon().logging, Level::debug);
  EXPECT_EQ(config.line("/dev/ttyUSB0").baud, 19200);
  EXPECT_EQ(config.line("/dev/ttyUSB1").baud, 9600);
}

TEST(Config, GivesEachLineItsOwn) {
  const Config config = Config::parse(
      "[DEFAULT]\nBMS_TYPE = Daren485\nPOLL_INTERVAL = 2\nPORTS = /dev/ttyUSB0, tcp://10.0.0.1:8899\n"
      "[line ttyUSB0]\nBATTERY_ADDRESSES = 0x02, 1\nUSE_PORT_AS_UNIQUE_ID = True\n"
      "[line /dev/ttyUSB1]\nPOLL_INTERVAL = 0.5\nBMS_TYPE =\n[line usb:A5]\nBAUD = 9600\n"
      "[line tcp://10.0.0.1:8899]\nPOLL_INTERVAL =\n");
  EXPECT_EQ(told(config), Lines{});
  EXPECT_EQ(config.daemon().ports, (Lines{"/dev/ttyUSB0", "tcp://10.0.0.1:8899", "/dev/ttyUSB1", "usb:A5"}));
  const LineConfig first = config.line("/dev/ttyUSB0");
  EXPECT_EQ(first, config.line("ttyUSB0"));
  EXPECT_EQ(first.addresses, (std::vector<int>{2, 1}));
  EXPECT_EQ(first.bms_types, Lines{"Daren485"});
  EXPECT_EQ(first.poll_interval, 2);
  EXPECT_TRUE(first.use_port_as_unique_id);
  const LineConfig second = config.line("ttyUSB1");
  EXPECT_EQ(second.poll_interval, 0.5);
  EXPECT_TRUE(second.bms_types.empty());
  EXPECT_TRUE(second.addresses.empty());
  EXPECT_EQ(config.line("usb:A5").baud, 9600);
  EXPECT_EQ(config.line("tcp://10.0.0.1:8899").poll_interval, std::nullopt);
  EXPECT_EQ(config.line("ttyUSB2"), config.line("ttyUSB3"));
}

TEST(Config, HandsProtocolsOnlyWhatIsNotTheDefault) {
  const Config config = Config::parse(
      "[DEFAULT]\nBATTERY_CAPACITY = 280.5\nINVERT_CURRENT_MEASUREMENT = 1\n[line ttyUSB0]\nSWAP_FET_BITS = True\n"
      "[battery ttyUSB0 0x03]\nSWAP_FET_BITS = False\nINVERT_CURRENT_MEASUREMENT = -1\n");
  const LineConfig line = config.line("ttyUSB0");
  EXPECT_EQ(line.params, (ParamList{{"BATTERY_CAPACITY", "280.5"}, {"SWAP_FET_BITS", "True"}}));
  ASSERT_EQ(line.pack_params.size(), 1u);
  EXPECT_EQ(line.pack_params[0].first, 3);
  EXPECT_EQ(line.pack_params[0].second,
            (ParamList{{"INVERT_CURRENT_MEASUREMENT", "-1"}, {"BATTERY_CAPACITY", "280.5"}}));
  EXPECT_EQ(config.line("ttyUSB1").params, (ParamList{{"BATTERY_CAPACITY", "280.5"}}));
}

TEST(Config, LetsABatteryInheritFromItsLine) {
  const Config config = Config::parse(
      "[battery ttyUSB0 0x02]\nMAX_BATTERY_CHARGE_CURRENT = 10\n[battery JD2M0215]\nMAX_BATTERY_DISCHARGE_CURRENT = 9\n"
      "[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 40\n[line ttyUSB0]\nMAX_BATTERY_CHARGE_CURRENT = 30\n");
  const std::vector<BatteryName> all = {battery("ttyUSB0", 1, {"JD2M02150860 1 "}), battery("ttyUSB0", 2, {"other"}),
                                        battery("ttyUSB1", 1)};
  EXPECT_EQ(currents(config, all), (std::vector<double>{30, 10, 40}));
  const auto batteries = config.batteries(all);
  EXPECT_EQ(batteries[0].control.max_battery_discharge_current, 9);
  EXPECT_EQ(batteries[1].control.max_battery_discharge_current, 60);
}

TEST(Config, KnowsABatteryByItsIdentityWithoutCase) {
  const Config config = Config::parse("[battery jd2m02150860_1_]\nMAX_BATTERY_CHARGE_CURRENT = 10\n");
  EXPECT_EQ(currents(config, {battery("a", 1, {"JD2M02150860 1 "}), battery("b", 1, {"JD2M02150860 2 "})}),
            (std::vector<double>{10, 50}));
}

TEST(Config, KnowsABatteryByABeginningThatOnlyItHas) {
  const Config config = Config::parse("[battery JD2M0215]\nMAX_BATTERY_CHARGE_CURRENT = 10\n");
  std::vector<Finding> findings;
  EXPECT_EQ(currents(config, {battery("a", 1, {"JD2M02150860"}), battery("b", 1, {"JD2M02160860"})}, &findings),
            (std::vector<double>{10, 50}));
  EXPECT_EQ(told(findings), Lines{});
}

TEST(Config, HoldsASectionThatFitsSeveralForNone) {
  const Config config = Config::parse("\n[battery JD2M02]\nMAX_BATTERY_CHARGE_CURRENT = 10\n");
  const std::vector<BatteryName> all = {battery("a", 1, {"JD2M02150860"}), battery("b", 2, {"JD2M02160860"}),
                                        battery("c", 1, {"other"})};
  std::vector<Finding> findings;
  EXPECT_EQ(currents(config, all, &findings), (std::vector<double>{50, 50, 50}));
  EXPECT_EQ(told(findings), Lines{"unusable 2 [battery JD2M02]"});
  EXPECT_NE(findings[0].text.find("jd2m02150860 at a 0x01, jd2m02160860 at b 0x02"), std::string::npos)
      << findings[0].text;
  EXPECT_EQ(config.batteries(all)[2].display.config_state, ConfigState::unusable);
}

TEST(Config, PrefersTheWholeIdentityToABeginning) {
  const Config config = Config::parse("[battery PACK0001]\nMAX_BATTERY_CHARGE_CURRENT = 10\n");
  EXPECT_EQ(currents(config, {battery("a", 1, {"PACK00012"}), battery("b", 1, {"PACK0001"})}),
            (std::vector<double>{50, 10}));
}

TEST(Config, WantsSixCharactersOfABeginning) {
  const Config config = Config::parse("[battery JD2M0]\nMAX_BATTERY_CHARGE_CURRENT = 10\n");
  EXPECT_EQ(currents(config, {battery("a", 1, {"JD2M02150860"})}), std::vector<double>{50});
  EXPECT_EQ(currents(config, {battery("a", 1, {"jd2m0"})}), std::vector<double>{10});
}

TEST(Config, TellsOfContradictionsThatOnlyTheLineOfABatteryMakes) {
  const Config config = Config::parse(
      "[DEFAULT]\nBLOCK_ON_DISCONNECT = True\n[line ttyUSB0]\nMAX_CELL_VOLTAGE = 3.4\n[battery JD2M0215]\n"
      "FLOAT_CELL_VOLTAGE = 3.42\n");
  EXPECT_EQ(told(config), Lines{});
  std::vector<Finding> findings;
  config.batteries(std::vector{battery("ttyUSB0", 1, {"JD2M0215"})}, &findings);
  EXPECT_EQ(told(findings), Lines{"corrected 6 [battery JD2M0215] FLOAT_CELL_VOLTAGE"});
  config.batteries(std::vector{battery("ttyUSB0", 1, {"JD2M0215"})}, &findings);
  EXPECT_EQ(findings.size(), 1u);
}

TEST(Config, KeepsTheLimitOfTheWiderSectionWhereANarrowerOneCannotBeUsed) {
  const Config config = Config::parse(
      "[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 20\n[line a]\nMAX_BATTERY_CHARGE_CURRENT = 30 A\n[line b]\n"
      "MAX_BATTERY_CHARGE_CURRENT = 10 A\n[line c]\nMAX_BATTERY_CHARGE_CURRENT = low\n");
  EXPECT_EQ(currents(config, {battery("a", 1), battery("b", 1), battery("c", 1)}), (std::vector<double>{20, 10, 20}));
  EXPECT_EQ(config.findings()[0].text.find("; 20 is used") != std::string::npos, true) << config.findings()[0].text;
}

TEST(Config, TakesOldNamesAndNamesTheNewOnes) {
  for (const Renamed& row : renamed_keys()) {
    const Key* key = find_key(row.new_name);
    const std::string value = key == nullptr ? "1" : row.old_name == "TEMP_BATTERY" ? "0" : std::string(key->standard);
    const Config config = Config::parse("[DEFAULT]\n" + std::string(row.old_name) + " = " + value + "\n");
    EXPECT_EQ(told(config), Lines{"warning 2 [DEFAULT] " + std::string(row.old_name)});
    EXPECT_EQ(config.effective(), Settings()) << row.old_name;
    EXPECT_FALSE(config.findings()[0].advice.empty());
  }
  const Settings settings = Config::parse("[DEFAULT]\ntemp_battery = 3\nMODBUS_ADDRESSES = 0x01, 0x02\n").effective();
  EXPECT_EQ(settings.integers("TEMPERATURE_SOURCE_BATTERY"), std::vector<std::int64_t>{3});
  EXPECT_EQ(settings.texts("BATTERY_ADDRESSES"), (Lines{"0x01", "0x02"}));
}

TEST(Config, LetsTheNewestNameWin) {
  EXPECT_EQ(Config::parse("[DEFAULT]\nBATTERY_ADDRESSES = 5\nMODBUS_ADDRESSES = 1\n").line("x").addresses,
            std::vector<int>{5});
  EXPECT_EQ(Config::parse("[DEFAULT]\nHELTEC_MODBUS_ADDR = 1\nMODBUS_ADDRESSES = 2\n").line("x").addresses,
            std::vector<int>{2});
}

TEST(Config, SaysOfKeysThatDoNothingWhatHappensInstead) {
  const Config config = Config::parse(
      "[DEFAULT]\nTELEMETRY = False\nMQTT_PUBLISH = True\nHISTORY_FILE = x\nSERIAL_STARTER_ENABLED = True\n");
  EXPECT_EQ(told(config), (Lines{"note 2 [DEFAULT] TELEMETRY", "warning 3 [DEFAULT] MQTT_PUBLISH",
                                 "warning 4 [DEFAULT] HISTORY_FILE"}));
  EXPECT_NE(config.findings()[2].text.find("no past is kept"), std::string::npos);
}

TEST(Config, MatchesKeysWithoutCaseAndWithoutAWord) {
  const Config config = Config::parse("[DEFAULT]\nmax_cell_voltage = 3.4\n");
  EXPECT_EQ(told(config), Lines{});
  EXPECT_EQ(config.effective().real("MAX_CELL_VOLTAGE"), 3.4);
}

TEST(Config, GuessesAtUnknownKeys) {
  const Config config = Config::parse("[DEFAULT]\nMAX_CELL_VOLTGE = 3.4\nHORSES = 3\n");
  EXPECT_EQ(told(config), (Lines{"corrected 2 [DEFAULT] MAX_CELL_VOLTGE", "corrected 3 [DEFAULT] HORSES"}));
  EXPECT_EQ(config.findings()[0].advice, "did you mean MAX_CELL_VOLTAGE?");
  EXPECT_EQ(config.findings()[1].advice, "");
}

TEST(Config, FindsSectionsByTheirNames) {
  const Config config =
      Config::parse("[line /dev/ttyUSB0]\nBAUD = 9600\n[battery ttyUSB0 0x01]\nMAX_CELL_VOLTAGE = 3.4\n");
  EXPECT_EQ(config.sections(), (Lines{"line /dev/ttyUSB0", "battery ttyUSB0 0x01"}));
  ASSERT_TRUE(config.effective("line ttyUSB0"));
  EXPECT_EQ(config.effective("line ttyUSB0")->integer("BAUD"), 9600);
  EXPECT_EQ(config.effective("battery ttyUSB0 0x01")->integer("BAUD"), 9600);
  EXPECT_EQ(config.effective("battery ttyUSB0 0x01")->real("MAX_CELL_VOLTAGE"), 3.4);
  EXPECT_FALSE(config.effective("line ttyUSB1"));
  EXPECT_EQ(config.effective("DEFAULT"), Settings());
}

// --- Whatever stands in the file ---

std::string some_file() {
  static const std::vector<std::string> kValues = {"",     "3.4",  "3,4",     "-5",         "1e9",  "nan",
                                                   "30 A", "0, 1", "True",    "no",         "2 ;x", "\"3\"",
                                                   "0x01", "10",   "0, 0, 0", "1, 2, 3, 4", "%(A)s"};
  const auto keys = all_keys();
  std::string text;
  const int lines = *rc::gen::inRange(0, 30);
  for (int i = 0; i < lines; ++i) {
    const int kind = *rc::gen::inRange(0, 20);
    if (kind == 0) {
      text += *rc::gen::element<std::string>("[DEFAULT]\n", "[line ttyUSB0]\n", "[battery ttyUSB0 1]\n",
                                             "[battery PACK00]\n", "[default]\n", "[line]\n", "[x\n");
    } else if (kind == 1) {
      text += *rc::gen::arbitrary<std::string>() + "\n";
    } else {
      text += std::string(keys[*rc::gen::inRange<std::size_t>(0, keys.size())].name) + " = " +
              *rc::gen::elementOf(kValues) + "\n";
    }
  }
  return text;
}

RC_GTEST_PROP(Config, AlwaysGivesLimitsThatCanBeUsed, ()) {
  const Config config = Config::parse(some_file());
  const std::vector<BatteryName> all = {battery("ttyUSB0", 1, {"PACK0001"}), battery("ttyUSB1", 1, {"PACK0002"})};
  const auto batteries = config.batteries(all);
  RC_ASSERT(batteries.size() == all.size());
  for (const BatteryConfig& of_battery : batteries) {
    const ControlConfig& control = of_battery.control;
    RC_ASSERT(control.min_cell_voltage < control.max_cell_voltage);
    RC_ASSERT(control.max_cell_voltage <= 4.5);
    RC_ASSERT(control.max_battery_charge_current >= 0);
    RC_ASSERT(control.max_battery_discharge_current >= 0);
    RC_ASSERT(control.block_on_disconnect_timeout_minutes >= 0);
    RC_ASSERT(!control.sensors.source.empty());
    for (const CurrentTables* tables : {&control.charge, &control.discharge}) {
      for (const Table* table : {&tables->cell_voltage, &tables->temperature, &tables->mos_temperature, &tables->soc}) {
        RC_ASSERT(!table->inputs.empty());
        RC_ASSERT(table->inputs.size() == table->fractions.size());
        for (const double share : table->fractions) RC_ASSERT((share >= 0 && share <= 1));
      }
    }
  }
  (void)config.line("ttyUSB0");
  (void)config.daemon();
}

RC_GTEST_PROP(Config, TakesAnyBytes, (const std::string& text)) {
  RC_ASSERT(Config::parse(text).effective().real("MAX_CELL_VOLTAGE") == 3.45);
}

TEST(Config, SaysWhatOfALineIsHeardAndWrittenDown) {
  const Config config = Config::parse(
      "[DEFAULT]\nBLACK_BOX_FILES = 7\nBLACK_BOX_FOLDER = /data/boxes\n[line ttyUSB0]\nLISTEN = True\nRECORD_FILE = "
      "/data/x.capture\n"
      "BMS_CAPTURE_RAW_DATA_MAX_SIZE_MB = 2\nBMS_CAPTURE_RAW_DATA_BACKUP_COUNT = 9\n[line ttyUSB1]\n"
      "LISTEN_IF_MASTER = True\nBMS_CAPTURE_RAW_DATA = True\n");
  EXPECT_EQ(told(config), Lines{});
  EXPECT_EQ(config.daemon().black_box_files, 7);
  EXPECT_EQ(config.daemon().black_box_folder, "/data/boxes");
  const LineConfig first = config.line("ttyUSB0"), second = config.line("ttyUSB1");
  EXPECT_TRUE(first.listen && !first.listen_if_master && !first.capture);
  EXPECT_EQ(first.record_file, "/data/x.capture");
  EXPECT_EQ(first.capture_megabytes, 2);
  EXPECT_EQ(first.capture_older_files, 9);
  EXPECT_TRUE(!second.listen && second.listen_if_master && second.capture);
  EXPECT_EQ(second.capture_megabytes, 5);
  EXPECT_EQ(second.capture_older_files, 3);
}

}  // namespace
}  // namespace bmsd
