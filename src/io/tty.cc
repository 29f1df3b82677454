#include "io/tty.h"

// The kernel's termios2 (any speed) and glibc's <termios.h> define the same names: this file alone sees the kernel's,
// and must include neither <termios.h> nor Boost.
#include <asm/termbits.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace bmsd {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

int Descriptor::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

Status check_speed(int baud) {
  if (baud >= kLowestSpeed && baud <= kHighestSpeed) return Done{};
  return Error{Errc::config, "speed", 0,
               std::to_string(baud) + " baud: a speed is between " + std::to_string(kLowestSpeed) + " and " +
                   std::to_string(kHighestSpeed)};
}

Status set_raw(int fd, int baud) {
  if (Status speed = check_speed(baud); !speed) return speed;
  termios2 settings{};
  if (::ioctl(fd, TCGETS2, &settings) != 0) return Error{Errc::io, "no_terminal", errno, std::strerror(errno)};
  settings.c_iflag = IGNBRK | IGNPAR;
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  settings.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | (BOTHER << IBSHIFT);
  settings.c_ispeed = settings.c_ospeed = static_cast<speed_t>(baud);
  settings.c_cc[VMIN] = 1;  // with 0, "nothing there" could not be told from "hung up"
  settings.c_cc[VTIME] = 0;
  if (::ioctl(fd, TCSETS2, &settings) != 0)
    return Error{Errc::io, "speed", errno, std::to_string(baud) + " baud refused"};
  const int real = tty_speed(fd);  // drivers put in what they could reach
  if (std::abs(real - baud) > baud * 3LL / 100) {
    return Error{Errc::io, "speed", EINVAL,
                 "the adapter cannot do " + std::to_string(baud) + " baud (it offers " + std::to_string(real) + ")"};
  }
  return Done{};
}

int tty_speed(int fd) {
  termios2 settings{};
  if (::ioctl(fd, TCGETS2, &settings) != 0) return 0;
  return static_cast<int>(settings.c_ospeed);
}

void claim_exclusive(int fd) { ::ioctl(fd, TIOCEXCL); }

bool is_claimed(int fd) {
  int claimed = 0;
  return ::ioctl(fd, TIOCGEXCL, &claimed) == 0 && claimed != 0;
}

void release_exclusive(int fd) {
  allow_others(fd);
  ::ioctl(fd, TCFLSH, TCIOFLUSH);
}

void allow_others(int fd) { ::ioctl(fd, TIOCNXCL); }

void drop_input(int fd) { ::ioctl(fd, TCFLSH, TCIFLUSH); }

void ask_for_low_latency(int fd) {
  serial_struct serial{};
  if (::ioctl(fd, TIOCGSERIAL, &serial) != 0) return;
  serial.flags |= ASYNC_LOW_LATENCY;
  ::ioctl(fd, TIOCSSERIAL, &serial);
}

void ask_for_rs485(int fd) {
  serial_rs485 rs485{};
  if (::ioctl(fd, TIOCGRS485, &rs485) != 0 || (rs485.flags & SER_RS485_ENABLED) != 0) return;
  rs485.flags |= SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
  ::ioctl(fd, TIOCSRS485, &rs485);
}

}  // namespace bmsd
