// Every item that a battery has, with every option, against the table in battery_paths.tsv.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "test_pack.h"
#include "venus/battery_paths.h"

namespace bmsd::testing {
namespace {

using ::testing::IsEmpty;

struct ContractRow {
  std::string path, type, text, write, when, first;
};

std::vector<ContractRow> contract() {
  std::vector<ContractRow> rows;
  std::ifstream file(std::string(BMSD_TESTS_DIR) + "/venus/battery_paths.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#") || line.starts_with("path\t")) continue;
    std::istringstream columns(line);
    ContractRow row;
    for (std::string* column : {&row.path, &row.type, &row.text, &row.write, &row.when, &row.first}) {
      std::getline(columns, *column, '\t');
    }
    rows.push_back(row);
  }
  return rows;
}

bool applies(const std::string& when, const Display& display, const ControlConfig& control) {
  if (const auto comma = when.rfind(", "); comma != std::string::npos) {
    return applies(when.substr(0, comma), display, control) || applies(when.substr(comma + 2), display, control);
  }
  if (when == "start" || when == "round") return true;
  if (when == "json") return display.as_json;
  if (when == "config") return !display.config_values.empty();
  if (when == "counted") return control.soc.counted;
  if (when == "sensor") return !display.external_sensor.soc_path.empty();
  if (when == "points") return !control.times.points.empty();
  if (when == "reset") return control.stages.soc_reset_after_days.has_value();
  if (when.starts_with("changes")) {
    const auto& changes = display.changes;
    if (when == "changes") return !changes.empty();
    return std::any_of(changes.begin(), changes.end(),
                       [&](Changeable what) { return when == "changes " + std::string(word_of(what)); });
  }
  return when.starts_with("cells ") && when.find(std::to_string(display.cell_format)) != std::string::npos;
}

std::map<std::string, ContractRow> expected(const Display& display, const ControlConfig& control, std::size_t cells) {
  std::map<std::string, ContractRow> paths;
  for (const ContractRow& row : contract()) {
    if (!applies(row.when, display, control)) continue;
    if (const auto number = row.path.find('#'); number != std::string::npos) {
      const auto add = [&](const std::string& text) { paths[std::string(row.path).replace(number, 1, text)] = row; };
      if (row.when == "points") {
        for (const std::int64_t percent : control.times.points) add(std::to_string(percent));
        continue;
      }
      for (std::size_t i = 1; i <= cells; ++i) add(std::to_string(i));
    } else if (row.path.ends_with("*")) {
      for (const auto& [key, value] : display.config_values) paths[row.path.substr(0, row.path.size() - 1) + key] = row;
    } else {
      paths[row.path] = row;
    }
  }
  return paths;
}

std::string signature_of(const BusValue& value) {
  if (std::holds_alternative<std::int32_t>(value)) return "i";
  if (std::holds_alternative<double>(value)) return "d";
  if (std::holds_alternative<std::string>(value)) return "s";
  return "another";
}

// What is wrong with the text of a valid value; empty: nothing.
std::string fault_of_text(const Item& item, const std::string& format) {
  std::string wanted;
  char buffer[80] = "";
  if (const auto* text = std::get_if<std::string>(&item.value)) {
    wanted = *text;
  } else if (const auto* integer = std::get_if<std::int32_t>(&item.value)) {
    std::snprintf(buffer, sizeof buffer, format == "-" ? "%d" : format.c_str(), *integer);
    wanted = buffer;
  } else if (const auto* real = std::get_if<double>(&item.value)) {
    if (format == "-") {
      const bool right = item.text.find('.') != std::string::npos && std::stod(item.text) == *real;
      return right ? "" : item.path + " " + item.text;
    }
    std::snprintf(buffer, sizeof buffer, format.c_str(), *real);
    wanted = buffer;
  }
  return item.text == wanted ? "" : item.path + " \"" + item.text + "\", not \"" + wanted + "\"";
}

// A service as it stands when its name appears, and what the contract says of it.
struct Walk {
  explicit Walk(const Display& display, const ControlConfig& control = {}) {
    pack.display = display;
    pack.control = control;
    Measured& measured = pack.outputs.measured;
    if (control.soc.counted || !display.external_sensor.soc_path.empty()) measured.soc_bms = 66;
    if (control.soc.counted) {
      measured.remaining_bms = 66;
      measured.consumed_bms = -34;
    }
    for (const std::int64_t percent : control.times.points) pack.outputs.times.to_soc.push_back({percent, 60});
    BatteryPaths paths(tree, {}, display);
    Publisher publisher(tree);
    paths.update(Who{pack.identity, facts}, publisher);
    paths.update(pack.view(), publisher, pack.now);
    publisher.store();
    compare();
  }

  void compare() {
    const auto wanted = expected(pack.display, pack.control, 16);
    for (const auto& [path, row] : wanted) {
      if (!tree.find(path)) faults.push_back(path + " is missing");
    }
    for (const Item& item : tree.items()) {
      const auto row = wanted.find(item.path);
      if (row == wanted.end()) {
        faults.push_back(item.path + " is too much");
      } else {
        compare(item, row->second);
      }
    }
  }

  void compare(const Item& item, const ContractRow& row) {
    const std::string type = signature_of(item.value);
    if ((row.write == "w") != static_cast<bool>(item.on_set)) faults.push_back(item.path + " is writable or is not");
    if (!valid(item.value)) {
      if (row.first == "valid") faults.push_back(item.path + " is invalid");
      if (item.text != "---") faults.push_back(item.path + " is invalid with the text " + item.text);
      return;
    }
    if (row.type == "any") return;
    if (type != row.type) faults.push_back(item.path + " is of type " + type);
    if (const std::string fault = fault_of_text(item, row.text); !fault.empty()) faults.push_back(fault);
  }

  TestPack pack;
  ServiceFacts facts{"bmsd", "0.1.0", "JD2M02150860_1_", "", 3};
  ItemTree tree;
  std::vector<std::string> faults;
};

TEST(Contract, TheFileIsThere) { EXPECT_GT(contract().size(), 120U); }

class WalkOfCells : public ::testing::TestWithParam<int> {};

TEST_P(WalkOfCells, TheItemsAreThoseOfTheContractInEachFormOfTheCells) {
  Display display;
  display.cell_format = GetParam();
  EXPECT_THAT(Walk(display).faults, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Formats, WalkOfCells, ::testing::Range(0, 4));

TEST(Walk, TheItemsAreThoseOfTheContractWithEveryOption) {
  Display display;
  display.cell_format = 3;
  display.midpoint = true;
  display.as_json = true;
  display.config_values = {{"MAX_CELL_VOLTAGE", 3.45}, {"BATTERY_ADDRESSES", std::vector<std::string>{}}};
  display.config_state = ConfigState::corrected;
  ControlConfig control;
  control.soc.counted = true;
  control.times.points = {100, 50, 0};
  control.stages.soc_reset_after_days = 30;
  EXPECT_THAT(Walk(display, control).faults, IsEmpty());
}

TEST(Walk, AnExternalSocAndASocResetBringTheirItemsAndNoOther) {
  Display display;
  display.external_sensor = {"com.victronenergy.battery.ttyS6", "", "/Soc"};
  EXPECT_THAT(Walk(display).faults, IsEmpty());
  ControlConfig control;
  control.stages.soc_reset_after_days = 30;
  EXPECT_THAT(Walk(Display{}, control).faults, IsEmpty());
}

TEST(Walk, TheItemsAreThoseOfTheContractForEachThingThatMayBeChanged) {
  constexpr auto kCharge = Changeable::charge_fet, kDischarge = Changeable::discharge_fet, kSoc = Changeable::soc;
  for (const std::vector<Changeable>& changes :
       {std::vector{kCharge}, std::vector{kDischarge}, std::vector{kSoc}, std::vector{kCharge, kDischarge},
        std::vector{kCharge, kDischarge, kSoc}}) {
    Display display;
    display.changes = changes;
    const Walk walk(display);
    EXPECT_THAT(walk.faults, IsEmpty());
    EXPECT_TRUE(walk.tree.find("/Settings/HasSettings"));
  }
}

TEST(Walk, WithoutCellsNoPathTellsOfOne) {
  Display display;
  display.cell_format = 0;
  const Walk walk(display);
  EXPECT_EQ(walk.tree.node("/Voltages"), nullptr);
  EXPECT_EQ(walk.tree.node("/Balances"), nullptr);
  EXPECT_EQ(walk.tree.node("/Cell"), nullptr);
  EXPECT_TRUE(walk.tree.find("/System/MinCellVoltage")) << "the extremes are of the pack";
}

}  // namespace
}  // namespace bmsd::testing
