#include "app/config_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace bmsd {
namespace {

Level level_of(Finding::Weight weight) {
  switch (weight) {
    case Finding::note:
      return Level::info;
    case Finding::unusable:
      return Level::error;
    default:
      return Level::warning;
  }
}

// What some file systems leave of a file after a power failure: nothing, or as many zeros.
bool is_wiped(std::string_view text) { return text.find_first_not_of('\0') == std::string_view::npos; }

ConfigChoice last_good_one(const std::string& path, const std::string& last_good, std::string why) {
  ConfigChoice choice;
  choice.config = Config::parse(last_good);
  choice.state = ConfigState::unusable;
  choice.report.emplace_back(Level::error,
                             fmt::format("{}: {}; all of the last good configuration is in force", path, why));
  return choice;
}

}  // namespace

std::string describe(const Finding& finding, const std::string& path) {
  std::string text = path;
  if (finding.line > 0) text += fmt::format(":{}", finding.line);
  if (!finding.section.empty() && finding.section != "DEFAULT") text += fmt::format(": [{}]", finding.section);
  if (!finding.key.empty()) text += ": " + finding.key;
  std::string_view sentence = finding.text;
  if (sentence.ends_with('.')) sentence.remove_suffix(1);
  text.append(": ").append(sentence);
  if (!finding.advice.empty()) text += "; " + finding.advice;
  return text;
}

Result<std::optional<std::string>> read_config(const std::string& path) {
  constexpr std::size_t kMost = 2 << 20;  // bytes; more than is read of it
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::optional<std::string>();
  const auto failed = [&path](int number) {
    return Error{Errc::io, "config", number, fmt::format("{}: cannot read: {}", path, std::strerror(number))};
  };
  if (error) return failed(error.value());
  if (std::filesystem::is_directory(status)) return failed(EISDIR);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(errno != 0 ? errno : EIO);
  std::string text(kMost, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return failed(errno != 0 ? errno : EIO);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return std::optional(std::move(text));
}

ConfigChoice choose_config(const std::string& path, const Result<std::optional<std::string>>& text,
                           const std::string& last_good) {
  ConfigChoice choice;
  if (!text) {
    if (!last_good.empty()) return last_good_one(path, last_good, "cannot be read");
    choice.state = ConfigState::unusable;
    choice.report.emplace_back(Level::error, describe(text.error()) + "; the defaults are in force");
    return choice;
  }
  if (!text->has_value()) return choice;  // no file: the defaults
  if (is_wiped(**text) && !last_good.empty())
    return last_good_one(path, last_good, "is empty; a file that wants the defaults has a line of comment at least");

  choice.config = Config::parse(**text);
  choice.state = choice.config.state();
  for (const Finding& finding : choice.config.findings()) {
    choice.report.emplace_back(level_of(finding.weight), describe(finding, path));
  }
  if (choice.state != ConfigState::unusable) {
    choice.good = **text;
  } else if (!last_good.empty() && last_good != **text) {
    ConfigChoice last = last_good_one(path, last_good, "cannot be understood");
    last.report.insert(last.report.begin(), choice.report.begin(), choice.report.end());
    return last;
  } else {
    choice.report.emplace_back(Level::error,
                               path +
                                   ": cannot be understood, and there is no last good configuration; safe "
                                   "values stand in for what is unusable");
  }
  return choice;
}

}  // namespace bmsd
