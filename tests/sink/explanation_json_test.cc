// An explanation as JSON: numbers with their units in the keys, and the words beside them.
#include "sink/explanation_json.h"

#include <gtest/gtest.h>

#include "control/charge_control.h"
#include "sink/json.h"
#include "sink/table.h"
#include "sink/text.h"
#include "view_fixture.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

constexpr Instant kNow{1h};

// Cell 5 at 3.52 V, sensor 2 at 3 degrees.
Limits limits_of(const ControlConfig& config) {
  Reading reading;
  reading.cell_voltages = std::vector<double>(16, 3.4);
  reading.cell_voltages->at(4) = 3.52;
  reading.cell_temperatures = {25.0, 3.0};
  reading.set(Field::soc, 90);
  reading.set(Field::charge_fet_on, 1);
  reading.set(Field::discharge_fet_on, 1);
  Battery battery;
  EXPECT_TRUE(battery.merge(reading, 0, kNow));
  ChargeControl control;
  control.round_good(kNow);
  return control.evaluate(config, battery, {}, true, {}, kNow).limits;
}

TEST(ExplanationJson, HasTheRuleItsMeasurementAndTheRelease) {
  const ControlConfig config;
  const Json json = explanation_json(explain(config, limits_of(config), kNow));
  const Json& ccl = json["ccl"];
  EXPECT_EQ(ccl["value_a"], 0);
  EXPECT_EQ(ccl["rule"], "cell_voltage");
  EXPECT_EQ(ccl["recovering"], "no");
  EXPECT_EQ(ccl["hold_s"], 30);
  EXPECT_EQ(ccl["rate_a_per_s"], 5);
  const Json cell = {{"rule", "cell_voltage"}, {"value_a", 0}, {"input_v", 3.52}, {"cell", 5}};
  const Json cold = {{"rule", "temperature"}, {"value_a", 16.667}, {"input_c", 3.0}, {"sensor", 2}};
  EXPECT_EQ(ccl["candidates"][1], cell);
  EXPECT_EQ(ccl["candidates"][2], cold);
  const Json release = {
      {"rule", "cell_voltage"}, {"when", "below"}, {"at_v", 3.4444}, {"whole_at_v", 3.375}, {"cell", 5}};
  EXPECT_EQ(ccl["releases"], Json::array({release}));
  EXPECT_NE(ccl["text"].get<std::string>().find("cell 5 at 3.520 V"), std::string::npos);
  EXPECT_EQ(json["cvl"]["rule"], "high_cell");
  EXPECT_EQ(json["cvl"]["value_v"], 54.45);
  EXPECT_EQ(json["cvl"]["rate_v_per_s"], 0.001);
  EXPECT_EQ(json["stage"]["stage"], "bulk");
  EXPECT_EQ(json["stage"]["highest_cell"], 5);
  EXPECT_NEAR(json["stage"]["missing_v"].get<double>(), 55.2 - 15 * 3.4 - 3.52, 0.001);
  EXPECT_NEAR(json["stage"]["missing_difference_v"].get<double>(), 0.11, 0.0001);
}

TEST(ExplanationJson, HasNoVoltageBeforeTheCellsAreCounted) {
  const Json json = explanation_json(explain({}, {}, kNow));
  EXPECT_FALSE(json.contains("cvl"));
  EXPECT_FALSE(json.contains("stage"));
}

TEST(BatterySheet, SaysWhyInLinesThatFit) {
  Shown shown = shown_battery();
  shown.limits = limits_of(shown.control);
  const std::string sheet = battery_sheet(battery_json(shown.view(), kNow), {80, false});
  EXPECT_NE(sheet.find("  CCL 0.0 A: cell 5 at 3.520 V (rule cell voltage);"), std::string::npos) << sheet;
  EXPECT_NE(sheet.find("  Bulk: absorption begins when"), std::string::npos) << sheet;
  std::size_t begin = 0;
  for (std::size_t end = sheet.find('\n'); end != std::string::npos; end = sheet.find('\n', begin)) {
    EXPECT_LE(columns(sheet.substr(begin, end - begin)), 80U);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace bmsd
