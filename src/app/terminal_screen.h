// Live text on a terminal: each picture replaces the one before. Where the output is no terminal the pictures follow
// one another.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string_view>

namespace bmsd {

class TerminalScreen {
 public:
  // Writes to `out`, which must outlive this. Hides the cursor of a terminal from the first picture on.
  explicit TerminalScreen(std::FILE* out);
  ~TerminalScreen();  // leaves the last picture and gives the cursor back
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;

  bool is_terminal() const { return is_terminal_; }
  bool color() const;         // a terminal, and NO_COLOR is not set (no-color.org)
  std::size_t width() const;  // columns at this moment; 100 where it is not known

  // Lines must not be longer than width(). Of a picture higher than the terminal the first lines are shown.
  void draw(std::string_view picture);

 private:
  std::size_t height() const;  // lines at this moment

  std::FILE* out_;
  bool is_terminal_;
  std::size_t drawn_lines_ = 0;
  bool cursor_hidden_ = false;
};

}  // namespace bmsd
