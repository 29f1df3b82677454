#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/commands.h"
#include "app/decode_lines.h"
#include "app/reading_json.h"
#include "protocol/daren_485.h"
#include "protocol/registry.h"

namespace bmsd {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kVersionReply[] = "~22014A00E002C8FD14";

struct Printed {
  int status;
  std::string out, error;
};

Printed printed(const std::function<int()>& command) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = command();
  std::fflush(stdout);
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

DecodeOptions options_for(const std::string& frame) {
  DecodeOptions options;
  options.frames = {frame};
  return options;
}

json line_of(const std::string& input) { return json::parse(decode_line(kDaren485, input).dump()); }

json vectors() {
  std::ifstream stream(BMSD_TESTS_DIR "/vectors/daren-485.json");
  return json::parse(stream);
}

json vector_named(const std::string& name) {
  for (const json& vector : vectors()) {
    if (vector["name"] == name) return vector;
  }
  throw std::runtime_error(name);
}

bool equal(const json& wanted, const json& got) {
  if (wanted.is_number() && got.is_number()) return std::abs(wanted.get<double>() - got.get<double>()) <= 0.001;
  if (!wanted.is_array() || !got.is_array()) return wanted == got;
  return std::equal(wanted.begin(), wanted.end(), got.begin(), got.end(), equal);
}

TEST(DecodeLines, EveryVectorGivesItsValuesOrItsError) {
  std::stringstream in, out;
  const json all = vectors();
  for (const json& vector : all) in << vector.dump() << '\n';
  EXPECT_FALSE(decode_lines(kDaren485, in, out)) << "some are to be refused";
  for (const json& vector : all) {
    std::string text;
    ASSERT_TRUE(std::getline(out, text));
    const json line = json::parse(text);
    EXPECT_EQ(line["name"], vector["name"]);
    ASSERT_EQ(line["ok"], vector.contains("expect")) << text;
    if (vector.contains("expect_error")) {
      EXPECT_EQ(line["what"], vector["expect_error"]);
      continue;
    }
    for (const auto& [key, wanted] : vector["expect"].items()) {
      ASSERT_TRUE(line["values"].contains(key)) << vector["name"] << " " << key;
      EXPECT_TRUE(equal(wanted, line["values"][key])) << vector["name"] << " " << key << " " << line["values"][key];
    }
  }
}

TEST(DecodeLines, NumbersHaveTheDecimalsOfTheirField) {
  EXPECT_EQ(number_json(3.3290000000000002, 3).dump(), "3.329");
  EXPECT_EQ(number_json(52.800000000000004, 2).dump(), "52.8");
  EXPECT_EQ(number_json(204, 0).dump(), "204");
  EXPECT_EQ(number_json(-0.001, 2).dump(), "0.0");
  const auto line = decode_line(kDaren485, vector_named("seed service 42 device info").dump()).dump();
  EXPECT_THAT(line, HasSubstr("[3.329,3.329,3.291,"));
  EXPECT_THAT(line, HasSubstr("\"cycles\":204,"));
}

TEST(DecodeLines, ARefusalNamesCodeWordAndNumber) {
  const json line = line_of(R"({"name": "n", "request": "~22014A42E00201FD28", "response": "~22014A040000FDB0"})");
  EXPECT_EQ(line["ok"], false);
  EXPECT_EQ(line["name"], "n");
  EXPECT_EQ(line["error"], "checksum") << "this one has a wrong sum";
  const json refused = line_of(vector_named("RTN 04 CID2 invalid").dump());
  EXPECT_EQ(refused["error"], "refused");
  EXPECT_EQ(refused["what"], "rtn_04");
  EXPECT_EQ(refused["number"], 4);
  EXPECT_THAT(refused["message"].get<std::string>(), HasSubstr("service not supported"));
}

TEST(DecodeLines, MalformedInputIsRefusedWithItsLineNumberAndTheNextLineIsRead) {
  std::stringstream in, out;
  in << "{\"response\": \n\n" << json({{"response", kVersionReply}}).dump() << "\n[1]\n";
  EXPECT_FALSE(decode_lines(kDaren485, in, out));
  std::vector<json> lines;
  for (std::string text; std::getline(out, text);) lines.push_back(json::parse(text));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["error"], "config");
  EXPECT_THAT(lines[0]["message"].get<std::string>(), HasSubstr("line 1"));
  EXPECT_EQ(lines[1]["values"]["protocol_version_raw"], 200);
  EXPECT_THAT(lines[2]["message"].get<std::string>(), HasSubstr("line 4"));
}

TEST(DecodeLines, WrongTypesAreRefused) {
  for (const char* input :
       {R"({})", R"({"response": 5})", R"({"response_hex": "7"})", R"({"response": "~", "params": []})",
        R"({"exchanges": [5]})", R"({"exchanges": [{"request": "~"}]})", R"({"frames": [5]})",
        R"({"frames": [{"id_hex": 5}]})", R"({"frames": [{"id_hex": "123456789", "data_hex": ""}]})",
        R"({"response": "~22014A00E002C8FD14", "request": "abc"})"}) {
    const json line = line_of(input);
    EXPECT_EQ(line["ok"], false) << input;
    EXPECT_EQ(line["error"], "config") << input;
  }
}

TEST(DecodeLines, HexOfATextIsTaken) {
  const json line = line_of(json({{"response_hex", to_hex(as_bytes(kVersionReply))}}).dump());
  EXPECT_EQ(line["values"]["protocol_version_raw"], 200);
}

TEST(DecodeLines, SeveralExchangesMakeOneResultInOneSession) {
  const auto pair = [](const std::string& name) {
    const json vector = vector_named(name);
    return json{{"request", vector["request"]}, {"response", vector["response"]}};
  };
  const json poll = {{"exchanges",
                      {pair("seed service 42 device info"), pair("seed service B0 module 3 manufacturing"),
                       pair("seed service 47 system parameters")}}};
  const json values = line_of(poll.dump())["values"];
  EXPECT_EQ(values["voltage_v"], 53.12);
  EXPECT_EQ(values["serial_number"], "DJM2205180061");
  EXPECT_EQ(values["cell_voltage_max_limit_v"], 3.65);

  json damaged = poll;
  damaged["exchanges"][1]["response"] = "~22014A00E002C8FD15";
  EXPECT_EQ(line_of(damaged.dump())["what"], "bad_chksum");
}

TEST(DecodeLines, NoiseInFrontOfAnExchangesReplyIsPassedOver) {
  const json vector = vector_named("seed service 42 device info");
  const auto poll = [&](const std::string& response) {
    return line_of(json({{"exchanges", {{{"request", vector["request"]}, {"response", response}}}}}).dump());
  };
  const std::string reply = vector["response"];
  EXPECT_EQ(poll("\x01\x02" + reply)["values"]["voltage_v"], 53.12);
  EXPECT_EQ(poll("\x01\x02")["error"], "noise");
  EXPECT_EQ(poll(reply + "\r\x01")["error"], "noise") << "behind it, it may be the rest of a longer reply";
}

TEST(DecodeLines, ParamsReachTheProtocol) {
  json vector = vector_named("only FET status bit 1 set");
  EXPECT_EQ(line_of(vector.dump())["values"]["discharge_fet_on"], true);
  vector["params"] = {{"SWAP_FET_BITS", true}};
  EXPECT_EQ(line_of(vector.dump())["values"]["discharge_fet_on"], false);
}

TEST(DecodeLines, FramesOfCanAreNotOfThisProtocol) {
  EXPECT_EQ(line_of(R"({"frames": [{"id_hex": "18FF", "data_hex": "0102", "extended": true}]})")["error"], "config");
}

TEST(DecodeLines, RequestsAreNotBuiltFromDescriptions) {
  const json line = line_of(R"({"name": "n", "kind": "encode", "input": {"service": "42"}})");
  EXPECT_EQ(line["error"], "refused");
  EXPECT_EQ(line["what"], "not_supported");
}

TEST(ReadingJson, ExtrasWinAlarmsAreUnitedAndUnknownIsNull) {
  Reading first, second;
  first.alarms = alarms_from(kDaren485.alarm_bits, std::vector<std::uint16_t>{1 << 4, 0, 0, 0, 0});
  second.alarms = alarms_from(kDaren485.alarm_bits, std::vector<std::uint16_t>{1 << 5, 0, 0, 0, 0});
  first.texts.emplace_back(Text::hardware, "joined");
  first.texts.emplace_back(Text::production_date, "2022-05-18");
  first.extra("hardware", std::string("alone"));
  first.set_unknown(Field::soh);
  nlohmann::ordered_json values = nlohmann::ordered_json::object();
  add_reading(kDaren485, first, values);
  add_reading(kDaren485, second, values);
  EXPECT_EQ(values["alarms"].dump(), R"(["cell_overvoltage_alarm","cell_undervoltage_alarm"])");
  EXPECT_EQ(values["hardware"], "alone");
  EXPECT_EQ(values["born_date"], "2022-05-18");
  EXPECT_FALSE(values.contains("production_date"));
  EXPECT_TRUE(values["soh_percent"].is_null());
}

TEST(DecodeCommand, PrintsATableWithUnits) {
  const json seed = vector_named("seed service 42 device info");
  const auto result =
      printed([&] { return command_decode(options_for(seed["response"].get<std::string>() + "\r\n")); });
  EXPECT_EQ(result.status, kDone) << result.error;
  EXPECT_THAT(result.out, HasSubstr("daren-485"));
  EXPECT_THAT(result.out, testing::ContainsRegex("Voltage +53.12 V\n"));
  EXPECT_THAT(result.out, testing::ContainsRegex("State of charge +67.00 %\n"));
  EXPECT_THAT(result.out, testing::ContainsRegex("Charge FET +on\n"));
  EXPECT_THAT(result.out, testing::ContainsRegex("Alarms +none\n"));
}

TEST(DecodeCommand, PrintsJsonWithTheProtocolThatMatched) {
  DecodeOptions options = options_for(kVersionReply);
  options.json = true;
  const auto result = printed([&] { return command_decode(options); });
  EXPECT_EQ(result.status, kDone);
  const json line = json::parse(result.out);
  EXPECT_EQ(line["protocol"], "daren-485");
  EXPECT_EQ(line["values"]["protocol_version_raw"], 200);
}

TEST(DecodeCommand, SaysWhyAFrameIsRefused) {
  const auto damaged = printed([] { return command_decode(options_for("~22014A00E002C8FD15")); });
  EXPECT_EQ(damaged.status, kFailed);
  EXPECT_THAT(damaged.error, HasSubstr("daren-485: checksum: bad_chksum"));
  EXPECT_EQ(std::count(damaged.error.begin(), damaged.error.end(), '\n'), 1);
}

TEST(DecodeCommand, AsksForTheRequestWhereTheReplyDoesNotTellItsService) {
  const json odd = vector_named("two unknown extra bytes after the IO status are ignored");
  DecodeOptions options = options_for(odd["response"]);
  const auto alone = printed([&] { return command_decode(options); });
  EXPECT_EQ(alone.status, kFailed);
  EXPECT_THAT(alone.error, HasSubstr("--request"));
  options.request = odd["request"];
  EXPECT_EQ(printed([&] { return command_decode(options); }).status, kDone);
}

TEST(DecodeCommand, TakesParams) {
  const json vector = vector_named("only FET status bit 1 set");
  DecodeOptions options = options_for(vector["response"]);
  options.params = {"SWAP_FET_BITS=True"};
  EXPECT_THAT(printed([&] { return command_decode(options); }).out, testing::ContainsRegex("Discharge FET +off\n"));
  options.params = {"SWAP_FET_BITS"};
  EXPECT_THAT(printed([&] { return command_decode(options); }).error, HasSubstr("KEY=VALUE"));
}

TEST(DecodeCommand, WrongUsageIsStatusTwo) {
  DecodeOptions unknown = options_for("~");
  unknown.protocol = "nothing";
  EXPECT_EQ(printed([&] { return command_decode(unknown); }).status, kWrongUsage);
  DecodeOptions no_json = options_for("-");
  no_json.protocol = "daren-485";
  EXPECT_EQ(printed([&] { return command_decode(no_json); }).status, kWrongUsage);
  DecodeOptions no_protocol = options_for("-");
  no_protocol.json = true;
  EXPECT_EQ(printed([&] { return command_decode(no_protocol); }).status, kWrongUsage);
  EXPECT_EQ(printed([] { return command_decode({}); }).status, kWrongUsage);
}

TEST(ListCommand, NamesEveryProtocolInAllThreeForms) {
  const auto plain = printed([] { return command_list({}); });
  const auto as_json = printed([] { return command_list({.json = true, .markdown = false}); });
  const auto markdown = printed([] { return command_list({.json = false, .markdown = true}); });
  const json list = json::parse(as_json.out);
  ASSERT_EQ(list.size(), protocols().size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Protocol& protocol = *protocols()[i];
    EXPECT_EQ(list[i]["name"], protocol.name);
    EXPECT_EQ(list[i]["addresses"]["default"], protocol.default_address);
    EXPECT_THAT(plain.out, HasSubstr(std::string(protocol.name)));
    EXPECT_THAT(markdown.out, HasSubstr("| `" + std::string(protocol.name) + "` |"));
  }
  EXPECT_EQ(printed([] { return command_list({.json = true, .markdown = true}); }).status, kWrongUsage);
}

}  // namespace
}  // namespace bmsd
