// Files as people have them, right and wrong. expected.txt says of each what is found (line, weight, key) and which values
// differ from the defaults then; nothing else may be found and nothing else may differ.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "config/config.h"

namespace bmsd {
namespace {

using Strings = std::vector<std::string>;

const std::filesystem::path kCorpus = std::filesystem::path(BMSD_TESTS_DIR) / "config/corpus";

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// What is expected of each file: "name:" begins one, indented lines say it.
std::map<std::string, Strings> expectations() {
  std::map<std::string, Strings> all;
  std::ifstream file(kCorpus / "expected.txt");
  EXPECT_TRUE(file);
  Strings* lines = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == ';') continue;
    if (line.back() == ':' && line[0] != ' ') {
      lines = &all[line.substr(0, line.size() - 1)];
    } else if (lines != nullptr) {
      lines->push_back(line.substr(line.find_first_not_of(' ')));
    }
  }
  return all;
}

std::string value_text(const Setting& setting, const Key& key) {
  std::string text = to_text(setting, key);
  if (text.size() > 60) text = text.substr(0, 20) + "...";
  std::replace(text.begin(), text.end(), '\n', '|');
  return text;
}

Strings findings_of(const Config& config) {
  constexpr const char* kWeights[] = {"note", "warning", "corrected", "unusable"};
  Strings lines;
  for (const Finding& finding : config.findings()) {
    const std::string key = finding.key.size() > 60 ? "(long)" : finding.key;
    lines.push_back(std::to_string(finding.line) + " " + kWeights[finding.weight] + (key.empty() ? "" : " " + key));
  }
  return lines;
}

Strings values_of(const Config& config) {
  Strings lines;
  const Settings standard;
  const Settings defaults = config.effective();
  for (const Key& key : all_keys()) {
    const Setting& value = defaults[key.name];
    if (value != standard[key.name]) lines.push_back(std::string(key.name) + " = " + value_text(value, key));
  }
  for (const std::string& section : config.sections()) {
    const auto settings = config.effective(section);
    if (!settings) continue;
    for (const Key& key : all_keys()) {
      const Setting& value = (*settings)[key.name];
      if (value == defaults[key.name]) continue;
      lines.push_back("[" + section + "] " + std::string(key.name) + " = " + value_text(value, key));
    }
  }
  return lines;
}

Strings outcome(const Config& config) {
  Strings lines = findings_of(config);
  for (std::string& line : values_of(config)) lines.push_back(std::move(line));
  for (std::string& line : lines) line.erase(line.find_last_not_of(' ') + 1);
  return lines;
}

std::string joined(const Strings& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

Strings files_of_the_corpus() {
  Strings names;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    if (entry.path().extension() == ".ini") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(ConfigCorpus, EveryFileIsExpectedAndThere) {
  Strings expected;
  for (const auto& [name, lines] : expectations()) expected.push_back(name);
  EXPECT_EQ(joined(files_of_the_corpus()), joined(expected));
  EXPECT_GE(expected.size(), 100U);
}

class ConfigFile : public testing::TestWithParam<std::string> {};

TEST_P(ConfigFile, GivesItsFindingsAndItsValuesAndNoOthers) {
  const Config config = Config::parse(content_of(kCorpus / (GetParam() + ".ini")));
  EXPECT_EQ(joined(outcome(config)), joined(expectations()[GetParam()]));
}

TEST_P(ConfigFile, SaysWhatIsWrongInSentencesThatFitOnALine) {
  const Config config = Config::parse(content_of(kCorpus / (GetParam() + ".ini")));
  for (const Finding& finding : config.findings()) {
    EXPECT_FALSE(finding.text.empty());
    EXPECT_LT(finding.text.size() + finding.advice.size(), 400U) << finding.text << finding.advice;
    for (const std::string& text : {finding.text, finding.advice, finding.key, finding.section}) {
      EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; })) << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, ConfigFile, testing::ValuesIn(files_of_the_corpus()),
                         [](const auto& info) { return info.param; });

// Of as many findings as there are mistakes nobody would read the second hundred.
TEST(ConfigGarbage, TenMegabytesOfAnythingAreReadWithABoundedNumberOfFindings) {
  std::mt19937 random(1);
  std::string noise(10'000'000, '\0');
  for (char& c : noise) c = static_cast<char>(random() & 0xFF);
  std::string words = "[DEFAULT]\n";
  while (words.size() < 10'000'000)
    words += "KEY_" + std::to_string(random()) + " = " + std::to_string(random()) + "\n";
  std::string sections;
  while (sections.size() < 10'000'000) sections += "[line " + std::to_string(random()) + "]\nMAX_CELL_VOLTAGE = 9V\n";
  const std::string one_line(10'000'000, '[');
  for (const std::string& text : {noise, words, sections, one_line}) {
    const Config config = Config::parse(text);
    EXPECT_EQ(config.state(), ConfigState::unusable);
    EXPECT_GE(config.findings().size(), 1U);
    EXPECT_LE(config.findings().size(), 210U);
    EXPECT_EQ(config.effective(), Settings());
  }
}

}  // namespace
}  // namespace bmsd
