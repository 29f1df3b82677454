#include "config/words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/bytes.h"
#include "config/packs.h"
#include "config/similar.h"

namespace bmsd {
namespace {

unsigned char lower(char c) { return static_cast<unsigned char>(std::tolower(static_cast<unsigned char>(c))); }

// "Daren485" of "daren-485".
std::string bare_word(std::string_view text) {
  std::string bare;
  for (const char c : text) {
    if (c != '-' && c != '_' && kBlanks.find(c) == std::string_view::npos) bare += static_cast<char>(lower(c));
  }
  return bare;
}

// One of the key's choices; what a type was called before counts too.
std::optional<std::string_view> choice_of(const Key& key, std::string_view word) {
  const std::string bare = bare_word(word);
  for (const std::string_view choice : key.choices) {
    if (bare_word(choice) == bare) return choice;
  }
  if (key.name == "BMS_TYPE" && bare == "lifepower") return "EG4_Lifepower";
  return std::nullopt;
}

std::string all_of(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::string choice_advice(const Key& key, std::string_view word) {
  if (const auto bare = without_comment(word)) return "comments must stand on a line of their own";
  if (const auto bare = without_quotes(word)) return "write it without quotation marks: " + std::string(*bare);
  if (const auto near = most_similar(word, key.choices); !near.empty())
    return "did you mean " + std::string(near) + "?";
  return "known are " + all_of(key.choices);
}

// What is odd about words that are taken as they are.
void look_at(std::string_view text, Converted& result) {
  if (without_quotes(text)) {
    say(result, Finding::warning, "the quotation marks in " + quoted(text) + " are part of the value",
        "remove them unless they are meant");
  } else if (without_comment(text)) {
    say(result, Finding::warning, quoted(text) + " is the value up to the end of the line",
        "comments must stand on a line of their own");
  }
}

void add_choice(const Key& key, std::string_view item, std::vector<std::string>& words, Converted& result) {
  const auto choice = choice_of(key, item);
  if (!choice) {
    say(result, Finding::unusable, quoted(item) + " is unknown and left out", choice_advice(key, item));
    return;
  }
  if (*choice != item) {
    say(result, Finding::warning, quoted(item) + " is taken as " + std::string(*choice),
        "write " + std::string(*choice));
  }
  if (std::find(words.begin(), words.end(), *choice) == words.end()) words.emplace_back(*choice);
}

std::string address_advice(std::string_view item) {
  if (without_comment(item)) return "comments must stand on a line of their own";
  if (item.find_first_of("; \t\n") != std::string_view::npos) return "separate the addresses with commas";
  return "write hexadecimal addresses from 0x00 to 0xff, as in 0x01, 0x02";
}

void add_address(std::string_view item, std::vector<std::string>& words, Converted& result) {
  const auto address = address_of(item);
  if (!address) {
    say(result, Finding::unusable, quoted(item) + " is no address and left out", address_advice(item));
    return;
  }
  std::string text = hex_address(address->value);
  if (address->doubtful) {
    say(result, Finding::warning, quoted(item) + " is read as hexadecimal", "write " + text);
  }
  if (std::find(words.begin(), words.end(), text) == words.end()) {
    words.push_back(std::move(text));
  } else {
    say(result, Finding::warning, "address " + text + " stands there twice", "write it once");
  }
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string_view> items_of(std::string_view text) {
  std::vector<std::string_view> items;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    if (!item.empty()) items.push_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::string quoted(std::string_view text) {
  std::size_t length = std::min<std::size_t>(text.size(), 60);
  const auto continues = [&] {
    return length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U;
  };
  while (length > 0 && continues()) --length;  // no half a character
  std::string shown;
  for (const char c : text.substr(0, length)) shown += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return '"' + shown + (text.size() > length ? "..." : "") + '"';
}

void say(Converted& result, Finding::Weight weight, std::string text, std::string advice) {
  constexpr std::size_t kMost = 20;  // of one value; the others would say the same
  if (result.findings.size() >= kMost) return;
  result.findings.push_back({weight, 0, "", "", std::move(text), std::move(advice)});
}

std::optional<std::string_view> without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool mark = text[i] == ';' || text[i] == '#';
    if (mark && kBlanks.find(text[i - 1]) != std::string_view::npos) return trimmed(text.substr(0, i));
  }
  return std::nullopt;
}

std::optional<std::string_view> without_quotes(std::string_view text) {
  if (text.size() < 2 || (text.front() != '"' && text.front() != '\'') || text.back() != text.front()) {
    return std::nullopt;
  }
  return trimmed(text.substr(1, text.size() - 2));
}

Converted convert_text(const Key& key, std::string_view text) {
  if (key.name == "PACKS") return convert_packs(text);
  Converted result;
  if (key.choices.empty()) {
    look_at(text, result);
    result.value = std::string(text);
  } else if (const auto choice = choice_of(key, text)) {
    result.value = std::string(*choice);
  } else {
    say(result, Finding::unusable, text.empty() ? "no value is given" : quoted(text) + " is unknown",
        choice_advice(key, text));
  }
  return result;
}

Converted convert_words(const Key& key, std::string_view text) {
  std::vector<std::string> words;
  Converted result;
  for (const std::string_view item : items_of(text)) {
    if (key.name == "BATTERY_ADDRESSES") {
      add_address(item, words, result);
    } else if (!key.choices.empty()) {
      add_choice(key, item, words, result);
    } else {
      look_at(item, result);
      words.emplace_back(item);
    }
  }
  // A list of which nothing can be used says nothing; what is left of others is better than none.
  if (!words.empty() || result.findings.empty()) result.value = std::move(words);
  return result;
}

std::optional<Address> address_of(std::string_view text) {
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  const std::string_view digits = hex ? text.substr(2) : text;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || value > 255) return std::nullopt;
  return Address{static_cast<int>(value), !hex && (digits.size() > 1 || value > 9)};
}

}  // namespace bmsd
