// Values that only one protocol knows, of every kind that there is, on their way to people and programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/reading_json.h"
#include "protocol/daren_485.h"
#include "sink/json.h"

namespace bmsd {
namespace {

using testing::HasSubstr;

Reading every_kind() {
  Reading reading;
  reading.extra("unset", std::monostate());
  reading.extra("truth", true);
  reading.extra("number", 1.5);
  reading.extra("count", 7.0);
  reading.extra("text", std::string("abc"));
  reading.extra("numbers", std::vector<double>{1, 2.5});
  reading.extra("truths", std::vector<bool>{true, false});
  reading.extra("texts", std::vector<std::string>{"a", "b"});
  reading.extra("none", std::vector<std::string>{});
  reading.extra("records", std::vector<ExtraRecord>{{{{"volts", 1.5}, {"names", std::vector<std::string>{"a"}}}}, {}});
  return reading;
}

const auto kJson = nlohmann::json::parse(R"({"unset": null, "truth": true, "number": 1.5, "count": 7, "text": "abc",
  "numbers": [1, 2.5], "truths": [true, false], "texts": ["a", "b"], "none": [],
  "records": [{"volts": 1.5, "names": ["a"]}, {}]})");

TEST(ExtraValues, AreDecodedToJson) {
  nlohmann::ordered_json values;
  add_reading(kDaren485, every_kind(), values);
  EXPECT_EQ(nlohmann::json::parse(values.dump()), kJson);
}

TEST(ExtraValues, AreDecodedToATable) {
  const std::string table = reading_table(every_kind());
  for (const char* row : {"unset                               not set\n", "truth                               yes\n",
                          "number                              1.5\n", "count                               7\n",
                          "text                                abc\n", "numbers                             1 2.5\n",
                          "truths                              yes no\n", "texts                               a b\n",
                          "none                                none\n",
                          "records                             {\"volts\":1.5,\"names\":[\"a\"]} {}\n"}) {
    EXPECT_THAT(table, HasSubstr(row));
  }
}

TEST(ExtraValues, AreShownAsJson) {
  const Identity identity;
  const Limits limits;
  const Presence presence;
  const LinkHealth health;
  const Display display;
  const ControlConfig control;
  const ControlOutputs outputs;
  Battery battery;
  ASSERT_TRUE(battery.merge(every_kind(), 0, Instant()));
  const BatteryView view{identity, battery, limits, presence, health, display, control, outputs};
  EXPECT_EQ(nlohmann::json::parse(battery_json(view, Instant()).dump())["extras"], kJson);
}

}  // namespace
}  // namespace bmsd
