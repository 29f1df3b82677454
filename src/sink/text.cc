#include "sink/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace bmsd {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

const nlohmann::json* member(const nlohmann::json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters as well; in UTF-8 C2 80 to C2 9F.
    const bool control = c < 0x20 || c == 0x7F;
    const bool control2 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (control2) ++i;
    result += control || control2 ? ' ' : text[i];
  }
  return result;
}

std::string cut(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t end = 0, taken = 0;
  for (; end < text.size(); ++end) {
    if (begins_character(text[end]) && taken++ == width - 1) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string padded_left(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(width > used ? width - used : 0, ' ').append(text);
}

std::string padded_right(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(text).append(width > used ? width - used : 0, ' ');
}

std::string painted(std::string_view text, Color color, bool wanted) {
  if (!wanted || color == Color::none) return std::string(text);
  const char* code = "";
  switch (color) {
    case Color::none:
      break;
    case Color::dim:
      code = "2";
      break;
    case Color::bold:
      code = "1";
      break;
    case Color::green:
      code = "32";
      break;
    case Color::yellow:
      code = "33";
      break;
    case Color::red:
      code = "31;1";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string rule(std::size_t width) {
  std::string line;
  for (std::size_t i = 0; i < width; ++i) line += "─";
  return line;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string short_duration(double seconds) {
  const auto s = static_cast<long long>(std::clamp(seconds, 0.0, 1e9));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m", s / 60);
  if (s < 86400) return fmt::format("{}h {}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d {}h", s / 86400, s / 3600 % 24);
}

std::string words_of(std::string_view camel_case) {
  if (camel_case == "BmsCable") return "BMS cable";
  if (camel_case == "LowSoc") return "Low state of charge";
  std::string words;
  for (const char c : camel_case) {
    const bool begins_next = std::isupper(static_cast<unsigned char>(c)) != 0 && !words.empty();
    if (begins_next) words += ' ';
    words += begins_next ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c;
  }
  return words;
}

std::optional<double> number_at(const nlohmann::json& json, const char* key) {
  const auto* found = member(json, key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string text_at(const nlohmann::json& json, const char* key) {
  const auto* found = member(json, key);
  return found != nullptr && found->is_string() ? printable(found->get_ref<const std::string&>()) : std::string();
}

std::vector<double> numbers_at(const nlohmann::json& json, const char* key) {
  std::vector<double> numbers;
  const auto* found = member(json, key);
  if (found == nullptr || !found->is_array()) return numbers;
  for (const auto& item : *found) {
    if (item.is_number()) numbers.push_back(item.get<double>());
  }
  return numbers;
}

std::vector<std::string> texts_at(const nlohmann::json& json, const char* key) {
  std::vector<std::string> texts;
  const auto* found = member(json, key);
  if (found == nullptr || !found->is_array()) return texts;
  for (const auto& item : *found) {
    if (item.is_string()) texts.push_back(printable(item.get_ref<const std::string&>()));
  }
  return texts;
}

nlohmann::json object_at(const nlohmann::json& json, const char* key) {
  const auto* found = member(json, key);
  return found != nullptr && found->is_object() ? *found : nlohmann::json::object();
}

std::string fixed(const std::optional<double>& value, int decimals) {
  if (!value) return "-";
  std::string text = fmt::format("{:.{}f}", *value, decimals);
  const bool zero = text.find_first_not_of("-0.") == std::string::npos;
  return zero && text.front() == '-' ? text.substr(1) : text;
}

std::vector<std::string> raised_alarms(const nlohmann::json& battery) {
  std::vector<std::string> alarms, warnings;
  const nlohmann::json levels = object_at(battery, "alarm_levels");
  for (const auto& [key, level] : levels.items()) {
    if (!level.is_number() || level.get<double>() < 1) continue;
    const bool alarm = level.get<double>() >= 2;
    (alarm ? alarms : warnings).push_back(printable(words_of(key)) + (alarm ? ": alarm" : ": warning"));
  }
  alarms.insert(alarms.end(), warnings.begin(), warnings.end());
  return alarms;
}

}  // namespace bmsd
