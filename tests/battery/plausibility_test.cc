#include "battery/plausibility.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bmsd {
namespace {

Reading with_cells(std::vector<double> cells) {
  Reading reading;
  reading.cell_voltages = std::move(cells);
  return reading;
}

std::string rule_of(const Reading& reading) {
  const auto error = refuse(reading);
  return error ? error->what : "";
}

TEST(Plausibility, AnOrdinaryReadingIsBelieved) {
  Reading reading = with_cells(std::vector<double>(16, 3.3));
  reading.set(Field::voltage, 52.8);
  reading.set(Field::cell_count, 16);
  EXPECT_EQ(rule_of(reading), "");
  EXPECT_EQ(rule_of(Reading()), "");
}

TEST(Plausibility, ThePackVoltageMustBeTheSumOfTheCells) {
  Reading reading = with_cells(std::vector<double>(16, 3.3));  // 52.8 V: 2 % are 1.056 V
  reading.set(Field::voltage, 53.8);
  EXPECT_EQ(rule_of(reading), "");
  reading.set(Field::voltage, 53.9);
  EXPECT_EQ(rule_of(reading), "sum_of_cells");
  reading.set(Field::voltage, 51.7);
  EXPECT_EQ(rule_of(reading), "sum_of_cells");
  Reading small = with_cells(std::vector<double>(4, 3.3));  // 13.2 V: 0.5 V are more than 2 %
  small.set(Field::voltage, 13.69);
  EXPECT_EQ(rule_of(small), "");
  small.set(Field::voltage, 13.71);
  EXPECT_EQ(rule_of(small), "sum_of_cells");
}

TEST(Plausibility, CellsMustBePossible) {
  EXPECT_EQ(rule_of(with_cells({3.3, 10.1})), "cell_out_of_range");
  EXPECT_EQ(rule_of(with_cells({3.3, -0.1})), "cell_out_of_range");
  EXPECT_EQ(rule_of(with_cells({3.3, std::nan("")})), "cell_out_of_range");
  EXPECT_EQ(rule_of(with_cells({0, 0, 0})), "all_cells_zero");
  EXPECT_EQ(rule_of(with_cells({0, 3.3})), "") << "one dead cell is news, not nonsense";
}

TEST(Plausibility, TheNumberOfCellsMustFit) {
  EXPECT_EQ(rule_of(with_cells({})), "cell_count");
  EXPECT_EQ(rule_of(with_cells(std::vector<double>(kMaxCells + 1, 3.3))), "cell_count");
  Reading reading = with_cells({3.3, 3.3});
  reading.set(Field::cell_count, 3);
  EXPECT_EQ(rule_of(reading), "cell_count");
}

TEST(Plausibility, VoltageCurrentAndChargeRefuseTheWholeReading) {
  for (const Field field : {Field::voltage, Field::current, Field::soc}) {
    for (const double value : {1e6, -1e6, std::nan(""), HUGE_VAL}) {
      Reading reading;
      reading.set(field, value);
      EXPECT_EQ(rule_of(reading), "out_of_range") << info(field).key << " " << value;
    }
  }
}

TEST(Plausibility, EveryFieldHasItsRange) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const FieldInfo& field = kFields[i];
    EXPECT_EQ(broken_rule(field_at(i), field.lowest), nullptr) << field.key;
    EXPECT_EQ(broken_rule(field_at(i), field.highest), nullptr) << field.key;
    EXPECT_NE(broken_rule(field_at(i), std::nextafter(field.highest, HUGE_VAL)), nullptr) << field.key;
    EXPECT_NE(broken_rule(field_at(i), std::nextafter(field.lowest, -HUGE_VAL)), nullptr) << field.key;
  }
}

}  // namespace
}  // namespace bmsd
