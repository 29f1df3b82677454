#include "venus/connection.h"

#include <fcntl.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <utility>

namespace bmsd {
namespace {

namespace asio = boost::asio;

// One of libdbus's watches. It has a descriptor of its own, because libdbus makes one watch for reading and one for
// writing on the same descriptor, and an asio object wants to be its descriptor's only user.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(asio::io_context& io, DBusWatch* watch, std::function<void()> handled)
      : watch_(watch), handled_(std::move(handled)), descriptor_(io) {
    const int own = fcntl(dbus_watch_get_unix_fd(watch), F_DUPFD_CLOEXEC, 0);
    boost::system::error_code ignored;
    if (own >= 0) descriptor_.assign(own, ignored);
  }

  bool usable() const { return descriptor_.is_open(); }

  void toggle() {
    if (!watch_ || waiting_ || !dbus_watch_get_enabled(watch_)) return;
    const bool reads = (dbus_watch_get_flags(watch_) & DBUS_WATCH_READABLE) != 0;
    waiting_ = true;
    descriptor_.async_wait(
        reads ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write,
        [self = shared_from_this(), reads](const boost::system::error_code& error) {
          self->waiting_ = false;
          if (self->watch_ && !error) self->ready(reads ? DBUS_WATCH_READABLE : DBUS_WATCH_WRITABLE);
        });
  }

  // libdbus has freed the watch.
  void forget() {
    watch_ = nullptr;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }

 private:
  void ready(unsigned flags) {
    if (dbus_watch_get_enabled(watch_)) dbus_watch_handle(watch_, flags);
    const auto handled = handled_;  // may end in forget()
    handled();
    toggle();
  }

  DBusWatch* watch_;
  std::function<void()> handled_;
  asio::posix::stream_descriptor descriptor_;
  bool waiting_ = false;
};

class Timeout : public std::enable_shared_from_this<Timeout> {
 public:
  Timeout(asio::io_context& io, DBusTimeout* timeout, std::function<void()> handled)
      : timeout_(timeout), handled_(std::move(handled)), timer_(io) {}

  void toggle() {
    timer_.cancel();
    if (!timeout_ || !dbus_timeout_get_enabled(timeout_)) return;
    timer_.expires_after(std::chrono::milliseconds(dbus_timeout_get_interval(timeout_)));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || !self->timeout_) return;
      self->toggle();  // it repeats until libdbus removes or disables it
      dbus_timeout_handle(self->timeout_);
      const auto handled = self->handled_;
      handled();
    });
  }

  void forget() {
    timeout_ = nullptr;
    timer_.cancel();
  }

 private:
  DBusTimeout* timeout_;
  std::function<void()> handled_;
  asio::steady_timer timer_;
};

// What a DBusWatch or DBusTimeout carries as its data: a shared_ptr on the heap, freed by libdbus together with it.
template <typename T>
void free_holder(void* data) {
  auto* holder = static_cast<std::shared_ptr<T>*>(data);
  (*holder)->forget();
  delete holder;
}
template <typename T>
T& held(void* data) {
  return **static_cast<std::shared_ptr<T>*>(data);
}

}  // namespace

// Ties libdbus's main loop hooks to the io_context. Lives as long as anything that was posted.
class Connection::Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(asio::io_context& io, DBusConnection* connection) : io_(io), connection_(connection) {}

  bool attach() {
    dbus_connection_set_dispatch_status_function(
        connection_,
        [](DBusConnection*, DBusDispatchStatus status, void* self) {
          if (status == DBUS_DISPATCH_DATA_REMAINS) static_cast<Loop*>(self)->dispatch_soon();
        },
        this, nullptr);
    return dbus_connection_set_watch_functions(connection_, add_watch, remove_watch, toggle_watch, this, nullptr) &&
           dbus_connection_set_timeout_functions(connection_, add_timeout, remove_timeout, toggle_timeout, this,
                                                 nullptr);
  }

  void detach() {
    dbus_connection_set_dispatch_status_function(connection_, nullptr, nullptr, nullptr);
    dbus_connection_set_watch_functions(connection_, nullptr, nullptr, nullptr, nullptr, nullptr);
    dbus_connection_set_timeout_functions(connection_, nullptr, nullptr, nullptr, nullptr, nullptr);
    connection_ = nullptr;
  }

  // Never from within libdbus: it must not be dispatched while it calls us.
  void dispatch_soon() {
    if (posted_) return;
    posted_ = true;
    asio::post(io_, [self = shared_from_this()] {
      self->posted_ = false;
      // One message at a time, so that a busy bus cannot keep the loop from reading its lines.
      if (self->connection_ && dbus_connection_dispatch(self->connection_) == DBUS_DISPATCH_DATA_REMAINS)
        self->dispatch_soon();
    });
  }

 private:
  std::function<void()> check_dispatch() {
    return [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->connection_ &&
          dbus_connection_get_dispatch_status(self->connection_) == DBUS_DISPATCH_DATA_REMAINS) {
        self->dispatch_soon();
      }
    };
  }

  static dbus_bool_t add_watch(DBusWatch* watch, void* self) {
    Loop& loop = *static_cast<Loop*>(self);
    auto held_watch = std::make_shared<Watch>(loop.io_, watch, loop.check_dispatch());
    if (!held_watch->usable()) return FALSE;
    dbus_watch_set_data(watch, new std::shared_ptr<Watch>(held_watch), free_holder<Watch>);
    held_watch->toggle();
    return TRUE;
  }
  static void remove_watch(DBusWatch* watch, void*) { dbus_watch_set_data(watch, nullptr, nullptr); }
  static void toggle_watch(DBusWatch* watch, void*) { held<Watch>(dbus_watch_get_data(watch)).toggle(); }

  static dbus_bool_t add_timeout(DBusTimeout* timeout, void* self) {
    Loop& loop = *static_cast<Loop*>(self);
    auto held_timeout = std::make_shared<Timeout>(loop.io_, timeout, loop.check_dispatch());
    dbus_timeout_set_data(timeout, new std::shared_ptr<Timeout>(held_timeout), free_holder<Timeout>);
    held_timeout->toggle();
    return TRUE;
  }
  static void remove_timeout(DBusTimeout* timeout, void*) { dbus_timeout_set_data(timeout, nullptr, nullptr); }
  static void toggle_timeout(DBusTimeout* timeout, void*) { held<Timeout>(dbus_timeout_get_data(timeout)).toggle(); }

  asio::io_context& io_;
  DBusConnection* connection_;
  bool posted_ = false;
};

Result<std::string> bus_address(const std::string& bus) {
  if (bus != "system" && bus != "session") return bus;
  if (const char* session = std::getenv("DBUS_SESSION_BUS_ADDRESS"); session && *session) return std::string(session);
  if (bus == "session") {
    return Error{Errc::config, "no_session_bus", 0,
                 "no session bus: DBUS_SESSION_BUS_ADDRESS is not set; give --bus an address"};
  }
  if (const char* system = std::getenv("DBUS_SYSTEM_BUS_ADDRESS"); system && *system) return std::string(system);
  return std::string("unix:path=/var/run/dbus/system_bus_socket");
}

Connection::Connection(asio::io_context& io, Handlers handlers)
    : handlers_(std::make_shared<Handlers>(std::move(handlers))), io_(io) {}

Connection::~Connection() {
  *handlers_ = {};
  if (!connection_) return;
  if (loop_) loop_->detach();
  dbus_connection_close(connection_);
  dbus_connection_unref(connection_);
}

Status Connection::open(const std::string& address) {
  DBusError error;
  dbus_error_init(&error);
  connection_ = dbus_connection_open_private(address.c_str(), &error);
  if (!connection_) {
    Error failure{Errc::io, "bus", 0, "D-Bus at " + address + ": " + error.message};
    dbus_error_free(&error);
    return failure;
  }
  dbus_connection_set_exit_on_disconnect(connection_, FALSE);
  loop_ = std::make_shared<Loop>(io_, connection_);
  DBusObjectPathVTable objects{};
  objects.message_function = on_call;
  if (!loop_->attach() || !dbus_connection_add_filter(connection_, on_message, this, nullptr) ||
      !dbus_connection_register_fallback(connection_, "/", &objects, this)) {
    return Error{Errc::io, "bus", 0, "D-Bus at " + address + ": too many open files or no memory"};
  }
  say_hello();
  return Done{};
}

void Connection::say_hello() {
  const auto hello = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "Hello");
  call(*hello, 10s, [this](DBusMessage& reply) {
    const auto name = first_value(reply);
    const auto* unique = name ? std::get_if<std::string>(&*name) : nullptr;
    if (const std::string problem = error_of(reply); !problem.empty() || !unique) {
      if (handlers_->registered)
        handlers_->registered(Error{Errc::io, "bus", 0, "D-Bus does not let us in: " + problem});
      return;
    }
    dbus_bus_set_unique_name(connection_, unique->c_str());
    if (handlers_->registered) handlers_->registered(Done{});
  });
}

void Connection::send(DBusMessage& message) {
  if (connection_) dbus_connection_send(connection_, &message, nullptr);
}

void Connection::call(DBusMessage& message, Duration timeout, Reply reply) {
  DBusPendingCall* pending = nullptr;
  const int milliseconds = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
  if (!connection_ || !dbus_connection_send_with_reply(connection_, &message, &pending, milliseconds) || !pending) {
    return;  // not connected any more: `lost` is on its way
  }
  dbus_pending_call_set_notify(
      pending,
      [](DBusPendingCall* done, void* data) {
        const MessagePtr answer = adopt(dbus_pending_call_steal_reply(done));
        (*static_cast<Reply*>(data))(*answer);
      },
      new Reply(std::move(reply)), [](void* data) { delete static_cast<Reply*>(data); });
  dbus_pending_call_unref(pending);
}

void Connection::add_match(const std::string& rule) { tell_bus("AddMatch", rule); }
void Connection::remove_match(const std::string& rule) { tell_bus("RemoveMatch", rule); }

void Connection::tell_bus(const char* member, const std::string& rule) {
  const auto match = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, member);
  Writer(*match).text(rule);
  dbus_message_set_no_reply(match.get(), TRUE);
  send(*match);
}

std::string Connection::unique_name() const {
  const char* name = connection_ ? dbus_bus_get_unique_name(connection_) : nullptr;
  return name ? name : "";
}

DBusHandlerResult Connection::on_message(DBusConnection*, DBusMessage* message, void* self) {
  Connection& connection = *static_cast<Connection*>(self);
  if (dbus_message_get_type(message) != DBUS_MESSAGE_TYPE_SIGNAL) return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
  if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected")) {
    asio::post(connection.io_, [handlers = connection.handlers_] {
      // Taken out first: the handler may destroy the connection, and with it what `handlers` holds.
      if (const auto lost = std::exchange(handlers->lost, nullptr)) lost();
    });
    return DBUS_HANDLER_RESULT_HANDLED;
  }
  if (connection.handlers_->signal) connection.handlers_->signal(*message);
  return DBUS_HANDLER_RESULT_HANDLED;
}

DBusHandlerResult Connection::on_call(DBusConnection*, DBusMessage* message, void* self) {
  Connection& connection = *static_cast<Connection*>(self);
  if (dbus_message_get_type(message) != DBUS_MESSAGE_TYPE_METHOD_CALL || !connection.handlers_->call) {
    return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
  }
  connection.handlers_->call(*message);
  return DBUS_HANDLER_RESULT_HANDLED;
}

std::string error_of(DBusMessage& reply) {
  if (dbus_message_get_type(&reply) != DBUS_MESSAGE_TYPE_ERROR) return {};
  const char* name = dbus_message_get_error_name(&reply);
  const auto text = first_value(reply);
  const auto* words = text ? std::get_if<std::string>(&*text) : nullptr;
  return std::string(name ? name : "error") + (words ? ": " + *words : "");
}

}  // namespace bmsd
