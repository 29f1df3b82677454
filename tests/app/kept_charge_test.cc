#include "app/kept_charge.h"

#include <gtest/gtest.h>

namespace bmsd {
namespace {

TEST(KeptCharge, ComesBackAsItWasAndLeavesTheRest) {
  Kept kept;
  kept.soc_calc = "73.5";
  kept.history_values = R"({"total_ah_drawn": 5})";
  kept.instance = 3;
  for (const KeptCharge& charge :
       {KeptCharge{true, 1'750'000'000, 0}, KeptCharge{false, {}, 1'749'000'000}, KeptCharge{true, {}, 0}}) {
    keep(KeptControl{charge, {}, {}}, kept);
    EXPECT_EQ(kept_control(kept).charge, charge);
    EXPECT_EQ(kept.soc_calc, "73.5") << "what is not counted stays as it was";
    EXPECT_EQ(kept.history_values, R"({"total_ah_drawn": 5})");
    EXPECT_EQ(kept.instance, 3);
  }
}

TEST(KeptCharge, ATimeThatIsNoNumberIsNone) {
  Kept kept;
  for (const char* text : {"", "None", "12 h", "-5", "0", "99999999999999999999"}) {
    kept.max_voltage_start_time = text;
    EXPECT_FALSE(kept_control(kept).charge.full_since) << text;
  }
  kept.max_voltage_start_time = "1750000000.25";
  EXPECT_EQ(kept_control(kept).charge.full_since, 1'750'000'000);
}

TEST(KeptSoc, HasThreeDecimalsAndAnythingElseIsNone) {
  Kept kept;
  KeptControl control;
  control.soc_calc = 59.99678;
  keep(control, kept);
  EXPECT_EQ(kept.soc_calc, "59.997");
  EXPECT_EQ(kept_control(kept).soc_calc, 59.997);
  kept.soc_calc = "0";
  EXPECT_EQ(kept_control(kept).soc_calc, 0);
  for (const char* text : {"", "None", "-1", "101", "nan", "50 %"}) {
    kept.soc_calc = text;
    EXPECT_FALSE(kept_control(kept).soc_calc) << text;
  }
}

TEST(KeptHistory, ComesBackAsItWas) {
  HistoryValues values;
  values.deepest_discharge = 95.5;
  values.total_ah_drawn = 1000.123456;
  values.discharges = 12;
  values.timestamp_last_full_charge = 1'750'000'000;
  values.minimum_temperature = -12.5;
  values.charged_energy = 0;
  const std::string text = history_text(values);
  EXPECT_EQ(history_values(text), values) << text;
  EXPECT_EQ(text, R"({"deepest_discharge":95.5,"total_ah_drawn":1000.123456,"discharges":12,)"
                  R"("timestamp_last_full_charge":1750000000,"minimum_temperature":-12.5,"charged_energy":0.0})");
}

TEST(KeptHistory, OfOldDataIsTakenWhatCanBeUnderstood) {
  const HistoryValues values = history_values(
      R"({"automatic_syncs": 4.0, "total_ah_drawn": -1000, "charge_cycles": null, "minimum_voltage": "46", "x": 1,
          "maximum_voltage": 1e300, "full_discharges": 2})");
  EXPECT_EQ(values.automatic_syncs, 4);
  EXPECT_EQ(values.total_ah_drawn, 1000);
  EXPECT_EQ(values.full_discharges, 2);
  EXPECT_FALSE(values.charge_cycles);
  EXPECT_FALSE(values.minimum_voltage);
  EXPECT_FALSE(values.maximum_voltage);
  const HistoryValues with_words = history_values(
      R"({"minimum_voltage": NaN, "maximum_voltage": Infinity, "minimum_temperature": -Infinity, "automatic_syncs": 31,
          "timestamp_last_full_charge": 0})");
  HistoryValues one;
  one.automatic_syncs = 31;
  EXPECT_EQ(with_words, one) << "what Python writes of no number costs itself alone, and 0 is no date";
  for (const char* text : {"", "[]", "{", "3", "null", "None", "{'automatic_syncs': 4}", "\xff\xfe{}"})
    EXPECT_EQ(history_values(text), HistoryValues()) << text;
}

}  // namespace
}  // namespace bmsd
