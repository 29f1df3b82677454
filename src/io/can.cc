#include "io/can.h"

#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>

#include "io/tty.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;
using Code = boost::system::error_code;

constexpr int kFramesAtOnce = 64;
constexpr std::size_t kMostWaiting = 64;  // frames
constexpr Duration kRetryEvery = 5ms;
constexpr int kRetries = 20;  // 100 ms
constexpr can_err_mask_t kErrors = CAN_ERR_MASK;

Error failed(const std::string& name, const char* what, int number, const std::string& text) {
  return Error{Errc::io, what, number, name + ": " + text};
}

Error down(const std::string& name) {
  return failed(name, "down", ENETDOWN,
                "the interface is down; as root: ip link set " + name +
                    " up type can bitrate 500000 (250000 for Daly, JK and VE.Can)");
}

std::string what_there_is() {
  std::string there;
  for (const std::string& other : can_interfaces()) there += (there.empty() ? "" : ", ") + other;
  return "there is " + (there.empty() ? std::string("none") : there) +
         " (adapters that speak slcan need none: name them slcan:/dev/ttyACM0)";
}

Error missing(const std::string& name) {
  return failed(name, "missing", ENODEV, "no such CAN interface; " + what_there_is());
}

Error socket_error(const std::string& name, int number) {
  if (number == EAFNOSUPPORT || number == EPROTONOSUPPORT) {
    return failed(name, "no_can", number,
                  "this system has no SocketCAN; load its modules (modprobe can-raw) or name an adapter that speaks "
                  "slcan: slcan:/dev/ttyACM0");
  }
  return failed(name, "open", number, std::strerror(number));
}

// A socket that hears everything that comes to the interface.
Result<Descriptor> bound_socket(const std::string& name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return missing(name);
  Descriptor fd(::socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW));
  if (!fd) return socket_error(name, errno);
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (::ioctl(fd.get(), SIOCGIFHWADDR, &request) != 0) return missing(name);
  if (request.ifr_hwaddr.sa_family != ARPHRD_CAN)
    return failed(name, "no_can_interface", ENOTTY, "not a CAN interface; " + what_there_is());
  if (::ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) return missing(name);
  if ((request.ifr_flags & IFF_UP) == 0) return down(name);
  sockaddr_can address{};
  address.can_family = AF_CAN;
  address.can_ifindex = static_cast<int>(::if_nametoindex(name.c_str()));
  if (address.can_ifindex == 0) return missing(name);
  ::setsockopt(fd.get(), SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &kErrors, sizeof kErrors);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return socket_error(name, errno);
  return fd;
}

::can_frame kernel_frame(Bytes record) {
  const CanFrame frame = bmsd::can_frame(record);
  ::can_frame out{};
  out.can_id = frame.extended ? frame.id | CAN_EFF_FLAG : frame.id;
  out.can_dlc = static_cast<std::uint8_t>(frame.data.size());
  std::copy(frame.data.begin(), frame.data.end(), out.data);
  return out;
}

}  // namespace

class CanPort::Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(boost::asio::io_context& io, std::string name, Descriptor fd, Handlers handlers)
      : name_(std::move(name)), handlers_(std::move(handlers)), descriptor_(io, fd.release()), retry_(io) {}

  void start() { wait(); }

  void shut() {
    open_ = false;
    Code ignored;
    retry_.cancel();
    descriptor_.close(ignored);
  }

  void write(Bytes records) {
    if (!open_) return;
    while (!records.empty()) {
      const std::size_t size = can_framer(records, true).size;
      if (waiting_.size() < kMostWaiting) waiting_.push_back(kernel_frame(records.first(size)));
      records = records.subspan(size);
    }
    if (!retrying_) send();
  }

  void filter(const std::vector<CanIds>& ids) {
    std::vector<can_filter> filters;
    for (const CanIds& one : ids) {
      const canid_t id = one.extended ? one.id | CAN_EFF_FLAG : one.id;
      filters.push_back({id, one.mask | CAN_EFF_FLAG | CAN_RTR_FLAG});
    }
    if (filters.empty()) filters.push_back({0, 0});
    ::setsockopt(descriptor_.native_handle(), SOL_CAN_RAW, CAN_RAW_FILTER, filters.data(),
                 static_cast<socklen_t>(filters.size() * sizeof(can_filter)));
  }

 private:
  using Descriptor_ = boost::asio::posix::stream_descriptor;

  void wait() {
    descriptor_.async_wait(Descriptor_::wait_read, [self = shared_from_this()](const Code& error) {
      if (!self->open_ || error == boost::asio::error::operation_aborted) return;
      self->read();
      if (self->open_) self->wait();
    });
  }

  // All that has come, handed over at once.
  void read() {
    ByteVector records;
    bool bus_off = false;
    int failure = 0;
    for (int i = 0; i < kFramesAtOnce; ++i) {
      ::can_frame frame{};
      const ssize_t size = ::read(descriptor_.native_handle(), &frame, sizeof frame);
      if (size < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) failure = errno;
        break;
      }
      if (size != static_cast<ssize_t>(CAN_MTU)) continue;
      if ((frame.can_id & CAN_ERR_FLAG) != 0) {
        ++error_frames_;
        bus_off = bus_off || (frame.can_id & CAN_ERR_BUSOFF) != 0;
        continue;
      }
      if ((frame.can_id & CAN_RTR_FLAG) != 0) continue;
      const bool extended = (frame.can_id & CAN_EFF_FLAG) != 0;
      const ByteVector record = can_record(frame.can_id & (extended ? CAN_EFF_MASK : CAN_SFF_MASK), extended,
                                           Bytes(frame.data, std::min<std::size_t>(frame.can_dlc, kMaxCanData)));
      records.insert(records.end(), record.begin(), record.end());
    }
    if (!records.empty()) handlers_.bytes(records);
    if (!open_) return;
    if (bus_off) return lost(off_the_bus());
    if (failure != 0)
      lost(failure == ENODEV ? missing(name_) : failure == ENETDOWN ? down(name_) : socket_error(name_, failure));
  }

  Error off_the_bus() const {
    return failed(name_, "bus_off", ENETDOWN,
                  "bus-off: the controller has given up after too many errors (" + std::to_string(error_frames_) +
                      " error frames); check bitrate, termination and cable; it comes back by itself where that is set "
                      "(ip link set " +
                      name_ + " type can restart-ms 100), else: ip link set " + name_ + " type can restart");
  }

  void send() {
    while (!waiting_.empty()) {
      const ::can_frame& frame = waiting_.front();
      if (::write(descriptor_.native_handle(), &frame, sizeof frame) < 0) {
        if (errno == EINTR) continue;
        if (errno == ENOBUFS || errno == EAGAIN || errno == EWOULDBLOCK) return retry();
        if (errno == ENETDOWN) return;  // it is read too, and there the loss is noticed
      }
      waiting_.pop_front();
      retries_ = 0;
    }
  }

  void retry() {
    if (++retries_ > kRetries) {
      waiting_.clear();
      retries_ = 0;
      return;
    }
    retrying_ = true;
    retry_.expires_after(kRetryEvery);
    retry_.async_wait([self = shared_from_this()](const Code& error) {
      self->retrying_ = false;
      if (!error && self->open_) self->send();
    });
  }

  void lost(const Error& error) {
    shut();
    handlers_.closed(error);
  }

  std::string name_;
  Handlers handlers_;
  Descriptor_ descriptor_;
  boost::asio::steady_timer retry_;
  std::deque<::can_frame> waiting_;
  int retries_ = 0;
  bool retrying_ = false;
  bool open_ = true;
  std::uint64_t error_frames_ = 0;
};

CanPort::CanPort(boost::asio::io_context& io, std::string name) : io_(io), name_(std::move(name)) {}

CanPort::~CanPort() { CanPort::close(); }

void CanPort::open(Handlers handlers) {
  close();
  Result<Descriptor> fd = bound_socket(name_);
  if (!fd) return handlers.opened(fd.error());
  const auto opened = handlers.opened;
  socket_ = std::make_shared<Socket>(io_, name_, std::move(*fd), std::move(handlers));
  socket_->filter(wanted_);
  socket_->start();
  opened(Done{});
}

void CanPort::close() {
  if (!socket_) return;
  socket_->shut();
  socket_.reset();
}

void CanPort::write(Bytes records) {
  if (socket_) socket_->write(records);
}

void CanPort::filter(const std::vector<CanIds>& ids) {
  wanted_ = ids;
  if (socket_) socket_->filter(ids);
}

std::vector<std::string> can_interfaces(const std::string& sys) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(sys + "/class/net", error)) {
    std::ifstream file(entry.path() / "type");
    int type = 0;
    if (file >> type && type == ARPHRD_CAN) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace bmsd
