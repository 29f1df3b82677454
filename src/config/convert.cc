#include "config/convert.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "config/words.h"

namespace bmsd {
namespace {

Converted unusable(std::string text, std::string advice = "", std::optional<double> read = std::nullopt) {
  Converted result = {std::nullopt, read};
  say(result, Finding::unusable, std::move(text), std::move(advice));
  return result;
}

// --- Numbers ---

struct Start {
  std::optional<double> number;
  std::string_view rest;  // behind it
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number that the text begins with.
Start leading_number(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return {std::nullopt, text};
  return {value, digits.substr(static_cast<std::size_t>(end - digits.data()))};
}

// The whole text as a number.
std::optional<double> number_of(std::string_view text) {
  const Start start = leading_number(text);
  return start.rest.empty() ? start.number : std::nullopt;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Guess {
  std::optional<double> number;
  std::string_view advice;  // how to write it, if one can say
};

// A number with something behind it: a decimal comma and its digits, a unit.
Guess guess_bare_number(std::string_view text) {
  const Start start = leading_number(text);
  if (!start.number || start.rest.empty()) return {start.number, ""};
  if (start.rest.size() > 1 && start.rest[0] == ',' && is_digit(start.rest[1])) {
    std::string with_point(text);
    with_point[text.size() - start.rest.size()] = '.';
    return {leading_number(with_point).number, "with a decimal point: "};
  }
  const std::string_view unit = trimmed(start.rest);
  const bool looks_like_unit = unit.size() <= 8 && std::none_of(unit.begin(), unit.end(), is_digit);
  return {start.number, looks_like_unit ? "without a unit: " : ""};
}

// What somebody may have meant by a text that is no number.
Guess guess_number(std::string_view text) {
  if (const auto bare = without_comment(text)) {
    return {guess_bare_number(*bare).number, "comments must stand on a line of their own: "};
  }
  if (const auto bare = without_quotes(text)) return {guess_bare_number(*bare).number, "without quotation marks: "};
  return guess_bare_number(text);
}

std::string line_text(const Key& key, double value) {
  const bool whole = key.kind == Kind::integer || key.kind == Kind::integer_list;
  return std::string(key.name) + " = " + to_text(whole ? std::round(value) : value);
}

bool in_range(const Key& key, double value) { return value >= key.lowest && value <= key.highest; }

std::string range_text(const Key& key) {
  if (std::isinf(key.highest)) return "at least " + to_text(key.lowest);
  return "between " + to_text(key.lowest) + " and " + to_text(key.highest);
}

// Who writes 5 for a share may have meant percent, and 1 would be far too much.
std::string range_advice(const Key& key) {
  const bool is_share = key.lowest == 0 && key.highest == 1;
  return is_share ? "these are shares, not percent: 0.05 is 5 %" : "";
}

std::string with_unit(const Key& key) { return key.unit.empty() ? "" : " " + std::string(key.unit); }

Setting setting_of(const Key& key, double value) {
  if (key.kind == Kind::integer) return static_cast<std::int64_t>(value);
  return value;
}

Converted out_of_range(const Key& key, double value) {
  return unusable(to_text(value) + with_unit(key) + " is not " + range_text(key), range_advice(key), value);
}

// An empty number is 0, as it ever was, where 0 is possible and not less safe than what holds without the line.
Converted empty_number(const Key& key) {
  if (key.may_be_empty) {
    if (key.when_empty.empty()) return {Setting()};
    return convert(key, key.when_empty);
  }
  const bool less_safe = stand_in(key, 0, setting_of(key, number_of(key.standard).value_or(0))) != setting_of(key, 0);
  if (!in_range(key, 0) || (key.safer != Safer::neither && less_safe)) return unusable("no value is given");
  Converted result = {setting_of(key, 0)};
  say(result, Finding::warning, "an empty value counts as 0", "remove the line to get the default");
  return result;
}

Converted no_number(const Key& key, std::string_view text) {
  const Guess guess = guess_number(text);
  std::string advice;
  if (guess.number && in_range(key, *guess.number)) {
    if (!guess.advice.empty()) advice = std::string(guess.advice) + line_text(key, *guess.number);
    if (number_of(text)) advice = "a whole number: " + line_text(key, *guess.number);
  } else if (guess.number) {
    advice = guess.advice.substr(0, guess.advice.find_last_not_of(": ") + 1);
  }
  const char* wanted = key.kind == Kind::integer ? " is no whole number" : " is no number";
  return unusable(quoted(text) + wanted, std::move(advice), guess.number);
}

Converted convert_number(const Key& key, std::string_view text) {
  if (text.empty()) return empty_number(key);
  if (key.kind == Kind::integer) {
    const auto value = integer_of(text);
    if (!value) return no_number(key, text);
    if (!in_range(key, static_cast<double>(*value))) return out_of_range(key, static_cast<double>(*value));
    return {Setting(*value)};
  }
  const auto value = number_of(text);
  if (!value) return no_number(key, text);
  if (!in_range(key, *value)) return out_of_range(key, *value);
  return {Setting(*value)};
}

// --- Lists of numbers ---

std::string item_text(std::string_view item, std::size_t index) {
  return quoted(item) + " (item " + std::to_string(index + 1) + ")";
}

std::string list_advice(std::string_view text, std::string_view item) {
  if (text.find(';') != std::string_view::npos) {
    return "separate the items with commas; comments must stand on a line of their own";
  }
  if (without_comment(text)) return "comments must stand on a line of their own";
  if (without_quotes(text) || without_quotes(item)) return "write the list without quotation marks";
  if (item.find_first_of(" \t\n") != std::string_view::npos) return "separate the items with commas";
  return "";
}

std::string count_text(const Key& key, std::size_t count) {
  return std::to_string(count) + (count == 1 ? " item instead of " : " items instead of ") + std::to_string(key.items);
}

template <typename T, typename Parse>
Converted convert_list(const Key& key, std::string_view text, Parse parse, const char* wanted) {
  std::vector<T> values;
  for (const std::string_view item : items_of(text)) {
    const auto value = parse(item);
    if (!value) return unusable(item_text(item, values.size()) + wanted, list_advice(text, item));
    if (!in_range(key, static_cast<double>(*value))) {
      return unusable(item_text(item, values.size()) + " is not " + range_text(key), range_advice(key));
    }
    values.push_back(*value);
  }
  if (values.empty() && !key.may_be_empty) return unusable("the list is empty");
  if (key.items != 0 && values.size() != key.items) return unusable(count_text(key, values.size()));
  return {std::move(values)};
}

// --- Booleans ---

Converted convert_flag(const Key& key, std::string_view text) {
  if (same_word(text, "true")) return {Setting(true)};
  if (same_word(text, "false")) return {Setting(false)};
  std::string advice = "write True or False";
  if (const auto bare = without_comment(text)) {
    advice = "comments must stand on a line of their own: " + std::string(key.name) + " = " + std::string(*bare);
  }
  Converted result = {Setting(false)};
  say(result, Finding::warning, quoted(text) + " counts as False: only True is true", std::move(advice));
  return result;
}

}  // namespace

Converted convert(const Key& key, std::string_view text) {
  text = trimmed(text);
  switch (key.kind) {
    case Kind::boolean:
      return convert_flag(key, text);
    case Kind::real:
    case Kind::integer:
      return convert_number(key, text);
    case Kind::real_list:
      return convert_list<double>(key, text, number_of, " is no number");
    case Kind::integer_list:
      return convert_list<std::int64_t>(key, text, integer_of, " is no whole number");
    case Kind::text_list:
      return convert_words(key, text);
    case Kind::text:
      break;
  }
  return convert_text(key, text);
}

Setting stand_in(const Key& key, const std::optional<double>& read, const Setting& inherited) {
  if (key.safer == Safer::neither || !read) return inherited;
  const double* real = std::get_if<double>(&inherited);
  const std::int64_t* whole = std::get_if<std::int64_t>(&inherited);
  if (real == nullptr && whole == nullptr) return inherited;
  const double held = real != nullptr ? *real : static_cast<double>(*whole);
  // Less than no current is none. Anything else outside of the range was not meant for this key: a charge voltage far too
  // low would make inverters empty the battery.
  const double value = *read < 0 && key.lowest == 0 ? 0 : *read;
  if (!in_range(key, value)) return inherited;
  if (key.safer == Safer::lower) {
    if (!(value < held)) return inherited;
    return setting_of(key, key.kind == Kind::integer ? std::floor(value) : value);
  }
  if (!(value > held)) return inherited;
  return setting_of(key, key.kind == Kind::integer ? std::ceil(value) : value);
}

}  // namespace bmsd
