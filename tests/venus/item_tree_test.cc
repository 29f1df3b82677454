#include "venus/item_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace bmsd {
namespace {

using ::testing::ElementsAre;

TEST(ItemTree, EveryPrefixOfAPathIsATreeObject) {
  ItemTree tree;
  const auto voltage = tree.add("/Dc/0/Voltage", ItemType::real);
  tree.add("/Dc/0/Current", ItemType::real);
  tree.add("/Soc", ItemType::real);
  ASSERT_NE(tree.node("/"), nullptr);
  EXPECT_THAT(tree.node("/")->children, ElementsAre("Dc", "Soc"));
  EXPECT_THAT(tree.node("/Dc")->children, ElementsAre("0"));
  EXPECT_THAT(tree.node("/Dc/0")->children, ElementsAre("Current", "Voltage"));
  EXPECT_EQ(tree.find("/Dc/0/Voltage"), voltage);
  EXPECT_EQ(tree.find("/Dc/0"), std::nullopt);
  EXPECT_EQ(tree.node("/D"), nullptr);
  EXPECT_EQ(tree.node("/Dc/0/Voltage/x"), nullptr);
}

TEST(ItemTree, AnItemStartsInvalidAndKeepsItsTextWithItsValue) {
  ItemTree tree;
  const auto item = tree.add("/Dc/0/Voltage", ItemType::real, "%.2fV");
  EXPECT_EQ(tree.at(item).value, BusValue());
  EXPECT_EQ(tree.at(item).text, "---");
  tree.set(item, 53.12);
  EXPECT_EQ(tree.at(item).text, "53.12V");
  tree.set(item, std::nan(""));
  EXPECT_EQ(tree.at(item).value, BusValue());
  EXPECT_EQ(tree.at(item).text, "---");
}

TEST(Convert, AnIntegerTakesWholeNumbersOfAnyType) {
  EXPECT_EQ(convert(BusValue(3), ItemType::integer), BusValue(3));
  EXPECT_EQ(convert(BusValue(3.0), ItemType::integer), BusValue(3));
  EXPECT_EQ(convert(BusValue(std::int64_t{3}), ItemType::integer), BusValue(3));
  EXPECT_EQ(convert(BusValue(3.5), ItemType::integer), std::nullopt);
  EXPECT_EQ(convert(BusValue(std::int64_t{1} << 40), ItemType::integer), std::nullopt);
  EXPECT_EQ(convert(BusValue(std::nan("")), ItemType::integer), std::nullopt);
  EXPECT_EQ(convert(BusValue(), ItemType::integer), std::nullopt);
}

TEST(Convert, ATextThatIsANumberIsThatNumber) {
  EXPECT_EQ(convert(BusValue("100"), ItemType::integer), BusValue(100));
  EXPECT_EQ(convert(BusValue("-2.5"), ItemType::real), BusValue(-2.5));
  for (const char* text : {"", "3 A", " 3", "3.5", "nan", "inf", "1e999", "0x10"}) {
    EXPECT_EQ(convert(BusValue(text), ItemType::integer), std::nullopt) << text;
  }
}

TEST(Convert, ARealTakesAnyNumberAndATextOnlyTexts) {
  EXPECT_EQ(convert(BusValue(3), ItemType::real), BusValue(3.0));
  EXPECT_EQ(convert(BusValue(HUGE_VAL), ItemType::real), std::nullopt);
  EXPECT_EQ(convert(BusValue("x"), ItemType::text), BusValue("x"));
  EXPECT_EQ(convert(BusValue(3), ItemType::text), std::nullopt);
  EXPECT_EQ(convert(BusValue(std::vector<double>{1}), ItemType::any), BusValue(std::vector<double>{1}));
}

}  // namespace
}  // namespace bmsd
