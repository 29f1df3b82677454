// A private libdbus connection on an io_context. Nothing blocks: libdbus authenticates while its watches fire, and the
// Hello that dbus_bus_register() would wait for is an ordinary call here.
#pragma once

#include <dbus/dbus.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "venus/message.h"

namespace bmsd {

// The address behind "system", "session" or an address as it is. "system" is the session bus where
// DBUS_SESSION_BUS_ADDRESS is set, as in all Victron code. Error config: "session" without that variable.
Result<std::string> bus_address(const std::string& bus);

class Connection {
 public:
  struct Handlers {
    // The bus knows us (or said no): names may be asked for now. Once.
    std::function<void(Status)> registered;
    // A signal that a match rule asked for.
    std::function<void(DBusMessage&)> signal;
    // A method call for any path. Answers itself, at once or later.
    std::function<void(DBusMessage&)> call;
    // The bus is gone. Once; the connection may be destroyed in it.
    std::function<void()> lost;
  };
  // The reply, method return or error; an error of libdbus's own when none came in time or the bus went away.
  using Reply = std::function<void(DBusMessage& reply)>;

  Connection(boost::asio::io_context& io, Handlers handlers);
  ~Connection();  // closes; no handler and no reply is called any more. Not to be destroyed in `registered`, `signal`,
                  // `call`, a reply
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // To an address as libdbus writes it. Error io: what libdbus says.
  Status open(const std::string& address);

  void send(DBusMessage& message);
  void call(DBusMessage& message, Duration timeout, Reply reply);
  void add_match(const std::string& rule);
  void remove_match(const std::string& rule);  // one that was added
  std::string unique_name() const;

 private:
  class Loop;
  static DBusHandlerResult on_message(DBusConnection*, DBusMessage* message, void* self);
  static DBusHandlerResult on_call(DBusConnection*, DBusMessage* message, void* self);
  void say_hello();
  void tell_bus(const char* member, const std::string& rule);

  std::shared_ptr<Handlers> handlers_;  // shared with what was posted
  boost::asio::io_context& io_;
  DBusConnection* connection_ = nullptr;
  std::shared_ptr<Loop> loop_;
};

// Of an error reply: "org.freedesktop.DBus.Error.NoReply: text". Empty: no error.
std::string error_of(DBusMessage& reply);

}  // namespace bmsd
