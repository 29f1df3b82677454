// Values that are words: names, lists of names, bus addresses; and what all conversions need to look at a text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "config/convert.h"

namespace bmsd {

bool same_word(std::string_view a, std::string_view b);         // without case
std::vector<std::string_view> items_of(std::string_view text);  // split at commas, trimmed, without empty ones
std::string quoted(std::string_view text);                      // on one line, not longer than people read

// The text before a comment that stands behind a value, where there is one.
std::optional<std::string_view> without_comment(std::string_view text);
// The text between quotation marks, where it stands in some.
std::optional<std::string_view> without_quotes(std::string_view text);

// Adds a finding about the value; not without end.
void say(Converted& result, Finding::Weight weight, std::string text, std::string advice = "");

Converted convert_text(const Key& key, std::string_view text);
Converted convert_words(const Key& key, std::string_view text);  // Kind::text_list; addresses become "0x01"

// A bus address 0..255: with 0x hexadecimal, one digit as it is, more digits hexadecimal as well, as ever.
struct Address {
  int value = 0;
  bool doubtful = false;  // more digits without 0x
};
std::optional<Address> address_of(std::string_view text);

}  // namespace bmsd
