#include "venus/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

namespace bmsd {
namespace {

constexpr std::array<double, 7> kPowersOfTen = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};

std::optional<double> number(const BusValue& value) {
  if (const auto* i = std::get_if<std::int32_t>(&value)) return *i;
  if (const auto* x = std::get_if<std::int64_t>(&value)) return static_cast<double>(*x);
  if (const auto* d = std::get_if<double>(&value)) return *d;
  return std::nullopt;
}

// Bytes of the character at the start of `text`, 0 if it is none (RFC 3629: no surrogates, no overlong forms, up to
// U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

// The shortest decimal that reads back equal, never with an exponent: consumers show it as it is.
std::string shortest(double value) {
  std::array<char, 400> buffer;  // the longest: 1.8e308 or the smallest denormal written out
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  if (end.ec != std::errc()) return "---";
  std::string text(buffer.data(), end.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string printed(const char* format, double value) {
  std::array<char, 400> buffer;
  const int size = std::snprintf(buffer.data(), buffer.size(), format, value);
  std::string text(buffer.data(), static_cast<std::size_t>(size > 0 ? size : 0));
  // "-0W" for -0.3 W would suggest a direction that the digits do not show.
  if (text.starts_with('-') && text.find_first_of("123456789") == std::string::npos) text.erase(0, 1);
  return text;
}

std::string printed(const char* format, std::int32_t value) {
  std::array<char, 64> buffer;
  const int size = std::snprintf(buffer.data(), buffer.size(), format, static_cast<unsigned>(value));
  return {buffer.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

template <typename T, typename ToText>
std::string in_brackets(const std::vector<T>& list, ToText to_text) {
  std::string text = "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text += ", ";
    text += to_text(list[i]);
  }
  return text + "]";
}

// The text of a list; nothing if it is none.
std::optional<std::string> text_of_list(const BusValue& value) {
  const auto decimal = [](auto element) { return std::to_string(element); };
  if (const auto* list = std::get_if<std::vector<std::uint32_t>>(&value)) return in_brackets(*list, decimal);
  if (const auto* list = std::get_if<std::vector<std::int32_t>>(&value)) return in_brackets(*list, decimal);
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return in_brackets(*list, shortest);
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    return in_brackets(*list, [](const std::string& element) { return valid_utf8(element); });
  }
  return std::nullopt;
}

template <typename T>
bool is_empty_list(const BusValue& value) {
  const auto* list = std::get_if<std::vector<T>>(&value);
  return list && list->empty();
}

}  // namespace

BusValue integer_value(std::int64_t value) {
  const auto fits = static_cast<std::int32_t>(value);
  return fits == value ? BusValue(fits) : BusValue(value);
}

bool same_value(const BusValue& a, const BusValue& b) {
  if (a.index() == b.index()) return a == b;
  const auto x = number(a), y = number(b);
  return x && y && *x == *y;
}

double round_to(double value, int decimals) {
  const double scale = kPowersOfTen.at(static_cast<std::size_t>(decimals));
  return std::round(value * scale) / scale + 0.0;  // adding 0.0 turns -0.0 into 0.0
}

std::string valid_utf8(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    if (const std::size_t length = utf8_length(text)) {
      valid += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      valid += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
  return valid;
}

BusValue sendable(BusValue value) {
  if (const auto* real = std::get_if<double>(&value); real && !std::isfinite(*real)) return {};
  if (auto* text = std::get_if<std::string>(&value)) *text = valid_utf8(*text);
  if (is_empty_list<std::int32_t>(value) || is_empty_list<double>(value) || is_empty_list<std::string>(value)) {
    return std::vector<std::uint32_t>();
  }
  if (auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (std::string& text : *texts) text = valid_utf8(text);
  }
  if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
    for (const double real : *reals) {
      if (!std::isfinite(real)) return {};
    }
  }
  return value;
}

std::string text_of(const BusValue& value, const char* format) {
  if (const auto* i = std::get_if<std::int32_t>(&value)) return format ? printed(format, *i) : std::to_string(*i);
  if (const auto* x = std::get_if<std::int64_t>(&value)) return std::to_string(*x);
  if (const auto* text = std::get_if<std::string>(&value)) return valid_utf8(*text);
  if (const auto* real = std::get_if<double>(&value)) {
    if (!std::isfinite(*real)) return "---";
    return format ? printed(format, *real) : shortest(*real);
  }
  return text_of_list(value).value_or("---");
}

}  // namespace bmsd
