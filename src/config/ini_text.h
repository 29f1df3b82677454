// Text of a configuration file in the terms of Python's str: characters and what counts as blank, in UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bmsd {

// Without the blanks at both ends. A blank is what Python's str.isspace() says: also the no-break space of web pages.
std::string_view stripped(std::string_view text);
std::string_view stripped_at_end(std::string_view text);

// How many characters (not bytes) of blanks the line begins with.
std::size_t indentation(std::string_view line);

bool is_utf8(std::string_view text);

// ISO 8859-1 as UTF-8.
std::string from_latin1(std::string_view text);

// Control characters other than the tab become U+FFFD; empty if there are none.
std::optional<std::string> without_controls(std::string_view text);

// Short enough for a message, without line ends and control characters.
std::string excerpt(std::string_view text);

std::string lower_case(std::string_view text);  // ASCII

// The lines of a text; \n, \r\n and \r end one, as in Python's universal newlines.
class TextLines {
 public:
  explicit TextLines(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next();
  int number() const { return number_; }  // of the line that next() gave last

 private:
  std::string_view rest_;
  int number_ = 0;
};

}  // namespace bmsd
