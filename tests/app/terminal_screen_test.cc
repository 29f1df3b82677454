#include "app/terminal_screen.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace bmsd {
namespace {

// A pseudo-terminal of a given size; what is written to it can be read at its other end.
class Terminal {
 public:
  Terminal(unsigned short rows, unsigned short columns) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    const int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
    termios raw{};
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    const winsize size = {rows, columns, 0, 0};
    ioctl(slave, TIOCSWINSZ, &size);
    out_ = fdopen(slave, "w");
  }
  ~Terminal() {
    if (out_ != nullptr) std::fclose(out_);
    close(master_);
  }
  std::FILE* out() { return out_; }
  // What came since the last call. The kernel hands it over in pieces, when it likes: a mark tells where it ends.
  std::string written() {
    std::fputc('\0', out_);
    std::fflush(out_);
    std::string all;
    for (char c = 0; read(master_, &c, 1) == 1 && c != '\0';) all += c;
    return all;
  }

 private:
  int master_;
  std::FILE* out_ = nullptr;
};

TEST(TerminalScreen, APictureReplacesTheOneBeforeAndTheCursorComesBack) {
  Terminal terminal(10, 80);
  ASSERT_NE(terminal.out(), nullptr);
  {
    TerminalScreen screen(terminal.out());
    EXPECT_TRUE(screen.is_terminal());
    EXPECT_EQ(screen.width(), 80U);
    screen.draw("one\ntwo\n");
    EXPECT_EQ(terminal.written(), "\x1b[?25l\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
    screen.draw("three\n");
    EXPECT_EQ(terminal.written(), "\x1b[2A\rthree\x1b[K\n\x1b[J");
  }
  EXPECT_EQ(terminal.written(), "\x1b[?25h");
}

TEST(TerminalScreen, APictureHigherThanTheTerminalIsCut) {
  Terminal terminal(3, 80);
  ASSERT_NE(terminal.out(), nullptr);
  TerminalScreen screen(terminal.out());
  screen.draw("1\n2\n3\n4\n");
  EXPECT_EQ(terminal.written(), "\x1b[?25l\r1\x1b[K\n2\x1b[K\n\x1b[J");
}

TEST(TerminalScreen, WhereTheOutputIsNoTerminalPicturesFollowOneAnother) {
  char* text = nullptr;
  std::size_t size = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  ASSERT_NE(file, nullptr);
  {
    TerminalScreen screen(file.get());
    EXPECT_FALSE(screen.is_terminal());
    EXPECT_FALSE(screen.color());
    EXPECT_EQ(screen.width(), 100U);
    screen.draw("one\n");
    screen.draw("two\n");
  }
  std::rewind(file.get());
  std::string all;
  while (getline(&text, &size, file.get()) > 0) all += text;
  std::free(text);
  EXPECT_EQ(all, "one\ntwo\n");
}

}  // namespace
}  // namespace bmsd
