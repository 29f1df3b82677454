// Bytes both ways over an open descriptor or socket, without Boost in sight.
#pragma once

#include "base/bytes.h"
#include "base/time.h"

namespace bmsd {

// What a port holds while it is open. Pending operations share it, so that it lives until the last of them has come
// back; after shut() none of them calls a handler.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void start() = 0;                    // begins to read
  virtual void write(Bytes bytes) = 0;         // queued; what does not fit into the queue is lost, as on a wire
  virtual void hold_until(Instant until) = 0;  // io/port.h
  virtual void shut() = 0;                     // closes, tells nobody
  virtual void lose() = 0;                     // closes and tells `closed`, from the event loop
  virtual int release() = 0;  // as shut(), but gives the descriptor away open; -1: it cannot, and closes it
  virtual bool is_open() const = 0;
  virtual int descriptor() = 0;      // -1 when closed
  virtual std::size_t unsent() = 0;  // io/port.h
};

}  // namespace bmsd
