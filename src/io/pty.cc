#include "io/pty.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "io/asio_stream.h"
#include "io/tty.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;
using StreamDescriptor = boost::asio::posix::stream_descriptor;
using Code = boost::system::error_code;

constexpr int kSpeedAtFirst = 9600;

Error io_error(const std::string& what, int number) {
  return Error{Errc::io, "pty", number, what + ": " + std::strerror(number)};
}

// A link may be replaced that we or another simulator made: one that leads nowhere or to a pseudo-terminal.
Status remove_stale(const std::string& link) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(link, error);
  if (status.type() == fs::file_type::not_found) return Done{};
  const bool ours = fs::is_symlink(status) &&
                    (fs::read_symlink(link, error).native().starts_with("/dev/pts/") || !fs::exists(link, error));
  if (!ours) {
    return Error{Errc::io, "link", EEXIST,
                 link + ": exists and is not a link to a pseudo-terminal; remove it or name another --link"};
  }
  if (::unlink(link.c_str()) != 0) return io_error(link, errno);
  return Done{};
}

Status make_link(const std::string& slave, const std::string& link) {
  if (Status removed = remove_stale(link); !removed) return removed;
  if (::symlink(slave.c_str(), link.c_str()) == 0) return Done{};
  if (errno == ENOENT) {
    return Error{Errc::io, "link", ENOENT,
                 link + ": the folder " + fs::path(link).parent_path().native() + " does not exist; make it first"};
  }
  return io_error(link, errno);
}

}  // namespace

// The pair while it exists. Our own descriptor of the slave stays open all the time: without any open slave the master
// reads as EIO, and settings would be forgotten between two clients. It was opened before any client could ask for
// exclusiveness.
class Pty::Device : public std::enable_shared_from_this<Device> {
 public:
  explicit Device(boost::asio::io_context& io) : client_closes_(io) {}
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device() {
    std::error_code ignored;
    if (!link_.empty() && fs::read_symlink(link_, ignored).native() == slave_path_) fs::remove(link_, ignored);
  }

  Status make(const std::string& link) {
    master_ = Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    std::array<char, 64> path{};
    if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0 ||
        ::ptsname_r(master_.get(), path.data(), path.size()) != 0) {
      return io_error("no pseudo-terminal to be had", errno);
    }
    slave_path_ = path.data();
    slave_ = Descriptor(::open(path.data(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!slave_) return io_error(slave_path_, errno);
    if (Status raw = set_raw(slave_.get(), kSpeedAtFirst); !raw) return raw;
    if (!link.empty()) {
      if (Status made = make_link(slave_path_, link); !made) return made;
      link_ = link;
    }
    watch();
    return Done{};
  }

  Descriptor take_master() { return std::move(master_); }  // the stream's from then on
  int speed() const { return tty_speed(slave_.get()); }
  const std::string& slave_path() const { return slave_path_; }

 private:
  // A client that was killed leaves its claim of exclusiveness behind, since our descriptor keeps the terminal alive;
  // with real hardware it would end with the last close. So it is withdrawn whenever somebody closes. Best effort:
  // without inotify only that is missing.
  void watch() {
    Descriptor events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!events || ::inotify_add_watch(events.get(), slave_path_.c_str(), IN_CLOSE) < 0) return;
    Code error;
    client_closes_.assign(events.get(), error);
    if (error) return;
    events.release();
    wait_for_close();
  }

  void wait_for_close() {
    client_closes_.async_read_some(boost::asio::buffer(events_),
                                   [weak = weak_from_this()](const Code& error, std::size_t) {
                                     const std::shared_ptr<Device> self = weak.lock();
                                     if (error || !self) return;
                                     allow_others(self->slave_.get());
                                     self->wait_for_close();
                                   });
  }

  Descriptor master_, slave_;
  std::string slave_path_, link_;
  StreamDescriptor client_closes_;
  alignas(inotify_event) std::array<char, 4096> events_{};
};

Pty::Pty(boost::asio::io_context& io, std::string link) : io_(io), link_(std::move(link)) {}

Pty::~Pty() { Pty::close(); }

Status Pty::plug() {
  if (device_) return Done{};
  auto device = std::make_shared<Device>(io_);
  if (Status made = device->make(link_); !made) return made;
  device_ = std::move(device);
  unplugged_ = false;
  return Done{};
}

void Pty::unplug() {
  unplugged_ = true;
  if (stream_) stream_->lose();
  stream_.reset();
  device_.reset();
}

Status Pty::replug() {
  unplug();
  return plug();
}

void Pty::open(Handlers handlers) {
  if (unplugged_) return handlers.opened(Error{Errc::io, "unplugged", ENODEV, "the simulated adapter is unplugged"});
  if (stream_) close();
  if (Status plugged = plug(); !plugged) return handlers.opened(plugged);
  Descriptor master = device_->take_master();
  StreamDescriptor descriptor(io_);
  Code error;
  descriptor.assign(master.get(), error);
  if (error) {
    close();
    return handlers.opened(Error{Errc::io, "pty", error.value(), error.message()});
  }
  master.release();
  const auto opened = handlers.opened;
  const auto why = [](const Code&) {
    return Error{Errc::io, "unplugged", ENODEV, "the simulated adapter was unplugged"};
  };
  stream_ = std::make_shared<AsioStream<StreamDescriptor>>(std::move(descriptor), std::move(handlers), why);
  stream_->start();
  opened(Done{});
}

void Pty::close() {
  if (stream_) stream_->shut();
  stream_.reset();
  device_.reset();
}

void Pty::write(Bytes bytes) {
  if (stream_) stream_->write(bytes);
}

Status Pty::set_speed(int) { return Done{}; }

int Pty::speed() const { return device_ ? device_->speed() : 0; }

std::string Pty::slave_path() const { return device_ ? device_->slave_path() : ""; }

}  // namespace bmsd
