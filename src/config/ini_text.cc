#include "config/ini_text.h"

#include <algorithm>
#include <cstdint>

namespace bmsd {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kLongestExcerpt = 60;

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // in bytes; 0: not UTF-8
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t size = byte(0) >= 0xF5 ? 0 : byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : byte(0) >= 0xC2 ? 2 : 0;
  if (size == 0 || text.size() < size) return {};
  std::uint32_t code = byte(0) & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if (!continues(text[i])) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, size};
}

bool is_blank(std::uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Bytes of the blank that the text begins with; 0: none.
std::size_t blank_at_start(std::string_view text) {
  if (text.empty()) return 0;
  const Character first = first_character(text);
  return first.size > 0 && is_blank(first.code) ? first.size : 0;
}

std::size_t blank_at_end(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t start = text.size() - 1;
  while (start > 0 && text.size() - start < 4 && continues(text[start])) --start;
  const std::size_t size = blank_at_start(text.substr(start));
  return size == text.size() - start ? size : 0;
}

}  // namespace

std::string_view stripped(std::string_view text) {
  while (const std::size_t size = blank_at_start(text)) text.remove_prefix(size);
  return stripped_at_end(text);
}

std::string_view stripped_at_end(std::string_view text) {
  while (const std::size_t size = blank_at_end(text)) text.remove_suffix(size);
  return text;
}

std::size_t indentation(std::string_view line) {
  std::size_t count = 0;
  for (; const std::size_t size = blank_at_start(line); ++count) line.remove_prefix(size);
  return count;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = first_character(text).size;
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string from_latin1(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      result += c;
    } else if (byte < 0xA0) {
      result += kReplacement;
    } else {
      result += static_cast<char>(0xC0 | byte >> 6);
      result += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return result;
}

std::optional<std::string> without_controls(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), is_control)) return std::nullopt;
  std::string result;
  for (const char c : text) is_control(c) ? result += kReplacement : result += c;
  return result;
}

std::string excerpt(std::string_view text) {
  const std::string_view dots = text.size() > kLongestExcerpt ? "..." : "";
  if (!dots.empty()) {
    std::size_t end = kLongestExcerpt;
    while (end > 0 && continues(text[end])) --end;
    text = text.substr(0, end);
  }
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return is_control(c) || c == '\t'; }, ' ');
  return result.append(dots);
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::optional<std::string_view> TextLines::next() {
  if (rest_.empty()) return std::nullopt;
  ++number_;
  const std::size_t end = rest_.find_first_of("\r\n");
  if (end == std::string_view::npos) {
    const std::string_view line = rest_;
    rest_ = {};
    return line;
  }
  const std::string_view line = rest_.substr(0, end);
  const bool two = rest_[end] == '\r' && rest_.size() > end + 1 && rest_[end + 1] == '\n';
  rest_.remove_prefix(end + (two ? 2 : 1));
  return line;
}

}  // namespace bmsd
