// Tells systemd how the daemon is: what sd_notify(3) does, in a few lines of our own, because libsystemd is not everywhere.
// Where nobody asked for it (no $NOTIFY_SOCKET) nothing is sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/tty.h"

namespace bmsd {

class Notify {
 public:
  // Whom to tell, from the environment of this process: NOTIFY_SOCKET (a path, or "@name" of an abstract socket),
  // WATCHDOG_USEC and WATCHDOG_PID. A process that has taken the place of the one that is watched (docs/restart.md) feeds its
  // watchdog: of its parent, or of `guardian`.
  static Notify from_environment(int guardian = 0);

  Notify() = default;  // tells nobody
  // `watchdog`: after so much silence the daemon is taken for hung; 0: nobody watches.
  Notify(std::string_view socket, Duration watchdog);

  bool somebody_listens() const { return bool(socket_); }
  // How often alive() is wanted: half of the patience; nothing where nobody watches.
  std::optional<Duration> alive_every() const;

  void ready() const;
  void alive() const;
  void stopping() const;
  void reloading(Instant now) const;  // until ready() is said again

 private:
  void tell(std::string_view text) const;

  Descriptor socket_;  // connected; none: nobody listens
  Duration watchdog_{};
};

}  // namespace bmsd
