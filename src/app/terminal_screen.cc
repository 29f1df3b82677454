#include "app/terminal_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace bmsd {
namespace {

winsize size_of(std::FILE* out) {
  winsize size{};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

}  // namespace

TerminalScreen::TerminalScreen(std::FILE* out) : out_(out), is_terminal_(isatty(fileno(out)) != 0) {}

TerminalScreen::~TerminalScreen() {
  if (!cursor_hidden_) return;
  std::fputs("\x1b[?25h", out_);
  std::fflush(out_);
}

bool TerminalScreen::color() const { return is_terminal_ && std::getenv("NO_COLOR") == nullptr; }

std::size_t TerminalScreen::width() const {
  const winsize size = size_of(out_);
  return size.ws_col > 0 ? size.ws_col : 100;
}

std::size_t TerminalScreen::height() const {
  const winsize size = size_of(out_);
  return size.ws_row > 1 ? size.ws_row : 24;
}

void TerminalScreen::draw(std::string_view picture) {
  if (!is_terminal_) {
    std::fwrite(picture.data(), 1, picture.size(), out_);
    std::fflush(out_);
    return;
  }
  // One write per picture, each line overwritten and then cleared to its end: no flicker. The last line stays free for
  // the cursor.
  std::string text;
  if (!cursor_hidden_) text += "\x1b[?25l";
  cursor_hidden_ = true;
  if (drawn_lines_ > 0) text += "\x1b[" + std::to_string(drawn_lines_) + "A";
  text += '\r';
  drawn_lines_ = 0;
  const std::size_t most = height() - 1;
  while (!picture.empty() && drawn_lines_ < most) {
    const std::size_t end = std::min(picture.find('\n'), picture.size());
    text.append(picture.substr(0, end)).append("\x1b[K\n");
    picture.remove_prefix(std::min(end + 1, picture.size()));
    ++drawn_lines_;
  }
  text += "\x1b[J";
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace bmsd
