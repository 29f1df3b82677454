// A pseudo-terminal as a port: we hold the master, a program that thinks it has a serial adapter opens the slave. For
// the simulator.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/port.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

class Stream;

class Pty : public Port {
 public:
  // `link`: a symbolic link that leads to the slave while it exists; empty: none. `io` outlives the pty.
  explicit Pty(boost::asio::io_context& io, std::string link = {});
  ~Pty() override;
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  // Makes the pseudo-terminal (raw, no echo) and the link at once, so that its path can be told before anything is
  // served; does nothing when it exists. A link that leads nowhere or to a pseudo-terminal is replaced. Error io: the
  // link's folder does not exist, or something else stands in its place.
  Status plug();

  // What a user sees who pulls the adapter: the slave hangs up, the link goes. The handlers' `closed` is called from
  // the event loop. open() fails until replug().
  void unplug();

  // A new pseudo-terminal under the same link (unplugs first if that was not done). Serving begins with the next
  // open().
  Status replug();

  std::string slave_path() const;  // "/dev/pts/3"; empty while unplugged
  const std::string& link() const { return link_; }

  // Port. open() plugs unless unplug() was called. A client may close and open the slave at will: that is not seen
  // here.
  void open(Handlers handlers) override;
  void close() override;  // as unplug(), but tells nobody, and open() makes a new one
  void write(Bytes bytes) override;
  Status set_speed(int baud) override;  // accepted: the speed is the client's
  int speed() const override;           // what the client has set, exactly; 0 while unplugged

 private:
  class Device;
  boost::asio::io_context& io_;
  std::string link_;
  bool unplugged_ = false;
  std::shared_ptr<Device> device_;
  std::shared_ptr<Stream> stream_;
};

}  // namespace bmsd
