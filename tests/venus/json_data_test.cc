#include "venus/json_data.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "test_pack.h"
#include "venus/battery_paths.h"

namespace bmsd::testing {
namespace {

using nlohmann::json;

json parsed(const ItemTree& tree) { return json::parse(json_data(tree)); }

TEST(JsonData, PathsAreNestedByTheirElements) {
  ItemTree tree;
  tree.set(tree.add("/Dc/0/Voltage", ItemType::real, "%.2fV"), 53.125);
  tree.set(tree.add("/Soc", ItemType::real), 67.0);
  tree.set(tree.add("/Dc/0/Current", ItemType::real), -1e-7);
  tree.set(tree.add("/State", ItemType::integer), 9);
  EXPECT_EQ(json_data(tree), R"({"Dc":{"0":{"Current":-0.0000001,"Voltage":53.125}},"Soc":67.0,"State":9})");
}

TEST(JsonData, InvalidAndEmptyIsNull) {
  ItemTree tree;
  tree.add("/ErrorCode", ItemType::integer);
  tree.set(tree.add("/CustomName", ItemType::text), "");
  tree.set(tree.add("/None", ItemType::any), std::vector<double>{});
  EXPECT_EQ(json_data(tree), R"({"CustomName":null,"ErrorCode":null,"None":null})");
}

TEST(JsonData, TextsAreEscaped) {
  ItemTree tree;
  const std::string text = "\"C:\\\" \n\t\x01 \xE2\x94\x82 \x7F";
  tree.set(tree.add("/Info/ChargeModeDebug", ItemType::text), text);
  EXPECT_EQ(parsed(tree)["Info"]["ChargeModeDebug"], text);
}

TEST(JsonData, ListsAreLists) {
  ItemTree tree;
  tree.set(tree.add("/A", ItemType::any), std::vector<double>{3.5, 3.0});
  tree.set(tree.add("/B", ItemType::any), std::vector<std::int32_t>{1, -2});
  tree.set(tree.add("/C", ItemType::any), std::vector<std::string>{"x\"", ""});
  EXPECT_EQ(json_data(tree), R"({"A":[3.5, 3.0],"B":[1, -2],"C":["x\"",""]})");
}

TEST(JsonData, SettingsAndItselfAreLeftOut) {
  ItemTree tree;
  tree.set(tree.add("/Settings/HasTemperature", ItemType::integer), 1);
  tree.set(tree.add("/JsonData", ItemType::text), "{}");
  tree.set(tree.add("/SettingsToo", ItemType::integer), 1);
  EXPECT_EQ(json_data(tree), R"({"SettingsToo":1})");
  EXPECT_EQ(json_data(ItemTree()), "{}");
}

struct PackWithJson : ::testing::Test {
  PackWithJson() { pack.display.as_json = true; }
  std::vector<ItemTree::Index> update() {
    paths.update(pack.view(), publisher, pack.now);
    return publisher.take(pack.now);
  }
  BusValue json_value() const { return tree.at(*tree.find(kJsonDataPath)).value; }

  TestPack pack;
  ItemTree tree;
  BatteryPaths paths{tree, {}, pack.display};
  Publisher publisher{tree};
};

TEST_F(PackWithJson, EveryItemIsInIt) {
  update();
  const json all = json::parse(std::get<std::string>(json_value()));
  for (const Item& item : tree.items()) {
    const json::json_pointer path(item.path);
    if (item.path.starts_with("/Settings/") || item.path == kJsonDataPath) {
      EXPECT_FALSE(all.contains(path)) << item.path;
    } else {
      ASSERT_TRUE(all.contains(path)) << item.path;
      EXPECT_EQ(all[path].is_null(), item.text == "---" || item.text.empty()) << item.path;
    }
  }
  EXPECT_EQ(all["Voltages"]["Cell3"], 3.301);
}

TEST_F(PackWithJson, ItGoesWithTheOthersAndNeverAlone) {
  update();
  pack.now += 5s;
  EXPECT_EQ(update().size(), 0U);
  pack.says(Field::soc, 50);
  const auto changed = update();
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(tree.at(changed[0]).path, "/Soc");
  EXPECT_EQ(tree.at(changed[1]).path, kJsonDataPath);
  EXPECT_EQ(json::parse(std::get<std::string>(json_value()))["Soc"], 50.0);
}

TEST_F(PackWithJson, ItCanBeSwitchedWhileTheServiceLives) {
  update();
  pack.display.as_json = false;
  pack.now += 1s;
  update();
  EXPECT_EQ(json_value(), BusValue());
  pack.display.as_json = true;
  pack.says(Field::soc, 51);
  update();
  EXPECT_EQ(json::parse(std::get<std::string>(json_value()))["Soc"], 51.0);
}

}  // namespace
}  // namespace bmsd::testing
