// The daemon towards whoever started it: says that it runs, that its loop still turns, that it ends (io/notify.h).
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "io/notify.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

class Supervision {
 public:
  Supervision(boost::asio::io_context& io, Notify notify);

  // Says that the daemon runs, from the loop: one that ends before its loop turns never ran.
  void started();
  // Of a process that has taken the place of one that said so: its loop is the one that counts from now on.
  void took_over() { say_alive_later(); }
  void reloading() const;  // then reloaded()
  void reloaded() const { notify_.ready(); }
  void stopping();

 private:
  void say_alive_later();

  boost::asio::io_context& io_;
  Notify notify_;
  boost::asio::steady_timer timer_;
};

}  // namespace bmsd
