// Joins a port with a machine in real time: bytes and instants in, bytes and speeds out, and the port opened again when
// it was lost.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "io/port.h"
#include "wire/machine.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

struct PumpOptions {
  bool reopen = true;             // false: the first loss or failure to open is final
  Duration reopen_every = 1s;     // from the loss or the last attempt
  bool log_first_failure = true;  // false: when it cannot be opened the first time, only the hook is told
};

// All may be empty. A hook may stop or destroy the pump.
struct PumpHooks {
  std::function<void(Instant)> after_event = {};  // the machine was pumped: collect its outcomes
  std::function<void()> opened = {};              // each time
  std::function<void(const Error&)> lost = {};    // it could not be opened or went away; once until it is open again
};

class Pump {
 public:
  // `io` and `machine` outlive the pump. `name` is how the log calls the port. A lost port and its return are logged
  // once each; it is back when the first byte arrives, so that a gateway that accepts and hangs up every second does
  // not fill the log.
  Pump(boost::asio::io_context& io, std::unique_ptr<Port> port, Machine& machine, std::string name, Log log,
       PumpHooks hooks = {}, PumpOptions options = {});
  ~Pump();  // stops
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // Opens the port. From here on the machine is asked at its deadlines, also while the port is lost (it has to see time
  // pass); what it wants to send then is dropped, a speed is kept for the next opening.
  void start();

  // Closes the port for good. The machine is not told: it may be gone already.
  void stop();

  // As stop(), but keeps the device, as Port::lend(). start() goes on, after Port::adopt().
  int lend();

  // Pumps now: the owner changed what the machine wants (a command, another plan).
  void poke();

  bool is_open() const;
  Port& port();

 private:
  class State;
  std::shared_ptr<State> state_;  // handlers hold it weakly: none of them acts after the pump is gone
};

}  // namespace bmsd
