// A byte stream that can be opened, lost and opened again: a serial port, a pseudo-terminal, a TCP gateway.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/can_frame.h"

namespace bmsd {

class Port {
 public:
  virtual ~Port() = default;  // closes

  // Opens and begins to read. `on_bytes` is called for each piece; `on_closed` once when the other end or the device
  // goes away (after it, open() may be called again). Error io: says what to do ("/dev/ttyUSB0: permission denied; add
  // the user to the group dialout"), names the holder of a port that is held. `opened` is called at once or, for TCP,
  // later, with the result.
  struct Handlers {
    std::function<void(Status)> opened;
    std::function<void(Bytes)> bytes;
    std::function<void(const Error&)> closed;
  };
  virtual void open(Handlers handlers) = 0;
  virtual void close() = 0;

  virtual void write(Bytes bytes) = 0;  // queued; never blocks
  // Stops reading without giving the device free, and hands its open descriptor out, to whoever is to go on with it: it is
  // closed by that one. -1: it was not open, or is of a kind that is closed now and has to be opened anew.
  virtual int lend() {
    close();
    return -1;
  }
  // The next open() goes on with `descriptor`, which lend() has given, here or in another process. It is the port's now.
  virtual void adopt(int descriptor);

  virtual Status set_speed(int baud) = 0;  // 8N1; a medium without a speed accepts anything
  virtual int speed() const = 0;           // bits per second, 0: has none

  // Bytes that were given to write() and have not left yet, as far as that is known. Where it does not fall the other end, or the
  // adapter, does not take them.
  virtual std::size_t unsent() const { return 0; }

  // Of a CAN bus only these frames are wanted; none named: all. A port may deliver others too.
  virtual void filter(const std::vector<CanIds>& /*ids*/) {}

  // From within `bytes`: what comes before `until` is handed over then, at once. A port may not be able to and go on as
  // ever; a write ends it.
  virtual void hold_until(Instant /*until*/) {}
};

}  // namespace bmsd
