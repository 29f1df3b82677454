// A CAN interface of the system (SocketCAN): can0, vecan0, vcan0. It delivers and takes records (wire/can_frame.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/port.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

// The bitrate is the system's (`ip link set can0 up type can bitrate 500000`), so the port has no speed. An interface that
// is down, goes down, vanishes or is off the bus counts as lost.
class CanPort : public Port {
 public:
  CanPort(boost::asio::io_context& io, std::string name);
  ~CanPort() override;
  CanPort(const CanPort&) = delete;
  CanPort& operator=(const CanPort&) = delete;

  // Error io: no_can (a system without SocketCAN), missing, no_can_interface, down; bus_off when it is told.
  void open(Handlers handlers) override;
  void close() override;
  // What the queue of the interface does not take is tried again for 100 ms and then dropped: what is asked late is
  // asked in vain.
  void write(Bytes records) override;
  Status set_speed(int) override { return Done{}; }
  int speed() const override { return 0; }
  void filter(const std::vector<CanIds>& ids) override;

 private:
  class Socket;
  boost::asio::io_context& io_;
  std::string name_;
  std::vector<CanIds> wanted_;
  std::shared_ptr<Socket> socket_;
};

// The CAN interfaces of this system, up or down, sorted. `sys`: where sysfs is.
std::vector<std::string> can_interfaces(const std::string& sys = "/sys");

}  // namespace bmsd
