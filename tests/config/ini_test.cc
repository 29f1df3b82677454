// What configparser (Python 3.11) makes of the same texts was tried for each case that it accepts; tests/system/test_check.py
// does the same for random ones.
#include "config/ini.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace bmsd {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

const IniSection* section_of(const IniFile& file, std::string_view name) {
  for (const IniSection& section : file.sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

Values values_of(const IniFile& file, std::string_view name = "DEFAULT") {
  Values values;
  if (const IniSection* section = section_of(file, name)) {
    for (const IniEntry& entry : section->entries) values.emplace_back(entry.key, entry.value);
  }
  return values;
}

// The values of a text in which nothing is to be found.
Values clean(std::string_view text) {
  const IniFile file = parse_ini(text);
  EXPECT_THAT(file.findings, testing::IsEmpty()) << file.findings.front().text;
  return values_of(file);
}

// "3 warning KEY" of each finding.
std::vector<std::string> found(const IniFile& file) {
  constexpr const char* kWeights[] = {"note", "warning", "corrected", "unusable"};
  std::vector<std::string> lines;
  for (const Finding& f : file.findings) {
    lines.push_back(std::to_string(f.line) + " " + kWeights[f.weight] + (f.key.empty() ? "" : " " + f.key));
    EXPECT_FALSE(f.text.empty());
  }
  return lines;
}

using Strings = std::vector<std::string>;

TEST(Ini, AnEmptyFileHoldsNothing) {
  for (const char* text : {"", "\n", "\r\n\r\n", "  \n\t\n", "; only\n# comments\n   ; here\n", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(clean(text), Values()) << text;
  }
}

TEST(Ini, TheFirstEqualsSignOrColonEndsTheKey) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 1\nB:2\nC=a:b=c\nD : x = y\n"),
            (Values{{"A", "1"}, {"B", "2"}, {"C", "a:b=c"}, {"D", "x = y"}}));
}

TEST(Ini, BlanksAroundKeyAndValueAreStripped) {
  EXPECT_EQ(clean("[DEFAULT]\nA KEY \t=\t a value \t\n"), (Values{{"A KEY", "a value"}}));
}

TEST(Ini, TheNoBreakSpaceOfWebPagesIsABlank) {
  EXPECT_EQ(clean("[DEFAULT]\nA\u00A0=\u00A03.45\u00A0\nB = 1\u20032\u3000\n"),
            (Values{{"A", "3.45"}, {"B", "1\u20032"}}));
}

TEST(Ini, QuotesAreNotSpecial) { EXPECT_EQ(clean("[DEFAULT]\nA = \"x\"\n"), (Values{{"A", "\"x\""}})); }

TEST(Ini, AValueMayBeEmpty) { EXPECT_EQ(clean("[DEFAULT]\nA =\nB:\n"), (Values{{"A", ""}, {"B", ""}})); }

TEST(Ini, CommentsAreWholeLines) {
  EXPECT_EQ(clean("; a\n[DEFAULT]\n# b\nA = 1\n   ; c\n\t# d\nB = 2\n"), (Values{{"A", "1"}, {"B", "2"}}));
}

TEST(Ini, WhatLooksLikeACommentBehindAValueBelongsToIt) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 2 ; slow\nB = 3 # fast\n"), (Values{{"A", "2 ; slow"}, {"B", "3 # fast"}}));
}

TEST(Ini, ADeeperLineContinuesTheValue) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 1,\n    2,\n  3\nB = 4\n"), (Values{{"A", "1,\n2,\n3"}, {"B", "4"}}));
  EXPECT_EQ(clean("[DEFAULT]\n  A = 1\n    2\n  B = 3\n"), (Values{{"A", "1\n2"}, {"B", "3"}}));
}

TEST(Ini, AValueMayBeginInTheLineBelow) { EXPECT_EQ(clean("[DEFAULT]\nA =\n  1,\n  2\n"), (Values{{"A", "1,\n2"}})); }

TEST(Ini, BlankLinesInsideAValueAreKeptAndThoseBehindItAreNot) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 1\n\n \n  2\n\n\nB = 3\n"), (Values{{"A", "1\n\n\n2"}, {"B", "3"}}));
}

TEST(Ini, CommentsInsideAValueLeaveNothing) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 1\n  ; no\n# no\n  2\n"), (Values{{"A", "1\n2"}}));
}

TEST(Ini, ALineBelowAHeaderNeverContinuesAnything) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 1\n[DEFAULT]\n    B = 2\n  C = 3\n"), (Values{{"A", "1"}, {"B", "2"}, {"C", "3"}}));
}

TEST(Ini, IndentationCountsCharactersNotBytes) {
  EXPECT_EQ(clean("[DEFAULT]\n\u00A0A = 1\n  x\n\u00A0B = 2\n"), (Values{{"A", "1\nx"}, {"B", "2"}}));
}

TEST(Ini, LinesEndAsWindowsMacAndUnixEndThem) {
  EXPECT_EQ(clean("[DEFAULT]\r\nA = 1\r\n  2\r\nB = 3\rC = 4\nD = 5"),
            (Values{{"A", "1\n2"}, {"B", "3"}, {"C", "4"}, {"D", "5"}}));
  EXPECT_EQ(parse_ini("\r\n\r\n[DEFAULT]\r\nA=1\r\n").sections[0].entries[0].line, 4);
}

TEST(Ini, AByteOrderMarkIsSkipped) { EXPECT_EQ(clean("\xEF\xBB\xBF[DEFAULT]\nA = 1\n"), (Values{{"A", "1"}})); }

TEST(Ini, SectionsHaveTheirNameLineAndKeys) {
  const IniFile file = parse_ini("[DEFAULT]\nA = 1\n\n[ line ttyUSB0 ] ; here\nA = 2\n[battery x]\n[default]\n");
  EXPECT_EQ(found(file), Strings());
  ASSERT_EQ(file.sections.size(), 4U);
  EXPECT_EQ(file.sections[1].name, "line ttyUSB0");
  EXPECT_EQ(file.sections[1].line, 4);
  EXPECT_EQ(file.sections[1].entries[0].line, 5);
  EXPECT_EQ(values_of(file, "line ttyUSB0"), (Values{{"A", "2"}}));
  EXPECT_EQ(file.sections[3].name, "default");
}

TEST(Ini, ASectionEndsAtTheLastBracket) {
  EXPECT_EQ(parse_ini("[a] [b]\n").sections[0].name, "a] [b");
  EXPECT_EQ(parse_ini("[a]]\n").sections[0].name, "a]");
}

TEST(Ini, SectionsOfTheSameNameAreUnited) {
  const IniFile file = parse_ini("[line a]\nA = 1\n[DEFAULT]\n[line a]\nB = 2\n[DEFAULT]\n");
  EXPECT_EQ(file.sections.size(), 2U);
  EXPECT_EQ(values_of(file, "line a"), (Values{{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(found(file), Strings{"4 warning"});
}

TEST(Ini, OfAKeyThatStandsTwiceTheLastOneHolds) {
  const IniFile file = parse_ini("[DEFAULT]\nA = 1\nB = 2\na = 3\n[line x]\nA = 4\n");
  EXPECT_EQ(values_of(file), (Values{{"B", "2"}, {"a", "3"}}));
  EXPECT_EQ(found(file), Strings{"4 warning a"});
  EXPECT_THAT(file.findings[0].text, testing::HasSubstr("line 2"));
}

TEST(Ini, KeysBeforeTheFirstSectionAreThoseOfDefault) {
  const IniFile file = parse_ini("\nA = 1\nB = 2\n[DEFAULT]\nC = 3\n");
  EXPECT_EQ(values_of(file), (Values{{"A", "1"}, {"B", "2"}, {"C", "3"}}));
  EXPECT_EQ(found(file), Strings{"2 warning A"});
}

TEST(Ini, ALineWithoutADelimiterIsLeftOut) {
  const IniFile file = parse_ini("[DEFAULT]\nMAX_CELL_VOLTAGE 3.45\n   B = 1\nA\n");
  EXPECT_EQ(values_of(file), (Values{{"B", "1"}}));
  EXPECT_EQ(found(file), (Strings{"2 unusable", "4 unusable"}));
  EXPECT_THAT(file.findings[0].advice, testing::HasSubstr("MAX_CELL_VOLTAGE = 3.45"));
}

TEST(Ini, ALineWithoutAKeyIsLeftOutWithWhatContinuesIt) {
  const IniFile file = parse_ini("[DEFAULT]\nA = 1\n= 2\n  3\n: 4\nB = 5\n");
  EXPECT_EQ(values_of(file), (Values{{"A", "1"}, {"B", "5"}}));
  EXPECT_EQ(found(file), (Strings{"3 unusable", "5 unusable"}));
}

TEST(Ini, AnUnclosedSectionIsStillASection) {
  const IniFile file = parse_ini("[DEFAULT]\nA = 1\n[battery 1\nA = 9\n[line a=b\nC = 1\n");
  EXPECT_EQ(values_of(file), (Values{{"A", "1"}}));
  EXPECT_EQ(values_of(file, "battery 1"), (Values{{"A", "9"}}));
  EXPECT_EQ(found(file), (Strings{"3 unusable", "5 unusable"}));
}

TEST(Ini, TheKeysOfASectionWithoutANameGoNowhere) {
  const IniFile file = parse_ini("[DEFAULT]\nA = 1\n[]\nA = 9\n[ ]\nnothing\n[\nA = 8\n[DEFAULT]\nB = 2\n");
  EXPECT_EQ(file.sections.size(), 1U);
  EXPECT_EQ(values_of(file), (Values{{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(found(file), (Strings{"3 unusable", "5 unusable", "7 unusable"}));
}

TEST(Ini, AKeyThatIsIndentedByMistakeContinuesTheValueAboveAndIsFound) {
  const IniFile file = parse_ini("[DEFAULT]\nA = 1\n  MAX_CELL_VOLTAGE = 3.4\n  [line x]\n");
  EXPECT_EQ(values_of(file), (Values{{"A", "1\nMAX_CELL_VOLTAGE = 3.4\n[line x]"}}));
  EXPECT_EQ(found(file), (Strings{"3 warning A", "4 warning A"}));
}

TEST(Interpolation, APercentSignIsWrittenTwice) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 100%%\nB = %%(A)s\n"), (Values{{"A", "100%"}, {"B", "%(A)s"}}));
}

TEST(Interpolation, AnyOtherPercentSignIsTakenAsItStands) {
  EXPECT_EQ(clean("[DEFAULT]\nA = 5% x\nB = %(\nC = %(A)d\nD = %()s\nE = %\n"),
            (Values{{"A", "5% x"}, {"B", "%("}, {"C", "%(A)d"}, {"D", "%()s"}, {"E", "%"}}));
}

TEST(Interpolation, ANameIsReplacedByTheValueOfThatKey) {
  EXPECT_EQ(clean("[DEFAULT]\nA = <%(b)s>\nB = %(C)s-%(C)s\nC = 1%%\n"),
            (Values{{"A", "<1%-1%>"}, {"B", "1%-1%"}, {"C", "1%"}}));
}

TEST(Interpolation, TheOwnSectionComesBeforeDefault) {
  const IniFile file =
      parse_ini("[line x]\nA = %(B)s %(C)s\nB = own\n[DEFAULT]\nB = default\nC = %(B)s\n[line y]\nB = other\n");
  EXPECT_EQ(values_of(file, "line x")[0].second, "own own");
  EXPECT_EQ(values_of(file)[1].second, "default");
  EXPECT_EQ(found(file), Strings());
}

TEST(Interpolation, AKeyThatTheFileDoesNotHaveMayHaveADefault) {
  const std::vector<std::pair<std::string_view, std::string_view>> standard = {{"B", "1"}, {"C", "2"}};
  const IniFile file = parse_ini("[line x]\nA = %(b)s %(C)s\n[DEFAULT]\nC = 3\n", standard);
  EXPECT_EQ(values_of(file, "line x"), (Values{{"A", "1 3"}}));
  EXPECT_EQ(values_of(file), (Values{{"C", "3"}}));
  EXPECT_EQ(found(file), Strings());
}

TEST(Interpolation, WhatCannotBeReplacedStaysAndIsFound) {
  const IniFile file =
      parse_ini("[DEFAULT]\nA = x%(NOBODY)s\nB = %(C)s\nC = c%(B)s\nD = d%(d)s\n[line x]\nE = %(D)s\n");
  EXPECT_EQ(values_of(file), (Values{{"A", "x%(NOBODY)s"}, {"B", "c%(B)s"}, {"C", "c%(C)s"}, {"D", "d%(d)s"}}));
  EXPECT_EQ(found(file), (Strings{"2 warning A", "3 warning B", "4 warning C", "5 warning D", "7 warning E"}));
}

TEST(Interpolation, ThroughTenKeysAtMostAsInPython) {
  std::string text = "[DEFAULT]\nK0 = end\n";
  for (int i = 1; i <= 10; ++i) text += "K" + std::to_string(i) + " = %(K" + std::to_string(i - 1) + ")s\n";
  const IniFile file = parse_ini(text);
  EXPECT_EQ(values_of(file)[9].second, "end");
  EXPECT_EQ(values_of(file)[10].second, "%(K0)s");
  EXPECT_EQ(found(file), Strings{"12 warning K10"});
}

TEST(Interpolation, ReferencesToReferencesDoNotGrowWithoutEnd) {
  std::string text = "[DEFAULT]\nK0 = 0123456789\n";
  for (int i = 1; i <= 8; ++i) {
    text += "K" + std::to_string(i) + " = ";
    for (int n = 0; n < 100; ++n) text += "%(K" + std::to_string(i - 1) + ")s";
    text += "\n";
  }
  std::size_t size = 0;
  for (const auto& [key, value] : values_of(parse_ini(text))) size += value.size();
  EXPECT_LT(size, 3'000'000U);
}

TEST(DamagedIni, OtherCharactersThanUtf8AreReadAsLatin1) {
  const IniFile file = parse_ini(
      "; f\xFCr\n; \xE4\n[DEFAULT]\nA = Au\xDF"
      "en\nB = Außen\n");
  EXPECT_EQ(values_of(file), (Values{{"A", "Außen"}, {"B", "Außen"}}));
  EXPECT_EQ(found(file), (Strings{"1 note", "4 warning"}));
}

TEST(DamagedIni, Utf16IsOneFinding) {
  using namespace std::string_literals;
  for (const std::string& text : {"\xFF\xFE[\0D\0"s, "\xFE\xFF\0[\0D"s, "[\0D\0E\0"s, "\0[\0D\0E"s}) {
    const IniFile file = parse_ini(text);
    EXPECT_TRUE(file.sections.empty());
    EXPECT_EQ(found(file), Strings{"1 unusable"});
    EXPECT_THAT(file.findings[0].text, testing::HasSubstr("UTF-16"));
  }
}

TEST(DamagedIni, NulBytesAreFoundAndNeverReachAValue) {
  using namespace std::string_literals;
  const IniFile file = parse_ini("[DEFAULT]\nA = 3\0"s + "4\nB\0"s + " = 1\n  2\nC = 1\n\0\0\0"s);
  EXPECT_EQ(values_of(file), (Values{{"A",
                                      "3\uFFFD"
                                      "4"},
                                     {"C", "1"}}));
  EXPECT_EQ(found(file), (Strings{"2 unusable", "3 unusable", "6 unusable"}));
}

TEST(DamagedIni, NamesOfAnyLengthAreNotKept) {
  const std::string longest(201, 'K');
  const IniFile file = parse_ini("[DEFAULT]\n" + longest + " = 1\n[" + longest + "]\nA = 1\n");
  EXPECT_EQ(values_of(file), Values());
  EXPECT_EQ(found(file), (Strings{"2 unusable", "3 unusable"}));
  for (const Finding& finding : file.findings) EXPECT_LT(finding.text.size() + finding.advice.size(), 300U);
}

TEST(DamagedIni, OfAFileThatIsTooLargeTheFirstMegabyteIsRead) {
  const std::string text = "[DEFAULT]\nA = 1\n" + std::string(999'990, ';') + "\nB = 2\n";
  EXPECT_EQ(values_of(parse_ini(text)), (Values{{"A", "1"}}));
  EXPECT_EQ(found(parse_ini(text)), Strings{"3 unusable"});
}

TEST(DamagedIni, OfTooManyKeysTheFirstTenThousandAreRead) {
  std::string text = "[DEFAULT]\n";
  for (int i = 0; i < 10'500; ++i) text += "K" + std::to_string(i) + "=" + std::to_string(i) + "\n";
  const IniFile file = parse_ini(text);
  EXPECT_EQ(file.sections[0].entries.size(), 10'000U);
  EXPECT_EQ(found(file), Strings{"10002 unusable"});
}

TEST(DamagedIni, OfManyMistakesAHundredAreListedAndTheRestCounted) {
  std::string text = "[DEFAULT]\n";
  for (int i = 0; i < 100; ++i) text += "A = 1\n";
  for (int i = 0; i < 5'000; ++i) text += "nonsense\n";
  const IniFile file = parse_ini(text);
  ASSERT_EQ(file.findings.size(), 101U);
  EXPECT_EQ(file.findings.back().weight, Finding::unusable);
  EXPECT_EQ(file.findings.back().line, 103);
  EXPECT_THAT(file.findings.back().text, testing::HasSubstr("4999 more"));
}

// Whatever comes, what is said of it can be shown and is in order.
RC_GTEST_PROP(DamagedIni, AnyTextIsReadToItsEnd, (const std::vector<std::string>& words)) {
  const std::vector<std::string> pieces = {"[",     "]",  "=", ":",       "\n", "\r", "  ",
                                           "%(A)s", "%%", "A", "DEFAULT", ";",  "\t", "\n "};
  std::string text;
  for (const std::string& word : words)
    text += pieces[(word.size() * 7 + (word.empty() ? 0 : static_cast<unsigned char>(word[0]))) % pieces.size()] + word;
  const IniFile file = parse_ini(text);
  int line = 0;
  for (const Finding& finding : file.findings) {
    RC_ASSERT(finding.line >= line);
    line = finding.line;
    RC_ASSERT(finding.text.find_first_of("\r\n") == std::string::npos);
  }
  for (const IniSection& section : file.sections) RC_ASSERT(!section.name.empty());
}

}  // namespace
}  // namespace bmsd
