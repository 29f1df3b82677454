#include "io/serial.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>

#include "io/asio_stream.h"
#include "io/holder.h"
#include "io/tty.h"

namespace bmsd {
namespace {

using StreamDescriptor = boost::asio::posix::stream_descriptor;

Error on(const std::string& path, Error error) {
  error.detail.insert(0, path + ": ");
  return error;
}

Error held(const std::string& path) {
  const std::optional<Holder> holder = find_holder(path);
  std::string text = path + ": held by ";
  if (!holder) {
    text += "another program; end it or name another port";
  } else if (holder->pid == ::getpid()) {
    text += "this program already: is the port named twice?";
  } else {
    text += describe(*holder) + "; end it or name another port";
  }
  return Error{Errc::io, "held", EBUSY, text};
}

// Whoever claimed the terminal without a lock may be gone: the claim outlives it while anybody at all has the terminal
// open.
bool somebody_else_has(const std::string& path) {
  const std::optional<Holder> holder = find_holder(path);
  return holder && holder->pid != ::getpid();
}

}  // namespace

Error open_error(const std::string& path, int number) {
  switch (number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case EIO:
      return Error{Errc::io, "missing", number,
                   path + ": no such device; plug the adapter in or name another port: ls /dev/serial/by-id"};
    case EACCES:
    case EPERM:
      return Error{Errc::io, "permission", number,
                   path +
                       ": permission denied; add the user to the group dialout (sudo usermod -aG dialout $USER), then "
                       "log in anew"};
    case EBUSY:
      return Error{Errc::io, "held", number, path + ": held by another program; end it or name another port"};
    case ENOTTY:
    case EISDIR:
    case ENOTDIR:
      return Error{Errc::io, "no_terminal", number, path + ": not a serial port; name one of: ls /dev/serial/by-id"};
    default:
      return Error{Errc::io, "open", number, path + ": " + std::strerror(number)};
  }
}

SerialPort::SerialPort(boost::asio::io_context& io, std::string path) : io_(io), path_(std::move(path)) {}

SerialPort::~SerialPort() { SerialPort::close(); }

// Whether what was handed over is the device of this name, and listens to us. It is locked and claimed already.
bool SerialPort::set_up(const Descriptor& adopted) const {
  struct stat ours {
  }, named{};
  const bool same = adopted && ::fstat(adopted.get(), &ours) == 0 && ::stat(path_.c_str(), &named) == 0 &&
                    ours.st_rdev == named.st_rdev;
  if (!same || !set_raw(adopted.get(), baud_)) return false;
  drop_input(adopted.get());
  return true;
}

// The descriptor of the port, set up and ours alone.
Result<Descriptor> SerialPort::claim() {
  if (Descriptor adopted = std::move(adopted_); set_up(adopted)) return adopted;
  Descriptor fd(::open(path_.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return errno == EBUSY ? held(path_) : open_error(path_, errno);
  if (::isatty(fd.get()) == 0) return open_error(path_, ENOTTY);
  if (is_claimed(fd.get()) && somebody_else_has(path_)) return held(path_);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return held(path_);
  claim_exclusive(fd.get());
  if (Status raw = set_raw(fd.get(), baud_); !raw) {
    release_exclusive(fd.get());
    return on(path_, raw.error());
  }
  ask_for_rs485(fd.get());
  ask_for_low_latency(fd.get());
  drop_input(fd.get());
  return fd;
}

void SerialPort::open(Handlers handlers) {
  close();
  Result<Descriptor> fd = claim();
  if (!fd) return handlers.opened(fd.error());
  StreamDescriptor descriptor(io_);
  boost::system::error_code error;
  descriptor.assign(fd->get(), error);
  if (error) return handlers.opened(Error{Errc::io, "open", error.value(), path_ + ": " + error.message()});
  fd->release();
  const auto opened = handlers.opened;
  const auto why = [path = path_](const boost::system::error_code&) {  // a hang-up is all that can happen to it
    return Error{Errc::io, "gone", EIO, path + ": the device is gone; plug it in again"};
  };
  stream_ = std::make_shared<AsioStream<StreamDescriptor>>(std::move(descriptor), std::move(handlers), why);
  stream_->start();
  opened(Done{});
}

void SerialPort::close() {
  if (!stream_) return;
  if (stream_->is_open()) release_exclusive(stream_->descriptor());
  stream_->shut();
  stream_.reset();
}

int SerialPort::lend() {
  const int descriptor = stream_ ? stream_->release() : -1;
  stream_.reset();
  return descriptor;
}

void SerialPort::adopt(int descriptor) { adopted_ = Descriptor(descriptor); }

void SerialPort::write(Bytes bytes) {
  if (stream_) stream_->write(bytes);
}

void SerialPort::hold_until(Instant until) {
  if (stream_) stream_->hold_until(until);
}

std::size_t SerialPort::unsent() const { return stream_ ? stream_->unsent() : 0; }

Status SerialPort::set_speed(int baud) {
  if (Status possible = check_speed(baud); !possible) return on(path_, possible.error());
  if (stream_ && stream_->is_open()) {
    if (Status raw = set_raw(stream_->descriptor(), baud); !raw) return on(path_, raw.error());
  }
  baud_ = baud;
  return Done{};
}

}  // namespace bmsd
