#include "app/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/ini.h"
#include "config/schema.h"

namespace bmsd {
namespace {

constexpr std::string_view kBlank = "***";
// A value that is shorter stands in every other word; its own key is blanked all the same.
constexpr std::size_t kShortest = 4;

bool is_secret(std::string_view name) {
  if (const Key* key = find_key(name)) return key->secret;
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  constexpr std::array<std::string_view, 7> kWords = {"PASS", "WORD",       "SECRET", "TOKEN",
                                                      "PWD",  "CREDENTIAL", "PRIVATE"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&upper](std::string_view word) { return upper.find(word) != std::string::npos; });
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// "name = value" and "name: value"; also in a remark. Empty: the line has no key.
struct Assignment {
  std::string_view key;
  std::size_t value_at = 0;
};
Assignment assignment(std::string_view line) {
  const std::size_t end = line.find_first_of("=:");
  if (end == std::string_view::npos) return {};
  std::string_view key = line.substr(0, end);
  while (!key.empty() && (is_blank(key.front()) || key.front() == '#' || key.front() == ';')) key.remove_prefix(1);
  return {stripped(key), end + 1};
}

void replace_all(std::string& text, std::string_view what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + kBlank.size()))
    text.replace(at, what.size(), kBlank);
}

// "mqtt://user:word@host" -> "mqtt://***@host"
void blank_logins(std::string& text) {
  constexpr std::string_view kScheme = "://", kEnd = "/ \t\r\n\"'";
  for (std::size_t at = text.find(kScheme); at != std::string::npos; at = text.find(kScheme, at + kScheme.size())) {
    const std::size_t begin = at + kScheme.size();
    const std::size_t end = std::min(text.find_first_of(kEnd, begin), text.size());
    const std::size_t login = text.rfind('@', end);
    if (login != std::string::npos && login >= begin && login < end) text.replace(begin, login - begin, kBlank);
  }
}

}  // namespace

void Secrets::learn(std::string_view ini_text) {
  const auto add = [this](std::string_view value) {
    for (value = stripped(value); !value.empty();) {  // line by line: a value may have several
      const std::size_t end = std::min(value.find('\n'), value.size());
      const std::string_view line = stripped(value.substr(0, end));
      if (line.size() >= kShortest) values_.emplace_back(line);
      value.remove_prefix(std::min(end + 1, value.size()));
    }
  };
  for (const IniSection& section : parse_ini(ini_text).sections) {
    for (const IniEntry& entry : section.entries) {
      if (is_secret(entry.key)) add(entry.value);
    }
  }
  for (std::string_view rest = ini_text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    const Assignment found = assignment(line);
    if (is_secret(found.key)) add(line.substr(found.value_at));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::sort(values_.begin(), values_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
}

std::string Secrets::blanked(std::string text) const {
  for (const std::string& value : values_) replace_all(text, value);
  blank_logins(text);
  return text;
}

std::string Secrets::blanked_ini(std::string_view ini_text) const {
  std::string text;
  bool goes_on = false;  // the value of a secret key may have further lines, which begin with a blank
  for (std::string_view rest = ini_text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (goes_on && !line.empty() && is_blank(line.front())) continue;
    const Assignment found = assignment(line);
    goes_on = is_secret(found.key);
    text += goes_on ? std::string(line.substr(0, found.value_at)) + " " + std::string(kBlank) : std::string(line);
    text += '\n';
  }
  return blanked(std::move(text));
}

}  // namespace bmsd
