#include "sink/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include "sink/json.h"

namespace bmsd {
namespace {

namespace asio = boost::asio;
using Stream = asio::local::stream_protocol;
using Json = nlohmann::json;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kLongestRequest = std::size_t{64} * 1024;
constexpr std::size_t kMostClients = 32;
constexpr auto kRequestWithin = std::chrono::seconds(60);
constexpr auto kReplyReadWithin = std::chrono::seconds(5);
constexpr auto kAnsweredWithin = std::chrono::seconds(30), kRestartedWithin = std::chrono::seconds(120);
constexpr std::array<std::string_view, 8> kAsks = {"show", "status",  "explain", "what-if",
                                                   "set",  "restart", "doctor",  "log"};

Error io_error(std::string detail, int number = 0) { return {Errc::io, "control_socket", number, std::move(detail)}; }

Json failure(std::string_view text) { return {{"ok", false}, {"error", text}}; }

// What is wrong with a request; null: nothing.
Json fault_of(const Json& request) {
  static constexpr std::string_view kHelp =
      R"(send one JSON object per line: {"ask":"show"}, {"ask":"status"}, {"ask":"explain"}, {"ask":"what-if",...}, {"ask":"set",...}, {"ask":"restart",...}, {"ask":"doctor"} or {"ask":"log"})";
  if (!request.is_object()) return failure("this is no JSON object; " + std::string(kHelp));
  const auto asked = request.find("ask");
  if (asked == request.end() || !asked->is_string() ||
      std::find(kAsks.begin(), kAsks.end(), asked->get_ref<const std::string&>()) == kAsks.end()) {
    return failure("unknown request; " + std::string(kHelp));
  }
  return nullptr;
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return io_error(path + ": too long for a socket; name a shorter one with --socket");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

// Removes a socket that nobody serves any more. Anything else at `path` is not ours to remove.
Status make_room(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return Done{};
  if (!S_ISSOCK(status.st_mode)) return io_error(path + ": exists and is no socket; name another one with --socket");
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int result = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  close(probe);
  if (result == 0 || error == EAGAIN) {
    return io_error(path +
                    ": another bmsd is running and serves it; stop that one, or name another socket with --socket");
  }
  if (error != ECONNREFUSED) return io_error(path + ": " + std::strerror(error), error);
  if (unlink(path.c_str()) != 0)
    return io_error(path + ": left over and cannot be removed: " + std::strerror(errno), errno);
  return Done{};
}

Status make_directory(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  if (directory.empty()) return Done{};
  std::error_code error;
  std::filesystem::create_directories(directory.parent_path(), error);  // mkdir reports what matters
  if (mkdir(directory.c_str(), geteuid() == 0 ? 0755 : 0700) != 0 && errno != EEXIST) {
    return io_error(directory.string() + ": cannot be made: " + std::strerror(errno), errno);
  }
  return Done{};
}

// A listening descriptor.
Result<int> listen_on(const std::string& path) {
  auto address = address_of(path);
  if (!address) return address.error();
  if (auto made = make_directory(path); !made) return made.error();
  if (auto room = make_room(path, *address); !room) return room.error();
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // The mode of the descriptor before bind is the mode of the socket file: at no time can others connect.
  if (descriptor >= 0 && fchmod(descriptor, 0600) == 0 &&
      bind(descriptor, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 &&
      listen(descriptor, 8) == 0) {
    return descriptor;
  }
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  return io_error(path + ": " + std::strerror(error), error);
}

}  // namespace

// One client: reads a line, waits for the answer, writes it, reads the next line. Until it has read its reply nothing
// more is read from it, so it holds one reply of memory and no time.
class ControlSocket::Client : public std::enable_shared_from_this<ControlSocket::Client> {
 public:
  using Gone = std::function<void(const std::shared_ptr<Client>&)>;

  Client(Stream::socket socket, const ControlSocket::Handler& handler, Gone gone)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), handler_(handler), gone_(std::move(gone)) {}

  void read() {
    limit_time(kRequestWithin);
    asio::async_read_until(
        socket_, asio::dynamic_buffer(received_, kLongestRequest), '\n',
        [self = shared_from_this()](ErrorCode error, std::size_t size) { self->on_line(error, size); });
  }

  void close() {
    gone_ = nullptr;
    ErrorCode ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

 private:
  void on_line(ErrorCode error, std::size_t size) {
    if (error == asio::error::not_found) {
      write(failure("a request has at most " + std::to_string(kLongestRequest) + " bytes"), true);
    } else if (error) {
      leave();
    } else {
      const std::string line = received_.substr(0, size - 1);
      received_.erase(0, size);
      if (gone_) answer(parse_json(line));
    }
  }

  // Nothing that a client sends may end the daemon.
  void answer(const Json& request) {
    if (const Json fault = fault_of(request); !fault.is_null()) return write(fault, false);
    limit_time(request["ask"] == "restart" ? kRestartedWithin : kAnsweredWithin,
               [](Client& client) { client.answered(client.asked_, failure("not answered in time")); });
    const auto reply = [weak = weak_from_this(), number = ++asked_](const Json& reply) {
      if (const auto self = weak.lock()) self->answered(number, reply);
    };
    try {
      handler_(request, reply);
    } catch (const std::exception& error) {
      reply(failure(error.what()));
    }
  }

  // `number`: of the request. A second answer to the same one is dropped.
  void answered(std::uint64_t number, Json reply) {
    if (!gone_ || number != asked_ || answered_ == number) return;
    answered_ = number;
    if (!reply.is_object()) reply = failure("no answer");
    reply.emplace("ok", true);
    write(reply, false);
  }

  void write(const Json& reply, bool last) {
    limit_time(kReplyReadWithin);
    reply_ = json_text(reply) + "\n";
    asio::async_write(socket_, asio::buffer(reply_), [self = shared_from_this(), last](ErrorCode error, std::size_t) {
      if (error || last) {
        self->leave();
      } else if (self->gone_) {
        self->read();
      }
    });
  }

  void limit_time(
      std::chrono::seconds limit, void (*over)(Client&) = [](Client& client) { client.leave(); }) {
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this(), over](ErrorCode error) {
      if (!error) over(*self);
    });
  }

  void leave() {
    if (!gone_) return;
    const Gone gone = std::move(gone_);
    close();
    gone(shared_from_this());
  }

  Stream::socket socket_;
  asio::steady_timer timer_;
  const ControlSocket::Handler& handler_;  // of the server; not called after close()
  Gone gone_;                              // empty: closed
  std::string received_, reply_;
  std::uint64_t asked_ = 0, answered_ = 0;  // the last request, and the last one that was answered
};

class ControlSocket::Server : public std::enable_shared_from_this<ControlSocket::Server> {
 public:
  Server(asio::io_context& io, std::string path, Handler handler, int descriptor)
      : acceptor_(io, Stream(), descriptor), pause_(io), path_(std::move(path)), handler_(std::move(handler)) {
    lstat(path_.c_str(), &status_);
  }

  const std::string& path() const { return path_; }
  int descriptor() { return acceptor_.native_handle(); }

  void hand_over() {
    ErrorCode ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    handed_over_ = true;
  }

  void accept() {
    acceptor_.async_accept([weak = weak_from_this()](ErrorCode error, Stream::socket socket) {
      const auto self = weak.lock();
      if (!self || !self->acceptor_.is_open()) return;
      if (error) {
        self->accept_later();
      } else {
        if (self->clients_.size() < kMostClients) self->serve(std::move(socket));
        self->accept();
      }
    });
  }

  void close() {
    ErrorCode ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& client : clients_) client->close();
    clients_.clear();
    if (handed_over_) return;
    // A successor may have put its own there.
    struct stat present {};
    if (lstat(path_.c_str(), &present) == 0 && present.st_ino == status_.st_ino && present.st_dev == status_.st_dev) {
      unlink(path_.c_str());
    }
  }

 private:
  // Without descriptors accept() fails again and again at once; a loop of that would stop the daemon.
  void accept_later() {
    pause_.expires_after(std::chrono::seconds(1));
    pause_.async_wait([weak = weak_from_this()](ErrorCode error) {
      const auto self = weak.lock();
      if (!error && self && self->acceptor_.is_open()) self->accept();
    });
  }

  void serve(Stream::socket socket) {
    auto client = std::make_shared<Client>(std::move(socket), handler_, [weak = weak_from_this()](const auto& gone) {
      if (const auto self = weak.lock()) self->clients_.erase(gone);
    });
    clients_.insert(client);
    client->read();
  }

  Stream::acceptor acceptor_;
  asio::steady_timer pause_;
  std::string path_;
  Handler handler_;
  struct stat status_ {};
  bool handed_over_ = false;  // the file is another process's
  std::set<std::shared_ptr<Client>> clients_;
};

std::string default_socket_path() {
  if (geteuid() == 0) return "/run/bmsd/control";
  const char* directory = std::getenv("XDG_RUNTIME_DIR");
  if (directory != nullptr && *directory != '\0') return std::string(directory) + "/bmsd/control";
  return "/run/user/" + std::to_string(geteuid()) + "/bmsd/control";
}

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::io_context& io, const std::string& path,
                                                           Handler handler) {
  const std::string chosen = path.empty() ? default_socket_path() : path;
  const auto descriptor = listen_on(chosen);
  if (!descriptor) return descriptor.error();
  auto server = std::make_shared<Server>(io, chosen, std::move(handler), *descriptor);
  server->accept();
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(server)));
}

std::unique_ptr<ControlSocket> ControlSocket::adopt(asio::io_context& io, const std::string& path, int descriptor,
                                                    Handler handler) {
  const std::string chosen = path.empty() ? default_socket_path() : path;
  return std::unique_ptr<ControlSocket>(
      new ControlSocket(std::make_shared<Server>(io, chosen, std::move(handler), descriptor)));
}

void ControlSocket::begin() { server_->accept(); }

int ControlSocket::listening_descriptor() const { return server_->descriptor(); }

void ControlSocket::hand_over() { server_->hand_over(); }

ControlSocket::ControlSocket(std::shared_ptr<Server> server) : server_(std::move(server)) {}

ControlSocket::~ControlSocket() { server_->close(); }

const std::string& ControlSocket::path() const { return server_->path(); }

}  // namespace bmsd
