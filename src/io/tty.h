// What the kernel offers for terminals, on plain descriptors.
#pragma once

#include <string>

#include "base/result.h"

namespace bmsd {

// An open descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();  // gives it away

 private:
  int fd_;
};

inline constexpr int kLowestSpeed = 50, kHighestSpeed = 4'000'000;  // bits per second

Status check_speed(int baud);  // config when it is out of that range

// Raw 8N1 without flow control, modem lines ignored, at `baud`, which may be any number in the range above. At once:
// what is still to be sent goes out at the new speed. Error: config for a speed out of range, io when `fd` is no
// terminal (number ENOTTY) or its hardware cannot come within 3 % of the speed. Several ends of one line tolerate about
// 4 % between them.
Status set_raw(int fd, int baud);

int tty_speed(
    int fd);  // bits per second; 0: not a terminal, or hung up. A pty's master tells what the slave was set to

// TIOCEXCL: further opens are refused, to all but root. Root has to look whether somebody asked for that.
void claim_exclusive(int fd);
bool is_claimed(int fd);

// Takes that back, for terminals that stay open elsewhere, and drops what waits in both directions: closing would wait
// until it is sent.
void release_exclusive(int fd);
void allow_others(int fd);  // the former alone

void drop_input(int fd);  // what arrived before we came

// Both do nothing where the driver does not know them.
void ask_for_low_latency(int fd);  // FTDI adapters otherwise collect bytes for 16 ms
void ask_for_rs485(int fd);        // the transmitter switched by RTS, unless the driver does it already

}  // namespace bmsd
