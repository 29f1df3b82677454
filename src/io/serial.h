// A serial port of this machine: an adapter, a built-in UART, the slave of a pseudo-terminal.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/port.h"
#include "io/tty.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

class Stream;

class SerialPort : public Port {
 public:
  static constexpr int kDefaultSpeed = 9600;

  // `path` is a device node or a link to one; it is looked up at each open(). `io` outlives the port.
  SerialPort(boost::asio::io_context& io, std::string path);
  ~SerialPort() override;
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;

  // Raw 8N1 without flow control, ours alone (flock, and TIOCEXCL, which does not stop root), what had arrived before
  // dropped. `opened` is called before open() returns.
  void open(Handlers handlers) override;
  void close() override;
  void write(Bytes bytes) override;
  std::size_t unsent() const override;
  int lend() override;
  void adopt(int descriptor) override;

  // 50 to 4000000 baud, also between the usual ones. While closed: for the next open(), which reports what the hardware
  // cannot do.
  void hold_until(Instant until) override;
  Status set_speed(int baud) override;
  int speed() const override { return baud_; }

 private:
  Result<Descriptor> claim();
  bool set_up(const Descriptor& adopted) const;

  boost::asio::io_context& io_;
  std::string path_;
  int baud_ = kDefaultSpeed;
  Descriptor adopted_;
  std::shared_ptr<Stream> stream_;
};

// What an errno of open(2) on a port means and what to do about it, without asking the system anything.
Error open_error(const std::string& path, int number);

}  // namespace bmsd
