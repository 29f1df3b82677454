// A serial line behind a TCP gateway: "tcp://192.168.1.5:8899", "tcp://[fe80::1%eth0]:23", "tcp://gateway.lan:4196".
// Bytes as they are, no telnet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/port.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

struct TcpAddress {
  std::string host;  // name or address, without brackets
  std::uint16_t port = 0;
};

// Error config: not of the form above; the port number is 1 to 65535, there is no usual one.
Result<TcpAddress> parse_tcp(std::string_view name);

class Stream;

class TcpPort : public Port {
 public:
  // `io` outlives the port.
  TcpPort(boost::asio::io_context& io, TcpAddress address);
  ~TcpPort() override;
  TcpPort(const TcpPort&) = delete;
  TcpPort& operator=(const TcpPort&) = delete;

  // Looks up and connects within 5 s in all; `opened` comes later, from the event loop. A gateway that vanishes without
  // a word is noticed within about 15 s.
  void open(Handlers handlers) override;
  void close() override;
  void write(Bytes bytes) override;
  std::size_t unsent() const override;
  Status set_speed(int baud) override;  // accepted: the gateway's own settings say the speed
  int speed() const override { return 0; }

 private:
  class Attempt;
  boost::asio::io_context& io_;
  TcpAddress address_;
  std::shared_ptr<Attempt> attempt_;
  std::shared_ptr<Stream> stream_;
};

}  // namespace bmsd
