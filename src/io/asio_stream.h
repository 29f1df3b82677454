// The one implementation of Stream, for descriptors and sockets.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "io/port.h"
#include "io/stream.h"

namespace bmsd {

template <typename Socket>
class AsioStream : public Stream, public std::enable_shared_from_this<AsioStream<Socket>> {
 public:
  // `why` says in words for people what an error code means for this port.
  using Why = std::function<Error(const boost::system::error_code&)>;

  AsioStream(Socket socket, Port::Handlers handlers, Why why)
      : socket_(std::move(socket)),
        handlers_(std::move(handlers)),
        why_(std::move(why)),
        hold_(socket_.get_executor()) {}

  void start() override { read(); }

  void write(Bytes bytes) override {
    if (!open_ || waiting_.size() + bytes.size() > kMostWaiting) return;
    let_go();
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    if (sending_.empty()) send();
  }

  // The reactor wakes us for every few bytes that come, whether we read or not: it is left for the time. Descriptors only.
  void hold_until(Instant until) override {
    if constexpr (kCanLeave) {
      if (!open_ || !reading_now_ || held_ >= 0 || !sending_.empty()) return;
      held_ = socket_.release();
      hold_.expires_at(std::chrono::steady_clock::time_point(until.time_since_epoch()));
      hold_.async_wait([self = this->shared_from_this()](const boost::system::error_code& error) {
        if (!error && self->open_) self->let_go();
      });
    }
  }

  void shut() override {
    open_ = false;
    boost::system::error_code ignored;
    let_go();
    socket_.close(ignored);
  }

  int release() override {
    int descriptor = -1;
    if constexpr (kCanLeave) {
      let_go();
      if (open_) {
        open_ = false;  // what waits comes back and tells nobody
        descriptor = socket_.release();
      }
    }
    shut();
    return descriptor;
  }

  void lose() override {
    boost::asio::post(socket_.get_executor(), [self = this->shared_from_this()] { self->lost({}); });
  }

  // What waits here and what waits in the kernel: of a terminal to be sent, of a connection to be acknowledged.
  std::size_t unsent() override {
    if (!open_) return 0;
    int in_kernel = 0;
    if (::ioctl(descriptor(), TIOCOUTQ, &in_kernel) != 0 || in_kernel < 0) in_kernel = 0;
    return waiting_.size() + sending_.size() + static_cast<std::size_t>(in_kernel);
  }

  bool is_open() const override { return open_; }
  int descriptor() override {
    if (held_ >= 0) return held_;
    return open_ ? static_cast<int>(socket_.native_handle()) : -1;
  }

 private:
  static constexpr bool kCanLeave = requires(Socket & socket, int descriptor) { socket.assign(descriptor); };
  static constexpr std::size_t kMostWaiting =
      65536;  // far above what any exchange sends: the other end has stopped reading

  void read() {
    socket_.async_read_some(
        boost::asio::buffer(buffer_),
        [self = this->shared_from_this()](const boost::system::error_code& error, std::size_t size) {
          if (!self->open_) return;
          if (error) return self->lost(error);
          self->reading_now_ = true;
          self->handlers_.bytes(Bytes(self->buffer_.data(), size));
          self->reading_now_ = false;
          if (self->open_ && self->held_ < 0) self->read();
        });
  }

  // Back to the reactor, and what has come is read.
  void let_go() {
    if constexpr (kCanLeave) {
      if (held_ < 0) return;
      const int descriptor = std::exchange(held_, -1);
      boost::system::error_code error;
      socket_.assign(descriptor, error);
      if (error) ::close(descriptor);
      hold_.cancel();
      if (!open_) return;
      if (error) return lost(error);
      if (!reading_now_) read();
    }
  }

  void send() {
    std::swap(waiting_, sending_);
    boost::asio::async_write(socket_, boost::asio::buffer(sending_),
                             [self = this->shared_from_this()](const boost::system::error_code& error, std::size_t) {
                               self->sending_.clear();
                               if (!self->open_) return;
                               if (error) return self->lost(error);
                               if (!self->waiting_.empty()) self->send();
                             });
  }

  void lost(const boost::system::error_code& error) {
    if (!open_) return;
    shut();
    handlers_.closed(why_(error));
  }

  Socket socket_;
  Port::Handlers handlers_;
  Why why_;
  boost::asio::steady_timer hold_;
  int held_ = -1;             // the descriptor while it is not with the reactor
  bool reading_now_ = false;  // the handler of bytes is running
  bool open_ = true;
  std::array<std::uint8_t, 4096> buffer_;
  ByteVector waiting_, sending_;  // sending_ is not touched while it is under way
};

}  // namespace bmsd
