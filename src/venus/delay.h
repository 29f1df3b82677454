// Something to do later, on the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "base/time.h"

namespace bmsd {

// May be destroyed at any time, also by its own action: after that, or after cancel() or another start(), the action
// does not run.
class Delay {
 public:
  explicit Delay(boost::asio::io_context& io) : io_(io) {}
  ~Delay() { cancel(); }
  Delay(const Delay&) = delete;
  Delay& operator=(const Delay&) = delete;

  void start(Duration after, std::function<void()> action) {
    cancel();
    pending_ = std::make_shared<Pending>(io_, std::move(action));
    pending_->timer.expires_after(after);
    // An expired timer cannot be cancelled any more, so the action is what is taken away.
    pending_->timer.async_wait([pending = pending_](const boost::system::error_code&) {
      if (const auto due = std::exchange(pending->action, nullptr)) due();
    });
  }
  void cancel() {
    if (!pending_) return;
    pending_->action = nullptr;
    pending_->timer.cancel();
    pending_.reset();
  }
  bool running() const { return pending_ && pending_->action; }

 private:
  struct Pending {
    Pending(boost::asio::io_context& io, std::function<void()> what) : timer(io), action(std::move(what)) {}
    boost::asio::steady_timer timer;
    std::function<void()> action;
  };
  boost::asio::io_context& io_;
  std::shared_ptr<Pending> pending_;
};

}  // namespace bmsd
