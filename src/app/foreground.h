// Lines that are run until the user has seen enough: what `record` and `listen` have in common.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "app/daemon.h"

namespace bmsd {

class Foreground {
 public:
  // `seconds` 0: until a signal ends it.
  Foreground(Log log, double seconds);

  Daemon& daemon() { return daemon_; }

  // Error config, or io where the port cannot be opened the first time.
  Status run(const PortPlan& plan);

 private:
  boost::asio::io_context io_{1};
  Daemon daemon_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  double seconds_;
};

}  // namespace bmsd
