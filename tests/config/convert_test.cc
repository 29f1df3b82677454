#include "config/convert.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "config/words.h"

namespace bmsd {
namespace {

Converted read(const char* key, std::string_view text) { return convert(*find_key(key), text); }

double real(const char* key, std::string_view text) {
  const auto value = read(key, text).value;
  return value && std::holds_alternative<double>(*value) ? std::get<double>(*value) : std::nan("");
}

// What is used where the text cannot be.
double instead(const char* key, std::string_view text, Setting inherited) {
  const Converted converted = read(key, text);
  EXPECT_FALSE(converted.value) << text;
  const Setting used = stand_in(*find_key(key), converted.read, inherited);
  if (const auto* whole = std::get_if<std::int64_t>(&used)) return static_cast<double>(*whole);
  return std::get<double>(used);
}

std::string advice(const char* key, std::string_view text) {
  const Converted converted = read(key, text);
  return converted.findings.size() == 1 ? converted.findings[0].advice : "(no advice)";
}

std::vector<std::string> words(const char* key, std::string_view text) {
  const auto value = read(key, text).value;
  return value ? std::get<std::vector<std::string>>(*value) : std::vector<std::string>{"(unusable)"};
}

Finding::Weight weight(const char* key, std::string_view text) {
  const Converted converted = read(key, text);
  EXPECT_EQ(converted.findings.size(), 1u) << text;
  return converted.findings.empty() ? Finding::note : converted.findings[0].weight;
}

TEST(Convert, OnlyTrueIsTrue) {
  for (const char* text : {"True", "true", "TRUE", " true "}) {
    EXPECT_EQ(read("MIDPOINT_ENABLE", text).value, Setting(true)) << text;
    EXPECT_TRUE(read("MIDPOINT_ENABLE", text).findings.empty());
  }
  EXPECT_EQ(read("MIDPOINT_ENABLE", "False").value, Setting(false));
  EXPECT_TRUE(read("MIDPOINT_ENABLE", "fALSE").findings.empty());
  for (const char* text : {"1", "yes", "on", "", "Trues"}) {
    EXPECT_EQ(read("MIDPOINT_ENABLE", text).value, Setting(false)) << text;
    EXPECT_EQ(weight("MIDPOINT_ENABLE", text), Finding::warning) << text;
  }
}

TEST(Convert, ReadsNumbersAsStrtodDoesWithoutALocale) {
  EXPECT_EQ(real("MAX_CELL_VOLTAGE", "3.45"), 3.45);
  EXPECT_EQ(real("MAX_CELL_VOLTAGE", " +3.45 "), 3.45);
  EXPECT_EQ(real("MAX_CELL_VOLTAGE", "345e-2"), 3.45);
  EXPECT_EQ(real("VOLTAGE_DROP", "-.5"), -0.5);
  EXPECT_EQ(real("VOLTAGE_DROP", "1."), 1);
  for (const char* text : {"nan", "inf", "-inf", "1e999", "0x3", "3.4.5", "+-3", "--3", "3_0", "e1", "three"}) {
    EXPECT_TRUE(std::isnan(real("MAX_CELL_VOLTAGE", text))) << text;
    EXPECT_EQ(weight("MAX_CELL_VOLTAGE", text), Finding::unusable) << text;
  }
}

TEST(Convert, ReadsIntegersAsDecimalDigitsOnly) {
  EXPECT_EQ(read("CHARGE_MODE", "2").value, Setting(std::int64_t{2}));
  EXPECT_EQ(read("CHARGE_MODE", "+02").value, Setting(std::int64_t{2}));
  for (const char* text : {"2.0", "2 ", "0x2", "1e0", "99999999999999999999"}) {
    EXPECT_EQ(read("CHARGE_MODE", text).value.has_value(), std::string_view(text) == "2 ") << text;
  }
  EXPECT_EQ(advice("BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES", "30.0"),
            "a whole number: BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES = 30");
}

TEST(Convert, TakesAnEmptyNumberAsItsKeySays) {
  EXPECT_EQ(read("POLL_INTERVAL", "").value, Setting());
  EXPECT_EQ(read("SOC_RESET_AFTER_DAYS", " ").value, Setting());
  EXPECT_EQ(read("SWITCH_TO_FLOAT_WAIT_FOR_SEC", "").value, Setting(std::int64_t{0}));
  EXPECT_EQ(read("SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF", "").value, Setting(10.0));
  EXPECT_EQ(read("SWITCH_TO_FLOAT_CELL_VOLTAGE_DEVIATION", "").value, Setting(0.0));
  EXPECT_EQ(read("SWITCH_TO_BULK_SOC_THRESHOLD", "").value, Setting(std::int64_t{0}));
  EXPECT_EQ(read("SWITCH_TO_BULK_CELL_VOLTAGE_DIFF", "").value, Setting(10.0));
  EXPECT_EQ(read("BMS_CAPTURE_RAW_DATA_MAX_SIZE_MB", "").value, Setting(std::int64_t{5}));
  EXPECT_TRUE(read("POLL_INTERVAL", "").findings.empty());
}

TEST(Convert, TakesAnEmptyLimitAsZeroOnlyWhereThatIsSafe) {
  EXPECT_EQ(read("MAX_BATTERY_CHARGE_CURRENT", "").value, Setting(0.0));
  EXPECT_EQ(weight("MAX_BATTERY_CHARGE_CURRENT", ""), Finding::warning);
  for (const char* key :
       {"MAX_CELL_VOLTAGE", "MIN_CELL_VOLTAGE", "BLOCK_ON_DISCONNECT_VOLTAGE_MIN", "CCL_RECOVERY_HOLD_SEC"}) {
    EXPECT_FALSE(read(key, "").value) << key;
  }
}

TEST(Convert, RefusesWhatIsOutOfRange) {
  for (const char* text : {"0.5", "55.2", "345", "-3.45"}) {
    EXPECT_EQ(weight("MAX_CELL_VOLTAGE", text), Finding::unusable) << text;
    EXPECT_EQ(instead("MAX_CELL_VOLTAGE", text, 3.45), 3.45) << text;
  }
  EXPECT_FALSE(read("CHARGE_MODE", "3").value);
  EXPECT_FALSE(read("CVL_CONTROLLER_MODE", "4").value);
  EXPECT_FALSE(read("TIME_TO_SOC_VALUE_TYPE", "0").value);
  EXPECT_EQ(instead("MAX_BATTERY_DISCHARGE_CURRENT", "-60", 60.0), 0);
}

TEST(Convert, UsesOfABrokenLimitWhatIsSafer) {
  EXPECT_EQ(instead("MAX_BATTERY_CHARGE_CURRENT", "30 A", 50.0), 30);
  EXPECT_EQ(instead("MAX_BATTERY_CHARGE_CURRENT", "90 A", 50.0), 50);
  EXPECT_EQ(instead("MAX_BATTERY_CHARGE_CURRENT", "90 A", 200.0), 90);
  EXPECT_EQ(instead("MAX_BATTERY_CHARGE_CURRENT", "35,5", 50.0), 35.5);
  EXPECT_EQ(instead("MAX_BATTERY_CHARGE_CURRENT", "\"20\"", 50.0), 20);
  EXPECT_EQ(instead("MAX_BATTERY_CHARGE_CURRENT", "20 ; careful", 50.0), 20);
  EXPECT_EQ(instead("MAX_BATTERY_CHARGE_CURRENT", "much", 50.0), 50);
  EXPECT_EQ(instead("MAX_CELL_VOLTAGE", "3,40", 3.45), 3.4);
  EXPECT_EQ(instead("MAX_CELL_VOLTAGE", "3,55", 3.45), 3.45);
  EXPECT_EQ(instead("MIN_CELL_VOLTAGE", "3.1V", 2.9), 3.1);
  EXPECT_EQ(instead("MIN_CELL_VOLTAGE", "2.5V", 2.9), 2.9);
  EXPECT_EQ(instead("CCL_RECOVERY_HOLD_SEC", "60.5", std::int64_t{30}), 61);
  EXPECT_EQ(instead("BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES", "10.9", std::int64_t{30}), 10);
  EXPECT_EQ(instead("CVL_RECOVERY_RATE_V_PER_SEC", "0,0001", 0.001), 0.001);
}

TEST(Convert, GuessesWhatWasMeant) {
  EXPECT_EQ(advice("POLL_INTERVAL", "2 ; slow"), "comments must stand on a line of their own: POLL_INTERVAL = 2");
  EXPECT_EQ(advice("POLL_INTERVAL", "0,5"), "with a decimal point: POLL_INTERVAL = 0.5");
  EXPECT_EQ(advice("POLL_INTERVAL", "5 s"), "without a unit: POLL_INTERVAL = 5");
  EXPECT_EQ(advice("POLL_INTERVAL", "'5'"), "without quotation marks: POLL_INTERVAL = 5");
  EXPECT_EQ(advice("POLL_INTERVAL", "often"), "");
  EXPECT_EQ(advice("MIDPOINT_ENABLE", "True # yes"),
            "comments must stand on a line of their own: MIDPOINT_ENABLE = True");
  EXPECT_EQ(advice("TIME_TO_SOC_POINTS", "10; 20"),
            "separate the items with commas; comments must stand on a line of their own");
  EXPECT_EQ(advice("TEMPERATURES_WHILE_CHARGING", "0 2 5"), "separate the items with commas");
}

TEST(Convert, ReadsListsAtCommas) {
  EXPECT_EQ(read("TEMPERATURES_WHILE_CHARGING", " 0,2.5 ,, -5,\n 10 ,").value,
            Setting(std::vector<double>{0, 2.5, -5, 10}));
  EXPECT_EQ(read("TIME_TO_SOC_POINTS", "").value, Setting(std::vector<std::int64_t>{}));
  EXPECT_EQ(read("TIME_TO_SOC_POINTS", "10, 20").value, Setting(std::vector<std::int64_t>{10, 20}));
  EXPECT_EQ(words("EXCLUDED_DEVICES", "/dev/ttyUSB0, /dev/ttyUSB2"),
            (std::vector<std::string>{"/dev/ttyUSB0", "/dev/ttyUSB2"}));
}

TEST(Convert, LosesAListOfNumbersByOneBadItem) {
  for (const char* text : {"0, 2, x", "0, 2 5", "", ",", "0; 2", "0, nan"}) {
    EXPECT_FALSE(read("TEMPERATURES_WHILE_CHARGING", text).value) << text;
    EXPECT_EQ(weight("TEMPERATURES_WHILE_CHARGING", text), Finding::unusable) << text;
  }
  EXPECT_FALSE(read("TEMPERATURE_SOURCE_BATTERY", "1, 5").value);
  EXPECT_FALSE(read("TEMPERATURE_SOURCE_BATTERY", "").value);
  EXPECT_FALSE(read("TEMPERATURE_1_ADJUST", "0").value);
  EXPECT_FALSE(read("TEMPERATURE_1_ADJUST", "0, 1, 2").value);
  EXPECT_EQ(advice("MAX_CHARGE_CURRENT_CV_FRACTION", "0, 5, 100"), "these are shares, not percent: 0.05 is 5 %");
}

TEST(Convert, ReadsAddressesAsHexadecimal) {
  EXPECT_EQ(words("BATTERY_ADDRESSES", "0x01, 0X2, 3, 0xff"),
            (std::vector<std::string>{"0x01", "0x02", "0x03", "0xff"}));
  EXPECT_TRUE(read("BATTERY_ADDRESSES", "0x01, 0X2, 3").findings.empty());
  EXPECT_EQ(words("BATTERY_ADDRESSES", "10"), std::vector<std::string>{"0x10"});
  EXPECT_EQ(weight("BATTERY_ADDRESSES", "10"), Finding::warning);
  EXPECT_EQ(advice("BATTERY_ADDRESSES", "10"), "write 0x10");
  EXPECT_EQ(words("BATTERY_ADDRESSES", "0x01, 1"), std::vector<std::string>{"0x01"});
  EXPECT_EQ(weight("BATTERY_ADDRESSES", "0x01, 1"), Finding::warning);
}

TEST(Convert, KeepsTheGoodAddresses) {
  EXPECT_EQ(words("BATTERY_ADDRESSES", "0x01, 0x100, zz, 0x"), std::vector<std::string>{"0x01"});
  EXPECT_EQ(read("BATTERY_ADDRESSES", "0x01, 0x100, zz, 0x").findings.size(), 3u);
  EXPECT_EQ(words("BATTERY_ADDRESSES", "zz"), std::vector<std::string>{"(unusable)"});
  EXPECT_EQ(weight("BATTERY_ADDRESSES", "0x100"), Finding::unusable);
}

TEST(Convert, KnowsTheTypesOfBms) {
  EXPECT_EQ(words("BMS_TYPE", "Daren485, Jkbms"), (std::vector<std::string>{"Daren485", "Jkbms"}));
  EXPECT_TRUE(read("BMS_TYPE", "Daren485, Jkbms_Ble").findings.empty());
  EXPECT_EQ(words("BMS_TYPE", "daren-485"), std::vector<std::string>{"Daren485"});
  EXPECT_EQ(weight("BMS_TYPE", "DAREN485"), Finding::warning);
  EXPECT_EQ(words("BMS_TYPE", "Lifepower"), std::vector<std::string>{"EG4_Lifepower"});
  EXPECT_EQ(weight("BMS_TYPE", "Lifepower"), Finding::warning);
  EXPECT_EQ(words("BMS_TYPE", "Darren485, Pace"), std::vector<std::string>{"Pace"});
  EXPECT_EQ(weight("BMS_TYPE", "Darren485"), Finding::unusable);
  EXPECT_EQ(advice("BMS_TYPE", "Darren485"), "did you mean Daren485?");
}

TEST(Convert, KnowsTheLevelsOfTheLogInAnyCase) {
  EXPECT_EQ(read("LOGGING", "debug").value, Setting(std::string("DEBUG")));
  EXPECT_TRUE(read("LOGGING", "debug").findings.empty());
  EXPECT_FALSE(read("LOGGING", "loud").value);
  EXPECT_FALSE(read("LOGGING", "").value);
}

TEST(Convert, WondersAboutQuotesAndCommentsInTexts) {
  EXPECT_EQ(read("TEMPERATURE_1_NAME", "\"Top\"").value, Setting(std::string("\"Top\"")));
  EXPECT_EQ(weight("TEMPERATURE_1_NAME", "\"Top\""), Finding::warning);
  EXPECT_EQ(weight("TEMPERATURE_1_NAME", "Top ; above"), Finding::warning);
  EXPECT_TRUE(read("TEMPERATURE_1_NAME", "Top#1").findings.empty());
}

TEST(Convert, SaysOfOneValueOnlySoMuch) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "zz,";
  EXPECT_EQ(read("BATTERY_ADDRESSES", text).findings.size(), 20u);
}

// Texts that people and accidents make.
std::string some_text() {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("3", ".", ",", "4", "5", "-", "+", "e", "0x", " ", "V", "A", ";", "\"", "#", "nan",
                                    "inf", "True", "\n", "0", "1", "9999999", "x", "%", "\xC3\xBC"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

RC_GTEST_PROP(Convert, MakesNoLimitLessSafeThanItsDefaultUnlessTheTextIsAValue, ()) {
  const std::string text = some_text();
  for (const Key& key : all_keys()) {
    const Converted converted = convert(key, text);
    for (const Finding& finding : converted.findings) RC_ASSERT(!finding.text.empty());
    if (converted.value) continue;
    RC_ASSERT(!converted.findings.empty());
    if (key.safer == Safer::neither) continue;
    const auto number = [](const Setting& setting) {
      const auto* whole = std::get_if<std::int64_t>(&setting);
      return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(setting);
    };
    const Setting standard = *convert(key, key.standard).value;
    const double used = number(stand_in(key, converted.read, standard));
    RC_ASSERT((used >= key.lowest && used <= key.highest));
    const bool lower = key.safer == Safer::lower;
    RC_ASSERT((lower ? used <= number(standard) : used >= number(standard)));
  }
}

}  // namespace
}  // namespace bmsd
