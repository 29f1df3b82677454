#include "io/tcp.h"

#include <netinet/tcp.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <functional>
#include <vector>

#include "base/time.h"
#include "io/asio_stream.h"

namespace bmsd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

constexpr std::string_view kScheme = "tcp://";
constexpr auto kConnectLimit = 5s;

std::string name_of(const TcpAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return std::string(kScheme) + (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Error failed(const TcpAddress& address, const Code& error) {
  std::string text = name_of(address) + ": ";
  if (error == asio::error::connection_refused) {
    text += "connection refused; is the gateway a TCP server, and is this its port?";
  } else if (error == asio::error::timed_out) {
    text += "no answer within 5 s; is the gateway on, and is this its address?";
  } else if (error == asio::error::host_not_found || error == asio::error::host_not_found_try_again ||
             error == asio::error::no_data) {
    text += "no such host; try its address in numbers";
  } else {
    text += error.message();
  }
  return Error{Errc::io, "connect", error.value(), text};
}

// One request at a time, each waited for: nothing is gained by collecting bytes. The kernel probes a silent connection
// after 5 s, then each 3 s, and gives up (also on unacknowledged bytes) 15 s after the last sign of life.
void tune(tcp::socket& socket) {
  Code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  using Seconds = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Between = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Probes = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  using Patience = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
  socket.set_option(Seconds(5), ignored);
  socket.set_option(Between(3), ignored);
  socket.set_option(Probes(3), ignored);
  socket.set_option(Patience(15'000), ignored);
}

}  // namespace

Result<TcpAddress> parse_tcp(std::string_view name) {
  const auto wrong = [name] {
    return Error{Errc::config, "port", 0,
                 std::string(name) +
                     ": a gateway is named tcp://HOST:PORT, as in tcp://192.168.1.5:8899 or tcp://[fd00::5]:8899"};
  };
  if (!name.starts_with(kScheme)) return wrong();
  std::string_view host = name.substr(kScheme.size());
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  const std::string_view digits = host.substr(colon + 1);
  host = host.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();  // an IPv6 address without brackets could mean several things
  }
  if (host.empty() || host.find_first_of("[]/@ \t?#") != std::string_view::npos) return wrong();
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return wrong();
  return TcpAddress{std::string(host), port};
}

// From the name to a connection, or to the reason why there is none. Abandoned, it tells nobody.
class TcpPort::Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  using Connected = std::function<void(const Code&, tcp::socket)>;

  Attempt(asio::io_context& io, Connected connected)
      : resolver_(io), socket_(io), limit_(io), connected_(std::move(connected)) {}

  void start(const TcpAddress& address) {
    limit_.expires_after(kConnectLimit);
    limit_.async_wait([self = shared_from_this()](const Code& error) {
      if (!error) self->finish(asio::error::timed_out);
    });
    Code not_numeric;
    const auto numeric = asio::ip::make_address(address.host, not_numeric);
    if (!not_numeric)
      return connect({tcp::endpoint(numeric, address.port)});  // no helper thread for what needs no lookup
    resolver_.async_resolve(address.host, std::to_string(address.port), tcp::resolver::numeric_service,
                            [self = shared_from_this()](const Code& error, const tcp::resolver::results_type& found) {
                              if (error) return self->finish(error);
                              self->connect({found.begin(), found.end()});
                            });
  }

  void abandon() {
    done_ = true;
    cancel();
  }

 private:
  void connect(std::vector<tcp::endpoint> endpoints) {
    if (done_) return;
    endpoints_ = std::move(endpoints);
    asio::async_connect(socket_, endpoints_,
                        [self = shared_from_this()](const Code& error, const tcp::endpoint&) { self->finish(error); });
  }

  void finish(const Code& error) {
    if (done_) return;
    done_ = true;
    tcp::socket socket = std::move(socket_);
    cancel();
    connected_(error, std::move(socket));
  }

  void cancel() {
    Code ignored;
    resolver_.cancel();
    socket_.close(ignored);
    limit_.cancel();
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  asio::steady_timer limit_;
  std::vector<tcp::endpoint> endpoints_;
  Connected connected_;
  bool done_ = false;
};

TcpPort::TcpPort(asio::io_context& io, TcpAddress address) : io_(io), address_(std::move(address)) {}

TcpPort::~TcpPort() { TcpPort::close(); }

void TcpPort::open(Handlers handlers) {
  close();
  // The attempt is abandoned before this port goes, so `this` is there when it ends.
  attempt_ =
      std::make_shared<Attempt>(io_, [this, handlers = std::move(handlers)](const Code& error, tcp::socket socket) {
        const auto opened = handlers.opened;
        if (error) return opened(failed(address_, error));
        tune(socket);
        const auto why = [address = address_](const Code& reason) {
          if (reason == asio::error::eof) {
            return Error{Errc::io, "gone", 0,
                         name_of(address) + ": the gateway closed the connection; does it allow only one?"};
          }
          return Error{Errc::io, "gone", reason.value(), name_of(address) + ": connection lost: " + reason.message()};
        };
        stream_ = std::make_shared<AsioStream<tcp::socket>>(std::move(socket), handlers, why);
        stream_->start();
        opened(Done{});
      });
  attempt_->start(address_);
}

void TcpPort::close() {
  if (attempt_) attempt_->abandon();
  if (stream_) stream_->shut();
  attempt_.reset();
  stream_.reset();
}

void TcpPort::write(Bytes bytes) {
  if (stream_) stream_->write(bytes);
}

std::size_t TcpPort::unsent() const { return stream_ ? stream_->unsent() : 0; }

Status TcpPort::set_speed(int) { return Done{}; }

}  // namespace bmsd
