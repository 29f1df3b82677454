#include "app/supervision.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "io/clock.h"

namespace bmsd {

Supervision::Supervision(boost::asio::io_context& io, Notify notify)
    : io_(io), notify_(std::move(notify)), timer_(io) {}

void Supervision::started() {
  boost::asio::post(io_, [this] {
    notify_.ready();
    say_alive_later();
  });
}

void Supervision::reloading() const { notify_.reloading(now_monotonic()); }

void Supervision::stopping() {
  notify_.stopping();
  timer_.cancel();
}

void Supervision::say_alive_later() {
  const auto every = notify_.alive_every();
  if (!every) return;
  notify_.alive();
  timer_.expires_after(*every);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) say_alive_later();
  });
}

}  // namespace bmsd
