// What a client reads from a control socket may come from another version of bmsd, or from somebody else. A type that was not
// expected ended `bmsd simulate --charge-from` with an exception, and `bmsd show` read behind an answer without batteries.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "app/charge_source.h"
#include "app/decode_lines.h"
#include "protocol/daren_485.h"
#include "sink/control_client.h"
#include "sink/json.h"

namespace bmsd {
namespace {

nlohmann::json show(const char* port, const char* address) {
  return nlohmann::json::parse(std::string(R"({"batteries": [{"port": )") + port + R"(, "address": )" + address +
                               R"(, "limits": {"cvl_v": 54, "ccl_a": 3, "dcl_a": 4}}]})");
}

TEST(AnswersNobodyExpects, APortThatIsNoTextIsNobodys) {
  EXPECT_EQ(limits_in(show("3", "1"), "/dev/nowhere1", 1), std::nullopt);
  EXPECT_EQ(limits_in(show("null", "1"), "/dev/nowhere1", 1), std::nullopt);
}

TEST(AnswersNobodyExpects, AnAddressThatIsNoNumberIsNone) {
  EXPECT_EQ(limits_in(show(R"("/dev/nowhere1")", "null"), "/dev/nowhere1", 1), (ChargeLimits{54, 3, 4}));
  EXPECT_EQ(limits_in(show(R"("/dev/nowhere1")", "2"), "/dev/nowhere1", 1), std::nullopt);
}

TEST(AnswersNobodyExpects, AReasonThatIsEmptyOrNoTextIsReplaced) {
  for (const char* line : {R"({"ok": false, "error": ""})", R"({"ok": false, "error": 3})", R"({"ok": 1})"}) {
    const auto answer = answer_in(line, "/run/bmsd/control");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().detail, "bmsd refused the request");
  }
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

// Everything that walked through it ran out of stack.
TEST(AnswersNobodyExpects, ListsInsideOfListsWithoutEndAreNoAnswer) {
  const std::string deep = R"({"ok": true, "name": )" + nested(100'000) + "}";
  EXPECT_TRUE(parse_json(deep).is_discarded());
  EXPECT_FALSE(answer_in(deep, "/run/bmsd/control"));
  EXPECT_EQ(decode_line(kDaren485, deep)["ok"], false);
  EXPECT_EQ(parse_json(nested(64)).size(), 1);
  EXPECT_TRUE(parse_json(nested(65)).is_discarded());
}

TEST(AnswersNobodyExpects, BracketsInsideOfTextsAreText) {
  const std::string text = "[\"" + std::string(200, '[') + "\\\"" + std::string(200, '{') + "\"]";
  EXPECT_EQ(parse_json(text).at(0).get<std::string>().size(), 401);
}

}  // namespace
}  // namespace bmsd
