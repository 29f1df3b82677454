#include "config/settings.h"

#include <array>
#include <charconv>
#include <cmath>

#include "config/convert.h"

namespace bmsd {
namespace {

std::map<std::string_view, Setting> defaults() {
  std::map<std::string_view, Setting> values;
  for (const Key& key : all_keys()) values[key.name] = convert(key, key.standard).value.value_or(Setting());
  return values;
}

template <typename T>
const T& held(const Setting& setting) {
  static const T kNothing{};
  const T* value = std::get_if<T>(&setting);
  return value == nullptr ? kNothing : *value;
}

std::string text_of(std::monostate) { return ""; }
std::string text_of(bool value) { return value ? "True" : "False"; }
std::string text_of(double value) { return to_text(value); }
std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(const std::string& value) { return value; }

template <typename T>
std::string text_of(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) {
    if (!text.empty()) text += ", ";
    text += text_of(value);
  }
  return text;
}

}  // namespace

Settings::Settings() {
  static const auto kDefaults = defaults();
  values_ = kDefaults;
}

const Setting& Settings::operator[](std::string_view key) const {
  static const Setting kNothing;
  const auto found = values_.find(key);
  return found == values_.end() ? kNothing : found->second;
}

void Settings::set(std::string_view key, Setting value) {
  const auto found = values_.find(key);
  if (found != values_.end()) found->second = std::move(value);
}

bool Settings::flag(std::string_view key) const { return held<bool>((*this)[key]); }
double Settings::real(std::string_view key) const { return held<double>((*this)[key]); }
std::int64_t Settings::integer(std::string_view key) const { return held<std::int64_t>((*this)[key]); }

std::optional<double> Settings::optional_real(std::string_view key) const {
  if (const double* value = std::get_if<double>(&(*this)[key])) return *value;
  return std::nullopt;
}

std::optional<std::int64_t> Settings::optional_integer(std::string_view key) const {
  if (const std::int64_t* value = std::get_if<std::int64_t>(&(*this)[key])) return *value;
  return std::nullopt;
}

const std::vector<double>& Settings::reals(std::string_view key) const {
  return held<std::vector<double>>((*this)[key]);
}
const std::vector<std::int64_t>& Settings::integers(std::string_view key) const {
  return held<std::vector<std::int64_t>>((*this)[key]);
}
const std::vector<std::string>& Settings::texts(std::string_view key) const {
  return held<std::vector<std::string>>((*this)[key]);
}
const std::string& Settings::text(std::string_view key) const { return held<std::string>((*this)[key]); }

std::string to_text(double value) {
  std::array<char, 64> digits{};
  const bool plain = std::abs(value) < 1e15 && (value == 0 || std::abs(value) >= 1e-6);  // no 1e+05
  const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, format);
  return error == std::errc() ? std::string(digits.data(), end) : std::string();
}

std::string to_text(const Setting& setting, const Key& key) {
  // Where an empty value means a number, that number stands here; empty itself is only what has no other meaning.
  if (std::holds_alternative<std::monostate>(setting)) return std::string(key.when_empty);
  return std::visit([](const auto& value) { return text_of(value); }, setting);
}

}  // namespace bmsd
